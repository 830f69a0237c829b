"""Bad rows: each a clear error with row and column, nothing half-sent unnoticed; or collected while the others load."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from xano_metadata import Failure, LoadReport, RecordError, XanoError
from xano_metadata._generated.sync.records import TableRecords
from xano_metadata.testing import Emulator

from .tables import Column, a_table, twin

NAN = float("nan")
INFINITE = float("inf")


@pytest.fixture
def records(emulator: Emulator) -> TableRecords:
    made = a_table(
        emulator.instance(backoff=0.001),
        Column.text("sku", required=True),
        Column.int("n", nullable=True),
        Column.decimal("price", nullable=True),
        Column.json("extra", nullable=True),
        unique="sku",
    )
    made.create({"sku": "taken", "n": 1})
    return made


def csv(text: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "rows.csv"
        path.write_text(text, newline="")
        return path

    return write


def ndjson(text: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "rows.ndjson"
        path.write_text(text)
        return path

    return write


def rows(bad: Any, good: int = 2) -> Callable[[Path], Any]:
    return lambda _: [*({"sku": f"good{n}", "n": n} for n in range(good)), bad]


class Odd:
    """A value that JSON cannot hold."""


# name, source, row, column, words
BAD: list[tuple[str, Callable[[Path], Any], int, str | None, str]] = [
    ("a wrong column", rows({"sku": "a", "prize": 1}), 3, "prize", "no such column"),
    ("a string in an int column", rows({"sku": "a", "n": "many"}), 3, "n", 'It must be a whole number, but is "many"'),
    ("a fraction in an int column", rows({"sku": "a", "n": 1.5}), 3, "n", "whole number"),
    ("a missing required value", rows({"n": 1}), 3, "sku", "missing"),
    ("null in a required column", rows({"sku": None}), 3, "sku", "null"),
    ("a duplicate unique key", rows({"sku": "taken"}), 3, "sku", "Duplicate record"),
    ("a duplicate among the rows", rows({"sku": "good0"}), 3, "sku", "uplicate"),
    ("a NaN", rows({"sku": "a", "price": NAN}), 3, "price", "It is NaN, which JSON cannot say"),
    ("an infinite number", rows({"sku": "a", "extra": {"of": [1, INFINITE]}}), 3, "extra", "Its of[1] is Infinity"),
    ("half a character", rows({"sku": "\ud800"}), 3, "sku", "half a character"),
    ("an object of no kind", rows({"sku": "a", "extra": Odd()}), 3, "extra", "It is of type Odd"),
    ("bytes", rows({"sku": b"a"}), 3, "sku", "It is bytes"),
    ("a key that is no text", rows({"sku": "a", 5: 1}), 3, None, "The row has a key of type int"),
    ("a row that is a list", rows(["a"]), 3, None, 'The row must be a JSON object, but is ["a"]'),
    ("a row that is nothing", rows(None), 3, None, "The row must be a JSON object, but is null"),
    ("an unasked id", rows({"id": 5, "sku": "a"}), 3, "id", "keep_ids"),
    ("a 50 MB cell", rows({"sku": "a", "extra": "x" * 50_000_000}), 3, "extra", "limit (max_row_bytes) is 10 MiB"),
    ("NaN in polars", lambda _: pl.DataFrame({"sku": ["a", "b"], "price": [1.0, NAN]}), 2, "price", "NaN"),
    ("NaN in pyarrow", lambda _: pa.table({"sku": ["a", "b"], "price": [1.0, NAN]}), 2, "price", "NaN"),
    ("an infinite number in pandas", lambda _: pd.DataFrame({"sku": ["a", "b"], "price": [NAN, INFINITE]}), 2, "price",
     "Infinity"),
    ("a wrong column of pandas", lambda _: pd.DataFrame({"sku": ["a"], "weight": [1]}), 1, "weight", "no such column"),
    ("text in an int column of pandas", lambda _: pd.DataFrame({"sku": ["a", "b"], "n": [1, "x"]}), 2, "n", '"x"'),
    ("a malformed CSV line", csv("sku,n\r\na,1\r\nb,2,3\r\n"), 2, None, "3"),
    ("an open quotation in CSV", csv('sku,n\r\na,1\r\n"b,2\r\n'), 2, "sku", "quot"),
    ("text in an int column of CSV", csv("sku,n\r\na,1\r\nb,x\r\n"), 2, "n", "whole number"),
    ("a malformed line of NDJSON", ndjson('{"sku": "a"}\n{"sku": \n{"sku": "c"}\n'), 2, "sku", "JSON"),
    ("a string in an int column of NDJSON", ndjson('{"sku": "a"}\n{"sku": "b", "n": "x"}\n'), 2, "n", "whole number"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "row", "column", "words"), [r[1:] for r in BAD], ids=[r[0] for r in BAD])
async def test_a_bad_row_is_named(
    records: TableRecords,
    emulator: Emulator,
    tmp_path: Path,
    source: Callable[[Path], Any],
    row: int,
    column: str | None,
    words: str,
) -> None:
    with pytest.raises(RecordError) as caught:
        records.insert(source(tmp_path))
    error = caught.value
    assert (error.row, error.column, error.code) == (row, column, "record_error")
    assert words in str(error)
    assert f"Row {row}" in str(error)
    assert isinstance(error.report, LoadReport)
    # What the report says is stored is what is stored.
    assert len(records.to_list()) == 1 + error.report.inserted

    records.delete_where()
    records.create({"sku": "taken", "n": 1})
    async with emulator.async_instance() as instance:
        with pytest.raises(RecordError) as twice:
            await twin(instance, records).insert(source(tmp_path))
    assert (twice.value.row, twice.value.column) == (row, column)


@pytest.mark.parametrize(("source", "row", "column", "words"), [r[1:] for r in BAD], ids=[r[0] for r in BAD])
def test_or_collected_while_the_others_load(
    records: TableRecords, tmp_path: Path, source: Callable[[Path], Any], row: int, column: str | None, words: str
) -> None:
    report = records.insert(source(tmp_path), on_error="collect")
    (failure,) = report.failures
    assert (failure.row, failure.column) == (row, column)
    assert words in failure.reason
    assert report.failed == 1
    assert report.inserted == report.read - 1 == len(records.to_list()) - 1


def test_many_bad_rows_among_good_ones(records: TableRecords) -> None:
    def source() -> Any:
        for n in range(3000):
            yield {"sku": f"s{n}", "n": "bad" if n % 100 == 7 else n} if n % 500 else {"sku": "taken"}

    report = records.insert(source(), on_error="collect")
    bad = [n + 1 for n in range(3000) if n % 500 == 0 or n % 100 == 7]
    assert [failure.row for failure in report.failures] == bad
    assert {failure.column for failure in report.failures} == {"sku", "n"}
    assert (report.read, report.inserted, report.failed) == (3000, 3000 - len(bad), len(bad))
    assert report.failures[1] == Failure(
        row=8, column="n", reason='It must be a whole number, but is "bad".', record='{"sku":"s7","n":"bad"}'
    )


def test_too_many_failures_stop_a_collecting_job(records: TableRecords) -> None:
    with pytest.raises(RecordError) as caught:
        records.insert(({"sku": f"s{n}", "n": "x"} for n in range(5000)), on_error="collect", max_failures=10)
    assert caught.value.report is not None
    assert len(caught.value.report.failures) <= 10
    assert "max_failures" in str(caught.value)


def test_errors_and_reports_pickle(records: TableRecords) -> None:
    with pytest.raises(RecordError) as caught:
        records.insert([{"sku": "a"}, {"sku": "b", "n": "x"}])
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), again.row, again.column) == (RecordError, str(caught.value), 2, "n")
    assert again.report == caught.value.report
    assert isinstance(again, XanoError)
    report = records.insert([{"sku": "c"}, {"sku": "taken"}], on_error="collect")
    assert pickle.loads(pickle.dumps(report)) == report
    with pytest.raises(AttributeError, match="cannot be changed"):
        report.read = 5
    assert repr(report).startswith("<LoadReport: 2 rows read, 1 inserted, 1 failed, ")
    assert "row 2, column sku" in repr(report.failures[0])


def test_calls_that_fail_say_how_far_the_work_had_come(records: TableRecords, emulator: Emulator) -> None:
    emulator.faults({"kind": "status", "status": 403, "path": "**/bulk", "after": 2})
    with pytest.raises(XanoError) as caught:
        records.insert(({"sku": f"s{n}"} for n in range(5000)), concurrency=1, batch_rows=100)
    assert caught.value.status == 403
    assert caught.value.report is not None
    assert caught.value.report.inserted == 200
