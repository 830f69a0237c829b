"""What the engine tells, as records of `logging`."""

from __future__ import annotations

import logging
import sys

import pytest

from xano_metadata.testing import Emulator

from .conftest import Script, until


def test_each_answer_is_a_record(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    emulator.faults({"kind": "status", "status": 503, "times": 1})
    with caplog.at_level(logging.DEBUG, "xano_metadata"), emulator.client(backoff=0.001) as xano:
        xano.me()
        until(lambda: len(caplog.records) >= 3)
    events = [record.xano for record in caplog.records]  # type: ignore[attr-defined]
    names = [event["event"] for event in events]
    assert {"answered", "retrying"} <= set(names)
    answered = [event for event in events if event["event"] == "answered"][-1]
    assert (answered["operation"], answered["status"], answered["attempt"]) == ("account.me", 200, 2)
    levels = {record.xano["event"]: record.levelno for record in caplog.records}  # type: ignore[attr-defined]
    assert levels["retrying"] == logging.INFO
    assert levels["answered"] == logging.DEBUG
    assert "account.me" in caplog.text


def test_nothing_is_made_that_nobody_wants(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "xano_metadata"), emulator.client() as xano:
        xano.me()
        xano.me()
    # Records come in order, so the one of this call comes after any of the calls above.
    with caplog.at_level(logging.DEBUG, "xano_metadata"), emulator.client() as xano:
        xano.instances.list().all()
        until(lambda: bool(caplog.records))
    assert [record.xano["operation"] for record in caplog.records] == ["account.instances.list"]  # type: ignore[attr-defined]


def test_logging_is_not_imported_for_nothing(run_python: Script, emulator: Emulator) -> None:
    code = """
    import sys
    from xano_metadata import Xano
    xano = Xano(sys.argv[2], account_url=sys.argv[1], ambient_credentials=False)
    xano.me()
    print("logging" in sys.modules, "asyncio" in sys.modules, "typing" in sys.modules)
    """
    assert run_python(code, emulator.account_url, emulator.token).stdout == "False False False\n"


def test_an_expiring_token_is_a_warning(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    soon = emulator.add_token(expires_in=3600)["token"]
    with caplog.at_level(logging.WARNING, "xano_metadata"), emulator.client(soon) as xano:
        xano.me()
        until(lambda: bool(caplog.records))
    assert "expires" in caplog.text
    assert soon not in caplog.text


def test_a_failing_handler_does_not_break_calls(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda trouble: told.append(str(trouble.exc_value)))

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("handler")

    logger = logging.getLogger("xano_metadata")
    handler = Broken()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with emulator.client() as xano:
            assert xano.me().name
            until(lambda: bool(told))
            assert xano.me().name
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert told[0] == "handler"
