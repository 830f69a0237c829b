"""Reads the type language: `{page: int = 1 "Page to start from", items!: [Table]?}`.

A plain recursive descent over the text of one value; every complaint names the line it stands on.
"""

from __future__ import annotations

import json
import re

from codegen.syntax import (
    MISSING,
    Enum,
    Field,
    Json,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Object,
    OneOf,
    PageOf,
    Place,
    Scalar,
    Segment,
    TableError,
    Type,
    _Missing,
)

SCALARS = frozenset(
    ["string", "int", "number", "bool", "any", "null", "object", "file", "time", "id", "script", "same"]
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-/]*")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE_DEFAULT = re.compile(r"[^\s,}\])]+")
_DEEPEST = 50


class TypeParser:
    """Parses one value; `at` is the line its first character stands on."""

    def __init__(self, text: str, at: Place) -> None:
        self.text = text
        self.at = at
        self.i = 0
        self.depth = 0

    def here(self) -> Place:
        """The line the parser has reached."""
        return Place(self.at.file, self.at.line + self.text.count("\n", 0, self.i))

    def fail(self, message: str) -> TableError:
        """A complaint at the current place."""
        return TableError(self.here(), message)

    def skip_space(self) -> None:
        """Moves over spaces, line ends and comment lines."""
        while self.i < len(self.text):
            if self.text[self.i].isspace():
                self.i += 1
            elif self.text[self.i] == "#" and self._starts_line():
                end = self.text.find("\n", self.i)
                self.i = len(self.text) if end < 0 else end
            else:
                return

    def _starts_line(self) -> bool:
        return self.text[: self.i].rpartition("\n")[2].strip() == ""

    def peek(self) -> str:
        """The next character that is no space, or nothing at the end."""
        self.skip_space()
        return self.text[self.i : self.i + 1]

    def eat(self, token: str) -> None:
        """Moves over `token` or complains."""
        if not self.try_eat(token):
            found = self.peek() or "the end"
            raise self.fail(f"expected {token!r}, found {found!r}")

    def try_eat(self, token: str) -> bool:
        """Moves over `token` if it is next."""
        self.skip_space()
        if self.text.startswith(token, self.i):
            self.i += len(token)
            return True
        return False

    def try_word(self, word: str) -> bool:
        """Moves over `word` if it is next and ends there."""
        self.skip_space()
        match = _WORD.match(self.text, self.i)
        if match and match.group() == word:
            self.i = match.end()
            return True
        return False

    def word(self, pattern: re.Pattern[str] = _WORD, what: str = "a name") -> str:
        """Reads a bare or a quoted name."""
        if self.peek() == '"':
            return self.quoted()
        match = pattern.match(self.text, self.i)
        if not match:
            raise self.fail(f"expected {what}, found {self.peek() or 'the end'!r}")
        self.i = match.end()
        return match.group()

    def quoted(self) -> str:
        """Reads a JSON string; inside it, a line end and the spaces around it count as one space."""
        self.eat('"')
        end = self.i
        while end < len(self.text) and self.text[end] != '"':
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise self.fail("this text has no closing quote")
        raw = re.sub(r"\s*\n\s*", " ", self.text[self.i : end])
        place = self.here()
        self.i = end + 1
        try:
            return str(json.loads(f'"{raw}"'))
        except (ValueError, RecursionError) as error:
            raise TableError(place, f"bad escape in a text: {error}") from None

    def end(self) -> None:
        """Complains unless everything was read."""
        if self.peek():
            raise self.fail(f"unexpected {self.text[self.i : self.i + 20].split(chr(10))[0]!r}")

    def type(self) -> Type:
        """Reads a type, with its `?`."""
        if self.depth == _DEEPEST:
            raise self.fail(f"types are nested more than {_DEEPEST} deep; give the inner ones names")
        self.depth += 1
        result = self._bare_type()
        self.depth -= 1
        return Nullable(result) if self.try_eat("?") else result

    def _bare_type(self) -> Type:
        char = self.peek()
        if char == "{":
            return Object(self.fields())
        if char == "[":
            self.eat("[")
            item: Type = Scalar("any") if self.peek() == "]" else self.type()
            self.eat("]")
            return ListOf(item)
        place = self.here()
        word = self.word(_IDENTIFIER, "a type")
        if word in ("map", "page"):
            self.eat("(")
            inner = self.type()
            self.eat(")")
            return MapOf(inner) if word == "map" else PageOf(inner)
        if word == "oneof":
            return OneOf(self._arguments())
        if word == "enum":
            return Enum(self._enum_values())
        if word in SCALARS:
            return Scalar(word, self._format())
        if word[:1].isupper():
            return Named(word, place)
        raise TableError(place, f"unknown type {word!r}")

    def _arguments(self) -> tuple[Type, ...]:
        self.eat("(")
        options = [self.type()]
        while self.try_eat(","):
            options.append(self.type())
        self.eat(")")
        return tuple(options)

    def _enum_values(self) -> tuple[str, ...]:
        self.eat("(")
        values: list[str] = []
        while True:
            if self.peek() == '"':
                values.append(self.quoted())
            else:
                match = re.compile(r"[^|)\n]*").match(self.text, self.i)
                assert match is not None
                if not match.group().strip():
                    raise self.fail('an enum has an empty value; if it is meant, write ""')
                values.append(match.group().strip())
                self.i = match.end()
            if not self.try_eat("|"):
                break
        self.eat(")")
        if len(set(values)) != len(values):
            raise self.fail("an enum has a value twice")
        return tuple(values)

    def _format(self) -> str | None:
        if not self.try_eat("("):
            return None
        end = self.text.find(")", self.i)
        if end < 0:
            raise self.fail("this format has no closing parenthesis")
        result = self.text[self.i : end].strip()
        self.i = end + 1
        return result

    def fields(self) -> tuple[Field, ...]:
        """Reads `{name!: TYPE = default "doc", …}`."""
        self.eat("{")
        result: list[Field] = []
        while not self.try_eat("}"):
            if not self.peek():
                raise self.fail("this object has no closing brace")
            result.append(self._field())
            self.try_eat(",")
        seen: set[str] = set()
        for field in result:
            if field.name in seen:
                raise TableError(field.place, f"field {field.name!r} is there twice")
            seen.add(field.name)
        return tuple(result)

    def _field(self) -> Field:
        self.skip_space()
        place = self.here()
        name = self.word()
        arg = self.word(_IDENTIFIER) if self.try_word("as") else argument_name(name)
        required = self.try_eat("!")
        self.eat(":")
        type_ = self.type()
        default = self._default() if self.try_eat("=") else MISSING
        deprecated = self.try_word("deprecated")
        doc = self.quoted() if self.peek() == '"' else ""
        return Field(name, arg, type_, required, default, doc, deprecated, place)

    def _default(self) -> Json | _Missing:
        char = self.peek()
        if char == '"':
            return self.quoted()
        if char and char in "[{":
            try:
                value, self.i = json.JSONDecoder().raw_decode(self.text, self.i)
            except (ValueError, RecursionError) as error:
                raise self.fail(f"this default is not JSON: {error}") from None
            return value  # type: ignore[no-any-return]
        match = _BARE_DEFAULT.match(self.text, self.i)
        if not match:
            raise self.fail("expected a default after '='")
        self.i = match.end()
        try:
            return json.loads(match.group())  # type: ignore[no-any-return]
        except ValueError:
            return match.group()

    def chain(self) -> tuple[Segment, ...]:
        """Reads `workspace(workspace_id).tables.list`."""
        segments: list[Segment] = []
        while True:
            name = self.word(_IDENTIFIER, "a name")
            params: list[str] = []
            if self.try_eat("("):
                params.append(self.word(_IDENTIFIER, "a path parameter"))
                while self.try_eat(","):
                    params.append(self.word(_IDENTIFIER, "a path parameter"))
                self.eat(")")
            segments.append(Segment(name, tuple(params)))
            if not self.try_eat("."):
                return tuple(segments)


def argument_name(wire: str) -> str:
    """The argument for a wire name: `x-data-source` becomes `x_data_source`, `branchId` stays."""
    return re.sub(r"[^A-Za-z0-9_]", "_", wire)
