"""What a workspace can do beyond its operations: jobs that take many calls.

The generated `WorkspaceHandle` extends these classes, which get their members from the rooms of those jobs, a mixin
each (`_fleet_backup.py`, …). They are loaded with the first handle, so a room loads what it needs inside its methods.
"""

from __future__ import annotations

from xano_metadata._backing_up import AsyncRestoring, SyncRestoring
from xano_metadata._comparing import AsyncComparing, SyncComparing
from xano_metadata._node import AsyncNode, SyncNode


class SyncWorkspaceNode(SyncComparing, SyncRestoring, SyncNode):
    """The jobs of a workspace, for ordinary, waiting code."""

    __slots__ = ()


class AsyncWorkspaceNode(AsyncComparing, AsyncRestoring, AsyncNode):
    """The jobs of a workspace, for asyncio."""

    __slots__ = ()
