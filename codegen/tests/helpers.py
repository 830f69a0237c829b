"""Small tables for tests."""

from __future__ import annotations

import textwrap
from pathlib import Path

from codegen.build import build
from codegen.model import Model
from codegen.parser import read_text
from codegen.syntax import Table

FILE = Path("t.ops")
FIXTURES = Path(__file__).parent / "fixtures"

HEAD = """\
api: instance
family: Things

"""


def parse(text: str) -> Table:
    """The table of an indented text."""
    return read_text(textwrap.dedent(text), FILE)


def model(text: str) -> Model:
    """The model of an indented text."""
    return build(parse(text))


def fixture(name: str = "everything.ops") -> Model:
    """The model of a fixture file."""
    return build(read_text((FIXTURES / name).read_text(encoding="utf-8"), FIXTURES / name))
