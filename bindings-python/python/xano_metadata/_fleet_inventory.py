"""What there is in a fleet: instances, workspaces, branches, tables, numbers of records."""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._model import Model, _escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    import pandas

__all__ = [
    "FleetFailure",
    "Inventory",
    "InventoryBranch",
    "InventoryInstance",
    "InventoryTable",
    "InventoryWorkspace",
]

COLUMNS = (
    "instance",
    "display",
    "environment",
    "protected",
    "url",
    "plan",
    "rate_limited",
    "workspace_id",
    "workspace",
    "live_branch",
    "branches",
    "table_id",
    "table",
    "records",
    "problem",
)

_SHOWN_ROWS = 200


class FleetFailure(Model):
    """What went wrong in one place, while the others went on."""

    __slots__ = ()

    at: str
    """Where: an instance, `instance/workspace`, a part of one, or an account."""
    error: dict[str, Any]
    """The error: `code`, `message`, `status`, `hint` and the other fields of `XanoError`."""

    @property
    def message(self) -> str:
        """What happened."""
        return str(self["error"].get("message") or "")

    def __repr__(self) -> str:
        return f"<FleetFailure at {self.at}: {self.message}>"


class InventoryBranch(Model):
    """A branch."""

    __slots__ = ()

    label: str
    """Its label."""
    live: bool
    """Whether it is the live one."""
    backup: bool
    """Whether the server made it as a backup."""


class InventoryTable(Model):
    """A table."""

    __slots__ = ()

    id: int
    """Its number."""
    name: str
    """Its name."""
    auth: bool
    """Whether users who log in are kept in it."""
    records: int | None
    """Its records in the live data source; None when they were not asked for or could not be counted."""


class InventoryWorkspace(Model):
    """A workspace."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {"branches": "[InventoryBranch]", "tables": "[InventoryTable]"}

    id: int
    """Its number."""
    name: str
    """Its name."""
    description: str | None
    """Its description."""
    live_branch: str | None
    """Label of its live branch, where the server says."""
    branches: list[InventoryBranch] | None
    """Its branches; None when they were not asked for or could not be listed."""
    tables: list[InventoryTable] | None
    """Its tables; None when they were not asked for or could not be listed."""


class InventoryInstance(Model):
    """An instance."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {"workspaces": "[InventoryWorkspace]"}

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
    plan: str | None
    """Its plan, where the account says."""
    rate_limited: bool
    """Whether a rate limit is known."""
    workspaces: list[InventoryWorkspace] | None
    """Its workspaces; None when they could not be listed, which is not the same as there being none."""


class Inventory(Model):
    """What there is in a fleet. A notebook shows it as a table."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {"instances": "[InventoryInstance]", "failures": "[FleetFailure]"}

    at: str
    """When it was begun, RFC 3339 in UTC."""
    seconds: float
    """How long it took."""
    ok: bool
    """Whether nothing is missing."""
    instances: list[InventoryInstance]
    """The instances, in the order of the fleet. One that could not be asked is there all the same."""
    failures: list[FleetFailure]
    """What is missing, where and why."""

    def rows(self) -> list[dict[str, Any]]:
        """Flat rows, always with the same columns: one for each workspace, or each table where tables were asked for.

        An instance without workspaces, and a workspace without tables, has a row as well, so that nothing is missing.
        """
        problems = {failure["at"]: failure["error"].get("message") for failure in self["failures"]}
        return [row for instance in self["instances"] for row in _rows(instance, problems)]

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a data frame of pandas, which has to be installed. Numbers that may be missing are `Int64`."""
        from xano_metadata._frames import require  # noqa: PLC0415 - only frames need it

        frame: pandas.DataFrame = require("pandas", "to_pandas").DataFrame(self.rows(), columns=list(COLUMNS))
        numbers = ("workspace_id", "branches", "table_id", "records")
        typed: pandas.DataFrame = frame.astype(dict.fromkeys(numbers, "Int64"))
        return typed

    def __repr__(self) -> str:
        missing = f", {len(self['failures'])} failures" if self["failures"] else ""
        return f"<Inventory of {len(self['instances'])} instances{missing}, {self['seconds']:.1f} s>"

    def _repr_html_(self) -> str:
        rows = self.rows()
        head = "".join(f"<th style='text-align:left'>{_escape(name)}</th>" for name in COLUMNS)
        body = "".join(
            "<tr>" + "".join(f"<td>{_escape(_word(row[name]))}</td>" for name in COLUMNS) + "</tr>"
            for row in rows[:_SHOWN_ROWS]
        )
        more = f"<p>… {len(rows) - _SHOWN_ROWS} more rows</p>" if len(rows) > _SHOWN_ROWS else ""
        caption = _escape(repr(self).strip("<>"))
        return f"<table><caption>{caption}</caption><tr>{head}</tr>{body}</table>{more}"


def _word(value: object) -> str:
    if value is None:
        return ""
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _rows(instance: dict[str, Any], problems: dict[str, str]) -> list[dict[str, Any]]:
    name = instance["name"]
    bare = dict.fromkeys(COLUMNS) | {
        "instance": name,
        "problem": problems.get(name),
        **{key: instance[key] for key in COLUMNS if key in instance},
    }
    rows: list[dict[str, Any]] = []
    for workspace in instance["workspaces"] or ():
        parts = [f"{name}/{workspace['name']}/{part}" for part in ("branches", "tables", "records")]
        branches = workspace["branches"]
        whole = bare | {
            "workspace_id": workspace["id"],
            "workspace": workspace["name"],
            "live_branch": workspace["live_branch"],
            "branches": None if branches is None else len(branches),
            "problem": " ".join(problems[part] for part in parts if part in problems) or None,
        }
        rows += [
            whole
            | {
                "table_id": table["id"],
                "table": table["name"],
                "records": table["records"],
                "problem": whole["problem"] or problems.get(f"{name}/{workspace['name']}/{table['name']}"),
            }
            for table in workspace["tables"] or ()
        ] or [whole]
    return rows or [bare]
