"""Whole tables as data: what the generated `records` collections have besides their operations."""

from __future__ import annotations

from xano_metadata._jobs import Watch, run, run_async, write_parquet, write_parquet_async
from xano_metadata._reading import AsyncReading, SyncReading
from xano_metadata._sources import async_source_of, source_of
from xano_metadata._writing import begin_copy, begin_export, begin_load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike

    from typing_extensions import Unpack

    from xano_metadata._record_options import CopyFields, ExportFields, InsertFields, LoadFields
    from xano_metadata._report import LoadReport
    from xano_metadata._sources import AsyncIds, AsyncRows, Ids, Rows


class SyncRecordsNode(SyncReading):
    """Reading, loading and moving the records of a table, for ordinary, waiting code."""

    __slots__ = ()

    def insert(self, rows: Rows, **fields: Unpack[InsertFields]) -> LoadReport:
        """Adds rows to the table, in batches, several on their way at once.

        Every row is checked against the table before it is sent. A batch whose answer got lost is looked up before it
        is sent again, so that nothing is lost or doubled. Memory stays small whatever the number of rows. New ids need
        not follow the order of the rows; with `concurrency=1` they do.

        Args:
            rows: Dicts by column name, in a list, a generator or anything that can be iterated; a data frame of
                pandas (what is missing is null, the index is left out) or polars; whatever speaks Arrow; or the path of
                a CSV, NDJSON or Parquet file.
            **fields: How to load; see `InsertFields`.

        Returns:
            What became of the rows.

        Raises:
            RecordError: A row was refused (`row` and `column` say which), or it cannot be told what became of some
                (`outcome_unknown`); `report` says how far the work had come.
            ConfigError: An option cannot be used, or rows are none.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Create` and `Read`, `Workspace Database: Read`.
        """
        job, source = begin_load(self, "insert", rows, fields, source_of)
        return run(job, source, Watch(fields))

    def update(self, rows: Rows, **fields: Unpack[LoadFields]) -> LoadReport:
        """Changes records, each row the one with its `id`, or with its value in the `key` column.

        Columns that a row does not name keep their values. Rows whose record is not there are counted as skipped.

        Args:
            rows: Dicts by column name, in a list, a generator or anything that can be iterated; a data frame of
                pandas (what is missing is null, the index is left out) or polars; whatever speaks Arrow; or the path of
                a CSV, NDJSON or Parquet file.
            **fields: How to load; see `LoadFields`.

        Returns:
            What became of the rows.

        Raises:
            RecordError: A row was refused (`row` and `column` say which), or it cannot be told what became of some
                (`outcome_unknown`); `report` says how far the work had come.
            ConfigError: An option cannot be used, or rows are none.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Update` and `Read`, `Workspace Database: Read`.
        """
        job, source = begin_load(self, "update", rows, fields, source_of)
        return run(job, source, Watch(fields))

    def upsert(self, rows: Rows, **fields: Unpack[LoadFields]) -> LoadReport:
        """Changes records that are there and adds those that are not, found by `id` or by the `key` column.

        Columns that a row does not name keep their values in records that are there.

        Args:
            rows: Dicts by column name, in a list, a generator or anything that can be iterated; a data frame of
                pandas (what is missing is null, the index is left out) or polars; whatever speaks Arrow; or the path of
                a CSV, NDJSON or Parquet file.
            **fields: How to load; see `LoadFields`.

        Returns:
            What became of the rows.

        Raises:
            RecordError: A row was refused (`row` and `column` say which), or it cannot be told what became of some
                (`outcome_unknown`); `report` says how far the work had come.
            ConfigError: An option cannot be used, or rows are none.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Create`, `Update` and `Read`, `Workspace Database: Read`.
        """
        job, source = begin_load(self, "upsert", rows, fields, source_of)
        return run(job, source, Watch(fields))

    def delete(self, rows: Ids, **fields: Unpack[LoadFields]) -> LoadReport:
        """Deletes records by their ids, or by their values in the `key` column; this cannot be undone.

        Rows whose record is not there are counted as skipped.

        Destructive: what this removes or overwrites cannot be had back.

        Args:
            rows: Ids, or values of the `key` column, in anything that can be iterated; or rows that hold them, in every
                form that `insert` takes.
            **fields: How to load; see `LoadFields`.

        Returns:
            What became of the rows.

        Raises:
            RecordError: A row was refused (`row` and `column` say which), or it cannot be told what became of some
                (`outcome_unknown`); `report` says how far the work had come.
            ConfigError: An option cannot be used, or rows are none.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Delete` and `Read`, `Workspace Database: Read`.
        """
        job, source = begin_load(self, "delete", rows, fields, source_of)
        return run(job, source, Watch(fields))

    def export(self, path: str | PathLike[str], **fields: Unpack[ExportFields]) -> LoadReport:
        """Writes records to a file, which appears whole or not at all.

        By the end of its name, or by `format`, it is NDJSON (`.ndjson`, `.jsonl`), CSV (`.csv`) or Parquet (`.parquet`,
        with pyarrow or polars). NDJSON has the records as the server wrote them; all three come back by `insert`.

        Args:
            path: Where to write. A file that is there is replaced.
            **fields: What to read, and how; see `ExportFields`.

        Returns:
            How many records were `written`, and the `bytes` of the file.

        Raises:
            ConfigError: An option cannot be used, or the file cannot be written.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Read`; for CSV and Parquet also `Workspace Database: Read`.
        """
        watch = Watch(fields)
        records, target, read, columns = begin_export(self, path, fields)
        if columns is not None:
            return write_parquet(records, read, columns, target, watch)
        job = records.export(target, fields.get("format"), read)
        return run(job, None, watch)

    def copy_to(self, target: SyncReading | AsyncReading, **fields: Unpack[CopyFields]) -> LoadReport:
        """Copies records to another table: of another data source, branch, workspace or instance.

        Args:
            target: The records of the other table, of either face: `other.workspace(1).table("orders").records`. It
                may be the same table when `to_data_source` is another one.
            **fields: What to read and how to write; see `CopyFields`.

        Returns:
            What became of the records.

        Raises:
            RecordError: A row was refused (`row` and `column` say which), or it cannot be told what became of some
                (`outcome_unknown`); `report` says how far the work had come.
            ConfigError: An option cannot be used, or rows are none.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Read` here, `Create` (and `Update` to upsert) there, `Workspace Database: Read`
        on both sides, and `Create` to make the table.
        """
        job = begin_copy(self, target, fields)
        return run(job, None, Watch(fields))


