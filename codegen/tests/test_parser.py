"""The notation is read as FORMAT.md says, and complaints name the line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.parser import read_text
from codegen.syntax import (
    Enum,
    ListOf,
    MapOf,
    Named,
    Nullable,
    OneOf,
    Place,
    Scalar,
    TableError,
    Type,
)
from codegen.tests.helpers import FILE, HEAD, parse
from codegen.types_parser import TypeParser


def read_type(text: str) -> Type:
    parser = TypeParser(text, Place(FILE, 1))
    result = parser.type()
    parser.end()
    return result


def test_an_operation_is_read_with_all_its_keys() -> None:
    table = parse(
        HEAD
        + """\
POST /thing/{id}
  name: thing(id).poke
  doc: Pokes the thing.
    Goes on.
    | A new paragraph.
  path: {id!: int "Which"}
  query: {hard: bool = false "How"}
  body(json,multipart): {
    why: string? = "no reason"
  }
  200(json): {ok: bool}
"""
    )
    (operation,) = table.operations
    assert operation.keys["doc"][0] == "Pokes the thing. Goes on.\n\nA new paragraph."
    assert [f.name for f in operation.path_fields] == ["id"]
    assert operation.query[0].default is False
    (body,) = operation.bodies
    assert body.encodings == ("json", "multipart")
    assert operation.place == Place(FILE, 4)


def test_places_point_into_values_that_span_lines() -> None:
    with pytest.raises(TableError) as caught:
        parse(HEAD + "GET /a\n  name: a\n  query: {\n    one: int\n    two: nonsense\n  }\n")
    assert str(caught.value) == "t.ops:8: unknown type 'nonsense'"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("  lost\n", "t.ops:1: this line belongs to no block"),
        ("what is this\n", "t.ops:1: cannot read this block"),
        ("api: moon\n", "t.ops:1: unknown api 'moon'"),
        ("family: F\n", "t.ops:1: this needs an `api: …` line"),
        ("api: account\nGET /a\n", "t.ops:2: an operation needs a `family: …` line"),
        (HEAD + "GET /a\n  colour: red\n", "t.ops:5: unknown key 'colour'"),
        (HEAD + "GET /a\n  doc: x\n  doc: y\n", "t.ops:6: key 'doc' is there twice"),
        (HEAD + "GET /a\n  200(xml): any\n", "t.ops:5: unknown answer kind 'xml'"),
        (HEAD + "GET /a\n  200(json): any\n  200(text): string\n", "t.ops:6: a second answer"),
        (HEAD + "GET /a\n  body(yaml): any\n", "t.ops:5: unknown body encoding 'yaml'"),
        (HEAD + "GET /a\n  query: {a: int a: int}\n", "t.ops:5: field 'a' is there twice"),
        (HEAD + "GET /a\n  query: {a: int\n", "t.ops:5: this object has no closing brace"),
        (HEAD + 'GET /a\n  query: {a: int "open}\n', "t.ops:5: this text has no closing quote"),
        (HEAD + "GET /a\n  query: {a: int} more\n", "t.ops:5: unexpected 'more'"),
        (HEAD + "GET /a\n  query: {a: enum(x|x)}\n", "t.ops:5: an enum has a value twice"),
        (HEAD + "\tGET /a\n", "t.ops:4: tabs are not allowed"),
        (HEAD + "GET /a\n  query: {a: enum(x|)}\n", "t.ops:5: an enum has an empty value"),
        ('api: account\nglossary { a: "x" }\nglossary { a: "y" }\n', "t.ops:3: the glossary explains 'a' already"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(TableError) as caught:
        read_text(text, FILE)
    assert str(caught.value).startswith(complaint)


_leaf = st.sampled_from(
    [
        "string",
        "int",
        "number",
        "bool",
        "any",
        "null",
        "object",
        "file",
        "time",
        "id",
        "script",
        "string(date)",
        "Shelf",
    ]
)
_types = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        inner.map(lambda t: f"[{t}]"),
        inner.map(lambda t: f"map({t})"),
        inner.filter(lambda t: not t.endswith("?")).map(lambda t: f"{t}?"),
        st.lists(inner, min_size=1, max_size=3).map(lambda ts: f"oneof({', '.join(ts)})"),
    ),
    max_leaves=8,
)


def spell(type_: Type) -> str:
    if isinstance(type_, Scalar):
        return type_.name + (f"({type_.format})" if type_.format else "")
    if isinstance(type_, ListOf):
        return f"[{spell(type_.item)}]"
    if isinstance(type_, MapOf):
        return f"map({spell(type_.value)})"
    if isinstance(type_, Nullable):
        return f"{spell(type_.inner)}?"
    if isinstance(type_, OneOf):
        return f"oneof({', '.join(spell(t) for t in type_.options)})"
    assert isinstance(type_, Named)
    return type_.name


@given(_types)
def test_every_type_reads_back_as_it_was_written(text: str) -> None:
    assert spell(read_type(text)) == text


def test_an_enum_may_hold_the_empty_text_when_it_is_quoted() -> None:
    assert read_type('enum(""|a)') == Enum(("", "a"))


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters='|)"\n'), min_size=1), min_size=1, unique=True))
def test_enum_values_may_hold_anything_but_the_bars(values: list[str]) -> None:
    stripped = [v.strip() for v in values]
    if "" in stripped or len(set(stripped)) != len(stripped):
        return
    assert read_type(f"enum({'|'.join(values)})") == Enum(tuple(stripped))


@given(st.text(st.sampled_from('{}[]()!?=:,|" \nabGETPOST/#\\\t')))
def test_no_text_makes_the_parser_fail_otherwise_than_with_a_line(text: str) -> None:
    try:
        read_text(text, Path("x.ops"))
    except TableError as error:
        assert str(error).startswith("x.ops:")
    try:
        read_type(text)
    except TableError as error:
        assert str(error).startswith("t.ops:")
