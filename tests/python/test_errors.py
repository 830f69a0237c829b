"""Everything that can go wrong: class, code and number of attempts, the same in both faces."""

from __future__ import annotations

import builtins
import pickle
from typing import Any

import pytest

import xano_metadata.errors as e
from xano_metadata import AsyncXano, Xano
from xano_metadata.testing import Emulator

from .conftest import reply

R, W = "read", "write"

# name, what the server does, what is called, class, code, attempts (of at most 3), more that must hold
TABLE: list[tuple[str, dict[str, Any], str, type[e.XanoError], str, int, dict[str, Any]]] = [
    ("400", reply({"code": "ERROR_CODE_INPUT_ERROR", "message": "No.", "payload": {"param": "max"}}, status=400),
     W, e.BadRequestError, "ERROR_CODE_INPUT_ERROR", 1, {"status": 400, "param": "max"}),
    ("a syntax error", reply({"code": "ERROR_CODE_SYNTAX_ERROR", "payload": {"line": 3, "col": 7}}, status=400),
     W, e.BadRequestError, "ERROR_CODE_SYNTAX_ERROR", 1, {"line": 3, "col": 7}),
    ("409", reply({"message": "Taken."}, status=409), W, e.ConflictError, "conflict", 1, {"message": "Taken."}),
    ("418", reply(status=418, text="teapot"), R, e.ApiError, "http_error", 1, {"status": 418}),
    ("429 for ever", {"kind": "status", "status": 429, "headers": {"retry-after": "0"}},
     R, e.RateLimitError, "ERROR_CODE_TOO_MANY_REQUESTS", 3, {"status": 429}),
    ("429 with a long wait", {"kind": "status", "status": 429, "headers": {"retry-after": "600"}},
     W, e.RateLimitError, "ERROR_CODE_TOO_MANY_REQUESTS", 1, {"retry_after": 600}),
    ("500", {"kind": "status", "status": 500}, R, e.ServerError, "ERROR_FATAL", 3, {"outcome_unknown": False}),
    ("500 on a write", {"kind": "status", "status": 500},
     W, e.ServerError, "ERROR_FATAL", 1, {"outcome_unknown": True}),
    ("500 that refuses", reply({"code": "", "message": "Access Denied."}, status=500),
     R, e.ServerError, "server_error", 1, {"message": "Access Denied."}),
    ("HTML", {"kind": "html", "status": 502}, R, e.ServerError, "server_error", 3, {"status": 502}),
    ("a cut body", {"kind": "cut_body"}, R, e.ConnectionError, "connection_error", 3, {}),
    ("a cut body on a write", {"kind": "cut_body"},
     W, e.ConnectionError, "connection_error", 1, {"outcome_unknown": True}),
    ("a reset", {"kind": "reset"}, R, e.ConnectionError, "connection_error", 3, {}),
    ("a reset on a write", {"kind": "reset_after"},
     W, e.ConnectionError, "connection_error", 1, {"outcome_unknown": True}),
    ("no HTTP", {"kind": "garbage"}, R, e.ConnectionError, "connection_error", 3, {}),
    ("a slow server", {"kind": "hang"}, R, e.TimeoutError, "timeout", 3, {}),
    ("a slow server on a write", {"kind": "hang"}, W, e.TimeoutError, "timeout", 1, {"outcome_unknown": True}),
    ("no JSON", reply(text="nope"), R, e.DecodeError, "decode_error", 1, {"body": "nope"}),
    ("half a JSON", reply(text='{"a": '), R, e.DecodeError, "decode_error", 1, {}),
    ("another shape", reply([1]), R, e.DecodeError, "decode_error", 1, {}),
    ("a redirect", reply(status=302, text="", headers={"location": "https://x.example/"}),
     R, e.ApiError, "http_error", 1, {}),
]  # fmt: skip


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize(
    ("fault", "call", "kind", "code", "attempts", "more"), [r[1:] for r in TABLE], ids=[r[0] for r in TABLE]
)
async def test_the_fault_table(
    emulator: Emulator,
    fault: dict[str, Any],
    call: str,
    kind: type[e.XanoError],
    code: str,
    attempts: int,
    more: dict[str, Any],
    face: str,
) -> None:
    emulator.add_snippets(canonical="a", name="A")
    rule = {**fault, "times": "always"} if "times" not in fault else fault
    emulator.faults(rule)
    fields: Any = {"max_retries": 2, "backoff": 0.001, "rate_limit": "off", "timeout": 0.15}
    if face == "sync":
        with pytest.raises(e.XanoError) as caught, emulator.client(**fields) as xano:
            _ = xano.me() if call == R else xano.snippet("a").tokens.create(max_installs=1)
    else:
        with pytest.raises(e.XanoError) as caught:
            async with emulator.async_client(**fields) as axano:
                _ = await axano.me() if call == R else await axano.snippet("a").tokens.create(max_installs=1)
    error = caught.value
    assert (type(error), error.code, error.attempts) == (kind, code, attempts), str(error)
    for name, value in more.items():
        assert getattr(error, name) == value, name
    assert error.operation == ("account.me" if call == R else "account.snippet.tokens.create")
    sent = [r for r in emulator.requests() if not r["path"].startswith("/_")]
    assert len(sent) == attempts
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert again.attempts == attempts