class AsyncRecordsNode(AsyncReading):
    """Reading, loading and moving the records of a table, for asyncio."""

    __slots__ = ()

    async def insert(self, rows: AsyncRows, **fields: Unpack[InsertFields]) -> LoadReport:
        """Adds rows to the table, in batches, several on their way at once.

        Every row is checked against the table before it is sent. A batch whose answer got lost is looked up before it
        is sent again, so that nothing is lost or doubled. Memory stays small whatever the number of rows. New ids need
        not follow the order of the rows; with `concurrency=1` they do.

        Args:
            rows: Dicts by column name, in a list, a generator or anything that can be iterated, with `async for` too; a
                data frame of pandas (what is missing is null, the index is left out) or polars; whatever speaks Arrow;
                or the path of a CSV, NDJSON or Parquet file.
            **fields: How to load; see `InsertFields`.

        Returns:
            What became of the rows.

        Raises:
            RecordError: A row was refused (`row` and `column` say which), or it cannot be told what became of some
                (`outcome_unknown`); `report` says how far the work had come.
            ConfigError: An option cannot be used, or rows are none.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Create` and `Read`, `Workspace Database: Read`.
        """
        job, source = begin_load(self, "insert", rows, fields, async_source_of)
        return await run_async(job, source, Watch(fields))

    async def update(self, rows: AsyncRows, **fields: Unpack[LoadFields]) -> LoadReport:
        """Changes records, each row the one with its `id`, or with its value in the `key` column.

        Columns that a row does not name keep their values. Rows whose record is not there are counted as skipped.

        Args:
            rows: Dicts by column name, in a list, a generator or anything that can be iterated, with `async for` too; a
                data frame of pandas (what is missing is null, the index is left out) or polars; whatever speaks Arrow;
                or the path of a CSV, NDJSON or Parquet file.
            **fields: How to load; see `LoadFields`.

        Returns:
            What became of the rows.

        Raises:
            RecordError: A row was refused (`row` and `column` say which), or it cannot be told what became of some
                (`outcome_unknown`); `report` says how far the work had come.
            ConfigError: An option cannot be used, or rows are none.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Update` and `Read`, `Workspace Database: Read`.
        """
        job, source = begin_load(self, "update", rows, fields, async_source_of)
        return await run_async(job, source, Watch(fields))

    async def upsert(self, rows: AsyncRows, **fields: Unpack[LoadFields]) -> LoadReport:
        """Changes records that are there and adds those that are not, found by `id` or by the `key` column.

        Columns that a row does not name keep their values in records that are there.

        Args:
            rows: Dicts by column name, in a list, a generator or anything that can be iterated, with `async for` too; a
                data frame of pandas (what is missing is null, the index is left out) or polars; whatever speaks Arrow;
                or the path of a CSV, NDJSON or Parquet file.
            **fields: How to load; see `LoadFields`.

        Returns:
            What became of the rows.

        Raises:
            RecordError: A row was refused (`row` and `column` say which), or it cannot be told what became of some
                (`outcome_unknown`); `report` says how far the work had come.
            ConfigError: An option cannot be used, or rows are none.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Create`, `Update` and `Read`, `Workspace Database: Read`.
        """
        job, source = begin_load(self, "upsert", rows, fields, async_source_of)
        return await run_async(job, source, Watch(fields))

    async def delete(self, rows: AsyncIds, **fields: Unpack[LoadFields]) -> LoadReport:
        """Deletes records by their ids, or by their values in the `key` column; this cannot be undone.

        Rows whose record is not there are counted as skipped.

        Destructive: what this removes or overwrites cannot be had back.

        Args:
            rows: Ids, or values of the `key` column, in anything that can be iterated; or rows that hold them, in every
                form that `insert` takes.
            **fields: How to load; see `LoadFields`.

        Returns:
            What became of the rows.

        Raises:
            RecordError: A row was refused (`row` and `column` say which), or it cannot be told what became of some
                (`outcome_unknown`); `report` says how far the work had come.
            ConfigError: An option cannot be used, or rows are none.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Delete` and `Read`, `Workspace Database: Read`.
        """
        job, source = begin_load(self, "delete", rows, fields, async_source_of)
        return await run_async(job, source, Watch(fields))

    async def export(self, path: str | PathLike[str], **fields: Unpack[ExportFields]) -> LoadReport:
        """Writes records to a file, which appears whole or not at all.

        By the end of its name, or by `format`, it is NDJSON (`.ndjson`, `.jsonl`), CSV (`.csv`) or Parquet (`.parquet`,
        with pyarrow or polars). NDJSON has the records as the server wrote them; all three come back by `insert`.

        Args:
            path: Where to write. A file that is there is replaced.
            **fields: What to read, and how; see `ExportFields`.

        Returns:
            How many records were `written`, and the `bytes` of the file.

        Raises:
            ConfigError: An option cannot be used, or the file cannot be written.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Read`; for CSV and Parquet also `Workspace Database: Read`.
        """
        watch = Watch(fields)
        records, target, read, columns = begin_export(self, path, fields)
        if columns is not None:
            return await write_parquet_async(records, read, columns, target, watch)
        job = records.export(target, fields.get("format"), read)
        return await run_async(job, None, watch)

    async def copy_to(self, target: SyncReading | AsyncReading, **fields: Unpack[CopyFields]) -> LoadReport:
        """Copies records to another table: of another data source, branch, workspace or instance.

        Args:
            target: The records of the other table, of either face: `other.workspace(1).table("orders").records`. It
                may be the same table when `to_data_source` is another one.
            **fields: What to read and how to write; see `CopyFields`.

        Returns:
            What became of the records.

        Raises:
            RecordError: A row was refused (`row` and `column` say which), or it cannot be told what became of some
                (`outcome_unknown`); `report` says how far the work had come.
            ConfigError: An option cannot be used, or rows are none.
            XanoError: What any call raises; see `xano_metadata.errors`.

        Token scope: `Workspace Content: Read` here, `Create` (and `Update` to upsert) there, `Workspace Database: Read`
        on both sides, and `Create` to make the table.
        """
        job = begin_copy(self, target, fields)
        return await run_async(job, None, Watch(fields))
