"""The interpreter's end in every state, a hundred ways to be in the middle of something; and children of every kind.

`XANO_EXIT_RUNS` says how often each exit is made (default: 4; before a release 200).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from xano_metadata.testing import Emulator

from .conftest import Script
from .test_lifecycle import START, start, wait_for_request

RUNS = int(os.environ.get("XANO_EXIT_RUNS", "4"))
AT_ONCE = 4

MORE = """
import asyncio, os, signal, threading
options = dict(account_url=sys.argv[1], ambient_credentials=False)
token = sys.argv[2]
"""

SLOW = {"kind": "slow", "bytes_per_second": 2000}

EXITS: dict[str, tuple[str, int]] = {
    "made and never used": ("", 0),
    "used and not closed": ("xano.me()", 0),
    "an exception while a thread calls": (
        """
threading.Thread(target=lambda: [xano.me() for _ in range(10**6)], daemon=True).start()
xano.me()
raise SystemError("of the program's own")
""",
        1,
    ),
    "sys.exit in a thread's call": (
        """
def call():
    xano.me()
    sys.exit(5)
thread = threading.Thread(target=call)
thread.start()
thread.join()
sys.exit(3)
""",
        3,
    ),
    "os._exit with calls in flight": (
        """
for _ in range(4):
    threading.Thread(target=lambda: [xano.me() for _ in range(10**6)], daemon=True).start()
xano.me()
os._exit(7)
""",
        7,
    ),
    "a call in atexit": (
        """
import atexit
def late():
    try:
        xano.me()
    except Exception as error:
        assert type(error).__name__ in ("Cancelled", "ConfigError"), error
atexit.register(late)
xano.me()
""",
        0,
    ),
    "a call in __del__": (
        """
class Late:
    def __del__(self):
        try:
            xano.me()
        except BaseException:
            pass
late = Late()
late.itself = late
xano.me()
""",
        0,
    ),
    "half a list": (
        """
for _ in xano.snippets.list(options={"prefetch": 3}):
    break
pages = iter(xano.instances.list())
next(pages, None)
""",
        0,
    ),
    "half a download": (
        """
import tempfile
place = os.path.join(tempfile.mkdtemp(), "file")
threading.Thread(target=xano.download, args=(sys.argv[1] + "/auth/me", place), daemon=True).start()
xano.me()
""",
        0,
    ),
    "an event loop that was stopped": (
        """
axano = AsyncXano(token, **options)
loop = asyncio.new_event_loop()
async def main():
    for _ in range(8):
        asyncio.ensure_future(axano.me())
    await axano.me()
    loop.stop()
left = loop.create_task(main())
loop.run_forever()
""",
        0,
    ),
    "sys.exit in a task": (
        """
axano = AsyncXano(token, **options)
async def main():
    calls = [asyncio.ensure_future(axano.me()) for _ in range(8)]
    await calls[0]
    sys.exit(9)
asyncio.run(main())
""",
        9,
    ),
    "logging of everything": (
        """
import logging
logging.basicConfig(level=logging.DEBUG, filename=os.devnull)
for _ in range(3):
    threading.Thread(target=lambda: [xano.me() for _ in range(10**6)], daemon=True).start()
for _ in range(5): xano.me()
""",
        0,
    ),
    "an interrupt while threads call": (
        """
for _ in range(3):
    threading.Thread(target=lambda: [xano.me() for _ in range(10**6)], daemon=True).start()
threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True: xano.me()
except KeyboardInterrupt:
    sys.exit(4)
""",
        4,
    ),
    "an interrupt of asyncio.run": (
        """
axano = AsyncXano(token, **options)
async def main():
    while True:
        await asyncio.gather(*(axano.me() for _ in range(8)))
threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(4)
""",
        4,
    ),
    "a closed client and its threads": (
        """
for _ in range(4):
    threading.Thread(target=lambda: [xano.me() for _ in range(10**6)], daemon=True).start()
xano.me()
xano.close()
""",
        0,
    ),
    "a fleet's inventory under way": (
        """
