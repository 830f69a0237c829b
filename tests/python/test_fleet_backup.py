"""Backups from Python: made, verified, kept, restored; sync and async, and the samples of the guide."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xano_metadata import (
    AsyncXano,
    Backup,
    BackupFile,
    ConfigError,
    DecodeError,
    Instance,
    Keep,
    RefusedError,
    TaskProgress,
    restore,
    verify,
    verify_async,
)
from xano_metadata.testing import Emulator

from .conftest import Script

PAGE = Path(__file__).parents[2] / "docs" / "backups.md"


@pytest.fixture
def demo() -> Iterator[Emulator]:
    """An emulator of this test's own, with the demonstration shop."""
    with Emulator(seed_demo=True) as emulator:
        yield emulator


@pytest.fixture
def instance(demo: Emulator) -> Iterator[Instance]:
    with demo.instance(rate_limit="off", backoff=0.001, max_retries=1) as instance:
        yield instance


def test_an_archive_is_made_found_good_and_restored(instance: Instance, tmp_path: Path) -> None:
    main = instance.workspace("Main")
    before = main.table("order").records.to_list()
    told: list[TaskProgress] = []
    backup = main.backup(tmp_path / "to", on_progress=told.append)
    assert (backup.kind, backup.checked, backup.workspace.name, backup.branch) == ("archive", "contents", "Main", "v1")
    assert Path(backup).stat().st_size == backup.size == told[-1].done
    assert backup.records is None
    found = verify(tmp_path / "to")
    assert (found.ok, found.good, found.bad) == (True, 1, 0)
    [row] = found.rows()
    assert (row["state"], row["workspace"], row["size"]) == ("good", "Main", backup.size)
    main.table("order").delete()
    restored = main.restore(backup, confirm="Main")
    assert restored.ok
    assert main.table("order").records.to_list() == before
    assert [Path(path).parent for path in restored.safety] == [tmp_path / "to"] * 2, "both branches are backed up"
    assert verify(tmp_path / "to").good == 3


def test_a_damaged_one_is_named_and_not_restored(instance: Instance, tmp_path: Path) -> None:
    main = instance.workspace("Main")
    backup = main.backup(tmp_path)
    content = bytearray(Path(backup.path).read_bytes())
    content[len(content) // 2] ^= 1
    Path(backup.path).write_bytes(content)
    found = verify(tmp_path)
    [file] = found.files
    assert isinstance(file, BackupFile)
    assert (found.ok, file.state, file.trouble) == (False, "bad", "changed")
    assert file.manifest is not None
    assert file.manifest.workspace.name == "Main"
    assert "changed" in found._repr_html_()
    with pytest.raises(DecodeError, match="nothing was restored"):
        main.restore(backup.path, confirm="Main")
    with pytest.raises(RefusedError, match="exact name"):
        main.restore(backup.path, confirm="main")


def test_free_plans_get_a_logical_backup_and_a_warning(demo: Emulator, instance: Instance, tmp_path: Path) -> None:
    main = instance.workspace("Main")
    demo.faults({"kind": "status", "status": 403, "path": "/workspace/*/export"})
    with pytest.warns(UserWarning, match="logical backup"):
        backup = main.backup(tmp_path)
    assert backup.kind == "logical"
    assert backup.tables
    count = len(main.table("order").records.to_list())
    assert next(table for table in backup.tables if table.name == "order").records["live"] == count
    restored = restore(backup, into=main, confirm="Main", tables={"order": "order 2"}, safety=None)
    assert (restored.ok, restored.safety, restored.tables[0].restored_as) == (True, [], "order 2")
    assert len(main.table("order 2").records.to_list()) == count
    with pytest.raises(RefusedError):
        restore(backup, into=main, confirm="Main", tables={"order": "customer"}, safety=None)


def test_a_fleet_is_kept_by_a_rule(demo: Emulator, tmp_path: Path) -> None:
    with demo.client(rate_limit="off", max_retries=0) as xano:
        fleet = xano.fleet()
        seen: list[Backup] = []
        first = fleet.backup(tmp_path, on_backup=seen.append)
        assert first.ok, first.failures
        assert {backup.path for backup in seen} == {backup.path for backup in first.done}
        second = fleet.backup(tmp_path, keep=Keep(1))
        assert {old.path for old in second.removed} == {backup.path for backup in first.done}
        assert verify(tmp_path).good == len(second.done)
        demo.faults({"kind": "cut_body", "path": "/workspace/*/export"})
        third = fleet.backup(tmp_path, keep=Keep(1))
        assert (third.ok, third.removed, len(third.failures)) == (False, [], len(second.done))
        assert {row["ok"] for row in third.rows()} == {False}
        assert verify(tmp_path).good == len(second.done)


async def test_the_twins_do_the_same(demo: Emulator, tmp_path: Path) -> None:
    async with demo.async_client(rate_limit="off") as xano:
        assert isinstance(xano, AsyncXano)
        name = (await xano.instances.list().all())[0].name
        main = xano.instance(name).workspace("Main")
        backup = await main.backup(tmp_path, password="open sesame", kind="logical")
        found = await verify_async(tmp_path)
        assert (found.files[0].state, backup.encrypted) == ("encrypted", True)
        assert (await verify_async(tmp_path, password="open sesame")).files[0].state == "good"
        restored = await main.restore(backup, confirm="Main", password="open sesame", safety=None)
        assert restored.ok, restored
        assert (await xano.fleet().backup(tmp_path / "fleet", concurrency=2)).ok
        # Given up in the middle, it leaves nothing.
        demo.faults({"kind": "hang", "path": "/workspace/*/export"})
        making = asyncio.ensure_future(main.backup(tmp_path / "empty"))
        await asyncio.sleep(0.3)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        assert not list((tmp_path / "empty").iterdir())


def test_bad_input_is_refused_before_anything_is_sent(instance: Instance, tmp_path: Path) -> None:
    main = instance.workspace("Main")
    bad: list[dict[str, Any]] = [{}, {"last": -1}, {"daily": True}, {"weekly": 1.5}]
    for keep in bad:
        with pytest.raises(ConfigError, match="Keep takes"):
            Keep(**keep)
    assert repr(Keep(3, daily=7)) == "Keep(last=3, daily=7, weekly=0)"
    assert Keep(1) == Keep(last=1)
    assert Keep(1) != Keep(2)
    with pytest.raises(ConfigError, match="path"):
        main.backup(7)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="password is empty"):
        main.backup(tmp_path, password="")
    with pytest.raises(ConfigError, match="workspace"):
        restore("x", into=instance, confirm="Main")
    with pytest.raises(ConfigError, match="cannot be read"):
        verify(tmp_path / "none")


def test_it_is_not_loaded_before_it_is_used(run_python: Script) -> None:
    code = """
    import sys
    import xano_metadata
    from xano_metadata import Instance
    Instance("https://x.example.com", token="t").workspace(1)
    assert not {name for name in sys.modules if name.endswith(("_fleet_backup", "_backups", "_tasks"))}
    """
    done = run_python(code)
    assert done.returncode == 0, done.stderr


def test_the_samples_of_the_guide_run(demo: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    samples = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(samples) == 5
    with demo.client(rate_limit="off") as xano, demo.instance(rate_limit="off") as instance:
        names = {"main": instance.workspace("Main"), "fleet": xano.fleet()}
        for sample in samples:
            exec(compile(sample, str(PAGE), "exec"), names)
    assert verify("backups").ok
