"""Writes the TypeScript face: interfaces, one file of classes per family, and an index of their types.

A generated method is its documentation, its typed parameters and one call into the hand-written heart
(`bindings-node/ts/resource.ts`), which packs the arguments as the operation's row says. Files load each other only when
a getter is used, so that a program pays for the families it touches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from codegen.makers import made_types
from codegen.model import Argument, Model, Node, Operation
from codegen.naming import camel, pascal, safe, words
from codegen.output import MARK, Output
from codegen.syntax import ListOf, Scalar, TableError
from codegen.typescript_makers import add, constructors_file, edit, maker_rows
from codegen.typescript_types import Types, field_doc, helpers, key, quote, sentence, tsdoc, union

FOLDER = "bindings-node/ts/generated"
_TAKEN = frozenset(
    "constructor then catch finally toString toJSON valueOf client close instance request stats hasOwnProperty".split()
)
"""Members that the hand-written classes have, or that mean something to the language."""
_HEART = ("Resource", "call", "callText", "callVoid", "child", "download", "events", "list")
_MAKING = ("add", "editFields", "editList")
_MAKING_TYPES = ("Change", "Maker")
_HEART_TYPES = ("CallOptions", "Download", "EventStream", "Operation", "Pager")


def emit(model: Model) -> Output:
    """All files of the face."""
    types = Types(model)
    groups = _group(model)
    files = {f"{FOLDER}/types.ts": _types_file(model, types)}
    params: dict[str, tuple[str, str]] = {}
    for group in groups.values():
        classes = _Classes(types, group, groups)
        files[f"{FOLDER}/{group.file}.ts"] = classes.emit()
        params |= {operation: (name, group.file) for operation, name in classes.named.items()}
    makers = made_types(model)
    if makers:
        files[f"{FOLDER}/constructors.ts"] = constructors_file(model, types, params)
    files[f"{FOLDER}/index.ts"] = _index_file(groups, list(makers))
    return Output(files, owned=(FOLDER,))


def _types_file(model: Model, types: Types) -> str:
    body = "\n".join(types.declare(named) for named in model.types.values())
    used = helpers(body)
    imports = f"import type {{ {', '.join(used)} }} from '../values.js'\n\n" if used else ""
    return f"// {MARK}\n\n{imports}{body}"


def _index_file(groups: dict[str, _Group], makers: list[str]) -> str:
    lines = ["export type * from './types.js'"]
    lines += [f"export type * from './{name}.js'" for name in sorted(groups)]
    if makers:
        # Named here, they come before the types of the same names above.
        lines.append(f"export {{ {', '.join(makers)} }} from './constructors.js'")
    return f"// {MARK}\n\n" + "\n".join(lines) + "\n"


@dataclass
class _Group:
    """The nodes that share a file."""

    file: str
    nodes: list[Node] = field(default_factory=list)


def _group(model: Model) -> dict[str, _Group]:
    groups: dict[str, _Group] = {}
    for root in model.roots.values():
        for node in root.walk():
            name = _file_of(node, root)
            groups.setdefault(name, _Group(name)).nodes.append(node)
    return groups


def _file_of(node: Node, root: Node) -> str:
    """A root has a file of its own; another node stands with its family, that of its first operation."""
    if node is root:
        return root.api
    first = next(operation for n in node.walk() for operation in n.operations)
    slug = "-".join(w.lower() for w in words(first.family))
    return root.api if slug == root.api else f"{root.api}-{slug}"


def class_of(node: Node) -> str:
    """The class a node becomes; roots are bases of the hand-written `Xano` and `Instance`."""
    return node.class_name if node.name else f"{pascal(node.api)}Api"


def _parent(node: Node) -> str:
    """What the class extends: `Resource`, or `RecordsResource` for `more in records`."""
    return f"{pascal(node.more_in or '')}Resource"


class _Classes:
    """Writes one file of classes."""

    def __init__(self, types: Types, group: _Group, groups: dict[str, _Group]) -> None:
        self.types = types
        self.group = group
        self.home = {id(node): g.file for g in groups.values() for node in g.nodes}
        self.params: list[str] = []
        self.rows: list[str] = []
        self.named: dict[str, str] = {}
        """The interface of an operation's parameters."""

    def emit(self) -> str:
        """The file's text."""
        ordered = sorted(self.group.nodes, key=lambda n: len(n.bound) + len(n.class_name) / 1000)
        classes = [self._class(node) for node in ordered]
        body = "\n\n".join([*self.params, *self.rows, *classes])
        return f"// {MARK}\n\n{self._imports(body)}\n{body}\n"

    def _imports(self, body: str) -> str:
        code = re.sub(r"/\*\*.*?\*/", "", body, flags=re.S)
        used = set(re.findall(r"[A-Za-z_$][\w$]*", code))
        heart = [name for name in _HEART if name in used] + [f"type {n}" for n in _HEART_TYPES if n in used]
        making = [n for n in _MAKING if n in used] + [f"type {n}" for n in _MAKING_TYPES if n in used]
        lines = [f"import {{ {', '.join(making)} }} from '../making.js'"] if making else []
        lines.append(f"import {{ {', '.join(heart)} }} from '../resource.js'")
        more = sorted(f"import {{ {_parent(n)} }} from '../{n.more_in}.js'" for n in self.group.nodes if n.more_in)
        lines += more
        if named := helpers(body):
            lines.append(f"import type {{ {', '.join(named)} }} from '../values.js'")
        if named := self.types.mentions(body):
            lines.append(f"import type {{ {', '.join(named)} }} from './types.js'")
        elsewhere: dict[str, list[str]] = {}
        for node in self.group.nodes:
            for child in node.children.values():
                if self.home[id(child)] != self.group.file:
                    elsewhere.setdefault(self.home[id(child)], []).append(class_of(child))
        lines += [f"import type * as {_alias(file)} from './{file}.js'" for file in sorted(elsewhere)]
        return "\n".join(lines) + "\n"

    def _class(self, node: Node) -> str:
        members = [self._child(child) for child in node.children.values()]
        for operation in node.operations:
            members.append(self._method(node, operation))
            if operation.reads is not None:
                members.append(edit(self.types.model, self.types, operation, self.named.get(operation.id, "object")))
        if makers := [o for o in node.operations if o.makes]:
            table = _row_name(node, "makers")
            rows = [(_row_name(node, o.name), o) for o in makers]
            self.rows.append(maker_rows(self.types.model, table, rows))
            members.append(add(self.types, table, makers))
        for name in [*node.children, *(o.name for o in node.operations)]:
            if camel(name) in _TAKEN:
                place = next(o for n in node.walk() for o in n.operations).place
                raise TableError(
                    place, f"{name!r} cannot be a name in TypeScript; the classes have a member of that name"
                )
        abstract = "" if node.name else "abstract "
        doc = tsdoc([sentence(node.doc)])
        head = f"{doc}\nexport {abstract}class {class_of(node)} extends {_parent(node)} {{\n"
        return head + "\n\n".join(members) + "\n}"

    def _child(self, child: Node) -> str:
        file = self.home[id(child)]
        name = class_of(child)
        if file == self.group.file:
            type_, class_ = name, name
        else:
            type_ = f"{_alias(file)}.{name}"
            class_ = f"(require('./{file}.js') as typeof {_alias(file)}).{name}"
        tags = [f"@param {_positional(p)} - {sentence(p.doc)}{_findable(p)}" for p in child.params]
        doc = tsdoc([sentence(child.doc) + (" Makes no request." if child.is_handle else ""), *tags])
        if not child.is_handle:
            return f"{doc}\nget {camel(child.name)}(): {type_} {{\nreturn child({class_}, this)\n}}"
        arguments = ", ".join(f"{_positional(p)}: {self._bound_type(p)}" for p in child.params)
        values = ", ".join(_property(p.wire, _positional(p)) for p in child.params)
        return f"{doc}\n{camel(child.name)}({arguments}): {type_} {{\nreturn child({class_}, this, {{ {values} }})\n}}"

    def _bound_type(self, argument: Argument) -> str:
        """A handle that can be found by a name takes the name as well as the id."""
        spelled = self.types.spell(argument.type, True)
        return spelled if argument.finder is None or spelled.startswith("string") else f"{spelled} | string"

    # Methods

    def _method(self, node: Node, operation: Operation) -> str:
        base = _base(node)
        row = _row_name(node, operation.name)
        self.rows.append(_row(row, operation))
        positional = [a for a in operation.free if a.location == "path"]
        whole = [a for a in operation.free if a.location == "whole_body"]
        if not operation.takes_script:
            positional += whole
        rest = [a for a in operation.free if a not in positional]
        signature = [f"{_positional(a)}: {self._argument_type(a)}" for a in positional]
        given = "undefined"
        if rest:
            name = self.named[operation.id] = f"{base}{pascal(operation.name)}Params"
            self.params.append(self._params(name, operation, rest))
            needed = any(a.required for a in rest) or operation.takes_script
            signature.append(f"params: {name}" if needed else f"params?: {name}")
            given = "params"
        signature.append("options?: CallOptions")
        values = ", ".join(_property(a.name, _positional(a)) for a in positional)
        called = (
            f"(this, {row}, {{ {values} }}, {given}, options)" if values else f"(this, {row}, {{}}, {given}, options)"
        )
        function, result = self._answer(operation)
        doc = self._doc(operation, positional, bool(rest))
        head = f"{camel(operation.name)}({', '.join(signature)}): {result}"
        return f"{doc}\n{head} {{\nreturn {function}{called}\n}}"

    def _argument_type(self, argument: Argument) -> str:
        spelled = self.types.spell(argument.type, True)
        return union([spelled, "null"]) if argument.nullable else spelled

    def _answer(self, operation: Operation) -> tuple[str, str]:
        spelled = self.types.spell(operation.answer.type, False)
        if operation.paging:
            return f"list<{spelled}>", f"Pager<{spelled}>"
        kinds = {
            "json": (f"call<{spelled}>", f"Promise<{spelled}>"),
            "text": ("callText", "Promise<string>"),
            "none": ("callVoid", "Promise<void>"),
            "stream": ("download", "Download"),
            "events": (f"events<{spelled}>", f"EventStream<{spelled}>"),
        }
        return kinds[operation.answer.kind]

    def _params(self, name: str, operation: Operation, rest: list[Argument]) -> str:
        doc = tsdoc([f"Parameters of `{operation.id}`."])
        body = [a for a in rest if a.location in ("body", "whole_body")]
        script = [a for a in rest if a.location == "script"]
        others = [a for a in rest if a not in body and a not in script]
        if not (body and script):
            fields = "\n".join(self._property(a, a.required or a in script) for a in rest)
            return f"{doc}\nexport interface {name} {{\n{fields}\n}}"
        source = self._property(script[0], True)
        never = "\n".join(f"{key(a.name)}?: never" for a in body)
        fields = "\n".join(self._property(a, a.required) for a in body)
        both = "\n".join(self._property(a, a.required) for a in others)
        return (
            f"{doc}\nexport type {name} = {{\n{both}\n}} & (\n"
            f"| {{\n{source}\n{never}\n}}\n| {{\nxanoscript?: never\n{fields}\n}}\n)"
        )

    def _property(self, argument: Argument, required: bool) -> str:
        lines = field_doc(argument.doc, argument.default, argument.deprecated)
        doc = f"{tsdoc(lines)}\n" if lines else ""
        return f"{doc}{key(argument.name)}{'' if required else '?'}: {self._argument_type(argument)}"

    def _doc(self, operation: Operation, positional: list[Argument], has_params: bool) -> str:
        lines = [sentence(paragraph) for paragraph in operation.doc.split("\n")]
        if operation.effect == "destroy":
            lines.append("**This cannot be undone.**")
        if operation.note:
            lines.append(sentence(operation.note))
        if operation.unpublished:
            lines.append(
                "Not in the published reference: known only from Xano's own tools, so it may change unannounced."
            )
        scope = f"Token scope: {operation.scope}." if operation.scope else ""
        lines.append(f"{scope} `{operation.method} {operation.path}`".strip())
        lines += [f"@param {_positional(a)} - {sentence(a.doc)}" for a in positional]
        if has_params:
            lines.append(
                "@param params - What to send; a property that is undefined is not sent, null is sent as null."
            )
        lines.append("@param options - Signal, limits and headers of this call alone.")
        lines.append(f"@returns {_returns(operation)}")
        lines.append("@throws {@link XanoError} as one of its classes, which say what happened and what to do.")
        if operation.deprecated:
            lines.append(f"@deprecated {sentence(operation.deprecated)}")
        return tsdoc(lines)


