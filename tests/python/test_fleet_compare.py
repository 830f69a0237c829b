"""Comparing from Python: branches, workspaces, instances; the samples of the guide run."""

from __future__ import annotations

import doctest
import importlib
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from xano_metadata import AsyncXano, Comparison, ConfigError, Instance, TaskProgress, XanoError, compare, compare_async
from xano_metadata.testing import Emulator

PAGE = Path(__file__).parents[2] / "docs" / "compare.md"


@pytest.fixture
def demo() -> Iterator[Emulator]:
    """An emulator of this test's own, with the demonstration shop."""
    with Emulator(seed_demo=True) as emulator:
        yield emulator


@pytest.fixture
def instance(demo: Emulator) -> Iterator[Instance]:
    with demo.instance(rate_limit="off", backoff=0.001) as instance:
        yield instance


def test_two_branches_with_diffs_as_objects_text_html_and_rows(instance: Instance) -> None:
    main = instance.workspace("Main")
    told: list[TaskProgress] = []
    difference = main.compare(main.branch("next"), on_progress=told.append)
    assert isinstance(difference, Comparison)
    assert not difference.equal
    [change] = difference.changes
    assert (change.family, change.name, change.change) == ("functions", "order_total", "changed")
    assert change.fields == ["description", "xanoscript"]
    assert '+  description = "Price times quantity, rounded to cents"' in change.diff
    assert change.was is None
    assert change.records is None
    assert (difference.left.branch, difference.right.branch) == ("v1", "next")
    assert difference.compared["endpoints"] == {"left": 2, "right": 2}
    assert {skip.family for skip in difference.skipped} >= {"tables", "data_sources"}
    assert difference.failures == []
    assert told[-1].unit == "families"
    assert str(difference).startswith("Main (")
    assert "~ function order_total" in str(difference)
    html = difference._repr_html_()
    assert html == difference.to_html()
    assert "<details>" in html
    assert repr(difference) == "<Comparison: 1 changes>"
    rows = difference.rows()
    assert rows == [
        {
            "workspace": None,
            "family": "functions",
            "name": "order_total",
            "was": None,
            "change": "changed",
            "fields": "description, xanoscript",
            "records_left": None,
            "records_right": None,
        }
    ]
    assert "text" not in difference.to_dict()
    assert "html" not in difference.to_dict()
    assert difference.to_dict()["changes"][0]["name"] == "order_total"
    assert str(pickle.loads(pickle.dumps(difference))) == str(difference)
    same = main.branch("next").compare(main.branch("next"))
    assert same.equal
    assert repr(same) == "<Comparison: equal>"


def test_records_in_a_data_frame(instance: Instance) -> None:
    main = instance.workspace("Main")
    copy = instance.workspace(instance.workspaces.create(name="Copy").id)
    for table in ("customer", "product", "order"):
        main.table(table).records.copy_to(copy.table(table).records, create=True, keep_ids=True)
    tables = ["tables"]
    for made in copy.tables.list():
        copy.table(made.id).update(name=made.name, tag=["demo"])
    assert main.compare(copy, families=tables, records="content").changes == []
    copy.table("customer").record(1).delete()
    difference = main.compare(copy, families=tables, records="counts")
    frame = difference.to_pandas()
    assert frame[["name", "records_left", "records_right"]].to_numpy().tolist() == [["customer (live)", 24, 23]]
    [change] = main.compare(copy, families=tables, records="content").changes
    assert change.records == {"left": 24, "right": 23, "added": 0, "removed": 1, "changed": 0}
    assert "-1 {" in change.diff


def test_instances(demo: Emulator, instance: Instance) -> None:
    other = demo.add_instance(name="other")
    with demo.client(rate_limit="off") as xano:
        there = xano.instance("other")
        there.workspaces.create(name="Only here")
        difference = instance.compare(there, families=["functions", "tables"])
        lines = {(change.workspace, change.change, change.family) for change in difference.changes}
        assert ("Only here", "added", "workspaces") in lines
        assert difference.left.workspace is None
        assert compare(there, there).equal
        with pytest.raises(ConfigError, match="An instance is compared with another instance"):
            instance.compare(there.workspace(1))
    assert other


async def test_the_async_twin(demo: Emulator) -> None:
    told: list[str] = []

    async def note(progress: TaskProgress) -> None:
        told.append(progress.unit)

    async with demo.async_client(rate_limit="off") as xano:
        assert isinstance(xano, AsyncXano)
        main = demo_main = xano.instance((await xano.instances.list().all())[0].name).workspace("Main")
        difference = await main.compare(demo_main.branch("next"), on_progress=note)
        assert [change.name for change in difference.changes] == ["order_total"]
        again = await compare_async(main.branch("next"), main, families=["functions"])
        assert again.changes[0].diff != difference.changes[0].diff
        assert "families" in told


def test_what_cannot_be_compared_is_an_error_or_a_failure(demo: Emulator, instance: Instance) -> None:
    main = instance.workspace("Main")
    with pytest.raises(ConfigError, match='no branch "nowhere"; it has v1, next'):
        main.compare(main.branch("nowhere"))
    with pytest.raises(ConfigError, match="unknown variant `fnuctions`"):
        main.compare(main, families=["fnuctions"])
    with pytest.raises(ConfigError, match="takes a workspace such as"):
        main.compare("Main")
    with pytest.raises(XanoError, match='records is false, "counts" or "content", not "all"'):
        main.compare(main, records="all")  # type: ignore[arg-type]
    demo.faults({"kind": "status", "status": 403, "path": "/workspace/*/task", "times": "always"})
    difference = main.compare(main.branch("next"))
    assert [failure.at for failure in difference.failures] == ["left/tasks", "right/tasks"]
    assert difference.failures[0].error["kind"] == "PermissionError"
    assert not main.compare(main.branch("v1")).equal
    assert "could not be read" in str(difference)


def test_the_samples_of_the_guide_run(
    demo: Emulator, instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    samples = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(samples) > 2
    main = instance.workspace("Main")
    demo.add_instance(name="client-b", display="Client B")
    with demo.client(rate_limit="off") as xano:
        names = {
            "main": main,
            "dev": instance.workspace(instance.workspaces.create(name="Dev").id),
            "xano": xano,
            "instance": instance,
        }
        for sample in samples:
            exec(compile(sample, str(PAGE), "exec"), names)


def test_examples_in_docstrings() -> None:
    done = doctest.testmod(importlib.import_module("xano_metadata._fleet_compare"))
    assert done.attempted > 0
    assert done.failed == 0
