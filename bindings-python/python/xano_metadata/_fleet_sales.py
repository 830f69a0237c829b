"""What a snippet shop tells: tiers, sales, usage, what was issued and put in order.

An install token is worth what it was sold for, so no `repr`, table or error shows one whole; the attribute does.
"""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._model import Model, _escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Literal

    import pandas

    from xano_metadata._fleet_inventory import FleetFailure

    SaleState = Literal["pending", "sold", "revoked", "refunded", "abandoned"]

__all__ = ["ShopEntry", "ShopIssued", "ShopReconciled", "ShopSale", "ShopTier", "ShopUsage"]

_COLUMNS = ("id", "order", "tier", "buyer", "state", "installs", "used", "left", "on_server", "sold_at", "masked")


class ShopTier(Model):
    """Something that is for sale: so many installs of a snippet."""

    __slots__ = ()

    name: str
    """Its name."""
    snippet: str
    """Last part of the snippet's public address."""
    installs: int
    """Installs that a buyer gets."""
    price: str | None
    """The price in words."""
    price_minor: int | None
    """The price in the smallest unit of its currency."""
    instructions: str | None
    """What a buyer is told, with names in braces; None for the usual text."""
    title: str
    """The snippet's name, as the server told when the tier was set."""
    install_access: str
    """Who could install the snippet then; tokens only count where it is `token`."""
    ready: int
    """Tokens that can be sold at once. Tiers with the same snippet and as many installs share them."""
    reserved: int
    """Tokens that are held for sales under way."""
    set_aside: int
    """Tokens that cannot be sold: somebody used or changed them before they were."""
    sold: int
    """Sales that stand."""

    def __repr__(self) -> str:
        price = f", {self.price}" if self.price else ""
        return f"<ShopTier {self.name}: {self.installs} installs of {self.snippet}{price}; {self.ready} ready>"


class ShopSale(Model):
    """A sale. Printed it shows its token masked; `token` is the whole of it."""

    __slots__ = ()

    id: str
    """Its id, made by the shop."""
    order: str | None
    """The seller's own id of the purchase."""
    tier: str
    """The name of its tier."""
    snippet: str
    """Last part of the snippet's public address."""
    buyer: str
    """Who bought it."""
    installs: int
    """Installs that it allows, with what was added later."""
    used: int
    """Installs used when the shop last looked."""
    left: int | None
    """Installs that are left; told by `usage`."""
    on_server: bool | None
    """Whether the token is on the server; told by `usage`, None when it could not be asked."""
    price: str | None
    """The price when it was sold, in words."""
    price_minor: int | None
    """The price when it was sold, in the smallest unit."""
    state: SaleState
    """`pending` (under way), `sold`, `revoked`, `refunded`, or `abandoned` (it came to nothing)."""
    token: str | None
    """The install token: what the buyer gets. Told by `sell`, and by `sales(reveal=True)`; None elsewhere."""
    masked: str | None
    """Its first characters, to tell tokens apart."""
    instructions: str | None
    """What to tell the buyer, with the token. Told by `sell`; empty when the sale does not stand any more."""
    again: bool | None
    """Whether the order had been sold before, and nothing was sold now. Told by `sell`."""
    begun_at: str
    """When it was begun; RFC 3339 in UTC, as all times here."""
    held_until: str
    """Until when a pending sale holds its token."""
    checked_at: str | None
    """When the server last said that nobody had used the token before it was sold."""
    sold_at: str | None
    """When it was sold."""
    ended_at: str | None
    """When it was revoked, refunded or abandoned."""
    note: str | None
    """Why it ended, when that was said."""
    errand: str | None
    """The errand that is changing it right now, by its id."""

    def __repr__(self) -> str:
        counts = f"{self.used} of {self.installs} installs used"
        return (
            f"<ShopSale {self.id}: {self.tier} to {self.buyer}, {self.state}, {counts}, token {self.masked or 'none'}>"
        )

    def _repr_html_(self) -> str:
        return f"<pre>{_escape(repr(self))}</pre>"


class ShopIssued(Model):
    """What came of issuing tokens ahead."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {"failures": "[FleetFailure]"}

    tier: str
    """The tier."""
    ok: bool
    """Whether as many were made as were asked for."""
    issued: int
    """How many were made."""
    ready: int
    """How many of the tier are ready now."""
    failures: list[FleetFailure]
    """What went wrong."""

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} failures" if self["failures"] else ""
        return f"<ShopIssued: {self.issued} of {self.tier}, {self.ready} ready{failed}>"


class ShopUsage(Model):
    """How far buyers have used what they bought. A notebook shows it as a table."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {"sales": "[ShopSale]", "failures": "[FleetFailure]"}

    ok: bool
    """Whether every snippet could be asked."""
    sales: list[ShopSale]
    """Each sale."""
    installs: int
    """Installs that were sold."""
    used: int
    """Installs that were used."""
    left: int
    """Installs that are left."""
    failures: list[FleetFailure]
    """The snippets that could not be asked; their sales show what was last known."""

    def rows(self) -> list[dict[str, Any]]:
        """One row for each sale, without its token."""
        return [{name: sale.get(name) for name in _COLUMNS} for sale in self["sales"]]

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a data frame.

        Raises:
            ConfigError: pandas is not installed.
        """
        from xano_metadata._frames import require  # noqa: PLC0415 - loaded when it is used

        frame: pandas.DataFrame = require("pandas", "to_pandas()").DataFrame(self.rows(), columns=list(_COLUMNS))
        return frame

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} failures" if self["failures"] else ""
        return f"<ShopUsage: {len(self['sales'])} sales, {self.used} of {self.installs} installs used{failed}>"

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in _COLUMNS)
        lines = ("".join(f"<td>{_escape(_text(row[name]))}</td>" for name in _COLUMNS) for row in self.rows())
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        missing = "".join(f"<li>{_escape(repr(failure).strip('<>'))}</li>" for failure in self.failures)
        table = f"<table><caption>{_escape(repr(self).strip('<>'))}</caption><tr>{head}</tr>{body}</table>"
        return table + (f"<ul>{missing}</ul>" if missing else "")


class ShopReconciled(Model):
    """What was put in order between the ledger and the server."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {"failures": "[FleetFailure]"}

    ok: bool
    """Whether everything could be looked at and settled."""
    released: int
    """Pending sales that were ended because their seller did not come back; what they held is for sale again."""
    found: int
    """Tokens that were found on the server after their answers had been lost."""
    settled: int
    """Revocations, refunds and top ups that were left behind, and were brought to their end."""
    set_aside: int
    """Tokens that were ready and are not fit to be sold: used, changed or deleted on the server."""
    foreign: int
    """Tokens on the server that this shop did not make, and leaves alone."""
    notes: list[str]
    """What the owner should look at: sales whose token is gone or was changed on the server."""
    failures: list[FleetFailure]
    """What could not be looked at or settled."""


class ShopEntry(Model):
    """A line of the journal: what became of what, and when."""

    __slots__ = ()

    at: str
    """When."""
    about: Literal["tier", "token", "sale", "errand"]
    """What kind of thing."""
    id: str
    """Its name or id; of a token the first characters."""
    state: str
    """Its state from then on."""
    sale: str | None
    """The sale it belongs to."""
    note: str | None
    """What else is to be said."""

    def __repr__(self) -> str:
        note = f" ({self.note})" if self.note else ""
        return f"<ShopEntry {self.at}: {self.about} {self.id} {self.state}{note}>"


def _text(value: object) -> str:
    return "" if value is None else str(value)
