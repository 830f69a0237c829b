"""Driving long work: feeding it, showing how far it is, and giving it up when the user does.

A job goes on in the engine by itself. Here it is fed and waited for, in slices, so that Ctrl-C and cancellation come
through at once; whatever ends the waiting gives the job up, and waits a moment until its task is gone, so that a
checkpoint is left to whoever goes on with it.
"""

from __future__ import annotations

import time

from xano_metadata._report import JobProgress, report_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable, Mapping
    from typing import Any

    from xano_metadata._native import ArrowReader, Completions, Job, Records, Rows, Ticket
    from xano_metadata._parquet import ParquetFile
    from xano_metadata._report import LoadReport
    from xano_metadata._sources import AsyncItems, Source

_TELL_EVERY = 0.1
_GONE_WITHIN = 2.0


class Watch:
    """Whoever wants to know how far it is: a callback, a bar, both or none."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        """Reads `on_progress` and `progress` of the options."""
        self._callback: Callable[[JobProgress], object] | None = fields.get("on_progress")
        if self._callback is not None and not callable(self._callback):
            from xano_metadata.errors import ConfigError  # noqa: PLC0415

            raise ConfigError(f"on_progress takes a function, not {type(self._callback).__name__}.")
        self._bar: Any = None
        if fields.get("progress"):
            from xano_metadata._frames import require  # noqa: PLC0415

            self._bar = require("tqdm.auto", "progress=True").tqdm(unit=" rows", unit_scale=True)
        self._next = 0.0
        self._begun = False
        self.read: Callable[[], JobProgress] = JobProgress

    @property
    def tell(self) -> Callable[[], None] | None:
        """To be called now and then; None when nobody wants to know."""
        return None if self._callback is None and self._bar is None else self._tell

    def _tell(self) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _TELL_EVERY
            self._say(self.read())

    def _say(self, now: JobProgress) -> None:
        if self._bar is not None:
            if not self._begun:
                # What an earlier run had done says nothing of the rate.
                self._bar.initial = round(now.rows - now.rate * now.seconds)
                self._begun = True
            self._bar.total = now.total
            self._bar.n = now.rows
            self._bar.refresh()
        if self._callback is not None:
            self._callback(now)

    def end(self) -> None:
        """Tells the end."""
        if self.tell is not None:
            self._say(self.read())

    def close(self) -> None:
        """Takes the bar off."""
        if self._bar is not None:
            self._bar.close()


def _watched(job: Job, watch: Watch) -> None:
    names = ("rows", "bytes", "total", "seconds", "rate", "remaining")
    watch.read = lambda: JobProgress(**dict(zip(names, job.progress(), strict=True)))


def run(job: Job, source: Source | None, watch: Watch) -> LoadReport:
    """Feeds a job and waits for its end."""
    _watched(job, watch)
    try:
        if source is not None:
            while (rows := source.next()) is not None and job.feed(rows, watch.tell):
                if watch.tell is not None:
                    watch.tell()
            job.end_feed()
        report = report_of(job.wait(watch.tell))
        watch.end()
    except BaseException:
        job.cancel(_GONE_WITHIN)
        raise
    finally:
        watch.close()
    return report


async def run_async(job: Job, source: Source | AsyncItems | None, watch: Watch) -> LoadReport:
    """The same for asyncio."""
    _watched(job, watch)
    try:
        if source is not None:
            while (rows := await _next(source)) is not None:
                if not await _submitted(watch, job.submit_feed, rows):
                    break
                if watch.tell is not None:
                    watch.tell()
            job.end_feed()
        report = report_of(await _submitted(watch, job.submit_wait))
        watch.end()
    except BaseException:
        job.cancel(_GONE_WITHIN)
        raise
    finally:
        watch.close()
    return report


async def _next(source: Source | AsyncItems) -> Rows | None:
    from xano_metadata._sources import AsyncItems  # noqa: PLC0415 - only loads have sources

    if isinstance(source, AsyncItems):
        return await source.next()
    if source.blocks:
        import asyncio  # noqa: PLC0415

        return await asyncio.to_thread(source.next)
    return source.next()


async def _submitted(watch: Watch, submit: Callable[..., Ticket], *arguments: Any) -> Any:
    from xano_metadata._bridge import begin, finish  # noqa: PLC0415 - loads asyncio

    future: Future[Any]
    completions: Completions
    completions, future = begin()
    return await finish(future, submit(completions, future, *arguments), tell=watch.tell)


def write_parquet(
    records: Records, read: dict[str, Any], columns: dict[str, Any], path: str, watch: Watch
) -> LoadReport:
    """Writes records to a Parquet file."""
    from xano_metadata._parquet import ParquetFile  # noqa: PLC0415 - loads large libraries

    try:
        reader = records.read_arrow(read, columns)
        file = ParquetFile(path, reader)
        try:
            while (batch := reader.next(watch.tell)) is not None:
                file.add(batch)
                _told(file, watch, batch.total)
            report = file.finish()
        finally:
            file.abandon()
        watch.end()
    finally:
        watch.close()
    return report


async def write_parquet_async(
    records: Records, read: dict[str, Any], columns: dict[str, Any], path: str, watch: Watch
) -> LoadReport:
    """The same for asyncio; what takes time happens in threads."""
    import asyncio  # noqa: PLC0415

    from xano_metadata._parquet import ParquetFile  # noqa: PLC0415 - loads large libraries

    try:
        reader: ArrowReader = await _submitted(watch, records.submit_read_arrow, read, columns)
        file = await asyncio.to_thread(ParquetFile, path, reader)
        try:
            while (batch := await _submitted(watch, reader.submit_next)) is not None:
                await asyncio.to_thread(file.add, batch)
                _told(file, watch, batch.total)
            report = await asyncio.to_thread(file.finish)
        finally:
            file.abandon()
        watch.end()
    finally:
        watch.close()
    return report


def _told(file: ParquetFile, watch: Watch, total: int | None) -> None:
    watch.read = lambda: JobProgress(**file.told(total))
    if watch.tell is not None:
        watch.tell()
