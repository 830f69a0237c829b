"""Types of the table in TypeScript's spelling, and the TSDoc around them.

An object reads differently from the two sides. In an answer every field without `?` is typed as present, because the
reference promises it, and a `?` field may be null or missing. In an argument only `!` fields must be given. A type that
is used on both sides therefore becomes two interfaces, `Column` and `ColumnInput`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from codegen.model import Model, NamedType
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
    Scalar,
    Type,
    _Missing,
)

_SCALARS = {
    "string": "string",
    "number": "number",
    "bool": "boolean",
    "null": "null",
    "time": "Time",
    "script": "Script",
    "file": "FileInput",
}
_HELPERS = ("Time", "Script", "FileInput")


class Types:
    """Spells types, for answers and for arguments."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def name(self, named: NamedType, argument: bool) -> str:
        """The interface's name on that side."""
        return f"{named.name}Input" if argument and named.in_arguments and named.in_answers else named.name

    def spell(self, type_: Type, argument: bool) -> str:
        """`type_` as a TypeScript type."""
        if isinstance(type_, Scalar):
            if type_.name == "int":
                return "number | bigint" if argument else "number"
            if type_.name == "id":
                return "string | number | bigint" if argument else "string | number"
            if type_.name == "any":
                return "unknown"
            if type_.name == "object":
                return "object" if argument else "Record<string, unknown>"
            return _SCALARS[type_.name]
        if isinstance(type_, Enum):
            return " | ".join(quote(value) for value in type_.values)
        if isinstance(type_, Named):
            return self.name(self.model.resolve(type_.name), argument)
        if isinstance(type_, ListOf):
            prefix = "readonly " if argument else ""
            return f"{prefix}({self.spell(type_.item, argument)})[]"
        if isinstance(type_, MapOf):
            inside = f"Record<string, {self.spell(type_.value, argument)}>"
            return f"Readonly<{inside}>" if argument else inside
        if isinstance(type_, Nullable):
            return union([self.spell(type_.inner, argument), "null"])
        if isinstance(type_, OneOf):
            return union([f"({self.spell(option, argument)})" for option in type_.options])
        if isinstance(type_, PageOf):
            return f"Pager<{self.spell(type_.item, argument)}>"
        return "{ " + "; ".join(self._field(f, argument) for f in type_.fields) + " }"

    def declare(self, named: NamedType) -> str:
        """The interface or alias of a named type, once for each side it is used from."""
        sides = [side for side, used in ((False, named.in_answers), (True, named.in_arguments)) if used]
        return "\n".join(self._declare(named, argument) for argument in sides)

    def _declare(self, named: NamedType, argument: bool) -> str:
        name = self.name(named, argument)
        doc = named.doc or f"See the operations that {'take' if argument else 'answer'} it."
        if name != named.name:
            doc = f"{doc.rstrip('.')}. What {{@link {named.name}}} looks like when it is sent."
        if not isinstance(named.type, Object):
            return f"{tsdoc([doc])}\nexport type {name} = {self.spell(named.type, argument)}\n"
        fields = "\n".join(self._field(f, argument) for f in named.type.fields)
        return f"{tsdoc([doc])}\nexport interface {name} {{\n{fields}\n}}\n"

    def _field(self, f: Field, argument: bool) -> str:
        optional = not f.required if argument else isinstance(f.type, Nullable)
        lines = field_doc(f.doc, f.default if argument else MISSING, f.deprecated)
        doc = f"{tsdoc(lines)}\n" if lines else ""
        return f"{doc}{key(f.name)}{'?' if optional else ''}: {self.spell(f.type, argument)}"

    def mentions(self, text: str) -> list[str]:
        """The generated and helper types that a piece of TypeScript names, for its imports."""
        words = set(re.findall(r"[A-Za-z_$][\w$]*", re.sub(r"/\*\*.*?\*/", "", text, flags=re.S)))
        names = {self.name(t, side) for t in self.model.types.values() for side in (False, True)}
        return sorted(words & names)


def helpers(text: str) -> list[str]:
    """The hand-written helper types that a piece of TypeScript names."""
    words = set(re.findall(r"[A-Za-z_$][\w$]*", re.sub(r"/\*\*.*?\*/", "", text, flags=re.S)))
    return [name for name in _HELPERS if name in words]


def union(options: list[str]) -> str:
    """A union of types; one that is `unknown` swallows the others."""
    return "unknown" if {"unknown", "(unknown)"} & set(options) else " | ".join(dict.fromkeys(options))


def quote(text: str) -> str:
    """A string literal; prettier settles which quotes."""
    return json.dumps(text, ensure_ascii=False)


def key(name: str) -> str:
    """A property name, quoted where it must be."""
    return name if re.fullmatch(r"[A-Za-z_$][\w$]*", name) else quote(name)


def field_doc(doc: str, default: Json | _Missing, deprecated: bool) -> list[str]:
    """The paragraphs of a field's TSDoc."""
    if deprecated:
        return ["@deprecated " + (doc or "Xano advises against it.")]
    lines = [doc] if doc else []
    if default is not MISSING and default != "":
        lines.append(f"The server assumes `{json.dumps(default, ensure_ascii=False)}` when this is left out.")
    return [" ".join(sentence(line) for line in lines)] if lines else []


def sentence(text: str) -> str:
    """`text` with a full stop behind it."""
    return text if not text or text.endswith((".", "!", "?", ":", "…")) else f"{text}."


def tsdoc(paragraphs: Iterable[str]) -> str:
    """A TSDoc comment; paragraphs are parted by an empty line, tags (`@…`) stand together at its end."""
    kept = [p.strip() for p in paragraphs if p and p.strip()]
    text = ""
    for n, paragraph in enumerate(kept):
        if n:
            both_tags = paragraph.startswith("@") and kept[n - 1].startswith("@")
            text += "\n" if both_tags else "\n\n"
        text += paragraph
    text = _escape(text)
    if "\n" not in text and len(text) < 110:
        return f"/** {text} */"
    lines = [wrapped for line in text.split("\n") for wrapped in _wrap(line)]
    body = "\n".join(f" * {line}".rstrip() for line in lines)
    return f"/**\n{body}\n */"


def _wrap(line: str, width: int = 110) -> list[str]:
    lines: list[str] = [""]
    for word in line.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word if not line.startswith("@") else f"  {word}")
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def _escape(text: str) -> str:
    """Braces and `@` mean something in TSDoc, and `*/` ends a comment; code spans and links stay as they are."""

    def outside(part: str) -> str:
        return re.sub(r"(?<!\\)[{}]", lambda m: "\\" + m[0], part)

    parts = re.split(r"(`[^`]*`|\{@link [^}]*\})", text)
    return "".join(p if n % 2 else outside(p) for n, p in enumerate(parts)).replace("*/", "*\\/")
