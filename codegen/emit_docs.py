"""The reference pages: `docs/reference/FAMILY.md` with every operation in three languages, and `api.md`, the index."""

from __future__ import annotations

import json

from codegen.makers import Item, item, summary
from codegen.model import Argument, Model, Node, Operation
from codegen.naming import camel, safe, words
from codegen.output import MARK, Output
from codegen.syntax import Enum, ListOf, MapOf, Named, Nullable, Object, OneOf, PageOf, Scalar, Segment, Type

ROOTS = {"account": ("xano", "Xano"), "instance": ("instance", "Instance")}
PAGING = {
    "envelope": "walks pages until the server names no next one",
    "records": "walks pages until the server names no next one; the total is known from the first",
    "array": "walks pages of {size} until one is short",
    "fixed": "walks pages of {size} until the total is reached",
    "whole": "one request brings everything",
}


def emit(model: Model) -> Output:
    """One page a family and the index."""
    files = {"docs/reference/api.md": _index(model), "docs/reference/types.md": _types(model)}
    for title in dict.fromkeys(f.title for f in model.families):
        files[f"docs/reference/{slug(title)}.md"] = _page(model, title)
    return Output(files, owned=("docs/reference",))


def slug(title: str) -> str:
    """The file name of a family's page."""
    return "-".join(w.lower() for w in words(title))


def anchor(operation: Operation) -> str:
    """Where an operation stands on its family's page."""
    return operation.id.replace(".", "-").replace("_", "-")


def _index(model: Model) -> str:
    lines = [
        f"<!-- {MARK} -->",
        "",
        "# Every operation",
        "",
        f"{len(model.operations)} operations, by the method that calls them. "
        "Names are Python's and Rust's; Node spells them in camelCase.",
    ]
    for api, (_, root) in ROOTS.items():
        lines += ["", f"## `{root}`", "", "| method | operation | token scope |", "| --- | --- | --- |"]
        for operation in (o for o in model.operations if o.api == api):
            link = f"{slug(operation.family)}.md#{anchor(operation)}"
            mark = " (deprecated)" if operation.deprecated else " (unpublished)" if operation.unpublished else ""
            scope = operation.scope or "any valid token"
            lines.append(
                f"| [`{python_call(operation)}`]({link}){mark} | `{operation.method} {operation.path}` | {scope} |"
            )
    return "\n".join(lines) + "\n"


def _page(model: Model, title: str) -> str:
    families = [f for f in model.families if f.title == title]
    lines = [f"<!-- {MARK} -->", "", f"# {title}"]
    for family in families:
        if family.about:
            lines += ["", family.about]
        for node in model.roots[family.api].walk():
            operations = [o for o in node.operations if o.family == title]
            if operations:
                lines += _node_heading(node)
                lines += _constructors(model, operations)
                for operation in operations:
                    lines += _operation(operation)
    return "\n".join(lines) + "\n"


def _node_heading(node: Node) -> list[str]:
    if not node.name:
        return []
    chain = node.operations[0].chain
    return ["", f"## `{_python_chain(node.api, chain)}`", "", f"{node.doc}."]


def _constructors(model: Model, operations: list[Operation]) -> list[str]:
    """What makes things for a collection, and the method that adds them."""
    makers = [o for o in operations if o.makes]
    if not makers or makers[0].makes is None:
        return []
    name, what = makers[0].makes.type, makers[0].makes.type.lower()
    chain = makers[0].chain
    lines = [
        "",
        "### add",
        "",
        f"Adds one {what} that a constructor made or a listing gave, by the operation of its kind. The others are left "
        f"alone. What a constructor makes can also stand in a list of [{name}](types.md#{name.lower()}).",
    ]
    python, rust = _python_chain(makers[0].api, chain), _rust_chain(makers[0].api, chain)
    calls = [(_python_maker(model, o), _typescript_maker(model, o), _rust_maker(model, o)) for o in makers]
    first = calls[0]
    lines += ["", "```python", f"{python}.add({first[0]})", "```"]
    lines += ["", "```ts", f"await {_typescript_chain(makers[0].api, chain)}.add({first[1]})", "```"]
    lines += ["", "```rust", f"{rust}.add(&{first[2]}).await?", "```"]
    lines += ["", "| makes | Python | TypeScript | Rust |", "| --- | --- | --- | --- |"]
    for operation, spelt in zip(makers, calls, strict=True):
        cells = " | ".join(f"`{call}`" for call in spelt)
        lines.append(f"| [{summary(operation).split('. ')[0].rstrip('.')}](#{anchor(operation)}) | {cells} |")
    if any(not a.required for o in makers for a in o.free):
        lines += [
            "",
            "What a constructor takes besides, marked `…`, are the fields of the operation below; in Rust they are "
            "setters (`default` is `default_value`).",
        ]
    for operation in makers:
        short = item(model, operation)
        if short is not None:
            lines += [
                "",
                f"An item of `{short.argument.name}` is text where there is a usual `{short.second.name}`, a pair of "
                f"`{short.first.name}` and `{short.second.name}`, or the whole object.",
            ]
            break
    return lines


