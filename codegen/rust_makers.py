"""The constructors of the Rust face, such as `Column::text("sku").required(true)`, and the methods `add` and `edit`."""

from __future__ import annotations

from codegen.makers import KIND, Item, item, made_types, marks, summary, target
from codegen.model import Argument, Model, NamedType, Operation
from codegen.naming import safe
from codegen.rust_types import Types, quote, rustdoc
from codegen.syntax import Field, ListOf, MapOf, Named, Object, TableError

_SETTERS = {"default": "default_value"}
"""Setters that would hide what every struct has under the field's name."""


def constructors(model: Model, types: Types) -> str:
    """The constructors and setters of all types that have some, and what they convert from."""
    text = ""
    for name, operations in made_types(model).items():
        named = model.resolve(name)
        body = "".join(_constructor(model, types, named, o) for o in operations)
        body += "".join(_setter(types, named, f, a) for f, a in _later(model, operations).values())
        text += f"/// One of each kind, and what may be set besides.\nimpl {name} {{\n{body}}}\n\n"
        text += _conversions(model, types, operations)
    return text


def _later(model: Model, operations: list[Operation]) -> dict[str, tuple[Field, Argument]]:
    """The fields that a constructor leaves to setters."""
    found: dict[str, tuple[Field, Argument]] = {}
    for o in operations:
        for a in (a for a in o.free if not a.required):
            field = target(model, o, a)
            found.setdefault(field.name, (field, a))
    return found


def _constructor(model: Model, types: Types, named: NamedType, operation: Operation) -> str:
    maker = operation.makes
    assert maker is not None
    short = item(model, operation)
    values = {types.member(_field(named, KIND)): f"{quote(maker.kind)}.into()"}
    for name, flag in marks(model, operation).items():
        values[types.member(_field(named, name))] = "true" if flag else "false"
    parameters, generics, doc = [], "", summary(operation)
    for a in (a for a in operation.free if a.required):
        name, field = safe(a.name, "rust"), target(model, operation, a)
        text = types.text(field, named)
        doc += f"\n\n- `{name}`: {a.doc}."
        if short is not None and a == short.argument:
            doc += _item_doc(short)
            generics = f"<F: Into<{short.named.name}>>"
            parameters.append(f"{name}: impl IntoIterator<Item = F>")
            inner = _list_item(field)
            value = f"{name}.into_iter().map(|field| {inner}::from(field.into())).collect()"
        else:
            parameter, value = _given(text, name)
            parameters.append(f"{name}: {parameter}")
        values[types.member(field)] = f"Some({value})" if text.startswith("Option<") else value
    fields = ", ".join(member if member == value else f"{member}: {value}" for member, value in values.items())
    return (
        f"{rustdoc(doc)}#[must_use]\npub fn {safe(maker.name, 'rust')}{generics}({', '.join(parameters)}) -> Self {{\n"
        f"Self {{ {fields}, ..Default::default() }}\n}}\n"
    )


def _setter(types: Types, named: NamedType, field: Field, argument: Argument) -> str:
    text, member = types.text(field, named), types.member(field)
    name = _SETTERS.get(member, member)
    parameter, value = _given(text, member)
    value = f"Some({value})" if text.startswith("Option<") else value
    return (
        f"{rustdoc(argument.doc + '.')}#[must_use]\npub fn {name}(mut self, {member}: {parameter}) -> Self {{\n"
        f"self.{member} = {value};\nself\n}}\n"
    )


def _given(text: str, name: str) -> tuple[str, str]:
    """How a value for a field of this type is taken, and put into it."""
    inner = text.removeprefix("Option<")[:-1] if text.startswith("Option<") else text
    if inner in ("bool", "i64", "f64"):
        return inner, name
    if inner.startswith("Vec<"):
        return f"impl IntoIterator<Item = impl Into<{inner[4:-1]}>>", f"{name}.into_iter().map(Into::into).collect()"
    return f"impl Into<{inner}>", f"{name}.into()"


def _field(named: NamedType, name: str) -> Field:
    assert isinstance(named.type, Object)
    found = named.type.field(name)
    assert found is not None
    return found


def _list_item(field: Field) -> str:
    if not (isinstance(field.type, ListOf) and isinstance(field.type.item, Named)):
        raise TableError(
            field.place, f"{field.name} must be a list of a named type, for its items to be given in short"
        )
    return field.type.item.name


def _item_doc(short: Item) -> str:
    pair = f"as a pair of `{short.first.name}` and `{short.second.name}`"
    if short.default is None:
        return f" Each is given {pair}, or as a [`{short.named.name}`]."
    return (
        f" Each is given as text (its `{short.second.name}` is then `{short.default}`), {pair}, or as a "
        f"[`{short.named.name}`]."
    )


def _conversions(model: Model, types: Types, operations: list[Operation]) -> str:
    """From what constructors take to what the type holds, where these differ."""
    found: dict[tuple[str, str], str] = {}
    for o in operations:
        short = item(model, o)
        if short is not None:
            from_text = _from_short(types, short)
            if found.setdefault((short.named.name, ""), from_text) != from_text:
                raise TableError(o.place, f"{short.named.name} is given in short in two ways")
        for a in o.free:
            given, held = _inner(types, a.type), _inner(types, target(model, o, a).type)
            if given is not None and held is not None and given.name != held.name:
                found[given.name, held.name] = _from(types, given, held)
    return "".join(found.values())