threading.Thread(target=lambda: xano.fleet().inventory(), daemon=True).start()
xano.me()
""",
        0,
    ),
    "a fleet being watched": (
        """
def watch():
    for _ in xano.fleet().watch(every=0.01): pass
threading.Thread(target=watch, daemon=True).start()
xano.me()
""",
        0,
    ),
}


@pytest.mark.parametrize("way", EXITS)
def test_the_interpreter_ends(emulator: Emulator, way: str) -> None:
    code, expected = EXITS[way]
    emulator.faults(SLOW)
    for first in range(0, RUNS, AT_ONCE):
        programs = [start(emulator, MORE + code) for _ in range(min(AT_ONCE, RUNS - first))]
        for program in programs:
            _, complaints = program.communicate(timeout=60)
            assert program.returncode == expected, f"{program.returncode}: {complaints}"
            for word in ("panicked", "Fatal", "Segmentation", "dumped"):
                assert word not in complaints, complaints


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_termination_in_a_call_ends_the_program_at_once(emulator: Emulator) -> None:
    emulator.faults({"kind": "hang"})
    program = start(emulator, "xano.me()")
    wait_for_request(emulator)
    program.terminate()
    _, complaints = program.communicate(timeout=20)
    assert program.returncode == -signal.SIGTERM, complaints


CHILDREN = """
import multiprocessing, os, sys, threading
from xano_metadata import Xano

def work(arguments):
    url, token = arguments
    xano = Xano(token, account_url=url, ambient_credentials=False)
    return xano.me().name

if __name__ == "__main__":
    way, url, token = sys.argv[1:4]
    xano = Xano(token, account_url=url, ambient_credentials=False)
    xano.me()
    busy = threading.Thread(target=lambda: [xano.me() for _ in range(200)], daemon=True)
    busy.start()
    context = multiprocessing.get_context(way)
    with context.Pool(3) as pool:
        print(pool.map(work, [(url, token)] * 9) == [xano.me().name] * 9)
    child = context.Process(target=work, args=((url, token),))
    child.start()
    child.join(20)
    print(child.exitcode)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="start methods of POSIX")
@pytest.mark.parametrize("way", ["fork", "spawn", "forkserver"])
def test_children_of_every_kind_make_calls(emulator: Emulator, tmp_path: Any, way: str) -> None:
    program = tmp_path / "children.py"
    program.write_text(CHILDREN)
    command = [sys.executable, str(program), way, emulator.account_url, emulator.token]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.stdout == "True\n0\n", done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_children_of_children_and_children_that_leave_in_every_way(run_python: Script, emulator: Emulator) -> None:
    code = (
        START
        + MORE
        + """
xano.me()
def child_of(work):
    child = os.fork()
    if child == 0:
        try:
            work()
        except SystemExit as leaving:
            os._exit(leaving.code)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(99)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
def in_the_loop():
    async def main():
        axano = AsyncXano(token, **options)
        return await asyncio.gather(*(axano.me() for _ in range(20)))
    assert len(asyncio.run(main())) == 20
def with_threads():
    threads = [threading.Thread(target=xano.me) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
def closes():
    xano.close()
print(child_of(lambda: child_of(lambda: xano.me())))
print(child_of(lambda: sys.exit(child_of(lambda: sys.exit(6)))))
print(child_of(in_the_loop), child_of(with_threads), child_of(closes))
print(child_of(lambda: os.kill(os.getpid(), signal.SIGKILL)))
print(child_of(lambda: list(xano.snippets.list())), xano.me().name)
"""
    )
    done = run_python(code, emulator.account_url, emulator.token, timeout=60)
    assert done.stdout == "0\n6\n0 0 0\n-9\n0 Robin Example\n", done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_cannot_go_on_with_a_task_of_its_parent(run_python: Script, emulator: Emulator) -> None:
    """It gets its own fleet to work, and does not wait for ever on what only the parent has."""
    code = (
        START
        + MORE
        + """
fleet = xano.fleet()
before = len(fleet.inventory().instances)
child = os.fork()
if child == 0:
    try:
        os._exit(0 if len(fleet.inventory().instances) == before else 3)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(4)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(fleet.inventory().instances) == before)
"""
    )
    done = run_python(code, emulator.account_url, emulator.token, timeout=60)
    assert done.stdout == "0 True\n", done.stderr


