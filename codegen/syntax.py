"""What the parser reads: blocks, fields and types, each with the place it was written at.

Nothing here knows whether the table makes sense; that is `model.py`'s task.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True)
class Place:
    """A line of a table file; every complaint names one."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class TableError(Exception):
    """The table cannot be read or does not make sense; the message starts with `file:line:`."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place
        self.reason = message


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()
"""Marks a field without a default; `None` would be the default null."""


@dataclass(frozen=True)
class Scalar:
    """`string int number bool any null object file time id script`, perhaps with a format."""

    name: str
    format: str | None = None


@dataclass(frozen=True)
class ListOf:
    """`[T]`."""

    item: Type


@dataclass(frozen=True)
class MapOf:
    """`map(T)`: an object with free keys."""

    value: Type


@dataclass(frozen=True)
class PageOf:
    """`page(T)`: a list that a pager walks."""

    item: Type


@dataclass(frozen=True)
class OneOf:
    """`oneof(A, B)`."""

    options: tuple[Type, ...]


@dataclass(frozen=True)
class Enum:
    """`enum(a|b)`: one of some strings."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Named:
    """A type written once and used by name."""

    name: str
    place: Place = field(compare=False)


@dataclass(frozen=True)
class Nullable:
    """`T?`: `T` or null."""

    inner: Type


@dataclass(frozen=True)
class Object:
    """`{a!: T, b: T}`; `name` is given by the model when the object has none of its own."""

    fields: tuple[Field, ...]
    name: str | None = None

    def field(self, name: str) -> Field | None:
        """The field with this wire name."""
        return next((f for f in self.fields if f.name == name), None)


Type: TypeAlias = Scalar | ListOf | MapOf | PageOf | OneOf | Enum | Named | Nullable | Object


def parts(type_: Type) -> tuple[Type, ...]:
    """The types that a type is directly made of; a name is one whole, whatever it stands for."""
    if isinstance(type_, (ListOf, PageOf)):
        return (type_.item,)
    if isinstance(type_, MapOf):
        return (type_.value,)
    if isinstance(type_, Nullable):
        return (type_.inner,)
    if isinstance(type_, OneOf):
        return type_.options
    if isinstance(type_, Object):
        return tuple(f.type for f in type_.fields)
    return ()


@dataclass(frozen=True)
class Field:
    """A field of an object or a parameter: wire name, argument name, type and what is known about it."""

    name: str
    arg: str
    type: Type
    required: bool
    default: Json | _Missing
    doc: str
    deprecated: bool
    place: Place = field(compare=False)


@dataclass(frozen=True)
class Segment:
    """One step of a chain: `snippet(canonical)` binds parameters, `tokens` does not."""

    name: str
    params: tuple[str, ...]


@dataclass
class TypeBlock:
    """`type NAME "doc" TYPE`."""

    name: str
    doc: str
    type: Type
    place: Place


@dataclass
class HandleBlock:
    """`handle CHAIN "doc"`, and perhaps `found by FIELD in CHAIN` and `more in MODULE`."""

    api: str
    chain: tuple[Segment, ...]
    doc: str
    found_by: str | None
    found_in: tuple[Segment, ...] | None
    more_in: str | None
    place: Place


@dataclass
class Body:
    """`body(json,multipart): TYPE`, with the argument's name and doc when the body is one value."""

    encodings: tuple[str, ...]
    type: Type
    arg: str
    doc: str
    place: Place


@dataclass
class OperationBlock:
    """`METHOD /path` and its keys, as written."""

    api: str
    family: str
    method: str
    path: str
    place: Place
    keys: dict[str, tuple[str, Place]] = field(default_factory=dict)
    path_fields: tuple[Field, ...] = ()
    query: tuple[Field, ...] = ()
    header: tuple[Field, ...] = ()
    bodies: list[Body] = field(default_factory=list)
    answer_kind: str | None = None
    answer: Type | None = None


@dataclass
class FamilyBlock:
    """A page of the reference: title and introduction."""

    api: str
    title: str
    about: str
    place: Place


@dataclass
class Table:
    """Everything that was read, in the order it was written."""

    types: list[TypeBlock] = field(default_factory=list)
    handles: list[HandleBlock] = field(default_factory=list)
    families: list[FamilyBlock] = field(default_factory=list)
    glossary: dict[str, str] = field(default_factory=dict)
    operations: list[OperationBlock] = field(default_factory=list)
