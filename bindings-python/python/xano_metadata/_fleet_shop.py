"""Selling install tokens of snippets: `xano.shop("shop.db")`."""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._fleet_sales import ShopEntry, ShopIssued, ShopReconciled, ShopSale, ShopTier, ShopUsage
from xano_metadata._tasks import Driving, run, run_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike
    from typing import Any

    from typing_extensions import Self

    from xano_metadata._fleet_sales import SaleState
    from xano_metadata._native import Client
    from xano_metadata._tasks import TaskProgress

__all__ = ["AsyncShop", "Shop"]


class _ShopBase:
    """What a shop works with."""

    __slots__ = ("_client", "_shop")

    _client: Client
    _shop: dict[str, Any]

    @classmethod
    def _of(cls, client: Client, ledger: str | PathLike[str], hold: float | None, stale: float | None) -> Self:
        from os import fsdecode  # noqa: PLC0415 - loaded with the room

        made = cls.__new__(cls)
        made._client = client
        shop = {"ledger": fsdecode(ledger), "hold": hold, "stale": stale}
        made._shop = {name: value for name, value in shop.items() if value is not None}
        return made

    def _arguments(self, what: Mapping[str, Any]) -> dict[str, Any]:
        return {"shop": self._shop, "do": {name: value for name, value in what.items() if value is not None}}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} with the ledger {self._shop['ledger']}>"


