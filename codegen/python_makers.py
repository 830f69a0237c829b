"""Constructors of the Python models, such as `Column.text(…)`, and the `add` of the collections they go to."""

from __future__ import annotations

import json

from codegen.makers import KIND, Item, item, made_types, marks, summary, target
from codegen.model import Argument, Model, NamedType, Operation
from codegen.naming import safe
from codegen.python_docs import OPTIONS, argument_doc, docstring, paragraphs, summary_first
from codegen.python_types import Spelling, join, unshadowed
from codegen.syntax import ListOf, Named, Type


def constructors(model: Model, spelling: Spelling, named: NamedType, members: set[str]) -> list[str]:
    """The lines of a model's constructors; `members` are the attributes besides them."""
    operations = made_types(model).get(named.name, [])
    names = members | {_name(o) for o in operations}
    return [line for o in operations for line in ("", *_constructor(model, spelling, o, names))]


def members_of(model: Model, named: NamedType) -> set[str]:
    """The names of a model's constructors."""
    return {_name(o) for o in made_types(model).get(named.name, [])}


def _name(operation: Operation) -> str:
    assert operation.makes is not None
    return safe(operation.makes.name, "python")


def _constructor(model: Model, spelling: Spelling, operation: Operation, members: set[str]) -> list[str]:
    assert operation.makes is not None
    short = item(model, operation)
    needed = [a for a in operation.free if a.required]
    alone = short is not None and needed == [short.argument]
    flags = marks(model, operation)
    signature, data, args = [], [f'"{KIND}": {json.dumps(operation.makes.kind)}'], []
    for n, argument in enumerate(sorted(operation.free, key=lambda a: not a.required)):
        name, wire = safe(argument.name, "python"), target(model, operation, argument).name
        spelt = spelling.parameter(argument)
        value, doc = name, argument_doc(operation, argument)
        if short is not None and argument == short.argument:
            spelt = _item_type(spelling, short)
            value = _items(short, name)
            doc += _item_doc(short)
            spelt = f"*{name}: {spelt}" if alone else f"{name}: Sequence[{spelt}]"
        elif wire in flags:
            spelt = f"{name}: bool = {flags[wire]}"
        elif argument.required:
            spelt = f"{name}: {spelt}"
        else:
            spelt = f"{name}: {'Any' if spelt == 'Any' else join([spelt, 'Omit'])} = OMIT"
        signature.append(unshadowed(spelt, members))
        if n == 0 and not alone and len(operation.free) > 1:
            signature.append("*")
        data.append(f'"{wire}": {value}')
        args.append(f"    {name}: {doc}")
    blocks = [*summary_first(paragraphs(summary(operation))), ["Args:", *args]]
    return [
        "    @staticmethod",
        f"    def {_name(operation)}({', '.join(signature)}) -> {operation.makes.type}:",
        docstring(blocks, " " * 8),
        f"        return {operation.makes.type}(made({{{', '.join(data)}}}))",
    ]


def _item_type(spelling: Spelling, short: Item) -> str:
    pair = f"tuple[{spelling.argument(short.first.type)}, {spelling.argument(short.second.type)}]"
    whole = spelling.argument(_item_of(short.argument))
    return join([*(["str"] if short.default is not None else []), pair, *whole.split(" | ")])


def _item_of(argument: Argument) -> Type:
    assert isinstance(argument.type, ListOf)
    return argument.type.item


def _items(short: Item, name: str) -> str:
    default = "" if short.default is None else f", {json.dumps(short.default)}"
    return f'items({name}, "{short.first.name}", "{short.second.name}"{default})'


def _item_doc(short: Item) -> str:
    pair = f"as a pair of `{short.first.name}` and `{short.second.name}`"
    if short.default is None:
        return f" Each is given {pair}, or as a dict."
    return (
        f" Each is given as text (`{short.second.name}` is then `{json.dumps(short.default)}`), {pair}, or as a dict."
    )


def rows(model: Model, operations: list[Operation]) -> str:
    """The table that tells `add` which operation adds which kind."""
    lines = []
    for o in operations:
        assert o.makes is not None
        fields = {target(model, o, a).name: a.wire for a in o.free}
        needed = tuple(target(model, o, a).name for a in o.free if a.required)
        nullable = tuple(a.wire for a in o.free if a.nullable)
        constructor = f"{o.makes.type}.{o.makes.name}"
        lines.append(repr((o.id, constructor, o.makes.kinds, fields, needed, nullable)))
    return f"_ADDS = ({', '.join(lines)},)"


def add(operations: list[Operation], spelling: Spelling, returns: str, define: str, wait: str) -> list[str]:
    """The `add` of a collection."""
    maker = operations[0].makes
    assert maker is not None
    spelt = spelling.argument(Named(maker.type, maker.place))
    what = maker.type.lower()
    blocks = [
        [f"Adds one {what} by the operation of its kind and leaves the others alone."],
        [
            "Args:",
            f"    {what}: What a constructor such as `{maker.type}.{maker.name}` makes, or one that was read.",
            f"    options: {OPTIONS}",
        ],
        ["Returns:", "    What the operation of its kind answers."],
        [
            "Raises:",
            f"    ConfigError: No operation adds this {what}, or it has fields that its kind does not take.",
            "    XanoError: What the operation of its kind raises.",
        ],
        ["Token scope: " + ", ".join(dict.fromkeys(f"`{o.scope}`" for o in operations if o.scope)) + "."],
    ]
    return [
        f"    {define} add(self, {what}: {spelt}, *, options: Options = None) -> {returns}:",
        docstring(blocks, " " * 8),
        f'        return {wait}self._add(_ADDS, "{what}", {what}, {returns}, options)',
    ]
