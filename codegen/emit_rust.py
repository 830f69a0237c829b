"""Writes the Rust face: the operation table that the engine reads, structs, handles, and a dispatcher for tests.

A generated method is one line that makes a draft, a setter one line that fills it in; `core/src/typed/` is the
hand-written heart behind both. The dispatcher turns an operation's id and JSON arguments into a typed call, so that the
shared cases and the conformance run go through every typed method.
"""

from __future__ import annotations

import re
from dataclasses import replace

from codegen.model import Argument, Model, Node, Operation
from codegen.naming import pascal, safe, words
from codegen.output import MARK, Output
from codegen.rust_makers import add, constructors, edit, maker_rows
from codegen.rust_types import Types, quote, rustdoc
from codegen.syntax import Enum, ListOf, MapOf, Named, Nullable, Object, PageOf, Scalar, TableError, Type

FOLDER = "core/src/api"
DISPATCH = "core/tests/generated/dispatch.rs"
_TAKEN = frozenset({"options", "reply", "pages", "items", "all"})
"""Methods that every draft has."""
_KINDS = {"string": "String", "int": "Int", "number": "Number", "bool": "Bool", "id": "IntOrString"}
_ANSWERS = {"json": "Json", "text": "Text", "stream": "Stream", "events": "Events", "none": "Empty"}


def emit(model: Model) -> Output:
    """All files of the face."""
    types = Types(model)
    groups = _group(model)
    files = {
        f"{FOLDER}/mod.rs": _mod_file(groups),
        f"{FOLDER}/operations.rs": _table_file(model),
        f"{FOLDER}/types.rs": _types_file(model, types),
        DISPATCH: _dispatch_file(model, types),
    }
    for name, nodes in groups.items():
        files[f"{FOLDER}/{name}.rs"] = _handles_file(nodes, types)
    return Output(files, owned=(FOLDER, "core/tests/generated"))


def marker(operation: Operation) -> str:
    """The type that stands for an operation: `account.me` is `AccountMe`."""
    return "".join(pascal(part) for part in operation.id.split("."))


def arguments(operation: Operation) -> tuple[list[Argument], list[Argument]]:
    """The arguments of the method and those that are set afterwards."""
    either = operation.takes_script and bool(operation.encodings)
    first = [a for a in operation.free if a.required and not (either and a.location == "body")]
    return first, [a for a in operation.free if a not in first]


# The table


def _table_file(model: Model) -> str:
    rows = "".join(_row(o) for o in sorted(model.operations, key=lambda o: o.id))
    imports = (
        "use crate::operation::{AnswerKind, Api, BodyKinds, Method, Operation, PagePlace, Paging, Param, ParamKind,"
        " Tier, TimeoutClass};\n"
    )
    return (
        f"// {MARK}\n\n//! The operation table.\n\n{imports}\n"
        f"/// Every operation, sorted by id.\npub static OPERATIONS: &[Operation] = &[\n{rows}];\n"
    )


def _row(operation: Operation) -> str:
    either = operation.takes_script and bool(operation.encodings)
    needed = any(a.required for a in operation.at("body", "whole_body", "script")) and not either
    body = (
        f"BodyKinds {{ required: {_bool(needed)}, json: {_bool('json' in operation.encodings)}, "
        f"multipart: {_bool('multipart' in operation.encodings)}, script: {_bool(operation.takes_script)} }}"
        if operation.encodings or operation.takes_script
        else "BodyKinds::NONE"
    )
    return (
        f"Operation {{ id: {quote(operation.id)}, api: Api::{pascal(operation.api)}, "
        f"method: Method::{operation.method.capitalize()}, path: {quote(operation.path)}, "
        f"path_params: &[{_params(operation, 'path')}], query: &[{_params(operation, 'query')}], "
        f"headers: &[{_params(operation, 'header')}], body: {body}, "
        f"answer: AnswerKind::{_ANSWERS[operation.answer.kind]}, owes: {_bool(_owes(operation))}, "
        f"paging: {_paging(operation)}, "
        f"scope: {_option(operation.scope)}, idempotent: {_bool(operation.idempotent)}, "
        f"timeout: TimeoutClass::{'Long' if operation.long else 'Normal'}, "
        f"writes: {_bool(operation.effect != 'read')}, destructive: {_bool(operation.effect == 'destroy')}, "
        f"deprecated: {_bool(operation.deprecated is not None)}, unpublished: {_bool(operation.unpublished)} }},\n"
    )