def _inner(types: Types, type_: object) -> NamedType | None:
    while not isinstance(type_, Named):
        if isinstance(type_, (ListOf, MapOf)):
            type_ = type_.item if isinstance(type_, ListOf) else type_.value
        elif hasattr(type_, "inner"):
            type_ = type_.inner
        else:
            return None
    return types.model.resolve(type_.name)


def _from_short(types: Types, short: Item) -> str:
    name = short.named.name
    first, second = types.member(short.first), types.member(short.second)
    plain = types.text(short.second, short.named)
    kind = "&str" if plain == "String" else plain
    into = ".into()" if plain == "String" else ""
    text = (
        f"impl From<(&str, {kind})> for {name} {{\nfn from(({first}, {second}): (&str, {kind})) -> Self {{\n"
        f"Self {{ {first}: {first}.into(), {second}: {second}{into}, ..Default::default() }}\n}}\n}}\n\n"
    )
    if short.default is None:
        return text
    usual = quote(short.default) if isinstance(short.default, str) else str(short.default)
    return text + (
        f"impl From<&str> for {name} {{\nfn from({first}: &str) -> Self {{\n({first}, {usual}).into()\n}}\n}}\n\n"
    )


def _from(types: Types, given: NamedType, held: NamedType) -> str:
    """Fields of the same name keep it; the others go where unknown fields go."""
    assert isinstance(given.type, Object)
    assert isinstance(held.type, Object)
    moved, kept = [], []
    for field in given.type.fields:
        other = held.type.field(field.name)
        member, text = types.member(field), types.text(field, given)
        if other is None:
            insert = f"extra.insert({quote(field.name)}.into(), {{}}.into());"
            if text.startswith("Option<"):
                moved.append(f"if let Some({member}) = from.{member} {{ {insert.format(member)} }}")
            else:
                moved.append(insert.format(f"from.{member}"))
        else:
            wraps = types.text(other, held) == f"Option<{text}>"
            kept.append(f"{types.member(other)}: {f'Some(from.{member})' if wraps else f'from.{member}'}")
    let = f"let {'mut ' if moved else ''}extra = from.extra;"
    rest = ", ..Default::default()" if len(kept) < len(held.type.fields) else ""
    return (
        f"impl From<{given.name}> for {held.name} {{\nfn from(from: {given.name}) -> Self {{\n"
        + "\n".join([let, *moved])
        + f"\nSelf {{ {', '.join([*kept, 'extra'])}{rest} }}\n}}\n}}\n\n"
    )


def maker_rows(model: Model, operations: list[Operation], table: str) -> str:
    """The table that tells `add` which operation adds which kind."""
    rows = ""
    for o in operations:
        assert o.makes is not None
        fields = ", ".join(f"({quote(target(model, o, a).name)}, {quote(a.wire)})" for a in o.free)
        needed = ", ".join(quote(target(model, o, a).name) for a in o.free if a.required)
        kinds = ", ".join(quote(kind) for kind in o.makes.kinds)
        name = f"{o.makes.type}::{safe(o.makes.name, 'rust')}"
        rows += (
            f"Maker {{ id: {quote(o.id)}, name: {quote(name)}, kinds: &[{kinds}], fields: &[{fields}], "
            f"needed: &[{needed}] }},\n"
        )
    return f"static {table}: &[Maker] = &[\n{rows}];\n\n"


def add(operations: list[Operation], marker: str, table: str) -> str:
    """The method `add` of a collection."""
    maker = operations[0].makes
    assert maker is not None
    what = maker.type.lower()
    scopes = ", ".join(dict.fromkeys(o.scope for o in operations if o.scope))
    doc = (
        f"Adds one {what} by the operation of its kind and leaves the others alone.\n\n- `{what}`: What a constructor "
        f"makes, such as [`{maker.type}::{maker.name}`], or a listing. One that no operation adds, or with fields that "
        f"its kind lacks, is refused before anything is sent.\n\nScope: {scopes}."
    )
    return (
        f"{rustdoc(doc)}pub fn add(&self, {what}: &{maker.type}) -> Call<{marker}> {{ "
        f"Call::made(&self.node, {table}, {what}) }}\n"
    )


def edit(model: Model, types: Types, operation: Operation, reads: str, marker: str) -> str:
    """The method `edit` beside one that replaces a thing as a whole."""
    reading = next(o for o in model.operations if o.id == operation.reads)
    fields = operation.at("body")
    method = safe(operation.name, "rust")
    if reading.paging is not None:
        draft, what = f"Vec<{types.plain(reading.answer.type)}>", "the list"
        made = f"Edit::new(&self.node, &[{quote(fields[0].wire)}], change)"
    else:
        draft, what = "Map<String, Value>", f"the fields {', '.join(f'`{a.wire}`' for a in fields)}"
        made = f"Edit::new(&self.node, &[{', '.join(quote(a.wire) for a in fields)}], change)"
    scopes = " and ".join(dict.fromkeys(o.scope or "none published" for o in (reading, operation)))
    doc = (
        f"Reads what is there, lets `change` alter it, and sends it back whole with [`{method}`](Self::{method}). What "
        f"someone else changes between the two requests is overwritten.\n\n- `change`: Gets {what}.\n\nScope: {scopes}."
    )
    return (
        f"{rustdoc(doc)}pub fn edit<'a>(&self, change: impl FnOnce(&mut {draft}) + Send + 'a) "
        f"-> Edit<'a, {draft}, {reads}, {marker}> {{ {made} }}\n"
    )
