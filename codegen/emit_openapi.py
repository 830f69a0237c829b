"""OpenAPI 3.0 from the model: `openapi/account.json` and `openapi/instance.json`, for outside tools to check us with.

3.0 rather than 3.1, because mock servers and fuzzers know it best. What OpenAPI has no word for travels in `x-` keys.
"""

from __future__ import annotations

import json
from typing import Any

from codegen.model import Argument, Model, Operation
from codegen.output import MARK, Output
from codegen.syntax import (
    MISSING,
    Enum,
    Field,
    ListOf,
    MapOf,
    Named,
    Nullable,
    OneOf,
    PageOf,
    Scalar,
    Type,
    parts,
)

Schema = dict[str, Any]

SCALARS: dict[str, Schema] = {
    "string": {"type": "string"},
    "int": {"type": "integer", "format": "int64"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "any": {},
    "null": {"nullable": True, "enum": [None]},
    "object": {"type": "object"},
    "file": {"type": "string", "format": "binary"},
    "time": {"anyOf": [{"type": "integer", "format": "int64"}, {"type": "string"}]},
    "id": {"anyOf": [{"type": "integer", "format": "int64"}, {"type": "string"}]},
    "script": {"anyOf": [{"type": "string"}, {"type": "object"}]},
}
MEDIA = {"json": "application/json", "multipart": "multipart/form-data"}
ANSWER_MEDIA = {
    "json": ("application/json",),
    "none": ("application/json",),
    # Text comes under many names, and JSON and YAML are text as well.
    "text": ("text/plain", "text/x-xanoscript", "application/yaml", "application/json"),
    "stream": ("application/octet-stream",),
    "events": ("text/event-stream",),
}
DOCUMENTS = ("application/json", "application/yaml")
"""What tools read as a document of any shape, though it is text to us."""
SERVERS: dict[str, Schema] = {
    "account": {"url": "https://app.xano.com/api:meta"},
    "instance": {
        "url": "https://{host}/api:meta",
        "variables": {"host": {"default": "localhost", "description": "Host of the instance"}},
    },
}
ERRORS = {
    "400": "The input is wrong; `payload.param` names the field",
    "401": "The token is missing, unknown, expired or revoked",
    "403": "The token lacks the scope, or its owner lacks the right",
    "404": "There is no such thing",
    "429": "Too many requests in the window",
    "500": "The server failed, or refused with a dishonest status",
}


def emit(model: Model) -> Output:
    """One document an API."""
    files = {f"openapi/{api}.json": json.dumps(document(model, api), indent=1) + "\n" for api in model.roots}
    return Output(files, owned=("openapi",))


def document(model: Model, api: str) -> Schema:
    """The OpenAPI document of one API."""
    operations = [o for o in model.operations if o.api == api]
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    used = _used_types(model, operations)
    schemas = {name: _named(model, name) for name in used}
    return {
        "openapi": "3.0.3",
        "x-generated": MARK,
        "info": {
            "title": f"Xano Metadata API: {api}",
            "version": "0.1.0",
            "description": "Written from published facts by the independent project xano-metadata; not made by Xano.",
        },
        "servers": [SERVERS[api]],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": _error(), **schemas},
            "responses": {
                f"Error{code}": {
                    "description": text,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
                }
                for code, text in ERRORS.items()
            },
        },
    }


def _error() -> Schema:
    return {
        "type": "object",
        "required": ["code", "message"],
        "properties": {"code": {"type": "string"}, "message": {"type": "string"}, "payload": {}},
    }


def _operation(operation: Operation) -> Schema:
    result: Schema = {
        "operationId": operation.id,
        "tags": [operation.family],
        "summary": operation.doc.split(". ")[0].rstrip("."),
        "description": "\n\n".join(filter(None, [operation.doc, operation.note])),
    }
    if operation.deprecated:
        result["deprecated"] = True
    parameters = [_parameter(a) for a in operation.at("path", "query", "header")]
    if parameters:
        result["parameters"] = parameters
    if body := _body(operation):
        result["requestBody"] = body
    answer: Schema = {"description": "Done"}
    if operation.answer.kind != "none":
        shape = answer_schema(operation)
        answer["content"] = {
            media: {"schema": {} if operation.answer.kind == "text" and media in DOCUMENTS else shape}
            for media in ANSWER_MEDIA[operation.answer.kind]
        }
    result["responses"] = {
        "200": answer,
        **{code: {"$ref": f"#/components/responses/Error{code}"} for code in ERRORS},
    }
    result["x-scope"] = operation.scope
    result["x-source"] = operation.src
    result["x-effect"] = operation.effect
    result["x-idempotent"] = operation.idempotent
    if operation.paging:
        result["x-paging"] = operation.paging.tier
    return result