def _base(node: Node) -> str:
    return class_of(node).removesuffix("Handle") if node.name else node.class_name


def _row_name(node: Node, name: str) -> str:
    """The constant that holds what the heart has to know of a method."""
    return "_".join(w.upper() for w in words(f"{_base(node)}_{name}"))


def _returns(operation: Operation) -> str:
    if operation.paging:
        return "A pager: `await` it for the first page, loop over it with `for await` for every item."
    return {
        "json": "The answer as plain data; fields this version does not know are kept.",
        "text": "The answer as text.",
        "none": "Nothing, once the server has confirmed.",
        "stream": "A download, which starts when it is saved or read.",
        "events": "The events, as they come; the request starts with the first.",
    }[operation.answer.kind]


def _row(name: str, operation: Operation) -> str:
    """What the heart has to know to pack the arguments."""
    parts = [f"id: {quote(operation.id)}"]
    if path := operation.at("path"):
        parts.append(f"path: [{', '.join(quote(a.wire) for a in path)}]")
    fields = [a for a in operation.arguments if a.location != "path"]
    if fields:
        parts.append(f"fields: {{ {', '.join(f'{key(a.name)}: {_field(a)}' for a in fields)} }}")
    if operation.encodings and (operation.has_files or operation.encodings == ("multipart",)):
        parts.append("form: true")
    return f"const {name}: Operation = {{ {', '.join(parts)} }}"