def _owes(operation: Operation) -> bool:
    """Whether a list or an object is promised, so that no answer at all is a broken one."""
    promised = operation.answer.type
    return operation.answer.kind == "json" and isinstance(promised, (ListOf, MapOf, PageOf, Named, Object))


def _params(operation: Operation, location: str) -> str:
    return ", ".join(_param(a) for a in operation.at(location))


def _param(argument: Argument) -> str:
    kind, choices = _kind(argument.type)
    text = f"Param::new({quote(argument.wire)}, ParamKind::{kind})"
    if argument.required:
        text += ".required()"
    if argument.nullable:
        text += ".nullable()"
    if choices:
        text += f".choices(&[{', '.join(quote(c) for c in choices)}])"
    if argument.finder:
        text += f".found_by({quote(argument.finder.field)}, {quote(argument.finder.operation)})"
    return text


def _kind(type_: Type) -> tuple[str, tuple[str, ...]]:
    if isinstance(type_, Nullable):
        return _kind(type_.inner)
    if isinstance(type_, Enum):
        return "String", type_.values
    if isinstance(type_, ListOf):
        return "List", _kind(type_.item)[1]
    return (_KINDS.get(type_.name, "Json") if isinstance(type_, Scalar) else "Json"), ()


def _paging(operation: Operation) -> str:
    paging = operation.paging
    if paging is None:
        return "None"
    place = f"Some(PagePlace::{pascal(paging.location)})" if paging.location else "None"
    return (
        f"Some(Paging {{ tier: Tier::{pascal(paging.tier)}, size: {paging.size or 0}, place: {place}, "
        f"per_page: {_bool(paging.has_per_page)} }})"
    )


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _option(text: str | None) -> str:
    return "None" if text is None else f"Some({quote(text)})"


# Structs


def _types_file(model: Model, types: Types) -> str:
    body = "\n".join(types.declare(named) for named in model.types.values())
    body += f"\n{constructors(model, types)}"
    imports = [
        "use serde::{Deserialize, Serialize};",
        "use serde_json::{Map, Value};",
        _used("use crate::typed::{{{}}};", ("Id", "Script", "Time"), body),
        "use crate::typed::tolerant;",
    ]
    if "BTreeMap<" in body:
        imports.insert(0, "use std::collections::BTreeMap;\n")
    return f"// {MARK}\n\n//! What the API answers and takes.\n\n" + "\n".join(imports) + f"\n\n{body}"


def _used(line: str, names: tuple[str, ...], body: str) -> str:
    return line.format(", ".join(name for name in names if name in words_of(body)))


def words_of(text: str) -> set[str]:
    """The identifiers in a text, apart from its comments and literals."""
    text = re.sub(r'"(\\.|[^"\\])*"', "", re.sub(r"//[^\n]*", "", text))
    return set("".join(c if c.isalnum() or c == "_" else " " for c in text).split())


# Handles


def _group(model: Model) -> dict[str, list[Node]]:
    groups: dict[str, list[Node]] = {}
    for api, root in model.roots.items():
        for node in root.walk():
            first = next((o for n in node.walk() for o in n.operations), None)
            slug = "_".join(w.lower() for w in words(first.family)) if first and node is not root else api
            groups.setdefault(api if slug == api else f"{api}_{slug}", []).append(node)
    return groups


