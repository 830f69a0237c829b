"""What the roots can do beyond their operations: jobs across instances.

`Xano`, `Instance` and their async twins extend these classes. They are loaded with every client, so a method here does
nothing but load the room of its job (`_fleet_estate.py`, …) and hand on to it.
"""

from __future__ import annotations

from xano_metadata._comparing import AsyncComparing, SyncComparing
from xano_metadata._roots import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike

    from xano_metadata._fleet import AsyncFleet, Config, Fleet
    from xano_metadata._fleet_shop import AsyncShop, Shop


class SyncXanoNode(Root):
    """The jobs of an account, for ordinary, waiting code."""

    __slots__ = ()

    def fleet(self, config: Config | None = None) -> Fleet:
        """Every instance of the account as one: what there is, how it is, backups of all.

        Args:
            config: Path of a file such as `fleet.toml`, or the same as a dict: environments by rule, further accounts,
                and instances with a URL or a token of their own. Default: none.

        Returns:
            The fleet. Nothing is sent.

        Raises:
            ConfigError: The configuration cannot be used; the message names line and key.
        """
        from xano_metadata._fleet import Fleet  # noqa: PLC0415 - loaded when it is used

        return Fleet._of(self._client, config)

    def shop(self, ledger: str | PathLike[str], *, hold: float | None = None, stale: float | None = None) -> Shop:
        """A shop that sells install tokens of your snippets, and never one twice.

        Args:
            ledger: Path of its ledger, a SQLite file; made when there is none, for its owner alone.
            hold: Seconds for which a sale under way holds its token. Default: 60.
            stale: Seconds after which a request without an answer counts as left behind. Default: 600.

        Returns:
            The shop. Nothing is sent, and the ledger is not opened yet.
        """
        from xano_metadata._fleet_shop import Shop  # noqa: PLC0415 - loaded when it is used

        return Shop._of(self._client, ledger, hold, stale)


class AsyncXanoNode(Root):
    """The jobs of an account, for asyncio."""

    __slots__ = ()

    def fleet(self, config: Config | None = None) -> AsyncFleet:
        """Every instance of the account as one: what there is, how it is, backups of all.

        Args:
            config: Path of a file such as `fleet.toml`, or the same as a dict: environments by rule, further accounts,
                and instances with a URL or a token of their own. Default: none.

        Returns:
            The fleet. Nothing is sent.

        Raises:
            ConfigError: The configuration cannot be used; the message names line and key.
        """
        from xano_metadata._fleet import AsyncFleet  # noqa: PLC0415 - loaded when it is used

        return AsyncFleet._of(self._client, config)

    def shop(self, ledger: str | PathLike[str], *, hold: float | None = None, stale: float | None = None) -> AsyncShop:
        """A shop that sells install tokens of your snippets, and never one twice.

        Args:
            ledger: Path of its ledger, a SQLite file; made when there is none, for its owner alone.
            hold: Seconds for which a sale under way holds its token. Default: 60.
            stale: Seconds after which a request without an answer counts as left behind. Default: 600.

        Returns:
            The shop. Nothing is sent, and the ledger is not opened yet.
        """
        from xano_metadata._fleet_shop import AsyncShop  # noqa: PLC0415 - loaded when it is used

        return AsyncShop._of(self._client, ledger, hold, stale)


class SyncInstanceNode(SyncComparing, Root):
    """The jobs of an instance, for ordinary, waiting code."""

    __slots__ = ()


class AsyncInstanceNode(AsyncComparing, Root):
    """The jobs of an instance, for asyncio."""

    __slots__ = ()
