"""Deploying from Python: what is asked, what is told, what is left when it is stopped; the samples of the guide run."""

from __future__ import annotations

import asyncio
import doctest
import importlib
import inspect
import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import xano_metadata
from xano_metadata import (
    ConfigError,
    Deployment,
    DeploymentStep,
    Instance,
    RefusedError,
    Stage,
    deploy,
    deploy_async,
    deployment,
    resume,
    resume_async,
    revert,
    revert_async,
)
from xano_metadata.testing import Emulator

PAGE = Path(__file__).parents[2] / "docs" / "deploy.md"
OLD = "function total {\n  response = 1\n}\n---\ntask sweep {\n  active = false\n}\n"
NEW = 'function total {\n  response = 2\n}\n---\nfunction greet {\n  response = "hello"\n}\n'


class Shop:
    """The workspaces Dev, whose branch `next` has a new version, and Staging and Prod, which run the old one."""

    def __init__(self, emulator: Emulator, instance: Instance) -> None:
        self.emulator, self.instance = emulator, instance
        self.dev, self.staging, self.prod = (self._workspace(name) for name in ("Dev", "Staging", "Prod"))
        self.dev.branches.create(label="next")
        self.dev.multidoc.push(xanoscript=NEW, branch="next", delete=True)

    def _workspace(self, name: str) -> Any:
        workspace = self.instance.workspace(self.instance.workspaces.create(name=name).id)
        workspace.multidoc.push(xanoscript=OLD)
        return workspace

    @property
    def stages(self) -> list[Stage]:
        return [Stage("staging", self.staging), Stage("prod", self.prod, protected=True)]

    def changes(self, workspace: Any) -> list[str]:
        """What was changed since it was set up; exports change nothing."""
        words = [entry.type for entry in workspace.audit_logs.list()][::-1][2:]
        return [word for word in words if word != "workspace.export"]

    def runs_new(self, workspace: Any) -> bool:
        text = workspace.multidoc.pull()
        marks = {mark in text for mark in ("response = 2", "function greet")}
        assert len(marks) == 1, text
        return marks.pop()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.chdir(tmp_path)
    with Emulator() as emulator, emulator.instance(backoff=0.001, rate_limit="off") as instance:
        yield Shop(emulator, instance)


def test_a_plan_is_the_default_and_writes_nothing(shop: Shop, tmp_path: Path) -> None:
    plan = deploy(shop.dev.branch("next"), shop.stages)
    assert plan.ok
    assert plan.outcome == "planned"
    preview = plan.stages[0].preview
    assert preview is not None
    assert [str(change) for change in preview.changes] == [
        "<function greet added>",
        "<function total changed>",
        "<task sweep removed>",
    ]
    assert preview.server is not None
    assert {"action": "create", "kind": "function", "name": "greet", "details": None} in preview.server
    assert preview.comparison is not None
    assert preview.comparison["equal"] is False
    assert shop.changes(shop.prod) == []
    assert list(tmp_path.iterdir()) == []


