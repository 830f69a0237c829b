"""What reading and moving records can be told, stated once: keywords of the methods that `records` collections have.

The values are checked by the engine, which alone knows what they mean; here they are told apart.
"""

from __future__ import annotations

from xano_metadata._options import OMIT, _unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike
    from typing import Any, Literal, TypedDict

    from xano_metadata._options import Omit
    from xano_metadata._report import JobProgress
    from xano_metadata._search import Conditions

    Given = Mapping[str, Any]
else:
    from xano_metadata._options import TypedDict


class ReadFields(TypedDict, total=False):
    """How to read records."""

    order: Literal["stable", "pages"]
    """How the table is walked. `stable` goes by id: a record that exists throughout the read comes exactly once,
    whatever others insert and delete meanwhile. `pages` goes by `sort`, which others' changes may shift. Default:
    `stable`."""
    sort: Mapping[str, str] | Sequence[Mapping[str, str]] | None
    """Order as the API has it, such as `{"price": "desc"}`; only with `order="pages"`. Default: None."""
    page_size: int
    """Records in one request, 1 to 10,000. Default: 1,000. Larger pages spend fewer requests where those are
    rationed."""
    prefetch: int
    """Pages on their way or waiting to be looked at, at least 1. Default: 12, which hides a round trip of 60 ms."""
    limit: int | None
    """Ends the read after so many records. Default: None, no limit."""
    data_source: str | Omit
    """Label of the data source that is read. Default: `live`."""


class ColumnFields(TypedDict, total=False):
    """What the columns of a table become in a data frame or in Arrow."""

    columns: Sequence[str] | None
    """Only these columns, in this order. Default: None, all in the order of the table."""
    datetimes: bool
    """Whether timestamps and dates become such. Default: False; then timestamps are milliseconds since 1970, and dates
    text."""
    nested: Literal["json", "native"]
    """What becomes of lists and objects: the text of their JSON, or lists and structs. Default: `json`."""
    decimals: Literal["float", "text"]
    """What becomes of decimals: doubles, or text with every digit. Default: `float`."""


class FrameFields(ReadFields, ColumnFields, total=False):
    """How to read records into columns."""


class WatchFields(TypedDict, total=False):
    """How to watch long work."""

    on_progress: Callable[[JobProgress], object] | None
    """Called with how far it is, at most ten times a second and once at the end, in the thread or the event loop that
    waits. What it raises ends the work. Default: None."""
    progress: bool
    """Whether a bar is shown, in terminals and notebooks; needs tqdm (`pip install tqdm`). Default: False."""


class WriteFields(WatchFields, total=False):
    """How to write records."""

    key: str | None
    """A column with unique values by which records are found, instead of `id`. An insert uses it to find out what
    became of rows whose answer got lost; a unique index that every row fills is used for that unasked. Default:
    None."""
    on_error: Literal["stop", "collect"]
    """What a refused row does: end the work with `RecordError`, or come back in the report while the others go on.
    Default: `stop`."""
    max_failures: int
    """Refused rows after which collecting work stops as well. Default: 1,000."""
    checkpoint: str | PathLike[str] | None
    """A file that lets killed work go on where it was, given the same rows again. Removed when all is done. Default:
    None."""
    batch_rows: int
    """Rows in one request at most. Default: 500."""
    batch_bytes: int
    """Bytes of rows in one request at most. Default: 1 MiB."""
    max_row_bytes: int
    """Bytes of one row at most. Default: 10 MiB."""
    concurrency: int
    """Requests under way at once. Default: 8."""
    settle: float
    """Seconds to wait before looking up what became of a request whose answer got lost, since the server may still be
    at it. Default: 1."""


class LoadFields(WriteFields, total=False):
    """How to load rows into a table."""

    format: Literal["ndjson", "csv", "parquet"] | None
    """Format of a file. Default: by the end of its name."""
    total: int | None
    """Rows the source is expected to have, for progress. Default: the length of what has one, otherwise not known."""
    data_source: str | Omit
    """Label of the data source that is written to. Default: `live`."""


class InsertFields(LoadFields, total=False):
    """How to add rows to a table."""

    keep_ids: bool | None
    """Whether rows keep the `id` they bring. Default: None, not said; then a row with an `id` is refused."""


class ExportFields(FrameFields, WatchFields, total=False):
    """How to write records to a file. What columns become is for Parquet alone."""

    search: Conditions | None
    """Conditions that records must meet. Default: None, every record."""
    format: Literal["ndjson", "csv", "parquet"] | None
    """Format of the file. Default: by the end of its name."""


class CopyFields(ReadFields, WriteFields, total=False):
    """How to copy records to another table."""

    search: Conditions | None
    """Conditions that records must meet. Default: None, every record."""
    action: Literal["insert", "upsert"]
    """Whether a record that is there already is an error or changed. Default: `insert`."""
    keep_ids: bool | None
    """Whether records keep their `id`. Default: None, the same as False: the target gives new ones."""
    create: bool
    """Whether the table is made, by the schema and the indexes of the source, when it does not exist. Default:
    False."""
    to_data_source: str | Omit
    """Label of the data source that is written to. Default: `live`."""


READ = frozenset(ReadFields.__annotations__) - {"data_source"}
COLUMNS = frozenset(ColumnFields.__annotations__)
WATCH = frozenset(WatchFields.__annotations__)
WRITE = frozenset(WriteFields.__annotations__)


def check(method: str, given: Given, *fields: type) -> None:
    """Refuses keywords that a method does not have."""
    known = frozenset(name for one in fields for base in one.__mro__ for name in getattr(base, "__annotations__", ()))
    for name in given:
        if name not in known:
            raise _unknown(method, name, known)


def pick(given: Given, names: frozenset[str]) -> dict[str, Any]:
    """Those of the options that are named, as the native module takes them; None and `OMIT` are the default."""
    picked = {name: given[name] for name in names if given.get(name, OMIT) not in (None, OMIT)}
    if "checkpoint" in picked:
        picked["checkpoint"] = path_text("checkpoint", picked["checkpoint"])
    return picked


def path_text(name: str, path: Any) -> str:
    """A path as text."""
    if hasattr(path, "__fspath__"):
        path = path.__fspath__()
    if not isinstance(path, str):
        from xano_metadata.errors import ConfigError  # noqa: PLC0415

        raise ConfigError(f"{name} takes a path as text or as a Path, not {type(path).__name__}.")
    return path


def data_source(given: object) -> str | None:
    """The label of a data source; None is the server's default."""
    if given is OMIT or given is None:
        return None
    if not isinstance(given, str):
        from xano_metadata.errors import ConfigError  # noqa: PLC0415

        raise ConfigError(f"data_source takes the label of a data source, not {type(given).__name__}.")
    return given
