"""A sync call is driven by the thread that waits for it: nothing looks after its connections between two calls."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from xano_metadata.testing import Emulator

from .conftest import Script


def test_a_connection_that_was_closed_between_two_calls_is_not_written_to(emulator: Emulator) -> None:
    (snippet,) = emulator.add_snippets(name="Login")
    emulator.faults({"kind": "close_after_answer"})
    with emulator.client(max_retries=0) as xano:
        handle = xano.snippet(snippet["canonical"])
        for _ in range(5):
            xano.me()
            # Longer than a connection counts as fresh; then a call that must not be sent twice.
            time.sleep(0.05)
            handle.tokens.create(max_installs=1)
            time.sleep(0.05)
        emulator.clear_faults()
        assert len(handle.tokens.list().all()) == 5
        assert xano.stats()["retries"] == 0


def test_threads_that_call_at_once_do_not_wait_for_each_other(emulator: Emulator) -> None:
    emulator.faults({"kind": "latency", "ms": 300})
    with emulator.client(rate_limit="off") as xano, ThreadPoolExecutor(6) as threads:
        began = time.monotonic()
        assert len([me.id for me in threads.map(lambda _: xano.me(), range(6))]) == 6
        # One after the other they would take six times the latency.
        assert time.monotonic() - began < 6 * 0.3


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that signals")
def test_a_call_that_is_given_up_takes_its_connection_with_it(emulator: Emulator) -> None:
    """What comes late must not be taken for the answer of the next call."""

    class EnoughError(Exception):
        pass

    def stop(*_: object) -> None:
        raise EnoughError

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with emulator.client(rate_limit="off") as xano:
            me = xano.me()
            for _ in range(5):
                emulator.faults({"kind": "latency", "ms": 300, "path": "/instance"})
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                with pytest.raises(EnoughError):
                    xano.instances.list().all()
                emulator.clear_faults()
                assert xano.me().id == me.id
            assert xano.stats()["retries"] == 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_was_forked_while_a_thread_called_makes_its_own_calls(
    run_python: Script, emulator: Emulator
) -> None:
    emulator.faults({"kind": "latency", "ms": 400})
    code = """
    import os, sys, threading, time
    from xano_metadata import Xano
    xano = Xano(sys.argv[2], account_url=sys.argv[1], ambient_credentials=False)
    me, seen = xano.me(), []
    thread = threading.Thread(target=lambda: seen.append(xano.me().id))
    thread.start()
    time.sleep(0.2)
    child = os.fork()
    if child == 0:
        os._exit(0 if [xano.me().id, xano.me().id] == [me.id, me.id] else 1)
    _, status = os.waitpid(child, 0)
    thread.join()
    print(os.waitstatus_to_exitcode(status), seen == [me.id], xano.me().id == me.id)
    """
    done = run_python(code, emulator.account_url, emulator.token)
    assert done.stdout == "0 True True\n", done.stderr
