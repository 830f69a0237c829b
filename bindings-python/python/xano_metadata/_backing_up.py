"""The `backup` of workspaces, branches and fleets, and the `restore` of workspaces.

Handles are loaded with every client, so here is nothing but what hands on to `_fleet_backup.py`.
"""

from __future__ import annotations

from xano_metadata._options import OMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xano_metadata._fleet_backup import (
        Backup,
        BackupRestored,
        FleetBackup,
        Keep,
        Kind,
        OnProgress,
        OnProgressAsync,
        Path,
    )
    from xano_metadata._native import Fleet as NativeFleet
    from xano_metadata._options import Omit


class SyncBackingUp:
    """Backing up a workspace or a branch, for ordinary, waiting code."""

    __slots__ = ()

    def backup(
        self,
        to: Path = "backups",
        *,
        password: str | None = None,
        kind: Kind = "auto",
        on_progress: OnProgress = None,
    ) -> Backup:
        """Backs up the workspace: the logic of one branch, all tables, all records of all data sources.

        The file and its manifest appear whole and checked or not at all. Where the server exports no archive, as on
        free plans, a logical backup is made, and a warning tells.

        Args:
            to: The folder, made when it does not exist.
            password: Encrypts it: an archive by the server, a logical backup here. Default: not encrypted.
            kind: `"archive"` or `"logical"`. Default: an archive where the server exports one.
            on_progress: Called with how many bytes or rows have come.

        Returns:
            The backup. Its `path` is its file.

        Raises:
            ConfigError: There is no such workspace, or the folder cannot be written.
            DecodeError: What the server sent is no good archive.
            XanoError: The server cannot be asked. In no case is there a file then.
        """
        from xano_metadata._fleet_backup import create  # noqa: PLC0415 - loaded when it is used

        return create(self, to, password, kind, on_progress)


class SyncRestoring(SyncBackingUp):
    """Restoring a workspace as well."""

    __slots__ = ()

    def restore(
        self,
        file: Path | Backup,
        *,
        confirm: str,
        safety: Path | Omit | None = OMIT,
        password: str | None = None,
        tables: Mapping[str, str] | None = None,
        on_progress: OnProgress = None,
    ) -> BackupRestored:
        """Restores a backup into this workspace, over what is there.

        Args:
            file: The file of the backup, or what `backup()` returned.
            confirm: The exact name of the workspace.
            safety: The folder for the backup of what is there. Default: where the file is. None: no backup is made, and
                what is overwritten is gone.
            password: What the backup was encrypted with. The safety backup is encrypted with it too.
            tables: For a logical backup, only these tables, each with the name that it gets: `{"order": "orders_old"}`
                puts it beside the living one, `{"order": "order"}` goes over it.
            on_progress: Called with how many rows were restored.

        Returns:
            What was restored, and what was not.

        Raises:
            RefusedError: The name is missing or wrong, or a table would go over one of another name. Nothing was done.
            DecodeError: The backup is not good. Nothing was done.
            ConfigError: It cannot be restored as asked. Nothing was done.
            XanoError: It broke off; the message says what was done, what was not, and where the safety backup is.
        """
        from xano_metadata._fleet_backup import restore  # noqa: PLC0415 - loaded when it is used

        return restore(
            file,
            into=self,
            confirm=confirm,
            safety=safety,
            password=password,
            tables=tables,
            on_progress=on_progress,
        )


class AsyncBackingUp:
    """Backing up a workspace or a branch, for asyncio."""

    __slots__ = ()

    async def backup(
        self,
        to: Path = "backups",
        *,
        password: str | None = None,
        kind: Kind = "auto",
        on_progress: OnProgressAsync = None,
    ) -> Backup:
        """Backs up the workspace: the logic of one branch, all tables, all records of all data sources.

        The file and its manifest appear whole and checked or not at all. Where the server exports no archive, as on
        free plans, a logical backup is made, and a warning tells.

        Args:
            to: The folder, made when it does not exist.
            password: Encrypts it: an archive by the server, a logical backup here. Default: not encrypted.
            kind: `"archive"` or `"logical"`. Default: an archive where the server exports one.
            on_progress: Called with how many bytes or rows have come; may be a coroutine function.

        Returns:
            The backup. Its `path` is its file.

        Raises:
            ConfigError: There is no such workspace, or the folder cannot be written.
            DecodeError: What the server sent is no good archive.
            XanoError: The server cannot be asked. In no case is there a file then.
        """
        from xano_metadata._fleet_backup import create_async  # noqa: PLC0415 - loaded when it is used

        return await create_async(self, to, password, kind, on_progress)


