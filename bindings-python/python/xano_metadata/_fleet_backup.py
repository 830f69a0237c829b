"""Backups that are checked before they count: making, verifying, keeping and restoring them."""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._backups import (
    Backup,
    BackupFile,
    BackupManifest,
    BackupRemoved,
    BackupRestored,
    BackupTable,
    BackupVerification,
    BackupWorkspace,
    FleetBackup,
    RestoredTable,
)
from xano_metadata._options import OMIT, Omit
from xano_metadata._tasks import Driving, Places, run, run_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from os import PathLike
    from typing import Any, Literal

    from xano_metadata._native import Fleet as NativeFleet
    from xano_metadata._tasks import TaskProgress

    Path = str | PathLike[str]
    Kind = Literal["auto", "archive", "logical"]
    OnProgress = Callable[[TaskProgress], object] | None
    OnProgressAsync = Callable[[TaskProgress], object | Awaitable[object]] | None

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
    "Keep",
    "RestoredTable",
    "restore",
    "restore_async",
    "verify",
    "verify_async",
]


class Keep:
    """Which backups of a workspace stay once a new good one exists. The newest always does."""

    __slots__ = ("daily", "last", "weekly")

    last: int
    """The newest so many."""
    daily: int
    """Of each of the latest so many days (UTC) that have any, the newest."""
    weekly: int
    """Of each of the latest so many weeks (UTC, from Monday) that have any, the newest."""

    def __init__(self, last: int = 0, *, daily: int = 0, weekly: int = 0) -> None:
        """States the rule; what none of the three keeps goes.

        Args:
            last: The newest so many.
            daily: Of each of the latest so many days that have any, the newest.
            weekly: Of each of the latest so many weeks that have any, the newest.

        Raises:
            ConfigError: A number is none, or nothing would be kept.
        """
        self.last, self.daily, self.weekly = last, daily, weekly
        numbers = (last, daily, weekly)
        fine = all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in numbers)
        if not fine or not any(numbers):
            raise _config("Keep takes whole numbers from 0 (last, daily, weekly), of which one at least is above it.")

    def __repr__(self) -> str:
        return f"Keep(last={self.last}, daily={self.daily}, weekly={self.weekly})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keep) and self._numbers() == other._numbers()

    def __hash__(self) -> int:
        return hash(tuple(self._numbers().values()))

    def _numbers(self) -> dict[str, int]:
        return {"last": self.last, "daily": self.daily, "weekly": self.weekly}


def _config(message: str) -> Exception:
    from xano_metadata.errors import ConfigError  # noqa: PLC0415 - only faults need it

    return ConfigError(message)


def _path(value: object, name: str) -> str:
    from os import PathLike, fspath  # noqa: PLC0415 - loaded with the task

    path = fspath(value) if isinstance(value, (str, PathLike)) else None
    if not isinstance(path, str):
        raise _config(f"{name} takes a path, not {type(value).__name__}.")
    return path


def _creating(
    place: Any, to: Path, password: str | None, kind: Kind, on_progress: OnProgressAsync
) -> tuple[dict[str, Any], Driving]:
    places = Places()
    arguments = {"place": places.of(place, "backup()"), "to": _path(to, "to"), "password": password, "kind": kind}
    return arguments, Driving(places=places, on_progress=on_progress)


def create(place: Any, to: Path, password: str | None, kind: Kind, on_progress: OnProgress) -> Backup:
    """Backs up a workspace."""
    arguments, driving = _creating(place, to, password, kind, on_progress)
    return Backup(run("backup.create", arguments, driving))


async def create_async(place: Any, to: Path, password: str | None, kind: Kind, on_progress: OnProgressAsync) -> Backup:
    """The same for asyncio."""
    arguments, driving = _creating(place, to, password, kind, on_progress)
    return Backup(await run_async("backup.create", arguments, driving))


def _of_fleet(fleet: NativeFleet, **given: Any) -> tuple[dict[str, Any], Driving]:
    keep, on_backup = given.pop("keep"), given.pop("on_backup")
    if keep is not None and not isinstance(keep, Keep):
        raise _config("keep takes a Keep, such as Keep(last=3, daily=7, weekly=4).")

    def on_found(found: Any) -> Any:
        return on_backup(Backup(found))

    driving = Driving(
        fleet=fleet,
        on_progress=given.pop("on_progress"),
        on_found=None if on_backup is None else on_found,
    )
    given["to"] = _path(given["to"], "to")
    given["keep"] = None if keep is None else keep._numbers()
    return given, driving


