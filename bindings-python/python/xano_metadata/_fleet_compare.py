"""What differs between two branches, workspaces or instances."""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._fleet_inventory import FleetFailure
from xano_metadata._model import Model
from xano_metadata._tasks import Driving, Places, run, run_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any, ClassVar, Literal

    import pandas

    from xano_metadata._tasks import TaskProgress

    RecordsMode = Literal[False, "counts", "content"]
    Families = Sequence[str]

__all__ = ["Comparison", "ComparisonChange", "ComparisonSide", "ComparisonSkip", "compare", "compare_async"]

COLUMNS = ("workspace", "family", "name", "was", "change", "fields", "records_left", "records_right")


class ComparisonSide(Model):
    """One of the two sides."""

    __slots__ = ()

    instance: str
    """The host of the instance."""
    workspace: str | None
    """The name of the workspace; None when whole instances are compared."""
    branch: str | None
    """The label of the branch, where it is known."""


class ComparisonChange(Model):
    """One difference."""

    __slots__ = ()

    workspace: str | None
    """The workspace, when whole instances are compared."""
    family: str
    """What sort of thing it is, such as `functions`, `columns` or `records`."""
    name: str
    """Its name, such as `order_total`, `GET shop/product` or `order.total`."""
    was: str | None
    """Its name on the left side, where that is another."""
    change: Literal["added", "removed", "changed"]
    """Whether only the right side has it, only the left side, or both and it is not the same."""
    fields: list[str]
    """What is not the same, when it was changed: fields of the API, `xanoscript`, `records`, `count`."""
    diff: str
    """The difference as lines that begin with `-` for the left side and `+` for the right one; not without bounds."""
    records: dict[str, int | None] | None
    """For records: how many there are (`left`, `right`) and how many differ (`added`, `removed`, `changed`)."""

    def __repr__(self) -> str:
        return f"<{self.change} {self.family} {self.name}{f' {self.fields}' if self['fields'] else ''}>"


class ComparisonSkip(Model):
    """What was not compared, without anything having gone wrong."""

    __slots__ = ()

    family: str
    """The family."""
    side: Literal["left", "right"] | None
    """The side that it is about; None for both."""
    reason: str
    """Why, as a sentence."""


class Comparison(Model):
    """What differs between a left side and a right one. `str()` is a text with diffs; a notebook shows it folded."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {
        "left": "ComparisonSide",
        "right": "ComparisonSide",
        "changes": "[ComparisonChange]",
        "failures": "[FleetFailure]",
        "skipped": "[ComparisonSkip]",
    }

    left: ComparisonSide
    """Where things are compared from."""
    right: ComparisonSide
    """What they are compared with."""
    equal: bool
    """Whether nothing differs and everything that was asked for could be read."""
    changes: list[ComparisonChange]
    """The differences, by family and name."""
    compared: dict[str, dict[str, int]]
    """How many things of each family were looked at: `left` and `right`."""
    failures: list[FleetFailure]
    """What could not be read, and was not compared for that; `left/functions` says where."""
    skipped: list[ComparisonSkip]
    """What was not compared for another reason."""

    def rows(self) -> list[dict[str, Any]]:
        """A flat row for each difference, always with the same columns, and without the diff."""
        return [_row(change) for change in self["changes"]]

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a data frame of pandas, which has to be installed."""
        from xano_metadata._frames import require  # noqa: PLC0415 - only frames need it

        frame: pandas.DataFrame = require("pandas", "to_pandas").DataFrame(self.rows(), columns=list(COLUMNS))
        typed: pandas.DataFrame = frame.astype(dict.fromkeys(("records_left", "records_right"), "Int64"))
        return typed

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON, without its renderings."""
        data = super().to_dict()
        return {name: value for name, value in data.items() if name not in ("text", "html")}

    def to_html(self) -> str:
        """The comparison as a piece of HTML without scripts, in which everything that came from outside is escaped."""
        return str(self["html"])

    def __str__(self) -> str:
        return str(self["text"])

    def __repr__(self) -> str:
        if self["equal"]:
            return "<Comparison: equal>"
        problems = f", {len(self['failures'])} failures" if self["failures"] else ""
        return f"<Comparison: {len(self['changes'])} changes{problems}>"

    def _repr_html_(self) -> str:
        return self.to_html()


def _row(change: dict[str, Any]) -> dict[str, Any]:
    records = change["records"] or {}
    return {
        **{name: change[name] for name in ("workspace", "family", "name", "was", "change")},
        "fields": ", ".join(change["fields"]),
        "records_left": records.get("left"),
        "records_right": records.get("right"),
    }


def compare(
    left: Any,
    right: Any,
    *,
    records: RecordsMode = False,
    families: Families | None = None,
    addresses: bool | None = None,
    diff_lines: int = 200,
    on_progress: Callable[[TaskProgress], object] | None = None,
) -> Comparison:
    """Compares two workspaces, branches or instances: what differs on the way from `left` to `right`.

    >>> from xano_metadata.testing import Emulator
    >>> with Emulator(seed_demo=True) as emulator, emulator.instance() as instance:
    ...     main = instance.workspace("Main")
    ...     difference = compare(main, main.branch("next"))
    >>> difference.equal, difference.changes
    (False, [<changed functions order_total ['description', 'xanoscript']>])

    Args:
        left: Where things are compared from: a workspace (its live branch), a branch, or an instance.
        right: What they are compared with: the same sort of thing.
        records: Whether records are compared too: `"counts"` tells how many there are, `"content"` reads every one on
            both sides.
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
    name, arguments, driving = _task(left, right, on_progress)
    arguments |= {"records": records, "families": families, "addresses": addresses, "diff_lines": diff_lines}
    return Comparison(run(name, arguments, driving))


async def compare_async(
    left: Any,
    right: Any,
    *,
    records: RecordsMode = False,
    families: Families | None = None,
    addresses: bool | None = None,
    diff_lines: int = 200,
    on_progress: Callable[[TaskProgress], object | Awaitable[object]] | None = None,
) -> Comparison:
    """The same for asyncio; `on_progress` may be a coroutine function."""
    name, arguments, driving = _task(left, right, on_progress)
    arguments |= {"records": records, "families": families, "addresses": addresses, "diff_lines": diff_lines}
    return Comparison(await run_async(name, arguments, driving))


def _task(left: Any, right: Any, on_progress: Any) -> tuple[str, dict[str, Any], Driving]:
    from xano_metadata._fleet_roots import AsyncInstanceNode, SyncInstanceNode  # noqa: PLC0415 - loaded by then

    places = Places()
    driving = Driving(places=places, on_progress=on_progress)
    instances = (SyncInstanceNode, AsyncInstanceNode)
    if isinstance(left, instances) and isinstance(right, instances):
        numbers = {"left": places.at(left._connection), "right": places.at(right._connection)}
        return "compare.instances", numbers, driving
    if isinstance(left, instances) or isinstance(right, instances):
        from xano_metadata.errors import ConfigError  # noqa: PLC0415 - only faults need it

        raise ConfigError("An instance is compared with another instance, not with a workspace or a branch of one.")
    sides = {"left": places.of(left, "compare()"), "right": places.of(right, "compare()")}
    return "compare.places", sides, driving
