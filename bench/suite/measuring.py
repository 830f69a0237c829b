"""Rounds, medians and verdicts."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass

from bench.suite.places import Failed, Figures, Running, Server, Side, serving
from bench.suite.rows import Bar, Row

SCALE = {"µs": 1e6, "ms": 1e3, "s": 1.0, "MB": 1e-6, "429s": 1.0}
"""From seconds, bytes and counts to the unit of a bar."""


@dataclass
class Result:
    """One line of the table."""

    id: str
    work: str
    ours: str
    peer: str | None
    unit: str
    ours_value: float | None
    peer_value: float | None
    ratio: float | None
    bar: float
    """The most that `ratio` may be; where there is no peer, the most that `ours_value` may be."""
    ok: bool
    ours_spread: tuple[float, float] | None = None
    """Least and most of the rounds; `ours_value` is the median, and `ratio` the median of the rounds' ratios."""
    peer_spread: tuple[float, float] | None = None
    rounds: int = 0
    trouble: str | None = None
    """Why there is no figure."""

    def as_json(self) -> dict[str, object]:
        """For `results.json`: no more digits than mean something."""
        return {name: tidy(value) for name, value in asdict(self).items()}


def tidy(value: object) -> object:
    """Numbers with four digits."""
    if isinstance(value, tuple):
        return [tidy(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


class Runs:
    """The figures of every round of every side of a row."""

    def __init__(self, row: Row) -> None:
        """Nothing yet."""
        self.row = row
        self.figures: dict[str, list[Figures]] = {side.name: [] for side in row.sides}
        self.trouble: dict[str, str] = {}

    def values(self, side: str, figure: str, unit: str) -> list[float]:
        """One figure of one side over the rounds."""
        return [each[figure] * SCALE[unit] for each in self.figures[side]]

    def median(self, side: str, figure: str, unit: str) -> float:
        """The median; Failed when the side has no figures."""
        if trouble := self.trouble.get(side):
            raise Failed(trouble)
        return statistics.median(self.values(side, figure, unit))

    def results(self) -> Iterator[Result]:
        """Every bar's verdict."""
        for bar in self.row.bars:
            try:
                yield self._judge(bar)
            except Failed as failure:
                peer = ", ".join(bar.peers) or None
                yield Result(
                    self.row.id,
                    self.row.work,
                    bar.ours,
                    peer,
                    bar.unit,
                    None,
                    None,
                    None,
                    bar.most,
                    ok=False,
                    trouble=str(failure),
                )

    def _judge(self, bar: Bar) -> Result:
        ours = self.median(bar.ours, bar.figure, bar.unit)
        peer, other = self._peer(bar)
        ratio = self._ratio(bar, peer) if peer in self.figures else ours / other if other is not None else None
        return Result(
            self.row.id,
            self.row.work,
            bar.ours,
            peer,
            bar.unit,
            ours,
            other,
            ratio,
            bar.most,
            ok=(ours if ratio is None else ratio) <= bar.most,
            ours_spread=self._spread(bar.ours, bar),
            peer_spread=self._spread(peer, bar) if peer in self.figures else None,
            rounds=len(self.figures[bar.ours]),
        )

    def _peer(self, bar: Bar) -> tuple[str | None, float | None]:
        if bar.least is not None:
            return "the least possible", bar.least
        if not bar.peers:
            return None, None
        # Of several, the best one.
        medians = {peer: self.median(peer, bar.figure, bar.unit) for peer in bar.peers}
        best = min(medians, key=medians.__getitem__)
        return best, medians[best]

    def _ratio(self, bar: Bar, peer: str) -> float:
        """The median of the rounds' own ratios: a machine whose pace changes slows both sides of a round."""
        ours, theirs = (self.values(side, bar.figure, bar.unit) for side in (bar.ours, peer))
        ratios = [one / other for one, other in zip(ours, theirs, strict=False)]
        return statistics.median(ratios)

    def _spread(self, side: str | None, bar: Bar) -> tuple[float, float] | None:
        if side is None:
            return None
        values = self.values(side, bar.figure, bar.unit)
        return min(values), max(values)


Tell = Callable[[str], None]


def measure(row: Row, rounds: int | None, tell: Tell) -> Runs:
    """Runs every side, round by round: ours, its peers, ours, its peers, and so on."""
    runs = Runs(row)
    count = max(rounds or row.rounds, 1)
    with on_one_processor(row.counts_work), nullcontext() if row.again else serving(row.server) as server:

        def one(side: Side) -> None:
            if side.name in runs.trouble:
                return
            tell(f"{row.id} {row.work}: {side.name}, {len(runs.figures[side.name]) + 1} of {count}")
            try:
                runs.figures[side.name].append(run(side, server, row.server))
            except Failed as failure:
                runs.trouble[side.name] = str(failure)

        order = [side for _ in range(count) for side in row.sides]
        if row.side_by_side:
            with ThreadPoolExecutor(len(order)) as threads:
                list(threads.map(one, order))
        else:
            for side in order:
                one(side)
    return runs


@contextmanager
def on_one_processor(wanted: bool) -> Iterator[None]:
    """Lets server and client share one processor, where the system can.

    Waking another processor costs more than a small call does on many virtual machines, differs from one to the next,
    and is booked to whoever writes to the socket. A server in the network is not woken by its client.
    """
    if not (wanted and hasattr(os, "sched_setaffinity")):
        yield
        return
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(all_of_them)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


def run(side: Side, server: Running | None, settings: Server) -> Figures:
    """One round of one side, with what the server counted meanwhile."""
    with using(server, settings) as running:
        before = running.counters()
        figures = side.run(running.url)
        after = running.counters()
    return figures | {name: after[name] - before[name] for name in after}


@contextmanager
def using(server: Running | None, settings: Server) -> Iterator[Running]:
    """The server that runs, or one of its own."""
    if server:
        yield server
    else:
        with serving(settings) as fresh:
            yield fresh


def progress(text: str) -> None:
    """A line that the next one replaces, where somebody watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
