"""What to send so that every operation is called once with all its parameters: a plan that every face follows.

The values are plain and the same in every language. An operation that takes fields or a script is planned twice.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from codegen.model import Argument, Model, Operation
from codegen.syntax import Enum, ListOf, MapOf, Named, Nullable, Object, OneOf, PageOf, Scalar, Type

SCALARS: dict[str, Any] = {
    "string": "text",
    "int": 3,
    "number": 1.5,
    "bool": True,
    "any": "text",
    "null": None,
    "object": {"key": "value"},
    "file": {"$file": "a.txt", "text": "hello"},
    "time": "2024-01-31 12:00:00+0000",
    "id": 7,
    "script": "function hello { }",
}
FORMATS = {
    "date": "2024-01-31",
    "date-time": "2024-01-31T12:00:00Z",
    "timestamptz": "2024-01-31 12:00:00+0000",
    "email": "ada@example.com",
    "uuid": "3f2b8c1e-6d0a-4f6e-9f0a-0c6f7a1b2c3d",
}
DEEPEST = 6

EXISTING = {"canonical": "demo-001", "branch_label": "v1", "label": "live", "schema_name": "name"}
"""What the demonstration data of the emulator has under a name; of everything with a number it has number 1."""


@dataclass
class Call:
    """One call, in words that every face understands."""

    id: str
    api: str
    chain: list[list[Any]]
    """`[name, {parameter: value}]` a segment."""
    method: str
    positional: dict[str, Any]
    """Path arguments of the method, and a body that is one value."""
    args: dict[str, Any]
    answer: str
    """`json`, `text`, `none`, `stream`, `events` or `page`."""


def plan(model: Model) -> list[dict[str, Any]]:
    """The calls of the whole table, in its order."""
    calls: list[dict[str, Any]] = []
    for operation in model.operations:
        fields = bool(operation.at("body", "whole_body"))
        if operation.takes_script and fields:
            calls.append(asdict(_call(model, operation, leave_out=("body", "whole_body"))))
        calls.append(asdict(_call(model, operation, leave_out=("script",) if fields else ())))
    return calls


def on_demo_data(calls: list[dict[str, Any]], model: Model) -> list[dict[str, Any]]:
    """The same calls, addressed to what the demonstration data holds; what destroys comes last."""
    by_id = {operation.id: operation for operation in model.operations}

    def existing(name: str, planned: Any) -> Any:
        return EXISTING.get(name, planned if isinstance(planned, str) else 1)

    result = []
    for call in sorted(calls, key=lambda c: by_id[c["id"]].effect == "destroy"):
        paths = {a.name for a in by_id[call["id"]].at("path")}
        chain = [[name, {p: existing(p, v) for p, v in params.items()}] for name, params in call["chain"]]
        positional = {p: existing(p, v) if p in paths else v for p, v in call["positional"].items()}
        result.append({**call, "chain": chain, "positional": positional})
    return result


def _call(model: Model, operation: Operation, leave_out: tuple[str, ...]) -> Call:
    values = {a.wire: value(model, a.type) for a in operation.at("path")}
    chain = [[s.name, {p: values[p] for p in s.params}] for s in operation.chain]
    free = [a for a in operation.free if a.location not in leave_out]
    positional = [
        a for a in free if a.location == "path" or (a.location == "whole_body" and not operation.takes_script)
    ]
    return Call(
        operation.id,
        operation.api,
        chain,
        operation.name,
        {a.name: _argument(model, a) for a in positional},
        {a.name: _argument(model, a) for a in free if a not in positional},
        "page" if operation.paging else operation.answer.kind,
    )


def _argument(model: Model, argument: Argument) -> Any:
    if argument.wire == "page":
        return 1
    return value(model, argument.type)


def value(model: Model, type_: Type, depth: int = 0) -> Any:
    """A plain value of the type, with every field; recursion ends after a few levels."""
    if isinstance(type_, Scalar):
        return FORMATS.get(type_.format or "", SCALARS[type_.name])
    if isinstance(type_, Enum):
        return next(v for v in type_.values if v)
    if isinstance(type_, (ListOf, PageOf)):
        return [] if depth > DEEPEST else [value(model, type_.item, depth + 1)]
    if isinstance(type_, MapOf):
        return {"key": value(model, type_.value, depth + 1)}
    if isinstance(type_, OneOf):
        return value(model, type_.options[0], depth)
    if isinstance(type_, Nullable):
        return value(model, type_.inner, depth)
    if isinstance(type_, Named):
        return value(model, model.resolve(type_.name).type, depth)
    assert isinstance(type_, Object)
    return {f.name: value(model, f.type, depth + 1) for f in type_.fields if f.required or depth <= DEEPEST}
