"""How Python spells the table's types: as annotations, and as readers that make models of decoded JSON."""

from __future__ import annotations

import json
import re
from keyword import iskeyword

from codegen.model import Argument, Model, NamedType
from codegen.naming import RESERVED
from codegen.syntax import (
    Enum,
    Field,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Object,
    OneOf,
    Scalar,
    Type,
)

ANSWERS = {
    "string": "str",
    "int": "int",
    "number": "float",
    "bool": "bool",
    "any": "Any",
    "null": "None",
    "object": "dict[str, Any]",
    "file": "bytes",
    "time": "Time",
    "id": "int | str",
    "script": "str | None",
}
"""Scalars as an answer has them."""

ARGUMENTS = ANSWERS | {
    "object": "Mapping[str, Any]",
    "file": "FileInput",
    "time": "int | float | str | datetime",
    "script": "str",
}
"""Scalars as an argument takes them."""

HEART = "xano_metadata"
"""The package of the hand-written heart; generated modules find each other by relative names."""

MODEL_MEMBERS = frozenset(["get", "to_dict"])
"""What `Model` itself is called by; a field of this name gets an underscore."""

BUILTINS = frozenset(["bool", "bytes", "dict", "float", "int", "list", "str", "tuple", "type"])


class Spelling:
    """Spells types of one model and notes which names a module has to import for them."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.models: set[str] = set()
        self.inputs: set[str] = set()
        self._open: list[str] = []

    def answer(self, type_: Type) -> str:
        """The annotation of something that the server sends."""
        return self._spell(type_, given=False)

    def argument(self, type_: Type) -> str:
        """The annotation of something that a caller gives."""
        return self._spell(type_, given=True)

    def _spell(self, type_: Type, given: bool) -> str:
        if isinstance(type_, Scalar):
            return (ARGUMENTS if given else ANSWERS)[type_.name]
        if isinstance(type_, ListOf):
            return f"{'Sequence' if given else 'list'}[{self._spell(type_.item, given)}]"
        if isinstance(type_, MapOf):
            return f"{'Mapping' if given else 'dict'}[str, {self._spell(type_.value, given)}]"
        if isinstance(type_, Nullable):
            return join([self._spell(type_.inner, given), "None"])
        if isinstance(type_, OneOf):
            return join([self._spell(option, given) for option in type_.options])
        if isinstance(type_, Enum):
            return f"Literal[{', '.join(json.dumps(v, ensure_ascii=False) for v in type_.values)}]" if given else "str"
        if isinstance(type_, Named):
            return self._named(type_, given)
        return (ARGUMENTS if given else ANSWERS)["object"]

    def _named(self, type_: Named, given: bool) -> str:
        target = self.model.resolve(type_.name)
        if not isinstance(target.type, Object):
            if type_.name in self._open:
                return "Any"  # an alias that names itself
            self._open.append(type_.name)
            spelt = self._spell(target.type, given)
            self._open.pop()
            return spelt
        if not given:
            self.models.add(type_.name)
            return type_.name
        self.inputs.add(type_.name)
        if not target.in_answers:
            return input_name(type_.name)
        self.models.add(type_.name)
        return f"{type_.name} | {input_name(type_.name)}"

    def parameter(self, argument: Argument) -> str:
        """The annotation of a method's parameter, without what makes it optional."""
        parts = [self.argument(argument.type)]
        if argument.finder is not None:
            parts.append("str")
        if argument.nullable:
            parts.append("None")
        return join(parts)


def input_name(name: str) -> str:
    """The dict that may be given where the API takes an object of this type."""
    return name if name.endswith("Input") else f"{name}Input"


def join(parts: list[str]) -> str:
    """A union without repetitions, None last."""
    flat = [part for text in parts for part in _members(text)]
    if "Any" in flat:
        return "Any"
    ordered = list(dict.fromkeys(flat))
    if "None" in ordered:
        ordered = [part for part in ordered if part != "None"] + ["None"]
    return " | ".join(ordered)


