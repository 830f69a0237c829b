"""What long work on records tells: how far it is, and what became of the rows."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, ClassVar

__all__ = ["Failure", "JobProgress", "LoadReport"]


class _Told:
    """Values that were told and do not change; equal when they are, and picklable."""

    __slots__ = ()
    _defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, **values: Any) -> None:
        """Made by jobs; what is not given is none."""
        for name, default in self._defaults.items():
            object.__setattr__(self, name, values.get(name, default))

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._defaults}

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed: it tells what happened")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Told) or type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._values())


def _rebuild(cls: type[_Told], values: dict[str, Any]) -> _Told:
    return cls(**values)


class JobProgress(_Told):
    """How far a job is."""

    __slots__ = ("bytes", "rate", "remaining", "rows", "seconds", "total")
    _defaults: ClassVar[Mapping[str, Any]] = {
        "rows": 0,
        "bytes": 0,
        "total": None,
        "seconds": 0.0,
        "rate": 0.0,
        "remaining": None,
    }

    rows: int
    """Rows that are done with: stored, written, skipped or refused."""
    bytes: int
    """Bytes of rows that were sent or written."""
    total: int | None
    """Rows in all; None where not known."""
    seconds: float
    """Seconds since the job began."""
    rate: float
    """Rows a second, over the whole time of this run."""
    remaining: float | None
    """Seconds left, by the rate so far; None where the total is not known."""

    def __repr__(self) -> str:
        of = "" if self.total is None else f" of {self.total:,}"
        left = "" if self.remaining is None else f", {self.remaining:.0f} s left"
        return f"<JobProgress: {self.rows:,}{of} rows, {self.rate:,.0f} a second{left}>"


class Failure(_Told):
    """One row that was refused."""

    __slots__ = ("column", "reason", "record", "row")
    _defaults: ClassVar[Mapping[str, Any]] = {"row": 0, "column": None, "reason": "", "record": None}

    row: int
    """Its place in the source, counted from 1; for CSV the header is not counted."""
    column: str | None
    """The column at fault, where it is one."""
    reason: str
    """Why."""
    record: str | None
    """The row as JSON text, where it could be written as such; shortened when it is very long."""

    def __repr__(self) -> str:
        where = "" if self.column is None else f", column {self.column}"
        return f"<Failure: row {self.row}{where}: {self.reason}>"


_COUNTS = ("read", "sent", "inserted", "updated", "deleted", "skipped", "failed", "written", "retried", "bytes")


class LoadReport(_Told):
    """What became of the rows. Counts are of rows, over all runs of a job that was resumed."""

    __slots__ = ("failures", "seconds", *_COUNTS)
    _defaults: ClassVar[Mapping[str, Any]] = {**dict.fromkeys(_COUNTS, 0), "seconds": 0.0, "failures": ()}

    read: int
    """Rows that were taken from the source."""
    sent: int
    """Rows that were sent, each counted once, however often its batch went out."""
    inserted: int
    """Rows that are new."""
    updated: int
    """Rows that were changed."""
    deleted: int
    """Rows that were deleted."""
    skipped: int
    """Rows that needed nothing: to be deleted or updated, but not there."""
    failed: int
    """Rows that were refused, here or by the server."""
    written: int
    """Rows written to a file, for an export."""
    retried: int
    """Requests that were sent again."""
    bytes: int
    """Bytes of rows that were sent or written."""
    seconds: float
    """Seconds, over all runs."""
    failures: Sequence[Failure]
    """The rows that were refused, in their order; at most `max_failures`."""

    def __repr__(self) -> str:
        told = "inserted updated deleted written skipped failed".split()
        counts = ", ".join(f"{getattr(self, name):,} {name}" for name in told if getattr(self, name))
        again = f", {self.retried} requests sent again" if self.retried else ""
        rows = "1 row" if self.read == 1 else f"{self.read:,} rows"
        return f"<LoadReport: {rows} read{', ' + counts if counts else ''}{again}, {self.seconds:.1f} s>"


def report_of(data: Mapping[str, Any]) -> LoadReport:
    """A report as the native module tells it."""
    return LoadReport(**{**data, "failures": [Failure(**one) for one in data["failures"]]})