def _mod_file(groups: dict[str, list[Node]]) -> str:
    modules = "".join(f"pub mod {name};\n" for name in sorted(groups))
    exports = "".join(
        f"pub use {name}::{{{', '.join(sorted(n.class_name for n in nodes))}}};\n"
        for name, nodes in sorted(groups.items())
    )
    return (
        f"// {MARK}\n\n//! The typed methods, the values they take and give, and the operation table.\n//!\n"
        '//! Handles follow the URL: `xano.snippet("x").tokens()` stands for `/snippet/x/token`. See '
        "[`Xano`] and\n//! [`Instance`], where every chain begins.\n\n"
        "#![allow(clippy::pub_underscore_fields, clippy::struct_excessive_bools, clippy::too_many_arguments, "
        'reason = "names and shapes are the API\'s")]\n\n'
        f"{modules}mod operations;\nmod types;\n\n{exports}pub use operations::OPERATIONS;\npub use types::*;\n"
    )


def _handles_file(nodes: list[Node], types: Types) -> str:
    body = "\n".join(_node(node, types) for node in nodes)
    known = words_of(body)
    lines = [
        "use serde::Serialize;" if "Serialize" in known else "",
        "use serde_json::{Map, Value};" if {"Map", "Value"} <= known else "",
        "use serde_json::Map;" if "Map" in known and "Value" not in known else "",
        "use serde_json::Value;" if "Value" in known and "Map" not in known else "",
        "use std::collections::BTreeMap;" if "BTreeMap" in known else "",
        '#[allow(clippy::wildcard_imports, reason = "every value of the API may occur")]\nuse super::types::*;'
        if known & set(types.model.types)
        else "",
        _used(
            "use crate::typed::{{{}}};", ("Call", "Edit", "Fetch", "Id", "List", "Maker", "Node", "Time", "op"), body
        ),
        "use crate::body::Part;" if "Part" in known else "",
        "use crate::request::Value as Param;" if "Param" in known else "",
    ]
    own = {n.class_name for n in nodes}
    others = sorted({c.class_name for n in nodes for c in n.children.values()} - own)
    lines += [f"use super::{{{', '.join(others)}}};" if others else ""]
    family = next((o.family for n in nodes for m in n.walk() for o in m.operations), "Nothing yet")
    return f"// {MARK}\n\n//! {family}.\n\n" + "\n".join(line for line in lines if line) + f"\n\n{body}"


def _node(node: Node, types: Types) -> str:
    methods = "".join(_child(child) for child in node.children.values())
    markers = "".join(_marker(operation, types) for operation in node.operations)
    for operation in node.operations:
        methods += _method(operation, types)
        if operation.reads is not None:
            reads = next(o for o in types.model.operations if o.id == operation.reads)
            methods += edit(types.model, types, operation, marker(reads), marker(operation))
    if makers := [o for o in node.operations if o.makes]:
        one = replace(makers[0], id=f"{makers[0].id.rpartition('.')[0]}.add")
        table = "_".join(w.upper() for w in words(f"{node.class_name}_makers"))
        methods += add(makers, marker(one), table)
        doc = f"Whichever operation adds a [`{makers[0].makes.type}`] of its kind." if makers[0].makes else ""
        markers += f"op! {{ {rustdoc(doc)}{marker(one)}, {quote(one.id)}, json {types.plain(one.answer.type)} }}\n"
        markers += maker_rows(types.model, makers, table)
    setters = "".join(_setters(operation, types) for operation in node.operations)
    return (
        f"{rustdoc(node.doc + '.')}#[derive(Clone, Debug)]\n"
        f"pub struct {node.class_name} {{ pub(crate) node: Node }}\n\n"
        f"impl {node.class_name} {{\n{methods}}}\n\n{markers}\n{setters}"
    )


def _child(child: Node) -> str:
    names = [safe(a.name, "rust") for a in child.params]
    parameters = "".join(f", {name}: impl Into<Param>" for name in names)
    bound = "self.node" + "".join(f".with({name})" for name in names) if names else "self.node.clone()"
    doc = child.doc + "."
    for a in child.params:
        named = f" Or its {a.finder.field}, which is looked up and remembered." if a.finder else ""
        doc += f"\n\n- `{safe(a.name, 'rust')}`: {a.doc}.{named}"
    return (
        f"{rustdoc(doc)}#[must_use]\npub fn {safe(child.name, 'rust')}(&self{parameters}) -> {child.class_name} "
        f"{{ {child.class_name} {{ node: {bound} }} }}\n"
    )