class Shop(_ShopBase):
    """A shop that sells install tokens of snippets, and never one twice.

    Its ledger is a SQLite file that any number of programs may share. `shop.db` is made for its owner alone, because
    install tokens are in it.

    >>> import tempfile
    >>> from xano_metadata.testing import Emulator
    >>> with Emulator(seed_demo=True) as emulator, emulator.client() as xano, tempfile.TemporaryDirectory() as folder:
    ...     access = xano.snippet("demo-001").update(install_access="token", install_access_description="")
    ...     shop = xano.shop(f"{folder}/shop.db")
    ...     tier = shop.tier("team", snippet="demo-001", installs=5)
    ...     sale = shop.sell("team", buyer="ada@example.com", order="invoice-17")
    ...     print(sale.state, sale.installs, shop.sell("team", buyer="ada@example.com", order="invoice-17").again)
    sold 5 True
    """

    __slots__ = ()

    def tier(
        self,
        name: str,
        *,
        snippet: str,
        installs: int,
        price: str | None = None,
        price_minor: int | None = None,
        instructions: str | None = None,
    ) -> ShopTier:
        """Sets a tier: adds it, or changes the one of that name. What was sold stays as it was sold.

        When nothing changes, nothing is asked of the server. Otherwise the snippet is read; a warning is given when it
        can be installed without a token.

        Args:
            name: Its name, such as `team`.
            snippet: Last part of the snippet's public address.
            installs: Installs that a buyer gets, at least 1.
            price: The price in words, such as `29 EUR`.
            price_minor: The price in the smallest unit of its currency, for sums.
            instructions: What a buyer is told, with `{buyer}`, `{token}` and other names in braces. Default: a short
                text with the link and the token.

        Raises:
            ConfigError: It cannot be sold so.
            NotFoundError: There is no such snippet of yours.
        """
        return ShopTier(
            self._run(
                "tier",
                {
                    "name": name,
                    "snippet": snippet,
                    "installs": installs,
                    "price": price,
                    "price_minor": price_minor,
                    "instructions": instructions,
                },
            )
        )

    def tiers(self) -> list[ShopTier]:
        """The tiers, and what is ready and sold of each. Asks the ledger only."""
        return [ShopTier(one) for one in self._run("tiers", {})]

    def issue(
        self, tier: str, count: int, *, on_progress: Callable[[TaskProgress], object] | None = None
    ) -> ShopIssued:
        """Makes install tokens ahead, so that a sale need not wait for the server to make one.

        A lost answer is settled by looking at the server: a token is neither lost nor made twice.

        Args:
            tier: The name of the tier.
            count: How many.
            on_progress: Called with a `TaskProgress` now and then.

        Returns:
            How many were made, and what went wrong.
        """
        return ShopIssued(self._run("issue", {"tier": tier, "count": count}, on_progress))

    def sell(self, tier: str, *, buyer: str, order: str | None = None, issue: bool = True) -> ShopSale:
        """Sells one token of a tier, which is then this buyer's and nobody else's.

        The sale is in the ledger before this returns. Before a token of the stock is handed out, the server is asked
        whether it is still as it was made.

        Args:
            tier: The name of the tier.
            buyer: Who buys, in your words, at most 500 characters.
            order: Your own id of the purchase, such as an invoice or a payment. The same order again returns the same
                sale, whoever asks; so a payment that is told twice is sold once.
            issue: Whether a token is made when none is ready.

        Returns:
            The sale with `token` and `instructions` for the buyer.

        Raises:
            RefusedError: No token is ready and none may be made; or the order was another purchase.
            ConfigError: There is no such tier.
            XanoError: The server could not be asked. Nothing is sold then; try again with the same order.
        """
        return ShopSale(self._run("sell", {"tier": tier, "buyer": buyer, "order": order, "issue": issue}))

    def instructions(self, sale: ShopSale | str) -> str:
        """What to tell the buyer of a sale that stands, with the token."""
        text: str = self._run("instructions", {"sale": _which(sale)})
        return text

    def sales(
        self,
        *,
        sale: ShopSale | str | None = None,
        tier: str | None = None,
        buyer: str | None = None,
        state: SaleState | None = None,
        reveal: bool = False,
    ) -> list[ShopSale]:
        """Sales, in the order in which they were begun. Asks the ledger only.

        Args:
            sale: Only this one, by its id or its order.
            tier: Only those of this tier.
            buyer: Only those to this buyer.
            state: Only those in this state.
            reveal: Whether to tell the install tokens.
        """
        return [
            ShopSale(one)
            for one in self._run(
                "sales", {"sale": _which(sale), "tier": tier, "buyer": buyer, "state": state, "reveal": reveal}
            )
        ]

    def usage(
        self,
        *,
        sale: ShopSale | str | None = None,
        tier: str | None = None,
        buyer: str | None = None,
        state: SaleState | None = None,
    ) -> ShopUsage:
        """Asks the server how many installs of each sale are used and left, several snippets at once.

        Args:
            sale: Only this one, by its id or its order.
            tier: Only those of this tier.
            buyer: Only those to this buyer.
            state: Only those in this state. Default: those that stand.
        """
        return ShopUsage(self._run("usage", {"sale": _which(sale), "tier": tier, "buyer": buyer, "state": state}))

    def revoke(self, sale: ShopSale | str, *, reason: str | None = None) -> ShopSale:
        """Revokes a sale: deletes its token, so that no more installs can be made. Those that were made stay.

        Args:
            sale: The sale, its id or its order.
            reason: Why, for the journal.

        Returns:
            The sale; `used` says how many installs had been made.
        """
        return ShopSale(self._run("revoke", {"sale": _which(sale), "reason": reason}))

    def refund(self, sale: ShopSale | str, *, reason: str | None = None) -> ShopSale:
        """Refunds a sale: revokes it, and marks that the money is to be given back, which is your matter.

        Args:
            sale: The sale, its id or its order.
            reason: Why, for the journal.

        Returns:
            The sale; `used` says how many installs had been made.
        """
        return ShopSale(self._run("refund", {"sale": _which(sale), "reason": reason}))

    def top_up(self, sale: ShopSale | str, *, installs: int, order: str | None = None) -> ShopSale:
        """Adds installs to a sale that stands. A lost answer is settled by reading the token.

        An install that is made within the few milliseconds of it is not counted, as the server sets limit and count
        together; while a token is used up, none can be made.

        Args:
            sale: The sale, its id or its order.
            installs: How many more, at least 1.
            order: Your own id of this purchase: the same order again adds nothing.
        """
        return ShopSale(self._run("top_up", {"sale": _which(sale), "installs": installs, "order": order}))

    def reconcile(self, *, alone: bool = False) -> ShopReconciled:
        """Compares the ledger with the server, and settles what was left behind by a crash or a lost answer.

        Args:
            alone: Nobody else is selling right now: whatever is under way was left behind, and is not waited for.
        """
        return ShopReconciled(self._run("reconcile", {"alone": alone}))

    def journal(self, sale: ShopSale | str | None = None) -> list[ShopEntry]:
        """What happened, in its order: every change of a tier, a token, a sale or an errand to the server.

        Args:
            sale: Only what belongs to this sale, by its id or its order.
        """
        return [ShopEntry(one) for one in self._run("journal", {"sale": _which(sale)})]

    def _run(
        self, verb: str, what: Mapping[str, Any], on_progress: Callable[[TaskProgress], object] | None = None
    ) -> Any:
        driving = Driving(client=self._client, on_progress=on_progress)
        return run(f"shop.{verb}", self._arguments(what), driving)


