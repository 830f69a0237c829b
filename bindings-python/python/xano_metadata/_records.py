"""Whole tables as data: what the generated `records` collections have besides their operations."""

from __future__ import annotations

from xano_metadata._node import AsyncNode, SyncNode


class SyncRecordsNode(SyncNode):
    """Reading, loading and moving the records of a table, for ordinary, waiting code."""

    __slots__ = ()


class AsyncRecordsNode(AsyncNode):
    """Reading, loading and moving the records of a table, for asyncio."""

    __slots__ = ()
