"""The model holds what it promises, and tables that make no sense are refused with a line."""

from __future__ import annotations

import pytest

from codegen.__main__ import load
from codegen.naming import RESERVED, camel, pascal, safe, snake
from codegen.syntax import Named, Object, TableError
from codegen.tests.helpers import HEAD, fixture, model


def operation(name: str, path: str = "/a", extra: str = "", method: str = "GET", answer: str = "200(json): any") -> str:
    return f"{method} {path}\n  name: {name}\n  doc: Does it.\n  src: reference\n  scope: -\n{extra}  {answer}\n"


def test_the_tree_follows_the_names() -> None:
    root = fixture().roots["instance"]
    tree = {n.class_name: ([a.name for a in n.bound], [o.name for o in n.operations]) for n in root.walk()}
    assert tree["Shelves"] == ([], ["list", "create", "everything"])
    assert tree["ShelfHandle"][0] == ["shelf_id"]
    assert tree["ShelfBoxHandle"] == (["shelf_id", "box_name"], ["get"])
    assert tree["ShelfRows"] == (["shelf_id"], ["list", "create", "search", "truncate"])


def test_the_workspace_is_left_out_of_class_names() -> None:
    text = (
        HEAD
        + 'handle workspace(w) "A workspace"\nhandle workspace(w).tables "Tables"\n'
        + operation("workspace(w).tables.list", "/workspace/{w}/table", '  path: {w!: int "Which"}\n')
    )
    assert [n.class_name for n in model(text).roots["instance"].walk()] == ["Instance", "WorkspaceHandle", "Tables"]
    twice = model(text + 'handle tables "All tables"\n' + operation("tables.list", "/table")).roots["instance"]
    assert [n.class_name for n in twice.walk()] == ["Instance", "WorkspaceHandle", "WorkspaceTables", "Tables"]


def test_operations_know_where_arguments_travel_and_how_answers_page() -> None:
    by_id = {o.id: o for o in fixture().operations}
    search = by_id["instance.shelf.rows.search"]
    assert search.paging is not None
    assert (search.paging.tier, search.paging.location, search.idempotent) == ("records", "body", True)
    rows = by_id["instance.shelf.rows.list"]
    assert [(a.name, a.wire, a.location) for a in rows.arguments if a.location == "header"] == [
        ("data_source", "x-data-source", "header")
    ]
    boxes = by_id["instance.shelf.boxes.list"].paging
    assert boxes is not None
    assert (boxes.tier, boxes.size, boxes.has_per_page) == ("array", 25, True)
    create = by_id["instance.shelves.create"]
    assert create.takes_script
    assert create.encodings == ("json",)
    assert not create.idempotent
    assert next(a for a in create.arguments if a.name == "parent").nullable
    assert [(a.name, a.location) for a in create.arguments if a.also_in_body] == [("branch", "query")]
    assert by_id["instance.shelf.import"].has_files
    assert by_id["instance.shelf.import"].long
    assert by_id["instance.shelf.get"].unpublished
    assert by_id["instance.shelf.rows.truncate"].effect == "destroy"
    assert [a.name for a in by_id["instance.shelf.box.get"].free] == []


def test_a_handle_may_be_found_by_name() -> None:
    by_id = {o.id: o for o in fixture().operations}
    for id_ in ("instance.shelf.get", "instance.shelf.box.get"):
        finder = by_id[id_].arguments[0].finder
        assert finder is not None
        assert (finder.operation, finder.field) == ("instance.shelves.list", "name")
    assert by_id["instance.shelf.box.get"].arguments[1].finder is None