def _parameter(argument: Argument) -> Schema:
    result: Schema = {
        "name": argument.wire,
        "in": argument.location,
        "required": argument.required,
        "description": argument.doc,
        "schema": _argument_schema(argument),
    }
    if argument.deprecated:
        result["deprecated"] = True
    if argument.location == "query" and _is_object(argument.type):
        # Objects in a query travel as JSON text.
        result["content"] = {"application/json": {"schema": result.pop("schema")}}
    return result


def _is_object(type_: Type) -> bool:
    return isinstance(type_, (Named, MapOf)) or type_ == Scalar("object")


def _argument_schema(argument: Argument) -> Schema:
    result = schema(Nullable(argument.type) if argument.nullable else argument.type)
    if argument.default is not MISSING:
        result["default"] = argument.default
    if argument.location == "path" and result.get("type") == "string":
        result["minLength"] = 1
    return result


def _body(operation: Operation) -> Schema | None:
    content: dict[str, Schema] = {}
    fields = operation.at("body")
    if fields:
        repeated = [a for a in operation.at("query") if a.also_in_body]
        properties = {a.wire: {**_argument_schema(a), "description": a.doc} for a in [*fields, *repeated]}
        body: Schema = {"type": "object", "properties": properties}
        if required := [a.wire for a in fields if a.required]:
            body["required"] = required
        content = {MEDIA[e]: {"schema": body} for e in operation.encodings}
    for whole in operation.at("whole_body"):
        content = {MEDIA[e]: {"schema": schema(whole.type)} for e in operation.encodings}
    if operation.takes_script:
        content["text/x-xanoscript"] = {"schema": {"type": "string"}}
    if not content:
        return None
    required_body = bool(operation.at("whole_body")) or any(a.required for a in fields)
    return {"required": required_body or (operation.takes_script and not fields), "content": content}


def answer_schema(operation: Operation) -> Schema:
    """The shape on the wire, with the envelope that the paging tier wraps around the items."""
    item = schema(operation.answer.type)
    if operation.paging is None:
        return item
    items: Schema = {"type": "array", "items": item}
    if operation.paging.tier == "array":
        return items
    if operation.paging.tier == "whole":
        return {"anyOf": [items, {"type": "object", "required": ["items"], "properties": {"items": items}}]}
    number: Schema = {"type": "integer"}
    properties: Schema = {"items": items}
    if operation.paging.tier in ("envelope", "records"):
        maybe: Schema = {"type": "integer", "nullable": True}
        properties |= {"curPage": number, "nextPage": maybe, "prevPage": maybe}
    if operation.paging.tier == "records":
        properties |= dict.fromkeys(("itemsReceived", "offset", "perPage", "pageTotal"), number)
    if operation.paging.tier in ("records", "fixed"):
        properties["itemsTotal"] = number
    return {"type": "object", "required": ["items"], "properties": properties}


def schema(type_: Type) -> Schema:
    """The schema of a type; named types are references."""
    if isinstance(type_, Scalar):
        result = dict(SCALARS[type_.name])
        if type_.format:
            result["format"] = type_.format
        return result
    if isinstance(type_, (ListOf, PageOf)):
        return {"type": "array", "items": schema(type_.item)}
    if isinstance(type_, MapOf):
        return {"type": "object", "additionalProperties": schema(type_.value)}
    if isinstance(type_, OneOf):
        return {"anyOf": [schema(option) for option in type_.options]}
    if isinstance(type_, Enum):
        return {"type": "string", "enum": list(type_.values)}
    if isinstance(type_, Nullable):
        return _nullable(schema(type_.inner))
    if isinstance(type_, Named):
        return {"$ref": f"#/components/schemas/{type_.name}"}
    properties = {f.name: _field(f) for f in type_.fields}
    result = {"type": "object", "properties": properties}
    if required := [f.name for f in type_.fields if f.required]:
        result["required"] = required
    return result


def _nullable(inner: Schema) -> Schema:
    if "$ref" in inner:
        return {"nullable": True, "allOf": [inner]}
    if "enum" in inner and None not in inner["enum"]:
        return {**inner, "nullable": True, "enum": [*inner["enum"], None]}
    return {**inner, "nullable": True}


def _field(field: Field) -> Schema:
    result = schema(field.type)
    if "$ref" in result and (field.doc or field.deprecated):
        result = {"allOf": [result]}
    if field.doc:
        result["description"] = field.doc
    if field.deprecated:
        result["deprecated"] = True
    return result


def _named(model: Model, name: str) -> Schema:
    named = model.resolve(name)
    result = schema(named.type)
    return {"description": named.doc, **result} if named.doc else result


def _used_types(model: Model, operations: list[Operation]) -> list[str]:
    found: set[str] = set()

    def visit(type_: Type) -> None:
        if isinstance(type_, Named) and type_.name not in found:
            found.add(type_.name)
            visit(model.resolve(type_.name).type)
        for part in parts(type_):
            visit(part)

    for operation in operations:
        visit(operation.answer.type)
        for argument in operation.arguments:
            visit(argument.type)
    return sorted(found)
