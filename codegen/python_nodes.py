"""Classes of the Python face: one for each root, collection and handle, in one module a family.

Sync and async twins come out of the same lines; `Face` holds the few words in which they differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from codegen.model import Argument, Model, Node, Operation
from codegen.naming import pascal, safe, snake
from codegen.output import MARK
from codegen.python_docs import OPTIONS, docstring, method_doc, paragraphs, sentence, summary_first
from codegen.python_makers import add, rows
from codegen.python_types import HEART, Spelling, home, imports, input_name, join, reader, unshadowed
from codegen.syntax import ListOf, Nullable, Scalar, Type

READERS = ("list_of", "map_of", "one_of", "optional", "script_text")


@dataclass(frozen=True)
class Face:
    """What distinguishes the twins."""

    folder: str
    prefix: str
    base: str
    define: str
    wait: str
    pager: str
    events: str
    about: str


FACES = (
    Face("sync", "", "SyncNode", "def", "", "Pager", "EventStream", "for ordinary, waiting code"),
    Face("aio", "Async", "AsyncNode", "async def", "await ", "AsyncPager", "AsyncEventStream", "for asyncio"),
)


class Nodes:
    """Makes the modules of one face."""

    def __init__(self, model: Model, face: Face) -> None:
        self.model = model
        self.face = face
        self.nodes = [node for root in model.roots.values() for node in root.walk()]
        self.module_of = {id(node): _module_name(node) for node in self.nodes}

    def modules(self) -> dict[str, str]:
        """Module name → text."""
        grouped: dict[str, list[Node]] = {}
        for node in self.nodes:
            grouped.setdefault(self.module_of[id(node)], []).append(node)
        files = {module: self._module(module, nodes) for module, nodes in grouped.items()}
        files["__init__"] = f'# {MARK}\n"""Methods of the API {self.face.about}, a module for each family."""\n'
        return files

    def _module(self, module: str, nodes: list[Node]) -> str:
        spelling = Spelling(self.model)
        bodies = [self._class(spelling, module, node) for node in nodes]
        body = "\n\n\n".join(bodies)
        families = dict.fromkeys(o.family for node in nodes for o in node.operations)
        about = [f for f in self.model.families if f.title in families and f.about]
        title = ", ".join(families) or nodes[0].class_name
        doc = docstring([[f"{title}, {self.face.about}."], *(paragraphs(f.about) for f in about)], "")
        head = [f"# {MARK}", doc, "", "from __future__ import annotations", ""]
        table = [rows(self.model, makers)] if (makers := [o for n in nodes for o in n.operations if o.makes]) else []
        return "\n".join([*head, *self._imports(spelling, nodes, body), *table, "", body, ""])

    def _imports(self, spelling: Spelling, nodes: list[Node], body: str) -> list[str]:
        plain = re.search(rf"\({self.face.base}\):", body)
        runtime = [f"from {HEART}._node import {self.face.base}"] if plain else []
        runtime += sorted(f"from {HEART}._{n.more_in} import {self._base(n)}" for n in nodes if n.more_in)
        readers = [name for name in READERS if f"{name}(" in body or f", {name}," in body or f", {name})" in body]
        if readers:
            runtime.append(f"from {HEART}._model import {', '.join(readers)}")
        if "OMIT" in body:
            runtime.append(f"from {HEART}._options import OMIT")
        if "@deprecated(" in body:
            runtime.append(f"from {HEART}._deprecated import deprecated")
        used = {name for name in spelling.models if re.search(rf"[(\s\[]{name}[,)]", _code(body))}
        runtime += _grouped((home(self.model.resolve(name)), name) for name in used)
        checking = imports(body, own=set())
        checking += _grouped((home(self.model.resolve(name)), name) for name in spelling.models - used)
        checking += _grouped((f"{home(self.model.resolve(n))}_inputs", input_name(n)) for n in spelling.inputs)
        wanted = {
            "_options": ("Omit",),
            "_node": ("Change", "ListChange", "Options", "Progress"),
            "_pages": (self.face.pager,),
        }
        wanted["_events"] = (self.face.events,)
        for module, names in wanted.items():
            found = [name for name in names if re.search(rf"\b{name}\b", body)]
            if found:
                checking.append(f"from {HEART}.{module} import {', '.join(found)}")
        if "PathLike" in body:
            checking.append("from os import PathLike")
        if "-> Path:" in body:
            checking.append("from pathlib import Path")
        checking += [line.strip() for line in dict.fromkeys(re.findall(r"^ {8}(from \.\w+ import \w+)$", body, re.M))]
        lines = [*runtime, ""]
        if checking:
            lines += ["TYPE_CHECKING = False", "if TYPE_CHECKING:", *(f"    {line}" for line in checking), ""]
        return lines

    def _class(self, spelling: Spelling, module: str, node: Node) -> str:
        name = self._class_name(node)
        members = {safe(child.name, "python") for child in node.children.values()}
        members |= {safe(operation.name, "python") for operation in node.operations}
        lines = [f"class {name}({self._base(node)}):"]
        lines.append(docstring(summary_first(paragraphs(node.doc)), "    "))
        lines += ["", "    __slots__ = ()"]
        for child in node.children.values():
            lines += ["", *self._child(spelling, module, child, members)]
        if makers := [o for o in node.operations if o.makes]:
            returns = self._returns(spelling, makers[0])
            lines += ["", *add(makers, spelling, returns, self.face.define, self.face.wait)]
        for operation in node.operations:
            lines += ["", *self._method(spelling, operation, members)]
            if operation.reads is not None:
                lines += ["", *self._edit(spelling, operation, members)]
        return "\n".join(lines)

    def _base(self, node: Node) -> str:
        """What the class extends: `SyncNode`, or `SyncRecordsNode` for `more in records`."""
        return self.face.base.replace("Node", f"{pascal(node.more_in)}Node") if node.more_in else self.face.base

    def _class_name(self, node: Node) -> str:
        return f"{self.face.prefix}{node.class_name}" + ("" if node.name else "Operations")

    def _child(self, spelling: Spelling, module: str, child: Node, members: set[str]) -> list[str]:
        name, target = safe(child.name, "python"), self._class_name(child)
        away = self.module_of[id(child)]
        fetch = [] if away == module else [f"        from .{away} import {target}", ""]
        blocks = summary_first(paragraphs(child.doc))
        if not child.is_handle:
            return [
                "    @property",
                f"    def {name}(self) -> {target}:",
                docstring(blocks, " " * 8),
                *fetch,
                f"        return {target}(self._connection, self._path)",
            ]
        parameters = [(safe(p.name, "python"), p) for p in child.params]
        spelt = [f"{n}: {unshadowed(spelling.parameter(p), members)}" for n, p in parameters]
        args = []
        for n, p in parameters:
            found = p.finder and f" A name works too: it is looked up once by `{p.finder.field}`."
            args.append(f"    {n}: {sentence(p.doc)}{found or ''}")
        values = ", ".join(n for n, _ in parameters)
        bound = f"(*self._path, {values})" if len(child.bound) > len(child.params) else f"({values},)"
        return [
            f"    def {name}(self, {', '.join(spelt)}) -> {target}:",
            docstring([*blocks, ["Args:", *args]], " " * 8),
            *fetch,
            f"        return {target}(self._connection, {bound})",
        ]

    def _method(self, spelling: Spelling, operation: Operation, members: set[str]) -> list[str]:
        streamed = operation.answer.kind == "stream"
        watched = streamed or operation.has_files
        taken = {"to"} if streamed else set()
        taken |= {"on_progress"} if watched else set()
        names = {a.name: f"{a.name}_" if a.name in taken else safe(a.name, "python") for a in operation.free}
        either = operation.takes_script and bool(operation.encodings)
        positional = [a for a in operation.free if a.location in ("path", "whole_body")]
        keyword = [a for a in operation.free if a not in positional]
        keyword.sort(key=lambda a: not _must(a, either))
        extra: list[str] = []
        signature = ["self"]
        for argument in positional:
            signature.append(f"{names[argument.name]}: {unshadowed(spelling.parameter(argument), members)}")
        if streamed:
            signature.append("to: str | PathLike[str]")
            extra.append("to: Where to write the file. It appears whole or not at all.")
        signature.append("*")
        for argument in keyword:
            spelt = spelling.parameter(argument)
            if not _must(argument, either):
                spelt = f"{join([spelt, 'Omit'])} = OMIT" if spelt != "Any" else "Any = OMIT"
            signature.append(f"{names[argument.name]}: {unshadowed(spelt, members)}")
        if watched:
            signature.append("on_progress: Progress | None = None")
            extra.append("on_progress: Called with the bytes so far and, where known, in all.")
        signature.append("options: Options = None")
        returns = self._returns(spelling, operation)
        define = "def" if operation.paging is not None else self.face.define
        lines = [f'    @deprecated("{_quoted(operation.deprecated)}")'] if operation.deprecated else []
        name = safe(operation.name, "python")
        lines.append(f"    {define} {name}({', '.join(signature)}) -> {unshadowed(returns, members)}:")
        parameters = [(names[a.name], a) for a in [*positional, *keyword]]
        lines.append(method_doc(operation, parameters, returns, extra))
        lines += self._call(operation, names, unshadowed(returns, members))
        return lines

    def _edit(self, spelling: Spelling, operation: Operation, members: set[str]) -> list[str]:
        """`edit`: what reads, lets the caller change, and replaces as a whole."""
        reading = next(o for o in self.model.operations if o.id == operation.reads)
        fields = operation.at("body", "whole_body")
        method = safe(operation.name, "python")
        returns = unshadowed(self._returns(spelling, operation), members)
        listed = reading.paging is not None
        kind = "ListChange" if listed else "Change"
        what = "the list" if listed else f"the fields {', '.join(f'`{a.wire}`' for a in fields)} as a dict"
        blocks = [
            [f"Reads what is there, lets `change` alter it, and sends it back whole with `{method}`."],
            ["What someone else changes between the two requests is overwritten."],
            [
                "Args:",
                f"    change: Gets {what}; it changes that in place, or returns another.",
                f"    options: {OPTIONS}",
            ],
            ["Returns:", f"    What `{method}` returns."],
            ["Raises:", f"    XanoError: What `{reading.name}` and `{method}` raise."],
            [f"Token scope: {' and '.join(dict.fromkeys(_scope(o) for o in (reading, operation)))}."],
        ]
        if listed:
            target = f'"{safe(fields[0].name, "python")}"'
        else:
            spelt = {a.wire: safe(a.name, "python") for a in fields}
            target = repr(tuple(spelt) if all(wire == arg for wire, arg in spelt.items()) else spelt)
        call = f'self._edit{"_list" if listed else ""}("{reading.id}", {target}, change, self.{method}, options)'
        return [
            f"    {self.face.define} edit(self, change: {kind}, *, options: Options = None) -> {returns}:",
            docstring(blocks, " " * 8),
            f"        return {self.face.wait}{call}",
        ]

    def _returns(self, spelling: Spelling, operation: Operation) -> str:
        if operation.paging is not None:
            return f"{self.face.pager}[{spelling.answer(operation.answer.type)}]"
        kinds = {"none": "None", "stream": "Path", "events": self.face.events, "text": "str"}
        return kinds.get(operation.answer.kind) or spelling.answer(operation.answer.type)

    def _call(self, operation: Operation, names: dict[str, str], returns: str) -> list[str]:
        parts = [repr(operation.id).replace("'", '"')]
        read = reader(self.model, operation.answer.type)
        wait, method = self.face.wait, "_call"
        if operation.paging is not None:
            wait, method = "", "_pages"
            parts.append(read or "None")
        elif operation.answer.kind == "none" or returns == "None":
            method = "_do"
        elif operation.answer.kind == "stream":
            method = "_save"
            parts.append("to")
        elif operation.answer.kind in ("events", "text"):
            method = f"_{operation.answer.kind}"
        elif read is None:
            method = "_any"
        else:
            parts.append(read)
        parts += _parts(operation, names)
        if operation.has_files or operation.answer.kind == "stream":
            parts.append("on_progress=on_progress")
        parts.append("options=options")
        call = f"{wait}self.{method}({', '.join(parts)})"
        if method == "_any" and returns != "Any":
            local = "answer_" if "answer" in names.values() else "answer"
            return [f"        {local}: {returns} = {call}", f"        return {local}"]
        return [f"        {'' if method == '_do' else 'return '}{call}"]


def _must(argument: Argument, either: bool) -> bool:
    """Whether a caller must give it; with a script as the alternative, no body field must."""
    return argument.required and not (either and argument.location in ("body", "script"))


def _parts(operation: Operation, names: dict[str, str]) -> list[str]:
    """The keywords that say what travels where."""
    parts = []
    paths = operation.at("path")
    if any(not a.bound for a in paths):
        bound = [a for a in paths if a.bound]
        if paths[: len(bound)] == bound:
            values = ["*self._path"] if bound else []
            values += [names[a.name] for a in paths[len(bound) :]]
        else:
            values = [f"self._path[{bound.index(a)}]" if a.bound else names[a.name] for a in paths]
        parts.append(f"path=({', '.join(values)},)")
    for keyword, location in (("query", "query"), ("headers", "header")):
        found = operation.at(location)
        if found:
            parts.append(f"{keyword}={_mapping(found, names)}")
    fields = [a for a in operation.arguments if a.location == "body" or a.also_in_body]
    if operation.encodings and fields:
        as_form = operation.has_files or "json" not in operation.encodings
        parts.append(f"{'form' if as_form else 'fields'}={_mapping(fields, names)}")
        _add(parts, "nullable", [a.wire for a in fields if a.nullable])
        _add(parts, "files", [a.wire for a in fields if _is_file(a.type)])
        _add(parts, "repeated", [a.wire for a in fields if a.also_in_body])
        if operation.takes_script:
            _add(parts, "required", [a.wire for a in fields if a.required and a.location == "body"])
    parts += [f"content={names[a.name]}" for a in operation.at("whole_body")]
    parts += [f"script={names[a.name]}" for a in operation.at("script")]
    return parts


def _add(parts: list[str], keyword: str, wires: list[str]) -> None:
    if wires:
        parts.append(f"{keyword}=({', '.join(repr(w) for w in wires)},)")


def _mapping(arguments: list[Argument], names: dict[str, str]) -> str:
    return "{" + ", ".join(f"{a.wire!r}: {names[a.name]}" for a in arguments) + "}"


def _is_file(type_: Type) -> bool:
    if isinstance(type_, Nullable):
        return _is_file(type_.inner)
    if isinstance(type_, ListOf):
        return _is_file(type_.item)
    return isinstance(type_, Scalar) and type_.name == "file"


def _module_name(node: Node) -> str:
    """The family of a node's first operation; roots stand in the module of their API."""
    if not node.name:
        return node.api
    first = next(operation for below in node.walk() for operation in below.operations)
    return safe(snake(first.family), "python")


def _grouped(pairs: object) -> list[str]:
    modules: dict[str, list[str]] = {}
    for module, name in sorted(pairs):  # type: ignore[call-overload]
        modules.setdefault(module, []).append(name)
    return [f"from ...types.{module} import {', '.join(names)}" for module, names in modules.items()]


def _code(body: str) -> str:
    """The lines that run: without docstrings and signatures."""
    without = re.sub(r'r?""".*?"""', "", body, flags=re.S)
    return "\n".join(line for line in without.split("\n") if "self._" in line)


def _scope(operation: Operation) -> str:
    return f"`{operation.scope}`" if operation.scope else "any valid token"


def _quoted(text: str | None) -> str:
    return sentence(text or "").replace("\\", "\\\\").replace('"', "'").replace("\n", " ")
