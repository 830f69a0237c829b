"""P2: small answers, 32 calls at once, in asyncio. Each side yields what makes one call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from bench.python.harness import HEADERS, TOKEN, Subject, Task

Call = Callable[[], Awaitable[Any]]


@asynccontextmanager
async def ours(task: Task) -> AsyncIterator[Call]:
    from xano_metadata import AsyncInstance

    async with AsyncInstance(task.url, token=TOKEN, concurrency=task.at_once) as instance:
        yield instance.me


@asynccontextmanager
async def aiohttp(task: Task) -> AsyncIterator[Call]:
    import aiohttp
    import orjson

    async with aiohttp.ClientSession(headers=HEADERS) as session:

        async def call() -> Any:
            async with session.get(f"{task.url}/auth/me") as answer:
                return orjson.loads(await answer.read())

        yield call


@asynccontextmanager
async def httpx(task: Task) -> AsyncIterator[Call]:
    import httpx
    import orjson

    limits = httpx.Limits(max_connections=task.at_once, max_keepalive_connections=task.at_once)
    async with httpx.AsyncClient(headers=HEADERS, trust_env=False, limits=limits) as client:

        async def call() -> Any:
            return orjson.loads((await client.get(f"{task.url}/auth/me")).content)

        yield call


@asynccontextmanager
async def impit(task: Task) -> AsyncIterator[Call]:
    import impit

    async with impit.AsyncClient(headers=HEADERS) as client:

        async def call() -> Any:
            return (await client.get(f"{task.url}/auth/me")).json()

        yield call


@asynccontextmanager
async def rnet(task: Task) -> AsyncIterator[Call]:
    import rnet

    client = rnet.Client(default_headers=HEADERS, no_proxy=True, tcp_nodelay=True)

    async def call() -> Any:
        return await (await client.get(f"{task.url}/auth/me")).json()

    yield call


async def drive(call: Call, task: Task, calls: int) -> int:
    """So many tasks that each make one call after the other."""

    async def lane(calls: int) -> int:
        seen = 0
        for _ in range(calls):
            me = await call()
            seen += me["name"] == "Robin Example"
        return seen

    each, rest = divmod(calls, task.at_once)
    return sum(await asyncio.gather(*(lane(each + (number < rest)) for number in range(task.at_once))))


SUBJECT = Subject({"ours": ours, "aiohttp": aiohttp, "httpx": httpx, "impit": impit, "rnet": rnet}, drive, warm=320)
