"""What is there: every operation in both faces, twins alike, names documented."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import xano_metadata
from xano_metadata import _generated, _record_options
from xano_metadata._node import AsyncNode, SyncNode
from xano_metadata._records import AsyncRecordsNode, SyncRecordsNode

CALLS = ("_call", "_any", "_do", "_text", "_pages", "_save", "_events")


def classes(face: str, base: type) -> dict[str, type]:
    package = importlib.import_module(f"{_generated.__name__}.{face}")
    found: dict[str, type] = {}
    for module in pkgutil.iter_modules(package.__path__):
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        own = {k: v for k, v in vars(loaded).items() if isinstance(v, type) and v.__module__ == loaded.__name__}
        found |= {name: cls for name, cls in own.items() if issubclass(cls, base)}
    return found


def operations(found: dict[str, type]) -> Iterator[tuple[str, Any]]:
    for name, cls in found.items():
        for method, function in vars(cls).items():
            source = inspect.unwrap(function) if inspect.isfunction(function) else None
            if source is not None and set(CALLS) & set(source.__code__.co_names):
                yield f"{name}.{method}", source


SYNC, ASYNC = classes("sync", SyncNode), classes("aio", AsyncNode)


def test_twins_are_alike() -> None:
    assert {f"Async{name}" for name in SYNC} == set(ASYNC)
    waiting = dict(operations(SYNC))
    awaiting = {name.removeprefix("Async"): function for name, function in operations(ASYNC)}
    assert waiting.keys() == awaiting.keys()
    for name, function in waiting.items():
        twin = awaiting[name]
        assert str(inspect.signature(function).replace(return_annotation="")) == str(
            inspect.signature(twin).replace(return_annotation="")
        )
        assert inspect.getdoc(function) == inspect.getdoc(twin)


def test_every_operation_is_there_once() -> None:
    ids = [const for _, f in operations(SYNC) for const in f.__code__.co_consts if isinstance(const, str)]
    named = [text for text in ids if text.startswith(("account.", "instance.")) and "\n" not in text]
    assert len(named) == len(set(named)) == len(dict(operations(SYNC))) >= 326


def test_every_method_is_documented() -> None:
    for name, function in operations(SYNC):
        doc = inspect.getdoc(function)
        assert doc, name
        assert "Raises:" in doc, name
        assert "Token scope:" in doc, name
        for parameter in inspect.signature(function).parameters:
            if parameter != "self":
                assert f"    {parameter}: " in doc, (name, parameter)


def of_records(node: type) -> dict[str, Any]:
    """What collections of records have besides their operations."""
    classes = [cls for cls in node.__mro__ if cls.__module__ in ("xano_metadata._records", "xano_metadata._reading")]
    found = {name: value for cls in classes for name, value in vars(cls).items() if not name.startswith("_")}
    return {name: value for name, value in found.items() if inspect.isfunction(value)}


def test_records_as_data_have_twins_and_words() -> None:
    waiting, awaiting = of_records(SyncRecordsNode), of_records(AsyncRecordsNode)
    assert list(waiting) == list(awaiting)
    assert set("iter to_list to_arrow to_pandas to_polars insert update upsert delete export copy_to".split()) == set(
        waiting
    )
    for name, function in waiting.items():
        twin, doc = awaiting[name], inspect.getdoc(function) or ""
        assert [*inspect.signature(function).parameters] == [*inspect.signature(twin).parameters]
        for words in ("Args:", "Raises:", "Token scope:"):
            assert words in doc, (name, words)
        # The twins say the same; what is only for asyncio stands in the twin as well.
        common = (inspect.getdoc(twin) or "").split("Args:")[0]
        assert doc.split("Args:")[0] == common, name


def test_every_option_is_documented() -> None:
    source = inspect.getsource(_record_options)
    options = [
        base for base in vars(_record_options).values() if isinstance(base, type) and base.__name__.endswith("Fields")
    ]
    assert len(options) > 6
    for cls in options:
        for name in vars(cls).get("__annotations__", ()):
            assert re.search(rf'^    {name}: .*\n    """', source, re.MULTILINE), (cls, name)


def test_every_exported_name_is_there() -> None:
    for name in dir(xano_metadata):
        assert getattr(xano_metadata, name) is not None
    assert xano_metadata.InstallToken is xano_metadata.types.InstallToken
    assert not hasattr(xano_metadata, "NoSuchThing")