def _python_maker(model: Model, operation: Operation) -> str:
    assert operation.makes is not None
    needed, short = [a for a in operation.free if a.required], item(model, operation)
    if short is not None and needed == [short.argument]:
        shown = [_short(short, "(", ")"), "…"]
    else:
        shown = [a.name if n == 0 else f"{a.name}=…" for n, a in enumerate(needed)]
        shown += ["…"] if len(needed) < len(operation.free) else []
    return f"{operation.makes.type}.{safe(operation.makes.name, 'python')}({', '.join(shown)})"


def _typescript_maker(model: Model, operation: Operation) -> str:
    assert operation.makes is not None
    needed, short = [a for a in operation.free if a.required], item(model, operation)
    if short is not None and needed == [short.argument]:
        shown = [_short(short, "[", "]"), "…"]
    else:
        inner = [a.name for a in needed[1:]] + (["…"] if len(needed) < len(operation.free) else [])
        shown = [camel(needed[0].name), *([f"{{ {', '.join(inner)} }}"] if inner else [])]
    return f"{operation.makes.type}.{camel(operation.makes.name)}({', '.join(shown)})"


def _rust_maker(model: Model, operation: Operation) -> str:
    assert operation.makes is not None
    needed, short = [a for a in operation.free if a.required], item(model, operation)
    shown = [
        f"[{_short(short, '(', ')')}, …]" if short is not None and a == short.argument else safe(a.name, "rust")
        for a in needed
    ]
    return f"{operation.makes.type}::{safe(operation.makes.name, 'rust')}({', '.join(shown)})"


def _short(short: Item, opening: str, closing: str) -> str:
    """An item in its shortest form."""
    pair = f"{opening}{short.first.name}, {short.second.name}{closing}"
    return short.first.name if short.default is not None else pair


def _operation(operation: Operation) -> list[str]:
    lines = ["", f'<a id="{anchor(operation)}"></a>', "", f"### {operation.name}", "", operation.doc]
    marks = []
    if operation.effect == "destroy":
        marks.append("**This cannot be undone.**")
    if operation.deprecated:
        marks.append(f"**Deprecated:** {operation.deprecated}")
    if operation.unpublished:
        marks.append("**Unpublished:** known only from Xano's own tools; it may change without notice.")
    for mark in marks:
        lines += ["", mark]
    lines += [
        "",
        f"`{operation.method} {operation.path}` · token scope: {operation.scope or 'any valid token'}"
        f" · {'safe to repeat' if operation.idempotent else 'not repeated when its outcome is unknown'}"
        + (" · long: no limit on the whole time" if operation.long else ""),
        "",
        "```python",
        python_call(operation),
        "```",
        "",
        "```ts",
        ("" if operation.paging else "await ") + typescript_call(operation),
        "```",
        "",
        "```rust",
        rust_call(operation),
        "```",
    ]
    if operation.free:
        lines += ["", "| argument | type | meaning |", "| --- | --- | --- |"]
        lines += [_argument_row(a) for a in operation.free]
    lines += ["", f"Returns {_returns(operation)}."]
    if operation.reads:
        lines += [
            "",
            "`edit(change)` beside it reads what is there, lets `change` alter it, and sends it back whole.",
        ]
    if operation.note:
        lines += ["", operation.note]
    return lines


def _argument_row(argument: Argument) -> str:
    spelled = spell(Nullable(argument.type) if argument.nullable else argument.type).replace("|", "\\|")
    need = ", required" if argument.required else ""
    default = f" Default: {_default(argument)}." if argument.has_default else ""
    old = " **Deprecated.**" if argument.deprecated else ""
    return f"| `{argument.name}` | {spelled}{need} | {argument.doc.replace('|', chr(92) + '|')}.{default}{old} |"


