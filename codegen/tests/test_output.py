"""Generated files follow from the table, and a hand edit or a left-over is found."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codegen import output
from codegen.output import Output

ROOT = Path(__file__).resolve().parents[2]
OUTPUTS = [Output({"docs/page.md": "# Page\n", "face/code.py": "x = ( 1 )\n"}, owned=("face",))]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with the formatters' settings and all generated files up to date."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert output.write(tmp_path, OUTPUTS) == ["docs/page.md", "face/code.py"]
    return tmp_path


def test_what_was_written_does_not_drift_and_is_formatted(root: Path) -> None:
    assert output.drift(root, OUTPUTS) == ""
    assert output.write(root, OUTPUTS) == []
    assert (root / "face" / "code.py").read_text(encoding="utf-8") == "x = 1\n"


def test_a_hand_edit_is_found_and_undone(root: Path) -> None:
    (root / "face" / "code.py").write_text("x = 2\n", encoding="utf-8")
    assert "-x = 2\n+x = 1" in output.drift(root, OUTPUTS)
    assert output.write(root, OUTPUTS) == ["face/code.py"]
    assert output.drift(root, OUTPUTS) == ""


def test_a_missing_file_is_found(root: Path) -> None:
    (root / "docs" / "page.md").unlink()
    assert "+# Page" in output.drift(root, OUTPUTS)


def test_a_file_that_nothing_makes_any_more_is_found_and_removed(root: Path) -> None:
    old = root / "face" / "old.py"
    old.write_text("", encoding="utf-8")
    assert output.drift(root, OUTPUTS) == "face/old.py: nothing makes this file any more"
    assert output.write(root, OUTPUTS) == ["face/old.py (removed)"]
    assert not old.exists()
