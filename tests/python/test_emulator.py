"""The emulator's Python face: handle, control, fixtures and program."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from xano_metadata import AuthenticationError, ConfigError, NotFoundError, RateLimit, RateLimitError, Xano, errors
from xano_metadata.testing import Emulator, EmulatorError
from xano_metadata.testing.__main__ import main

pytest_plugins = ["pytester"]


def test_the_handle_names_its_addresses(emulator: Emulator) -> None:
    assert emulator.account_url.startswith("http://127.0.0.1:")
    assert emulator.account_url.endswith("/api:meta")
    assert emulator.instance_url.endswith("/api:meta")
    assert emulator.control_url.endswith("/_emulator")
    assert repr(emulator) == f"<Emulator at {emulator.account_url}>"


def test_it_is_gone_after_its_block() -> None:
    with Emulator() as emulator:
        client = emulator.client(max_retries=0)
        assert client.me()
    with pytest.raises(errors.ConnectionError):
        client.me()
    with pytest.raises(EmulatorError, match="stopped"):
        emulator.requests()
    emulator.stop()


def test_two_at_once_do_not_meet() -> None:
    with Emulator() as one, Emulator() as two:
        one.add_snippets(canonical="only-here", name="A")
        assert one.client().snippet("only-here").get()
        with pytest.raises(NotFoundError):
            two.client().snippet("only-here").get()
        with pytest.raises(AuthenticationError):
            two.client(one.token).me()


def test_a_file_keeps_the_state(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    with Emulator(file=file) as emulator:
        emulator.add_snippets(canonical="kept", name="A")
        token = emulator.token
    with Emulator(file=file) as emulator:
        assert emulator.token == token
        assert emulator.client().snippet("kept").get().name == "A"


def test_a_limit_is_real(emulator: Emulator) -> None:
    emulator.limit(2, per=20)
    with emulator.client(max_retries=0, rate_limit="off") as xano:
        xano.me()
        xano.me()
        with pytest.raises(RateLimitError) as caught:
            xano.me()
    assert caught.value.code == "ERROR_CODE_TOO_MANY_REQUESTS"
    assert emulator.journal()["rate_limited"] == 1


def test_requests_can_be_looked_at(emulator: Emulator, xano: Xano) -> None:
    xano.me()
    xano.snippets.list().all()
    assert [r["path"] for r in emulator.requests()] == ["/api:meta/auth/me", "/api:meta/snippet"]
    assert len(emulator.requests(path="/snippet")) == 1
    assert emulator.token not in json.dumps(emulator.journal())
    emulator.clear_requests()
    assert emulator.requests() == []


def test_an_added_instance_listens_at_once(emulator: Emulator, xano: Xano) -> None:
    emulator.add_instance(name="x9", display="Nine", extra={"new_field": 1})
    row = xano.instances.get("x9")
    assert (row.display, row["new_field"]) == ("Nine", 1)
    assert xano.instance(row).me().name == xano.me().name


def test_control_refuses_with_a_reason(emulator: Emulator) -> None:
    with pytest.raises(EmulatorError) as caught:
        emulator.control("POST", "/tokens", {"scoops": "all"})
    assert caught.value.status == 400
    assert "scoops" in str(caught.value)


@pytest.mark.parametrize("wrong", [{"host": "192.0.2.1"}, {"port": -1}, {"extras": "xml"}, {"journal_size": 0}])
def test_wrong_options_are_refused_by_name(wrong: dict[str, object]) -> None:
    (name,) = wrong
    with pytest.raises(ConfigError, match=name):
        Emulator(**wrong)  # type: ignore[arg-type]


def test_the_fixtures_start_anew(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_one(xano_emulator, xano):
            xano_emulator.add_snippets(name="A")
            assert len(xano.snippets.list().all()) == 1

        def test_two(xano):
            assert xano.snippets.list().all() == []
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)


def test_the_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "xano_metadata.testing", "--json", "--seed-demo", "--rate-limit", "100/1"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    facts = json.loads(program.stdout.readline())
    with Xano(facts["token"], account_url=facts["account_url"], ambient_credentials=False) as xano:
        assert len(xano.instances.list().all()) == 4
    program.send_signal(signal.SIGTERM)
    assert program.wait(5) == 0


def test_the_program_refuses_nonsense(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--rate-limit", "many"], ["--host", "192.0.2.1"]):
        with pytest.raises(SystemExit):
            main(arguments)
        assert arguments[0].strip("-").replace("-", " ") in capsys.readouterr().err.replace("-", " ")


def test_a_limit_at_the_start() -> None:
    with (
        Emulator(rate_limit=RateLimit(1, per=30)) as emulator,
        emulator.client(max_retries=0, rate_limit="off") as xano,
    ):
        xano.me()
        with pytest.raises(RateLimitError):
            xano.me()
