"""Memory stays small whatever the number of rows. Peaks are a process's own, told by the system."""

from __future__ import annotations

import sys

import pytest

from xano_metadata._generated.sync.records import TableRecords
from xano_metadata.testing import Emulator

from .conftest import Script
from .tables import Column, a_table

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")

MEGABYTE = 1 << 20

PROGRAM = """
import sys
from xano_metadata import Instance

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))

url, token, workspace, table, path = sys.argv[1:]
records = Instance(url, token=token).workspace(int(workspace)).table(int(table)).records

def rows(count):
    for n in range(count):
        yield {"name": f"row {n}", "n": n, "note": "x" * 200}
"""


@pytest.fixture
def records(emulator: Emulator) -> TableRecords:
    return a_table(emulator.instance(), Column.text("name"), Column.int("n"), Column.text("note"))


def measured(records: TableRecords, emulator: Emulator, run_python: Script, code: str, path: str = "") -> list[int]:
    arguments = [emulator.instance_url, emulator.token, *map(str, records._path), path]
    done = run_python(PROGRAM + code, *arguments, timeout=120)
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


def test_a_hundred_thousand_rows_of_a_generator(records: TableRecords, emulator: Emulator, run_python: Script) -> None:
    code = """
records.insert(rows(500))
before = peak()
print(records.insert(rows(100_000)).inserted)
print(peak() - before)
"""
    inserted, grown = measured(records, emulator, run_python, code)
    print(f"100,000 rows inserted: {grown / MEGABYTE:.1f} MB over the baseline")
    assert inserted == 100_000
    assert grown < 60 * MEGABYTE


def test_an_export_of_many_rows_takes_no_more_than_one_of_few(
    records: TableRecords, emulator: Emulator, run_python: Script, tmp_path: object
) -> None:
    records.insert({"name": f"row {n}", "n": n, "note": "x" * 200} for n in range(200_000))
    code = """
for name in ("rows.ndjson", "rows.csv"):
    records.export(f"{path}/{name}", limit=20_000)
    few = peak()
    print(records.export(f"{path}/{name}").written)
    print(few, peak() - few)
"""
    told = measured(records, emulator, run_python, code, str(tmp_path))
    for written, few, grown in zip(told[::3], told[1::3], told[2::3], strict=True):
        print(f"200,000 rows exported: peak {(few + grown) / MEGABYTE:.1f} MB")
        assert written == 200_000
        assert few + grown < 80 * MEGABYTE
        assert grown < 20 * MEGABYTE
