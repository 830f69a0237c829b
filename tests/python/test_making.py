"""Columns and indexes made by their constructors: added one by one, or given in a list of all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from xano_metadata import Column, ConfigError, Index, Instance
from xano_metadata.testing import Emulator

from .conftest import reply

if TYPE_CHECKING:
    from xano_metadata._generated.sync.workspaces import WorkspaceHandle


@pytest.fixture
def instance(emulator: Emulator) -> Iterator[Instance]:
    """An instance of an emulator as new, of which nobody else sees anything."""
    emulator.reset()
    with emulator.instance() as instance:
        yield instance


def posted(emulator: Emulator) -> list[tuple[str, Any]]:
    """What was posted below the table, by the last two parts of its path."""
    found = emulator.requests(method="POST")
    return [("/".join(r["path"].split("/")[-2:]), json.loads(r["body"])) for r in found if "/table/" in r["path"]]


def workspace(instance: Instance) -> WorkspaceHandle:
    found = instance.workspaces.list()
    return instance.workspace(found[0].id)


def test_adding_a_column_leaves_the_others_and_the_records_alone(instance: Instance, emulator: Emulator) -> None:
    space = workspace(instance)
    table = space.table(space.tables.create(name="things", schema=[Column.int("id"), Column.text("title")]).id)
    record = table.records.create({"title": "kept"})
    before = table.columns.list().all()
    created = table.columns.add(Column.text("sku", required=True, description="Number", filters={"trim": True}))
    assert created.name == "sku"
    after = table.columns.list().all()
    assert after[: len(before)] == before
    assert [c.name for c in after[len(before) :]] == ["sku"]
    assert after[-1].required is True
    assert table.record(record["id"]).get()["title"] == "kept"
    assert posted(emulator)[-1] == (
        "type/text",
        {
            "name": "sku", "description": "Number", "nullable": False, "required": True, "filters": {"trim": True}
        },
    )  # fmt: skip
    assert emulator.requests(method="PUT") == []


def test_a_table_is_created_from_constructors(instance: Instance) -> None:
    space = workspace(instance)
    other = space.tables.create(name="others")
    columns = [
        Column.int("id"),
        Column.text("sku", required=True),
        Column.enum("size", values=["s", "m"], default="s"),
        Column.tableref("other", tableref_id=other.id),
        Column.vector("meaning", vector={"size": 4}),
        Column.object("box", children=[Column.decimal("width"), Column.bool("open")]),
    ]
    table = space.tables.create(
        name="things", schema=columns, index=[{"type": "primary", "fields": [{"name": "id"}]}, Index.unique("sku")]
    )
    read = {c.name: c for c in space.table(table.id).columns.list()}
    for column in columns[1:]:  # the server has its own idea of `id`
        got = read[column.name]
        assert (got.type, got.nullable, got.required) == (column.type, column.nullable, column.required), got
    assert read["size"].values == ["s", "m"]
    assert read["other"].tableref_id == other.id
    assert read["meaning"].vector_options.size == 4
    assert [c.name for c in read["box"].children] == ["width", "open"]
    assert [index.type for index in space.table(table.id).indexes.list()] == ["primary", "btree|unique"]


def test_every_kind_of_column_is_added_by_its_own_operation(instance: Instance, emulator: Emulator) -> None:
    space = workspace(instance)
    table = space.table(space.tables.create(name="things").id)
    other = space.tables.create(name="others").id
    needed: dict[str, dict[str, Any]] = {
        "tableref": {"tableref_id": other},
        "tablerefuuid": {"tableref_id": other},
        "vector": {"vector": {"size": 2}},
        "enum": {"values": ["a"]},
    }
    kinds = [name for name, value in vars(Column).items() if isinstance(value, staticmethod)]
    assert len(kinds) == 25
    for kind in kinds:
        table.columns.add(getattr(Column, kind)(f"c_{kind}", **needed.get(kind, {})))
    assert [path for path, _ in posted(emulator)] == [f"type/{kind}" for kind in kinds]
    assert {f"c_{kind}" for kind in kinds} <= {column.name for column in table.columns.list()}


def test_indexes_are_made_in_short_and_added(instance: Instance, emulator: Emulator) -> None:
    space = workspace(instance)
    schema = [Column.int("id"), Column.text("sku"), Column.geo_point("at"), Column.vector("v", vector={"size": 2})]
    table = space.table(space.tables.create(name="things", schema=schema).id)
    before = {index.id for index in table.indexes.list()}
    made = [
        Index.unique("sku"),
        Index.btree("sku", ("id", "desc")),
        Index.search("words", lang="english", fields=["sku"]),
        Index.spatial("at"),
        Index.vector(("v", "vector_cosine_ops")),
    ]
    added = {table.indexes.add(index).id for index in made}
    assert {index.id for index in table.indexes.list()} == before | added
    assert posted(emulator) == [
        ("index/unique", {"fields": [{"name": "sku", "op": "asc"}]}),
        ("index/btree", {"fields": [{"name": "sku", "op": "asc"}, {"name": "id", "op": "desc"}]}),
        ("index/search", {"name": "words", "lang": "english", "fields": [{"name": "sku", "priority": 1}]}),
        ("index/spatial", {"fields": [{"name": "at", "op": "gist_geometry_ops_2d"}]}),
        ("index/vector", {"fields": [{"name": "v", "op": "vector_cosine_ops"}]}),
    ]


def test_a_column_that_was_read_can_be_added_elsewhere(emulator: Emulator) -> None:
    row = {
        "name": "owner", "type": "int", "tableref_id": 7, "nullable": False, "required": True, "default": None,
        "values": [], "validators": {"min": 1}, "format": "",
    }  # fmt: skip
    emulator.faults(reply([row]), reply({"name": "owner"}))
    emulator.clear_requests()
    with emulator.instance() as instance:
        column = instance.workspace(1).table(1).columns.list()[0]
        instance.workspace(1).table(2).columns.add(column)
    wanted = {"name": "owner", "tableref_id": 7, "nullable": False, "required": True, "filters": {"min": 1}}
    assert posted(emulator) == [("type/tableref", wanted)]


async def test_the_async_twin_adds_too(emulator: Emulator) -> None:
    emulator.faults(reply({"name": "a"}))
    emulator.clear_requests()
    async with emulator.async_instance() as instance:
        assert (await instance.workspace(1).table(1).columns.add(Column.bool("a"))).name == "a"
    assert posted(emulator) == [("type/bool", {"name": "a", "nullable": False, "required": False})]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"name": "a", "type": "colour"}, "knows no type 'colour'"),
        ({"name": "a", "type": "vector"}, "vector is missing for Column.vector"),
        ({"name": "a", "type": "bool", "values": [1]}, "Column.bool has no 'values'"),
        ("sku", "takes a column such as Column.attachment"),
    ],
)
def test_what_no_operation_adds_is_refused_before_anything_is_sent(
    emulator: Emulator, value: Any, message: str
) -> None:
    emulator.clear_requests()
    with emulator.instance() as instance, pytest.raises(ConfigError, match=message):
        instance.workspace(1).table(1).columns.add(value)
    assert emulator.requests() == []


def test_an_index_without_a_usual_operator_asks_for_one() -> None:
    with pytest.raises(ConfigError, match="'v' needs its 'op' too"):
        Index.vector("v")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_edit_keeps_what_was_not_touched(instance: Instance) -> None:
    space = workspace(instance)
    schema = [Column.int("id"), Column.text("a", description="A"), Column.text("b")]
    table = space.table(space.tables.create(name="things", schema=schema).id)
    record = table.records.create({"a": "1", "b": "2"})
    before = table.columns.list().all()
    table.columns.edit(lambda draft: [*draft, Column.decimal("price")])
    after = table.columns.list().all()
    assert after[:-1] == before
    assert after[-1].name == "price"
    kept = table.record(record["id"]).get()
    assert (kept["a"], kept["b"]) == ("1", "2")
