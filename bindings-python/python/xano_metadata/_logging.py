"""What the engine tells, as records of `logging` under the logger `xano_metadata`.

>>> import logging
>>> logging.getLogger("xano_metadata").setLevel(logging.DEBUG)      # every answer
>>> logging.getLogger("xano_metadata").setLevel(logging.WARNING)    # what needs a look, such as an expiring token

Records come in batches from a thread of the engine, in order. `record.xano` is the event as a dict: `event` (its name),
`operation`, `host`, `status`, `attempt`, … Nothing that is logged holds the token, a body or a path value. This package
sets up no handler of its own.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_WARNING = 30
_LEVELS = {"debug": 10, "info": 20, "warn": _WARNING, "error": 40}


def level() -> int:
    """The least level that anyone wants. `logging` is not imported for it: who listens has imported it."""
    logging = sys.modules.get("logging")
    if logging is None:
        return _WARNING
    found: int = logging.getLogger("xano_metadata").getEffectiveLevel()
    return min(max(found, 1), 255)


def forward(texts: "Sequence[str]") -> None:
    """Makes a record of each event, given as JSON text; the native module calls it."""
    import logging  # noqa: PLC0415 - costs 10 ms, so only when there is something to log

    from xano_metadata._native import loads  # noqa: PLC0415

    logger = logging.getLogger("xano_metadata")
    for text in texts:
        event = loads(text)
        severity = _LEVELS.get(event.pop("level", ""), logging.INFO)
        if logger.isEnabledFor(severity):
            logger.log(severity, "%s", event.pop("message", ""), extra={"xano": event})
