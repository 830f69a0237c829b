"""P5: rows into a table, in batches of 500.

Each side yields what inserts the rows it is given and answers how many ids came back. The rows are in a list before the
clock starts. For memory they come from a generator instead, so that what grows is what the client holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from typing import Any

from bench.python.harness import HEADERS, TABLE, TOKEN, Subject, Task
from bench.python.rows import rows

Insert = Callable[[Iterable[dict[str, Any]]], Any]

BATCH = 500
"""Rows in a request, for everybody."""


def batches(source: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(source)
    while batch := list(islice(iterator, BATCH)):
        yield batch


@contextmanager
def ours(task: Task) -> Iterator[Insert]:
    from xano_metadata import Instance

    with Instance(task.url, token=TOKEN) as instance:
        records = instance.workspace(1).table(1).records
        yield lambda source: records.insert(source, batch_rows=BATCH).inserted


@contextmanager
def httpx(task: Task) -> Iterator[Insert]:
    import httpx

    with httpx.Client(headers=HEADERS, trust_env=False) as client:

        def insert(source: Iterable[dict[str, Any]]) -> int:
            done = 0
            for batch in batches(source):
                answer = client.post(f"{task.url}{TABLE}/content/bulk", json={"items": batch})
                done += len(answer.raise_for_status().json())
            return done

        yield insert


@contextmanager
def requests(task: Task) -> Iterator[Insert]:
    import requests

    with requests.Session() as session:
        session.headers.update(HEADERS)
        session.trust_env = False

        def insert(source: Iterable[dict[str, Any]]) -> int:
            done = 0
            for batch in batches(source):
                answer = session.post(f"{task.url}{TABLE}/content/bulk", json={"items": batch}, timeout=60)
                answer.raise_for_status()
                done += len(answer.json())
            return done

        yield insert


@asynccontextmanager
async def aiohttp_orjson(task: Task) -> AsyncIterator[Insert]:
    """The most that a careful user gets: orjson both ways, eight batches under way."""
    import aiohttp
    import orjson

    headers = HEADERS | {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def insert(source: Iterable[dict[str, Any]]) -> int:
            work = batches(source)

            async def lane() -> int:
                done = 0
                for batch in work:
                    body = orjson.dumps({"items": batch})
                    async with session.post(f"{task.url}{TABLE}/content/bulk", data=body) as answer:
                        answer.raise_for_status()
                        done += len(orjson.loads(await answer.read()))
                return done

            return sum(await asyncio.gather(*(lane() for _ in range(8))))

        yield insert


def prepare(task: Task) -> list[dict[str, Any]]:
    return list(rows(task.units))


def drive(insert: Insert, task: Task, count: int) -> Any:
    return insert(task.input if count == task.units else rows(count))


def drive_from_generator(insert: Insert, _task: Task, count: int) -> Any:
    return insert(rows(count))


SIDES = {"ours": ours, "httpx+json": httpx, "requests": requests, "aiohttp+orjson": aiohttp_orjson}
SUBJECT = Subject(SIDES, drive, warm=2 * BATCH, prepare=prepare)
FROM_GENERATOR = Subject(SIDES, drive_from_generator, warm=2 * BATCH)
