"""The ten operations of the account API, typed, through both faces, against the emulator."""

from __future__ import annotations

import json

import pytest

from xano_metadata import AsyncXano, Page, Xano, parse_time
from xano_metadata.testing import Emulator, EmulatorError
from xano_metadata.types import InstallToken, InstanceInfo, Me, Snippet

from .conftest import reply

REFERENCE = {"name", "display", "xano_domain", "custom_domain", "rate_limit", "meta_api", "meta_swagger"}
GUIDE = {"id", "domain", "swagger_spec", "plan", "status", "created_at", "updated_at"}


@pytest.fixture
def shop(emulator: Emulator) -> Emulator:
    """Three pages of snippets; the first has two install tokens."""
    emulator.seed()
    return emulator


def test_me(xano: Xano) -> None:
    me = xano.me()
    assert isinstance(me, Me)
    assert me.name == "Robin Example"
    assert "@" in me.email
    assert isinstance(me.extras, dict)
    assert me.extras["instance"]


def test_extras_may_be_text() -> None:
    with Emulator(extras="text") as emulator, emulator.client() as xano:
        extras = xano.me().extras
    assert isinstance(extras, str)
    assert json.loads(extras)["instance"]


def test_instances(shop: Emulator, xano: Xano) -> None:
    instances = xano.instances.list().all()
    assert len(instances) == 4
    for instance in instances:
        assert isinstance(instance, InstanceInfo)
        assert set(instance) >= REFERENCE
        assert instance.meta_api.startswith("http://127.0.0.1")
    assert xano.instances.get(instances[1].name) == instances[1]


def test_an_instance_carries_the_guides_fields_as_optional(emulator: Emulator, xano: Xano) -> None:
    rows = [{"name": "old"}, {"name": "new", "id": 7, "plan": "launch", "status": "active", "shiny": {"a": [1]}}]
    emulator.faults(reply(rows))
    old, new = xano.instances.list()
    assert [getattr(old, field) for field in GUIDE] == [None] * len(GUIDE)
    assert (new.id, new.plan, new.status, new["shiny"]) == (7, "launch", "active", {"a": [1]})
    assert new.to_dict() == rows[1]


def test_snippets(shop: Emulator, xano: Xano) -> None:
    snippets = xano.snippets.list()
    assert len(snippets.all()) == 60
    first = snippets.first_page()
    assert (first.page, first.next_page, len(first)) == (1, 2, 25)
    snippet = xano.snippet(first[0].canonical).get()
    assert isinstance(snippet, Snippet)
    assert snippet == first[0]
    moment = parse_time(snippet.created_at)
    assert moment is not None
    assert moment.tzinfo is not None


def test_the_life_of_an_install_token(emulator: Emulator, xano: Xano) -> None:
    (made,) = emulator.add_snippets(name="Login")
    snippet = xano.snippet(made["canonical"])
    changed = snippet.update(install_access="token", install_access_description="Ask")
    assert (changed.install_access, changed.install_access_description) == ("token", "Ask")
    key = snippet.tokens.create(max_installs=2)
    assert isinstance(key, InstallToken)
    assert (key.max_installs, key.current_installs) == (2, 0)
    emulator.install(made["canonical"], key.token)
    emulator.install(made["canonical"], key.token)
    with pytest.raises(EmulatorError):
        emulator.install(made["canonical"], key.token)
    assert [t.current_installs for t in snippet.tokens.list()] == [2]
    assert snippet.token(key.token).update(max_installs=9, current_installs=1).max_installs == 9
    assert snippet.token(key.token).delete() is None  # type: ignore[func-returns-value]
    assert snippet.tokens.list().all() == []


async def test_the_async_twin_does_the_same(shop: Emulator) -> None:
    async with shop.async_client() as xano:
        assert isinstance(await xano.me(), Me)
        instances = await xano.instances.list()
        assert isinstance(instances, Page)
        assert await xano.instances.get(instances[0].name) == instances[0]
        assert len([s async for s in xano.snippets.list()]) == 60
        snippet = xano.snippet((await xano.snippets.list())[0].canonical)
        assert isinstance(await snippet.get(), Snippet)
        assert (await snippet.update(install_access="link", install_access_description="")).install_access == "link"
        key = await snippet.tokens.create(max_installs=5)
        assert (await snippet.token(key.token).update(max_installs=6, current_installs=0)).max_installs == 6
        assert key.token in [t.token for t in await snippet.tokens.list().all()]
        await snippet.token(key.token).delete()
        assert key.token not in [t.token for t in await snippet.tokens.list().all()]


def test_an_instance_by_name_by_row_and_by_address(shop: Emulator, xano: Xano) -> None:
    row = xano.instances.list()[1]
    assert xano.instance(row).me() == xano.instance(row.name).me() == shop.instance(row.meta_api).me()
    named = xano.instance(row.name)
    assert named.base_url is None or named.base_url == row.meta_api
    shop.clear_requests()
    for _ in range(3):
        named.me()
    assert [r["path"] for r in shop.requests(origin="account")] == [], "the address was known already"


async def test_an_async_instance(shop: Emulator) -> None:
    async with shop.async_client() as xano:
        row = (await xano.instances.list())[0]
        assert (await xano.instance(row).me()).name == (await xano.instance(row.name).me()).name
        assert (await shop.async_instance().me()).name


def test_the_escape_hatch(emulator: Emulator, xano: Xano) -> None:
    assert xano.request("GET", "/auth/me")["name"] == "Robin Example"
    assert json.loads(xano.request("get", "/auth/me", answer="text"))["name"]
    assert xano.request("GET", "/auth/me", answer="bytes").startswith(b"{")
    emulator.faults(reply({"ok": 1}))
    xano.request("POST", "/new/thing", query={"a": [1, 2], "b": True}, json={"x": None}, headers={"x-extra": "1"})
    seen = emulator.requests()[-1]
    assert (seen["method"], seen["query"], seen["body"]) == ("POST", "a=1&a=2&b=true", '{"x":null}')
    assert seen["headers"]["x-extra"] == "1"


async def test_the_async_escape_hatch(emulator: Emulator, aquick: AsyncXano) -> None:
    assert (await aquick.request("GET", "/auth/me"))["name"]
    assert await aquick.request("GET", "/auth/me", answer="none") is None


def test_the_user_agent_names_the_face(emulator: Emulator) -> None:
    with emulator.client(user_agent_extra="shop/1.2", headers={"x-team": "blue"}) as xano:
        xano.me(options={"headers": {"x-call": "1"}})
    headers = emulator.requests()[-1]["headers"]
    assert headers["user-agent"].startswith("xano-metadata-python/0.1.0 (CPython 3.")
    assert headers["user-agent"].endswith(" shop/1.2")
    assert (headers["x-team"], headers["x-call"]) == ("blue", "1")
