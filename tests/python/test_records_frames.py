"""Records as columns: Arrow for whoever takes it, pandas and polars, with types from the table's schema."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import signal
import subprocess
import sys
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from xano_metadata import ConfigError, NotFoundError, where
from xano_metadata._generated.sync.records import TableRecords
from xano_metadata.testing import Emulator

from .conftest import Script, reply
from .tables import Column, a_table, twin
from .test_lifecycle import wait_for_request

BIG = 2**53 + 1
UTC = dt.timezone.utc

COLUMNS = [
    Column.text("name"),
    Column.int("n", nullable=True),
    Column.decimal("price", nullable=True),
    Column.bool("ok", nullable=True),
    Column.timestamp("at", nullable=True),
    Column.date("day", nullable=True),
    Column.text("tags", style="list", nullable=True),
    Column.object("box", children=[Column.int("w"), Column.text("t", nullable=True)], nullable=True),
    Column.json("extra", nullable=True),
    Column.uuid("key", nullable=True),
]

ROWS: list[dict[str, Any]] = [
    {"name": "é\u0000☃𝄞", "n": BIG, "price": 0.1, "ok": True, "at": 0, "day": "2024-02-29", "tags": ["a", ""],
     "box": {"w": 1, "t": "x"}, "extra": {"a": [1, None]}, "key": "00000000-0000-0000-0000-000000000001"},
    {"name": "", "n": -(2**63), "price": -1e300, "ok": False, "at": 253402300799999, "day": "9999-12-31", "tags": [],
     "box": {"w": BIG, "t": None}, "extra": [], "key": None},
    {"name": "none", "n": None, "price": None, "ok": None, "at": None, "day": None, "tags": None, "box": None,
     "extra": None, "key": None},
    {"name": "early", "n": 2**63 - 1, "price": 12345.5, "ok": True, "at": -62135596800000, "day": "0001-01-01",
     "tags": ["\"", "\\"], "box": {"w": 0, "t": ""}, "extra": "text", "key": None},
]  # fmt: skip


@pytest.fixture
def records(emulator: Emulator) -> TableRecords:
    made = a_table(emulator.instance(backoff=0.001), *COLUMNS)
    made.create_many(items=ROWS)
    emulator.clear_requests()
    return made


def decoded(value: Any) -> Any:
    return None if value is None or value is pd.NA or value != value else json.loads(value)


def test_arrow_goes_to_pyarrow_with_types_of_the_schema(records: TableRecords, emulator: Emulator) -> None:
    arrow = records.to_arrow(datetimes=True, nested="native")
    assert emulator.requests() == []
    table = pa.table(arrow)
    assert {name: str(table.schema.field(name).type) for name in table.schema.names} == {
        "id": "int64",
        "name": "string",
        "n": "int64",
        "price": "double",
        "ok": "bool",
        "at": "timestamp[ms, tz=UTC]",
        "day": "date32[day]",
        "tags": "list<item: string>",
        "box": "struct<w: int64, t: string>",
        "extra": "string",
        "key": "string",
    }
    assert pa.schema(arrow) == table.schema
    got = table.to_pylist()
    assert [row["n"] for row in got] == [row["n"] for row in ROWS]
    assert [row["box"] for row in got] == [row["box"] for row in ROWS]
    assert [row["tags"] for row in got] == [row["tags"] for row in ROWS]
    assert [decoded(row["extra"]) for row in got] == [row["extra"] for row in ROWS]
    assert got[0]["at"] == dt.datetime(1970, 1, 1, tzinfo=UTC)
    assert got[1]["day"] == dt.date(9999, 12, 31)


def test_each_who_asks_for_the_stream_reads_anew(records: TableRecords) -> None:
    arrow = records.to_arrow(where(name__ne="none"), columns=["n", "id"])
    assert pa.table(arrow).column_names == ["n", "id"]
    records.delete_where(search=where(name="early"))
    assert pa.table(arrow).column("n").to_pylist() == [BIG, -(2**63)]


def test_arrow_goes_to_polars_and_duckdb(records: TableRecords) -> None:
    arrow = records.to_arrow(datetimes=True)
    assert pl.DataFrame(arrow).schema["at"] == pl.Datetime("ms", "UTC")
    assert pl.DataFrame(arrow).equals(records.to_polars(datetimes=True))
    found = duckdb.sql("select name, n from arrow where ok order by n")
    assert found is not None
    assert found.fetchall() == [("é\u0000☃𝄞", BIG), ("early", 2**63 - 1)]


def test_an_empty_table_has_the_same_columns(records: TableRecords) -> None:
    nobody = where(name="nobody")
    assert pa.table(records.to_arrow(nobody)).schema == pa.table(records.to_arrow()).schema
    assert records.to_polars(nobody).schema == records.to_polars().schema
    empty = records.to_pandas(nobody, datetimes=True, nested="native")
    assert len(empty) == 0
    assert str(empty.dtypes["at"]) == "datetime64[ms, UTC]"
    assert str(empty.dtypes["n"]) == "int64"


def test_pandas_gets_its_own_types(records: TableRecords) -> None:
    frame = records.to_pandas(datetimes=True)
    text = str(pd.Series(["a"]).dtype)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "id": "int64",
        "name": text,
        "n": "Int64",
        "price": "float64",
        "ok": "boolean",
        "at": "datetime64[ms, UTC]",
        "day": "datetime64[s]",
        "tags": text,
        "box": text,
        "extra": text,
        "key": text,
    }
    assert frame["name"].tolist() == [row["name"] for row in ROWS]
    assert [None if pd.isna(value) else value for value in frame["n"]] == [row["n"] for row in ROWS]
    assert [None if pd.isna(value) else bool(value) for value in frame["ok"]] == [row["ok"] for row in ROWS]
    assert [None if pd.isna(value) else value for value in frame["price"]] == [row["price"] for row in ROWS]
    assert frame["at"].isna().tolist() == [False, False, True, False]
    assert frame["at"][1].year == 9999
    assert np.datetime_as_string(frame["day"].to_numpy(), "D").tolist() == [
        row["day"] if row["day"] else "NaT" for row in ROWS
    ]
    assert [decoded(value) for value in frame["extra"]] == [row["extra"] for row in ROWS]


def test_pandas_without_nulls_gets_plain_numpy(records: TableRecords) -> None:
    frame = records.to_pandas(where(name__ne="none"))
    assert {name: str(frame.dtypes[name]) for name in ("n", "ok", "at")} == {"n": "int64", "ok": "bool", "at": "int64"}
    assert frame["at"].tolist() == [0, 253402300799999, -62135596800000]
    assert frame["day"].tolist() == ["2024-02-29", "9999-12-31", "0001-01-01"]
    frame["n"] = frame["n"] // 2  # what came can be changed
    frame.loc[0, "ok"] = False
    assert frame["ok"].tolist() == [False, False, True]


def test_pandas_takes_lists_and_objects(records: TableRecords) -> None:
    frame = records.to_pandas(nested="native", datetimes=True, columns=["box", "tags"])
    assert list(frame.columns) == ["box", "tags"]
    assert frame["box"].tolist() == [row["box"] for row in ROWS]
    assert frame["tags"].tolist() == [row["tags"] for row in ROWS]


def test_moments_inside_lists_and_objects(emulator: Emulator) -> None:
    table = a_table(
        emulator.instance(),
        Column.object("span", children=[Column.timestamp("from"), Column.date("day")]),
        Column.decimal("prices", style="list"),
        Column.bool("flags", style="list"),
    )
    table.create_many(items=[{"span": {"from": 1, "day": "2024-02-29"}, "prices": [1.5], "flags": [True]}])
    row = table.to_pandas(nested="native", datetimes=True).iloc[0]
    assert row["span"] == {"from": dt.datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC), "day": dt.date(2024, 2, 29)}
    assert (row["prices"], row["flags"]) == ([1.5], [True])
    assert table.to_polars(nested="native")["span"][0] == {"from": 1, "day": "2024-02-29"}


def test_every_digit_of_a_decimal(emulator: Emulator) -> None:
    table = a_table(emulator.instance(), Column.decimal("price"))
    assert table.insert([{"price": Decimal("123456789012345678.125")}]).inserted == 1
    assert table.to_pandas(decimals="text")["price"].tolist() == ["123456789012345678.125"]
    assert table.to_polars(decimals="text")["price"].to_list() == ["123456789012345678.125"]


async def test_the_async_twin(records: TableRecords, emulator: Emulator) -> None:
    async with emulator.async_instance() as instance:
        async_records = twin(instance, records)
        frame = await async_records.to_pandas(where(n__gt=0), datetimes=True)
        pd.testing.assert_frame_equal(frame, records.to_pandas(where(n__gt=0), datetimes=True))
        assert (await async_records.to_polars()).equals(records.to_polars())
        table = await asyncio.to_thread(pa.table, async_records.to_arrow())
        assert table.equals(pa.table(records.to_arrow()))
        with pytest.raises(ConfigError, match="no column"):
            await async_records.to_pandas(columns=["nothing"])


def test_wrong_options_are_named(records: TableRecords, emulator: Emulator) -> None:
    for options, words in [
        ({"nested": "deep"}, 'nested cannot be "deep"'),
        ({"datetimes": "yes"}, "it takes True or False"),
        ({"decimals": "decimal"}, "`float` or `text`"),
        ({"column": ["n"]}, "to_pandas has no option 'column'. Did you mean columns?"),
    ]:
        with pytest.raises(ConfigError) as caught:
            records.to_pandas(**options)  # type: ignore[arg-type]
        assert words in str(caught.value)
    assert emulator.requests() == []
    with pytest.raises(ConfigError, match='no column "nothing"'):
        pa.table(records.to_arrow(columns=["nothing"]))


def test_errors_before_the_stream_are_ours_and_later_ones_have_our_text(
    records: TableRecords, emulator: Emulator
) -> None:
    missing = emulator.instance().workspace(records._path[0]).table(999).records
    with pytest.raises(NotFoundError):
        pa.table(missing.to_arrow())
    with pytest.raises(NotFoundError):
        missing.to_pandas()
    for consume in (pa.table, pl.DataFrame):
        emulator.faults(reply([{"id": "no number"}], path="**/search"), {**reply(text="odd"), "times": "always"})
        stream = records.to_arrow()
        emulator.clear_faults()
        emulator.faults({**reply(text="odd", path="**/search"), "times": "always"})
        with pytest.raises(Exception, match="odd") as caught:
            consume(stream)
        assert "records.search" in str(caught.value)
        emulator.clear_faults()


TWO_WAYS = """
import sys
from xano_metadata import Instance
for name in sys.argv[5:]:
    sys.modules[name] = None
