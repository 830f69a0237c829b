"""The guard: the quick rows of the bench, few rounds, wide margins: `make bench-guard`.

It fails when a bar is missed by more than half as much again. Only processor times of the same minute are compared; a
row gets three tries, the best of which counts, because a busy machine can only make things look worse. It runs what the
development builds installed, with peers from the development environment. What packages may weigh is asked for by
tests/packages, and P10 only by the bench itself, as it would take another build of everything.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace

from bench.suite.measuring import Result, Runs, measure
from bench.suite.places import ROOT, Side
from bench.suite.report import table
from bench.suite.rows import ROWS, Bar, Row

MARGIN = 1.5
TRIES = 3
ROUNDS = 2

UNITS = {
    "small_get": 1500,
    "small_get_async": 1500,
    "pages_to_dicts": 30,
    "pages_to_frames": 30,
    "insert": 20_000,
    "pages_to_objects": 50,
}
"""Fewer than in the bench, by subject; a subject that is not here is not guarded."""
OTHERWISE = {
    ("python", "small_get_async", "httpx"): 150,
    ("python", "small_get", "httpx"): 400,
    ("node", "small_get", "ours"): 5000,
    ("node", "small_get", "fetch"): 3000,
}
PEERS = {"ours", "ours, pandas", "ours, polars", "aiohttp", "aiohttp+orjson", "httpx", "httpx+json", "fetch"}
PEERS |= {f"aiohttp+orjson+{frame}" for frame in ("pandas", "polars")}
"""Sides whose packages are in the development environment."""

OUT_OF_REACH = {
    ("P4", "aiohttp+orjson+polars"): 0.25,
}
"""By row and peer: bars that docs/decisions/012 says cannot be met; what was reached is guarded instead."""

IMPORT = Row(
    "P11",
    "first import, Python",
    [
        Side(f"{name} ({part})", "python import", "import", f"{name} {part}", 1)
        for name, part in (("xano_metadata", "Xano"), ("httpx", "Client"))
    ],
    # Never absolute times: 15 ms are a third of what the lightest of the usual clients takes.
    [Bar("xano_metadata (Xano)", ("httpx (Client)",), 0.33, unit="ms")],
)


def shortened(row: Row) -> Row | None:
    """The row with what can be guarded of it, and wider bars."""
    sides = [_short(side) for side in row.sides if side.subject in UNITS and side.side in PEERS]
    names = {side.name for side in sides}
    bars = [bar for bar in row.bars if bar.figure == "cpu" and bar.ours in names and names.issuperset(bar.peers)]
    bars = [bar for bar in bars if bar.peers]
    used = {name for bar in bars for name in (bar.ours, *bar.peers)}
    return wider(replace(row, sides=[side for side in sides if side.name in used], bars=bars)) if bars else None


def wider(row: Row) -> Row:
    """The same with bars that leave a margin."""
    reached = [max(bar.most, OUT_OF_REACH.get((row.id, bar.peers[0]), 0) if bar.peers else 0) for bar in row.bars]
    return replace(row, bars=[replace(bar, most=most * MARGIN) for bar, most in zip(row.bars, reached, strict=True)])


def _short(side: Side) -> Side:
    return replace(side, units=OTHERWISE.get((side.runner, side.subject, side.side), UNITS[side.subject]))


def best(row: Row) -> list[Result]:
    """The best verdict on each bar, from as many tries as it takes."""
    results: list[Result] = []
    for _ in range(TRIES):
        now = list(_steadied(measure(row, ROUNDS, lambda _: None)).results())
        results = [min(pair, key=_ratio) for pair in zip(results or now, now, strict=True)]
        if all(result.ok for result in results):
            break
    return results


def _steadied(runs: Runs) -> Runs:
    """Each side by its best round, which is the one that was disturbed least."""
    runs.figures = {
        side: [min(rounds, key=lambda figures: figures["cpu"])] if rounds else []
        for side, rounds in runs.figures.items()
    }
    return runs


def _ratio(result: Result) -> float:
    return float("inf") if result.ratio is None else result.ratio


def main() -> int:
    """Guards, and says what was missed."""
    began = time.monotonic()
    os.environ["BENCH_OURS"] = str(ROOT / "bindings-node" / "dist" / "esm" / "index.mjs")
    guarded = [row for row in map(shortened, ROWS) if row]
    results = [result for row in (*guarded, wider(IMPORT)) for result in best(row)]
    print(table(results))
    for result in results:
        if result.trouble:
            print(f"{result.id} {result.ours}: {result.trouble}")
    missed = sum(not result.ok for result in results)
    words = f"{missed} of {len(results)} are missed by more than × {MARGIN}" if missed else "ok"
    print(f"bench-guard: {words} ({time.monotonic() - began:.0f} s)")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
