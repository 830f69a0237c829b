"""P9: a whole table into a file. Ours alone: the bar is a peak of memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.python.harness import TOKEN, Subject, Task

Export = Callable[[int], Path]


@contextmanager
def ndjson(task: Task) -> Iterator[Export]:
    with export(task, "rows.ndjson") as work:
        yield work


@contextmanager
def csv(task: Task) -> Iterator[Export]:
    with export(task, "rows.csv") as work:
        yield work


@contextmanager
def export(task: Task, name: str) -> Iterator[Export]:
    from xano_metadata import Instance

    target = task.folder / name
    with Instance(task.url, token=TOKEN) as instance:
        records = instance.workspace(1).table(1).records

        def work(count: int) -> Path:
            records.export(target, limit=count)
            return target

        yield work
    target.unlink()


def count(target: Path) -> int:
    """Rows in the file: its lines, where none of the texts has a line break of its own."""
    header = target.suffix == ".csv"
    with target.open("rb") as file:
        if not header:
            return sum(1 for _ in file)
    import csv as reader

    with target.open(newline="", encoding="utf-8") as text:
        return sum(1 for _ in reader.reader(text)) - 1


def drive(export: Export, _task: Task, rows: int) -> Path:
    return export(rows)


SUBJECT = Subject({"ndjson": ndjson, "csv": csv}, drive, warm=0, count=count)
