"""Names as people give them: odd labels in paths addressed by name, ids as text, things found by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xano_metadata import ConfigError, Instance, NotFoundError
from xano_metadata.testing import Emulator

LABELS = ["feature/ü 1%", "a \"quoted\" 'label'", "🚀 launch", "100%25", "semi;colon&amp=1#hash?", "dots..and.more"]


@pytest.fixture
def instance(emulator: Emulator) -> Iterator[Instance]:
    with emulator.instance() as connected:
        yield connected


@pytest.fixture
def workspace_id(instance: Instance) -> int:
    return instance.workspaces.create(name="Names").id


@pytest.mark.parametrize("label", LABELS)
def test_a_branch_by_its_label(instance: Instance, workspace_id: int, label: str) -> None:
    workspace = instance.workspace(workspace_id)
    workspace.branches.create(label=label)
    assert label in [b.label for b in workspace.branches.list()]
    assert workspace.branch(label).get().label == label
    workspace.branch(label).set_live()
    assert instance.workspace(workspace_id).get().branch == label
    workspace.branch("v1").set_live()
    workspace.branch(label).delete()
    assert label not in [b.label for b in workspace.branches.list()]


@pytest.mark.parametrize("label", LABELS)
def test_a_data_source_by_its_label(instance: Instance, workspace_id: int, label: str) -> None:
    workspace = instance.workspace(workspace_id)
    workspace.data_sources.create(label=label)
    assert workspace.data_source(label).update(color="#112233").label == label
    workspace.data_source(label).delete()
    assert label not in [d.label for d in workspace.data_sources.list()]


@pytest.mark.parametrize("label", LABELS)
def test_a_tenant_by_its_name(instance: Instance, workspace_id: int, label: str) -> None:
    workspace = instance.workspace(workspace_id)
    tenant = workspace.tenants.create(display=label)
    assert workspace.tenant(tenant.name).get().display == label


def test_a_column_by_its_name(instance: Instance, workspace_id: int) -> None:
    table = instance.workspace(workspace_id).table(instance.workspace(workspace_id).tables.create(name="odd").id)
    table.columns.add_text(name="größe_1")
    assert table.column("größe_1").get().type == "text"
    table.column("größe_1").delete()
    assert [c.name for c in table.columns.list()] == ["id", "created_at"]


def test_a_table_by_its_name_or_its_id_as_text(instance: Instance, workspace_id: int) -> None:
    workspace = instance.workspace(workspace_id)
    created = workspace.tables.create(name="orders & more")
    assert workspace.table("orders & more").get().id == created.id
    assert workspace.table(str(created.id)).get().name == "orders & more"
    assert instance.workspace("Names").table("orders & more").get().id == created.id


def test_a_name_is_looked_up_once(emulator: Emulator, instance: Instance, workspace_id: int) -> None:
    workspace = instance.workspace(workspace_id)
    workspace.tables.create(name="orders")
    table = workspace.table("orders")
    emulator.clear_requests()
    for _ in range(3):
        table.get()
    paths = [r["path"] for r in emulator.requests()]
    assert len([p for p in paths if p.endswith("/table")]) == 1
    assert len(paths) == 4


def test_a_wrong_name_lists_near_ones(instance: Instance, workspace_id: int) -> None:
    workspace = instance.workspace(workspace_id)
    workspace.tables.create(name="orders")
    workspace.tables.create(name="customers")
    with pytest.raises((ConfigError, NotFoundError)) as caught:
        workspace.table("order").get()
    assert "orders" in str(caught.value)
    assert "customers" not in str(caught.value)


def test_records_by_integer_and_by_uuid(instance: Instance, workspace_id: int) -> None:
    table = instance.workspace(workspace_id).table(instance.workspace(workspace_id).tables.create(name="keys").id)
    table.columns.add_text(name="v")
    made = table.records.create({"v": "1"})
    for spelled in (made["id"], str(made["id"])):
        assert table.record(spelled).get()["v"] == "1"
    with pytest.raises(NotFoundError):
        table.record("3f2b8c1e-6d0a-4f6e-9f0a-0c6f7a1b2c3d").get()


def test_a_partial_update_leaves_the_rest_and_null_is_null(instance: Instance, workspace_id: int) -> None:
    table = instance.workspace(workspace_id).table(instance.workspace(workspace_id).tables.create(name="partial").id)
    table.columns.add_text(name="a")
    table.columns.add_text(name="b", nullable=True)
    made = table.records.create({"a": "x", "b": "y"})
    assert table.record(made["id"]).update({"b": None}) == {**made, "b": None}
    assert table.record(made["id"]).update({"a": ""}) == {**made, "a": "", "b": None}
