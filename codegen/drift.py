"""Compares the table with an OpenAPI file of a real instance: what was added, removed or changed since.

    make drift SPEC=https://HOST/apispec:meta?type=json      # or a file, JSON or YAML

Both sides are read as OpenAPI and flattened into facets such as `query page: integer`, so the comparison knows nothing
of our notation. Names of path parameters do not matter, their places do. Exits with 1 when anything differs.
"""

from __future__ import annotations

import argparse
import re
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from codegen.__main__ import load
from codegen.emit_openapi import document

METHODS = ("get", "put", "post", "delete", "patch", "head")
DEPTH = 4
"""How deep fields are compared; below that, specifications differ in taste more than in fact."""

Json = Any


@dataclass
class Drift:
    """What differs, as lines for people."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def __str__(self) -> str:
        parts = []
        for title, lines in (("added", self.added), ("removed", self.removed), ("changed", self.changed)):
            if lines:
                parts.append(f"{title} ({len(lines)}):\n" + "\n".join(f"  {line}" for line in lines))
        return "\n".join(parts) or "no drift"


def read_spec(source: str) -> Json:
    """Reads an OpenAPI document from a file or an https address (http on loopback only)."""
    if re.match(r"https://|http://(127\.0\.0\.1|localhost)[:/]", source):
        with urllib.request.urlopen(source, timeout=60) as answer:
            text = answer.read().decode("utf-8")
    elif "://" in source:
        raise SystemExit(f"{source}: only https addresses and files are read")
    else:
        text = Path(source).read_text(encoding="utf-8")
    try:
        spec = yaml.safe_load(text)  # JSON is YAML
    except yaml.YAMLError as error:
        raise SystemExit(f"{source}: neither JSON nor YAML: {error}") from None
    if not isinstance(spec, dict) or not isinstance(spec.get("paths"), dict):
        raise SystemExit(f"{source}: not an OpenAPI document, it has no `paths`")
    return spec


def flatten(spec: Json) -> dict[str, dict[str, str]]:
    """For every `METHOD /path/{}`: facet → what it is."""
    result: dict[str, dict[str, str]] = {}
    for path, item in spec["paths"].items():
        plain = re.sub(r"\{[^}]*\}", "{}", path)
        for method in METHODS:
            if method in item:
                facets: dict[str, str] = {}
                _operation(spec, item, item[method], facets)
                result[f"{method.upper()} {plain}"] = facets
    return result


def _resolve(spec: Json, node: Json) -> Json:
    for _ in range(20):
        if isinstance(node, dict) and "$ref" in node:
            target = spec
            for part in node["$ref"].lstrip("#/").split("/"):
                target = target.get(part, {})
            node = target
        elif isinstance(node, dict) and len(node.get("allOf", [])) == 1:
            node = {**_resolve(spec, node["allOf"][0]), **{k: v for k, v in node.items() if k != "allOf"}}
        else:
            break
    return node if isinstance(node, dict) else {}


def _operation(spec: Json, item: Json, operation: Json, facets: dict[str, str]) -> None:
    for raw in [*item.get("parameters", []), *operation.get("parameters", [])]:
        parameter = _resolve(spec, raw)
        contents: list[Json] = list(parameter.get("content", {}).values())
        schema = parameter.get("schema") or (contents[0].get("schema", {}) if contents else {})
        if parameter.get("in") != "path":
            name = f"{parameter.get('in')} {parameter.get('name')}"
            facets[name] = _spell(spec, schema) + (" required" if parameter.get("required") else "")
    body = _resolve(spec, operation.get("requestBody", {}))
    for content in body.get("content", {}).values():
        _fields(spec, content.get("schema", {}), "body", facets, DEPTH)
    for code, answer in operation.get("responses", {}).items():
        if str(code) == "200":
            for content in _resolve(spec, answer).get("content", {}).values():
                _fields(spec, content.get("schema", {}), "answer", facets, DEPTH, required=False)


def _fields(spec: Json, raw: Json, name: str, facets: dict[str, str], depth: int, *, required: bool = True) -> None:
    schema = _resolve(spec, raw)
    if schema.get("type") == "array" and depth:
        _fields(spec, schema.get("items", {}), f"{name}[]", facets, depth, required=required)
        return
    needed = schema.get("required", []) if required else []
    for key, value in schema.get("properties", {}).items():
        facets[f"{name}.{key}"] = _spell(spec, value) + (" required" if key in needed else "")
        if depth > 1:
            _fields(spec, value, f"{name}.{key}", facets, depth - 1, required=required)


def _spell(spec: Json, raw: Json) -> str:
    schema = _resolve(spec, raw)
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return " or ".join(sorted(_spell(spec, option) for option in options))
    if "enum" in schema:
        return "enum(" + "|".join(sorted(str(value) for value in schema["enum"] if value is not None)) + ")"
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"[{_spell(spec, schema.get('items', {}))}]"
    return kind


def compare(ours: Json, theirs: Json) -> Drift:
    """What `theirs` has that `ours` has not, the other way round, and what both have but differently."""
    left, right = flatten(ours), flatten(theirs)
    drift = Drift(added=sorted(set(right) - set(left)), removed=sorted(set(left) - set(right)))
    for operation in sorted(set(left) & set(right)):
        mine, other = left[operation], right[operation]
        drift.changed += [f"{operation}: {name} is new ({other[name]})" for name in sorted(set(other) - set(mine))]
        drift.changed += [f"{operation}: {name} is gone (was {mine[name]})" for name in sorted(set(mine) - set(other))]
        drift.changed += [
            f"{operation}: {name} was {mine[name]}, is {other[name]}"
            for name in sorted(set(mine) & set(other))
            if mine[name] != other[name]
        ]
    return drift


def main(arguments: list[str] | None = None) -> int:
    """Runs the comparison; returns the exit code."""
    parser = argparse.ArgumentParser(prog="codegen.drift", description=__doc__)
    parser.add_argument("spec", help="OpenAPI file or https address, such as an instance's meta_swagger")
    parser.add_argument("--api", choices=("account", "instance"), default="instance")
    options = parser.parse_args(arguments)
    drift = compare(document(load(), options.api), read_spec(options.spec))
    print(drift)
    return 1 if drift else 0


if __name__ == "__main__":
    sys.exit(main())
