"""P3: pages of 1,000 records as one list of dicts. Each side yields what reads so many pages from the first one on.

What is measured is processor time, so it does not matter to a side how many pages it has on the way at once; each does
what is usual for it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from bench.python.harness import HEADERS, PAGE_SIZE, TABLE, TOKEN, Subject, Task

Rows = list[dict[str, Any]]
Read = Callable[[int], Any]

AT_ONCE = 8
"""Pages that the asyncio sides have on the way."""


@contextmanager
def ours(task: Task) -> Iterator[Read]:
    from xano_metadata import Instance

    with Instance(task.url, token=TOKEN) as instance:
        records = instance.workspace(1).table(1).records
        yield lambda pages: records.to_list(limit=pages * PAGE_SIZE)


@contextmanager
def requests(task: Task) -> Iterator[Read]:
    import requests

    with requests.Session() as session:
        session.headers.update(HEADERS)
        session.trust_env = False

        def read(pages: int) -> Rows:
            rows: Rows = []
            for page in range(1, pages + 1):
                rows += session.get(page_url(task, page), timeout=30).json()["items"]
            return rows

        yield read


@contextmanager
def httpx(task: Task) -> Iterator[Read]:
    import httpx

    with httpx.Client(headers=HEADERS, trust_env=False) as client:

        def read(pages: int) -> Rows:
            rows: Rows = []
            for page in range(1, pages + 1):
                rows += client.get(page_url(task, page)).json()["items"]
            return rows

        yield read


@asynccontextmanager
async def aiohttp(task: Task) -> AsyncIterator[Read]:
    async with aiohttp_pages(task, json.loads) as read:
        yield read


@asynccontextmanager
async def aiohttp_orjson(task: Task) -> AsyncIterator[Read]:
    import orjson

    async with aiohttp_pages(task, orjson.loads) as read:
        yield read


@asynccontextmanager
async def aiohttp_pages(task: Task, loads: Callable[[bytes], Any]) -> AsyncIterator[Callable[[int], Any]]:
    """Pages by aiohttp, in order, several at once."""
    import aiohttp

    async with aiohttp.ClientSession(headers=HEADERS) as session:

        async def one(page: int) -> Rows:
            async with session.get(page_url(task, page)) as answer:
                items: Rows = loads(await answer.read())["items"]
                return items

        async def read(pages: int) -> Rows:
            rows: Rows = []
            for first in range(1, pages + 1, AT_ONCE):
                last = min(first + AT_ONCE, pages + 1)
                for items in await asyncio.gather(*(one(page) for page in range(first, last))):
                    rows += items
            return rows

        yield read


def page_url(task: Task, page: int) -> str:
    return f"{task.url}{TABLE}/content?page={page}&per_page={PAGE_SIZE}"


def count(rows: Rows) -> int:
    """Pages in these rows, if they are the first ones of the table and in order."""
    pages, rest = divmod(len(rows), PAGE_SIZE)
    right = not rest and all(row["id"] == at for at, row in enumerate(rows, 1)) and len(rows[0]) == 12
    return pages if right else -1


def drive(read: Read, _task: Task, pages: int) -> Any:
    return read(pages)


SUBJECT = Subject(
    {
        "ours": ours,
        "requests": requests,
        "httpx": httpx,
        "aiohttp": aiohttp,
        "aiohttp+orjson": aiohttp_orjson,
    },
    drive,
    warm=3,
    count=count,
)
