"""Whatever stands in a table file, it becomes a model or a complaint that names the line; never anything else."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codegen.build import build
from codegen.parser import read_text
from codegen.syntax import TableError
from codegen.tests.helpers import FILE, FIXTURES

OPERATIONS = Path(__file__).parents[2] / "operations"
WORDS = [
    "api: account", "family: X", "type A: ", "handle a(b)", "GET /x/{y}", "name: a(b).c", "path: {", "200(json): ", "}",
    "{", "list<", "map<", "oneof(", "enum(", ")", ">", "?", "!", "=", '"', "\\", "in: ", "doc: ", "\t", "  ", "\n",
    "\n  ",
    "\u2028", "\x00", "\x85", "ü", "scope: -", "paging: ", "makes: ", "reads: ", "found by x in y", "more in z", "same",
    "0", "-1",
]  # fmt: skip


@cache
def blocks() -> list[str]:
    """The blocks of the tables that there are."""
    files = [*sorted(OPERATIONS.glob("*.ops")), *sorted(FIXTURES.glob("*.ops"))]
    texts = "\n\n".join(file.read_text(encoding="utf-8") for file in files).split("\n\n")
    return [text + "\n\n" for text in texts if text.strip()]


def reads(text: str) -> None:
    """Reads and builds; a complaint has to name a line that there is."""
    try:
        build(read_text(text, FILE))
    except TableError as complaint:
        where, _, words = str(complaint).partition(": ")
        name, _, line = where.partition(":")
        assert name == str(FILE), complaint
        assert 1 <= int(line) <= text.count("\n") + 1, complaint
        assert words


@st.composite
def tables(draw: st.DrawFn) -> str:
    """Blocks of the real tables with something else somewhere in them."""
    text = "api: instance\nfamily: Things\n\n" + "".join(draw(st.lists(st.sampled_from(blocks()), max_size=4)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.integers(0, 8)))
        text = text[:at] + draw(st.sampled_from(WORDS) | st.text(max_size=5)) + text[end:]
    return text


@settings(max_examples=400, deadline=None)
@given(tables())
@example("")
@example("api: instance\n")
@example("api: nowhere\n")
def test_a_spoilt_table_is_a_model_or_a_complaint(text: str) -> None:
    reads(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=40).map("".join))
def test_any_text_is_a_model_or_a_complaint(text: str) -> None:
    reads(text)


@pytest.mark.parametrize("opening", ["[", "map(", "page(", "oneof(", "{a: ", "{a: [", "{a: string = ["])
def test_a_type_without_a_bottom_is_a_complaint(opening: str) -> None:
    head = 'api: instance\nfamily: Things\n\ntype Deep "Of no use" '
    with pytest.raises(TableError, match=r"nested more than|default is not JSON"):
        build(read_text(head + opening * 100_000 + "\n", FILE))
