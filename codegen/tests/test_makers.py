"""Constructors: what the table must say for them, and what each face makes of it."""

from __future__ import annotations

import re

import pytest

from codegen import emit_docs, emit_python, emit_rust, emit_typescript
from codegen.__main__ import load
from codegen.makers import item, made_types, marks, target
from codegen.model import Model
from codegen.syntax import TableError
from codegen.tests.helpers import model

TABLE = """
api: instance
family: Parts

type Part "A part" {{
  type!: string "Kind"
  name: string "Name"
  open!: bool "Whether it is open"
  loud!: bool "Whether it is loud"
  rules as limits: object "What it must hold"
  slots: [Slot] "Its slots"
  {field}
}}
type Slot "A slot" {{name!: string "Name", op: string "Order", extra: int "More"}}
type SortedSlot "A slot in an order" {{name!: string "Name", op!: enum(up|down) "Order"}}

handle parts "All parts"

GET /parts
  name: parts.list
  doc: Lists parts.
  src: reference
  scope: -
  200(json): page(Part)
  paging: whole

PUT /parts
  name: parts.replace
  doc: Replaces parts.
  src: reference
  scope: -
  reads: parts.list
  body(json): {{parts!: [Part] "All parts"}}
  200(json): any

POST /parts/lid
  name: parts.add_lid
  {lid}
  doc: Adds a lid for a box.
  src: reference
  scope: -
  body(json): {{name!: string "Name", open: bool = true "Whether it is open", limits: object "What it must hold"}}
  200(json): Part

POST /parts/rack
  name: parts.{rack_name}
  {rack}
  doc: Adds a rack.
  src: reference
  scope: -
  body(json): {{slots!: [SortedSlot] "Its slots"}}
  200(json): {answer}
"""
GOOD = {
    "field": "",
    "lid": "makes: Part.lid",
    "rack": "makes: Part.rack as shelf|rack with op up",
    "rack_name": "add_rack",
    "answer": "Part",
}


def parts(**changes: str) -> Model:
    return model(TABLE.format(**(GOOD | changes)))


def source(model: Model, emitter: object, path: str) -> str:
    files = emitter.emit(model).files  # type: ignore[attr-defined] # pyright: ignore
    return str(files[next(name for name in files if name.endswith(path))])


def test_a_constructor_knows_its_kind_its_fields_and_its_marks() -> None:
    table = parts()
    lid, rack = made_types(table)["Part"]
    assert lid.makes is not None
    assert rack.makes is not None
    assert (lid.makes.kinds, rack.makes.kinds) == (("lid",), ("shelf|rack", "rack"))
    assert {a.name: target(table, lid, a).name for a in lid.free} == {"name": "name", "open": "open", "limits": "rules"}
    assert marks(table, lid) == {"open": True, "loud": False}
    assert item(table, lid) is None
    short = item(table, rack)
    assert short is not None
    assert (short.first.name, short.second.name, short.default) == ("name", "op", "up")


def test_every_add_operation_of_the_table_has_a_constructor() -> None:
    table = load()
    for name, count in (("columns", 25), ("indexes", 5)):
        adds = [o for o in table.operations if f".{name}.add_" in o.id]
        assert len(adds) == count
        for operation in adds:
            assert operation.makes is not None, operation.id
            assert operation.path.endswith(f"/{operation.makes.name}")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lid": "makes: lid"}, "expected `makes: Type.name"),
        ({"lid": "makes: Lid.lid"}, "Lid is no object with a field `type`"),
        ({"lid": "makes: SortedSlot.lid"}, "SortedSlot is no object with a field `type`"),
        ({"lid": "makes: Part.rack"}, "Part.rack is made twice"),
        ({"lid": "makes: Part.open"}, "Part has a field 'open'; give it another name"),
        (
            {"rack": "makes: Part.rack with weight 1"},
            "no list of instance.parts.add_rack has items with a field 'weight'",
        ),
        ({"answer": "any"}, "one collection adds things of one type, and answers them alike"),
        ({"rack_name": "add"}, "`add` is what the faces call"),
    ],
)
def test_what_cannot_be_constructed_is_refused_with_its_place(changes: dict[str, str], message: str) -> None:
    with pytest.raises(TableError, match=re.escape(message)) as caught:
        parts(**changes)
    assert re.match(r"t\.ops:\d+: ", str(caught.value))


def test_an_argument_that_fills_no_field_is_refused() -> None:
    with pytest.raises(TableError, match="Part has no field for 'limits'"):
        model(TABLE.format(**GOOD).replace("rules as limits", "rules"))


def test_python_makes_models_and_adds_them() -> None:
    types = source(parts(), emit_python, "types/t.py")
    assert "def lid(name: str, *, open: bool = True, limits: Mapping[str, Any] | Omit = OMIT) -> Part:" in types
    assert '"type": "lid", "name": name, "open": open, "rules": limits' in types
    assert "def rack(*slots: str | tuple[str, Literal[" in types
    assert 'items(slots, "name", "op", "up")' in types
    methods = source(parts(), emit_python, "sync/parts.py")
    assert "def add(self, part: Part | PartInput, *, options: Options = None) -> Part:" in methods
    assert (
        "('instance.parts.add_rack', 'Part.rack', ('shelf|rack', 'rack'), {'slots': 'slots'}, ('slots',), ())"
        in methods
    )
    assert "async def add(" in source(parts(), emit_python, "aio/parts.py")


def test_typescript_makes_plain_objects_and_edits_lists() -> None:
    made = source(parts(), emit_typescript, "constructors.ts")
    assert "export type Part = types.Part\n" in made
    assert 'lid(name: string, options?: Omit<PartsAddLidParams, "name">): types.PartInput' in made
    assert 'made<types.PartInput>({ type: "lid", name, open: true, loud: false }, options, { limits: "rules" })' in made
    assert 'rack(...slots: (string | readonly [name: string, op: "up" | "down"] | types.SortedSlot)[])' in made
    methods = source(parts(), emit_typescript, "instance-parts.ts")
    assert "add(part: PartInput, options?: CallOptions): Promise<Part>" in methods
    assert "edit(change: Change<PartInput[]>, options?: CallOptions): Promise<unknown>" in methods
    assert 'renamed: { rules: "limits" }' in methods
    assert "export { Part } from './constructors.js'" in source(parts(), emit_typescript, "generated/index.ts")


def test_rust_makes_structs_with_setters_and_edits_lists() -> None:
    types = source(parts(), emit_rust, "types.rs")
    assert "pub fn lid(name: impl Into<String>) -> Self" in types
    assert "pub fn limits(mut self, limits: impl Into<Map<String, Value>>) -> Self" in types
    assert "pub fn rack<F: Into<SortedSlot>>(slots: impl IntoIterator<Item = F>) -> Self" in types
    assert "impl From<&str> for SortedSlot" in types
    assert "impl From<SortedSlot> for Slot" in types
    methods = source(parts(), emit_rust, "instance_parts.rs")
    assert "pub fn add(&self, part: &Part) -> Call<InstancePartsAdd>" in methods
    assert "-> Edit<'a, Vec<Part>, InstancePartsList, InstancePartsReplace>" in methods
    assert 'fields: &[("name", "name"), ("open", "open"), ("rules", "limits")], needed: &["name"]' in methods


def test_the_reference_shows_constructors_in_three_languages() -> None:
    page = source(parts(), emit_docs, "reference/parts.md")
    assert "instance.parts.add(Part.lid(name, …))" in page
    assert "| `Part.rack(name, …)` | `Part.rack(name, …)` | `Part::rack([name, …])` |" in page
    assert "`edit(change)` beside it" in page
