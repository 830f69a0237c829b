"""Types of the table in Rust: as fields of structs, as arguments, and as what a test reads from JSON."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from codegen.model import Model, NamedType
from codegen.naming import safe, snake
from codegen.syntax import Enum, Field, ListOf, MapOf, Named, Nullable, Object, OneOf, PageOf, Scalar, Type

_SCALARS = {
    "string": "String",
    "int": "i64",
    "number": "f64",
    "bool": "bool",
    "any": "Value",
    "null": "()",
    "object": "Map<String, Value>",
    "time": "Time",
    "id": "Id",
    "script": "Script",
}


def rustdoc(text: str, mark: str = "///") -> str:
    """A doc comment, wrapped."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        hang = "  " if paragraph.startswith("- ") else ""
        lines += textwrap.wrap(
            paragraph, 116, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
        ) or [""]
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in lines)


def quote(text: str) -> str:
    """A string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True)
class Form:
    """How an argument of a type is taken, passed on, and read from JSON by a test."""

    parameter: str
    pass_on: str
    """`{}` is the argument's name; the outcome can be borrowed as something that serialises."""
    from_json: str
    """`{}` is the argument's name as a literal."""


class Types:
    """The named types of a model in Rust."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def plain(self, type_: Type) -> str:
        """The type of a field."""
        if isinstance(type_, Scalar):
            return _SCALARS[type_.name]
        if isinstance(type_, ListOf):
            return f"Vec<{self.plain(type_.item)}>"
        if isinstance(type_, MapOf):
            inner = self.plain(type_.value)
            return "Map<String, Value>" if inner == "Value" else f"BTreeMap<String, {inner}>"
        if isinstance(type_, Nullable):
            return f"Option<{self.plain(type_.inner)}>"
        if isinstance(type_, Named):
            return type_.name
        if isinstance(type_, Enum):
            return "String"
        assert isinstance(type_, OneOf), f"{type_} stands where no field can"
        return "Value"

    def resolved(self, type_: Type) -> Type:
        """The type behind an alias; a named object stays named."""
        while isinstance(type_, Named) and not isinstance(self.model.resolve(type_.name).type, Object):
            type_ = self.model.resolve(type_.name).type
        return type_

    def declare(self, named: NamedType) -> str:
        """The struct or alias of a named type."""
        doc = rustdoc(named.doc or f"`{named.name}`, a part of something larger.")
        if not isinstance(named.type, Object):
            return f"{doc}pub type {named.name} = {self.plain(named.type)};\n"
        derives = "#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]\n#[non_exhaustive]\n"
        if named.in_arguments:
            # Callers build it, which non_exhaustive would forbid; `..Default::default()` keeps them open to new fields.
            derives = "#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]\n"
        seen: set[str] = set()
        fields = "".join(self._field(f, named, seen) for f in named.type.fields)
        extra = "extra" if "extra" not in seen else "unknown_fields"
        fields += (
            "/// Fields that this version does not know.\n#[serde(flatten)]\n" + f"pub {extra}: Map<String, Value>,\n"
        )
        return f"{doc}{derives}pub struct {named.name} {{\n{fields}}}\n"

    def member(self, field: Field) -> str:
        """The name of a field in its struct, unless another took it."""
        return safe(snake(field.arg) if field.arg != field.arg.lower() else field.arg, "rust")

    def text(self, field: Field, named: NamedType) -> str:
        """The type of a field in the struct of `named`."""
        text = self.plain(field.type)
        if self._contains(field.type, named.name):
            inner = field.type.inner if isinstance(field.type, Nullable) else field.type
            return f"Option<Box<{self.plain(inner)}>>"
        if not text.startswith("Option<") and named.in_arguments and not field.required:
            return f"Option<{text}>"
        return text

    def _field(self, field: Field, named: NamedType, seen: set[str]) -> str:
        name = self.member(field)
        while name in seen:
            name += "_"
        seen.add(name)
        text = self.text(field, named)
        optional = text.startswith("Option<")
        marks = []
        if field.name.removeprefix("r#") != name:
            marks.append(f"rename = {quote(field.name)}")
        if optional:
            marks += ["default", 'skip_serializing_if = "Option::is_none"']
        else:
            marks += ["default", 'deserialize_with = "tolerant"']
        doc = rustdoc(field.doc or f"The `{field.name}`.")
        if field.deprecated:
            doc += rustdoc("Deprecated.")
        return f"{doc}#[serde({', '.join(marks)})]\npub {name}: {text},\n"

    def _contains(self, type_: Type, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a value of this type holds, without a list or map between, a value of the type called `name`."""
        if isinstance(type_, Nullable):
            return self._contains(type_.inner, name, seen)
        if not isinstance(type_, Named) or type_.name in seen:
            return False
        if type_.name == name:
            return True
        inner = self.model.resolve(type_.name).type
        if isinstance(inner, Object):
            return any(self._contains(f.type, name, seen | {type_.name}) for f in inner.fields)
        return self._contains(inner, name, seen | {type_.name})

    def form(self, type_: Type, *, nullable: bool) -> Form:
        """How an argument of this type looks."""
        type_ = self.resolved(type_)
        if isinstance(type_, Nullable):
            return self.form(type_.inner, nullable=True)
        if isinstance(type_, Enum) or (isinstance(type_, Scalar) and type_.name in ("string", "script")):
            if nullable:
                return Form("Option<&str>", "{}", "given.get::<Option<String>>({}).as_deref()")
            return Form("impl Into<String>", "{}.into()", "given.get::<String>({})")
        if isinstance(type_, Scalar) and type_.name in ("int", "number", "bool", "time"):
            plain = _SCALARS[type_.name]
            plain = f"Option<{plain}>" if nullable else plain
            return Form(plain, "{}", f"given.get::<{plain}>({{}})")
        if isinstance(type_, Scalar) and type_.name == "id":
            if nullable:
                return Form("Option<Id>", "{}", "given.get::<Option<Id>>({})")
            return Form("impl Into<Id>", "{}.into()", "given.get::<Id>({})")
        if isinstance(type_, (ListOf, Named)):
            return self._borrowed(type_, nullable)
        assert not isinstance(type_, (Object, PageOf)), f"{type_} is no argument"
        if nullable:
            return Form("Option<&Value>", "{}", "given.get::<Option<Value>>({}).as_ref()")
        return Form("&(impl Serialize + ?Sized)", "{}", "&given.get::<Value>({})")

    def _borrowed(self, type_: ListOf | Named, nullable: bool) -> Form:
        if isinstance(type_, Named):
            owned, borrowed, by = type_.name, type_.name, "as_ref"
        else:
            item = self.plain(type_.item)
            owned, borrowed, by = f"Vec<{item}>", f"[{item}]", "as_deref"
        if nullable:
            return Form(f"Option<&{borrowed}>", "{}", f"given.get::<Option<{owned}>>({{}}).{by}()")
        if borrowed == "[String]":
            borrowed = "[impl AsRef<str> + Serialize]"
        return Form(f"&{borrowed}", "{}", f"&given.get::<{owned}>({{}})")
