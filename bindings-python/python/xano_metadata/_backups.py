"""What backups tell of themselves: one that was made, many that were looked at, one that was restored."""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._model import Model, _escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Literal

    import pandas

    from xano_metadata._fleet_inventory import FleetFailure

__all__ = [
    "Backup",
    "BackupFile",
    "BackupManifest",
    "BackupRemoved",
    "BackupRestored",
    "BackupTable",
    "BackupVerification",
    "BackupWorkspace",
    "FleetBackup",
    "RestoredTable",
]

_COLUMNS = ("path", "state", "trouble", "reason", "instance", "workspace", "branch", "kind", "created_at", "size")
_SHOWN_ROWS = 200


class BackupWorkspace(Model):
    """The workspace of a backup."""

    __slots__ = ()

    id: int
    """Its number."""
    name: str
    """Its name."""


class BackupTable(Model):
    """A table of a logical backup."""

    __slots__ = ()

    name: str
    """Its name."""
    records: dict[str, int]
    """Records by the label of their data source."""


class _Manifest(Model):
    """What a manifest says."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {"workspace": "BackupWorkspace", "tables": "[BackupTable]"}

    file: str
    """The name of the file."""
    kind: Literal["archive", "logical"]
    """An archive of the server, or a logical backup of schemas, records and scripts."""
    created_at: str
    """When it was begun, RFC 3339 in UTC."""
    instance: str
    """The name of the instance."""
    base_url: str
    """Base of the instance's API."""
    workspace: BackupWorkspace
    """The workspace."""
    branch: str | None
    """The branch whose logic is in it; None where the server did not say which one is live."""
    size: int
    """Bytes of the file."""
    sha256: str
    """The hash of the file."""
    encrypted: bool
    """Whether it is encrypted."""
    checked: Literal["contents", "size"]
    """What was looked at before it counted: all of it, or the length alone where the server encrypted it."""
    tables: list[BackupTable] | None
    """The tables of a logical backup."""
    scripts: bool | None
    """Whether a logical backup holds the scripts."""
    warnings: list[str]
    """What is not in it, or why it is of this kind."""

    @property
    def records(self) -> int | None:
        """Records in all, for a logical backup."""
        if self["tables"] is None:
            return None
        total: int = sum(count for table in self["tables"] for count in table["records"].values())
        return total


class Backup(_Manifest):
    """A backup that is whole, checked and on the disk."""

    __slots__ = ()

    path: str
    """Its file."""
    manifest_path: str
    """Its manifest."""
    seconds: float
    """How long it took."""

    def __fspath__(self) -> str:
        return str(self["path"])

    def __repr__(self) -> str:
        return f"<Backup of {self.instance}/{self.workspace.name}: {self.kind}, {self.size:,} bytes, {self.path}>"


