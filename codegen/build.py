"""Builds the checked model from what the parser read; refuses what does not make sense.

The checks stand where the thing they check is built, so that a model that exists is a model that holds.
"""

from __future__ import annotations

import re
from dataclasses import replace

from codegen.makers import check_makers, read_maker
from codegen.model import (
    GRADES,
    TIERS,
    Answer,
    Argument,
    Family,
    Finder,
    Model,
    NamedType,
    Node,
    Operation,
    Paging,
    class_name,
    field_doc,
)
from codegen.naming import pascal
from codegen.syntax import (
    Body,
    Field,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Object,
    OneOf,
    OperationBlock,
    PageOf,
    Place,
    Scalar,
    Segment,
    Table,
    TableError,
    Type,
    parts,
)
from codegen.types_parser import TypeParser

SAME = Scalar("same")
"""In a body: the value of the query parameter with the same name."""
_PATH_SCALARS = ("string", "int", "id")
_ROOT_NAMES = {"account": "Xano", "instance": "Instance"}
_ROOT_DOCS = {
    "account": "The account API: who you are, your instances, your snippets",
    "instance": "The instance API: everything inside one instance",
}


def build(table: Table) -> Model:
    """Checks the table and makes the model of it."""
    return _Builder(table).build()


class _Builder:
    def __init__(self, table: Table) -> None:
        self.table = table
        self.types: dict[str, NamedType] = {}
        self.used: set[str] = set()

    def build(self) -> Model:
        self._declare_types()
        operations = [self._operation(block) for block in self.table.operations]
        self._check_unique(operations)
        self._check_readers(operations)
        check_makers(operations, self.types)
        for named in list(self.types.values()):
            if named.declared and named.name not in self.used:
                raise TableError(named.place, f"type {named.name} is not used")
        self._mark_uses(operations)
        roots = self._tree(operations)
        families = [
            Family(f.api, f.title, f.about, [o for o in operations if (o.api, o.family) == (f.api, f.title)])
            for f in self.table.families
        ]
        return Model(operations, dict(sorted(self.types.items())), roots, families)

    # Types

    def _declare_types(self) -> None:
        for block in self.table.types:
            if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", block.name):
                raise TableError(block.place, f"type name {block.name!r} is not in PascalCase")
            if block.name in self.types:
                raise TableError(block.place, f"type {block.name} is there twice: {self.types[block.name].place}")
            self.types[block.name] = NamedType(block.name, block.doc, block.type, True, block.place)
        for block in self.table.types:
            named = self.types[block.name]
            if isinstance(block.type, Object):
                named.type = self._object(block.type, block.name)
            else:
                named.type = self._resolve(block.type, block.name, block.place)

    def _object(self, type_: Object, name: str) -> Object:
        fields = tuple(
            replace(
                f, type=self._resolve(f.type, name + pascal(f.name), f.place), doc=field_doc(f, self.table.glossary)
            )
            for f in type_.fields
        )
        return Object(fields, name)

    def _resolve(self, type_: Type, path: str, place: Place) -> Type:
        """Replaces inline objects by names (made from `path`, where they stand) and checks the names in use."""
        if isinstance(type_, Object):
            if not type_.fields:
                return Scalar("object")
            if path in self.types:
                raise TableError(place, f"this object would be called {path}, which exists; declare a type for it")
            self.types[path] = NamedType(path, "", type_, False, place)
            self.types[path].type = self._object(type_, path)
            return Named(path, place)
        if isinstance(type_, Named):
            if type_.name not in self.types:
                raise TableError(type_.place, f"there is no type {type_.name}")
            self.used.add(type_.name)
            return type_
        if isinstance(type_, ListOf):
            return ListOf(self._resolve(type_.item, path, place))
        if isinstance(type_, MapOf):
            return MapOf(self._resolve(type_.value, path, place))
        if isinstance(type_, Nullable):
            return Nullable(self._resolve(type_.inner, path, place))
        if isinstance(type_, PageOf):
            raise TableError(place, "page(…) may only be a whole answer")
        if type_ == SAME:
            raise TableError(place, "`same` repeats a query parameter, so it stands in a body only")
        if isinstance(type_, OneOf):
            options = [
                self._resolve(option, path if n == 0 else f"{path}{n + 1}", place)
                for n, option in enumerate(type_.options)
            ]
            return OneOf(tuple(options))
        return type_

    def _mark_uses(self, operations: list[Operation]) -> None:
        def mark(type_: Type, attribute: str) -> None:
            if isinstance(type_, Named):
                named = self.types[type_.name]
                if not getattr(named, attribute):
                    setattr(named, attribute, True)
                    mark(named.type, attribute)
            for part in parts(type_):
                mark(part, attribute)

        for operation in operations:
            mark(operation.answer.type, "in_answers")
            for argument in operation.arguments:
                mark(argument.type, "in_arguments")

    # Operations

    def _operation(self, block: OperationBlock) -> Operation:
        keys = {key: text for key, (text, _) in block.keys.items()}
        for key in ("name", "doc", "src", "scope"):
            if not keys.get(key):
                raise TableError(block.place, f"{block.method} {block.path} needs `{key}: …`")
        chain = self._chain(block)
        handles, name = chain[:-1], chain[-1].name
        if block.answer_kind is None or block.answer is None:
            raise TableError(block.place, f"{block.method} {block.path} needs `200(…): …`")
        path_name = "".join(pascal(s.name) for s in handles) + pascal(name)
        effect = self._choice(
            block, "effect", ("read", "write", "destroy"), "read" if block.method == "GET" else "write"
        )
        naturally = block.method in ("GET", "HEAD", "PUT", "DELETE") or effect == "read"
        idempotent = self._choice(block, "idempotent", ("yes", "no"), "yes" if naturally else "no")
        src = self._choice(block, "src", tuple(GRADES), "")
        arguments = self._arguments(block, handles, path_name)
        answer, paging = self._answer(block, arguments, path_name)
        return Operation(
            id=".".join([block.api, *(s.name for s in chain)]),
            api=block.api,
            family=block.family,
            method=block.method,
            path=block.path,
            chain=handles,
            name=name,
            doc=keys["doc"],
            src=src,
            scope=None if keys["scope"] == "-" else keys["scope"],
            arguments=arguments,
            encodings=self._encodings(block),
            takes_script=any("script" in b.encodings for b in block.bodies),
            answer=answer,
            paging=paging,
            effect=effect,
            idempotent=idempotent == "yes",
            long=self._choice(block, "timeout", ("normal", "long"), "normal") == "long",
            deprecated=keys.get("deprecated"),
            note=keys.get("note"),
            reads=self._chain_id(block, "reads"),
            makes=read_maker(*block.keys["makes"]) if "makes" in block.keys else None,
            place=block.place,
        )

    @staticmethod
    def _choice(block: OperationBlock, key: str, allowed: tuple[str, ...], default: str) -> str:
        text, place = block.keys.get(key, (default, block.place))
        if text not in allowed:
            raise TableError(place, f"{key} is {text!r}, not one of {', '.join(allowed)}")
        return text

    @staticmethod
    def _chain_id(block: OperationBlock, key: str) -> str | None:
        if key not in block.keys:
            return None
        parser = TypeParser(*block.keys[key])
        chain = parser.chain()
        parser.end()
        return ".".join([block.api, *(s.name for s in chain)])

    def _chain(self, block: OperationBlock) -> tuple[Segment, ...]:
        text, place = block.keys["name"]
        parser = TypeParser(text, place)
        chain = parser.chain()
        parser.end()
        if chain[-1].params:
            raise TableError(place, "the last part of a name is the method and binds nothing")
        names = [f.name for f in block.path_fields]
        placeholders = re.findall(r"\{([^}]*)\}", block.path)
        if names != placeholders:
            raise TableError(
                block.place, f"the path has {placeholders}, its parameters are {names}; same names, same order"
            )
        bound = [p for segment in chain for p in segment.params]
        if bound != [p for p in placeholders if p in bound] or len(set(bound)) != len(bound):
            raise TableError(place, f"the chain binds {bound}, which the path does not hold in this order")
        return chain

    def _arguments(self, block: OperationBlock, handles: tuple[Segment, ...], path_name: str) -> list[Argument]:
        bound = {p for segment in handles for p in segment.params}
        arguments: list[Argument] = []
        finders = self._finders(block, handles)
        for location, fields in (("path", block.path_fields), ("query", block.query), ("header", block.header)):
            for f in fields:
                argument = self._argument(f, location, path_name, f.name in bound and location == "path")
                arguments.append(replace(argument, finder=finders.get(f.name) if location == "path" else None))
        for body in block.bodies:
            arguments = self._with_body(arguments, body, path_name, alone=len(block.bodies) == 1)
        seen: dict[str, Argument] = {}
        for argument in arguments:
            if argument.name in seen:
                raise TableError(
                    argument.place, f"two arguments are called {argument.name!r}; give one another name with `as`"
                )
            seen[argument.name] = argument
            if not argument.doc:
                raise TableError(argument.place, f"{argument.wire!r} has no doc, here or in the glossary")
            if argument.location == "path":
                if not (isinstance(argument.type, Scalar) and argument.type.name in _PATH_SCALARS):
                    raise TableError(argument.place, f"path parameter {argument.wire!r} must be string, int or id")
                if not argument.required or argument.nullable:
                    raise TableError(argument.place, f"path parameter {argument.wire!r} must be required and not null")
        return arguments

    def _finders(self, block: OperationBlock, handles: tuple[Segment, ...]) -> dict[str, Finder]:
        """The finders of the handles that the operation hangs on, by the parameter they find."""
        found: dict[str, Finder] = {}
        for handle in self.table.handles:
            if handle.found_in and handle.api == block.api and handle.chain == handles[: len(handle.chain)]:
                if len(handle.chain[-1].params) != 1:
                    raise TableError(handle.place, "only a handle with one parameter can be found by a name")
                listing = ".".join([handle.api, *(s.name for s in handle.found_in)])
                found[handle.chain[-1].params[0]] = Finder(listing, handle.found_by or "name")
        return found

    def _argument(self, f: Field, location: str, path_name: str, bound: bool) -> Argument:
        type_ = self._resolve(f.type, path_name + pascal(f.name), f.place)
        nullable = isinstance(type_, Nullable)
        inner = type_.inner if isinstance(type_, Nullable) else type_
        doc = field_doc(f, self.table.glossary)
        return Argument(
            name=f.arg,
            wire=f.name,
            location=location,
            type=inner,
            required=f.required,
            place=f.place,
            nullable=nullable,
            default=f.default,
            doc=doc,
            deprecated=f.deprecated,
            bound=bound,
        )

    def _with_body(self, arguments: list[Argument], body: Body, path_name: str, *, alone: bool) -> list[Argument]:
        """The arguments and those that the body brings; `alone`: there is no other body to send instead."""
        if "script" in body.encodings:
            if body.encodings != ("script",):
                raise TableError(body.place, "script stands alone; write the other encodings on a line of their own")
            doc = body.doc or self.table.glossary.get("xanoscript", "") or "The XanoScript source"
            script = Argument("xanoscript", "xanoscript", "script", Scalar("string"), alone, body.place, doc=doc)
            return [*arguments, script]
        if not (isinstance(body.type, Object) and body.type.fields):
            type_ = self._resolve(body.type, path_name + "Body", body.place)
            doc = body.doc or self.table.glossary.get(body.arg, "")
            return [*arguments, Argument(body.arg, body.arg, "whole_body", type_, True, body.place, doc=doc)]
        repeated = [f for f in body.type.fields if f.type == SAME]
        queries = {a.wire for a in arguments if a.location == "query"}
        for f in repeated:
            if f.name not in queries:
                raise TableError(f.place, f"there is no query parameter {f.name!r} to repeat")
        names = {f.name for f in repeated}
        return [
            *(replace(a, also_in_body=a.location == "query" and a.wire in names) for a in arguments),
            *(self._argument(f, "body", path_name, False) for f in body.type.fields if f not in repeated),
        ]

    @staticmethod
    def _encodings(block: OperationBlock) -> tuple[str, ...]:
        bodies = [b for b in block.bodies if "script" not in b.encodings]
        if len(bodies) > 1 or len(block.bodies) > 2:
            raise TableError(block.bodies[-1].place, "at most one field body and one script body")
        if bodies and block.method in ("GET", "HEAD"):
            raise TableError(bodies[0].place, f"{block.method} takes no body")
        return bodies[0].encodings if bodies else ()

    def _answer(self, block: OperationBlock, arguments: list[Argument], path_name: str) -> tuple[Answer, Paging | None]:
        assert block.answer_kind is not None
        assert block.answer is not None
        text, place = block.keys.get("paging", ("", block.place))
        if not isinstance(block.answer, PageOf):
            if text:
                raise TableError(place, "`paging` needs an answer of page(…)")
            return Answer(block.answer_kind, self._resolve(block.answer, path_name + "Answer", block.place)), None
        match = re.fullmatch(r"(\w+)(?:\((\d+)\))?", text)
        if not match or match[1] not in TIERS:
            raise TableError(place, f"a page(…) answer needs `paging:` with one of {', '.join(TIERS)}")
        if (match[1] in ("array", "fixed")) != (match[2] is not None):
            raise TableError(place, "array(N) and fixed(N) take a page size, the other tiers none")
        where = next((a.location for a in arguments if a.wire == "page" and a.location in ("query", "body")), None)
        if (where is None) != (match[1] == "whole"):
            raise TableError(place, f"tier {match[1]} and {'no' if where is None else 'a'} parameter `page` do not fit")
        item = self._resolve(block.answer.item, path_name + "Item", block.place)
        has_per_page = any(a.wire == "per_page" for a in arguments)
        paging = Paging(match[1], int(match[2]) if match[2] else None, where, has_per_page)
        return Answer(block.answer_kind, item), paging

    def _check_unique(self, operations: list[Operation]) -> None:
        ids: dict[str, Operation] = {}
        routes: dict[tuple[str, str, str], Operation] = {}
        for operation in operations:
            if other := ids.get(operation.id):
                raise TableError(operation.place, f"{operation.id} is there twice: {other.place}")
            route = (operation.api, operation.method, re.sub(r"\{[^}]*\}", "{}", operation.path))
            if other := routes.get(route):
                raise TableError(operation.place, f"{operation.method} {operation.path} is there twice: {other.place}")
            ids[operation.id] = routes[route] = operation

    @staticmethod
    def _check_readers(operations: list[Operation]) -> None:
        by_id = {o.id: o for o in operations}
        for operation in operations:
            if operation.reads is None:
                continue
            reader = by_id.get(operation.reads)
            if reader is None or reader.effect != "read" or reader.chain != operation.chain:
                raise TableError(operation.place, f"{operation.reads} does not read what {operation.id} replaces")
            if reader.paging and len(operation.at("body")) != 1:
                raise TableError(operation.place, f"{operation.id} must take the one list that {operation.reads} reads")

    # The tree of handles

    def _tree(self, operations: list[Operation]) -> dict[str, Node]:
        docs = {(h.api, h.chain): h for h in self.table.handles}
        if len(docs) != len(self.table.handles):
            seen: set[tuple[str, tuple[Segment, ...]]] = set()
            for handle in self.table.handles:
                if (handle.api, handle.chain) in seen:
                    raise TableError(handle.place, "this handle is explained twice")
                seen.add((handle.api, handle.chain))
        roots = {api: Node(api, "", (), (), name, _ROOT_DOCS[api]) for api, name in _ROOT_NAMES.items()}
        classes: dict[str, str] = dict.fromkeys(_ROOT_NAMES.values(), "the root")
        at_root = {o.chain[0].name for o in operations if o.chain}
        for operation in operations:
            node = roots[operation.api]
            for depth, segment in enumerate(operation.chain):
                chain = operation.chain[: depth + 1]
                params = tuple(
                    a for p in segment.params for a in operation.arguments if a.wire == p and a.location == "path"
                )
                child = node.children.get(segment.name)
                if child is None:
                    if (operation.api, chain) not in docs:
                        raise TableError(
                            operation.place, f'no `handle {_spell(chain)} "…"` explains this part of the name'
                        )
                    child = Node(
                        operation.api,
                        segment.name,
                        params,
                        node.bound + params,
                        class_name(chain, at_root),
                        docs[operation.api, chain].doc,
                        docs[operation.api, chain].more_in,
                    )
                    if child.class_name in self.types or child.class_name in classes:
                        raise TableError(operation.place, f"two things would be called {child.class_name}")
                    classes[child.class_name] = _spell(chain)
                    node.children[segment.name] = child
                elif [(a.name, a.type) for a in child.params] != [(a.name, a.type) for a in params]:
                    raise TableError(
                        operation.place, f"{_spell(chain)} binds other parameters elsewhere, or other types of them"
                    )
                node = child
            node.operations.append(operation)
        self._check_handles(operations)
        for root in roots.values():
            for node in root.walk():
                for operation in node.operations:
                    if operation.name in node.children:
                        raise TableError(operation.place, f"{operation.name!r} is both a method and a handle")
        return roots

    def _check_handles(self, operations: list[Operation]) -> None:
        chains = {(o.api, o.chain[: n + 1]) for o in operations for n in range(len(o.chain))}
        by_id = {o.id: o for o in operations}
        for handle in self.table.handles:
            if (handle.api, handle.chain) not in chains:
                raise TableError(handle.place, f"no operation uses the handle {_spell(handle.chain)}")
            if handle.found_in:
                listing = by_id.get(".".join([handle.api, *(s.name for s in handle.found_in)]))
                if listing is None or listing.paging is None:
                    raise TableError(
                        handle.place, f"{_spell(handle.found_in)} is no listing, so nothing can be found in it"
                    )
                above = {p for segment in handle.chain[:-1] for p in segment.params}
                if not {a.wire for a in listing.at("path")} <= above:
                    raise TableError(
                        handle.place, f"{_spell(handle.found_in)} needs parameters that the handle does not bind"
                    )


def _spell(chain: tuple[Segment, ...]) -> str:
    return ".".join(s.name + (f"({', '.join(s.params)})" if s.params else "") for s in chain)
