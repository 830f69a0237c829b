"""The Rust emitter: rows, structs, methods and setters for everything the notation can say.

That the real table's output compiles is shown by every build of the core; here stands what it must say.
"""

from __future__ import annotations

import re
import subprocess

import pytest

from codegen import emit_rust
from codegen.__main__ import ROOT
from codegen.syntax import TableError
from codegen.tests.helpers import fixture, model


def source(name: str) -> str:
    """One file that the emitter makes of the fixture, on one line so that layout does not matter."""
    files = emit_rust.emit(fixture()).files
    return re.sub(r"\s+", " ", next(text for path, text in files.items() if path.endswith(name)))


def row(operation: str) -> str:
    """The row of an operation."""
    return next(r for r in source("operations.rs").split("Operation { ")[1:] if r.startswith(f'id: "{operation}"'))


def test_the_output_is_rust() -> None:
    for path, text in emit_rust.emit(fixture()).files.items():
        done = subprocess.run(
            ["rustfmt", "--edition", "2024", "--config-path", ROOT],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (path, done.stderr)


def test_rows_are_sorted_so_that_they_can_be_searched() -> None:
    ids = re.findall(r'Operation { id: "([^"]+)"', source("operations.rs"))
    assert ids == sorted(ids)
    assert len(ids) == len(fixture().operations)


def test_a_row_carries_what_the_engine_needs() -> None:
    listing = row("instance.shelves.list")
    assert (
        "paging: Some(Paging { tier: Tier::Envelope, size: 0, place: Some(PagePlace::Query), per_page: true })"
        in listing
    )
    assert 'Param::new("order", ParamKind::String).choices(&["asc", "desc"])' in listing
    assert 'scope: Some("Shelf: Read"), idempotent: true' in listing
    create = row("instance.shelves.create")
    assert "body: BodyKinds { required: false, json: true, multipart: false, script: true }" in create
    assert "idempotent: false" in create
    delete = row("instance.shelf.delete")
    assert "answer: AnswerKind::Empty" in delete
    assert "writes: true, destructive: true" in delete
    export = row("instance.shelf.export")
    assert "answer: AnswerKind::Stream" in export
    assert "timeout: TimeoutClass::Long, writes: false" in export


def test_a_parameter_found_by_name_says_where() -> None:
    found = 'Param::new("shelf_id", ParamKind::Int).required().found_by("name", "instance.shelves.list")'
    assert found in row("instance.shelf.get")


def test_structs_are_tolerant_and_keep_unknown_fields() -> None:
    types = source("types.rs")
    shelf = types[types.index("pub struct Shelf {") :].split("}")[0]
    assert '#[serde(default, deserialize_with = "tolerant")] pub id: i64' in shelf
    assert '#[serde(rename = "from"' not in shelf, "from is no reserved word of Rust"
    assert '#[serde(default, skip_serializing_if = "Option::is_none")] pub tags: Option<Vec<String>>' in shelf
    assert "pub xanoscript: Option<Script>" in shelf
    assert "#[serde(flatten)] pub extra: Map<String, Value>" in shelf


def test_reserved_words_get_an_underscore_and_keep_their_wire_name() -> None:
    shelves = source("instance_shelves.rs")
    assert "pub fn type_(mut self, type_: impl Into<String>) -> Self" in shelves
    assert 'self.draft.query("type", type_)' in shelves


def test_null_and_absent_are_different() -> None:
    shelves = source("instance_shelves.rs")
    assert "pub fn parent(mut self, parent: Option<i64>) -> Self" in shelves
    assert 'self.draft.field("parent", &parent)' in shelves


def test_a_script_and_fields_are_both_optional() -> None:
    shelves = source("instance_shelves.rs")
    assert "pub fn create(&self) -> Call<InstanceShelvesCreate>" in shelves
    assert "pub fn xanoscript(mut self, xanoscript: impl Into<String>) -> Self" in shelves
    assert 'self.draft.repeat("branch", branch.as_str())' in shelves


def test_answers_decide_how_a_call_ends() -> None:
    shelves = source("instance_shelves.rs")
    assert "-> List<InstanceShelvesList>" in shelves
    assert "-> Fetch<InstanceShelfExport>" in shelves
    assert 'InstanceShelfDelete, "instance.shelf.delete", none' in shelves


def test_a_destructive_method_says_so() -> None:
    assert "**This cannot be undone.**" in source("instance_shelves.rs")


def test_the_dispatcher_reaches_every_operation() -> None:
    dispatch = source("dispatch.rs")
    for operation in fixture().operations:
        assert f'"{operation.id}" => Box::pin' in dispatch


def test_what_cannot_be_said_yet_is_refused_with_its_place() -> None:
    table = model(
        """
        api: instance
        family: Things

        handle things "All things"

        GET /thing
          name: things.find
          doc: Finds.
          src: reference
          scope: -
          query: {where: object "Conditions"}
          200(json): [string]
        """
    )
    with pytest.raises(TableError, match="no way yet"):
        emit_rust.emit(table)
