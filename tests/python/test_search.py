"""Searches: what people write, what the API gets, and that the emulator finds the records that are meant."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from xano_metadata import ConfigError, field, where
from xano_metadata._generated.sync.records import TableRecords
from xano_metadata.testing import Emulator

from .tables import Column, a_table, twin

SEARCHES: list[tuple[str, Callable[[], list[dict[str, Any]]], list[dict[str, Any]]]] = [
    ("nothing", where, []),
    ("equal", lambda: where(status="new"), [{"status": "new"}]),
    ("equal, by name", lambda: where(status__eq="new"), [{"status": "new"}]),
    ("null", lambda: where(note=None), [{"note": None}]),
    ("greater", lambda: where(price__gt=70), [{"price|>": 70}]),
    ("less", lambda: where(price__lt=70.5), [{"price|<": 70.5}]),
    ("in", lambda: where(status__in=("a", "b")), [{"status|in": ["a", "b"]}]),
    ("in a generator", lambda: where(n__in=(n for n in range(2))), [{"n|in": [0, 1]}]),
    ("not in", lambda: where(status__not_in=["a"]), [{"status|not in": ["a"]}]),
    ("in use", lambda: where(a__gte=1, b__lte=2, c__ne=3), [{"a|>=": 1}, {"b|<=": 2}, {"c|!=": 3}]),
    ("several", lambda: where(a=1, b__gt=2), [{"a": 1}, {"b|>": 2}]),
    ("underscores", lambda: where(_a_b_=1, a_b__gt=2), [{"_a_b_": 1}, {"a_b|>": 2}]),
    ("raw", lambda: where({"a|>": 1, "b": 2}, [{"c": 3}], d=4), [{"a|>": 1}, {"b": 2}, {"c": 3}, {"d": 4}]),
    ("a field", lambda: field("unit price") > 70, [{"unit price|>": 70}]),
    ("all signs", lambda: (field("a") == 1) & (field("b") < 2), [{"a": 1}, {"b|<": 2}]),
    ("other signs", lambda: (field("a") >= 1) & (field("b") <= 2) & (field("c") != 3),
     [{"a|>=": 1}, {"b|<=": 2}, {"c|!=": 3}]),
    ("turned round", lambda: 70 < field("a"), [{"a|>": 70}]),  # noqa: SIM300 - people write it
    ("lists of a field", lambda: field("a").in_([1]) & field("b").not_in({2}), [{"a|in": [1]}, {"b|not in": [2]}]),
    ("a path", lambda: field("address.city") == "Oslo", [{"address.city": "Oslo"}]),
    ("or", lambda: (field("a") == 1) | (field("b") > 2), [{"a": 1}, {"b|>|or": 2}]),
    ("or, three", lambda: where(a=1) | where(b=2) | where(c__in=[3]), [{"a": 1}, {"b||or": 2}, {"c|in|or": [3]}]),
    ("or, grouped", lambda: where(a=1) | (where(b=2) | where(c=3)), [{"a": 1}, {"b||or": 2}, {"c||or": 3}]),
    ("and, then or", lambda: where(a=1, b=2) | where(c=3), [{"a": 1}, {"b": 2}, {"c||or": 3}]),
    ("or, then and", lambda: where(c=3) | where(a=1, b=2), [{"a": 1}, {"b": 2}, {"c||or": 3}]),
    ("or of raw", lambda: {"a": 1} | where(b=2), [{"a": 1}, {"b||or": 2}]),
    ("or that is raw", lambda: where({"a": 1, "b|>|or": 2}) | where(c=1), [{"a": 1}, {"b|>|or": 2}, {"c||or": 1}]),
    ("and with nothing", lambda: (where(a=1) | where(b=2)) & where(), [{"a": 1}, {"b||or": 2}]),
]  # fmt: skip


@pytest.mark.parametrize(("search", "expected"), [row[1:] for row in SEARCHES], ids=[row[0] for row in SEARCHES])
def test_searches_are_what_the_api_takes(
    search: Callable[[], list[dict[str, Any]]], expected: list[dict[str, Any]]
) -> None:
    made = search()
    assert made == expected
    assert isinstance(made, list)
    assert pickle.loads(pickle.dumps(made)) == expected


REFUSED: list[tuple[str, Callable[[], object], str]] = [
    ("an unknown operator", lambda: where(price__above=70), "price__above ends in no operator; there are eq, gt"),
    ("a text for a list", lambda: where(status__in="new"), "takes a list of values, not 'new'"),
    ("a number for a list", lambda: field("a").in_(7), "takes a list of values, not 7"),  # type: ignore[arg-type]
    ("an order and null", lambda: where(price__gt=None), "finds nothing"),
    ("a bar in a name", lambda: field("price|>"), "without |"),
    ("no name", lambda: field(""), "takes the name"),
    ("or of ands", lambda: where(a=1, b=2) | where(c=3, d=4), "Make two searches"),
    ("and of ors", lambda: (where(a=1) | where(b=2)) & where(c=3), "use in"),
    ("and of ors, turned round", lambda: where(c=3) & (where(a=1) | where(b=2)), "use in"),
    ("and of raw ors", lambda: where({"a": 1, "b||or": 2}, c=3), "use in"),
    ("or with everything", lambda: where(a=1) | where(), "means every record"),
    ("Python's and", lambda: (field("a") == 1) and (field("b") == 2), "joined by & and |"),
    ("Python's not", lambda: not where(a=1), "joined by & and |"),
    ("a chain", lambda: 1 < field("a") < 2, "joined by & and |"),
    ("no brackets", lambda: field("a") == 1 | field("b") == 2, "need brackets"),
    ("a bare field", lambda: bool(field("a")), "no condition yet"),
    ("Python's in", lambda: 1 in field("a"), "in_"),
    ("no search", lambda: where(7), "a dict of conditions"),  # type: ignore[arg-type]
    ("a list of no searches", lambda: where(["a"]), "a dict of conditions"),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("search", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_cannot_be_asked_is_refused(search: Callable[[], object], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        search()
    assert words in str(caught.value)


PEOPLE: list[dict[str, Any]] = [
    {"name": "Ada", "age": 36, "tags": ["x"]},
    {"name": "Bob", "age": 20, "tags": ["x", "y"]},
    {"name": "Cleo", "age": None, "tags": []},
]


def people(emulator: Emulator) -> TableRecords:
    table = a_table(
        emulator.instance(), Column.text("name"), Column.int("age", nullable=True), Column.text("tags", style="list")
    )
    table.create_many(items=PEOPLE)
    return table


def test_every_operation_takes_them(emulator: Emulator) -> None:
    records = people(emulator)

    def names(search: Any) -> list[str]:
        return [record["name"] for record in records.search(search=search)]

    assert names(where(age__gt=30)) == ["Ada"]
    assert names(where(age__lte=36)) == ["Ada", "Bob"]
    assert names(where(age=None)) == ["Cleo"]
    assert names(field("tags") == "y") == ["Bob"]
    assert names((field("age") == 20) | (field("age") == None)) == ["Bob", "Cleo"]  # noqa: E711
    assert names(where(name__in=["Ada", "Bob"]) & (field("age") < 30)) == ["Bob"]
    assert names(where(name="Ada", age=1) | where(name="Bob")) == ["Bob"]
    assert records.update_where(search=where(name="Bob"), updates={"age": 21}).success_total == 1
    assert records.delete_where(search=field("age") == 21).success_total == 1
    assert names(where()) == ["Ada", "Cleo"]


async def test_the_async_face_takes_them(emulator: Emulator) -> None:
    records = people(emulator)
    async with emulator.async_instance() as instance:
        found = twin(instance, records).search(search=where(age__gt=30))
        assert [record["name"] async for record in found] == ["Ada"]
