"""What a fleet can be asked: its members, what there is, how it is, what changes."""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._fleet_health import Health, HealthChange
from xano_metadata._fleet_inventory import Inventory
from xano_metadata._tasks import Driving, found, found_async, run, run_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
    from typing import Any

    from xano_metadata._aio import AsyncInstance
    from xano_metadata._client import Instance
    from xano_metadata._native import Client, Connection
    from xano_metadata._native import Fleet as NativeFleet
    from xano_metadata._tasks import TaskProgress

__all__ = ["AsyncFleetMember", "FleetMember"]


class _Member:
    """One instance of a fleet, with what is known of it without asking it."""

    __slots__ = ("_client", "_connection", "display", "environment", "name", "protected", "url")

    name: str
    """Its name; for one that was given by URL, its key in the file."""
    display: str
    """Its display name; the name when it has none."""
    environment: str | None
    """The environment it belongs to."""
    protected: bool
    """Whether that is protected: changes to it are always asked for."""
    url: str | None
    """Base of its API."""

    def __init__(self, entry: dict[str, Any], native: tuple[Client, Connection]) -> None:
        """Made by `Fleet.members()`."""
        for field in ("name", "display", "environment", "protected", "url"):
            setattr(self, field, entry[field])
        self._client, self._connection = native

    def __repr__(self) -> str:
        environment = f", {self.environment}" if self.environment else ""
        return f"<{type(self).__name__} {self.name} ({self.display}{environment})>"


class FleetMember(_Member):
    """One instance of a fleet, with what is known of it without asking it."""

    __slots__ = ()

    @property
    def instance(self) -> Instance:
        """Its instance API, with the token that the fleet has for it."""
        from xano_metadata._client import Instance  # noqa: PLC0415 - the roots load this module's neighbours

        return Instance._within(self._client, self._connection)


class AsyncFleetMember(_Member):
    """One instance of a fleet, with what is known of it without asking it."""

    __slots__ = ()

    @property
    def instance(self) -> AsyncInstance:
        """Its instance API, with the token that the fleet has for it."""
        from xano_metadata._aio import AsyncInstance  # noqa: PLC0415 - as above

        return AsyncInstance._within(self._client, self._connection)


class EstatePart:
    """What the two faces of a fleet have in common."""

    __slots__ = ()

    _native: NativeFleet

    def _driving(self, on_progress: Any = None) -> Driving:
        return Driving(fleet=self._native, on_progress=on_progress)

    def _natives(self, members: list[dict[str, Any]]) -> list[tuple[dict[str, Any], tuple[Client, Connection]]]:
        pairs = ((entry, self._native.instance(entry["name"])) for entry in members)
        return [(entry, native) for entry, native in pairs if native is not None]


class SyncEstate(EstatePart):
    """What a fleet can be asked, for ordinary, waiting code."""

    __slots__ = ()

    def members(self) -> list[FleetMember]:
        """The instances, asked for once a call.

        Raises:
            ConfigError: Rules disagree, or the configuration names an instance that no account lists.
            XanoError: An account cannot be asked.
        """
        return [FleetMember(*one) for one in self._natives(run("fleet.members", {}, self._driving()))]

    def inventory(
        self,
        *,
        branches: bool = False,
        tables: bool = False,
        counts: bool = False,
        concurrency: int = 16,
        on_progress: Callable[[TaskProgress], object] | None = None,
    ) -> Inventory:
        """What there is: instances and workspaces, and if asked for branches, tables and numbers of records.

        An instance that is down, or a workspace that the token may not see, hides nothing else: it is in `failures`.

        Args:
            branches: Whether to list branches: one call a workspace.
            tables: Whether to list tables: one call a workspace and page.
            counts: Whether to count records: one call a table, for which tables are listed too. With the free plan's
                limit 30 tables take a minute. It needs the token scope `Workspace Content: Read`.
            concurrency: Instances asked at once.
            on_progress: Called with how many instances are done.

        Raises:
            ConfigError: Two rules disagree on an instance.
        """
        arguments = {"branches": branches, "tables": tables, "counts": counts, "concurrency": concurrency}
        return Inventory(run("fleet.inventory", arguments, self._driving(on_progress)))

    def health(self, *, slow: float = 2.0, timeout: float = 10.0, concurrency: int = 16) -> Health:
        """Probes every instance once, and says how it is. A probe is one attempt of `GET /auth/me`, without retries.

        Args:
            slow: Seconds from which on, as median of the last three answers, an instance counts as slow.
            timeout: Longest time for a probe in seconds. Waiting for the rate limit comes on top, 25 s at most.
            concurrency: Instances looked at at once.

        Raises:
            ConfigError: Two rules disagree on an instance. What is wrong with an instance is its state.
        """
        arguments = {"slow": slow, "timeout": timeout, "concurrency": concurrency}
        return Health(run("fleet.health", arguments, self._driving()))

    def watch(
        self, *, every: float = 60.0, slow: float = 2.0, timeout: float = 10.0, concurrency: int = 16
    ) -> Generator[HealthChange, None, None]:
        """Looks at the fleet again and again, and yields only what changes, for ever; leave the loop to end it.

        The first look tells every instance that is not up, unless this fleet was looked at before. An instance with a
        rate limit is probed more seldom where probing would take more than a tenth of what it allows.

        Args:
            every: Seconds between looks.
            slow: As for `health`.
            timeout: As for `health`.
            concurrency: As for `health`.

        Raises:
            ConfigError: Two rules disagree on an instance.
        """
        arguments = {"every": every, "slow": slow, "timeout": timeout, "concurrency": concurrency}
        return found("fleet.watch", arguments, self._driving(), HealthChange)


