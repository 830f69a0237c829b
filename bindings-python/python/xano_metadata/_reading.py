"""Reading a table as data: what `iter` returns, and the ways on from there.

The engine walks the table and fetches pages ahead; nothing of that is here. Objects are made only where objects are
wanted: columns go from the page's bytes to Arrow, and from there to a data frame.
"""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata import _native
from xano_metadata._node import AsyncNode, Node, SyncNode, _begin, _finish
from xano_metadata._record_options import COLUMNS, READ, ColumnFields, FrameFields, ReadFields, check, data_source, pick

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import AsyncIterator, Iterator
    from typing import Any

    import pandas
    import polars
    from typing_extensions import Unpack

    from xano_metadata._frames import ArrowRecords
    from xano_metadata._record_options import Given
    from xano_metadata._search import Conditions

    Record = dict[str, Any]
    """A record: values by column name."""

_SHOWN = 20


class _Read:
    """A read that is described and not begun."""

    __slots__ = ("_of", "_options", "_records")

    def __init__(self, records: _native.Records, options: dict[str, Any], of: str) -> None:
        """Made by `iter`."""
        self._records = records
        self._options = options
        self._of = of

    def __repr__(self) -> str:
        search = self._options.get("search")
        some = "" if search is None else f" where {list(search)!r}"
        return f"<{type(self).__name__} of {self._of}{some}>"

    def to_arrow(self, **fields: Unpack[ColumnFields]) -> ArrowRecords:
        """The records as Arrow, for pyarrow, polars, duckdb and whoever else takes an Arrow stream.

        Nothing is read before somebody asks for the stream; each who asks starts a read of its own. Producing it needs
        no pyarrow.

        Args:
            **fields: What columns become; see `ColumnFields`.

        Returns:
            An object with `__arrow_c_stream__` and `__arrow_c_schema__`.
        """
        from xano_metadata._frames import ArrowRecords  # noqa: PLC0415 - frames only where they are wanted

        check("to_arrow", fields, ColumnFields)
        return ArrowRecords(self._records, self._options, pick(fields, COLUMNS), repr(self))


