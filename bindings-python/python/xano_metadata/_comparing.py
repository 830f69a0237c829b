"""The `compare` of workspaces, branches and instances.

Handles are loaded with every client, so here is nothing but what hands on to `_fleet_compare.py`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from xano_metadata._fleet_compare import Comparison, Families, RecordsMode
    from xano_metadata._tasks import TaskProgress


class SyncComparing:
    """Comparing, for ordinary, waiting code."""

    __slots__ = ()

    def compare(
        self,
        other: Any,
        *,
        records: RecordsMode = False,
        families: Families | None = None,
        addresses: bool | None = None,
        diff_lines: int = 200,
        on_progress: Callable[[TaskProgress], object] | None = None,
    ) -> Comparison:
        """What differs on the way from this to `other`: what it has more, what it lacks, and what is not the same.

        A workspace stands for its live branch. Workspaces and branches are compared with either; an instance is
        compared with another one, workspace by workspace, by their names.

        Args:
            other: A workspace, a branch or, for an instance, an instance.
            records: Whether records are compared too: `"counts"` tells how many there are, `"content"` reads every one
                on both sides.
            families: What is compared, such as `["functions", "tasks"]`. Default: everything but `policies`.
            addresses: Whether the public addresses of API groups count. Default: between branches of one workspace.
            diff_lines: Lines of each diff at most.
            on_progress: Called with how many families, and how many records, were read.

        Returns:
            The comparison. What could not be read is in its `failures`, and then it is not `equal`.

        Raises:
            ConfigError: A place does not exist, or arguments do not go together.
            XanoError: Workspaces cannot be listed.
        """
        from xano_metadata._fleet_compare import compare  # noqa: PLC0415 - loaded when it is used

        return compare(
            self,
            other,
            records=records,
            families=families,
            addresses=addresses,
            diff_lines=diff_lines,
            on_progress=on_progress,
        )


class AsyncComparing:
    """Comparing, for asyncio."""

    __slots__ = ()

    async def compare(
        self,
        other: Any,
        *,
        records: RecordsMode = False,
        families: Families | None = None,
        addresses: bool | None = None,
        diff_lines: int = 200,
        on_progress: Callable[[TaskProgress], object | Awaitable[object]] | None = None,
    ) -> Comparison:
        """What differs on the way from this to `other`: what it has more, what it lacks, and what is not the same.

        A workspace stands for its live branch. Workspaces and branches are compared with either; an instance is
        compared with another one, workspace by workspace, by their names.

        Args:
            other: A workspace, a branch or, for an instance, an instance.
            records: Whether records are compared too: `"counts"` tells how many there are, `"content"` reads every one
                on both sides.
            families: What is compared, such as `["functions", "tasks"]`. Default: everything but `policies`.
            addresses: Whether the public addresses of API groups count. Default: between branches of one workspace.
            diff_lines: Lines of each diff at most.
            on_progress: Called with how many families, and how many records, were read; may be a coroutine function.

        Returns:
            The comparison. What could not be read is in its `failures`, and then it is not `equal`.

        Raises:
            ConfigError: A place does not exist, or arguments do not go together.
            XanoError: Workspaces cannot be listed.
        """
        from xano_metadata._fleet_compare import compare_async  # noqa: PLC0415 - loaded when it is used

        return await compare_async(
            self,
            other,
            records=records,
            families=families,
            addresses=addresses,
            diff_lines=diff_lines,
            on_progress=on_progress,
        )
