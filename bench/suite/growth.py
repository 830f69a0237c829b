"""How cost grows with the work: measured, judged and drawn into docs/.

Judged by ratios of our own figures: work that is ten times as much may take little more than ten times as long, and
what is streamed may hold no more memory however much of it there is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

from bench.suite.places import DOCS, Failed, Figures, Server, Side, serving
from bench.suite.svg import Plot, Series

ROWS = (1_000, 10_000, 100_000, 1_000_000)
AT_ONCE = (1, 4, 16, 64, 256)
INSTANCES = (1, 5, 50, 500)
ROUNDS = 3

SLACK = 1.3
"""How much more than in step with the work is still in step with it: a pool that fills, a cache that does not."""
HELD = 16e6
"""Bytes by which a stream's peak may differ: pages on their way, and what the allocator keeps."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Verdict:
    """Whether something grows as it should."""

    words: str
    ok: bool


def plot(tell: Tell) -> list[Verdict]:
    """Measures everything and writes the plots."""
    verdicts: list[Verdict] = []
    for part in (_rows, _at_once, _instances):
        try:
            verdicts += part(tell)
        except Failed as failure:
            verdicts.append(Verdict(str(failure), ok=False))
    return verdicts


def _rows(tell: Tell) -> list[Verdict]:
    names = {
        "iterate": "records one by one",
        "arrow": "Arrow batches",
        "export": "export to NDJSON",
        "insert": "insert",
    }
    figures: dict[str, dict[int, Figures]] = {name: {} for name in names}
    with serving(Server(rows=max(ROWS))) as server:
        for name, what in names.items():
            runs: dict[int, list[Figures]] = {count: [] for count in ROWS}
            # By turns, so that a slow minute of the machine is a slow one for all of them.
            for turn in range(ROUNDS):
                for count in ROWS:
                    tell(f"growth: {what}, {count} rows, round {turn + 1} of {ROUNDS}")
                    runs[count].append(Side(name, "python", "growth", name, count).run(server.url))
            figures[name] = {count: _middle(of) for count, of in runs.items()}
    time = [Series(names[name], [(at, of["cpu"] * at) for at, of in figures[name].items()]) for name in names]
    held = [Series(names[name], [(at, _megabytes(of)) for at, of in figures[name].items()]) for name in names]
    _draw("growth-rows-time", Plot("Processor time by rows", "rows", "seconds", time, slope=True))
    _draw("growth-rows-memory", Plot("Memory over the start by rows", "rows", "megabytes", held))
    verdicts = []
    for name, of in figures.items():
        small, large = of[ROWS[-2]], of[ROWS[-1]]
        verdicts.append(_step(f"{names[name]}: time for each row", small["cpu"], large["cpu"], ROWS[-2:]))
        more = large["memory_over"] - small["memory_over"]
        words = f"{names[name]}: {more / 1e6:+.1f} MB from {ROWS[-2]:,} to {ROWS[-1]:,} rows"
        verdicts.append(Verdict(words, ok=more <= HELD))
    return verdicts


def _at_once(tell: Tell) -> list[Verdict]:
    subjects = {"python": "small_get_async", "node": "small_get"}
    names = {"python": "asyncio", "node": "Node"}
    figures: dict[str, dict[int, Figures]] = {runner: {} for runner in subjects}
    with serving(Server()) as server:
        for runner, subject in subjects.items():
            for at_once in AT_ONCE:
                tell(f"growth: {names[runner]}, {at_once} calls at once")
                side = Side("ours", runner, subject, "ours", 8000, at_once)
                figures[runner][at_once] = _middle([side.run(server.url) for _ in range(ROUNDS)])
    series = [
        Series(names[runner], [(at, of["cpu"] * 1e6) for at, of in figures[runner].items()]) for runner in subjects
    ]
    _draw("growth-concurrency", Plot("Processor time of a call by calls at once", "calls at once", "µs a call", series))
    return [
        _step(f"{names[runner]}: time for each call at once", of[AT_ONCE[0]]["cpu"], of[AT_ONCE[-1]]["cpu"], (1, 256))
        for runner, of in figures.items()
    ]


def _instances(tell: Tell) -> list[Verdict]:
    figures: dict[int, Figures] = {}
    with serving(Server(ports=max(INSTANCES))) as server:
        ports = ",".join(map(str, server.ports))
        for count in INSTANCES:
            tell(f"growth: {count} instances")
            side = Side("ours", "python", "growth.INSTANCES", "instances", count)
            one = replace(side, more=("--ports", ports))
            figures[count] = _middle([one.run(server.url) for _ in range(ROUNDS)])
    time = [Series("time", [(at, of["cpu"] * at * 1e3) for at, of in figures.items()])]
    held = [Series("memory", [(at, _megabytes(of)) for at, of in figures.items()])]
    across = "instances, one call to each"
    _draw("growth-instances-time", Plot("Processor time by instances", across, "milliseconds", time, slope=True))
    _draw("growth-instances-memory", Plot("Memory over the start by instances", across, "megabytes", held))
    small, large = figures[INSTANCES[-2]], figures[INSTANCES[-1]]
    each = large["memory_over"] / max(INSTANCES)
    return [
        _step("time for each instance", small["cpu"], large["cpu"], INSTANCES[-2:]),
        Verdict(f"{each / 1e3:.0f} kB for each of {max(INSTANCES)} instances", ok=each <= 100e3),
    ]


def _middle(runs: list[Figures]) -> Figures:
    """Medians of some rounds."""
    return {name: median(run[name] for run in runs) for name in runs[0]}


def _megabytes(figures: Figures) -> float:
    # A tenth of a megabyte is what a plot with a logarithmic axis can still show.
    return max(figures["memory_over"] / 1e6, 0.1)


def _step(what: str, small: float, large: float, ends: tuple[int, ...]) -> Verdict:
    times = large / small
    return Verdict(f"{what}: × {times:.2f} from {ends[0]:,} to {ends[1]:,}", ok=times <= SLACK)


def _draw(name: str, picture: Plot) -> None:
    (DOCS / f"{name}.svg").write_text(picture.svg())
