"""Long work: progress, bars, giving it up in every way, and what is left behind then."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from xano_metadata import Cancelled, ConfigError, JobProgress
from xano_metadata._generated.sync.records import TableRecords
from xano_metadata.testing import Emulator

from .conftest import Script, until
from .tables import Column, a_table, twin
from .test_lifecycle import wait_for_request

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

MANY = 20_000


def source(until: int = MANY) -> Iterator[dict[str, Any]]:
    for n in range(until):
        yield {"sku": f"s{n}", "n": n}


@pytest.fixture
def records(emulator: Emulator) -> TableRecords:
    return a_table(emulator.instance(backoff=0.001), Column.text("sku"), Column.int("n"), unique="sku")


class Stop(Exception):  # noqa: N818 - it is no error
    """What a test raises to stop a job."""


def outcomes(emulator: Emulator) -> set[str]:
    """What became of the requests that load rows."""
    return {request["outcome"] for request in emulator.requests() if request["path"].endswith("/bulk")}


def each_once(records: TableRecords, rows: int = MANY) -> None:
    """Every row is there, and none twice."""
    assert sorted(row["n"] for row in records.iter(page_size=10_000)) == list(range(rows))


def finish(records: TableRecords, checkpoint: Path, rows: int = MANY) -> None:
    """Goes on from a checkpoint; nothing is lost and nothing is doubled."""
    assert checkpoint.exists()
    stored = len(records.to_list(page_size=10_000))
    assert stored < rows
    report = records.insert(source(rows), checkpoint=checkpoint, settle=0.01)
    assert (report.read, report.inserted) == (rows, rows)
    assert not checkpoint.exists()
    each_once(records, rows)


async def test_progress_is_told_now_and_then_and_at_the_end(records: TableRecords, emulator: Emulator) -> None:
    inserting: list[JobProgress] = []
    deleting: list[JobProgress] = []
    threads: set[int] = set()

    def into(told: list[JobProgress]) -> Callable[[JobProgress], None]:
        def tell(progress: JobProgress) -> None:
            told.append(progress)
            threads.add(threading.get_ident())

        return tell

    emulator.faults(*({"kind": "latency", "ms": 30, "path": path} for path in ("**/bulk", "**/bulk/delete")))
    report = records.insert(list(source()), on_progress=into(inserting), concurrency=2)
    async with emulator.async_instance() as instance:
        ids = ({"id": row["id"]} for row in records.iter())
        await twin(instance, records).delete(ids, on_progress=into(deleting), concurrency=2)
    assert threads == {threading.get_ident()}
    for told in (inserting, deleting):
        assert 3 < len(told) < 12 * max(told[-1].seconds, 1)
        assert [one.rows for one in told] == sorted(one.rows for one in told)
        assert told[-1].rows == MANY
    last = inserting[-1]
    assert (last.total, last.bytes, last.remaining) == (MANY, report.bytes, 0.0)
    assert last.rate == pytest.approx(MANY / last.seconds, rel=0.2)
    assert deleting[-1].total is None
    assert "20,000 of 20,000 rows" in repr(last)
    assert pickle.loads(pickle.dumps(last)) == last


def test_a_bar_is_shown(records: TableRecords, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    records.insert(source(1000), progress=True, total=1000)
    shown = capsys.readouterr().err
    assert "1.00k/1.00k" in shown
    assert "100%" in shown
    for name in ("rows.ndjson", "rows.csv", "rows.parquet"):
        records.export(tmp_path / name, progress=True)
        assert "1.00k/1.00k" in capsys.readouterr().err
    records.insert(source(0))
    assert capsys.readouterr().err == ""


def test_without_tqdm_it_says_so(run_python: Script) -> None:
    code = """
    import sys
    sys.modules["tqdm"] = None
    from xano_metadata import ConfigError, Instance
    try:
        Instance("https://x.example", token="t").workspace(1).table(1).records.insert([], progress=True)
    except ConfigError as error:
        print(error)
    """
    done = run_python(code)
    assert done.stdout == "progress=True needs tqdm, which is not installed: pip install tqdm\n", done.stderr


def failing(at: int) -> Iterator[dict[str, Any]]:
    for row in source():
        if row["n"] == at:
            raise Stop
        yield row


async def async_failing(at: int) -> AsyncIterator[dict[str, Any]]:
    for row in failing(at):
        yield row


async def test_what_a_source_raises_comes_through(records: TableRecords, emulator: Emulator, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    async with emulator.async_instance() as instance:
        with pytest.raises(Stop):
            records.insert(failing(9000), checkpoint=checkpoint)
        with pytest.raises(Stop):
            await twin(instance, records).insert(failing(12_000), checkpoint=checkpoint, settle=0.01)
        with pytest.raises(Stop):
            await twin(instance, records).insert(async_failing(15_000), checkpoint=checkpoint, settle=0.01)
    finish(records, checkpoint)


async def test_what_on_progress_raises_gives_the_job_up(
    records: TableRecords, emulator: Emulator, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "checkpoint"

    def stop_at(rows: int) -> Callable[[JobProgress], None]:
        def tell(progress: JobProgress) -> None:
            if progress.rows >= rows:
                raise Stop

        return tell

    emulator.faults({"kind": "latency", "ms": 30, "path": "**/bulk"})
    with pytest.raises(Stop):
        records.insert(source(), checkpoint=checkpoint, concurrency=2, on_progress=stop_at(2000))
    async with emulator.async_instance() as instance:
        with pytest.raises(Stop):
            await twin(instance, records).insert(
                source(), checkpoint=checkpoint, concurrency=2, settle=0.01, on_progress=stop_at(7000)
            )
    finish(records, checkpoint)


def spoil(emulator: Emulator, after: int) -> None:
    """Makes batches slow, and those after so many hang."""
    path = "**/bulk"
    emulator.faults({"kind": "latency", "ms": 20, "path": path}, {"kind": "hang", "path": path, "after": after})


# After so many batches of forty nothing is answered any more: the job cannot end before it is given up.
WAITING, BUSY = 6, 35


@pytest.mark.parametrize("hang", [WAITING, BUSY], ids=["waiting", "busy"])
async def test_a_cancelled_task_gives_the_job_up(
    records: TableRecords, emulator: Emulator, tmp_path: Path, hang: int
) -> None:
    checkpoint = tmp_path / "checkpoint"
    spoil(emulator, hang)
    async with emulator.async_instance() as instance:
        load = twin(instance, records).insert(source(), checkpoint=checkpoint, concurrency=4)
        task = asyncio.create_task(load)
        await asyncio.to_thread(wait_for_request, emulator, 14)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    emulator.clear_faults()
    finish(records, checkpoint)


PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may ignore it
from xano_metadata import Instance

url, token, workspace, table, checkpoint, rows = sys.argv[1:]
records = Instance(url, token=token).workspace(int(workspace)).table(int(table)).records

def source():
    for n in range(int(rows)):
        yield {"sku": f"s{n}", "n": n}
"""


