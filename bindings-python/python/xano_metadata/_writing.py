"""Loading and moving records: what `insert` and its kin do with their arguments before the engine takes over.

The engine checks every row against the table, packs batches, sends several at once, and finds out what became of one
whose answer got lost; none of that is here.
"""

# What people give can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._node import Node
from xano_metadata._reading import AsyncReading, SyncReading, native_records, read_options
from xano_metadata._record_options import (
    COLUMNS,
    WATCH,
    WRITE,
    CopyFields,
    ExportFields,
    InsertFields,
    LoadFields,
    check,
    path_text,
    pick,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from typing import Any, TypeVar

    from xano_metadata import _native
    from xano_metadata._record_options import Given
    from xano_metadata._sources import AsyncItems, Source

    S = TypeVar("S", Source, Source | AsyncItems)

_LOAD = (WRITE - WATCH) | {"total", "keep_ids"}
_COPY = (WRITE - WATCH) | {"action", "keep_ids"}


def begin_load(
    node: Node, action: str, rows: Any, fields: Given, open_source: Callable[[str, Any], S]
) -> tuple[_native.Job, S | Source | None]:
    """Begins a load; what it is to be fed with, unless it reads a file by itself."""
    from xano_metadata._sources import is_path, parquet_source  # noqa: PLC0415

    check(action, fields, InsertFields if action == "insert" else LoadFields)
    options = {**pick(fields, _LOAD), "action": action}
    records = native_records(node, fields.get("data_source"))
    file_format = fields.get("format")
    source: S | Source
    if is_path(rows):
        from xano_metadata._parquet import is_parquet  # noqa: PLC0415

        path = path_text("rows", rows)
        if not is_parquet(path, file_format):
            return records.import_file(path, file_format, options), None
        source = parquet_source(path)
    elif file_format is not None:
        raise _config(f"{action}: format is for files, and rows are not the path of one.")
    else:
        source = open_source(action, rows)
    if source.total is not None:
        options.setdefault("total", source.total)
    return records.load(options), source


def begin_export(
    node: Node, path: str | PathLike[str], fields: Given
) -> tuple[_native.Records, str, dict[str, Any], Any]:
    """What is exported and where, how it is read, and what columns become when it goes to Parquet."""
    from xano_metadata._parquet import is_parquet  # noqa: PLC0415

    check("export", fields, ExportFields)
    target = path_text("path", path)
    records = native_records(node, fields.get("data_source"))
    read = read_options(fields.get("search"), fields)
    columns = pick(fields, COLUMNS)
    if is_parquet(target, fields.get("format")):
        return records, target, read, {"datetimes": True, **columns}
    if columns:
        raise _config(f"export: {', '.join(sorted(columns))} can be said for Parquet files only.")
    return records, target, read, None


def begin_copy(node: Node, target: object, fields: Given) -> _native.Job:
    """Begins a copy."""
    check("copy_to", fields, CopyFields)
    if not isinstance(target, (SyncReading, AsyncReading)):
        raise _config(f"copy_to takes the records of a table, as in table.records, not {type(target).__name__}.")
    source = native_records(node, fields.get("data_source"))
    to = native_records(target, fields.get("to_data_source"))
    read = read_options(fields.get("search"), fields)
    return source.copy_to(to, read, pick(fields, _COPY), bool(fields.get("create")))


def _config(message: str) -> Exception:
    from xano_metadata.errors import ConfigError  # noqa: PLC0415

    return ConfigError(message)
