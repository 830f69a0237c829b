"""What the API replaces as a whole can be changed in part: read, change, send back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xano_metadata.testing import Emulator

from .conftest import reply

TENANT = {
    "id": 7, "name": "t1", "display": "T", "description": "d", "domain": "", "ingress": True, "proxy": "",
    "rbac": {"enabled": False},
    "tag": [{"tag": "a"}], "tasks": True, "state": "ok",
}  # fmt: skip


def bodies(emulator: Emulator) -> list[Any]:
    return [json.loads(r["body"]) for r in emulator.requests(method="PUT")]


def test_a_tenant_keeps_what_is_not_changed(emulator: Emulator) -> None:
    emulator.faults(reply(TENANT), reply({**TENANT, "display": "New"}))
    with emulator.instance() as instance:
        tenant = instance.workspace(1).tenant("t1").edit(lambda draft: draft.update(display="New"))
    assert tenant.display == "New"
    wanted = {k: v for k, v in TENANT.items() if k not in ("id", "name", "state")}
    assert bodies(emulator) == [{**wanted, "display": "New"}]


async def test_a_list_may_be_changed_in_place_or_anew(emulator: Emulator) -> None:
    columns = [{"name": "id", "type": "int"}, {"name": "sku", "type": "text", "odd": 1}]
    for _ in range(2):
        emulator.faults(reply(columns), reply({}))
    async with emulator.async_instance() as instance:
        handle = instance.workspace(1).table(7).columns
        await handle.edit(lambda draft: draft.append({"name": "price", "type": "decimal"}))
        await handle.edit(lambda draft: [column for column in draft if column["name"] == "id"])
    assert bodies(emulator) == [
        {"schema": [*columns, {"name": "price", "type": "decimal"}]},
        {"schema": columns[:1]},
    ]


def test_a_change_that_fails_sends_nothing(emulator: Emulator) -> None:
    emulator.faults(reply(TENANT))

    def fail(draft: dict[str, Any]) -> None:
        raise RuntimeError("no")

    with emulator.instance() as instance, pytest.raises(RuntimeError):
        instance.workspace(1).tenant("t1").edit(fail)
    assert bodies(emulator) == []
