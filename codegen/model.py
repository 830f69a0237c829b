"""The checked table: everything an emitter may rely on.

`build(table)` resolves names, turns bodies into arguments, gives inline objects a name and hangs every operation on the
tree of handles. What does not make sense is refused with the line it stands on, so emitters never have to check.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from codegen.makers import Maker
from codegen.naming import pascal
from codegen.syntax import (
    MISSING,
    Field,
    Json,
    Place,
    Scalar,
    Segment,
    Type,
    _Missing,
    parts,
)

GRADES = (
    "reference reference-excerpt vendor-spec-2026-01 reference-beta reference-beta-excerpt "
    "vendor-spec-2025-04 vendor-client inferred"
).split()
UNPUBLISHED = ("vendor-client", "inferred")
TIERS = ("envelope", "records", "array", "fixed", "whole")


@dataclass(frozen=True)
class Finder:
    """How a thing is found by name: the listing to read and the field to compare."""

    operation: str
    field: str


@dataclass(frozen=True)
class Argument:
    """Something a caller gives: where it travels, under which name, and what is known about it."""

    name: str
    wire: str
    location: str
    """`path`, `query`, `header`, `body` (a field of the JSON or multipart body), `whole_body` or `script`."""
    type: Type
    required: bool
    place: Place = field(compare=False)
    nullable: bool = False
    default: Json | _Missing = MISSING
    doc: str = ""
    deprecated: bool = False
    bound: bool = False
    """Bound by the handle, so not an argument of the method."""
    also_in_body: bool = False
    """A query argument that the JSON or multipart body repeats (`same` in the table)."""
    finder: Finder | None = None
    """How a name given instead of the id is looked up, when that is possible."""

    @property
    def has_default(self) -> bool:
        """Whether the server is known to assume a value when this is left out."""
        return self.default is not MISSING


@dataclass(frozen=True)
class Paging:
    """How an answer pages: tier, page size of `array` and `fixed`, and where `page` travels."""

    tier: str
    size: int | None
    location: str | None
    """`query`, `body`, or None when there is no page parameter."""
    has_per_page: bool


@dataclass(frozen=True)
class Answer:
    """What comes back. `type` is the item's for a paged answer."""

    kind: str
    """`json`, `text`, `stream`, `events` or `none`."""
    type: Type


@dataclass
class Operation:
    """One operation, ready to be emitted."""

    id: str
    api: str
    family: str
    method: str
    path: str
    chain: tuple[Segment, ...]
    name: str
    """The method's name, as written; emitters make it safe for their language."""
    doc: str
    src: str
    scope: str | None
    arguments: list[Argument]
    encodings: tuple[str, ...]
    """Encodings of the field body, best first: of `json` and `multipart`; empty without one."""
    takes_script: bool
    answer: Answer
    paging: Paging | None
    effect: str
    idempotent: bool
    long: bool
    deprecated: str | None
    note: str | None
    reads: str | None
    """The operation that reads what this one replaces as a whole; the faces offer `edit`, which does both."""
    makes: Maker | None
    """The constructor of what this one adds."""
    place: Place

    @property
    def unpublished(self) -> bool:
        """Seen only in Xano's own tools."""
        return self.src in UNPUBLISHED

    @property
    def has_files(self) -> bool:
        """Whether a body field is a file, so that only multipart will do."""
        return any(_mentions_file(a.type) for a in self.arguments if a.location == "body")

    def at(self, *locations: str) -> list[Argument]:
        """The arguments that travel in these locations."""
        return [a for a in self.arguments if a.location in locations]

    @property
    def free(self) -> list[Argument]:
        """The arguments that the method itself takes: not those its handle binds."""
        return [a for a in self.arguments if not a.bound]


@dataclass
class NamedType:
    """A type with a name: declared by `type`, or an inline object that got its name from where it stands."""

    name: str
    doc: str
    type: Type
    """An `Object` (with fields) or an alias of another type."""
    declared: bool
    place: Place
    in_arguments: bool = False
    in_answers: bool = False


@dataclass
class Node:
    """A handle (binds parameters), a collection, or a root of the tree."""

    api: str
    name: str
    params: tuple[Argument, ...]
    """What this node binds itself."""
    bound: tuple[Argument, ...]
    """What it and the nodes above it bind, in the order of the chain."""
    class_name: str
    doc: str
    more_in: str | None = None
    """The faces' hand-written module whose class this one extends."""
    children: dict[str, Node] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)

    @property
    def is_handle(self) -> bool:
        """Whether it binds parameters of its own."""
        return bool(self.params)

    def walk(self) -> Iterator[Node]:
        """This node and all below it, parents first."""
        yield self
        for child in self.children.values():
            yield from child.walk()


@dataclass
class Family:
    """A page of the reference."""

    api: str
    title: str
    about: str
    operations: list[Operation]


@dataclass
class Model:
    """The whole table, checked."""

    operations: list[Operation]
    types: dict[str, NamedType]
    roots: dict[str, Node]
    families: list[Family]

    def resolve(self, name: str) -> NamedType:
        """The type with this name; it exists, or the model would not."""
        return self.types[name]


def class_name(chain: tuple[Segment, ...], at_root: Container[str] = ()) -> str:
    """`snippet(c).token(t)` is `SnippetTokenHandle`, `snippet(c).tokens` is `SnippetTokens`.

    Nearly everything hangs on a workspace, so its name is left out where something follows it, unless the root has
    something of that name (`at_root`).
    """
    words = [s.name for s in chain]
    if len(words) > 1 and words[0] == "workspace" and words[1] not in at_root:
        words = words[1:]
    return "".join(pascal(w) for w in words) + ("Handle" if chain[-1].params else "")


def _mentions_file(type_: Type) -> bool:
    return type_ == Scalar("file") or any(_mentions_file(part) for part in parts(type_))


def field_doc(field_: Field, glossary: dict[str, str]) -> str:
    """The doc of a field: its own, else the glossary's, else nothing."""
    return field_.doc or glossary.get(field_.arg, "") or glossary.get(field_.name, "")
