"""The emulator as a program: `python -m xano_metadata.testing`, or `xano-emulator` where this package is installed.

    xano-emulator --seed-demo --port 8080
    xano-emulator --json          # one line of JSON, for other programs

It listens on loopback until Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading

from xano_metadata import RateLimit, XanoError
from xano_metadata.testing import Emulator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def _limit(text: str) -> RateLimit:
    requests, _, seconds = text.partition("/")
    try:
        return RateLimit(int(requests), per=float(seconds))
    except (ValueError, XanoError):
        raise argparse.ArgumentTypeError(f"{text!r} is not N/SECONDS, such as 10/20") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the emulator; returns the exit code."""
    parser = argparse.ArgumentParser(prog="xano-emulator", description="A Xano that runs on loopback.")
    parser.add_argument("--port", type=int, default=0, help="port of the account API (default: any free one)")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--file", help="keep the state in this SQLite file (default: in memory)")
    parser.add_argument("--seed-demo", action="store_true", help="add instances, snippets and install tokens")
    parser.add_argument("--rate-limit", type=_limit, metavar="N/SECONDS", help="limit every origin, such as 10/20")
    parser.add_argument("--token", help="the access token to accept (default: a new one)")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    given = vars(parser.parse_args(arguments))
    as_json = given.pop("json")
    ended = threading.Event()

    def end(*_: object) -> None:
        ended.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    try:
        emulator = Emulator(**given)
    except XanoError as error:
        parser.error(str(error))
    with emulator:
        names = ("account_url", "instance_url", "control_url", "token")
        facts = {name: str(getattr(emulator, name)) for name in names}
        lines = [f"{name.replace('_', ' '):13} {value}" for name, value in facts.items()]
        print(json.dumps(facts) if as_json else "\n".join([*lines, "Stop it with Ctrl-C."]), flush=True)
        ended.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
