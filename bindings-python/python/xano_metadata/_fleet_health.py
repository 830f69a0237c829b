"""How the instances of a fleet are, and what changed."""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._model import Model, _escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Literal

    from xano_metadata._fleet_inventory import FleetFailure

__all__ = ["Health", "HealthChange", "InstanceHealth"]

_COLOURS = {"up": "#1a7f37", "slow": "#9a6700", "unauthorised": "#bc4c00", "down": "#cf222e"}


class InstanceHealth(Model):
    """How an instance is."""

    __slots__ = ()

    name: str
    """Its name."""
    display: str
    """Its display name."""
    environment: str | None
    """The environment it belongs to."""
    protected: bool
    """Whether that is protected."""
    url: str | None
    """Base of its API."""
    state: Literal["up", "slow", "unauthorised", "down"]
    """`up`; `slow` (it answers, but late, or not everybody); `unauthorised` (it does not take the token); `down`."""
    reason: str | None
    """Why it is not up."""
    since: str
    """Since when it is so, as far as this fleet has looked; RFC 3339 in UTC."""
    checked_at: str
    """When it was probed last, RFC 3339 in UTC."""
    reachable: bool
    """Whether something answered."""
    authorised: bool | None
    """Whether it takes the token; None when that could not be found out."""
    latency_ms: float | None
    """Milliseconds that the last probe took, if it was answered well."""
    p50_ms: float | None
    """Half of the latest probes (60 at most) took no longer than this."""
    p95_ms: float | None
    """95 in 100 of them took no longer than this."""
    probes: int
    """How many probes these numbers are of."""
    rate_limited: bool
    """Whether a rate limit is known."""
    slowed: bool
    """Whether that limit slowed the probing: it waited for room, or was left out to spare it."""
    token_expires_at: str | None
    """When the token expires, RFC 3339 in UTC; None when it does not tell."""
    token_days_left: float | None
    """Days until then; negative afterwards."""

    def __repr__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"<InstanceHealth: {self.display} is {self.state}{why}>"


class HealthChange(Model):
    """Something that changed between two looks. As text it is a line for people."""

    __slots__ = ()

    at: str
    """When it was seen, RFC 3339 in UTC."""
    what: Literal["state", "rate_limit", "token", "appeared", "gone", "account"]
    """What changed: an instance's state, whether a rate limit is known, how long the token is good for, which instances
    there are, whether an account can be asked."""
    name: str
    """The instance's name; of an account, `account` or `account NAME`."""
    display: str
    """The instance's display name."""
    environment: str | None
    """The environment that it belongs to."""
    to: str | None
    """What it is now."""
    reason: str | None
    """Why."""

    @property
    def previous(self) -> str | None:
        """What it was; None at the first look. It is the item `from`, which no attribute can be called."""
        before: str | None = self.get("from")
        return before

    def __str__(self) -> str:
        return str(self["text"])

    def __repr__(self) -> str:
        return f"<HealthChange: {self['text']}>"


class Health(Model):
    """How the instances of a fleet are. A notebook shows it as a table."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {
        "instances": "[InstanceHealth]",
        "changes": "[HealthChange]",
        "failures": "[FleetFailure]",
    }

    at: str
    """When it was looked, RFC 3339 in UTC."""
    seconds: float
    """How long looking took."""
    ok: bool
    """Whether all can be worked with: none is down or unauthorised, and nothing stood in the way of looking."""
    instances: list[InstanceHealth]
    """The instances, in the order of the fleet."""
    changes: list[HealthChange]
    """What changed since the last look with the same fleet. At the first look: every instance that is not up."""
    failures: list[FleetFailure]
    """Accounts that could not be asked, and instances that no account lists."""

    def rows(self) -> list[dict[str, Any]]:
        """One row for each instance, with its fields."""
        return [dict(instance) for instance in self["instances"]]

    def __repr__(self) -> str:
        states = [instance["state"] for instance in self["instances"]]
        counts = ", ".join(f"{states.count(state)} {state}" for state in _COLOURS if state in states)
        return f"<Health of {len(states)} instances{': ' if counts else ''}{counts}>"

    def _repr_html_(self) -> str:
        titles = ("instance", "environment", "state", "p50 ms", "p95 ms", "rate limited", "token days", "reason")
        head = "".join(f"<th style='text-align:left'>{title}</th>" for title in titles)
        body = "".join(_html_row(instance) for instance in self["instances"])
        missing = "".join(f"<li>{_escape(repr(failure).strip('<>'))}</li>" for failure in self.failures)
        caption = _escape(repr(self).strip("<>"))
        return f"<table><caption>{caption}</caption><tr>{head}</tr>{body}</table>" + (
            f"<ul>{missing}</ul>" if missing else ""
        )


def _html_row(instance: dict[str, Any]) -> str:
    state = instance["state"]
    limited = ("", "yes")[instance["rate_limited"]] + (", slowed" if instance["slowed"] else "")
    days = instance["token_days_left"]
    cells = [
        _escape(instance["display"]),
        _escape((instance["environment"] or "") + (" (protected)" if instance["protected"] else "")),
        f"<b style='color:{_COLOURS.get(state, 'inherit')}'>{_escape(state)}</b>",
        *("" if instance[key] is None else f"{instance[key]:.0f}" for key in ("p50_ms", "p95_ms")),
        limited.lstrip(", "),
        "" if days is None else f"{days:.1f}",
        _escape(instance["reason"] or ""),
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
