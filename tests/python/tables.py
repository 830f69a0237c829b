"""Tables for tests of records: made on the emulator, as both faces see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xano_metadata import OMIT
from xano_metadata.types import Column, Index

if TYPE_CHECKING:
    from xano_metadata import AsyncInstance, Instance
    from xano_metadata._generated.aio.records import AsyncTableRecords
    from xano_metadata._generated.sync.records import TableRecords

__all__ = ["Column", "Index", "a_table", "twin"]


def a_table(instance: Instance, *columns: Column, unique: str = "", name: str = "things") -> TableRecords:
    """The records of a new table with these columns behind `id`, and a unique index on one where that is named."""
    workspace = instance.workspace(instance.workspaces.list()[0].id)
    given = columns if columns and columns[0].name == "id" else (Column.int("id", required=True), *columns)
    table = workspace.tables.create(name=name, schema=list(given), index=[Index.unique(unique)] if unique else OMIT)
    return workspace.table(table.id).records


def twin(instance: AsyncInstance, records: TableRecords) -> AsyncTableRecords:
    """The same records for asyncio."""
    workspace, table = records._path
    return instance.workspace(workspace).table(table).records


def without_ids(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records as they were before they had numbers."""
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]