def _wrapper(operation: Operation) -> str:
    if operation.paging:
        return "List"
    return "Fetch" if operation.answer.kind in ("stream", "events") else "Call"


def _marker(operation: Operation, types: Types) -> str:
    kind = operation.answer.kind
    answer = f"json {types.plain(operation.answer.type)}" if kind == "json" or operation.paging else "none"
    answer = "text" if kind == "text" and not operation.paging else answer
    doc = rustdoc(f"The operation `{operation.id}`.")
    return f"op! {{ {doc}{marker(operation)}, {quote(operation.id)}, {answer} }}\n"


def _doc(operation: Operation, first: list[Argument]) -> str:
    doc = operation.doc
    if operation.effect == "destroy":
        doc += "\n\n**This cannot be undone.**"
    if first:
        doc += "\n\n" + "\n".join(f"- `{_name(a)}`: {a.doc}." for a in first)
    doc += f"\n\nScope: {operation.scope or 'none published'}. `{operation.method} {operation.path}`."
    if operation.unpublished:
        doc += " Seen only in Xano's own tools."
    if operation.note:
        doc += f"\n\n{operation.note}"
    return rustdoc(doc)


def _name(argument: Argument) -> str:
    name = safe(argument.name, "rust")
    return f"{name}_" if name in _TAKEN else name


def _method(operation: Operation, types: Types) -> str:
    first, _ = arguments(operation)
    parameters = "".join(f", {_name(a)}: {_parameter(a, types)}" for a in first)
    call = f"{_wrapper(operation)}::new(&self.node)"
    kind = f"{_wrapper(operation)}<{marker(operation)}>"
    if first:
        fills = "".join(_fill(a, operation, types) for a in first)
        body = f"let mut call = {call};\n{fills}call"
    else:
        body = call
    deprecated = ""
    if operation.deprecated:
        deprecated = f"#[deprecated = {quote(operation.deprecated)}]\n"
    return (
        f"{_doc(operation, first)}{deprecated}pub fn {safe(operation.name, 'rust')}(&self{parameters}) -> {kind} "
        f"{{ {body} }}\n"
    )


def _parameter(argument: Argument, types: Types) -> str:
    if argument.location == "path":
        return "impl Into<Param>"
    if _is_file(argument.type):
        return "Part"
    if argument.location == "query" and isinstance(argument.type, ListOf):
        return "&[impl AsRef<str>]"
    return types.form(argument.type, nullable=argument.nullable).parameter


def _fill(argument: Argument, operation: Operation, types: Types) -> str:
    name, wire = _name(argument), quote(argument.wire)
    if argument.location == "path":
        return f"call.draft.path({name});\n"
    if argument.location == "script":
        return f"call.draft.script({name});\n"
    if _is_file(argument.type):
        return f"call.draft.part({wire}, {name});\n"
    if argument.location == "query" and isinstance(argument.type, ListOf):
        if argument.also_in_body:
            raise TableError(argument.place, f"{operation.id}: a list cannot be repeated in the body yet")
        return f"call.draft.query_list({wire}, {name}.iter().map(AsRef::as_ref));\n"
    form = types.form(argument.type, nullable=argument.nullable)
    value = form.pass_on.format(name)
    if argument.location == "whole_body":
        return f"call.draft.whole({name});\n" if form.parameter.startswith("&") else f"call.draft.whole(&{value});\n"
    if argument.location == "body":
        typed = ": String" if form.parameter == "impl Into<String>" else ""
        typed = ": Id" if form.parameter == "impl Into<Id>" else typed
        if typed:
            return f"let {name}{typed} = {value};\ncall.draft.field({wire}, &{name});\n"
        borrowed = value if form.parameter.startswith("&") else f"&{value}"
        return f"call.draft.field({wire}, {borrowed});\n"
    if form.parameter == "impl Into<String>":
        text = f"let {name}: String = {name}.into();\n"
        if argument.also_in_body:
            text += f"call.draft.repeat({wire}, {name}.as_str());\n"
        return f"{text}call.draft.{argument.location}({wire}, {name});\n"
    if form.parameter not in ("i64", "f64", "bool", "Option<i64>", "Option<f64>", "Option<bool>", "Option<&str>"):
        raise TableError(
            argument.place, f"{operation.id}: no way yet to put {form.parameter} into a {argument.location}"
        )
    text = f"call.draft.repeat({wire}, {name});\n" if argument.also_in_body else ""
    return f"{text}call.draft.{argument.location}({wire}, {name});\n"


