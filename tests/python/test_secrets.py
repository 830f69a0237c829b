"""The token appears nowhere, goes nowhere it should not, and names cannot bend a path."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import pytest

from xano_metadata import AsyncXano, ClientOptions, ConfigError, Instance, Xano, XanoError
from xano_metadata.testing import Emulator

from .conftest import Script, reply

SECRET = "sec.ret.token-0123456789abcdef"


@pytest.fixture
def secretive(emulator: Emulator) -> Emulator:
    emulator.control("POST", "/tokens", {"token": SECRET})
    return emulator


def test_the_token_is_in_no_text(secretive: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    texts: list[str] = []
    with (
        caplog.at_level(logging.DEBUG, "xano_metadata"),
        secretive.client(SECRET, max_retries=1, backoff=0.001) as xano,
    ):
        things = [
            xano,
            xano.snippets,
            xano.snippet("a"),
            xano.me(),
            xano.snippets.list(),
            xano.instance("x"),
            xano.stats(),
        ]
        texts += [f"{thing!r}{thing!s}" for thing in things]
        secretive.faults(
            {"kind": "reset", "times": 2},
            reply({"code": "ERROR_CODE_UNAUTHORIZED", "message": f"bad token {SECRET}"}, status=401),
            reply(text=f"you sent Bearer {SECRET}"),
            reply(text=f"<h1>{SECRET}</h1>", status=502),
            reply(text=f"<h1>{SECRET}</h1>", status=502),
        )
        for _ in range(4):
            with pytest.raises(XanoError) as caught:
                xano.me()
            error = caught.value
            texts += [
                str(error),
                repr(error),
                str(vars(error)),
                "".join(traceback.format_exception(error)),
                str(pickle.dumps(error)),
            ]
        xano.me()
    texts += [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    assert not [text for text in texts if SECRET in text]


def test_the_token_is_in_no_repr_of_options() -> None:
    options = ClientOptions(token=SECRET, proxy=f"http://u:{SECRET}@p:1", headers={"x-key": SECRET})
    assert SECRET not in repr(options)
    assert repr(options) == "ClientOptions(token=…, proxy=…, headers=…)"


@pytest.mark.parametrize("token", [f"{SECRET}\nX-Evil: 1", f"{SECRET} x", "", " ", f"{SECRET}\u00e9"])
def test_an_impossible_token_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Xano(token, account_url="https://127.0.0.1:1", ambient_credentials=False)
    assert SECRET not in str(caught.value)


def test_a_token_of_the_wrong_type_is_not_shown() -> None:
    with pytest.raises(ConfigError, match="token takes text") as caught:
        Xano(SECRET.encode(), ambient_credentials=False)  # type: ignore[arg-type]
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("make", [lambda url: Xano(SECRET, account_url=url), lambda url: Instance(url, token=SECRET)])
def test_plain_http_off_loopback_is_refused(make: Callable[[str], Any]) -> None:
    with pytest.raises(ConfigError, match="http"):
        make("http://xano.example.com")


def test_an_instance_the_account_names_on_plain_http_gets_no_token(emulator: Emulator, xano: Xano) -> None:
    emulator.faults(reply({"name": "evil", "meta_api": "http://192.0.2.1/api:meta"}))
    with pytest.raises(ConfigError, match="http"):
        xano.instance("evil").me()


def test_a_panic_does_not_print_the_token(run_python: Script) -> None:
    code = f"""
    from xano_metadata import Xano, _native
    xano = Xano({SECRET!r}, account_url="http://127.0.0.1:1", ambient_credentials=False)
    try:
        _native.panic_for_tests()
    except Exception as error:
        print(error.code, error)
    """
    done = run_python(code)
    assert SECRET not in done.stdout + done.stderr
    assert done.stdout.startswith("internal_error ")
    assert done.returncode == 0


ODD = ["..", ".", "", "a\nb", "a\r\nX-Evil: 1", "\0"]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_refused_before_anything_is_sent(emulator: Emulator, xano: Xano, name: str) -> None:
    calls: list[Callable[[], object]] = [
        xano.snippet(name).get,
        xano.snippet("a").token(name).delete,
        lambda: xano.instances.get(name),
        lambda: xano.instance(name).me(),
    ]
    for call in calls:
        with pytest.raises(ConfigError):
            call()
    assert emulator.requests() == []


@pytest.mark.parametrize("name", ["a/b", "a?b", "a#b", "../x", "%2e%2e", "a%2Fb", "ü 🚀", "a\\b", ";x", "a+b&c"])
def test_odd_names_stay_inside_their_segment(emulator: Emulator, xano: Xano, name: str) -> None:
    emulator.faults({**reply({"canonical": "x"}), "times": 2})
    xano.snippet(name).get()
    path = emulator.requests()[-1]["path"]
    head, _, segment = path.rpartition("/")
    assert head == "/api:meta/snippet"
    assert unquote(segment) == name


@pytest.mark.parametrize("path", ["/a/../b", "//host/x", "https://other.example/x", "/a\nb", ""])
def test_the_escape_hatch_cannot_leave_its_base(emulator: Emulator, xano: Xano, path: str) -> None:
    with suppress(XanoError):
        xano.request("GET", path)
    assert all(r["path"].startswith("/api:meta/") for r in emulator.requests())


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer x"}, {"x-a": "b\r\nx-evil: 1"}, {"bad name": "x"}])
def test_headers_cannot_smuggle(emulator: Emulator, xano: Xano, headers: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        xano.me(options={"headers": headers})
    with pytest.raises(ConfigError):
        emulator.client(headers=headers)
    assert emulator.requests() == []


def test_a_read_only_client_writes_nothing(emulator: Emulator) -> None:
    with emulator.client(read_only=True) as xano:
        assert xano.me()
        for write in (lambda: xano.snippet("a").tokens.create(max_installs=1), xano.snippet("a").token("t").delete,
                      lambda: xano.request("POST", "/x"), lambda: xano.request("DELETE", "/x")):  # fmt: skip
            with pytest.raises(ConfigError, match="read"):
                write()
    assert [r["method"] for r in emulator.requests()] == ["GET"]


async def test_the_async_client_keeps_the_secret_as_well(secretive: Emulator) -> None:
    async with secretive.async_client(SECRET) as xano:
        assert isinstance(xano, AsyncXano)
        secretive.faults(reply({"message": SECRET}, status=400))
        with pytest.raises(XanoError) as caught:
            await xano.me()
    assert SECRET not in f"{caught.value!r}{caught.value}{vars(caught.value)}{xano!r}"
