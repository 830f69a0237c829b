"""P8: calls against a server that allows three in any two seconds. Ours alone: what others do is get 429.

The client is told the limit and calls as fast as it may, from several threads, as a program would that has work to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from bench.python.harness import TOKEN, Subject, Task

Call = Callable[[], Any]


@contextmanager
def ours(task: Task) -> Iterator[Call]:
    from xano_metadata import Instance, RateLimit

    with Instance(task.url, token=TOKEN, rate_limit=RateLimit(3, per=2)) as instance:
        yield instance.me


def drive(call: Call, task: Task, calls: int) -> int:
    with ThreadPoolExecutor(task.at_once) as threads:
        answers = threads.map(lambda _: call(), range(calls))
        return sum(me["name"] == "Robin Example" for me in answers)


SUBJECT = Subject({"ours": ours}, drive, warm=0)