def test_it_goes_through_all_stages_with_check_and_gate(shop: Shop, tmp_path: Path) -> None:
    asked: list[tuple[str, str, str]] = []
    steps: list[str] = []

    def check(question: Any) -> bool:
        asked.append((question.kind, question.about["stage"], question.about["moment"]))
        # The new branch is there to be tested.
        text = shop.instance.workspace(question.about["workspace"]).multidoc.pull(branch=question.about["branch"])
        return "greet" in text

    def gate(question: Any) -> tuple[bool, str]:
        asked.append((question.kind, question.about["stage"], question.about["moment"]))
        return True, "Robin said so"

    done = deploy(
        shop.dev.branch("next"),
        shop.stages,
        check=check,
        gate=gate,
        dry_run=False,
        journal="deploy.json",
        on_step=lambda step: steps.append(f"{step.stage} {step.step} {step.state}"),
    )
    assert done.ok, done
    assert done.outcome == "complete"
    assert asked == [
        ("check", "staging", "check"),
        ("gate", "staging", "live"),
        ("gate", "prod", "write"),
        ("check", "prod", "check"),
        ("gate", "prod", "live"),
    ]
    assert (shop.runs_new(shop.staging), shop.runs_new(shop.prod)) == (True, True)
    assert steps[:2] == ["staging preview begun", "staging preview done"]
    assert steps[-1] == "prod verify done"
    gates = {row["stage"]: row["note"] for row in done.rows() if row["step"] == "gate"}
    assert gates == {"staging": "Robin said so", "prod": "Robin said so"}
    backup = done.stages[1].backup
    assert backup is not None
    assert Path(backup).exists()
    assert deployment("deploy.json") == done
    assert revert("deploy.json", shop.stages, gate=lambda question: question.about["moment"] == "revert").ok
    assert (shop.runs_new(shop.staging), shop.runs_new(shop.prod)) == (False, False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backups", "deploy.json"]


def test_a_no_leaves_production_untouched(shop: Shop) -> None:
    source = shop.dev.branch("next")
    nobody = deploy(source, shop.stages, dry_run=False, journal="a.json")
    assert (nobody.outcome, shop.changes(shop.prod)) == ("refused", [])
    assert nobody.trouble is not None
    assert "no gate was given" in nobody.trouble.message

    def smoke(question: Any) -> bool:
        raise AssertionError(f"no answer from {question.about['branch']}")

    failed = deploy(source, shop.stages, check=smoke, gate=False, dry_run=False, journal="b.json", keep_branch=False)
    assert failed.outcome == "failed"
    assert failed.trouble is not None
    assert f"AssertionError: no answer from {failed.label}" in failed.trouble.message
    assert (shop.changes(shop.prod), shop.runs_new(shop.staging)) == ([], False)
    forgetful = deploy(source, shop.stages, check=lambda _: None, gate=False, dry_run=False, journal="c.json")  # type: ignore[arg-type, return-value]
    assert "returned None" in str(forgetful)
    # Where only protected stages are asked for, staging passes and prod does not.
    half = deploy(source, shop.stages, gate=False, dry_run=False, journal="d.json")
    assert half.outcome == "refused"
    assert [stage.live for stage in half.stages] == ["new", "previous"]
    assert "prod: live" in half.not_done
    assert shop.changes(shop.prod) == []
    again = resume("d.json", shop.stages, gate=lambda _: True)
    assert again.ok, again
    assert again.resumed == 1
    assert shop.runs_new(shop.prod)


def test_a_fleet_says_what_is_protected(shop: Shop) -> None:
    rules = {"environments": {"prod": {"match": ["*"], "protected": True}}}
    stages = [Stage("only", shop.prod)]
    with shop.emulator.client() as xano:
        fleet = xano.fleet(rules)
        plan = deploy(shop.dev.branch("next"), stages, fleet=fleet)
        assert plan.stages[0].protected
        done = deploy(shop.dev.branch("next"), stages, fleet=fleet, gate=False, dry_run=False, journal="a.json")
    assert done.outcome == "refused"
    assert shop.changes(shop.prod) == []
    assert not deploy(shop.dev.branch("next"), stages).stages[0].protected


def test_texts_and_folders_are_sources(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    for name, text in zip(("total", "greet"), NEW.split("---\n"), strict=True):
        (folder / f"{name}.xs").write_text(text, encoding="utf-8")
    staging, prod = shop.stages[0], Stage("prod", shop.prod)
    assert deploy(folder, [staging], gate=lambda _: True, dry_run=False, journal="a.json").ok
    assert deploy(NEW, [prod], gate=lambda _: True, dry_run=False, journal="b.json", backups=None).ok
    assert (shop.runs_new(shop.staging), shop.runs_new(shop.prod)) == (True, True)
    assert deployment("b.json").stages[0].backup is None
    (folder / "link.xs").symlink_to(folder / "total.xs")
    with pytest.raises(ConfigError, match="is a link"):
        deploy(folder, [staging])


def test_arguments_are_looked_at(shop: Shop) -> None:
    source, stages = shop.dev.branch("next"), shop.stages
    for call in (
        lambda: deploy(7, stages),  # type: ignore[arg-type]
        lambda: deploy(shop.instance, stages),  # type: ignore[arg-type]
        lambda: deploy(source, [shop.prod]),
        lambda: deploy(source, [Stage("prod", "Prod")]),  # type: ignore[arg-type]
        lambda: deploy(source, []),
        lambda: deploy(source, stages, check=True),  # type: ignore[arg-type]
        lambda: deploy(source, stages, gate="yes"),  # type: ignore[arg-type]
        lambda: deploy(source, stages, journal=1),  # type: ignore[arg-type]
        lambda: deploy(source, stages, settle=-1.0),
        lambda: resume("none.json", stages),
        lambda: deployment("none.json"),
    ):
        with pytest.raises(ConfigError):
            call()  # type: ignore[no-untyped-call]
    deploy(source, stages, dry_run=False, journal="a.json")
    with pytest.raises(RefusedError, match=r"a\.json already"):
        deploy(source, stages, dry_run=False, journal="a.json")
    with pytest.raises(RefusedError, match="other stages"):
        revert("a.json", stages[:1])


def test_it_can_be_looked_at(shop: Shop) -> None:
    plan = deploy(shop.dev.branch("next"), [Stage("<prod>", shop.prod)])
    assert repr(plan) == f"<Deployment {plan.label}: planned>"
    assert str(plan).startswith(f"Deployment {plan.label} of branch")
    html = plan._repr_html_()
    assert "&lt;prod&gt;" in html
    assert "<prod>" not in html
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert plan.to_dict()["stages"][0]["name"] == "<prod>"
    rows = plan.rows()
    assert len(rows) == 10
    assert repr(plan.stages[0].steps[1]) == "<DeploymentStep approve not_done>"
    frame = pytest.importorskip("pandas").DataFrame
    assert isinstance(plan.to_pandas(), frame)


async def test_the_twin_for_asyncio(shop: Shop) -> None:
    async with shop.emulator.async_instance(backoff=0.001, rate_limit="off") as instance:
        stages = [Stage("prod", instance.workspace("Prod"), protected=True)]
        source = instance.workspace("Dev").branch("next")
        asked: list[str] = []

        async def decide(question: Any) -> bool:
            await asyncio.sleep(0)
            asked.append(question.about["moment"])
            return len(asked) != 2

        async def check(_: Any) -> bool:
            await asyncio.sleep(0)
            raise LookupError("not today")

        plan = await deploy_async(source, stages)
        assert plan.outcome == "planned"
        done = await deploy_async(source, stages, gate=decide, dry_run=False, journal="a.json")
        assert (done.outcome, asked) == ("refused", ["write", "live"])
        done = await resume_async("a.json", stages, gate=decide)
        assert done.ok, done
        assert shop.runs_new(shop.prod)
        done = await revert_async("a.json", stages, gate=decide, keep_branch=False)
        assert done.ok, done
        assert [branch.label for branch in shop.prod.branches.list()] == ["v1"]
        failed = await deploy_async(source, stages, gate=decide, check=check, dry_run=False, journal="b.json")
        assert "LookupError: not today" in str(failed)


def test_twins_are_alike() -> None:
    for plain, twin in ((deploy, deploy_async), (resume, resume_async), (revert, revert_async)):
        assert [*inspect.signature(plain).parameters] == [*inspect.signature(twin).parameters]
        for name in inspect.signature(plain).parameters:
            assert re.search(rf"^    {name}: ", inspect.getdoc(plain) or "", re.MULTILINE), (plain, name)


def test_a_gate_that_raises_ends_it_and_it_can_be_gone_on_with(shop: Shop) -> None:
    def gate(_: Any) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deploy(shop.dev.branch("next"), shop.stages, gate=gate, dry_run=False, journal="a.json")
    seen = deployment("a.json")
    assert (seen.outcome, seen.running, seen.unknown) == ("interrupted", False, ["staging: gate"])
    assert not shop.runs_new(shop.staging)
    done = resume("a.json", shop.stages, gate=lambda _: True)
    assert done.ok, done


def test_killed_while_the_gate_is_open_it_is_resumed_by_another_process(shop: Shop, tmp_path: Path) -> None:
    code = """
    import sys, time
    from xano_metadata import Instance, Stage, deploy

    def gate(question):
        print(question.about["stage"], flush=True)
        if question.about["stage"] == "prod":
            time.sleep(60)
        return True

    with Instance(sys.argv[1], token=sys.argv[2]) as instance:
        stages = [Stage("staging", instance.workspace("Staging")), Stage("prod", instance.workspace("Prod"))]
        source = instance.workspace("Dev").branch("next")
        deploy(source, stages, gate=gate, dry_run=False, journal="deploy.json", compare=False)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), shop.emulator.instance_url, shop.emulator.token]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "staging\n"
        assert child.stdout.readline() == "prod\n"
        assert deployment("deploy.json").running
        os.kill(child.pid, signal.SIGKILL)
    for _ in range(200):
        if not deployment("deploy.json").running:
            break
        time.sleep(0.01)
    assert (shop.runs_new(shop.staging), shop.runs_new(shop.prod)) == (True, False)
    stages = [Stage("staging", shop.staging), Stage("prod", shop.prod)]
    done = resume("deploy.json", stages, gate=lambda _: True)
    assert done.ok, done
    assert shop.runs_new(shop.prod)
    assert shop.changes(shop.prod) == ["branch.create", "workspace.push", "branch.live"]


def test_the_example_in_the_docstring_runs() -> None:
    tried = doctest.testmod(importlib.import_module("xano_metadata._fleet_deploy"))
    assert tried.attempted > 0
    assert tried.failed == 0


def test_the_samples_of_the_guide_run(shop: Shop, tmp_path: Path) -> None:
    samples = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(samples) > 3
    folder = tmp_path / "xano"
    folder.mkdir()
    (folder / "all.xs").write_text(NEW.replace("hello", "good day"), encoding="utf-8")
    with shop.emulator.client(rate_limit="off") as xano:
        names: dict[str, Any] = {"instance": shop.instance, "xano": xano}
        for sample in samples:
            exec(compile(sample, str(PAGE), "exec"), names)
    assert isinstance(names["done"], Deployment)
    assert shop.changes(shop.prod)[:3] == ["branch.create", "workspace.push", "branch.live"]


def test_it_is_exported() -> None:
    assert xano_metadata.DeploymentStep is DeploymentStep
    assert {"deploy", "resume", "revert", "Stage"} <= set(dir(xano_metadata))
