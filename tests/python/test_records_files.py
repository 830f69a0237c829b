"""Records to files and back, and from table to table, in both faces."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xano_metadata import ConfigError, NotFoundError, RecordError, where
from xano_metadata._generated.sync.records import TableRecords
from xano_metadata.testing import Emulator

from .conftest import Script
from .tables import Column, a_table, twin, without_ids

COLUMNS = [
    Column.text("name"),
    Column.int("n", nullable=True),
    Column.timestamp("at", nullable=True),
    Column.json("extra", nullable=True),
    Column.text("tags", style="list", nullable=True),
]
ROWS: list[dict[str, Any]] = [
    {
        "name": f'é "{n}",\r\n',
        "n": None if n % 4 == 0 else 2**53 + n,
        "at": None if n % 5 == 0 else n,
        "extra": [None, "", "text", {"a": [n]}, 1.5][n % 5],
        "tags": [None, [], ["", "a,b"]][n % 3],
    }
    for n in range(1500)
]


@pytest.fixture
def records(emulator: Emulator) -> TableRecords:
    made = a_table(emulator.instance(backoff=0.001), *COLUMNS)
    made.insert(ROWS, concurrency=1)
    return made


@pytest.fixture
def other(emulator: Emulator, records: TableRecords) -> TableRecords:
    return a_table(emulator.instance(backoff=0.001), *COLUMNS, name="other")


@pytest.mark.parametrize("name", ["rows.ndjson", "rows.jsonl", "rows.csv", "rows.parquet", "rows.pq", "ROWS.CSV"])
async def test_a_file_comes_back_as_it_went(
    records: TableRecords, other: TableRecords, emulator: Emulator, tmp_path: Path, name: str
) -> None:
    stored = records.to_list()
    path = tmp_path / name
    path.write_text("what was there before")
    report = records.export(path)
    assert (report.read, report.written, report.bytes) == (1500, 1500, path.stat().st_size)
    assert other.insert(path, keep_ids=True).inserted == 1500
    assert other.to_list() == stored
    other.delete_where()
    async with emulator.async_instance() as instance:
        assert (await twin(instance, records).export(str(path), page_size=100)).written == 1500
        assert (await twin(instance, other).insert(str(path), keep_ids=True)).inserted == 1500
    assert other.to_list() == stored
    assert os.listdir(tmp_path) == [name]  # noqa: PTH208


def test_the_format_may_be_said(records: TableRecords, other: TableRecords, tmp_path: Path) -> None:
    for name in ("ndjson", "csv", "parquet"):
        records.export(tmp_path / "rows.data", format=name, limit=10)
        assert other.insert(tmp_path / "rows.data", format=name, keep_ids=True).inserted == 10
        other.delete_where()


def test_what_is_exported_can_be_said(records: TableRecords, tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    assert records.export(path, search=where(n__gt=2**53 + 1490), page_size=3).written == 7
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == [
        1492,
        1494,
        1495,
        1496,
        1498,
        1499,
        1500,
    ]
    records.export(path, order="pages", sort={"id": "desc"}, limit=2)
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == [1500, 1499]
    assert records.export(path, search=where(name="nobody")).written == 0
    assert path.read_text() == ""


def test_parquet_has_types(records: TableRecords, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    records.export(path, columns=["id", "at", "tags"], nested="native")
    table = pq.read_table(path)
    assert [str(kind) for kind in table.schema.types] == ["int64", "timestamp[ms, tz=UTC]", "list<element: string>"]
    assert table.column("tags").to_pylist() == [row["tags"] for row in ROWS]
    records.export(path, search=where(name="nobody"))
    assert pq.read_table(path).num_rows == 0
    assert pl.read_parquet(path).schema["at"] == pl.Datetime("ms", "UTC")


POLARS_ALONE = """
import sys
from xano_metadata import ConfigError, Instance
for name in sys.argv[6:]:
    sys.modules[name] = None

import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in sys.argv[6:] else found(name)

url, token, workspace, table, path = sys.argv[1:6]
workspace = Instance(url, token=token).workspace(int(workspace))
try:
    print(workspace.table(int(table)).records.export(path).written)
    print(workspace.table("other").records.insert(path, keep_ids=True).inserted)
except ConfigError as error:
    print(error)