SIGNALS = """
ticks = []
signal.signal(signal.SIGALRM, lambda *_: ticks.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
axano = AsyncXano(token, **options)
names = set()
def calls():
    for _ in range(60): names.add(xano.me().name)
threads = [threading.Thread(target=calls) for _ in range(4)]
for thread in threads: thread.start()
async def main():
    for _ in range(10):
        names.update(me.name for me in await asyncio.gather(*(axano.me() for _ in range(16))))
        names.add((await asyncio.to_thread(xano.me)).name)
asyncio.run(main())
for _ in range(30): names.add(xano.me().name)
for thread in threads: thread.join()
signal.setitimer(signal.ITIMER_REAL, 0)
print(sorted(names), len(ticks) > 3)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_threads_and_tasks_and_signals_together(run_python: Script, emulator: Emulator) -> None:
    done = run_python(START + MORE + SIGNALS, emulator.account_url, emulator.token, timeout=60)
    assert done.stdout == "['Robin Example'] True\n", done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_handler_that_raises_gives_the_call_up(run_python: Script, emulator: Emulator) -> None:
    emulator.faults({"kind": "hang"})
    code = """
class Enough(Exception): pass
def handler(*_): raise Enough
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.2)
try:
    xano.me()
except Enough:
    print("enough")
"""
    began = time.monotonic()
    done = run_python(START + MORE + code, emulator.account_url, emulator.token)
    assert done.stdout == "enough\n", done.stderr
    assert time.monotonic() - began < 20


def test_a_client_that_is_dropped_finishes_what_is_under_way(run_python: Script, emulator: Emulator) -> None:
    emulator.faults({"kind": "latency", "ms": 100})
    code = """
import gc
async def main():
    axano = AsyncXano(token, **options)
    calls = [asyncio.ensure_future(axano.me()) for _ in range(8)]
    await asyncio.sleep(0.02)
    del axano
    gc.collect()
    return {me.name for me in await asyncio.gather(*calls)}
print(asyncio.run(main()))
def late(results):
    results.append(Xano(token, **options).me().name)
results = []
threads = [threading.Thread(target=late, args=(results,)) for _ in range(8)]
for thread in threads: thread.start()
del xano
gc.collect()
for thread in threads: thread.join()
print(len(results))
"""
    done = run_python(START + MORE + code, emulator.account_url, emulator.token)
    assert done.stdout == "{'Robin Example'}\n8\n", done.stderr


def test_a_loop_that_ends_gives_its_calls_up_and_the_next_one_works(run_python: Script, emulator: Emulator) -> None:
    emulator.faults({"kind": "hang", "times": 40})
    code = """
axano = AsyncXano(token, **options, max_retries=0)
async def leaves():
    calls = [asyncio.ensure_future(axano.me()) for _ in range(20)]
    await asyncio.sleep(0.05)
for _ in range(2):
    asyncio.run(leaves())
print("left")
"""
    done = run_python(START + MORE + code, emulator.account_url, emulator.token)
    assert done.stdout == "left\n", done.stderr
    assert "Traceback" not in done.stderr
    emulator.clear_faults()


SOAK = os.path.join(os.path.dirname(__file__), "..", "soak", "soak.py")  # noqa: PTH118, PTH120


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("mode", "count"), [("sync", 4000), ("async", 4000), ("clients", 2000)])
def test_a_short_soak_is_flat(emulator: Emulator, mode: str, count: int) -> None:
    """`make soak` is the long one: a million calls, ten thousand clients."""
    emulator.faults({"kind": "reply", "body": '{"id":1,"name":"x","email":"x@y"}', "status": 200})
    command = [sys.executable, SOAK, mode, emulator.account_url, emulator.token, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
