"""The table of errors in `docs/errors.md`: every row is made here and says what the table says; nothing is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import xano_metadata.errors as e
from xano_metadata.testing import Emulator

from .error_rows import PRODUCERS, Stage

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")

ROW = re.compile(r"^\| ([\w ]+) \| `(\w+)` `(\w+)` \| `(.+?)` \| (.+?) \| (.+?) \|$", re.MULTILINE)
ROWS = {name: (kind, code, says) for name, kind, code, says, _cause, _cure in ROW.findall(PAGE)}
KINDS = re.findall(r"^\| `(\w+)`(?: \(also a `\w+`\))? \| `(\w+)` \| `(\w+)` \|", PAGE, re.MULTILINE)


def pattern(says: str) -> re.Pattern[str]:
    """What the table says as a pattern: `…` stands for anything."""
    return re.compile(".*".join(re.escape(part) for part in says.split("…")), re.DOTALL)


@pytest.mark.parametrize("name", PRODUCERS)
def test_an_error_is_what_the_table_says(name: str, emulator: Emulator, tmp_path: Path) -> None:
    kind, code, says = ROWS[name]
    with pytest.raises(e.XanoError) as caught:
        PRODUCERS[name](Stage(emulator, tmp_path))
    error = caught.value
    assert (type(error).__name__, error.code) == (kind, code), str(error)
    assert pattern(says).fullmatch(str(error)), str(error)
    assert emulator.token not in str(error)


def test_every_row_has_a_producer_and_every_producer_a_row() -> None:
    lines = [line for line in PAGE.split("## ", 1)[1].splitlines() if line.startswith("| ") and "---" not in line]
    assert len(lines) == len(ROWS) + PAGE.count("| error | class, code |"), "a row that does not read as one"
    assert sorted(ROWS) == sorted(PRODUCERS)
    for name, (_, _, says) in ROWS.items():
        assert len(says.replace("…", "").strip()) > 5, f"{name} says nothing"


def test_every_kind_of_error_has_a_line_and_a_row() -> None:
    """The kinds are those of the engine's own source, so that a new one cannot be forgotten."""
    source = (ROOT / "core" / "src" / "error" / "kind.rs").read_text(encoding="utf-8")
    code_of = dict(re.findall(r'Self::(\w+) => "([a-z_]+)",', source))
    class_of = dict(re.findall(r'Self::(\w+) => "([A-Z]\w+)",', source))
    variants = re.findall(r"^    (\w+),$", source.split("pub enum ErrorKind {")[1].split("}")[0], re.MULTILINE)
    assert sorted(code_of) == sorted(class_of) == sorted(variants)
    assert sorted(KINDS) == sorted((class_of[kind], kind, code_of[kind]) for kind in variants)
    assert {kind for kind, _, _ in ROWS.values()} == {*class_of.values(), "EmulatorError"}


def test_the_classes_are_those_of_python_and_node() -> None:
    told = {kind for kind, _, _ in KINDS}
    assert told == set(e.__all__)
    for name, _, code in KINDS:
        if name != "XanoError":
            assert getattr(e, name).default_code == code
    node = (ROOT / "bindings-node" / "ts" / "errors.ts").read_text(encoding="utf-8")
    assert told == set(re.findall(r"^export class (\w+) extends", node, re.MULTILINE))
