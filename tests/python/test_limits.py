"""The rate limit: our own traffic never meets a 429, from threads and from tasks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from xano_metadata import ConfigError, RateLimit
from xano_metadata.testing import Emulator

LIMIT = RateLimit(10, per=2)


@pytest.fixture
def limited() -> Iterator[Emulator]:
    """An emulator that takes 10 requests in any 2 seconds: an own one, as all clients of an origin share a limiter."""
    with Emulator(rate_limit=LIMIT) as emulator:
        yield emulator


def check(emulator: Emulator, took: float) -> None:
    journal = emulator.journal()
    assert journal["rate_limited"] == 0
    assert journal["total"] == 30
    assert 3.9 < took < 5, "30 calls under 10 per 2 s take 4 s"


def test_thirty_calls_from_eight_threads(limited: Emulator) -> None:
    began = time.monotonic()
    with limited.client(rate_limit=LIMIT) as xano, ThreadPoolExecutor(8) as pool:
        assert all(me.name for me in pool.map(lambda _: xano.me(), range(30)))
        assert xano.stats()["limiter_waits"] > 0
    check(limited, time.monotonic() - began)


async def test_thirty_calls_from_eight_tasks(limited: Emulator) -> None:
    began = time.monotonic()
    places = asyncio.Semaphore(8)
    async with limited.async_client(rate_limit=LIMIT) as xano:

        async def call() -> str:
            async with places:
                return (await xano.me()).name

        assert all(await asyncio.gather(*(call() for _ in range(30))))
    check(limited, time.monotonic() - began)


def test_clients_of_one_origin_share_the_window(limited: Emulator) -> None:
    clients = [limited.client(rate_limit=LIMIT) for _ in range(3)]
    for client in clients:
        for _ in range(5):
            client.me()
    assert limited.journal()["rate_limited"] == 0


def test_spellings_of_a_limit() -> None:
    assert RateLimit.per_minute(60) == RateLimit(60, per=60)
    assert repr(RateLimit(10, per=20)) == "RateLimit(10, per=20.0)"
    for wrong in (0, -1, 1.5, True):
        with pytest.raises(ConfigError):
            RateLimit(wrong, per=1)  # type: ignore[arg-type]
    for window in (0, float("inf"), float("nan"), "1"):
        with pytest.raises(ConfigError):
            RateLimit(1, per=window)  # type: ignore[arg-type]
