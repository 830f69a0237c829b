"""What the tests of the Python face share. `xano_emulator` and `xano` come from the package's own plugin."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from xano_metadata import AsyncXano, Xano
from xano_metadata.testing import Emulator

from .cli import NOWHERE, Shell

Script = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def emulator(xano_emulator: Emulator) -> Iterator[Emulator]:
    """The session's emulator, as new and without faults."""
    yield xano_emulator
    xano_emulator.clear_faults()


@pytest.fixture
def quick(emulator: Emulator) -> Iterator[Xano]:
    """A client that waits a millisecond where others wait half a second."""
    with emulator.client(backoff=0.001, rate_limit="off") as client:
        yield client


@pytest.fixture
async def aquick(emulator: Emulator) -> Any:
    """The async twin of `quick`."""
    async with emulator.async_client(backoff=0.001, rate_limit="off") as client:
        yield client


@pytest.fixture
def run_python() -> Script:
    """Runs a program in a fresh interpreter; fails the test when it hangs."""

    def run(code: str, *arguments: str, timeout: float = 30, **options: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **options)

    return run


@pytest.fixture(scope="module")
def demo() -> Iterator[Emulator]:
    """An emulator with the demonstration data, for a module."""
    with Emulator(seed_demo=True) as emulator:
        yield emulator


@pytest.fixture
def shell(tmp_path: Path, demo: Emulator) -> Iterator[Shell]:
    """A fresh folder to run the command line in, and the demonstration data as it was seeded."""
    demo.reset()
    demo.seed()
    yield Shell(tmp_path, demo)
    demo.clear_faults()


@pytest.fixture
def dead(shell: Shell) -> str:
    """A fleet in which one instance does not answer."""
    file = shell.folder / "fleet.toml"
    file.write_text(f'[instances.dead]\nurl = "{NOWHERE}"\ntoken_env = "XANO_TOKEN"\n', encoding="utf-8")
    return str(file)


def reply(body: Any = None, *, status: int = 200, text: str | None = None, **fields: Any) -> dict[str, Any]:
    """A fault rule that answers one request with exactly this."""
    headers = {"content-type": "application/json" if text is None else "text/plain", **fields.pop("headers", {})}
    content = json.dumps(body) if text is None else text
    return {"kind": "reply", "status": status, "headers": headers, "body": content, "times": 1, **fields}


__all__ = ["AsyncXano", "Script", "reply"]


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Waits until it is so; fails the test when it never is."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it was never so"
        time.sleep(0.005)
