"""Loading rows of every kind of source, and what each action does with them, in both faces."""

from __future__ import annotations

import collections
import datetime as dt
import json
import types
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xano_metadata import ConfigError, LoadReport
from xano_metadata._generated.sync.records import TableRecords
from xano_metadata.testing import Emulator

from .tables import Column, a_table, twin, without_ids

ROWS: list[dict[str, Any]] = [
    {"sku": f"s{n}", "n": None if n % 3 == 0 else n, "price": n / 8, "ok": n % 2 == 0} for n in range(1200)
]


@pytest.fixture
def records(emulator: Emulator) -> TableRecords:
    return a_table(
        emulator.instance(backoff=0.001),
        Column.text("sku"),
        Column.int("n", nullable=True),
        Column.decimal("price"),
        Column.bool("ok"),
        unique="sku",
    )


def counted(report: LoadReport) -> dict[str, int]:
    """The counts that are not 0, without those that follow from others."""
    names = "read inserted updated deleted skipped failed written".split()
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def stored(records: TableRecords) -> list[dict[str, Any]]:
    """What is there, in the order of `ROWS`: batches that are sent side by side may arrive in another."""
    return sorted(without_ids(records.to_list()), key=lambda row: int(row["sku"][1:]))


def pandas_frame() -> pd.DataFrame:
    frame: pd.DataFrame = pd.DataFrame(ROWS, index=[f"row {n}" for n in range(len(ROWS))])
    assert str(frame["n"].dtype) == "float64"  # with NaN where it is missing
    return frame


def csv_file(folder: Path) -> Path:
    path = folder / "rows.csv"
    pandas_frame().astype({"n": "Int64"}).to_csv(path, index=False)
    return path


def ndjson_file(folder: Path) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def parquet_file(folder: Path) -> Path:
    path = folder / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), path)
    return path


def generator() -> Iterator[dict[str, Any]]:
    yield from ROWS


