"""One side of one subject in a process of its own: `python -m bench.python.worker SUBJECT SIDE --url URL --units N`.

A subject is a file, or a name in it, such as `link.READ`. Prints the figures as JSON.
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path

from bench.python.harness import Subject, Task, measure


def main() -> None:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("subject")
    parser.add_argument("side")
    parser.add_argument("--url", required=True)
    parser.add_argument("--units", type=int, required=True)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--ports", default="")
    given = parser.parse_args()
    module, _, name = given.subject.partition(".")
    subject: Subject = getattr(importlib.import_module(f"bench.python.subjects.{module}"), name or "SUBJECT")
    ports = tuple(int(port) for port in given.ports.split(",") if port)
    task = Task(given.url, given.units, given.at_once, given.folder, ports)
    print(json.dumps(measure(subject, given.side, task)))


if __name__ == "__main__":
    main()