class RecordReader(_Read):
    """Records that are read while they are iterated; each iteration reads anew.

    Nothing is sent before the first record is asked for. Leaving the loop early gives up what is on its way. Reading
    raises what a call raises; see `xano_metadata.errors`.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[Record]:
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[list[Record]]:
        """The records as they come, a list for each page; never an empty one."""
        reader = self._records.read(self._options)
        while (page := reader.next()) is not None:
            yield page

    def to_list(self) -> list[Record]:
        """All records."""
        return [record for page in self.pages() for record in page]

    def to_pandas(self, **fields: Unpack[ColumnFields]) -> pandas.DataFrame:
        """All records as a data frame of pandas, without an object for each number; see `records.to_pandas`.

        Args:
            **fields: What columns become; see `ColumnFields`.
        """
        from xano_metadata._frames import pandas_frame, require  # noqa: PLC0415

        check("to_pandas", fields, ColumnFields)
        require("pandas", "to_pandas")
        return pandas_frame(self._records.batches(self._options, pick(fields, COLUMNS)))

    def to_polars(self, **fields: Unpack[ColumnFields]) -> polars.DataFrame:
        """All records as a data frame of polars; see `records.to_polars`.

        Args:
            **fields: What columns become; see `ColumnFields`.
        """
        from xano_metadata._frames import polars_frame, require  # noqa: PLC0415

        check("to_polars", fields, ColumnFields)
        require("polars", "to_polars")
        return polars_frame(self._records.batches(self._options, pick(fields, COLUMNS)))

    def _repr_html_(self) -> str:
        from xano_metadata._pages import _html  # noqa: PLC0415 - only notebooks need it

        few = {"limit": _SHOWN, "page_size": _SHOWN, "prefetch": 1}
        reader = self._records.read({**self._options, **few, "limit": min(_SHOWN, self._options.get("limit", _SHOWN))})
        return _html(reader.next() or [], repr(self))


class AsyncRecordReader(_Read):
    """Records that are read while they are iterated with `async for`; each iteration reads anew.

    Nothing is sent before the first record is asked for. Leaving the loop early gives up what is on its way. Reading
    raises what a call raises; see `xano_metadata.errors`.
    """

    __slots__ = ()

    async def __aiter__(self) -> AsyncIterator[Record]:
        async for page in self.pages():
            for record in page:
                yield record

    async def pages(self) -> AsyncIterator[list[Record]]:
        """The records as they come, a list for each page; never an empty one."""
        reader = self._records.read(self._options)
        while True:
            completions, future = _begin()
            page: list[Record] | None = await _finish(future, reader.submit_next(completions, future))
            if page is None:
                return
            yield page

    async def to_list(self) -> list[Record]:
        """All records."""
        return [record async for page in self.pages() for record in page]

    async def to_pandas(self, **fields: Unpack[ColumnFields]) -> pandas.DataFrame:
        """All records as a data frame of pandas, without an object for each number; see `records.to_pandas`.

        Args:
            **fields: What columns become; see `ColumnFields`.
        """
        from xano_metadata._frames import pandas_frame, require  # noqa: PLC0415

        check("to_pandas", fields, ColumnFields)
        require("pandas", "to_pandas")
        return pandas_frame(await self._batches(fields))

    async def to_polars(self, **fields: Unpack[ColumnFields]) -> polars.DataFrame:
        """All records as a data frame of polars; see `records.to_polars`.

        Args:
            **fields: What columns become; see `ColumnFields`.
        """
        from xano_metadata._frames import polars_frame, require  # noqa: PLC0415

        check("to_polars", fields, ColumnFields)
        require("polars", "to_polars")
        return polars_frame(await self._batches(fields))

    async def _batches(self, fields: Given) -> _native.Batches:
        completions, future = _begin()
        ticket = self._records.submit_batches(completions, future, self._options, pick(fields, COLUMNS))
        batches: _native.Batches = await _finish(future, ticket)
        return batches


def native_records(node: Node, label: object) -> _native.Records:
    """The records of a node in a data source."""
    workspace, table = node._path
    return _native.Records(node._connection, workspace, table, data_source(label))


def read_options(search: object, fields: Given) -> dict[str, Any]:
    """The options of a read for the native module."""
    options = pick(fields, READ)
    if search is not None:
        from xano_metadata._search import as_search  # noqa: PLC0415 - most reads are of everything

        options["search"] = as_search(search)
    return options


def frame_parts(method: str, fields: FrameFields) -> tuple[ReadFields, ColumnFields]:
    """How to read, and what columns become."""
    check(method, fields, FrameFields)
    read: Any = {name: value for name, value in fields.items() if name not in COLUMNS}
    columns: Any = {name: value for name, value in fields.items() if name in COLUMNS}
    return read, columns


class SyncReading(SyncNode):
    """Reading the records of a table, for ordinary, waiting code."""

    __slots__ = ()

    def iter(self, search: Conditions | None = None, **fields: Unpack[ReadFields]) -> RecordReader:
        """Reads records while they are iterated, without missing or repeating one.

        Pages are fetched ahead, several at once. By default the table is walked by id: a record that exists throughout
        the read comes exactly once, whatever others insert and delete meanwhile.

        Args:
            search: Conditions that records must meet, made by `where` and `field` or as the API has them. Default:
                every record.
            **fields: How to read; see `ReadFields`.

        Returns:
            An iterable of records; nothing is sent before it is iterated.

        Raises:
            ConfigError: There is no such option, or the search is none.

        Token scope: `Workspace Content: Read`.
        """
        check("iter", fields, ReadFields)
        records = native_records(self, fields.get("data_source"))
        return RecordReader(records, read_options(search, fields), f"table {self._path[1]!r}")

    def to_list(self, search: Conditions | None = None, **fields: Unpack[ReadFields]) -> builtins.list[Record]:
        """All records as a list of dicts.

        Args:
            search: Conditions that records must meet. Default: every record.
            **fields: How to read; see `ReadFields`.

        Raises:
            ConfigError: An option cannot be used; nothing was sent.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Read`.
        """
        check("to_list", fields, ReadFields)
        return self.iter(search, **fields).to_list()

    def to_arrow(self, search: Conditions | None = None, **fields: Unpack[FrameFields]) -> ArrowRecords:
        """The records as Arrow, for pyarrow, polars, duckdb and whoever else takes an Arrow stream.

        Column types come from the table's schema. Nothing is read before somebody asks for the stream, as in
        `pyarrow.table(records.to_arrow())`; each who asks starts a read of its own. Producing it needs no pyarrow.

        Args:
            search: Conditions that records must meet. Default: every record.
            **fields: How to read, and what columns become; see `FrameFields`.

        Returns:
            An object with `__arrow_c_stream__` and `__arrow_c_schema__`.

        Raises:
            ConfigError: There is no such option, or the search is none.

        Token scope: `Workspace Database: Read` and `Workspace Content: Read`.
        """
        read, columns = frame_parts("to_arrow", fields)
        return self.iter(search, **read).to_arrow(**columns)

    def to_pandas(self, search: Conditions | None = None, **fields: Unpack[FrameFields]) -> pandas.DataFrame:
        """All records as a data frame of pandas, with types from the table's schema.

        Whole numbers are `int64`, or `Int64` where some are missing; decimals `float64`; booleans `bool` or `boolean`;
        text what pandas makes of text; timestamps and dates, with `datetimes=True`, `datetime64`. It needs pandas, and
        no pyarrow.

        Args:
            search: Conditions that records must meet. Default: every record.
            **fields: How to read, and what columns become; see `FrameFields`.

        Raises:
            ConfigError: pandas is not installed, or an option cannot be used; nothing was sent.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Database: Read` and `Workspace Content: Read`.
        """
        read, columns = frame_parts("to_pandas", fields)
        return self.iter(search, **read).to_pandas(**columns)

    def to_polars(self, search: Conditions | None = None, **fields: Unpack[FrameFields]) -> polars.DataFrame:
        """All records as a data frame of polars, with types from the table's schema.

        It needs polars, and no pyarrow.

        Args:
            search: Conditions that records must meet. Default: every record.
            **fields: How to read, and what columns become; see `FrameFields`.

        Raises:
            ConfigError: polars is not installed, or an option cannot be used; nothing was sent.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Database: Read` and `Workspace Content: Read`.
        """
        read, columns = frame_parts("to_polars", fields)
        return self.iter(search, **read).to_polars(**columns)


class AsyncReading(AsyncNode):
    """Reading the records of a table, for asyncio."""

    __slots__ = ()

    def iter(self, search: Conditions | None = None, **fields: Unpack[ReadFields]) -> AsyncRecordReader:
        """Reads records while they are iterated, without missing or repeating one.

        Pages are fetched ahead, several at once. By default the table is walked by id: a record that exists throughout
        the read comes exactly once, whatever others insert and delete meanwhile.

        Args:
            search: Conditions that records must meet, made by `where` and `field` or as the API has them. Default:
                every record.
            **fields: How to read; see `ReadFields`.

        Returns:
            An iterable of records; nothing is sent before it is iterated.

        Raises:
            ConfigError: There is no such option, or the search is none.

        Token scope: `Workspace Content: Read`.
        """
        check("iter", fields, ReadFields)
        records = native_records(self, fields.get("data_source"))
        return AsyncRecordReader(records, read_options(search, fields), f"table {self._path[1]!r}")

    async def to_list(self, search: Conditions | None = None, **fields: Unpack[ReadFields]) -> builtins.list[Record]:
        """All records as a list of dicts.

        Args:
            search: Conditions that records must meet. Default: every record.
            **fields: How to read; see `ReadFields`.

        Raises:
            ConfigError: An option cannot be used; nothing was sent.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Read`.
        """
        check("to_list", fields, ReadFields)
        return await self.iter(search, **fields).to_list()

    def to_arrow(self, search: Conditions | None = None, **fields: Unpack[FrameFields]) -> ArrowRecords:
        """The records as Arrow, for pyarrow, polars, duckdb and whoever else takes an Arrow stream.

        Column types come from the table's schema. Nothing is read before somebody asks for the stream, as in
        `pyarrow.table(records.to_arrow())`; each who asks starts a read of its own. Producing it needs no pyarrow.

        Args:
            search: Conditions that records must meet. Default: every record.
            **fields: How to read, and what columns become; see `FrameFields`.

        Returns:
            An object with `__arrow_c_stream__` and `__arrow_c_schema__`. Whoever consumes it waits, so do it in a
            thread: `await asyncio.to_thread(pyarrow.table, records.to_arrow())`.

        Raises:
            ConfigError: There is no such option, or the search is none.

        Token scope: `Workspace Database: Read` and `Workspace Content: Read`.
        """
        read, columns = frame_parts("to_arrow", fields)
        return self.iter(search, **read).to_arrow(**columns)

    async def to_pandas(self, search: Conditions | None = None, **fields: Unpack[FrameFields]) -> pandas.DataFrame:
        """All records as a data frame of pandas, with types from the table's schema.

        Whole numbers are `int64`, or `Int64` where some are missing; decimals `float64`; booleans `bool` or `boolean`;
        text what pandas makes of text; timestamps and dates, with `datetimes=True`, `datetime64`. It needs pandas, and
        no pyarrow.

        Args:
            search: Conditions that records must meet. Default: every record.
            **fields: How to read, and what columns become; see `FrameFields`.

        Raises:
            ConfigError: pandas is not installed, or an option cannot be used; nothing was sent.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Database: Read` and `Workspace Content: Read`.
        """
        read, columns = frame_parts("to_pandas", fields)
        return await self.iter(search, **read).to_pandas(**columns)

    async def to_polars(self, search: Conditions | None = None, **fields: Unpack[FrameFields]) -> polars.DataFrame:
        """All records as a data frame of polars, with types from the table's schema.

        It needs polars, and no pyarrow.

        Args:
            search: Conditions that records must meet. Default: every record.
            **fields: How to read, and what columns become; see `FrameFields`.

        Raises:
            ConfigError: polars is not installed, or an option cannot be used; nothing was sent.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Database: Read` and `Workspace Content: Read`.
        """
        read, columns = frame_parts("to_polars", fields)
        return await self.iter(search, **read).to_polars(**columns)