records = Instance(sys.argv[1], token=sys.argv[2]).workspace(int(sys.argv[3])).table(int(sys.argv[4])).records
"""


def without(records: TableRecords, emulator: Emulator, run_python: Script, code: str, *modules: str) -> str:
    """Runs code that has `records` where some modules cannot be imported."""
    arguments = [emulator.instance_url, emulator.token, *map(str, records._path), *modules]
    done = run_python(TWO_WAYS + code, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pyarrow_is_not_needed(records: TableRecords, emulator: Emulator, run_python: Script) -> None:
    code = """
frame = records.to_pandas(datetimes=True, nested="native")
print(frame.dtypes["n"], frame.dtypes["at"], frame["name"].tolist())
print(records.to_polars().height)
print("pyarrow" in sys.modules and sys.modules["pyarrow"] is not None)
"""
    told = without(records, emulator, run_python, code, "pyarrow").splitlines()
    assert told == [f"Int64 datetime64[ms, UTC] {[row['name'] for row in ROWS]}", "4", "False"]


@pytest.mark.parametrize(("method", "module"), [("to_pandas", "pandas"), ("to_polars", "polars")])
def test_what_is_missing_is_named(
    records: TableRecords, emulator: Emulator, run_python: Script, method: str, module: str
) -> None:
    code = f"""
