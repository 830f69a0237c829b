"""Typed constructors: `makes: Column.text` on the operation that adds a text column.

What a constructor takes is the body of its operation, what it makes is a value of the named type, so nothing about a
kind is written twice. The checks that make this hold stand here too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from codegen.syntax import MISSING, Enum, Field, Json, ListOf, Named, Object, Place, Scalar, TableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codegen.model import Argument, Model, NamedType, Operation

KIND = "type"
"""The field in which a value says of which kind it is."""
_MAKES = re.compile(r"([A-Z]\w*)\.([a-z]\w*)(?: as (\S+))?(?: with (\w+) (\S+))?$")


@dataclass(frozen=True)
class Maker:
    """A constructor of `type`, as written."""

    type: str
    name: str
    kind: str
    """What `type` in the value says; the name unless the table says otherwise."""
    filled: tuple[str, Json] | None
    """A field of an item of its list, and its value when only the item's first field is given."""
    place: Place

    @property
    def kinds(self) -> tuple[str, ...]:
        """What `type` may say in a value that this one adds: listings use the name too."""
        return tuple(dict.fromkeys((self.kind, self.name)))


@dataclass(frozen=True)
class Item:
    """The one list of a constructor whose items may be given in short."""

    argument: Argument
    named: NamedType
    first: Field
    second: Field
    default: Json | None
    """The second field when only the first is given; None: both must be."""


def read_maker(text: str, place: Place) -> Maker:
    """Reads `TYPE.NAME as KIND with FIELD VALUE`."""
    match = _MAKES.match(text)
    if not match:
        raise TableError(place, f"expected `makes: Type.name as kind with field value`, found {text!r}")
    type_, name, kind, field, value = match.groups()
    filled = (field, int(value) if value.isdigit() else value) if field else None
    return Maker(type_, name, kind or name, filled, place)


def check_makers(operations: list[Operation], types: Mapping[str, NamedType]) -> None:
    """Refuses constructors that could not be written in some language."""
    seen: dict[tuple[str, str], Place] = {}
    homes: dict[object, Operation] = {}
    for operation in operations:
        maker = operation.makes
        if maker is None:
            continue
        named = types.get(maker.type)
        if named is None or not isinstance(named.type, Object) or named.type.field(KIND) is None:
            raise TableError(maker.place, f"{maker.type} is no object with a field `{KIND}`")
        if seen.setdefault((maker.type, maker.name), maker.place) != maker.place:
            raise TableError(maker.place, f"{maker.type}.{maker.name} is made twice")
        other = homes.setdefault(operation.chain, operation)
        if other.makes is None or other.makes.type != maker.type or other.answer != operation.answer:
            raise TableError(maker.place, "one collection adds things of one type, and answers them alike")
        if any(o.name == "add" and o.chain == operation.chain for o in operations):
            raise TableError(maker.place, "`add` is what the faces call the method that takes any of these")
        if any(f.arg == maker.name for f in named.type.fields):
            raise TableError(maker.place, f"{maker.type} has a field {maker.name!r}; give it another name with `as`")
        if any(a.location != "body" for a in operation.free) or operation.has_files:
            raise TableError(maker.place, "only what travels in the body can be made beforehand")
        for argument in operation.free:
            if _target(named.type, argument) is None:
                raise TableError(argument.place, f"{maker.type} has no field for {argument.name!r}")
        if maker.filled and not any(
            isinstance(a.type, ListOf) and _has(a.type.item, maker.filled[0], types) for a in operation.free
        ):
            raise TableError(maker.place, f"no list of {operation.id} has items with a field {maker.filled[0]!r}")


def made_types(model: Model) -> dict[str, list[Operation]]:
    """The operations with a constructor, by the type they make."""
    found: dict[str, list[Operation]] = {}
    for operation in model.operations:
        if operation.makes is not None:
            found.setdefault(operation.makes.type, []).append(operation)
    return found


def target(model: Model, operation: Operation, argument: Argument) -> Field:
    """The field of the made value that an argument fills."""
    assert operation.makes is not None
    made = model.resolve(operation.makes.type).type
    assert isinstance(made, Object)
    found = _target(made, argument)
    assert found is not None, "checked when the model was built"
    return found


def marks(model: Model, operation: Operation) -> dict[str, bool]:
    """The flags that a made value must state, with what the API documents for this kind, else false."""
    assert operation.makes is not None
    made = model.resolve(operation.makes.type).type
    assert isinstance(made, Object)
    flags = [f for f in made.fields if f.required and f.type == Scalar("bool")]
    given = {target(model, operation, a).name: a.default for a in operation.free if a.default is not MISSING}
    return {f.name: given.get(f.name, f.default) is True for f in flags}


def item(model: Model, operation: Operation) -> Item | None:
    """The list whose items may be given in short, if there is one: its items have two required fields."""
    for argument in operation.free:
        if not (argument.required and isinstance(argument.type, ListOf) and isinstance(argument.type.item, Named)):
            continue
        named = model.resolve(argument.type.item.name)
        fields = [f for f in named.type.fields if f.required] if isinstance(named.type, Object) else []
        if len(fields) == 2:
            filled = operation.makes.filled if operation.makes else None
            default = filled[1] if filled and filled[0] == fields[1].name else None
            return Item(argument, named, fields[0], fields[1], default)
    return None


def summary(operation: Operation) -> str:
    """What is made, in words: `Adds a column for text` makes a column for text."""
    text = re.sub(r"^Adds ", "", operation.doc)
    return text[0].upper() + text[1:]


def _target(made: Object, argument: Argument) -> Field | None:
    by_alias = next((f for f in made.fields if f.arg == argument.name), None)
    return made.field(argument.wire) or by_alias


def _has(type_: object, field: str, types: Mapping[str, NamedType]) -> bool:
    inner = types[type_.name].type if isinstance(type_, Named) else type_
    found = inner.field(field) if isinstance(inner, Object) else None
    return found is not None and isinstance(found.type, (Scalar, Enum))
