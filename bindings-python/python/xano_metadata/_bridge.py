"""Between the engine's threads and asyncio.

Waking an event loop costs more than a small request, so results are queued and a loop is woken once for all that came
meanwhile: the native `Completions` of a loop holds the queue, its `drain` resolves the futures. Whoever stops waiting
(a cancelled task, a closed coroutine) drops the request.
"""

from __future__ import annotations

import asyncio
import os
from weakref import WeakKeyDictionary

from xano_metadata._native import Completions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from xano_metadata._native import Ticket
    from xano_metadata._node import Progress

_PROGRESS_EVERY = 0.1

_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Completions] = WeakKeyDictionary()


def begin() -> tuple[Completions, asyncio.Future[Any]]:
    """The running loop's queue and a new future of it."""
    loop = asyncio.get_running_loop()
    completions = _by_loop.get(loop)
    if completions is None:
        completions = _by_loop[loop] = Completions()
        _watch(loop, completions)
    return completions, loop.create_future()


def _watch(loop: asyncio.AbstractEventLoop, completions: Completions) -> None:
    """Lets the loop watch the queue; loops that watch no descriptors are woken by `call_soon_threadsafe` instead."""
    if type(loop).add_reader is asyncio.AbstractEventLoop.add_reader:
        return
    descriptor = completions.watch()
    if descriptor is not None:
        loop.add_reader(descriptor, completions.drain)


async def finish(
    future: asyncio.Future[Any],
    ticket: Ticket,
    on_progress: Progress | None = None,
    *,
    tell: Callable[[], object] | None = None,
) -> Any:
    """Waits for the result; gives the request up when the waiting ends in another way.

    `on_progress` hears of the request's bytes; `tell` is called now and then, and at the end.
    """
    try:
        if on_progress is not None:
            tell = _teller(ticket, on_progress)
        if tell is not None:
            while not (await asyncio.wait([future], timeout=_PROGRESS_EVERY))[0]:
                tell()
            tell()
        return await future
    except BaseException:
        ticket.cancel()
        raise


def _teller(ticket: Ticket, on_progress: Progress) -> Callable[[], None]:
    last: tuple[int, int | None] | None = None

    def tell() -> None:
        nonlocal last
        now = ticket.progress()
        if now is not None and now != last:
            last = now
            on_progress(*now)

    return tell


if hasattr(os, "register_at_fork"):
    # A child starts with no loops; the queues of its parent's belong to threads it does not have.
    os.register_at_fork(after_in_child=_by_loop.clear)
