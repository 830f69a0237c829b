"""The constructors of the TypeScript face, such as `Column.text(…)`, and the methods `add` and `edit`."""

from __future__ import annotations

from codegen.makers import KIND, Item, item, made_types, marks, summary, target
from codegen.model import Argument, Model, Operation
from codegen.naming import camel
from codegen.output import MARK
from codegen.syntax import ListOf, Named, TableError
from codegen.typescript_types import Types, key, quote, sentence, tsdoc

OPTIONS = "@param options - Signal, limits and headers of this call alone."
THROWS = "@throws {@link XanoError} as one of its classes, which say what happened and what to do."


def constructors_file(model: Model, types: Types, params: dict[str, tuple[str, str]]) -> str:
    """The file of all constructors; `params` says for an operation which interface its parameters are, and where."""
    makers = made_types(model)
    used = {params[o.id] for operations in makers.values() for o in operations if len(o.free) > 1}
    names: dict[str, set[str]] = {}
    for name, file in used:
        names.setdefault(file, set()).add(name)
    lines = [f"// {MARK}", "", "import { items, made } from '../making.js'"]
    lines += [f"import type {{ {', '.join(sorted(found))} }} from './{file}.js'" for file, found in names.items()]
    lines.append("import type * as types from './types.js'")
    for name, operations in makers.items():
        body = "\n\n".join(_constructor(model, types, o, params[o.id][0]) for o in operations)
        doc = model.resolve(name).doc
        lines += [
            "",
            tsdoc([sentence(doc)]),
            f"export type {name} = types.{name}",
            "",
            tsdoc([f"Makes a {{@link {name}}} of each kind, to be added or sent in a list."]),
            f"export const {name} = {{\n{body}\n}}",
        ]
    return "\n".join(lines) + "\n"


def _constructor(model: Model, types: Types, operation: Operation, params: str) -> str:
    maker = operation.makes
    assert maker is not None
    short = item(model, operation)
    first = next(a for a in operation.free if a.required)
    alone = short is not None and first == short.argument
    flags = marks(model, operation)
    base = [f"{KIND}: {quote(maker.kind)}", *(f"{key(n)}: {'true' if v else 'false'}" for n, v in flags.items())]
    renamed = {a.name: target(model, operation, a).name for a in operation.free}
    renamed = {name: wire for name, wire in renamed.items() if name != wire}
    doc = [sentence(summary(operation))]
    signature, rest = [], ""
    if alone:
        assert short is not None
        doc.append(f"@param {camel(first.name)} - {sentence(first.doc)}{_item_doc(short)}")
        signature.append(f"...{camel(first.name)}: ({_item_type(types, short)})[]")
        base.append(f"{key(target(model, operation, first).name)}: {_items(short, camel(first.name))}")
    else:
        doc.append(f"@param {camel(first.name)} - {sentence(first.doc)}")
        signature.append(f"{camel(first.name)}: {types.spell(first.type, True)}")
        base.insert(1, key(first.name) if key(first.name) == camel(first.name) else f"{key(first.name)}: {first.name}")
    others = [a for a in operation.free if a != first]
    if others:
        spelt = f"Omit<{params}, {' | '.join(quote(a.name) for a in (first, *_shortened(short, first)))}>"
        rest = ", options"
        if short is not None and not alone:
            name = key(short.argument.name)
            spelt += f" & {{ readonly {name}: readonly ({_item_type(types, short)})[] }}"
            rest = f", {{ ...options, {name}: {_items(short, f'options.{short.argument.name}')} }}"
        needs = any(a.required for a in others)
        signature.append(f"options{'' if needs else '?'}: {spelt}")
        doc.append(
            "@param options - The other fields. Those left out are as the server has them when they are not given."
        )
        if short is not None and not alone:
            doc[-1] += f" In `{short.argument.name}`:{_item_doc(short)}"
    if renamed:
        rest += f", {{ {', '.join(f'{key(n)}: {quote(w)}' for n, w in renamed.items())} }}"
    doc.append(f"@returns What `add` takes, and the lists of {{@link {maker.type}}}.")
    made = types.name(model.resolve(maker.type), True)
    head = f"{camel(maker.name)}({', '.join(signature)}): types.{made}"
    return f"{tsdoc(doc)}\n{head} {{\nreturn made<types.{made}>({{ {', '.join(base)} }}{rest})\n}},"


def _shortened(short: Item | None, first: Argument) -> list[Argument]:
    return [short.argument] if short is not None and short.argument != first else []


def _item_type(types: Types, short: Item) -> str:
    assert isinstance(short.argument.type, ListOf)
    first, second = types.spell(short.first.type, True), types.spell(short.second.type, True)
    whole = short.argument.type.item
    spelt = f"types.{types.spell(whole, True)}" if isinstance(whole, Named) else types.spell(whole, True)
    text = f"{first} | " if short.default is not None else ""
    return f"{text}readonly [{key(short.first.name)}: {first}, {key(short.second.name)}: {second}] | {spelt}"