def _members(text: str) -> list[str]:
    """The members of a union, as far as they stand outside brackets and quotes."""
    members, depth, start, quoted = [], 0, 0, False
    for i, char in enumerate(text):
        if char == '"' and text[i - 1] != "\\":
            quoted = not quoted
        elif not quoted and char in "[]":
            depth += 1 if char == "[" else -1
        elif not quoted and depth == 0 and text[i : i + 3] == " | ":
            members.append(text[start:i])
            start = i + 3
    return [*members, text[start:]]


def is_model(model: Model, type_: Type) -> bool:
    """Whether it is a named object, so a class."""
    return isinstance(type_, Named) and isinstance(model.resolve(type_.name).type, Object)


def shape(model: Model, type_: Type, seen: tuple[str, ...] = ()) -> str | None:
    """The shape of a field for `Model._nested`; None when it is plain JSON."""
    if isinstance(type_, Nullable):
        return shape(model, type_.inner, seen)
    if isinstance(type_, ListOf):
        inner = shape(model, type_.item, seen)
        return inner and f"[{inner}]"
    if isinstance(type_, MapOf):
        inner = shape(model, type_.value, seen)
        return inner and f"{{{inner}}}"
    if isinstance(type_, OneOf):
        parts = list(dict.fromkeys(filter(None, (shape(model, option, seen) for option in type_.options))))
        return "|".join(parts) or None
    if isinstance(type_, Scalar):
        return "script" if type_.name == "script" else None
    if isinstance(type_, Named) and type_.name not in seen:
        if is_model(model, type_):
            return type_.name
        return shape(model, model.resolve(type_.name).type, (*seen, type_.name))
    return None


def reader(model: Model, type_: Type, seen: tuple[str, ...] = ()) -> str | None:
    """The expression that reads a whole answer; None when it is plain JSON."""
    if isinstance(type_, Nullable):
        inner = reader(model, type_.inner, seen)
        return inner and f"optional({inner})"
    if isinstance(type_, ListOf):
        inner = reader(model, type_.item, seen)
        return inner and f"list_of({inner})"
    if isinstance(type_, MapOf):
        inner = reader(model, type_.value, seen)
        return inner and f"map_of({inner})"
    if isinstance(type_, OneOf):
        parts = list(dict.fromkeys(filter(None, (reader(model, option, seen) for option in type_.options))))
        return f"one_of({', '.join(parts)})" if parts else None
    if isinstance(type_, Scalar):
        return "script_text" if type_.name == "script" else None
    if isinstance(type_, Named) and type_.name not in seen:
        if is_model(model, type_):
            return type_.name
        return reader(model, model.resolve(type_.name).type, (*seen, type_.name))
    return None


def attribute(field: Field) -> str:
    """The attribute under which a model shows a field."""
    name = field.arg.lstrip("_") or "field"
    if not name.isidentifier() and not iskeyword(name):
        name = f"n{name}"
    return f"{name}_" if name in MODEL_MEMBERS or name in RESERVED["python"] - {"options", "print", "self"} else name


def unshadowed(annotation: str, members: set[str]) -> str:
    """The annotation for a class scope in which some builtins' names mean members of the class."""
    hidden = members & BUILTINS
    if not hidden:
        return annotation
    out, word, quoted = [], "", False
    for char in annotation + "\0":
        if char.isalnum() or char == "_":
            word += char
            continue
        out.append(f"builtins.{word}" if word in hidden and not quoted else word)
        out.append(char)
        quoted ^= char == '"'
        word = ""
    return "".join(out)[:-1]


def imports(body: str, own: set[str]) -> list[str]:
    """What type checkers need to see for the annotations in `body`, apart from models and inputs."""

    def used(*names: str) -> list[str]:
        return [name for name in names if name not in own and re.search(rf"(?<![\w.]){name}\b", body)]

    needed = []
    if found := used("Any", "Literal"):
        needed.append(f"from typing import {', '.join(found)}")
    if found := used("Mapping", "Sequence"):
        needed.append(f"from collections.abc import {', '.join(found)}")
    if used("datetime"):
        needed.append("from datetime import datetime")
    if "builtins." in body:
        needed.append("import builtins")
    for module, name in (("_files", "FileInput"), ("_model", "Time")):
        if used(name):
            needed.append(f"from {HEART}.{module} import {name}")
    return needed


def home(named: NamedType) -> str:
    """The module of a type: the table file it stands in."""
    return named.place.file.stem.replace("-", "_")
