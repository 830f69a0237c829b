"""Whatever the table and whatever the records: what was inserted comes back equal, by every route."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xano_metadata import Instance
from xano_metadata._generated.sync.records import TableRecords
from xano_metadata.testing import Emulator

from .tables import Column, a_table, without_ids

Rows = list[dict[str, Any]]

NAMES = itertools.count()
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", " ", "null", "NaN", "1", '"', "\\", "a,b", "a\r\nb", "\u0000", "é☃𝄞", "\u202e", "=1+1", "[]", "{}"]
)
INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)])
DECIMALS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.1, 1e22, 5e-324, -1.7e308, 2.0**53])
MOMENTS = st.integers(-62135596800000, 253402300799999) | st.sampled_from([-62135596800000, 0, 253402300799999])
DAYS = st.dates().map(dt.date.isoformat) | st.sampled_from(["0001-01-01", "9999-12-31", "2024-02-29"])
UUIDS = st.uuids().map(str) | st.just(str(uuid.UUID(int=0)))
JSON = st.recursive(
    st.booleans() | INTEGERS | DECIMALS | TEXTS,
    lambda inner: st.lists(st.none() | inner, max_size=3) | st.dictionaries(TEXTS, st.none() | inner, max_size=3),
    max_leaves=6,
)
CHILDREN = [Column.int("a", nullable=True), Column.text("b c", nullable=True), Column.decimal("d", nullable=True)]
OBJECTS = st.fixed_dictionaries({"a": st.none() | INTEGERS, "b c": st.none() | TEXTS, "d": st.none() | DECIMALS})
WORDS = ["", "red", "grün", 'a"b,c']

KINDS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "text": (Column.text, TEXTS),
    "int": (Column.int, INTEGERS),
    "decimal": (Column.decimal, DECIMALS),
    "bool": (Column.bool, st.booleans()),
    "timestamp": (Column.timestamp, MOMENTS),
    "date": (Column.date, DAYS),
    "uuid": (Column.uuid, UUIDS),
    "json": (Column.json, JSON),
    "enum": (lambda name, **more: Column.enum(name, values=WORDS[1:], **more), st.sampled_from(WORDS[1:])),
    "object": (lambda name, **more: Column.object(name, children=CHILDREN, **more), OBJECTS),
    "texts": (lambda name, **more: Column.text(name, style="list", **more), st.lists(TEXTS, max_size=3)),
    "ints": (lambda name, **more: Column.int(name, style="list", **more), st.lists(INTEGERS, max_size=3)),
    "decimals": (lambda name, **more: Column.decimal(name, style="list", **more), st.lists(DECIMALS, max_size=3)),
    "objects": (
        lambda name, **more: Column.object(name, children=CHILDREN, style="list", **more),
        st.lists(OBJECTS, max_size=2),
    ),
}
NESTED = {"json", "object", "texts", "ints", "decimals", "objects"}


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, str], set[str], Rows]:
    """The kind of each column, the columns that may be null, and records."""
    chosen = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=7))
    kinds = {f"c{at}_{kind}": kind for at, kind in enumerate(chosen)}
    nullable = draw(st.sets(st.sampled_from(sorted(kinds)), max_size=len(kinds)))
    values = {
        name: (st.none() | KINDS[kind][1]) if name in nullable else KINDS[kind][1] for name, kind in kinds.items()
    }
    return kinds, nullable, draw(st.lists(st.fixed_dictionaries(values), max_size=8))


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    with Emulator() as emulator, emulator.instance(rate_limit="off") as made:
        yield made


def plain(value: Any) -> Any:
    return None if value is None or value is pd.NA or value is pd.NaT or value != value else value


def of_columns(kinds: dict[str, str], columns: dict[str, list[Any]], *, decoded: bool) -> Rows:
    """Rows of columns, with the JSON text of what is nested decoded."""
    made = []
    for row in zip(*columns.values(), strict=True):
        values = dict(zip(columns, row, strict=True))
        for name, value in values.items():
            read: Any = value if isinstance(value, (list, dict)) else plain(value)
            is_json = kinds.get(name) == "json" or (kinds.get(name) in NESTED and not decoded)
            values[name] = json.loads(read) if is_json and read is not None else read
        made.append(values)
    return without_ids(made)


def as_lists(frame: pd.DataFrame) -> dict[str, list[Any]]:
    return {str(name): frame[name].tolist() for name in frame.columns}


def moments(rows: Rows, kinds: dict[str, str]) -> Rows:
    """Moments and days as the API has them."""
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
    for row in rows:
        for name, value in row.items():
            if value is not None and kinds[name] == "timestamp":
                row[name] = (value - epoch) // dt.timedelta(milliseconds=1)
            elif value is not None and kinds[name] == "date":
                row[name] = value.isoformat()
    return rows


def routes(records: TableRecords, kinds: dict[str, str]) -> Iterator[tuple[str, Rows]]:
    """The records by every way of reading."""
    yield "dicts", without_ids(records.to_list())
    yield "pages", without_ids([row for page in records.iter(order="pages", page_size=3).pages() for row in page])
    yield "pyarrow", of_columns(kinds, pa.table(records.to_arrow()).to_pydict(), decoded=False)
    native = pa.table(records.to_arrow(nested="native", datetimes=True))
    yield "pyarrow, native", moments(of_columns(kinds, native.to_pydict(), decoded=True), kinds)
    yield "polars", of_columns(kinds, records.to_polars().to_dict(as_series=False), decoded=False)
    frame = records.to_polars(nested="native", datetimes=True)
    yield "polars, native", moments(of_columns(kinds, frame.to_dict(as_series=False), decoded=True), kinds)
    yield "pandas", of_columns(kinds, as_lists(records.to_pandas()), decoded=False)
    yield "pandas, native", of_columns(kinds, as_lists(records.to_pandas(nested="native")), decoded=True)


def detours(records: TableRecords, other: TableRecords, kinds: dict[str, str]) -> Iterator[tuple[str, Rows]]:
    """The records of another table, after the way there."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("rows.ndjson", "rows.csv", "rows.parquet"):
            path = Path(folder, name)
            records.export(path)
            other.insert(path, keep_ids=True)
            yield name, other.to_list()
            other.delete_where()
    other.insert(records.to_arrow(), keep_ids=True)
    yield "Arrow", other.to_list()
    other.delete_where()
    if "json" not in kinds.values():  # in a frame it is text that could be meant as such
        other.insert(records.to_polars(nested="native", datetimes=True), keep_ids=True)
        yield "polars", other.to_list()
        other.delete_where()
        other.insert(records.to_pandas(nested="native", datetimes=True), keep_ids=True)
        yield "pandas", other.to_list()
        other.delete_where()
    records.copy_to(other, keep_ids=True)
    yield "copy", other.to_list()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables())
def test_what_was_inserted_comes_back(instance: Instance, table: tuple[dict[str, str], set[str], Rows]) -> None:
    kinds, nullable, rows = table
    columns = [KINDS[kind][0](name, nullable=name in nullable) for name, kind in kinds.items()]
    records = a_table(instance, *columns, name=f"t{next(NAMES)}")
    report = records.insert(rows, concurrency=1)
    assert (report.read, report.inserted, report.failed) == (len(rows), len(rows), 0)
    for route, found in routes(records, kinds):
        assert found == rows, route
    other = a_table(instance, *columns, name=f"t{next(NAMES)}")
    stored = records.to_list()
    for way, found in detours(records, other, kinds):
        assert found == stored, way
