"""A day of calls in some minutes: memory, file descriptors and threads at the start, in the middle and at the end.

    python tests/soak/soak.py sync|async|clients URL TOKEN COUNT

`sync` makes COUNT calls from 8 threads that share a client, `async` from 64 tasks of one event loop, and `clients`
makes and drops COUNT clients, of which every tenth makes a call. It prints one JSON line and fails when something
grows: the first tenth is warming up, and from there to the end memory may grow by a tenth and 8 MB, descriptors and
threads by a few.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xano_metadata import AsyncXano, Xano

THREADS = 8
TASKS = 64
Options = dict[str, Any]


def state() -> dict[str, int]:
    """Resident memory in KiB, open descriptors, threads."""
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "memory": int(status["VmRSS"].split()[0]),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": int(status["Threads"]),
    }


def sync(options: Options, count: int) -> None:
    """COUNT calls by threads."""
    failures: list[BaseException] = []

    def calls(xano: Xano) -> None:
        try:
            for number in range(count // THREADS):
                if number % 2:
                    assert xano.me().email
                else:
                    assert xano.snippet("demo-001").get().name
        except BaseException as error:  # handed to the main thread
            failures.append(error)

    threads = [threading.Thread(target=calls, args=(CLIENTS["sync"](options),)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


async def _calls(xano: AsyncXano, count: int) -> None:
    for number in range(count):
        if number % 2:
            assert (await xano.me()).email
        else:
            assert (await xano.snippet("demo-001").get()).name


def asynchronous(options: Options, count: int) -> None:
    """COUNT calls by tasks, in a loop that is made and closed."""

    async def main() -> None:
        xano = CLIENTS["async"](options)
        await asyncio.gather(*(_calls(xano, count // TASKS) for _ in range(TASKS)))

    asyncio.run(main())


def clients(options: Options, count: int) -> None:
    """COUNT clients that are made and dropped without being closed."""
    for number in range(count):
        xano = Xano(**options)
        if number % 10 == 0:
            assert xano.me().email
        del xano


MADE: dict[str, Any] = {}
CLIENTS: dict[str, Callable[[Options], Any]] = {
    "sync": lambda options: MADE.setdefault("sync", Xano(**options)),
    "async": lambda options: MADE.setdefault("async", AsyncXano(**options)),
}
MODES: dict[str, Callable[[Options, int], None]] = {"sync": sync, "async": asynchronous, "clients": clients}


def main() -> int:
    """Runs one mode."""
    mode, url, token, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    options: Options = {"token": token, "account_url": url, "ambient_credentials": False, "rate_limit": "off"}
    run = MODES[mode]
    began = time.monotonic()
    run(options, count // 10)
    start = state()
    run(options, count * 4 // 10)
    middle = state()
    run(options, count // 2)
    end = state()
    flat = (
        end["memory"] <= start["memory"] * 1.1 + 8192
        and end["descriptors"] <= start["descriptors"] + 8
        and end["threads"] <= start["threads"] + 2
    )
    seconds = round(time.monotonic() - began, 1)
    told = {"face": f"python {mode}", "count": count, "seconds": seconds, "start": start, "middle": middle, "end": end}
    print(json.dumps({**told, "flat": flat}))
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