def codes(emulator: Emulator, token: str) -> tuple[type, str, int | None]:
    with pytest.raises(e.XanoError) as caught, emulator.client(token) as xano:
        xano.me()
    return type(caught.value), caught.value.code, caught.value.status


def test_401_for_unknown_expired_and_revoked_tokens(emulator: Emulator) -> None:
    unauthorized = (e.AuthenticationError, "ERROR_CODE_UNAUTHORIZED", 401)
    assert codes(emulator, "no.such.token") == unauthorized
    short = emulator.add_token(expires_in=60)["token"]
    revoked = emulator.add_token()["token"]
    with emulator.client(short) as xano:
        assert xano.me()
    emulator.advance_clock(61)
    emulator.revoke_token(revoked)
    assert codes(emulator, short) == unauthorized
    assert codes(emulator, revoked) == unauthorized


def test_403_names_the_scope(emulator: Emulator) -> None:
    body = {"code": "ERROR_CODE_ACCESS_DENIED", "message": "Access Denied.", "payload": ""}
    emulator.faults(reply(body, status=403))
    with pytest.raises(e.PermissionError) as caught, emulator.instance() as instance:
        instance.workspace(1).table(7).indexes.list().first_page()
    assert caught.value.scope == "Workspace Database: Read"
    assert "Workspace Database: Read" in str(caught.value)


def test_404(xano: Xano) -> None:
    with pytest.raises(e.NotFoundError) as caught:
        xano.snippet("nothing").get()
    assert caught.value.status == 404
    assert "GET /snippet/{canonical}" in str(caught.value)


def test_a_409_without_a_code_gets_ours(emulator: Emulator, quick: Xano) -> None:
    emulator.faults(reply(status=409, text=""))
    with pytest.raises(e.ConflictError) as caught:
        quick.me()
    assert caught.value.code == "conflict"


def test_a_call_may_be_told_to_retry_like_a_read(emulator: Emulator, quick: Xano) -> None:
    emulator.add_snippets(canonical="a", name="A")
    emulator.faults({"kind": "status", "status": 502, "times": 2})
    key = quick.snippet("a").tokens.create(max_installs=1, options={"idempotent": True})
    assert key.token
    assert len(emulator.requests(method="POST")) == 3


def test_builtin_names_catch_ours_as_well(emulator: Emulator) -> None:
    emulator.faults({"kind": "hang"})
    with emulator.client(max_retries=0) as xano:
        with pytest.raises(builtins.TimeoutError):
            xano.me(options={"timeout": 0.05})
        emulator.clear_faults()
        emulator.faults({"kind": "reset"})
        with pytest.raises(builtins.ConnectionError):
            xano.me()
        emulator.clear_faults()
        emulator.faults(reply({}, status=403))
        with pytest.raises(builtins.PermissionError):
            xano.me()


def test_the_tree() -> None:
    for name in e.__all__:
        assert issubclass(getattr(e, name), e.XanoError)
    for name in "BadRequest Authentication Permission NotFound Conflict RateLimit Server".split():
        assert issubclass(getattr(e, f"{name}Error"), e.ApiError)
    assert issubclass(e.TimeoutError, e.ConnectionError)
    assert e.NotFoundError("gone").code == "not_found"
    assert repr(e.NotFoundError("gone")) == "NotFoundError('gone', code='not_found')"


def test_a_deadline_covers_all_attempts(emulator: Emulator) -> None:
    emulator.faults({"kind": "status", "status": 503})
    with emulator.client(deadline=0.3, max_retries=50, backoff=0.05) as xano, pytest.raises(e.XanoError) as caught:
        xano.me()
    assert 1 <= caught.value.attempts < 50


async def test_an_error_of_a_task_has_its_class(emulator: Emulator, aquick: AsyncXano) -> None:
    with pytest.raises(e.NotFoundError):
        await aquick.snippet("nothing").tokens.list()


def test_an_unreachable_server(emulator: Emulator) -> None:
    with Emulator() as gone:
        url, token = gone.account_url, gone.token
    with Xano(token, account_url=url, max_retries=1, backoff=0.001) as xano, pytest.raises(e.ConnectionError) as caught:
        xano.me()
    assert (caught.value.attempts, caught.value.outcome_unknown) == (2, False)
