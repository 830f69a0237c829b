"""What a branch can do beyond its operations: jobs that take many calls.

The generated `BranchHandle` extends these classes, which get their members from the rooms of those jobs, a mixin each
(`_fleet_compare.py`, …). They are loaded with the first handle, so a room loads what it needs inside its methods.
"""

from __future__ import annotations

from xano_metadata._backing_up import AsyncBackingUp, SyncBackingUp
from xano_metadata._comparing import AsyncComparing, SyncComparing
from xano_metadata._node import AsyncNode, SyncNode


class SyncBranchNode(SyncComparing, SyncBackingUp, SyncNode):
    """The jobs of a branch, for ordinary, waiting code."""

    __slots__ = ()


class AsyncBranchNode(AsyncComparing, AsyncBackingUp, AsyncNode):
    """The jobs of a branch, for asyncio."""

    __slots__ = ()