def _items(short: Item, name: str) -> str:
    usual = ""
    if short.default is not None:
        usual = f", {quote(short.default) if isinstance(short.default, str) else short.default}"
    return f"items({name}, {quote(short.first.name)}, {quote(short.second.name)}{usual})"


def _item_doc(short: Item) -> str:
    pair = f"as a pair of `{short.first.name}` and `{short.second.name}`"
    if short.default is None:
        return f" Each is given {pair}, or as an object."
    return f" Each is given as text (its `{short.second.name}` is then `{short.default}`), {pair}, or as an object."


def maker_rows(model: Model, table: str, rows: list[tuple[str, Operation]]) -> str:
    """The table that tells `add` which operation adds which kind; `rows` have the name of an operation's row."""
    lines = []
    for row, operation in rows:
        maker = operation.makes
        assert maker is not None
        renamed = {target(model, operation, a).name: a.name for a in operation.free}
        renamed = {wire: name for wire, name in renamed.items() if wire != name}
        parts = [f"operation: {row}", f"name: {quote(f'{maker.type}.{camel(maker.name)}')}"]
        parts.append(f"kinds: [{', '.join(quote(kind) for kind in maker.kinds)}]")
        if renamed:
            parts.append(f"renamed: {{ {', '.join(f'{key(n)}: {quote(w)}' for n, w in renamed.items())} }}")
        lines.append(f"{{ {', '.join(parts)} }},")
    return f"const {table}: readonly Maker[] = [\n" + "\n".join(lines) + "\n]"


def add(types: Types, table: str, operations: list[Operation]) -> str:
    """The method `add` of a collection."""
    maker = operations[0].makes
    assert maker is not None
    answer = types.spell(operations[0].answer.type, False)
    what = camel(maker.type)
    scopes = ", ".join(dict.fromkeys(o.scope for o in operations if o.scope))
    doc = tsdoc(
        [
            f"Adds one {what} by the operation of its kind and leaves the others alone.",
            f"Token scope: {scopes}.",
            f"@param {what} - What a constructor makes, such as `{maker.type}.{camel(maker.name)}`, or a listing.",
            OPTIONS,
            "@returns What the operation of its kind answers.",
            f"@throws {{@link ConfigError}} when no operation adds this {what}, or its kind lacks some of its fields.",
            THROWS,
        ]
    )
    made = types.spell(Named(maker.type, maker.place), True)
    return (
        f"{doc}\nadd({what}: {made}, options?: CallOptions): Promise<{answer}> {{\n"
        f"return add<{answer}>(this, {table}, {what}, options)\n}}"
    )


def edit(model: Model, types: Types, operation: Operation, params: str) -> str:
    """The method `edit` beside one that replaces a thing as a whole."""
    reading = next(o for o in model.operations if o.id == operation.reads)
    fields = operation.at("body")
    for a in fields:
        if a.wire != a.name:
            raise TableError(a.place, f"{operation.id}: `edit` in TypeScript cannot rename {a.wire!r} yet")
    answer = types.spell(operation.answer.type, False)
    method = camel(operation.name)
    read = (
        f"this.{camel(reading.name)}({'undefined, ' if any(a.location != 'path' for a in reading.free) else ''}options)"
    )
    if reading.paging is not None:
        one = fields[0]
        assert isinstance(one.type, ListOf)
        draft = types.spell(one.type.item, True)
        kind = f"Change<{draft}[]>"
        call = f"editList({read}, change, ({camel(one.name)}) => this.{method}({{ {one.name} }}, options))"
        what = "the list"
    else:
        kind = f"Change<{params}>"
        names = ", ".join(quote(a.name) for a in fields)
        call = f"editFields<{params}, {answer}>({read}, [{names}], change, (fields) => this.{method}(fields, options))"
        what = f"the fields {', '.join(f'`{a.name}`' for a in fields)}"
    scopes = list(dict.fromkeys(f"`{o.scope}`" if o.scope else "any valid token" for o in (reading, operation)))
    doc = tsdoc(
        [
            f"Reads what is there, lets `change` alter it, and sends it back whole with `{method}`.",
            "What someone else changes between the two requests is overwritten.",
            f"Token scope: {' and '.join(scopes)}.",
            f"@param change - Gets {what}; it changes that in place, or returns another.",
            OPTIONS,
            f"@returns What `{method}` returns.",
            THROWS,
        ]
    )
    return f"{doc}\nedit(change: {kind}, options?: CallOptions): Promise<{answer}> {{\nreturn {call}\n}}"