class AsyncRestoring(AsyncBackingUp):
    """Restoring a workspace as well."""

    __slots__ = ()

    async def restore(
        self,
        file: Path | Backup,
        *,
        confirm: str,
        safety: Path | Omit | None = OMIT,
        password: str | None = None,
        tables: Mapping[str, str] | None = None,
        on_progress: OnProgressAsync = None,
    ) -> BackupRestored:
        """Restores a backup into this workspace, over what is there.

        Args:
            file: The file of the backup, or what `backup()` returned.
            confirm: The exact name of the workspace.
            safety: The folder for the backup of what is there. Default: where the file is. None: no backup is made, and
                what is overwritten is gone.
            password: What the backup was encrypted with. The safety backup is encrypted with it too.
            tables: For a logical backup, only these tables, each with the name that it gets: `{"order": "orders_old"}`
                puts it beside the living one, `{"order": "order"}` goes over it.
            on_progress: Called with how many rows were restored; may be a coroutine function.

        Returns:
            What was restored, and what was not.

        Raises:
            RefusedError: The name is missing or wrong, or a table would go over one of another name. Nothing was done.
            DecodeError: The backup is not good. Nothing was done.
            ConfigError: It cannot be restored as asked. Nothing was done.
            XanoError: It broke off; the message says what was done, what was not, and where the safety backup is.
        """
        from xano_metadata._fleet_backup import restore_async  # noqa: PLC0415 - loaded when it is used

        return await restore_async(
            file,
            into=self,
            confirm=confirm,
            safety=safety,
            password=password,
            tables=tables,
            on_progress=on_progress,
        )


class SyncFleetBackingUp:
    """Backing up a fleet, for ordinary, waiting code."""

    __slots__ = ()
    _native: NativeFleet

    def backup(
        self,
        to: Path = "backups",
        *,
        keep: Keep | None = None,
        concurrency: int = 4,
        password: str | None = None,
        kind: Kind = "auto",
        on_progress: OnProgress = None,
        on_backup: Callable[[Backup], object] | None = None,
    ) -> FleetBackup:
        """Backs up every workspace of every instance; one that fails does not keep the others from theirs.

        Args:
            to: The folder; each instance gets one of its own in it.
            keep: Which older backups of a workspace stay once a new good one exists. Default: all. What this library
                did not make, and what is no longer good, is never removed.
            concurrency: Workspaces at once.
            password: Encrypts them. Default: not encrypted.
            kind: `"archive"` or `"logical"`. Default: an archive where the server exports one.
            on_progress: Called with how far each workspace is.
            on_backup: Called with each backup as it is done.

        Returns:
            The report. It is `ok` when every workspace has a new good backup and nothing else went wrong.

        Raises:
            ConfigError: Options cannot be met, or the fleet's rules disagree.
        """
        from xano_metadata._fleet_backup import create_all  # noqa: PLC0415 - loaded when it is used

        return create_all(
            self._native,
            to=to,
            keep=keep,
            concurrency=concurrency,
            password=password,
            kind=kind,
            on_progress=on_progress,
            on_backup=on_backup,
        )


class AsyncFleetBackingUp:
    """Backing up a fleet, for asyncio."""

    __slots__ = ()
    _native: NativeFleet

    async def backup(
        self,
        to: Path = "backups",
        *,
        keep: Keep | None = None,
        concurrency: int = 4,
        password: str | None = None,
        kind: Kind = "auto",
        on_progress: OnProgressAsync = None,
        on_backup: Callable[[Backup], object] | None = None,
    ) -> FleetBackup:
        """Backs up every workspace of every instance; one that fails does not keep the others from theirs.

        Args:
            to: The folder; each instance gets one of its own in it.
            keep: Which older backups of a workspace stay once a new good one exists. Default: all. What this library
                did not make, and what is no longer good, is never removed.
            concurrency: Workspaces at once.
            password: Encrypts them. Default: not encrypted.
            kind: `"archive"` or `"logical"`. Default: an archive where the server exports one.
            on_progress: Called with how far each workspace is; may be a coroutine function.
            on_backup: Called with each backup as it is done; may be a coroutine function.

        Returns:
            The report. It is `ok` when every workspace has a new good backup and nothing else went wrong.

        Raises:
            ConfigError: Options cannot be met, or the fleet's rules disagree.
        """
        from xano_metadata._fleet_backup import create_all_async  # noqa: PLC0415 - loaded when it is used

        return await create_all_async(
            self._native,
            to=to,
            keep=keep,
            concurrency=concurrency,
            password=password,
            kind=kind,
            on_progress=on_progress,
            on_backup=on_backup,
        )
