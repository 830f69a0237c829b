"""Nothing lost, nothing doubled: loads of 100,000 rows while one request in ten goes wrong, killed five times.

The seed decides which requests go wrong and how, and after how many rows the process is killed.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from xano_metadata.testing import Emulator

from .tables import Column, a_table

if TYPE_CHECKING:
    from xano_metadata._generated.sync.records import TableRecords

SEED = 20_260_404
ROWS = 100_000
KILLS = 5

PROGRAM = """
import json, os, signal, sys
from xano_metadata import Instance

url, token, workspace, table, action, key, checkpoint, rows, last = sys.argv[1:]
instance = Instance(url, token=token, ambient_credentials=False, backoff=0.001, max_backoff=0.01)
records = instance.workspace(int(workspace)).table(int(table)).records


def source():
    for n in range(int(rows)):
        if n == int(last):  # rows before it are being packed, on their way, and answered
            os.kill(os.getpid(), signal.SIGKILL)
        if action == "insert":
            yield {"sku": f"s{n}", "n": n, "note": None if n % 7 else "é" * (n % 5)}
        elif action == "upsert":
            yield {"sku": f"s{n}", "n": n + 1}
        else:
            yield f"s{n}"


report = getattr(records, action)(source(), key=key or None, checkpoint=checkpoint, settle=0.02)
print(json.dumps({name: getattr(report, name) for name in "read inserted updated deleted skipped failed".split()}))
"""


def spoil(emulator: Emulator, seed: int) -> None:
    """One request in ten goes wrong: before it is done, while the answer comes, after it was done."""
    each = {"path": "/workspace/**/content/**", "probability": 0.025}
    emulator.faults(
        {"kind": "reset_before", "seed": seed, **each},
        {"kind": "html", "seed": seed + 1, **each},
        {"kind": "cut_body", "seed": seed + 2, **each},
        {"kind": "reset_after", "seed": seed + 3, **each},
    )


def load(records: TableRecords, emulator: Emulator, checkpoint: Path, action: str, key: str, rows: int) -> Any:
    """Runs the program until it ends; at five places of the seed's choice it is killed."""
    spoil(emulator, SEED)
    workspace, table = records._path
    arguments = [emulator.instance_url, emulator.token, workspace, table, action, key, checkpoint, rows]
    for at in [*sorted(random.Random(SEED).sample(range(rows // 20, rows), KILLS)), -1]:
        command = [sys.executable, "-c", PROGRAM, *map(str, [*arguments, at])]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == (0 if at < 0 else -signal.SIGKILL), done.stderr
        assert checkpoint.exists() == (at >= 0)
    asked = [one for one in emulator.requests() if "/content" in one["path"]]
    spoilt = [one for one in asked if one["fault"] is not None]
    assert {one["fault"]["kind"] for one in spoilt} == {"reset_before", "html", "cut_body", "reset_after"}
    assert 0.05 < len(spoilt) / len(asked) < 0.2
    emulator.clear_faults()
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_killed_five_times_amid_faults_every_row_is_there_once(emulator: Emulator, tmp_path: Path) -> None:
    columns = [Column.text("sku", required=True), Column.int("n"), Column.text("note", nullable=True)]
    instance = emulator.instance(rate_limit="off")
    records = a_table(instance, *columns, unique="sku")
    told = load(records, emulator, tmp_path / "insert", "insert", "", ROWS)
    assert (told["read"], told["inserted"], told["failed"]) == (ROWS, ROWS, 0)
    stored = records.to_pandas(page_size=10_000)
    assert sorted(stored["n"]) == list(range(ROWS))
    assert stored["sku"].nunique() == ROWS

    told = load(records, emulator, tmp_path / "upsert", "upsert", "sku", ROWS + 1000)
    assert (told["inserted"], told["updated"], told["failed"]) == (1000, ROWS, 0)
    stored = records.to_pandas(page_size=10_000)
    assert sorted(stored["n"]) == list(range(1, ROWS + 1001))
    assert (stored["sku"] == "s" + (stored["n"] - 1).astype(str)).all()

    told = load(records, emulator, tmp_path / "delete", "delete", "sku", ROWS)
    assert (told["deleted"], told["skipped"], told["failed"]) == (ROWS, 0, 0)
    assert sorted(records.to_pandas()["n"]) == list(range(ROWS + 1, ROWS + 1001))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_rows_that_nothing_identifies_are_there_once_as_well(emulator: Emulator, tmp_path: Path) -> None:
    """No unique column: what became of rows is told by the ids that came up."""
    records = a_table(emulator.instance(), Column.text("sku"), Column.int("n"), Column.text("note", nullable=True))
    rows = ROWS // 5
    told = load(records, emulator, tmp_path / "checkpoint", "insert", "", rows)
    assert (told["inserted"], told["failed"]) == (rows, 0)
    assert sorted(records.to_pandas(page_size=10_000)["n"]) == list(range(rows))