SOURCES: dict[str, Callable[[Path], Any]] = {
    "a list": lambda _: ROWS,
    "a tuple": lambda _: tuple(ROWS),
    "a generator": lambda _: generator(),
    "an iterator": lambda _: iter(ROWS),
    "a view": lambda _: dict(enumerate(ROWS)).values(),
    "mappings": lambda _: [types.MappingProxyType(row) for row in ROWS],
    "ordered dicts": lambda _: (collections.OrderedDict(row) for row in ROWS),
    "pandas": lambda _: pandas_frame(),
    "pandas with nullable types": lambda _: pandas_frame().convert_dtypes(),
    "pandas with objects": lambda _: pandas_frame().astype(object),
    "polars": lambda _: pl.DataFrame(ROWS),
    "a table of pyarrow": lambda _: pa.Table.from_pylist(ROWS),
    "a batch of pyarrow": lambda _: pa.RecordBatch.from_pylist(ROWS),
    "a reader of pyarrow": lambda _: pa.Table.from_pylist(ROWS).to_reader(max_chunksize=7),
    "duckdb": lambda folder: duckdb.sql(f"select * from '{parquet_file(folder)}'"),
    "a CSV file": csv_file,
    "the name of a CSV file": lambda folder: str(csv_file(folder)),
    "an NDJSON file": ndjson_file,
    "a Parquet file": parquet_file,
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
async def test_every_source_gives_its_rows(
    records: TableRecords, emulator: Emulator, tmp_path: Path, source: Callable[[Path], Any]
) -> None:
    assert counted(records.insert(source(tmp_path))) == {"read": 1200, "inserted": 1200}
    assert stored(records) == ROWS
    records.delete_where()
    async with emulator.async_instance() as instance:
        report = await twin(instance, records).insert(source(tmp_path))
    assert counted(report) == {"read": 1200, "inserted": 1200}
    assert stored(records) == ROWS


async def test_asyncio_has_sources_of_its_own(records: TableRecords, emulator: Emulator) -> None:
    async def rows() -> AsyncIterator[dict[str, Any]]:
        for row in ROWS:
            yield row

    async with emulator.async_instance() as instance:
        async_records = twin(instance, records)
        assert counted(await async_records.insert(rows())) == {"read": 1200, "inserted": 1200}
        reader = async_records.iter(limit=1000)
        assert counted(await async_records.delete(reader)) == {"read": 1000, "deleted": 1000}
        assert len(await async_records.to_list()) == 200
        with pytest.raises(ConfigError, match="use AsyncXano, or collect it first"):
            records.insert(rows())  # type: ignore[arg-type]


def test_what_was_read_can_be_loaded(records: TableRecords, emulator: Emulator) -> None:
    records.insert(ROWS)
    other = a_table(emulator.instance(), Column.text("sku"), Column.int("n", nullable=True), name="other")
    wanted = [{"id": row["id"], "sku": row["sku"], "n": row["n"]} for row in records.to_list()]
    for source in (
        records.to_arrow(columns=["id", "sku", "n"]),
        records.to_pandas(columns=["id", "sku", "n"]),
        records.to_polars(columns=["id", "sku", "n"]),
        ({name: row[name] for name in ("id", "sku", "n")} for row in records.iter()),
    ):
        assert other.insert(source, keep_ids=True).inserted == 1200
        assert other.to_list() == wanted
        other.delete_where()


def test_update_upsert_and_delete_by_id(records: TableRecords) -> None:
    records.insert(ROWS[:100])
    ids = [row["id"] for row in records.iter()]
    changed = records.update([{"id": one, "n": one * 10} for one in [*ids[:50], 10**6]])
    assert counted(changed) == {"read": 51, "updated": 50, "skipped": 1}
    assert [row["n"] for row in records.iter(limit=50)] == [one * 10 for one in ids[:50]]
    assert records.to_list()[60]["n"] is None
    added = records.upsert([{"id": ids[0], "n": 1}, {"id": 5000, "sku": "new", "n": 2}])
    assert counted(added) == {"read": 2, "inserted": 1, "updated": 1}
    gone = records.delete([*ids[:10], 10**6])
    assert counted(gone) == {"read": 11, "deleted": 10, "skipped": 1}
    assert len(records.to_list()) == 91


def test_update_upsert_and_delete_by_key(records: TableRecords) -> None:
    records.insert(ROWS[:100])
    assert counted(records.update([{"sku": "s1", "n": 5}, {"sku": "none", "n": 5}], key="sku")) == {
        "read": 2,
        "updated": 1,
        "skipped": 1,
    }
    frame = pd.DataFrame({"sku": ["s2", "s200"], "price": [1.5, 2.5]})
    assert counted(records.upsert(frame, key="sku")) == {"read": 2, "inserted": 1, "updated": 1}
    there = {row["sku"]: row for row in records.iter()}
    assert (there["s1"]["n"], there["s2"]["price"], there["s2"]["n"], there["s200"]["price"]) == (5, 1.5, 2, 2.5)
    assert counted(records.delete(["s1", "none"], key="sku")) == {"read": 2, "deleted": 1, "skipped": 1}


DELETED: dict[str, Callable[[list[int]], Any]] = {
    "ids": lambda ids: ids,
    "a set": set,
    "a range": lambda ids: range(ids[0], ids[-1] + 1),
    "rows": lambda ids: [{"id": one} for one in ids],
    "a series": lambda ids: pd.Series(ids, index=list(reversed(ids))),
    "an array": np.array,
    "a column of polars": lambda ids: pl.DataFrame({"id": ids}),
    "a map": lambda ids: map(int, map(str, ids)),
}


@pytest.mark.parametrize("ids", DELETED.values(), ids=DELETED)
def test_ids_to_delete_may_be_given_in_many_ways(records: TableRecords, ids: Callable[[list[int]], Any]) -> None:
    records.insert(ROWS[:20])
    there = [row["id"] for row in records.iter()]
    assert counted(records.delete(ids(there[:15]))) == {"read": 15, "deleted": 15}
    assert [row["id"] for row in records.iter()] == there[15:]


def test_uuids_are_ids_too(emulator: Emulator) -> None:
    table = a_table(emulator.instance(), Column.uuid("id", required=True), Column.int("n"))
    ids = [uuid.UUID(int=n) for n in range(5)]
    assert table.insert([{"id": one, "n": n} for n, one in enumerate(ids)], keep_ids=True).inserted == 5
    assert table.delete(ids[:2]).deleted == 2
    assert sorted(row["n"] for row in table.iter()) == [2, 3, 4]


def test_values_of_python_become_those_of_the_table(emulator: Emulator) -> None:
    table = a_table(
        emulator.instance(),
        Column.decimal("price"),
        Column.timestamp("at"),
        Column.date("day"),
        Column.uuid("key"),
        Column.json("extra"),
    )
    at = dt.datetime(2024, 2, 29, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    key = uuid.uuid4()
    row = {
        "price": Decimal("19.90"),
        "at": at,
        "day": dt.date(2024, 2, 29),
        "key": key,
        "extra": {"when": dt.date(2024, 1, 1), "of": (1, np.int64(2), np.float32(0.5))},
    }
    frame = pd.DataFrame([{**row, "at": pd.Timestamp(at), "day": pd.Timestamp("2024-02-29")}])
    for source in ([row], frame):
        table.insert(source)
    expected = {
        "price": 19.9,
        "at": 1709202600000,
        "day": "2024-02-29",
        "key": str(key),
        "extra": {"when": "2024-01-01", "of": [1, 2, 0.5]},
    }
    assert without_ids(table.to_list()) == [expected, expected]


def test_what_is_missing_in_pandas_is_null(emulator: Emulator) -> None:
    columns = [
        Column.int("i", nullable=True),
        Column.decimal("d", nullable=True),
        Column.bool("b", nullable=True),
        Column.text("t", nullable=True),
        Column.timestamp("at", nullable=True),
        Column.text("l", style="list", nullable=True),
    ]
    table = a_table(emulator.instance(), *columns)
    frame = pd.DataFrame(
        {
            "i": [1, None],
            "d": [0.5, float("nan")],
            "b": pd.array([True, None], dtype="boolean"),
            "t": ["x", pd.NA],
            "at": pd.to_datetime(["2024-01-01T00:00:00.5Z", "NaT"]),
            "l": [["a"], None],
        }
    )
    table.insert(frame)
    table.insert(frame.assign(at=frame["at"].dt.tz_convert("Asia/Kolkata"), t=frame["t"].astype("category")))
    table.insert(frame.assign(at=frame["at"].dt.tz_localize(None)))
    whole = {"i": 1, "d": 0.5, "b": True, "t": "x", "at": 1704067200500, "l": ["a"]}
    assert without_ids(table.to_list()) == [whole, dict.fromkeys(whole)] * 3


REFUSED: list[tuple[str, Any, dict[str, Any], str]] = [
    ("one record", {"sku": "a"}, {}, "put it into a list, or use create"),
    ("a number", 5, {}, "not int"),
    ("None", None, {}, "not NoneType"),
    ("bytes", b"a", {}, "not bytes"),
    ("a lazy frame", pl.LazyFrame({"sku": ["a"]}), {}, "what its collect() returns"),
    ("an unknown file", "rows.txt", {}, "rows.txt cannot be told by its name"),
    ("a missing file", "nothing.csv", {}, "nothing.csv cannot be read"),
    ("a missing Parquet file", "nothing.parquet", {}, "There is no file 'nothing.parquet'"),
    ("an unknown format", "rows.txt", {"format": "xlsx"}, "format takes 'ndjson', 'csv' or 'parquet', not \"xlsx\""),
    ("a format without a file", [], {"format": "csv"}, "format is for files"),
    ("columns of one name", pd.DataFrame([[1, 2]], columns=["a", "a"]), {}, "two columns of one name"),
    ("columns without a name", pd.DataFrame([[1, 2]]), {}, "names of columns are text"),
    ("an unknown option", [], {"batchsize": 5}, "insert has no option 'batchsize'. Did you mean"),
    ("an option of another", [], {"page_size": 5}, "insert has no option 'page_size'"),
    ("no rows at once", [], {"batch_rows": 0}, "batch_rows must be at least 1"),
    ("no concurrency", [], {"concurrency": 0}, "concurrency must be at least 1"),
    ("a wrong word", [], {"on_error": "skip"}, 'on_error cannot be "skip": it takes `stop` or `collect`'),
    ("no column", [], {"key": "nothing"}, "nothing"),
    ("no path", [], {"checkpoint": 5}, "checkpoint takes a path as text or as a Path, not int"),
    ("no function", [], {"on_progress": 5}, "on_progress takes a function, not int"),
]


@pytest.mark.parametrize(("rows", "options", "words"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
async def test_what_cannot_be_loaded_is_named_and_nothing_is_sent(
    records: TableRecords, emulator: Emulator, rows: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        records.insert(rows, **options)
    assert words in str(caught.value)
    async with emulator.async_instance() as instance:
        with pytest.raises(ConfigError) as caught:
            await twin(instance, records).insert(rows, **options)
    assert words in str(caught.value)
    assert not [request for request in emulator.requests() if "bulk" in request["path"]]


def test_columns_of_polars_without_a_value_are_null(emulator: Emulator) -> None:
    box = Column.object("box", children=[Column.int("w", nullable=True)], nullable=True)
    table = a_table(
        emulator.instance(), Column.int("n", nullable=True), Column.text("tags", style="list", nullable=True), box
    )
    rows: list[dict[str, Any]] = [{"n": None, "tags": [], "box": {"w": None}}, {"n": None, "tags": None, "box": None}]
    assert table.insert(pl.DataFrame(rows)).inserted == 2
    assert [(row["n"], row["tags"]) for row in table.iter()] == [(None, []), (None, None)]


def test_ids_are_for_inserts(records: TableRecords) -> None:
    with pytest.raises(ConfigError, match="update has no option 'keep_ids'"):
        records.update([], keep_ids=True)  # type: ignore[call-arg]


def test_nothing_to_load(records: TableRecords) -> None:
    empty: list[Any] = [[], iter(()), pd.DataFrame(ROWS[:0]), pd.DataFrame(), pl.DataFrame(schema=["sku"])]
    for nothing in empty:
        assert counted(records.insert(nothing)) == {}
        assert counted(records.delete(nothing)) == {}