class AsyncShop(_ShopBase):
    """A shop that sells install tokens of snippets, and never one twice. The twin of `Shop` for asyncio."""

    __slots__ = ()

    async def tier(
        self,
        name: str,
        *,
        snippet: str,
        installs: int,
        price: str | None = None,
        price_minor: int | None = None,
        instructions: str | None = None,
    ) -> ShopTier:
        """Sets a tier: adds it, or changes the one of that name. What was sold stays as it was sold.

        When nothing changes, nothing is asked of the server. Otherwise the snippet is read; a warning is given when it
        can be installed without a token.

        Args:
            name: Its name, such as `team`.
            snippet: Last part of the snippet's public address.
            installs: Installs that a buyer gets, at least 1.
            price: The price in words, such as `29 EUR`.
            price_minor: The price in the smallest unit of its currency, for sums.
            instructions: What a buyer is told, with `{buyer}`, `{token}` and other names in braces. Default: a short
                text with the link and the token.

        Raises:
            ConfigError: It cannot be sold so.
            NotFoundError: There is no such snippet of yours.
        """
        return ShopTier(
            await self._run(
                "tier",
                {
                    "name": name,
                    "snippet": snippet,
                    "installs": installs,
                    "price": price,
                    "price_minor": price_minor,
                    "instructions": instructions,
                },
            )
        )

    async def tiers(self) -> list[ShopTier]:
        """The tiers, and what is ready and sold of each. Asks the ledger only."""
        return [ShopTier(one) for one in await self._run("tiers", {})]

    async def issue(
        self, tier: str, count: int, *, on_progress: Callable[[TaskProgress], object] | None = None
    ) -> ShopIssued:
        """Makes install tokens ahead, so that a sale need not wait for the server to make one.

        A lost answer is settled by looking at the server: a token is neither lost nor made twice.

        Args:
            tier: The name of the tier.
            count: How many.
            on_progress: Called with a `TaskProgress` now and then.

        Returns:
            How many were made, and what went wrong.
        """
        return ShopIssued(await self._run("issue", {"tier": tier, "count": count}, on_progress))

    async def sell(self, tier: str, *, buyer: str, order: str | None = None, issue: bool = True) -> ShopSale:
        """Sells one token of a tier, which is then this buyer's and nobody else's.

        The sale is in the ledger before this returns. Before a token of the stock is handed out, the server is asked
        whether it is still as it was made.

        Args:
            tier: The name of the tier.
            buyer: Who buys, in your words, at most 500 characters.
            order: Your own id of the purchase, such as an invoice or a payment. The same order again returns the same
                sale, whoever asks; so a payment that is told twice is sold once.
            issue: Whether a token is made when none is ready.

        Returns:
            The sale with `token` and `instructions` for the buyer.

        Raises:
            RefusedError: No token is ready and none may be made; or the order was another purchase.
            ConfigError: There is no such tier.
            XanoError: The server could not be asked. Nothing is sold then; try again with the same order.
        """
        return ShopSale(await self._run("sell", {"tier": tier, "buyer": buyer, "order": order, "issue": issue}))

    async def instructions(self, sale: ShopSale | str) -> str:
        """What to tell the buyer of a sale that stands, with the token."""
        text: str = await self._run("instructions", {"sale": _which(sale)})
        return text

    async def sales(
        self,
        *,
        sale: ShopSale | str | None = None,
        tier: str | None = None,
        buyer: str | None = None,
        state: SaleState | None = None,
        reveal: bool = False,
    ) -> list[ShopSale]:
        """Sales, in the order in which they were begun. Asks the ledger only.

        Args:
            sale: Only this one, by its id or its order.
            tier: Only those of this tier.
            buyer: Only those to this buyer.
            state: Only those in this state.
            reveal: Whether to tell the install tokens.
        """
        return [
            ShopSale(one)
            for one in await self._run(
                "sales", {"sale": _which(sale), "tier": tier, "buyer": buyer, "state": state, "reveal": reveal}
            )
        ]

    async def usage(
        self,
        *,
        sale: ShopSale | str | None = None,
        tier: str | None = None,
        buyer: str | None = None,
        state: SaleState | None = None,
    ) -> ShopUsage:
        """Asks the server how many installs of each sale are used and left, several snippets at once.

        Args:
            sale: Only this one, by its id or its order.
            tier: Only those of this tier.
            buyer: Only those to this buyer.
            state: Only those in this state. Default: those that stand.
        """
        return ShopUsage(await self._run("usage", {"sale": _which(sale), "tier": tier, "buyer": buyer, "state": state}))

    async def revoke(self, sale: ShopSale | str, *, reason: str | None = None) -> ShopSale:
        """Revokes a sale: deletes its token, so that no more installs can be made. Those that were made stay.

        Args:
            sale: The sale, its id or its order.
            reason: Why, for the journal.

        Returns:
            The sale; `used` says how many installs had been made.
        """
        return ShopSale(await self._run("revoke", {"sale": _which(sale), "reason": reason}))

    async def refund(self, sale: ShopSale | str, *, reason: str | None = None) -> ShopSale:
        """Refunds a sale: revokes it, and marks that the money is to be given back, which is your matter.

        Args:
            sale: The sale, its id or its order.
            reason: Why, for the journal.

        Returns:
            The sale; `used` says how many installs had been made.
        """
        return ShopSale(await self._run("refund", {"sale": _which(sale), "reason": reason}))

    async def top_up(self, sale: ShopSale | str, *, installs: int, order: str | None = None) -> ShopSale:
        """Adds installs to a sale that stands. A lost answer is settled by reading the token.

        An install that is made within the few milliseconds of it is not counted, as the server sets limit and count
        together; while a token is used up, none can be made.

        Args:
            sale: The sale, its id or its order.
            installs: How many more, at least 1.
            order: Your own id of this purchase: the same order again adds nothing.
        """
        return ShopSale(await self._run("top_up", {"sale": _which(sale), "installs": installs, "order": order}))

    async def reconcile(self, *, alone: bool = False) -> ShopReconciled:
        """Compares the ledger with the server, and settles what was left behind by a crash or a lost answer.

        Args:
            alone: Nobody else is selling right now: whatever is under way was left behind, and is not waited for.
        """
        return ShopReconciled(await self._run("reconcile", {"alone": alone}))

    async def journal(self, sale: ShopSale | str | None = None) -> list[ShopEntry]:
        """What happened, in its order: every change of a tier, a token, a sale or an errand to the server.

        Args:
            sale: Only what belongs to this sale, by its id or its order.
        """
        return [ShopEntry(one) for one in await self._run("journal", {"sale": _which(sale)})]

    async def _run(
        self, verb: str, what: Mapping[str, Any], on_progress: Callable[[TaskProgress], object] | None = None
    ) -> Any:
        driving = Driving(client=self._client, on_progress=on_progress)
        return await run_async(f"shop.{verb}", self._arguments(what), driving)


def _which(sale: ShopSale | str | None) -> str | None:
    """A sale as arguments spell it."""
    if sale is None or isinstance(sale, str):
        return sale
    if isinstance(sale, ShopSale):
        return sale.id
    from xano_metadata.errors import ConfigError  # noqa: PLC0415 - only faults need it

    raise ConfigError(f"A sale is given by its id or its order, or as it was told, not as {type(sale).__name__}.")
