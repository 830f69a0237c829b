"""Measures, prints the table, writes `bench/results.json`; ends with 1 when a bar is missed.

`python -m bench [P2 P6 …] [--rounds N]`; without names, everything, and the plots of growth as well.
"""

from __future__ import annotations

import argparse
import sys
import time

from bench.suite import growth, report, sizes
from bench.suite.measuring import Result, measure, progress
from bench.suite.rows import ROWS

GROWTH = "growth"


def main() -> int:
    """Measures what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    known = [*dict.fromkeys(row.id for row in ROWS), "P12", GROWTH]
    parser.add_argument("only", nargs="*", metavar="ROW", help=", ".join(known))
    parser.add_argument("--rounds", type=int, help="rounds of each row; default: what the row says, at least 5")
    given = parser.parse_args()
    names = [name.strip() for each in given.only for name in each.split(",")]
    if unknown := [name for name in names if name not in known]:
        parser.error(f"there is no row {', '.join(unknown)}; there are {', '.join(known)}")
    wanted = names or known

    for name, value in report.surroundings().items():
        print(f"{name:16} {value}")
    began = time.monotonic()
    all_runs = []
    results: list[Result] = []
    for row in ROWS:
        if row.id in wanted:
            runs = measure(row, given.rounds, progress)
            all_runs.append(runs)
            results += runs.results()
            progress("")
            print("\n" + report.table(list(runs.results())), flush=True)
    if "P12" in wanted:
        results += sizes.results()
    grew = growth.plot(progress) if GROWTH in wanted else []
    progress("")
    if others := report.besides(all_runs):
        print(f"\nFor the record, without a bar:\n{others}")
    return conclude(results, grew, time.monotonic() - began)


def conclude(results: list[Result], grew: list[growth.Verdict], seconds: float) -> int:
    """The last words, with the table of everything that was measured."""
    if grew:
        print("\nHow cost grows (docs/bench.md shows it):")
        for verdict in grew:
            print(f"  {'ok    ' if verdict.ok else 'MISSED'} {verdict.words}")
    if results:
        print(f"\n{report.table(results)}")
        for result in results:
            if result.trouble:
                print(f"{result.id} {result.work}, {result.ours}: {result.trouble}")
        print(f"\nwritten to {report.write(results).name}", end="; ")
    missed = sum(not result.ok for result in results) + sum(not verdict.ok for verdict in grew)
    words = f"{missed} of {len(results) + len(grew)} are missed" if missed else "every row is ok"
    print(f"{words} ({seconds / 60:.1f} min)")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
