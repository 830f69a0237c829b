"""A sync call is driven by the thread that waits for it: nothing looks after its connections between two calls."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from xano_metadata.testing import Emulator


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