def _is_file(type_: Type) -> bool:
    return isinstance(type_, Scalar) and type_.name == "file"


def _setters(operation: Operation, types: Types) -> str:
    _, later = arguments(operation)
    if not later:
        return ""
    text = ""
    for a in later:
        fill = _fill(a, operation, types).replace("call.draft", "self.draft")
        deprecated = "\n\nDeprecated." if a.deprecated else ""
        text += (
            f"{rustdoc(a.doc + '.' + deprecated)}pub fn {_name(a)}(mut self, {_name(a)}: "
            f"{_parameter(a, types)}) -> Self {{\n{fill}self }}\n"
        )
    return f"/// Optional arguments.\nimpl {_wrapper(operation)}<{marker(operation)}> {{\n{text}}}\n\n"


# The dispatcher for tests


def _dispatch_file(model: Model, types: Types) -> str:
    arms = "".join(_arm(o, types) for o in sorted(model.operations, key=lambda o: o.id))
    return (
        f"// {MARK}\n\n//! From an operation's id and JSON arguments to a call of its typed method.\n\n"
        '#[allow(clippy::wildcard_imports, reason = "every value of the API may occur")]\n'
        "use xano_metadata::api::*;\nuse xano_metadata::{Id, Instance, Xano};\nuse serde_json::{Map, Value};\n"
        "use super::{Answer, Given, drain, json};\n\n"
        '#[allow(deprecated, clippy::too_many_lines, reason = "one arm an operation")]\n'
        "/// Calls the operation; none when there is no such operation.\n"
        "pub fn dispatch(xano: &Xano, instance: &Instance, id: &str, given: Given) -> Option<Answer> {\n"
        "let (xano, instance) = (xano.clone(), instance.clone());\n"
        f"Some(match id {{\n{arms}_ => return None,\n}})\n}}\n"
    )


def _arm(operation: Operation, types: Types) -> str:
    chain = "xano" if operation.api == "account" else "instance"
    for segment in operation.chain:
        values = ", ".join(f"given.value({quote(p)})" for p in segment.params)
        chain += f".{safe(segment.name, 'rust')}({values})"
    first, later = arguments(operation)
    call = f"{chain}.{safe(operation.name, 'rust')}({', '.join(_read(a, types) for a in first)})"
    sets = "".join(f"if given.has({quote(a.name)}) {{ call = call.{_name(a)}({_read(a, types)}); }}\n" for a in later)
    end = {
        "List": "json(&call.options(given.options()).all().await?)",
        "Fetch": "drain(call.options(given.options()).await?).await",
    }
    outcome = end.get(_wrapper(operation), "json(&call.options(given.options()).await?)")
    let = "let mut call" if later else "let call"
    return f"{quote(operation.id)} => Box::pin(async move {{ {let} = {call};\n{sets}{outcome} }}),\n"


def _read(argument: Argument, types: Types) -> str:
    literal = quote(argument.name)
    if argument.location == "path":
        return f"given.value({literal})"
    if _is_file(argument.type):
        return f"given.part({literal})"
    if argument.location == "query" and isinstance(argument.type, ListOf):
        return f"&given.texts({literal})"
    return types.form(argument.type, nullable=argument.nullable).from_json.format(literal)
