"""The notebooks run from the first cell to the last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "examples" / "notebooks").glob("*.ipynb"))


def outputs(notebook: Any, kind: str) -> list[str]:
    """What cells showed in this media type."""
    found = [o.get("data", {}).get(kind) for cell in notebook.cells for o in cell.get("outputs", [])]
    return [shown for shown in found if shown]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda f: f.name)
def test_a_notebook_runs_and_is_kept_without_its_outputs(file: Path) -> None:
    notebook: Any = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    assert not [cell for cell in notebook.cells if cell.get("outputs")], "outputs go stale; clear them"
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    assert outputs(notebook, "image/png"), "the plot is shown"
    texts = outputs(notebook, "text/plain")
    assert any("datetime64[ms, UTC]" in text for text in texts), "moments are real ones"
    assert any("5 updated" in text for text in texts), "the report says what was changed"