def create_all(fleet: NativeFleet, **given: Any) -> FleetBackup:
    """Backs up every workspace of a fleet."""
    arguments, driving = _of_fleet(fleet, **given)
    return FleetBackup(run("backup.fleet", arguments, driving))


async def create_all_async(fleet: NativeFleet, **given: Any) -> FleetBackup:
    """The same for asyncio."""
    arguments, driving = _of_fleet(fleet, **given)
    return FleetBackup(await run_async("backup.fleet", arguments, driving))


def verify(path: Path, *, password: str | None = None, on_progress: OnProgress = None) -> BackupVerification:
    """Looks at every backup in a folder and in the folders in it, or at one: is it still what was stored?

    Each is looked at against its manifest (size, hash, members) and inside: the gzip stream to its trailer, the archive
    to its end, every row of a logical backup. Nothing is changed, and nothing is sent.

    Args:
        path: A folder, or the file or manifest of one backup.
        password: Opens logical backups that are encrypted. What a server encrypted can be looked at from outside only.
        on_progress: Called with how many files were looked at.

    Returns:
        The report. It is `ok` when every backup is good and there is one at least.

    Raises:
        ConfigError: There is nothing at the path, or it cannot be read.
    """
    arguments = {"path": _path(path, "verify()"), "password": password}
    return BackupVerification(run("backup.verify", arguments, Driving(on_progress=on_progress)))


async def verify_async(
    path: Path, *, password: str | None = None, on_progress: OnProgressAsync = None
) -> BackupVerification:
    """The same for asyncio; `on_progress` may be a coroutine function."""
    arguments = {"path": _path(path, "verify_async()"), "password": password}
    return BackupVerification(await run_async("backup.verify", arguments, Driving(on_progress=on_progress)))


def _restoring(file: Any, into: Any, **given: Any) -> tuple[dict[str, Any], Driving]:
    places = Places()
    driving = Driving(places=places, on_progress=given.pop("on_progress"))
    given["file"] = _path(file["path"] if isinstance(file, Backup) else file, "restore()")
    given["into"] = places.of(into, "restore()")
    # What is not said means beside the backup; None means that there be none.
    safety = given["safety"]
    given["safety"] = None if isinstance(safety, Omit) else False if safety is None else _path(safety, "safety")
    given["tables"] = None if given["tables"] is None else dict(given["tables"])
    return given, driving


def restore(
    file: Path | Backup,
    *,
    into: Any,
    confirm: str,
    safety: Path | Omit | None = OMIT,
    password: str | None = None,
    tables: Mapping[str, str] | None = None,
    on_progress: OnProgress = None,
) -> BackupRestored:
    """Restores a backup into a workspace, over what is there.

    Nothing happens before the name of the workspace was given, the backup was found good, and what is there was backed
    up. An archive replaces everything in the workspace, every branch of it. A logical backup replaces the tables that
    it holds, with their records and ids, and pushes the scripts; other tables and other logic are left alone.

    Args:
        file: The file of the backup, or what `backup()` returned.
        into: The workspace; with a branch of one, the scripts of a logical backup go there.
        confirm: The exact name of the workspace.
        safety: The folder for the backup of what is there. Default: where the file is. None: no backup is made, and
            what is overwritten is gone.
        password: What the backup was encrypted with. The safety backup is encrypted with it too.
        tables: For a logical backup, only these tables, each with the name that it gets: `{"order": "orders_old"}` puts
            it beside the living one, `{"order": "order"}` goes over it.
        on_progress: Called with how many rows were restored.

    Returns:
        What was restored, and what was not.

    Raises:
        RefusedError: The name is missing or another, or a table would go over one of another name. Nothing was done.
        DecodeError: The backup is not good. Nothing was done.
        ConfigError: It cannot be restored as asked. Nothing was done.
        XanoError: It broke off; the message says what was done, what was not, and where the safety backup is.
    """
    arguments, driving = _restoring(
        file,
        into,
        confirm=confirm,
        safety=safety,
        password=password,
        tables=tables,
        on_progress=on_progress,
    )
    return BackupRestored(run("backup.restore", arguments, driving))


async def restore_async(
    file: Path | Backup,
    *,
    into: Any,
    confirm: str,
    safety: Path | Omit | None = OMIT,
    password: str | None = None,
    tables: Mapping[str, str] | None = None,
    on_progress: OnProgressAsync = None,
) -> BackupRestored:
    """The same for asyncio; `on_progress` may be a coroutine function."""
    arguments, driving = _restoring(
        file,
        into,
        confirm=confirm,
        safety=safety,
        password=password,
        tables=tables,
        on_progress=on_progress,
    )
    return BackupRestored(await run_async("backup.restore", arguments, driving))
