"""What crashed or hung in comparable bindings: signals, cancellation, fork, the interpreter's end, loops, threads."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from xano_metadata import Cancelled, ConfigError, Xano, XanoError, _native
from xano_metadata.testing import Emulator

from .conftest import Script

START = """
import sys
from xano_metadata import Xano, AsyncXano
xano = Xano(sys.argv[2], account_url=sys.argv[1], ambient_credentials=False)
"""


def start(emulator: Emulator, code: str, **options: Any) -> subprocess.Popen[str]:
    """A program that talks to the emulator; it has an `xano`."""
    command = [sys.executable, "-c", START + code, emulator.account_url, emulator.token]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def wait_for_request(emulator: Emulator, count: int = 1) -> None:
    """Until the emulator has got so many requests, also ones it has not answered."""
    until = time.monotonic() + 20
    while emulator.journal()["total"] < count:
        assert time.monotonic() < until, "the program sent nothing"
        threading.Event().wait(0.005)


def wait_for_departure(emulator: Emulator) -> None:
    """Until the emulator notices that its client left first."""
    until = time.monotonic() + 5
    while emulator.requests()[-1]["outcome"] != "client_gone":
        assert time.monotonic() < until, emulator.requests()[-1]
        threading.Event().wait(0.005)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_a_sync_call_at_once(emulator: Emulator) -> None:
    emulator.faults({"kind": "hang"})
    program = start(
        emulator, "print('ready', flush=True)\ntry:\n    xano.me()\nexcept KeyboardInterrupt:\n    print('interrupted')"
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    wait_for_request(emulator)
    sent = time.monotonic()
    program.send_signal(signal.SIGINT)
    line = program.stdout.readline()
    took = time.monotonic() - sent
    assert line == "interrupted\n"
    assert took < 0.3
    wait_for_departure(emulator)
    assert program.wait(5) == 0


async def test_a_cancelled_task_drops_its_request(emulator: Emulator) -> None:
    emulator.faults({"kind": "hang"})
    async with emulator.async_client() as xano:
        task = asyncio.create_task(xano.me())
        await asyncio.to_thread(wait_for_request, emulator)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(wait_for_departure, emulator)


async def test_a_timeout_of_asyncio_drops_the_request(emulator: Emulator) -> None:
    emulator.faults({"kind": "hang"})
    async with emulator.async_client() as xano:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(xano.me(), 0.2)
        await asyncio.to_thread(wait_for_departure, emulator)


def test_a_coroutine_that_is_never_awaited_sends_nothing(emulator: Emulator) -> None:
    xano = emulator.async_client()
    xano.me().close()
    assert emulator.requests() == []


def test_close_ends_calls_in_flight(emulator: Emulator) -> None:
    emulator.faults({"kind": "hang"})
    xano = emulator.client()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(xano.me)
        wait_for_request(emulator)
        xano.close()
        with pytest.raises(Cancelled) as caught:
            call.result(5)
    assert caught.value.code == "cancelled"
    with pytest.raises(ConfigError, match="closed"):
        xano.me()


async def test_close_ends_awaited_calls(emulator: Emulator) -> None:
    emulator.faults({"kind": "hang"})
    xano = emulator.async_client()
    call = asyncio.create_task(xano.me())
    await asyncio.to_thread(wait_for_request, emulator)
    await xano.close()
    with pytest.raises(Cancelled):
        await call


def test_leaving_an_instance_does_not_close_its_account(emulator: Emulator) -> None:
    with emulator.client() as xano:
        with xano.instance(xano.instances.list()[0]) as instance:
            assert instance.me().id == xano.me().id
        assert xano.me().name


async def test_a_sync_call_inside_a_running_loop_works(emulator: Emulator) -> None:
    with emulator.client() as xano:
        assert xano.me().email == (await emulator.async_client().me()).email


def test_one_client_in_many_threads(emulator: Emulator) -> None:
    with emulator.client() as xano, ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: xano.me().name, range(64)))
    assert len(set(names)) == 1


def test_one_async_client_in_several_loops(emulator: Emulator) -> None:
    xano = emulator.async_client()

    async def many() -> int:
        return len(await asyncio.gather(*(xano.me() for _ in range(20))))

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda _: asyncio.run(many()), range(3))) == [20, 20, 20]
    assert asyncio.run(many()) == 20


def test_a_loop_that_watches_no_sockets_is_woken_as_well(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, whose default loop is of that kind."""
    monkeypatch.setattr(asyncio.SelectorEventLoop, "add_reader", asyncio.AbstractEventLoop.add_reader)
    monkeypatch.setattr(asyncio.BaseEventLoop, "call_soon_threadsafe", counted := Counted())
    xano = emulator.async_client()

    async def many() -> int:
        return len(await asyncio.gather(*(xano.me() for _ in range(20))))

    assert asyncio.run(many()) == 20
    assert counted.calls > 0


