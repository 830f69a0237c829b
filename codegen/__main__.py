"""`python -m codegen` writes the generated files; `--check` fails when they do not follow from the table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from codegen import emit_docs, emit_openapi, emit_python, emit_rust, emit_typescript, output
from codegen.build import build
from codegen.model import Model
from codegen.output import Output
from codegen.parser import read_table
from codegen.syntax import TableError

ROOT = Path(__file__).resolve().parent.parent

EMITTERS: list[Callable[[Model], Output]] = [
    emit_openapi.emit,
    emit_python.emit,
    emit_rust.emit,
    emit_docs.emit,
    emit_typescript.emit,
]


def load(root: Path = ROOT) -> Model:
    """The checked model of the repository's table."""
    return build(read_table(sorted((root / "operations").glob("*.ops")), root))


def main(arguments: list[str] | None = None) -> int:
    """Runs the generator; returns the exit code."""
    parser = argparse.ArgumentParser(prog="codegen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a generated file is out of date")
    options = parser.parse_args(arguments)
    try:
        model = load()
    except TableError as error:
        print(error, file=sys.stderr)
        return 1
    outputs = [emit(model) for emit in EMITTERS]
    if options.check:
        difference = output.drift(ROOT, outputs)
        if difference:
            print(difference, file=sys.stderr)
            print("\ngenerated files do not follow from operations/*.ops: run `make generate`", file=sys.stderr)
            return 1
        print(f"generated files are up to date ({len(model.operations)} operations)")
        return 0
    changed = output.write(ROOT, outputs)
    for path in changed:
        print(path)
    print(f"{len(model.operations)} operations, {len(changed)} files changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
