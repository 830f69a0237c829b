"""P12: what users download."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.suite.measuring import Result
from bench.suite.places import ROOT

MOST = 6.0
"""Megabytes."""


def results() -> Iterator[Result]:
    """The wheel, and the addon's package for npm; the emulator is in both."""
    yield _size("wheel", (ROOT / "dist").glob("xano_metadata-*.whl"))
    yield _size("npm platform package", (ROOT / "dist" / "npm").glob("xano-metadata-*-*.tgz"))


def _size(name: str, found: Iterator[Path]) -> Result:
    files = list(found)
    size = max((file.stat().st_size for file in files), default=0) / 1e6
    trouble = None if files else "it was not built"
    value = size or None
    ok = bool(files) and size <= MOST
    return Result("P12", f"size of the {name}", name, None, "MB", value, None, None, MOST, ok, trouble=trouble)