class Counted:
    """`call_soon_threadsafe`, counted."""

    real = asyncio.BaseEventLoop.call_soon_threadsafe

    def __init__(self) -> None:
        self.calls = 0

    def __get__(self, loop: Any, owner: type) -> Any:
        self.calls += 1
        return Counted.real.__get__(loop, owner)


def test_a_loop_that_is_closed_meanwhile_is_no_trouble(run_python: Script, emulator: Emulator) -> None:
    emulator.faults({"kind": "latency", "ms": 100})
    code = (
        START
        + """
import asyncio, threading
xano = AsyncXano(sys.argv[2], account_url=sys.argv[1], ambient_credentials=False)
loop = asyncio.new_event_loop()
async def begin():
    coroutine = xano.me()
    coroutine.send(None)
    return coroutine
held = loop.run_until_complete(begin())
loop.close()
threading.Event().wait(0.4)
print(asyncio.run(xano.me()).name)
"""
    )
    done = run_python(code, emulator.account_url, emulator.token)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Robin Example\n"
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_uses_its_parents_client(run_python: Script, emulator: Emulator) -> None:
    code = (
        START
        + """
import asyncio, os, threading
xano.me()
busy = [threading.Thread(target=lambda: [xano.me() for _ in range(30)]) for _ in range(4)]
for thread in busy: thread.start()
child = os.fork()
if child == 0:
    try:
        ok = xano.me().name and xano.snippets.list().all() == []
        anew = AsyncXano(sys.argv[2], account_url=sys.argv[1], ambient_credentials=False)
        ok = ok and asyncio.run(anew.me()).name
        os._exit(0 if ok else 3)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(4)
_, status = os.waitpid(child, 0)
for thread in busy: thread.join()
print(os.waitstatus_to_exitcode(status), xano.me().name)
"""
    )
    done = run_python(code, emulator.account_url, emulator.token)
    assert done.stdout == "0 Robin Example\n", done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_ends_by_itself(run_python: Script, emulator: Emulator) -> None:
    code = (
        START
        + """
import os
xano.me()
child = os.fork()
os.write(1, (xano.me().name + "\\n").encode())
if child:
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    )
    done = run_python(code, emulator.account_url, emulator.token)
    assert sorted(done.stdout.split("\n")) == ["", "0", "Robin Example", "Robin Example"], done.stderr


EXITS = {
    "daemon threads": """
import threading
for _ in range(4):
    threading.Thread(target=lambda: [xano.me() for _ in range(10**6)], daemon=True).start()
xano.me()
""",
    "a daemon thread that hangs": """
import threading
threading.Thread(target=xano.instances.list().all, daemon=True).start()
xano.me()
""",
    "tasks left behind": """
import asyncio
axano = AsyncXano(sys.argv[2], account_url=sys.argv[1], ambient_credentials=False)
async def main():
    global left
    left = [asyncio.ensure_future(axano.me()) for _ in range(8)]
    await left[0]
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
""",
    "a loop in a daemon thread": """
import asyncio, threading
axano = AsyncXano(sys.argv[2], account_url=sys.argv[1], ambient_credentials=False)
async def main():
    while True:
        await asyncio.gather(*(axano.me() for _ in range(8)))
threading.Thread(target=asyncio.run, args=(main(),), daemon=True).start()
xano.me()
""",
}


@pytest.mark.parametrize("way", EXITS)
def test_a_hundred_exits_with_calls_in_flight(emulator: Emulator, way: str) -> None:
    """25 exits for each of four ways to leave calls behind."""
    if way == "a daemon thread that hangs":
        emulator.faults({"kind": "hang", "path": "/instance"})
    for _ in range(5):
        programs = [start(emulator, EXITS[way]) for _ in range(5)]
        for program in programs:
            _, complaints = program.communicate(timeout=30)
            assert program.returncode == 0, complaints
            assert "panicked" not in complaints
            assert "Fatal" not in complaints


def test_the_exit_takes_less_than_a_second(emulator: Emulator) -> None:
    emulator.faults({"kind": "hang", "path": "/instance"})
    program = start(emulator, EXITS["a daemon thread that hangs"] + "print('last', flush=True)")
    assert program.stdout is not None
    assert program.stdout.readline() == "last\n"
    began = time.monotonic()
    assert program.wait(10) == 0
    assert time.monotonic() - began < 1.5


def test_a_late_call_does_not_revive_the_engine(run_python: Script, emulator: Emulator) -> None:
    code = (
        START
        + """
def late():
    try:
        xano.me()
    except Exception as error:
        print(type(error).__name__)
from xano_metadata import _native
xano.me()
_native.shutdown(1.0)
late()
"""
    )
    done = run_python(code, emulator.account_url, emulator.token)
    assert done.stdout == "Cancelled\n", done.stderr
    assert done.returncode == 0


def test_a_panic_is_an_exception() -> None:
    with pytest.raises(XanoError) as caught:
        _native.panic_for_tests()
    assert caught.value.code == "internal_error"
    assert type(caught.value) is XanoError
    assert "asked to panic" not in str(caught.value)


SUBINTERPRETER = """
import xano_metadata._native
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
inside = interpreters.create()
code = '''
try:
    import xano_metadata._native
except ImportError as error:
    print("refused:", error, flush=True)
'''
interpreters.run_string(inside, code)
interpreters.destroy(inside)
print("done")
"""


def test_a_sub_interpreter_gets_a_clear_error(run_python: Script) -> None:
    done = run_python(SUBINTERPRETER)
    assert "refused" in done.stdout, done.stderr
    assert "interpreter" in done.stdout
    assert done.stdout.endswith("done\n")
    assert done.returncode == 0


def test_a_client_does_not_pickle_or_copy(emulator: Emulator) -> None:
    xano = emulator.client()
    for thing in (xano, xano.snippets, xano.snippet("a"), xano.instance("x"), emulator.async_client()):
        for take in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be pickled or copied"):
                take(thing)


def test_stats_count(emulator: Emulator) -> None:
    emulator.faults({"kind": "status", "status": 503, "times": 1})
    with emulator.client(backoff=0.001) as xano:
        xano.me()
        xano.instance(xano.instances.list()[0]).me()
        stats = xano.stats()
    assert stats["requests"] == 4
    assert stats["retries"] == 1
    assert stats["bytes_in"] > 100
    assert 1 <= stats["connections"] <= 4


def test_contexts_close(emulator: Emulator) -> None:
    with emulator.client() as xano:
        xano.me()
    with pytest.raises(ConfigError):
        xano.me()


async def test_async_contexts_close(emulator: Emulator) -> None:
    async with emulator.async_client() as xano:
        await xano.me()
    with pytest.raises(ConfigError):
        await xano.me()


def test_types_of_roots(emulator: Emulator) -> None:
    assert isinstance(emulator.client(), Xano)