class AsyncEstate(EstatePart):
    """What a fleet can be asked, for asyncio."""

    __slots__ = ()

    async def members(self) -> list[AsyncFleetMember]:
        """The instances, asked for once a call.

        Raises:
            ConfigError: Rules disagree, or the configuration names an instance that no account lists.
            XanoError: An account cannot be asked.
        """
        result = await run_async("fleet.members", {}, self._driving())
        return [AsyncFleetMember(*one) for one in self._natives(result)]

    async def inventory(
        self,
        *,
        branches: bool = False,
        tables: bool = False,
        counts: bool = False,
        concurrency: int = 16,
        on_progress: Callable[[TaskProgress], object | Awaitable[object]] | None = None,
    ) -> Inventory:
        """What there is: instances and workspaces, and if asked for branches, tables and numbers of records.

        An instance that is down, or a workspace that the token may not see, hides nothing else: it is in `failures`.

        Args:
            branches: Whether to list branches: one call a workspace.
            tables: Whether to list tables: one call a workspace and page.
            counts: Whether to count records: one call a table, for which tables are listed too. With the free plan's
                limit 30 tables take a minute. It needs the token scope `Workspace Content: Read`.
            concurrency: Instances asked at once.
            on_progress: Called with how many instances are done; may be a coroutine function.

        Raises:
            ConfigError: Two rules disagree on an instance.
        """
        arguments = {"branches": branches, "tables": tables, "counts": counts, "concurrency": concurrency}
        return Inventory(await run_async("fleet.inventory", arguments, self._driving(on_progress)))

    async def health(self, *, slow: float = 2.0, timeout: float = 10.0, concurrency: int = 16) -> Health:
        """Probes every instance once, and says how it is. A probe is one attempt of `GET /auth/me`, without retries.

        Args:
            slow: Seconds from which on, as median of the last three answers, an instance counts as slow.
            timeout: Longest time for a probe in seconds. Waiting for the rate limit comes on top, 25 s at most.
            concurrency: Instances looked at at once.

        Raises:
            ConfigError: Two rules disagree on an instance. What is wrong with an instance is its state.
        """
        arguments = {"slow": slow, "timeout": timeout, "concurrency": concurrency}
        return Health(await run_async("fleet.health", arguments, self._driving()))

    def watch(
        self, *, every: float = 60.0, slow: float = 2.0, timeout: float = 10.0, concurrency: int = 16
    ) -> AsyncGenerator[HealthChange, None]:
        """Looks at the fleet again and again, and yields only what changes, for ever; leave the loop to end it.

        The first look tells every instance that is not up, unless this fleet was looked at before. An instance with a
        rate limit is probed more seldom where probing would take more than a tenth of what it allows.

        Args:
            every: Seconds between looks.
            slow: As for `health`.
            timeout: As for `health`.
            concurrency: As for `health`.

        Raises:
            ConfigError: Two rules disagree on an instance.
        """
        arguments = {"every": every, "slow": slow, "timeout": timeout, "concurrency": concurrency}
        return found_async("fleet.watch", arguments, self._driving(), HealthChange)
