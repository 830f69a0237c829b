"""Rows that are dicts: whatever their names are, and however they change from row to row, each is sent as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xano_metadata import OMIT
from xano_metadata._generated.sync.records import TableRecords
from xano_metadata.testing import Emulator

from .tables import Column, a_table, without_ids

LONG = "a name of more than thirty-two bytes, and of more than sixteen"
NAMES = ["a", "bc", "nine byte", "thirteen byte", "ünïcödé", LONG, 'quoted "name"', "back\\slash", "a / slash"]
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        2**62,
        -(2**63),
        0.5,
        -0.0,
        1e300,
        "",
        "x",
        "1234567",
        "12345678",
        "fifteen letters",
        "sixteen letters!",
        "seventeen letters",
        "Größe prüfen, Rücksendung möglich",
        'an "escape"',
        "fifteen and a \n",
        [1, "a"],
        {"a": {"b": []}},
    ]
)


class Name(str):
    """A name of a class of its own."""


SORTS: list[Callable[[str], str]] = [str, lambda name: "".join(list(name)), Name]
"""The same object each time, a new one, one of another class."""


def columns(names: list[str]) -> list[Column]:
    return [Column.json(name, nullable=True) for name in names]


@pytest.fixture
def records(emulator: Emulator) -> TableRecords:
    return a_table(emulator.instance(backoff=0.001), *columns(NAMES))


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(NAMES), unique=True),
            st.sampled_from(SORTS),
            st.lists(VALUES | st.just(OMIT), min_size=len(NAMES), max_size=len(NAMES)),
        ),
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_of_every_shape_are_sent_as_they_are(
    records: TableRecords, given: list[tuple[list[str], Callable[[str], str], list[Any]]]
) -> None:
    rows = [{sort(name): value for name, value in zip(names, values, strict=False)} for names, sort, values in given]
    before = len(records.to_list())
    records.insert(rows)
    expected = [{name: None if (value := row.get(name)) is OMIT else value for name in NAMES} for row in rows]
    found = without_ids(records.to_list())[before:]
    assert found == expected
    assert [[type(value) for value in row.values()] for row in found] == [
        [type(value) for value in row.values()] for row in expected
    ]


def test_more_names_than_are_remembered(emulator: Emulator) -> None:
    names = [f"column_{number}" for number in range(300)]
    records = a_table(emulator.instance(), *columns(names))
    rows = [{"".join(list(name)): [number, name] for name in names} for number in range(5)]
    records.insert(rows)
    assert without_ids(records.to_list()) == rows


class Sneaky(Mapping[str, int]):
    """A value that changes the row it is in when it is read."""

    def __init__(self, change: Callable[[], Any]) -> None:
        self.change = change

    def __getitem__(self, key: str) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        self.change()
        return iter(["a"])

    def __len__(self) -> int:
        return 1


def growing() -> dict[str, Any]:
    row: dict[str, Any] = {}
    row["a"] = Sneaky(lambda: row.setdefault("bc", 5))
    return row


def shrinking() -> dict[str, Any]:
    row: dict[str, Any] = {"bc": "text" * 5}
    row["a"] = Sneaky(lambda: row.pop("bc"))
    row["a / slash"] = "text" * 6
    return row


def replaced() -> dict[str, Any]:
    names = ["a"]

    def change() -> None:
        row.pop(names[-1])
        names.append(f"other {len(names)}")
        row[names[-1]] = Sneaky(change)

    row: dict[str, Any] = {"a": Sneaky(change)}
    return row


@pytest.mark.parametrize("changed", [growing, shrinking, replaced])
def test_a_row_that_changes_while_it_is_read_is_refused(
    records: TableRecords, changed: Callable[[], dict[str, Any]]
) -> None:
    usual = {"a": 1, "bc": 2, "a / slash": 3}
    report = records.insert([usual, changed(), usual], on_error="collect")
    assert report.inserted == 2
    (failure,) = report.failures
    assert failure.row == 2
    assert "was changed by someone else while it was read" in failure.reason


def test_values_that_take_part_in_no_short_cut(records: TableRecords) -> None:
    day = dt.date(2024, 2, 29)
    rows = [{"a": 1, "bc": number, LONG: day, "nine byte": 2**70} for number in range(3)]
    records.insert(rows)
    found = records.to_list()
    assert [row["bc"] for row in found] == [0, 1, 2]
    assert all(row[LONG] == "2024-02-29" and row["nine byte"] == 2**70 for row in found)


def test_trouble_is_told_with_its_column_in_any_row(records: TableRecords) -> None:
    good: dict[Any, Any] = {"a": 1, LONG: 0.5, "bc": "x"}
    bad: list[dict[Any, Any]] = [
        good | {LONG: float("nan")},
        good | {"bc": "\udc00"},
        good | {"a": [float("inf")]},
        {1: 1} | good,
        good,
    ]
    report = records.insert([good, good, *bad, good], on_error="collect")
    assert report.inserted == 4
    assert [(failure.row, failure.column) for failure in report.failures] == [(3, LONG), (4, "bc"), (5, "a"), (6, None)]
    assert [failure.reason.split(" ")[:3] for failure in report.failures] == [
        ["It", "is", "NaN,"],
        ["It", "holds", "half"],
        ["Its", "[0]", "is"],
        ["The", "row", "has"],
    ]
