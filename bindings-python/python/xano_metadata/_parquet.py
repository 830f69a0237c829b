"""Parquet files, through pyarrow or polars, whichever is installed: neither comes with this package.

pyarrow reads and writes in pieces; polars reads in pieces, and writes what it holds whole.
"""

# pyarrow says little of its types.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import json
import os
import time
from importlib.util import find_spec

from xano_metadata._report import LoadReport
from xano_metadata.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from xano_metadata._native import ArrowReader, Batches

JSON_COLUMNS = "xano.json_columns"
"""Where a file notes the columns whose text is JSON: polars knows no notes on columns."""
_GROUP_ROWS = 65_536
_GROUP_BYTES = 16 << 20
_PIECE_ROWS = 20_000


def is_parquet(path: str, file_format: str | None) -> bool:
    """Whether a file is one, by what was said or by the end of its name."""
    if file_format is not None:
        return file_format == "parquet"
    return path.lower().endswith((".parquet", ".pq"))


def _library() -> str:
    for name in ("pyarrow", "polars"):
        if find_spec(name) is not None:
            return name
    raise ConfigError("Parquet files need pyarrow or polars, and neither is installed: pip install pyarrow")


def open_parquet(path: str) -> tuple[Iterator[Any], int, list[str]]:
    """Pieces of a file, each of which speaks Arrow; the number of rows in all; columns whose text is JSON."""
    if not os.path.isfile(path):  # noqa: PTH113 - pathlib is slow to import
        raise ConfigError(f"There is no file {path!r}.")
    if _library() == "pyarrow":
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        try:
            file = pq.ParquetFile(path)
        except pa.ArrowInvalid as trouble:
            raise ConfigError(f"{path!r} is no Parquet file: {trouble}") from trouble
        pieces = (pa.Table.from_batches([batch]) for batch in file.iter_batches(_PIECE_ROWS))
        notes = {
            key.decode(): value.decode("utf-8", "replace") for key, value in (file.metadata.metadata or {}).items()
        }
        return pieces, file.metadata.num_rows, _json_columns(notes)
    import polars as pl  # noqa: PLC0415

    try:
        lazy = pl.scan_parquet(path)
        total = int(lazy.select(pl.len()).collect().item())
        notes = pl.read_parquet_metadata(path)
    except pl.exceptions.PolarsError as trouble:
        raise ConfigError(f"{path!r} is no Parquet file: {trouble}") from trouble
    pieces = (lazy.slice(at, _PIECE_ROWS).collect() for at in range(0, total, _PIECE_ROWS))
    return pieces, total, _json_columns(notes)


def _json_columns(notes: Mapping[str, str]) -> list[str]:
    """The columns that our own files say are JSON; files of others say nothing."""
    try:
        return [name for name in json.loads(notes.get(JSON_COLUMNS, "[]")) if isinstance(name, str)]
    except (ValueError, TypeError):
        return []


class ParquetFile:
    """A file that is being written beside its place, and appears there whole or not at all."""

    def __init__(self, path: str, reader: ArrowReader) -> None:
        """Makes room for a file with the columns of a read."""
        self._library = _library()
        self._reader = reader
        self._path = path
        self._began = time.monotonic()
        self._waiting: list[Any] = []
        self._writer: Any = None
        self.rows = 0
        self.bytes = 0
        folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100
        self._temporary = os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}.part")  # noqa: PTH118
        try:
            open(self._temporary, "xb").close()  # noqa: PTH123
        except OSError as trouble:
            raise ConfigError(f"{path!r} cannot be written: {trouble}") from trouble

    def add(self, batches: Batches) -> None:
        """Adds rows."""
        self.rows += len(batches)
        if self._library == "polars":
            import polars as pl  # noqa: PLC0415

            self._waiting.append(pl.DataFrame(batches))
            return
        import pyarrow as pa  # noqa: PLC0415

        self._waiting.append(pa.table(batches))
        if (
            sum(t.num_rows for t in self._waiting) >= _GROUP_ROWS
            or sum(t.nbytes for t in self._waiting) >= _GROUP_BYTES
        ):
            self._write()

    def _write(self) -> None:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        schema = pa.schema(self._reader).with_metadata(self._notes())
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._temporary, schema)
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting).cast(schema))
            self._waiting = []
        self.bytes = os.path.getsize(self._temporary)  # noqa: PTH202

    def _notes(self) -> dict[str, str]:
        return {JSON_COLUMNS: json.dumps(self._reader.json_columns())}

    def finish(self) -> LoadReport:
        """Puts the file into its place."""
        if self._library == "polars":
            import polars as pl  # noqa: PLC0415

            empty = pl.DataFrame(schema=pl.Schema(self._reader))
            whole = pl.concat([empty, *self._waiting], rechunk=False)
            whole.write_parquet(self._temporary, metadata=self._notes())
        else:
            self._write()
            self._writer.close()
        with open(self._temporary, "rb+") as file:  # noqa: PTH123
            os.fsync(file.fileno())
            self.bytes = os.fstat(file.fileno()).st_size
        os.replace(self._temporary, self._path)  # noqa: PTH105
        seconds = time.monotonic() - self._began
        return LoadReport(read=self.rows, written=self.rows, bytes=self.bytes, seconds=seconds)

    def told(self, total: int | None) -> dict[str, Any]:
        """How far it is."""
        seconds = time.monotonic() - self._began
        rate = self.rows / max(seconds, 1e-9)
        return {
            "rows": self.rows,
            "bytes": self.bytes,
            "total": total,
            "seconds": seconds,
            "rate": rate,
            "remaining": None if total is None or not rate else max(total - self.rows, 0) / rate,
        }

    def abandon(self) -> None:
        """Leaves no trace."""
        if self._writer is not None:
            self._writer.close()
        if os.path.exists(self._temporary):  # noqa: PTH110
            os.unlink(self._temporary)  # noqa: PTH108