def _field(argument: Argument) -> str:
    where = {"whole_body": "whole"}.get(argument.location, argument.location)
    parts = [f"in: {quote(where)}"]
    if argument.wire != argument.name:
        parts.append(f"wire: {quote(argument.wire)}")
    if argument.required:
        parts.append("required: true")
    if argument.nullable or _takes_null(argument):
        parts.append("nullable: true")
    if isinstance(argument.type, ListOf):
        parts.append("list: true")
    if argument.also_in_body:
        parts.append("alsoInBody: true")
    if argument.location == "body" and _is_file(argument):
        parts.append("file: true")
    return f"{{ {', '.join(parts)} }}"


def _takes_null(argument: Argument) -> bool:
    return isinstance(argument.type, Scalar) and argument.type.name in ("any", "null")


def _is_file(argument: Argument) -> bool:
    type_ = argument.type.item if isinstance(argument.type, ListOf) else argument.type
    return isinstance(type_, Scalar) and type_.name == "file"


def _positional(argument: Argument) -> str:
    return safe(camel(argument.name), "typescript")


def _property(name: str, value: str) -> str:
    return value if key(name) == value else f"{key(name)}: {value}"


def _findable(argument: Argument) -> str:
    if argument.finder is None:
        return ""
    return f" Its {argument.finder.field} will do as well: it is looked up once, by the first call that needs it."


def _alias(file: str) -> str:
    return camel(file) + "File"
