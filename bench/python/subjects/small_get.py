"""P1: a small answer, one call after the other, in ordinary code. Each side yields what makes one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.python.harness import HEADERS, TOKEN, Subject, Task

Call = Callable[[], Any]


@contextmanager
def ours(task: Task) -> Iterator[Call]:
    from xano_metadata import Instance

    with Instance(task.url, token=TOKEN) as instance:
        yield instance.me


@contextmanager
def requests(task: Task) -> Iterator[Call]:
    import requests

    with requests.Session() as session:
        session.headers.update(HEADERS)
        # Looking for proxies in the environment at each call is a known cost; a careful user turns it off.
        session.trust_env = False
        yield lambda: session.get(f"{task.url}/auth/me", timeout=30).json()


@contextmanager
def httpx(task: Task) -> Iterator[Call]:
    import httpx

    with httpx.Client(headers=HEADERS, trust_env=False) as client:
        yield lambda: client.get(f"{task.url}/auth/me").json()


@contextmanager
def impit(task: Task) -> Iterator[Call]:
    import impit

    with impit.Client(headers=HEADERS) as client:
        yield lambda: client.get(f"{task.url}/auth/me").json()


@contextmanager
def rnet(task: Task) -> Iterator[Call]:
    import rnet

    client = rnet.BlockingClient(default_headers=HEADERS, no_proxy=True, tcp_nodelay=True)
    yield lambda: client.get(f"{task.url}/auth/me").json()


def drive(call: Call, _task: Task, calls: int) -> int:
    seen = 0
    for _ in range(calls):
        me = call()
        seen += me["name"] == "Robin Example"
    return seen


SUBJECT = Subject({"ours": ours, "requests": requests, "httpx": httpx, "impit": impit, "rnet": rnet}, drive, warm=100)
