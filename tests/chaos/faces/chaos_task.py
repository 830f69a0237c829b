"""What the waiting and the awaiting face of Python share: the task, its options, and how an outcome is told."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from xano_metadata import RateLimit, XanoError

ROWS = 60
SNIPPET = "chaos"
_printing = threading.Lock()

Lane = dict[str, Any]
Case = dict[str, Any]


def read() -> list[Lane]:
    """The lanes of the task on stdin."""
    lanes: list[Lane] = json.load(sys.stdin)["lanes"]
    return lanes


def options(lane: Lane, client: str) -> dict[str, Any]:
    """Options under which a broken call is over soon. The window is what a 429 without `Retry-After` waits for."""
    return {
        "token": lane["token"],
        "ambient_credentials": False,
        "backoff": 0.001,
        "max_backoff": 0.005,
        "connect_timeout": 0.5,
        "read_timeout": 0.7,
        "long_read_timeout": 0.7,
        "timeout": 5,
        "rate_limit": RateLimit(100_000, per=0.1),
        "allow_http": True,
        "ca_file": None if client == "untrusted" else lane["ca_file"],
    }


def rows(mark: str) -> list[dict[str, Any]]:
    """The rows of a load."""
    return [{"mark": f"{mark}-{row}", "n": row} for row in range(ROWS)]


def tell(lane: int, case: Case, value: Any = None, error: BaseException | None = None) -> None:
    """Prints the outcome of a case."""
    outcome: dict[str, Any] = {"lane": lane, "case": case["index"], "ok": error is None}
    if isinstance(error, XanoError):
        outcome["error"] = {
            "code": error.code,
            "status": error.status,
            "outcome_unknown": error.outcome_unknown,
            "text": f"{type(error).__name__}: {error}",
            "inserted": None if error.report is None else error.report.inserted,
        }
    elif error is not None:
        outcome["error"] = {"code": "internal_error", "text": f"{type(error).__name__}: {error}"}
    else:
        outcome["value"] = value
    with _printing:
        print(json.dumps(outcome), flush=True)
