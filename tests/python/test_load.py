"""Many callers, many instances, many calls that wait: all are served in turn, memory stays bounded, closing ends all.

No limit of time here is closer than ten times of what is needed.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from xano_metadata import AsyncXano, Cancelled, ConfigError
from xano_metadata.testing import Emulator

CALLERS = 256
INSTANCES = 500
QUEUED = 10_000
PLACES = 16
"""Requests in flight to one origin; the default."""


@pytest.fixture
def alone() -> Iterator[Emulator]:
    """An emulator of the test's own: callers of an origin share its gate."""
    with Emulator(journal_size=1) as emulator:
        yield emulator


def memory() -> int:
    """Bytes of memory that this process holds."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


async def test_no_caller_starves(alone: Emulator) -> None:
    each = 10
    done = 0
    async with alone.async_client() as xano:

        async def caller() -> int:
            nonlocal done
            mine = 0
            while done < CALLERS * each:  # whoever is served more often than others takes it from them
                await xano.me()
                done += 1
                mine += 1
            return mine

        shares = await asyncio.gather(*(caller() for _ in range(CALLERS)))
        assert xano.stats()["connections"] <= PLACES + 1
    assert min(shares) >= each // 2
    assert max(shares) <= each * 2


async def test_calls_that_wait_are_served_in_their_order_and_weigh_little(alone: Emulator) -> None:
    served: list[int] = []
    some_are_served = asyncio.Event()
    async with alone.async_client() as xano:

        async def call(number: int) -> None:
            await xano.me()
            served.append(number)
            if len(served) > QUEUED // 10:
                some_are_served.set()

        await call(-1)
        before = memory() if sys.platform == "linux" else 0
        calls = [asyncio.create_task(call(number)) for number in range(QUEUED)]
        await some_are_served.wait()
        waiting = memory() if sys.platform == "linux" else 0
        await asyncio.gather(*calls)
    assert sorted(served) == list(range(-1, QUEUED))
    latest = max(place for place, number in enumerate(served) if number < QUEUED // 10)
    assert latest < QUEUED // 2, "the first tenth of those who came is among the first half of those who were served"
    assert (waiting - before) / QUEUED < 48 * 1024, "bytes a waiting call, its task included"


async def test_closing_ends_all_that_wait_and_nothing_is_sent_afterwards(alone: Emulator) -> None:
    alone.faults({"kind": "hang"})
    xano: AsyncXano = alone.async_client()
    calls = [asyncio.create_task(xano.me()) for _ in range(QUEUED)]
    until = time.monotonic() + 30
    while alone.journal()["total"] < PLACES:
        assert time.monotonic() < until
        await asyncio.sleep(0.01)
    await xano.close()
    ends = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 30)
    assert {type(end) for end in ends} <= {Cancelled, ConfigError}
    assert sum(isinstance(end, Cancelled) for end in ends) >= PLACES
    await asyncio.sleep(0.2)
    assert alone.journal()["total"] == PLACES


async def test_five_hundred_instances_are_served_alike(alone: Emulator) -> None:
    for number in range(1, INSTANCES):
        alone.add_instance(name=f"i{number}")
    served = dict.fromkeys(range(INSTANCES), 0)
    async with alone.async_client() as xano:
        infos = [info async for info in xano.instances.list()]
        assert len(infos) == INSTANCES
        instances = [xano.instance(info) for info in infos]

        async def caller(first: int) -> None:
            for number in range(first, INSTANCES * 4, CALLERS):
                await instances[number % INSTANCES].me()
                served[number % INSTANCES] += 1

        await asyncio.gather(*(caller(first) for first in range(CALLERS)))
    assert set(served.values()) == {4}
