"""P4: pages of 1,000 records as one data frame. Each side yields what reads so many pages from the first one on."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from bench.python.harness import HEADERS, PAGE_SIZE, TOKEN, Subject, Task
from bench.python.subjects.pages_to_dicts import aiohttp_pages, page_url

Read = Callable[[int], Any]


@contextmanager
def ours_pandas(task: Task) -> Iterator[Read]:
    from xano_metadata import Instance

    with Instance(task.url, token=TOKEN) as instance:
        records = instance.workspace(1).table(1).records
        yield lambda pages: records.to_pandas(limit=pages * PAGE_SIZE)


@contextmanager
def ours_polars(task: Task) -> Iterator[Read]:
    from xano_metadata import Instance

    with Instance(task.url, token=TOKEN) as instance:
        records = instance.workspace(1).table(1).records
        yield lambda pages: records.to_polars(limit=pages * PAGE_SIZE)


@asynccontextmanager
async def aiohttp_orjson_pandas(task: Task) -> AsyncIterator[Read]:
    import orjson
    import pandas

    async with aiohttp_pages(task, orjson.loads) as read:

        async def frame(pages: int) -> Any:
            # From one list of rows: a frame for each page and concat take longer.
            return pandas.DataFrame(await read(pages))

        yield frame


@asynccontextmanager
async def aiohttp_orjson_polars(task: Task) -> AsyncIterator[Read]:
    import orjson
    import polars

    async with aiohttp_pages(task, orjson.loads) as read:

        async def frame(pages: int) -> Any:
            # Types are inferred from the first 100 rows, which is enough here; naming them is no faster.
            return polars.DataFrame(await read(pages))

        yield frame


@contextmanager
def requests_pandas(task: Task) -> Iterator[Read]:
    import pandas
    import requests

    with requests.Session() as session:
        session.headers.update(HEADERS)
        session.trust_env = False

        def frame(pages: int) -> Any:
            rows: list[Any] = []
            for page in range(1, pages + 1):
                rows += session.get(page_url(task, page), timeout=30).json()["items"]
            return pandas.DataFrame(rows)

        yield frame


@contextmanager
def httpx_polars_json(task: Task) -> Iterator[Read]:
    """The JSON reader of polars, without dicts in between."""
    import httpx
    import polars

    with httpx.Client(headers=HEADERS, trust_env=False) as client:

        def one(page: int) -> Any:
            body = io.BytesIO(client.get(page_url(task, page)).content)
            return polars.read_json(body).select(polars.col("items").explode()).unnest("items")

        yield lambda pages: polars.concat([one(page) for page in range(1, pages + 1)])


def count(frame: Any) -> int:
    """Pages in a frame, if its rows are the first ones of the table and it has every column."""
    pages, rest = divmod(len(frame), PAGE_SIZE)
    ids = list(frame["id"])
    right = not rest and ids == list(range(1, len(ids) + 1)) and frame.shape[1] == 12
    right = right and isinstance(frame["email"][0], str) and round(float(frame["price"][0]), 2) == 67.68
    return pages if right else -1


def drive(read: Read, _task: Task, pages: int) -> Any:
    return read(pages)


SUBJECT = Subject(
    {
        "ours, pandas": ours_pandas,
        "ours, polars": ours_polars,
        "aiohttp+orjson+pandas": aiohttp_orjson_pandas,
        "aiohttp+orjson+polars": aiohttp_orjson_polars,
        "requests+pandas": requests_pandas,
        "httpx+polars.read_json": httpx_polars_json,
    },
    drive,
    warm=3,
    count=count,
)