def test_inline_objects_get_a_name_from_where_they_stand() -> None:
    types = fixture().types
    assert isinstance(types["ShelfSize"].type, Object)
    box = types["ShelfBoxesListItem"].type
    assert isinstance(box, Object)
    lid = box.field("lid")
    assert lid is not None
    assert isinstance(lid.type, Named)
    assert lid.type.name == "ShelfBoxesListItemLid"
    assert types["Shelf"].in_answers
    assert not types["Shelf"].in_arguments
    assert types["ShelvesCreateSize"].in_arguments


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (operation("a") + operation("b"), "GET /a is there twice: t.ops:4"),
        (operation("a") + operation("a", "/b"), "instance.a is there twice: t.ops:4"),
        (operation("a", "/{x}"), "the path has ['x'], its parameters are []"),
        (operation("a", "/{x}", '  path: {x: int "X"}\n'), "path parameter 'x' must be required"),
        (operation("a", "/{x}", '  path: {x!: object "X"}\n'), "path parameter 'x' must be string, int or id"),
        (operation("a(x)", "/{x}", '  path: {x!: int "X"}\n'), "the last part of a name is the method"),
        (operation("h(y).a", "/{x}", '  path: {x!: int "X"}\n'), "the chain binds ['y']"),
        (operation("h(x).a", "/{x}", '  path: {x!: int "X"}\n'), "no `handle h(x)"),
        (operation("a", extra="  query: {q: int}\n"), "'q' has no doc"),
        (operation("a", extra='  query: {q: Thing "Q"}\n'), "there is no type Thing"),
        (operation("a", extra='  query: {q: int "Q"}\n  header: {q: int "Q"}\n'), "two arguments are called 'q'"),
        (
            operation("a", method="POST", extra='  body(json): {a: int "A", b: same}\n'),
            "there is no query parameter 'b' to repeat",
        ),
        (operation("a", extra='  query: {a: same "A"}\n'), "`same` repeats a query parameter"),
        (operation("a", extra="  reads: b\n") + operation("b", "/b", method="POST"), "instance.b does not read"),
        (operation("a", extra="  effect: harmless\n"), "effect is 'harmless', not one of"),
        (operation("a", extra='  body(json): {a: int "A"}\n'), "GET takes no body"),
        (operation("a", answer="200(json): page(int)"), "a page(…) answer needs `paging:`"),
        (operation("a", extra="  paging: whole\n"), "`paging` needs an answer of page(…)"),
        (operation("a", extra="  paging: envelope\n", answer="200(json): page(int)"), "tier envelope and no parameter"),
        (operation("a", extra="  paging: array\n", answer="200(json): page(int)"), "array(N) and fixed(N)"),
        (operation("a", answer="200(json): [page(int)]"), "page(…) may only be a whole answer"),
        ('type T "T" int\n' + operation("a"), "type T is not used"),
        ('type t "T" int\n' + operation("a"), "type name 't' is not in PascalCase"),
        ('type T "T" int\ntype T "T" int\n' + operation("a"), "type T is there twice"),
        ('handle x "X"\n' + operation("a"), "no operation uses the handle x"),
        ('handle a "A"\n' + operation("a.b") + operation("a", "/b"), "'a' is both a method and a handle"),
        (
            'handle h(x) "H" found by name in all\n' + operation("h(x).a", "/{x}", '  path: {x!: int "X"}\n'),
            "all is no listing",
        ),
        ("GET /a\n  name: a\n  src: reference\n  scope: -\n  200(json): any\n", "GET /a needs `doc: …`"),
        ("GET /a\n  name: a\n  doc: A.\n  src: reference\n  scope: -\n", "GET /a needs `200(…): …`"),
    ],
)
def test_tables_that_make_no_sense_are_refused(text: str, complaint: str) -> None:
    with pytest.raises(TableError) as caught:
        model(HEAD + text)
    assert caught.value.reason.startswith(complaint)
    assert str(caught.value).startswith("t.ops:")


def test_names_follow_each_language() -> None:
    assert pascal("static_host") == "StaticHost"
    assert camel("set_live") == "setLive"
    assert snake("itemsTotal") == "items_total"
    assert safe("import", "python") == "import_"
    assert safe("type", "rust") == "type_"
    assert safe("delete", "python") == "delete"
    assert all("class" in words for words in (RESERVED["python"], RESERVED["typescript"]))


def test_the_repositorys_own_table_makes_sense() -> None:
    assert {o.id for o in load().operations} >= {"account.me", "account.snippet.token.delete", "instance.me"}