class BackupFile(Model):
    """A file that was looked at."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {"manifest": "BackupManifest"}

    path: str
    """The file; the manifest where there is only that."""
    state: Literal["good", "encrypted", "bad", "stray"]
    """`good`, `bad`, `stray` (no backup), or `encrypted`: what was stored byte for byte, but not looked into."""
    trouble: str | None
    """What is wrong: `truncated`, `changed`, `not_an_archive`, `encrypted`, `not_encrypted`, `wrong_password`,
    `unsafe`, `contents`, `manifest_missing`, `manifest_damaged`, `file_missing`, `unreadable`."""
    reason: str | None
    """What is wrong, or what was not looked at, as a sentence."""
    manifest: BackupManifest | None
    """Its manifest, where it has one that reads."""

    def __repr__(self) -> str:
        return f"<BackupFile {self.path}: {self.state}{f': {self.reason}' if self.reason else ''}>"


class BackupManifest(_Manifest):
    """What the manifest of a backup says of it."""

    __slots__ = ()


class BackupVerification(Model):
    """What came of looking at backups. A notebook shows it as a table."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {"files": "[BackupFile]"}

    ok: bool
    """Whether every backup is good, and there is one at least."""
    path: str
    """What was looked at."""
    files: list[BackupFile]
    """Every file, by its name."""
    good: int
    """Backups that are good, those included that are encrypted."""
    bad: int
    """Backups that are not."""
    stray: int
    """Files that are no backups."""
    seconds: float
    """How long it took."""

    def rows(self) -> list[dict[str, Any]]:
        """A flat row for each file, always with the same columns."""
        return [_row(file) for file in self["files"]]

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a data frame of pandas, which has to be installed."""
        from xano_metadata._frames import require  # noqa: PLC0415 - only frames need it

        frame: pandas.DataFrame = require("pandas", "to_pandas").DataFrame(self.rows(), columns=list(_COLUMNS))
        typed: pandas.DataFrame = frame.astype({"size": "Int64"})
        return typed

    def __repr__(self) -> str:
        return f"<BackupVerification: {self.good} good, {self.bad} bad, {self.stray} stray>"

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in _COLUMNS)
        rows = self.rows()
        body = "".join(_html_row(row) for row in rows[:_SHOWN_ROWS])
        more = f"<p>… {len(rows) - _SHOWN_ROWS} more</p>" if len(rows) > _SHOWN_ROWS else ""
        return f"<table><caption>{_escape(repr(self).strip('<>'))}</caption><tr>{head}</tr>{body}</table>{more}"


def _html_row(row: dict[str, Any]) -> str:
    cells = ("" if cell is None else _escape(str(cell)) for cell in row.values())
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _row(file: dict[str, Any]) -> dict[str, Any]:
    manifest = file["manifest"] or {}
    return {
        **{name: file[name] for name in ("path", "state", "trouble", "reason")},
        "instance": manifest.get("instance"),
        "workspace": (manifest.get("workspace") or {}).get("name"),
        **{name: manifest.get(name) for name in ("branch", "kind", "created_at", "size")},
    }


class BackupRemoved(Model):
    """An old backup that was removed with its manifest."""

    __slots__ = ()

    path: str
    """Its file."""
    instance: str
    """The instance."""
    workspace: str
    """The workspace."""


class FleetBackup(Model):
    """What became of the backups of a fleet."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {
        "done": "[Backup]",
        "failures": "[FleetFailure]",
        "removed": "[BackupRemoved]",
    }

    ok: bool
    """Whether every workspace has a new good backup and nothing else went wrong."""
    done: list[Backup]
    """The new backups."""
    failures: list[FleetFailure]
    """What failed: `at` is an instance, `instance/workspace`, or the path of an old backup that is no longer good."""
    removed: list[BackupRemoved]
    """Old backups that the rule let go."""
    seconds: float
    """How long it took."""

    def rows(self) -> list[dict[str, Any]]:
        """A flat row for each workspace and each failure, always with the same columns."""
        done = [
            {
                "at": f"{backup['instance']}/{backup['workspace']['name']}",
                "ok": True,
                "problem": None,
                **{name: backup[name] for name in ("path", "kind", "created_at", "size", "seconds")},
            }
            for backup in self["done"]
        ]
        nothing = dict.fromkeys(("path", "kind", "created_at", "size", "seconds"))
        failed = [{"at": failure.at, "ok": False, "problem": failure.message, **nothing} for failure in self.failures]
        return done + failed

    def __repr__(self) -> str:
        removed = f", {len(self['removed'])} old ones removed" if self["removed"] else ""
        return f"<FleetBackup: {len(self['done'])} done, {len(self['failures'])} failures{removed}>"


class RestoredTable(Model):
    """A table that was restored."""

    __slots__ = ()

    name: str
    """Its name in the backup."""
    restored_as: str
    """Its name in the workspace."""
    made: bool
    """Whether it was made; otherwise it was there and was overwritten."""
    records: dict[str, int]
    """Records that were restored, by data source; empty for an archive, which the server unpacks unseen."""
    failed: int
    """Records that were refused."""
    failures: list[dict[str, Any]]
    """The first of them: `row`, `column`, `reason`, `record`."""


class BackupRestored(Model):
    """What was restored, and what was not."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {"tables": "[RestoredTable]"}

    ok: bool
    """Whether everything that the backup holds was restored: every row, and the scripts where it has them."""
    path: str
    """The backup."""
    kind: Literal["archive", "logical"]
    """How it was made."""
    instance: str
    """The instance that it was restored into."""
    workspace: str
    """The name of the workspace that it was restored into."""
    branch: str | None
    """The branch that the logic went into."""
    safety: list[str]
    """The backups of what was there before."""
    tables: list[RestoredTable]
    """The tables."""
    scripts: bool | None
    """Whether the logic was restored; None where it was not to be."""
    not_restored: list[str]
    """What the backup does not hold or the server did not take, as sentences."""
    left_alone: list[str]
    """Tables of the workspace that the backup does not hold; they are as they were."""
    warnings: list[str]
    """What else there is to know."""
    seconds: float
    """How long it took, safety backup included."""

    def __repr__(self) -> str:
        state = "whole" if self.ok else "in part"
        return f"<BackupRestored: {self.workspace} {state}, {len(self['tables'])} tables>"
