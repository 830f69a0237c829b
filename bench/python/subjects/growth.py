"""How cost grows: the same work, more of it. Ours alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.python.harness import TOKEN, Subject, Task
from bench.python.rows import rows

Work = Callable[[int], int]


@contextmanager
def records(task: Task) -> Iterator[Any]:
    from xano_metadata import Instance

    with Instance(task.url, token=TOKEN) as instance:
        yield instance.workspace(1).table(1).records


@contextmanager
def iterate(task: Task) -> Iterator[Work]:
    """One record at a time."""
    with records(task) as table:
        yield lambda count: sum(1 for _ in table.iter(limit=count))


@contextmanager
def arrow(task: Task) -> Iterator[Work]:
    """One batch at a time, by whoever takes Arrow streams."""
    import pyarrow

    with records(task) as table:

        def work(count: int) -> int:
            reader = pyarrow.RecordBatchReader.from_stream(table.to_arrow(limit=count))
            return sum(batch.num_rows for batch in reader)

        yield work


@contextmanager
def export(task: Task) -> Iterator[Work]:
    """Into a file."""
    target = task.folder / "rows.ndjson"
    with records(task) as table:

        def work(count: int) -> int:
            table.export(target, limit=count)
            target.unlink()
            return count

        yield work


@contextmanager
def insert(task: Task) -> Iterator[Work]:
    """From a generator."""
    with records(task) as table:
        yield lambda count: table.insert(rows(count)).inserted


@contextmanager
def instances(task: Task) -> Iterator[Work]:
    """A call to each of many instances, all by one client; every port of the server is one."""
    from xano_metadata import Xano
    from xano_metadata.types import InstanceInfo

    with Xano(TOKEN, account_url=task.url) as xano:

        def work(count: int) -> int:
            # Held until the end, as a program does that works with all of them.
            handles = [
                xano.instance(InstanceInfo({"meta_api": f"http://127.0.0.1:{port}/api:meta"}))
                for port in task.ports[:count]
            ]
            return sum(handle.me().name == "Robin Example" for handle in handles)

        yield work


def drive(work: Work, _task: Task, units: int) -> int:
    return work(units)


SUBJECT = Subject({side.__name__: side for side in (iterate, arrow, export, insert)}, drive, warm=1000)
INSTANCES = Subject({"instances": instances}, drive, warm=1)
