"""How one side of one subject is measured inside a process of its own.

A side is a context manager that gets the server's address and yields what does the work. Setting up and warming up are
not measured; what is measured is processor time of the whole process, all threads, its own and the kernel's on its
behalf, or wall time where waiting is the point, or the peak of its memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import resource
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOKEN = "bench"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
PAGE_SIZE = 1000
"""Records a page, for everybody."""
TABLE = "/workspace/1/table/1"


@dataclass
class Task:
    """What a worker was asked to do."""

    url: str
    """Base of the API, with `/api:meta`."""
    units: int
    at_once: int = 1
    folder: Path = field(default_factory=Path)
    """Where files may be written."""
    ports: tuple[int, ...] = ()
    """Every port of the server, where it has several."""
    input: Any = None
    """What `Subject.prepare` made."""


Side = Callable[[Task], Any]
"""A context manager, or one of asyncio."""


@dataclass
class Subject:
    """A kind of work."""

    sides: Mapping[str, Side]
    drive: Callable[[Any, Task, int], Any]
    """Makes the work do so many units."""
    warm: int
    """Units before the clock starts."""
    count: Callable[[Any], int] = int
    """How many units the outcome of the work is; asked when the clock has stopped."""
    prepare: Callable[[Task], Any] | None = None
    """Makes `Task.input`, before the clock starts."""


@dataclass
class Clock:
    """Processor time, wall time and memory between two moments."""

    cpu: float = 0.0
    wall: float = 0.0
    memory_before: float = 0.0

    def start(self) -> None:
        """Takes the time, after what is left from before is tidied up."""
        gc.collect()
        forget_peak()
        self.memory_before = memory("VmRSS")
        self.wall = time.perf_counter()
        self.cpu = processor_time()

    def stop(self) -> None:
        """Turns the times into durations."""
        self.cpu = processor_time() - self.cpu
        self.wall = time.perf_counter() - self.wall

    def figures(self) -> dict[str, float]:
        """Seconds and bytes."""
        peak = memory("VmHWM")
        return {"cpu": self.cpu, "wall": self.wall, "memory": peak, "memory_over": peak - self.memory_before}


def processor_time() -> float:
    """Seconds of processor time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def forget_peak() -> None:
    """Lets the peak of memory begin anew, where the system can do that."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def memory(name: str) -> float:
    """Bytes of memory: `VmRSS` now, `VmHWM` at the peak."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        # macOS knows the peak alone, in bytes.
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    line = next(line for line in status.splitlines() if line.startswith(name))
    return float(line.split()[1]) * 1024


def measure(subject: Subject, side: str, task: Task) -> dict[str, float]:
    """Does the work and says what it cost."""
    if subject.prepare:
        task.input = subject.prepare(task)
    opened = subject.sides[side](task)
    if isinstance(opened, AbstractAsyncContextManager):
        return asyncio.run(_measure_async(subject, opened, task))
    clock = Clock()
    with opened as work:
        if subject.warm:
            subject.drive(work, task, subject.warm)
        clock.start()
        done = subject.drive(work, task, task.units)
        clock.stop()
        check(subject.count(done), task.units)
        return clock.figures()


async def _measure_async(subject: Subject, opened: AbstractAsyncContextManager[Any], task: Task) -> dict[str, float]:
    clock = Clock()
    async with opened as work:
        if subject.warm:
            await settled(subject.drive(work, task, subject.warm))
        clock.start()
        done = await settled(subject.drive(work, task, task.units))
        clock.stop()
        check(subject.count(done), task.units)
        return clock.figures()


async def settled(done: Any) -> Any:
    """The outcome, now or later."""
    return await done if inspect.isawaitable(done) else done


def check(done: int, units: int) -> None:
    """A side that did less than it should have is not faster."""
    if done != units:
        sys.exit(f"{done} units were done instead of {units}")
