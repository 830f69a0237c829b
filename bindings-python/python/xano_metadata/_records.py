"""Whole tables as data: what the generated `records` collections have besides their operations."""

from __future__ import annotations

from xano_metadata._reading import AsyncReading, SyncReading


class SyncRecordsNode(SyncReading):
    """Reading, loading and moving the records of a table, for ordinary, waiting code."""

    __slots__ = ()


class AsyncRecordsNode(AsyncReading):
    """Reading, loading and moving the records of a table, for asyncio."""

    __slots__ = ()
