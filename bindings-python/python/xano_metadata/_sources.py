"""Where the rows of a load come from: anything that gives rows becomes chunks of them for the native module.

Lists, generators and everything else that can be iterated; data frames of pandas, by their columns; whatever speaks
Arrow (polars, pyarrow, duckdb, our own `to_arrow`); files. A chunk is a few hundred rows of JSON text, so a source of
any size passes through little memory. What is wrong with a value of a row is told by the load, not raised here.
"""

# What people give can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import sys
from collections.abc import Sized

from xano_metadata import _native
from xano_metadata.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
    from os import PathLike
    from typing import Any, Protocol, TypeAlias

    class ArrowStream(Protocol):
        """Whatever speaks Arrow: tables of pyarrow, data frames of polars, relations of duckdb, `to_arrow`."""

        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

    class DataFrame(Protocol):
        """A data frame of pandas."""

        @property
        def iloc(self) -> Any: ...
        def isna(self) -> Any: ...

    Rows: TypeAlias = Iterable[Mapping[str, Any]] | DataFrame | ArrowStream | str | PathLike[str]
    """Rows to load: dicts in a list, a generator or anything that can be iterated; a data frame; an Arrow stream; or
    the path of a CSV, NDJSON or Parquet file."""
    AsyncRows: TypeAlias = Rows | AsyncIterable[Mapping[str, Any]]
    """The same, or what `async for` goes through."""
    Ids: TypeAlias = Rows | Iterable[Any]
    """Ids or values of the key column, or rows that hold them."""
    AsyncIds: TypeAlias = AsyncRows | Iterable[Any] | AsyncIterable[Any]
    """The same, or what `async for` goes through."""

CHUNK_ROWS = 500
CHUNK_BYTES = 1 << 20


class Source:
    """Chunks of rows."""

    total: int | None = None
    """Rows in all, where known."""
    blocks = False
    """Whether the next chunk may take long, so that an event loop asks for it in a thread."""

    def next(self) -> _native.Rows | None:
        """The next rows; None at the end."""
        raise NotImplementedError


class Items(Source):
    """Rows one by one."""

    def __init__(self, rows: Iterable[Any]) -> None:
        """Goes through anything that can be iterated."""
        self.total = len(rows) if isinstance(rows, Sized) else None
        self._rows = iter(rows)

    def next(self) -> _native.Rows | None:
        return _native.take_rows(self._rows, CHUNK_ROWS, CHUNK_BYTES)


class AsyncItems:
    """Rows one by one, from what `async for` goes through."""

    total: int | None = None

    def __init__(self, rows: AsyncIterable[Any]) -> None:
        """Goes through anything that can be iterated so."""
        self._rows: AsyncIterator[Any] = rows.__aiter__()
        self._ready: Iterator[Any] = iter(())

    async def next(self) -> _native.Rows | None:
        """The next rows; None at the end."""
        while (chunk := _native.take_rows(self._ready, CHUNK_ROWS, CHUNK_BYTES)) is None:
            gathered: list[Any] = []
            while len(gathered) < CHUNK_ROWS:
                try:
                    gathered.append(await self._rows.__anext__())
                except StopAsyncIteration:
                    break
            if not gathered:
                return None
            self._ready = iter(gathered)
        return chunk


class Stream(Source):
    """Rows of an Arrow stream."""

    blocks = True

    def __init__(self, rows: Any) -> None:
        """Takes the stream of anything that speaks Arrow."""
        count = getattr(rows, "num_rows", getattr(rows, "height", None))
        self.total = count if isinstance(count, int) else None
        self._rows = _native.ArrowRows(rows.__arrow_c_stream__(), [])

    def next(self) -> _native.Rows | None:
        return self._rows.next()


class Streams(Source):
    """Rows of several Arrow streams, one behind the other."""

    blocks = True

    def __init__(self, parts: Iterator[Any], total: int, json_columns: list[str]) -> None:
        """Goes through what speaks Arrow."""
        self.total = total
        self._json_columns = json_columns
        self._parts = parts
        self._rows: _native.ArrowRows | None = None

    def next(self) -> _native.Rows | None:
        while True:
            if self._rows is not None and (chunk := self._rows.next()) is not None:
                return chunk
            part = next(self._parts, None)
            if part is None:
                return None
            self._rows = _native.ArrowRows(part.__arrow_c_stream__(), self._json_columns)