from xano_metadata import ConfigError
try:
    records.{method}()
except ConfigError as error:
    print(error)
"""
    told = without(records, emulator, run_python, code, module)
    assert told == f"{method} needs {module}, which is not installed: pip install {module}\n"
    assert emulator.requests() == []


INTERRUPTED = """
import polars, pyarrow, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may ignore it
try:
    sys.stdout.write("ready\\n"), sys.stdout.flush()
    {consume}
except KeyboardInterrupt:
    print("interrupted")
except Exception as error:
    print("interrupted" if "KeyboardInterrupt" in str(error) else error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    "consume", ["pyarrow.table(records.to_arrow())", "polars.DataFrame(records.to_arrow())", "records.to_pandas()"]
)
def test_ctrl_c_ends_a_read_by_columns(records: TableRecords, emulator: Emulator, consume: str) -> None:
    emulator.faults({"kind": "hang", "path": "**/search"})
    arguments = [emulator.instance_url, emulator.token, *map(str, records._path)]
    command = [sys.executable, "-c", TWO_WAYS + INTERRUPTED.format(consume=consume), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        wait_for_request(emulator, 2)
        program.send_signal(signal.SIGINT)
        try:
            out, err = program.communicate(timeout=5)
        finally:
            program.kill()
    assert (program.returncode, out) == (0, "interrupted\n"), err
