"""`xano-metadata` as a console script: the command line, which is Rust; see the project's docs/cli.md."""

import sys


def main() -> int:
    """Runs the command line with the arguments of this process; returns its exit code."""
    import signal  # noqa: PLC0415 - only programs need them, and this is one

    from xano_metadata._native import command_line  # noqa: PLC0415

    # The command line takes Ctrl-C by itself; Python's own handler would raise KeyboardInterrupt once more at the end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return command_line(["xano-metadata", *sys.argv[1:]])


if __name__ == "__main__":
    raise SystemExit(main())
