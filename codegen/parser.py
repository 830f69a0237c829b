"""Reads table files into blocks. The notation is described in `operations/FORMAT.md`.

A file is a list of blocks; a block's first line starts in the first column, what belongs to it is indented.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from codegen.syntax import (
    Body,
    FamilyBlock,
    Field,
    HandleBlock,
    OperationBlock,
    Place,
    Table,
    TableError,
    TypeBlock,
)
from codegen.types_parser import TypeParser

APIS = ("account", "instance")
BODY_ENCODINGS = ("json", "multipart", "script")
ANSWER_KINDS = ("json", "text", "stream", "events", "none")
TEXT_KEYS = frozenset("name doc src scope paging effect idempotent timeout deprecated note reads makes".split())
_OPERATION = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD) (/\S*)$")
_KEY = re.compile(r"([A-Za-z0-9]+)(?:\(([a-z,]+)\))?:(.*)$", re.DOTALL)


class Line(NamedTuple):
    """A line of a table file and where it stands."""

    text: str
    place: Place

    @property
    def depth(self) -> int:
        return len(self.text) - len(self.text.lstrip())


def read_table(files: list[Path], root: Path | None = None) -> Table:
    """Reads the files in the order given; places are named relative to `root`."""
    table = Table()
    for file in files:
        shown = file.relative_to(root) if root else file
        read_text(file.read_text(encoding="utf-8"), shown, table)
    return table


def read_text(text: str, file: Path, table: Table | None = None) -> Table:
    """Reads the text of one file into `table` (a new one when none is given)."""
    reader = _FileReader(table or Table())
    for block in _blocks(text, file):
        reader.block(block)
    return reader.table


def _blocks(text: str, file: Path) -> list[list[Line]]:
    blocks: list[list[Line]] = []
    # Not `splitlines`, which also ends lines where no editor does.
    for number, raw in enumerate(text.removesuffix("\n").split("\n"), 1):
        place = Place(file, number)
        if "\t" in raw:
            raise TableError(place, "tabs are not allowed; indent with spaces")
        line = Line("" if raw.lstrip().startswith("#") else raw.rstrip(), place)
        # A closing brace in the first column belongs to the block it closes.
        if line.text and not line.text.startswith((" ", "}")):
            blocks.append([line])
        elif blocks:
            blocks[-1].append(line)
        elif line.text:
            raise TableError(place, "this line belongs to no block")
    return blocks


def _value(first: str, lines: list[Line]) -> str:
    return "\n".join([first, *(line.text for line in lines)])


def _prose(text: str) -> str:
    """Joins lines with spaces; a `|` at the start of a line begins a paragraph."""
    paragraphs = re.split(r"\n\s*\|\s*", text.strip())
    return "\n\n".join(" ".join(part.split()) for part in paragraphs)


class _FileReader:
    """Reads the blocks of one file; remembers the `api` and `family` that are in force."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.api: str | None = None
        self.family: FamilyBlock | None = None

    def block(self, lines: list[Line]) -> None:
        head, rest = lines[0], lines[1:]
        if match := _OPERATION.match(head.text):
            self._operation(match[1], match[2], head.place, rest)
            return
        word = re.match(r"[a-z]*", head.text)
        keyword = word.group() if word else ""
        parse = {
            "api": self._api,
            "family": self._family,
            "about": self._about,
            "glossary": self._glossary,
            "type": self._type,
            "handle": self._handle,
        }.get(keyword)
        if parse is None:
            raise TableError(head.place, f"cannot read this block: {head.text[:60]!r}")
        parse(_value(head.text[len(keyword) :], rest), head.place)

    def _setting(self, text: str, place: Place) -> str:
        if not text.startswith(":") or not text[1:].strip():
            raise TableError(place, "expected `keyword: value`")
        return _prose(text[1:])

    def _api(self, text: str, place: Place) -> None:
        self.api = self._setting(text, place)
        if self.api not in APIS:
            raise TableError(place, f"unknown api {self.api!r}; there are {', '.join(APIS)}")

    def _family(self, text: str, place: Place) -> None:
        self.family = FamilyBlock(self._need_api(place), self._setting(text, place), "", place)
        self.table.families.append(self.family)

    def _about(self, text: str, place: Place) -> None:
        if self.family is None:
            raise TableError(place, "`about` needs a `family` above it")
        self.family.about = self._setting(text, place)

    def _need_api(self, place: Place) -> str:
        if self.api is None:
            raise TableError(place, "this needs an `api: …` line above it")
        return self.api

    def _glossary(self, text: str, place: Place) -> None:
        parser = TypeParser(text, place)
        parser.eat("{")
        while not parser.try_eat("}"):
            where, name = parser.here(), parser.word()
            parser.eat(":")
            if self.table.glossary.setdefault(name, doc := parser.quoted()) != doc:
                raise TableError(where, f"the glossary explains {name!r} already, in other words")
            parser.try_eat(",")
        parser.end()

    def _type(self, text: str, place: Place) -> None:
        parser = TypeParser(text, place)
        name = parser.word()
        doc = parser.quoted()
        self.table.types.append(TypeBlock(name, doc, parser.type(), place))
        parser.end()

    def _handle(self, text: str, place: Place) -> None:
        parser = TypeParser(text, place)
        chain = parser.chain()
        doc = parser.quoted()
        field, listing = None, None
        if parser.try_word("found"):
            if not parser.try_word("by"):
                raise parser.fail("expected `found by FIELD in CHAIN`")
            field = parser.word()
            if not parser.try_word("in"):
                raise parser.fail("expected `in CHAIN` after the field")
            listing = parser.chain()
        more = None
        if parser.try_word("more"):
            if not parser.try_word("in"):
                raise parser.fail("expected `more in MODULE`")
            more = parser.word()
        parser.end()
        self.table.handles.append(HandleBlock(self._need_api(place), chain, doc, field, listing, more, place))

    def _operation(self, method: str, path: str, place: Place, lines: list[Line]) -> None:
        if self.family is None:
            raise TableError(place, "an operation needs a `family: …` line above it")
        operation = OperationBlock(self._need_api(place), self.family.title, method, path, place)
        while lines:
            head, *lines = lines
            if not head.text:
                continue
            deeper = 0
            while deeper < len(lines) and not self._ends_value(lines[deeper], head):
                deeper += 1
            self._key(operation, head, lines[:deeper])
            lines = lines[deeper:]
        self.table.operations.append(operation)

    @staticmethod
    def _ends_value(line: Line, head: Line) -> bool:
        """A value goes on while lines are deeper than its key, and over the brace that closes it."""
        if not line.text or line.depth > head.depth:
            return False
        return not (line.depth == head.depth and line.text.lstrip()[0] in "}])")

    def _key(self, operation: OperationBlock, head: Line, rest: list[Line]) -> None:
        match = _KEY.match(head.text.strip())
        if not match:
            raise TableError(head.place, f"expected `key: value`, found {head.text.strip()[:60]!r}")
        key, argument, value = match[1], match[2], _value(match[3], rest)
        if key in TEXT_KEYS:
            if key in operation.keys:
                raise TableError(head.place, f"key {key!r} is there twice")
            operation.keys[key] = (_prose(value), head.place)
        elif key in ("path", "query", "header"):
            fields = self._fields(value, head.place)
            if key == "path":
                operation.path_fields = fields
            elif key == "query":
                operation.query = fields
            else:
                operation.header = fields
        elif key == "body":
            self._body(operation, argument, value, head.place)
        elif key == "200":
            self._answer(operation, argument, value, head.place)
        else:
            raise TableError(head.place, f"unknown key {key!r}; see operations/FORMAT.md")

    @staticmethod
    def _fields(value: str, place: Place) -> tuple[Field, ...]:
        parser = TypeParser(value, place)
        fields = parser.fields()
        parser.end()
        return fields

    @staticmethod
    def _body(operation: OperationBlock, argument: str | None, value: str, place: Place) -> None:
        encodings = tuple((argument or "").split(","))
        for encoding in encodings:
            if encoding not in BODY_ENCODINGS:
                known = ", ".join(BODY_ENCODINGS)
                raise TableError(place, f"unknown body encoding {encoding!r}; there are {known}")
        parser = TypeParser(value, place)
        type_ = parser.type()
        arg = parser.word() if parser.try_word("as") else "body"
        doc = parser.quoted() if parser.peek() == '"' else ""
        operation.bodies.append(Body(encodings, type_, arg, doc, place))
        parser.end()

    @staticmethod
    def _answer(operation: OperationBlock, kind: str | None, value: str, place: Place) -> None:
        if operation.answer is not None:
            raise TableError(place, "a second answer; use oneof(…)")
        if kind not in ANSWER_KINDS:
            known = ", ".join(ANSWER_KINDS)
            raise TableError(place, f"unknown answer kind {kind!r}; there are {known}")
        parser = TypeParser(value, place)
        operation.answer_kind, operation.answer = kind, parser.type()
        parser.end()
