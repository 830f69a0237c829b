"""Where things are, and how the processes of the bench are started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent.parent
RELEASE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
DOCS = ROOT / "docs"
LONGEST = 300
"""Seconds after which a worker is given up."""

Figures = dict[str, float]


class Failed(Exception):  # noqa: N818 - it is no error of ours
    """A worker that did not do what it was asked."""


@dataclass(frozen=True)
class Server:
    """How the server of a row behaves."""

    rows: int = 100_000
    delay_ms: int = 0
    rate: str | None = None
    ports: int = 1

    def arguments(self) -> list[str]:
        """The command line."""
        given = ["--rows", str(self.rows), "--delay-ms", str(self.delay_ms), "--ports", str(self.ports)]
        return given + (["--rate", self.rate] if self.rate else [])


@dataclass
class Running:
    """A server that runs."""

    ports: list[int]

    @property
    def url(self) -> str:
        """The base of its API."""
        return f"http://127.0.0.1:{self.ports[0]}/api:meta"

    def counters(self) -> dict[str, int]:
        """What it counted so far."""
        with urlopen(f"http://127.0.0.1:{self.ports[0]}/counters", timeout=10) as answer:
            counted: dict[str, int] = json.load(answer)
            return counted


@contextmanager
def serving(server: Server) -> Iterator[Running]:
    """Runs a server for a while."""
    command = [str(RELEASE / "xano-bench-server"), *server.arguments()]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if not (process.stdin and process.stdout):
        raise Failed("the server has no pipes")
    try:
        yield Running(json.loads(process.stdout.readline()))
    finally:
        process.stdin.close()
        process.wait(10)


@dataclass(frozen=True)
class Side:
    """One side of a row: a program that prints its figures."""

    name: str
    runner: str
    """`python`, `node`, `rust`, `python import` or `node import`."""
    subject: str
    side: str
    units: int
    at_once: int = 1
    more: tuple[str, ...] = field(default=())

    def command(self, url: str, folder: str) -> list[str]:
        """What is run."""
        bench = ROOT / "bench"
        work = ["--url", url, "--at-once", str(self.at_once)]
        match self.runner:
            case "python":
                head = [sys.executable, "-m", "bench.python.worker", self.subject, self.side]
                return [*head, *work, "--units", str(self.units), "--folder", folder, *self.more]
            case "node":
                head = ["node", "--expose-gc", str(bench / "node" / "worker.mjs"), self.subject, self.side]
                return [*head, *work, "--units", str(self.units), "--folder", folder, *self.more]
            case "rust":
                head = [str(RELEASE / "xano-bench-rust"), "--side", self.side]
                return [*head, *work, "--calls", str(self.units)]
            case "python import":
                return [sys.executable, str(bench / "python" / "cold_import.py"), *self.side.split()]
            case "node import":
                return ["node", str(bench / "node" / "cold-import.mjs"), *self.side.split()]
            case other:
                raise Failed(f"there is no runner {other!r}")

    def run(self, url: str) -> Figures:
        """Runs it once and answers its figures: seconds a unit for `cpu`, seconds for `wall`, bytes for memory."""
        with tempfile.TemporaryDirectory(dir=scratch()) as folder:
            command = self.command(url, folder)
            environment = os.environ | {"PYTHONPATH": str(ROOT), "NODE_NO_WARNINGS": "1"}
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False
            )
        if done.returncode:
            raise Failed(f"{self.name}: {last_words(done.stderr)}")
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        figures["cpu"] /= self.units
        return figures


def scratch() -> Path:
    """A folder on the disk of the build, for files of a gigabyte."""
    folder = ROOT / "target" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def last_words(text: str) -> str:
    """The line of a program's complaint that says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if "Error" in line]
    return (told or lines or ["it ended without a word"])[-1][:300]
