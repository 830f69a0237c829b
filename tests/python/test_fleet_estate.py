"""A fleet: what there is, how it is, what changes; with a real file, real tokens, and an emulator in trouble."""

from __future__ import annotations

import asyncio
import doctest
import logging
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import xano_metadata
from xano_metadata import AsyncFleet, ConfigError, Fleet, Inventory, InventoryInstance, RateLimit, _fleet
from xano_metadata.testing import Emulator

from .conftest import Script

PAGE = Path(__file__).parents[2] / "docs" / "fleet.md"
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def own() -> Iterator[Emulator]:
    """An emulator with 24 instances: 12 in prod, 8 in staging, 4 in dev; one of them is limited."""
    with Emulator() as emulator:
        for instance in emulator.control("GET", "/instances")["instances"]:
            emulator.control("DELETE", f"/instances/{instance['name']}")
        for number in range(12):
            emulator.add_instance(name=f"prod-{number}", display=f"Client {number} <b>")
        for number in range(8):
            emulator.add_instance(name=f"stage-{number}")
        for number in range(3):
            emulator.add_instance(name=f"dev-{number}")
        emulator.add_instance(name="dev-limited", rate_limit=True)
        yield emulator


def config(emulator: Emulator, tmp_path: Path, more: str = "") -> Path:
    """Environments by pattern and by name; the 25th instance is nowhere, and one has a token of its own."""
    path = tmp_path / "fleet.toml"
    path.touch(0o600)
    path.write_text(
        f"""
[environments.prod]
match = "prod-*"
protected = true
[environments.staging]
instances = ["stage-0", "stage-1", "stage-2", "stage-3", "stage-4", "stage-5", "stage-6", "stage-7"]
[environments.dev]
match = ["dev-*"]
[instances.elsewhere]
url = "{NOWHERE}"
environment = "dev"
[instances.stage-7]
token_env = "STAGE_TOKEN"
{more}""",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def stage_token(own: Emulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """A token that was good once."""
    token: str = own.add_token(name="stage")["token"]
    monkeypatch.setenv("STAGE_TOKEN", token)
    own.revoke_token(token)
    return token


def test_25_instances_with_trouble_in_three_environments(own: Emulator, tmp_path: Path, stage_token: str) -> None:
    own.faults({"kind": "latency", "ms": 100, "times": "always"})
    with own.client(backoff=0.001) as xano:
        fleet = xano.fleet(config(own, tmp_path))
        assert [(one.name, one.protected) for one in fleet.environments] == [
            ("prod", True),
            ("staging", False),
            ("dev", False),
        ]
        told: list[int] = []
        began = time.perf_counter()
        inventory = fleet.inventory(branches=True, on_progress=lambda progress: told.append(progress.done))
        took = time.perf_counter() - began
        assert told[-1] == 25
        # Two calls in each of 23 instances one after the other would take 4.6 s.
        assert took < 23 * 2 * 0.1 / 2
        print(f"inventory of 25 instances in {took:.2f} s")

        places = [failure.at for failure in inventory.failures]
        assert places == ["stage-7", "elsewhere"]
        assert inventory.failures[0].error["status"] == 401
        assert not inventory.ok
        assert [one.workspaces is None for one in inventory.instances].count(True) == 2
        names: dict[str, list[str]] = {environment: [] for environment in ("prod", "staging", "dev")}
        for instance in inventory.instances:
            assert instance.environment is not None
            names[instance.environment].append(instance.name)
        assert {name: len(found) for name, found in names.items()} == {"prod": 12, "staging": 8, "dev": 5}

        health = fleet.health()
        states = {one.name: one.state for one in health.instances if one.state != "up"}
        assert states == {"stage-7": "unauthorised", "elsewhere": "down"}
        assert {one.name for one in health.instances if one.rate_limited} == {"dev-limited"}
        assert not health.ok
        assert [str(change).partition(":")[0] for change in health.changes] == [
            "stage-7 (staging) is unauthorised",
            "elsewhere (dev) is down",
        ]
        assert fleet.health().changes == []
        assert fleet.environment("prod").health().ok
        assert own.journal()["rate_limited"] == 0
        assert stage_token not in repr(inventory.to_dict()) + repr(health.to_dict())


def test_rows_frames_and_notebooks(own: Emulator) -> None:
    pandas = pytest.importorskip("pandas")
    with own.client() as xano:
        space = xano.instance("prod-0").workspaces.create(name="Shop")
        workspace = xano.instance("prod-0").workspace(space.id)
        orders = workspace.tables.create(name="order")
        workspace.table(orders.id).records.insert([{}, {}, {}])
        workspace.tables.create(name="empty")
        fleet = xano.fleet({"ignore": ["prod-1*", "stage-*", "dev-*"]})
        inventory = fleet.inventory(branches=True, tables=True, counts=True)
        assert inventory.ok
        rows = inventory.rows()
        found = [(row["workspace"], row["table"], row["records"], row["live_branch"], row["branches"]) for row in rows]
        assert found[:3] == [
            ("Main", None, None, "v1", 1),
            ("Shop", "empty", 0, "v1", 1),
            ("Shop", "order", 3, "v1", 1),
        ]
        frame = inventory.to_pandas()
        assert list(frame.columns) == list(rows[0])
        assert frame["records"].sum() == 3
        assert frame["records"].dtype == pandas.Int64Dtype()
        assert isinstance(inventory.instances[0], InventoryInstance)
        html = inventory._repr_html_()
        assert "Client 0 &lt;b&gt;" in html
        assert "<td>3</td>" in html
        shallow = fleet.inventory()
        assert list(shallow.rows()[0]) == list(rows[0]), "the columns are stable"
        assert shallow.instances[0].workspaces is not None
        assert shallow.instances[0].workspaces[0].tables is None

        html = fleet.health()._repr_html_()
        assert "Client 0 &lt;b&gt;" in html
        assert re.search(r"<b style='color:#\w+'>up</b>", html)


def test_python_and_rust_make_the_same_rows() -> None:
    data: dict[str, Any] = {
        "at": "",
        "seconds": 0.0,
        "ok": False,
        "instances": [
            {
                "name": "a",
                "display": "A",
                "environment": None,
                "protected": False,
                "url": "u",
                "plan": None,
                "rate_limited": False,
                "workspaces": [
                    {
                        "id": 1,
                        "name": "W",
                        "description": None,
                        "live_branch": "v1",
                        "branches": None,
                        "tables": [{"id": 5, "name": "t", "auth": False, "records": None}],
                    },
                    {"id": 2, "name": "X", "description": None, "live_branch": None, "branches": [], "tables": None},
                ],
            },
            {
                "name": "b",
                "display": "B",
                "environment": "prod",
                "protected": True,
                "url": None,
                "plan": "p",
                "rate_limited": True,
                "workspaces": None,
            },
        ],
        "failures": [
            {"at": "a/W/t", "error": {"message": "t!"}},
            {"at": "a/X/tables", "error": {"message": "x!"}},
            {"at": "b", "error": {"message": "b!"}},
        ],
    }
    rows = Inventory(data).rows()
    assert [(row["instance"], row["workspace"], row["table"], row["problem"]) for row in rows] == [
        ("a", "W", "t", "t!"),
        ("a", "X", None, "x!"),
        ("b", None, None, "b!"),
    ]


def test_a_fleet_without_an_account(own: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_TOKEN", own.token)
    monkeypatch.delenv("XANO_TOKEN", raising=False)
    path = tmp_path / "fleet.toml"
    path.touch(0o600)
    url = own.control("GET", "/instances")["instances"][0]["meta_api"]
    path.write_text(
        f"[accounts.ours]\ntoken_env = 'OUR_TOKEN'\nurl = '{own.account_url}'\n"
        f"[instances.mine]\nurl = '{url}'\ntoken_env = 'OUR_TOKEN'\n",
        encoding="utf-8",
    )
    with Fleet(path, timeout=30) as fleet:
        members = fleet.members()
        # The one that is given by URL is listed too, and is there once.
        assert len(members) == 24
        assert members[0].instance.me().email
        assert repr(members[0]) == "<FleetMember prod-0 (Client 0 <b>)>"
    with pytest.raises(ConfigError, match="closed"):
        fleet.members()
    path.write_text("[accounts.a]\ntoken_env = 'NO_SUCH_TOKEN'\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"fleet.toml, line 2, accounts.a.token_env: The environment variable"):
        Fleet(path)
    for wrong in (7, None, ["fleet.toml"]):
        with pytest.raises(ConfigError):
            Fleet(wrong)  # type: ignore[arg-type]


def test_a_token_in_the_file_is_refused_and_an_open_file_warned_about(
    own: Emulator, tmp_path: Path, stage_token: str, caplog: pytest.LogCaptureFixture
) -> None:
    with own.client() as xano:
        path = config(own, tmp_path, f"[instances.prod-1]\ntoken = '{own.token}'\n")
        with pytest.raises(ConfigError, match=r"line 15, instances.prod-1.token: A token must not stand") as caught:
            xano.fleet(path)
        assert own.token not in str(caught.value)
        with pytest.raises(ConfigError, match=r"environments.prod.protect: There is no such key"):
            xano.fleet({"environments": {"prod": {"protect": True}}})
        with pytest.raises(
            ConfigError, match=r"no environment 'production'|no environment \"production\"; it has \"prod\""
        ):
            xano.fleet(config(own, tmp_path)).environment("production")

        caplog.set_level(logging.WARNING, "xano_metadata")
        path = config(own, tmp_path)
        xano.fleet(path).health()
        assert "chmod" not in caplog.text
        if os.name == "posix":
            path.chmod(0o644)
            xano.fleet(path)
            deadline = time.monotonic() + 10
            while "chmod 600" not in caplog.text and time.monotonic() < deadline:
                time.sleep(0.01)
            assert "can be read by other users" in caplog.text


def test_watching_yields_changes_and_ends_with_its_loop(own: Emulator) -> None:
    with own.client() as xano:
        fleet = xano.fleet({"ignore": ["stage-*", "dev-*"]})
        own.faults({"kind": "token_expired", "origin": "prod-3", "times": "always"})
        seen: list[tuple[str, str, str | None, str | None]] = []
        for change in fleet.watch(every=0.05):
            if change.name == "prod-5" and change.to == "down":
                continue  # it was listed, and gone before it was probed
            seen.append((change.what, change.name, change.previous, change.to))
            if len(seen) == 1:
                own.clear_faults()
            elif len(seen) == 2:
                own.control("DELETE", "/instances/prod-5")
            else:
                break
        assert seen == [
            ("state", "prod-3", None, "unauthorised"),
            ("state", "prod-3", "unauthorised", "up"),
            ("gone", "prod-5", None, None),
        ]
        time.sleep(0.3)  # what was on its way arrives
        own.clear_requests()
        time.sleep(0.3)
        assert not own.requests(), "nobody is watching any more"


def test_ctrl_c_ends_watching_at_once(own: Emulator, run_python: Script) -> None:
    done = run_python(
        """
        import os, signal, sys, threading, time
        from xano_metadata import Xano
        xano = Xano(sys.argv[1], account_url=sys.argv[2], ambient_credentials=False)
        threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        began = time.monotonic()
        try:
            for change in xano.fleet().watch(every=0.1):
                print(change)
        except KeyboardInterrupt:
            print("interrupted", time.monotonic() - began < 10)
        """,
        own.token,
        own.account_url,
    )
    assert done.stdout.strip() == "interrupted True", done.stderr
    assert signal.SIGINT


async def test_the_async_twin(own: Emulator) -> None:
    async with own.async_client() as xano:
        fleet = xano.fleet({"environments": {"dev": {"match": "dev-*"}}})
        assert isinstance(fleet, AsyncFleet)
        dev = fleet.environment("dev")
        members = await dev.members()
        assert len(members) == 4
        assert (await members[0].instance.me()).email
        assert len((await dev.inventory()).instances) == 4
        assert (await dev.health()).ok

        async def watch() -> list[str]:
            seen: list[str] = []
            async for change in dev.watch(every=0.05):
                seen.append(str(change))
            return seen

        own.faults({"kind": "status", "status": 500, "origin": "dev-1", "times": "always"})
        first = await anext(aiter(dev.watch(every=0.05)))
        assert str(first).startswith("dev-1 (dev) is down, was up: 500:")
        task = asyncio.ensure_future(watch())
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.3)  # what was on its way arrives
        own.clear_requests()
        await asyncio.sleep(0.3)
        assert not own.requests(), "cancelling the task ended the watch"


def test_a_limit_is_kept_to_and_a_wait_is_no_latency(own: Emulator) -> None:
    with own.client() as xano:
        instance = xano.instance("dev-0")
        workspace = instance.workspace(instance.workspaces.create(name="Main").id)
        for number in range(12):
            workspace.tables.create(name=f"t{number}")
    own.limit(10, per=1, origin="dev-0")
    with own.client(rate_limit=RateLimit(10, per=1)) as xano:
        fleet = xano.fleet({"ignore": ["prod-*", "stage-*", "dev-1", "dev-2", "dev-limited"]})
        assert fleet.inventory(counts=True).ok
        (dev,) = fleet.health().instances
        assert (dev.state, dev.rate_limited) == ("up", True)
    assert own.journal()["rate_limited"] == 0


def test_the_samples_of_the_guide_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas")
    samples = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(samples) == 5
    (toml,) = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    for name in ("PARTNER_TOKEN", "ACME_TOKEN", "JO_TOKEN"):
        monkeypatch.setenv(name, "a-token")
    Path("whole.toml").write_text(toml, encoding="utf-8")
    assert [one.name for one in Fleet("whole.toml").environments] == ["prod", "dev"]
    with Emulator(seed_demo=True) as emulator, emulator.client() as xano:
        names: dict[str, Any] = {"xano": xano}
        for sample in samples:
            exec(compile(sample, str(PAGE), "exec"), names)
        assert names["frame"]["records"].sum() > 600
        assert names["change"].what == "state"


def test_the_example_of_the_class_runs() -> None:
    done = doctest.testmod(_fleet)
    assert (done.attempted, done.failed) == (2, 0)


def test_what_is_exported() -> None:
    for name in ("Fleet", "AsyncFleet", "Health", "HealthChange", "Inventory", "FleetFailure", "FleetMember"):
        assert getattr(xano_metadata, name).__name__ == name