@contextmanager
def program(records: TableRecords, emulator: Emulator, checkpoint: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    """A program that has `records` and `source`; killed when the test is done with it."""
    arguments = [emulator.instance_url, emulator.token, *records._path, checkpoint, MANY]
    command = [sys.executable, "-c", PROGRAM + code, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


LOAD = """
try:
    records.insert(source(), checkpoint=checkpoint, concurrency=4)
except KeyboardInterrupt:
    print("interrupted")
"""
ASYNC_LOAD = """
import asyncio
from xano_metadata import AsyncInstance

async def main():
    async with AsyncInstance(url, token=token) as instance:
        await instance.workspace(int(workspace)).table(int(table)).records.insert(source(), checkpoint=checkpoint)

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
"""


@posix
@pytest.mark.parametrize("code", [LOAD, ASYNC_LOAD], ids=["sync", "async"])
@pytest.mark.parametrize("hang", [WAITING, BUSY], ids=["waiting", "busy"])
def test_ctrl_c_leaves_a_checkpoint_to_go_on_from(
    records: TableRecords, emulator: Emulator, tmp_path: Path, code: str, hang: int
) -> None:
    checkpoint = tmp_path / "checkpoint"
    spoil(emulator, hang)
    with program(records, emulator, checkpoint, code) as running:
        wait_for_request(emulator, 14)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=5)
    assert (running.returncode, out) == (0, "interrupted\n"), err
    emulator.clear_faults()
    finish(records, checkpoint)


def test_a_checkpoint_knows_its_table_and_its_rows(records: TableRecords, emulator: Emulator, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    with pytest.raises(Stop):
        records.insert(failing(9000), checkpoint=checkpoint)
    other = a_table(emulator.instance(), Column.text("sku"), Column.int("n"), name="other")
    with pytest.raises(ConfigError, match="table"):
        other.insert(source(), checkpoint=checkpoint)
    with pytest.raises(ConfigError):
        records.insert(({"sku": f"t{n}", "n": n} for n in range(MANY)), checkpoint=checkpoint)
    with pytest.raises(ConfigError):
        records.delete((f"s{n}" for n in range(MANY)), key="sku", checkpoint=checkpoint)
    finish(records, checkpoint)


def test_a_job_does_not_outlive_its_object(records: TableRecords, emulator: Emulator) -> None:
    from xano_metadata import _native  # noqa: PLC0415

    emulator.faults({"kind": "hang", "path": "**/bulk"})
    workspace, table = records._path
    job = _native.Records(records._connection, workspace, table, None).load({"action": "insert", "batch_rows": 1})
    assert job.feed(_native.take_rows(source(5), 5, 1000) or _native.rows_of_columns([], []), None)
    until(lambda: "open" in outcomes(emulator))
    del job
    until(lambda: outcomes(emulator) == {"client_gone"})


def test_closing_the_client_ends_its_jobs(emulator: Emulator) -> None:
    instance = emulator.instance()
    records = a_table(instance, Column.text("sku"), Column.int("n"))
    emulator.faults({"kind": "hang", "path": "**/bulk"})
    caught: list[BaseException] = []

    def load() -> None:
        try:
            records.insert(source())
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    until(lambda: "open" in outcomes(emulator))
    instance.close()
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(caught[0], Cancelled), caught


FORKED = """
import json, os
reader = records._connection and records.iter(page_size=10)
walk = iter(reader)
first = next(walk)
child = os.fork()
if child == 0:
    try:
        next(page for page in reader.pages())  # a read of its own
        for _ in walk:
            pass
    except Exception as error:
        print(type(error).__name__, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(json.dumps([first["n"], *[row["n"] for row in walk]][:3]), flush=True)
"""


@posix
def test_a_forked_child_leaves_its_parents_read_alone(records: TableRecords, emulator: Emulator) -> None:
    records.insert(source(100), concurrency=1)
    with program(records, emulator, Path("unused"), FORKED) as running:
        out, err = running.communicate(timeout=20)
    assert running.returncode == 0, err
    assert out.splitlines() == ["Cancelled", "[0, 1, 2]"]


EXITING = """
import threading
threading.Thread(target=lambda: records.insert(source(), checkpoint=checkpoint), daemon=True).start()
input()
"""


@posix
def test_a_program_may_end_while_a_thread_loads(records: TableRecords, emulator: Emulator, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    spoil(emulator, BUSY)
    with program(records, emulator, checkpoint, EXITING) as running:
        wait_for_request(emulator, 14)
        _, err = running.communicate("\n", timeout=10)
    assert running.returncode == 0, err
    emulator.clear_faults()
    finish(records, checkpoint)


def test_exports_are_given_up_without_a_trace(records: TableRecords, emulator: Emulator, tmp_path: Path) -> None:
    records.insert(source(5000))
    emulator.faults({"kind": "latency", "ms": 60, "path": "**/search"})

    def stop(_: JobProgress) -> None:
        raise Stop

    for name in ("rows.ndjson", "rows.csv", "rows.parquet"):
        (tmp_path / name).write_text("old")
        with pytest.raises(Stop):
            records.export(tmp_path / name, page_size=100, on_progress=stop)
        assert (tmp_path / name).read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["rows.csv", "rows.ndjson", "rows.parquet"]  # noqa: PTH208
    assert json.dumps(sorted(path.read_text() for path in tmp_path.iterdir())) == '["old", "old", "old"]'