"""


def test_parquet_goes_through_polars_as_well(
    records: TableRecords, other: TableRecords, emulator: Emulator, run_python: Script, tmp_path: Path
) -> None:
    path = tmp_path / "rows.parquet"
    arguments = [emulator.instance_url, emulator.token, *map(str, records._path), str(path)]
    stored = records.to_list()
    done = run_python(POLARS_ALONE, *arguments, "pyarrow")
    assert done.stdout.split() == ["1500", "1500"], done.stderr
    assert other.to_list() == stored
    # Files of one library are read by the other.
    other.delete_where()
    other.insert(path, keep_ids=True)
    assert other.to_list() == stored
    other.delete_where()
    path.unlink()
    done = run_python(POLARS_ALONE, *arguments, "pyarrow", "polars")
    assert done.stdout == ("Parquet files need pyarrow or polars, and neither is installed: pip install pyarrow\n"), (
        done.stderr
    )
    assert list(tmp_path.iterdir()) == []


def test_parquet_files_of_others(other: TableRecords, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"name": ["a", "b"], "n": pa.array([1, None], "uint8"), "tags": [["x"], None]}), path)
    assert other.insert(path).inserted == 2
    assert [(row["name"], row["n"], row["tags"]) for row in other.iter()] == [("a", 1, ["x"]), ("b", None, None)]
    path.write_text("no Parquet")
    with pytest.raises(ConfigError, match="is no Parquet file"):
        other.insert(path)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("rows.txt", {}, "cannot be told by its name"),
        ("rows.csv", {"columns": ["id"]}, "columns can be said for Parquet files only"),
        ("rows.csv", {"colums": ["id"]}, "export has no option 'colums'. Did you mean columns?"),
        ("rows.csv", {"page_size": 0}, "page_size is 0"),
        ("missing/rows.csv", {}, "missing"),
        ("missing/rows.parquet", {}, "cannot be written"),
        ("rows.parquet", {"columns": ["nothing"]}, 'no column "nothing"'),
    ],
)
def test_what_cannot_be_exported_is_named(
    records: TableRecords, tmp_path: Path, name: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        records.export(tmp_path / name, **options)
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_read_leaves_no_file(records: TableRecords, emulator: Emulator, tmp_path: Path) -> None:
    emulator.faults({"kind": "status", "status": 403, "path": "**/search", "after": 3})
    for name in ("rows.ndjson", "rows.csv", "rows.parquet"):
        with pytest.raises(Exception, match="403"):
            records.export(tmp_path / name, page_size=100)
    assert list(tmp_path.iterdir()) == []


# From table to table


def test_copies_keep_ids_or_get_new_ones(records: TableRecords, other: TableRecords) -> None:
    stored = records.to_list()
    report = records.copy_to(other, keep_ids=True)
    assert (report.read, report.inserted) == (1500, 1500)
    assert other.to_list() == stored
    report = records.copy_to(other, search=where(id__lt=11), concurrency=1)
    assert report.inserted == 10
    assert without_ids(other.to_list()[1500:]) == ROWS[:10]
    records.update([{"id": 1, "n": 7}])
    report = records.copy_to(other, keep_ids=True, action="upsert", limit=5)
    assert (report.updated, report.inserted) == (5, 0)
    assert other.to_list()[0]["n"] == 7


async def test_copies_between_data_sources_and_instances(records: TableRecords, emulator: Emulator) -> None:
    here = emulator.instance(backoff=0.001)
    here.workspace(records._path[0]).data_sources.create(label="test", color="#268bd2")
    assert records.copy_to(records, to_data_source="test", keep_ids=True).inserted == 1500
    assert records.to_list(data_source="test") == records.to_list()

    address = emulator.add_instance(name="x2")["meta_api"]
    there = emulator.instance(address)
    workspace = there.workspace(there.workspaces.create(name="Copy").id)
    missing = workspace.table("things").records
    with pytest.raises(NotFoundError):
        records.copy_to(missing)
    report = records.copy_to(missing, create=True, data_source="test", keep_ids=True)
    assert report.inserted == 1500
    made = next(table for table in workspace.tables.list() if table.name == "things")
    assert workspace.table(made.id).records.to_list() == records.to_list()
    async with emulator.async_instance() as instance:
        report = await twin(instance, records).copy_to(workspace.table(made.id).records, limit=3)
    assert report.inserted == 3


def test_a_copy_is_watched_and_resumed(
    records: TableRecords, other: TableRecords, emulator: Emulator, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "checkpoint"
    told: list[int] = []
    emulator.faults({"kind": "status", "status": 403, "path": "**/bulk", "after": 3})
    with pytest.raises(Exception, match="403") as caught:
        records.copy_to(other, keep_ids=True, batch_rows=100, concurrency=1, checkpoint=checkpoint)
    assert caught.value.report.inserted == 300  # type: ignore[attr-defined]
    emulator.clear_faults()
    report = records.copy_to(
        other, keep_ids=True, batch_rows=100, checkpoint=checkpoint, on_progress=lambda now: told.append(now.rows)
    )
    assert (report.inserted, told[-1]) == (1500, 1500)
    assert other.to_list() == records.to_list()


def test_what_cannot_be_copied_is_named(records: TableRecords, emulator: Emulator) -> None:
    with pytest.raises(ConfigError, match="copy_to takes the records of a table"):
        records.copy_to("other")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="copy_to has no option 'keep_id'"):
        records.copy_to(records, keep_id=True)  # type: ignore[call-arg]
    small = a_table(emulator.instance(), Column.text("name"), name="small")
    with pytest.raises((ConfigError, RecordError), match=r"extra|tags|at|n"):
        records.copy_to(small)
    assert small.to_list() == []