class Frame(Source):
    """Rows of a data frame of pandas: what is missing is null, the index is left out."""

    def __init__(self, frame: Any) -> None:
        """Goes through a data frame by its columns."""
        self._names = list(frame.columns)
        for name in self._names:
            if not isinstance(name, str):
                raise ConfigError(f"The data frame has a column {name!r}; names of columns are text.")
        if len(set(self._names)) < len(self._names):
            raise ConfigError("The data frame has two columns of one name; rename or drop one.")
        self._frame = frame
        self._at = 0
        self.total = len(frame)

    def next(self) -> _native.Rows | None:
        part = self._frame.iloc[self._at : self._at + CHUNK_ROWS]
        self._at += CHUNK_ROWS
        if not len(part):
            return None
        if not self._names:
            raise ConfigError("The data frame has no columns.")
        return _native.rows_of_columns(self._names, [_cells(part.iloc[:, at]) for at in range(len(self._names))])


def _cells(series: Any) -> list[Any]:
    """The values of a column, None where they are missing."""
    missing = series.isna()
    if getattr(series.dtype, "kind", "") == "M":
        import numpy as np  # noqa: PLC0415 - pandas brings it

        zoned = getattr(series.dtype, "tz", None) is not None
        moments: Any = (series.dt.tz_convert(None) if zoned else series).to_numpy()
        values = np.datetime_as_string(moments, unit="auto", timezone="UTC" if zoned else "naive").tolist()
    else:
        values = series.tolist()
    if not missing.any():
        return list(values)
    return [None if gone else value for value, gone in zip(values, missing, strict=True)]


def _without_null_types(pl: Any, frame: Any) -> Any:
    """A frame of polars whose columns without any value are text: its type for those does not travel."""

    def known(dtype: Any) -> Any:
        if dtype == pl.Null:
            return pl.String()
        if isinstance(dtype, pl.List):
            return pl.List(known(dtype.inner))
        if isinstance(dtype, pl.Struct):
            return pl.Struct({field.name: known(field.dtype) for field in dtype.fields})
        return dtype

    return frame.cast({name: known(dtype) for name, dtype in frame.schema.items() if "Null" in str(dtype)})


def is_path(rows: object) -> bool:
    """Whether rows are named by a file."""
    return isinstance(rows, str) or hasattr(rows, "__fspath__")


def source_of(method: str, rows: Any) -> Source:
    """Chunks of whatever was given.

    Raises:
        ConfigError: It gives no rows.
    """
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(rows, pandas.DataFrame):
        return Frame(rows)
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(rows, polars.DataFrame):
        return Stream(_without_null_types(polars, rows))
    if hasattr(rows, "__arrow_c_stream__") and not (pandas is not None and isinstance(rows, pandas.Series)):
        return Stream(rows)
    if hasattr(rows, "tolist") and hasattr(rows, "dtype"):  # ids in an array or a series
        return Items(rows.tolist())
    if hasattr(rows, "keys") or isinstance(rows, (bytes, bytearray)) or not hasattr(rows, "__iter__"):
        raise ConfigError(f"{method} {_wrong(rows)}")
    return Items(rows)


def async_source_of(method: str, rows: Any) -> Source | AsyncItems:
    """The same, with what `async for` goes through."""
    return AsyncItems(rows) if hasattr(rows, "__aiter__") else source_of(method, rows)


def _wrong(rows: object) -> str:
    takes = "takes rows: a list or another iterable of dicts, a data frame, an Arrow stream, or the path of a file"
    kind = type(rows).__name__
    if hasattr(rows, "keys"):
        return f"{takes}. This is one {kind}: put it into a list, or use create for a single record."
    if hasattr(rows, "__aiter__"):
        return f"{takes}. This {kind} is for `async for`: use AsyncXano, or collect it first."
    if hasattr(rows, "collect"):
        return f"{takes}. This {kind} is lazy: give what its collect() returns."
    return f"{takes}; not {kind}."


def parquet_source(path: str) -> Source:
    """The rows of a Parquet file, read with pyarrow or polars, a piece at a time.

    Raises:
        ConfigError: Neither is installed.
    """
    from xano_metadata._parquet import open_parquet  # noqa: PLC0415 - loads large libraries

    return Streams(*open_parquet(path))