def _default(argument: Argument) -> str:
    return f"`{json.dumps(argument.default, ensure_ascii=False)}`"


def _returns(operation: Operation) -> str:
    kind = operation.answer.kind
    if kind == "none":
        return "nothing"
    if kind == "stream":
        return "a download: a file that is streamed to disk"
    if kind == "events":
        return "the events of a stream, one by one"
    if operation.paging:
        how = PAGING[operation.paging.tier].format(size=operation.paging.size)
        return f"a pager of {spell(operation.answer.type)}: {how}"
    return spell(operation.answer.type)


def _types(model: Model) -> str:
    lines = [f"<!-- {MARK} -->", "", "# Types", "", "Fields that a server adds later are kept in every language."]
    for named in model.types.values():
        lines += ["", f"## {named.name}"]
        if named.doc:
            lines += ["", f"{named.doc}."]
        if isinstance(named.type, Object):
            lines += ["", "| field | type | meaning |", "| --- | --- | --- |"]
            for field in named.type.fields:
                spelled = spell(field.type).replace("|", "\\|")
                doc = f"{field.doc}." if field.doc else ""
                lines.append(f"| `{field.name}` | {spelled} | {doc.replace('|', chr(92) + '|')} |")
        else:
            lines += ["", f"Another name for {spell(named.type)}."]
    return "\n".join(lines) + "\n"


def spell(type_: Type) -> str:
    """A type in words."""
    if isinstance(type_, Scalar):
        return {"bool": "true or false", "any": "any value", "script": "XanoScript", "time": "time"}.get(
            type_.name, type_.name
        )
    if isinstance(type_, (ListOf, PageOf)):
        return f"list of {spell(type_.item)}"
    if isinstance(type_, MapOf):
        return f"object of {spell(type_.value)}"
    if isinstance(type_, OneOf):
        return " or ".join(spell(option) for option in type_.options)
    if isinstance(type_, Enum):
        return " | ".join(f"`{value}`" for value in type_.values)
    if isinstance(type_, Nullable):
        return f"{spell(type_.inner)} or null"
    if isinstance(type_, Named):
        return f"[{type_.name}](types.md#{type_.name.lower()})"
    return "object"


def _python_chain(api: str, chain: tuple[Segment, ...]) -> str:
    parts = [ROOTS[api][0]]
    for segment in chain:
        arguments = f"({', '.join(segment.params)})" if segment.params else ""
        parts.append(safe(segment.name, "python") + arguments)
    return ".".join(parts)


def _typescript_chain(api: str, chain: tuple[Segment, ...]) -> str:
    parts = [ROOTS[api][0]]
    for segment in chain:
        arguments = f"({', '.join(camel(p) for p in segment.params)})" if segment.params else ""
        parts.append(camel(segment.name) + arguments)
    return ".".join(parts)


def _rust_chain(api: str, chain: tuple[Segment, ...]) -> str:
    parts = [ROOTS[api][0]]
    parts += [f"{safe(s.name, 'rust')}({', '.join(safe(p, 'rust') for p in s.params)})" for s in chain]
    return ".".join(parts)


def python_call(operation: Operation) -> str:
    """How Python calls it, with the arguments that must be given."""
    given = [a for a in operation.free if a.required]
    shown = [a.name if a.location == "path" else f"{a.name}=…" for a in given]
    if len(given) < len(operation.free):
        shown.append("…")
    return f"{_python_chain(operation.api, operation.chain)}.{safe(operation.name, 'python')}({', '.join(shown)})"


def typescript_call(operation: Operation) -> str:
    """How TypeScript calls it, with the arguments that must be given."""
    shown = [camel(a.name) for a in operation.free if a.location == "path"]
    fields = [a for a in operation.free if a.location != "path"]
    if fields:
        inner = [a.name for a in fields if a.required]
        if len(inner) < len(fields):
            inner.append("…")
        shown.append("{ " + ", ".join(inner) + " }")
    chain = _typescript_chain(operation.api, operation.chain)
    return f"{chain}.{camel(operation.name)}({', '.join(shown)})"


def rust_call(operation: Operation) -> str:
    """How Rust calls it, with the arguments that must be given; the others are setters."""
    given = ", ".join(safe(a.name, "rust") for a in operation.free if a.required)
    end = ".all().await?" if operation.paging else ".await?"
    return f"{_rust_chain(operation.api, operation.chain)}.{safe(operation.name, 'rust')}({given}){end}"
