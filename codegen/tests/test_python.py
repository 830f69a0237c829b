"""The Python emitter: the fixture's face is imported, called through a recording connection, and type-checked."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import subprocess
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codegen import emit_python, output
from codegen.__main__ import ROOT
from codegen.python_types import join, unshadowed
from codegen.tests.helpers import fixture, model

HEART = ROOT / "bindings-python" / "python"
FACE = "fixture_face"


class Recorder:
    """Stands where the native connection would: keeps what it is given, answers what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.answer: Any = None

    def __getattr__(self, name: str) -> Any:
        def record(*arguments: Any) -> Any:
            self.calls.append((name, arguments))
            return self.answer

        return record

    def last(self) -> dict[str, Any]:
        """The last call, by the parts of a packed request."""
        how, arguments = self.calls[-1]
        packed = next(a for a in arguments if isinstance(a, tuple) and len(a) == 8)
        names = ("operation", "path", "query", "headers", "kind", "body", "extra", "options")
        return {"how": how, **dict(zip(names, packed, strict=True))}


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The fixture's generated package beside the real heart; the native module is replaced by nothing at all."""
    folder = tmp_path_factory.mktemp("face")
    made = output.format_all(ROOT, [emit_python.emit(fixture())])
    for path, text in made.items():
        target = folder / FACE / Path(path).relative_to(emit_python.PACKAGE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (folder / FACE / "__init__.py").write_text('"""Made for a test."""\n')
    before = dict(sys.modules)
    sys.path[:0] = [str(folder), str(HEART)]
    native = types.ModuleType("xano_metadata._native")
    native.dumps = lambda value, name="": str(value).lower().encode()  # type: ignore[attr-defined]
    native.loads = lambda text: None  # type: ignore[attr-defined]
    native.writes = lambda operation: False  # type: ignore[attr-defined]
    for name in [n for n in sys.modules if n.split(".")[0] == "xano_metadata"]:
        del sys.modules[name]
    sys.modules["xano_metadata._native"] = native
    yield folder
    del sys.path[:2]
    for name in [n for n in sys.modules if n.split(".")[0] in ("xano_metadata", FACE)]:
        del sys.modules[name]
    sys.modules.update({n: m for n, m in before.items() if n.split(".")[0] == "xano_metadata"})


def heart(name: str) -> Any:
    """A name of the heart, which is only there once the face is."""
    return getattr(importlib.import_module("xano_metadata"), name)


@pytest.fixture
def seen() -> Recorder:
    return Recorder()


@pytest.fixture
def root(face: Path, seen: Recorder) -> Any:
    return importlib.import_module(f"{FACE}._generated.sync.instance").InstanceOperations(seen)


def test_the_tree_follows_the_handles(root: Any, seen: Recorder) -> None:
    seen.answer = {}
    root.shelf(7).get()
    assert seen.last() == {
        "how": "call", "operation": "instance.shelf.get", "path": (7,), "kind": 0, "body": None, "extra": None,
        "query": seen.last()["query"], "headers": None, "options": None,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root.shelf(7).box("a/b").get()
    assert seen.last()["path"] == (7, "a/b")
    assert repr(root.shelf(7).box("a")) == "<ShelfBoxHandle 7 'a'>"
    assert root.shelf(7) == root.shelf(7) != root.shelf(8)


def test_reserved_words_get_an_underscore(root: Any, seen: Recorder) -> None:
    seen.answer = {}
    root.shelf(1).get(type="x")
    assert seen.last()["query"]["type"] == "x"
    assert callable(root.shelf(1).import_)


def test_left_out_arguments_are_omitted(root: Any, seen: Recorder) -> None:
    seen.answer = {}
    root.shelf(1).update(tags=["a"])
    assert seen.last()["body"] == {"name": heart("OMIT"), "tags": ["a"]}
    assert seen.last()["extra"] == ("name",), "the fields that may be null"
    assert seen.last()["kind"] == 1


def test_a_delete_with_a_body(root: Any, seen: Recorder) -> None:
    assert root.shelf(1).rows.truncate(reset=True) is None
    assert (seen.last()["operation"], seen.last()["body"]) == ("instance.shelf.rows.truncate", {"reset": True})
    with pytest.raises(TypeError, match="reset"):
        root.shelf(1).rows.truncate()


def test_a_header_argument(root: Any, seen: Recorder) -> None:
    seen.answer = {"a": 1}
    assert root.shelf(1).rows.create({"a": 1}, data_source="test") == {"a": 1}
    last = seen.last()
    assert (last["headers"], last["kind"], last["body"]) == ({"x-data-source": "test"}, 2, {"a": 1})


def test_a_script_or_fields_but_not_both(root: Any, seen: Recorder) -> None:
    seen.answer = {"id": 1}
    root.shelves.create(xanoscript="shelf a {}", branch="v2")
    last = seen.last()
    assert (last["kind"], last["body"], last["query"]["branch"]) == (3, "shelf a {}", "v2")
    root.shelves.create(name="a", branch="v2")
    last = seen.last()
    assert (last["kind"], last["body"]["name"], last["body"]["branch"], last["query"]["branch"]) == (1, "a", "v2", "v2")
    with pytest.raises(heart("ConfigError"), match="name"):
        root.shelves.create(xanoscript="shelf a {}", name="a")
    with pytest.raises(heart("ConfigError"), match="source text"):
        root.shelves.create(xanoscript=" ")


def test_a_script_alone_is_required(root: Any, seen: Recorder) -> None:
    root.shelf(1).set_script(xanoscript="x")
    assert seen.last()["kind"] == 3
    with pytest.raises(TypeError, match="xanoscript"):
        root.shelf(1).set_script()


def test_fields_that_a_script_would_replace_are_required_without_one(face: Path, seen: Recorder) -> None:
    text = emit_python.emit(
        model("""
        api: instance
        family: Things
        handle things "Things"
        POST /thing
          name: things.create
          doc: Creates one.
          src: reference
          scope: -
          body(json): {name!: string "Name", size: int "Size"}
          body(script): string
          200(json): object
        """)
    ).files
    source = next(t for p, t in text.items() if p.endswith("sync/things.py"))
    assert "required=('name',)" in source
    assert "name: str | Omit = OMIT" in source


def test_a_form_with_a_file(root: Any, seen: Recorder) -> None:
    seen.answer = {"path": "p"}
    root.shelf(1).files.upload(content=("a.png", b"x"), type="image")
    last = seen.last()
    assert last["kind"] == 4
    assert last["body"] == [
        ("content", "a.png", "image/png", b"x", None),
        ("type", None, None, b"image", None),
    ]


def test_a_stream_goes_to_disk(root: Any, seen: Recorder, tmp_path: Path) -> None:
    def progress(done: int, total: int | None) -> None:
        """Never called here."""

    assert root.shelf(1).export(tmp_path / "x", password="p", on_progress=progress) == tmp_path / "x"
    assert seen.calls[-1][0] == "save"
    assert seen.calls[-1][1][1:] == (str(tmp_path / "x"), progress)
    assert seen.last()["body"] == {"password": "p"}


def test_events_and_text(root: Any, seen: Recorder) -> None:
    assert type(root.shelf(1).watch()).__name__ == "EventStream"
    assert seen.last()["how"] == "open"
    seen.answer = "shelf a {}"
    assert root.shelf(1).script() == "shelf a {}"
    assert seen.calls[-1][1][1] == 1, "read as text"


class Walk:
    """Two pages."""

    def __init__(self, items: list[Any]) -> None:
        self.left = [(items, 1, 2, None, 2, None, None), (items, 2, None, 1, 2, None, None)]

    def next(self) -> Any:
        return self.left.pop(0) if self.left else None


@pytest.mark.parametrize(
    "listing", ["shelves.list", "shelf.boxes.list", "shelf.rows.list", "shelf.rows.search", "shelf.files.list"]
)
def test_every_tier_is_a_pager(root: Any, seen: Recorder, listing: str) -> None:
    node = root
    for name in listing.split("."):
        node = getattr(node, name)(1) if name == "shelf" else getattr(node, name)
    seen.answer = Walk([{"name": "a"}])
    items = list(node())
    assert [item["name"] for item in items] == ["a", "a"]
    assert (seen.last()["how"], seen.last()["operation"]) == ("pages", f"instance.{listing}")


def test_answers_become_models(root: Any, seen: Recorder, face: Path) -> None:
    made = importlib.import_module(f"{FACE}.types")
    seen.answer = {
        "id": 1, "from": "a", "to_dict": True, "xanoscript": {"status": "ok", "value": "s"}, "size": {"width": 2},
        "owner": {"id": "x"}, "new": 1,
    }  # fmt: skip
    shelf = root.shelf(1).get()
    assert isinstance(shelf, made.Shelf)
    assert (shelf.from_, shelf.to_dict_, shelf.xanoscript, shelf["new"], shelf.old_name) == ("a", True, "s", 1, None)
    assert type(shelf.size).__name__ == "ShelfSize"
    assert shelf.size.width == 2
    assert isinstance(shelf.owner, made.Person)
    assert shelf.to_dict() == seen.answer
    seen.answer = [{"id": 1}]
    (shelf,) = root.shelves.everything()
    assert isinstance(shelf, made.Shelf)


def test_an_answer_of_another_shape_is_a_decode_error(root: Any, seen: Recorder) -> None:
    seen.answer = [1]
    with pytest.raises(heart("DecodeError"), match="Shelf"):
        root.shelf(1).get()


def test_a_deprecated_method_warns(root: Any, seen: Recorder) -> None:
    seen.answer = {}
    with pytest.warns(DeprecationWarning, match="boxes went out of use"):
        root.shelf(1).box("a").get()


def test_edit_reads_and_replaces(root: Any, seen: Recorder) -> None:
    seen.answer = {"id": 1, "name": "a", "tags": ["x"]}
    root.shelf(1).edit(lambda draft: draft.update(name=None))
    assert [call[1][0][0] for call in seen.calls] == ["instance.shelf.get", "instance.shelf.update"]
    assert seen.last()["body"] == {"name": None, "tags": ["x"]}


def test_docstrings_say_what_there_is_to_know(root: Any) -> None:
    get = inspect.getdoc(type(root.shelf(1)).get) or ""
    assert "Unpublished" in get
    assert "Args:" in get
    create = inspect.getdoc(type(root.shelves).create) or ""
    assert "Token scope: `Shelf: Create`. Sent as `POST /shelf`." in create
    assert "Default of the server: `true`." in create
    assert "None is sent as null." in create
    delete = inspect.getdoc(type(root.shelf(1)).delete) or ""
    assert "Destructive" in delete
    box = inspect.getdoc(type(root.shelf(1).box("a")).get) or ""
    assert "Deprecated: boxes went out of use" in box
    assert "Note: A box without a lid answers 404." in box
    export = inspect.getdoc(type(root.shelf(1)).export) or ""
    assert "The server may take minutes" in export
    assert "A name works too" in (inspect.getdoc(type(root).shelf) or "")


def test_the_async_twin_has_the_same_methods(face: Path, root: Any) -> None:
    sync, aio = (importlib.import_module(f"{FACE}._generated.{kind}.shelves") for kind in ("sync", "aio"))
    for name, cls in vars(sync).items():
        if isinstance(cls, type) and cls.__module__ == sync.__name__:
            twin = getattr(aio, f"Async{name}")
            assert {n for n in vars(cls) if n[0] != "_"} == {n for n in vars(twin) if n[0] != "_"}
    assert asyncio.iscoroutinefunction(aio.AsyncShelfHandle.get)
    assert not asyncio.iscoroutinefunction(aio.AsyncShelves.list)


def test_a_module_is_loaded_when_it_is_walked_into(face: Path, root: Any) -> None:
    code = f"""
import sys
sys.path[:0] = {[str(face), str(HEART)]!r}
import {FACE}._generated.sync.instance as instance
before = "{FACE}._generated.sync.shelves" in sys.modules
instance.InstanceOperations(None).shelves
print(before, "{FACE}._generated.sync.shelves" in sys.modules, "typing" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "False True False\n", done.stderr


def test_mypy_finds_nothing(face: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.10", "-p", FACE]
    environment = {"MYPYPATH": f"{face}:{HEART}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=face, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing(face: Path) -> None:
    config = ROOT / "pyproject.toml"
    ignored = "A,E501,PLC0415,RUF012,INP,TID"
    command = [sys.executable, "-m", "ruff", "check", "--config", str(config), "--extend-ignore", ignored, str(face)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_unions_have_no_repetitions() -> None:
    assert join(["int | str", "str", "None", 'Literal["a | b"]', "list[int | None]"]) == (
        'int | str | Literal["a | b"] | list[int | None] | None'
    )
    assert join(["Any", "int"]) == "Any"


def test_members_do_not_hide_builtins() -> None:
    assert unshadowed('list[int] | Literal["list"]', {"list", "get"}) == 'builtins.list[int] | Literal["list"]'
    assert unshadowed("list[int]", {"get"}) == "list[int]"


def test_more_in_a_module_changes_the_base_class() -> None:
    files = emit_python.emit(fixture()).files
    for folder, base in (("sync", "SyncRecordsNode"), ("aio", "AsyncRecordsNode")):
        (text,) = [t for p, t in files.items() if f"/{folder}/" in p and "class " in t and "ShelfRows(" in t]
        assert f"ShelfRows({base}):" in text
        assert f"from xano_metadata._records import {base}" in text
