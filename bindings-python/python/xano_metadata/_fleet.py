"""Many instances as one: `Fleet`, and `AsyncFleet`, its twin for asyncio.

What a fleet can do lives in rooms of its own, each with a part for either face: `_fleet_estate.py` (members, inventory,
health), `_fleet_backup.py` and so on. Here is only what makes a fleet, narrows it and ends it.
"""

from __future__ import annotations

from xano_metadata._backing_up import AsyncFleetBackingUp, SyncFleetBackingUp
from xano_metadata._fleet_estate import AsyncEstate, SyncEstate
from xano_metadata._model import Model
from xano_metadata._native import Fleet as NativeFleet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from typing import Any

    from typing_extensions import Self, Unpack

    from xano_metadata._native import Client
    from xano_metadata._options import ClientOptions, SharedFields

    Config = str | PathLike[str] | Mapping[str, Any]

__all__ = ["AsyncFleet", "Fleet", "FleetEnvironment"]


class FleetEnvironment(Model):
    """An environment, such as `prod`."""

    __slots__ = ()

    name: str
    """Its name."""
    protected: bool
    """Whether changes to it are always asked for."""
    instances: list[str]
    """Names or display names of its instances, as the configuration has them."""

    @property
    def patterns(self) -> list[str]:
        """Patterns on the name or the display name of its instances: the key `match` of the configuration."""
        return list(self["match"])


def _make(client: Client | None, config: Config | None, options: Mapping[str, Any]) -> NativeFleet:
    from collections.abc import Mapping  # noqa: PLC0415 - only making a fleet needs these
    from os import fspath  # noqa: PLC0415

    from xano_metadata._native import dumps  # noqa: PLC0415

    if config is None:
        return NativeFleet(client, None, options)
    if isinstance(config, Mapping):
        return NativeFleet(client, dumps(dict(config), "Fleet"), options)
    path = fspath(config) if isinstance(config, str) or hasattr(config, "__fspath__") else None
    if not isinstance(path, str):
        from xano_metadata.errors import ConfigError  # noqa: PLC0415

        raise ConfigError(
            f"A fleet takes the path of a file such as fleet.toml, or a dict, not {type(config).__name__}."
        )
    return NativeFleet(client, path, options)


class _FleetBase:
    """What makes, narrows and ends a fleet."""

    __slots__ = ("_native",)

    _native: NativeFleet

    def __init__(self, config: Config, *, options: ClientOptions | None = None, **fields: Unpack[SharedFields]) -> None:
        """Makes a fleet of what a configuration names; `xano.fleet()` makes one of an account.

        Args:
            config: Path of a file such as `fleet.toml`, or the same as a dict. The guide to fleets has its keys. Tokens
                come from the environment variables that it names; they never stand in it.
            options: Options for the clients of its accounts and instances.
            **fields: The same as keywords, over `options`.

        Raises:
            ConfigError: The configuration cannot be used; the message names line and key.
        """
        from xano_metadata._roots import native_options  # noqa: PLC0415 - the roots load this module

        self._native = _make(None, config, native_options(options, fields))

    @classmethod
    def _over(cls, native: NativeFleet) -> Self:
        made = cls.__new__(cls)
        made._native = native
        return made

    @classmethod
    def _of(cls, client: Client, config: Config | None) -> Self:
        """The fleet of an account, and of a configuration if there is one."""
        return cls._over(_make(client, config, {}))

    @property
    def environments(self) -> tuple[FleetEnvironment, ...]:
        """The environments, in the order of the configuration; of a fleet narrowed to one, that one."""
        return tuple(FleetEnvironment(one) for one in self._native.environments())

    def environment(self, name: str) -> Self:
        """The instances of one environment, as a fleet that shares what was learnt with this one. Nothing is sent.

        Raises:
            ConfigError: There is no such environment; the message names those there are.
        """
        return self._over(self._native.environment(name))

    def __repr__(self) -> str:
        names = ", ".join(environment.name for environment in self.environments)
        return f"<{type(self).__name__}{f' of {names}' if names else ''}>"


class Fleet(_FleetBase, SyncEstate, SyncFleetBackingUp):
    """Many instances as one: those of an account, of several, or of a file.

    >>> from xano_metadata.testing import Emulator
    >>> with Emulator(seed_demo=True) as emulator, emulator.client() as xano:
    ...     fleet = xano.fleet({"environments": {"prod": {"match": ["*-prod"], "protected": True}}})
    ...     print(fleet.health())
    <Health of 4 instances: 4 up>
    """

    __slots__ = ()

    def close(self) -> None:
        """Ends the clients that the fleet made for its configuration, not the one it came from."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._native.close()


class AsyncFleet(_FleetBase, AsyncEstate, AsyncFleetBackingUp):
    """Many instances as one, for asyncio: the twin of `Fleet`."""

    __slots__ = ()

    async def close(self) -> None:
        """Ends the clients that the fleet made for its configuration, not the one it came from."""
        self._native.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._native.close()
