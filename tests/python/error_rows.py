"""Makes every error of the table in `docs/errors.md`, the way a user would meet it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xano_metadata import Fleet, Instance, Xano, XanoError
from xano_metadata._generated.sync.records import TableRecords
from xano_metadata._native import Task
from xano_metadata.testing import Emulator

from .conftest import reply
from .tables import Column, a_table

SNIPPET = "kRG3t_-i"
TOKENS = f"/snippet/{SNIPPET}/token"
DENIED = {"code": "ERROR_CODE_ACCESS_DENIED", "message": "Access Denied.", "payload": ""}

Producer = Callable[["Stage"], object]
PRODUCERS: dict[str, Producer] = {}


class Stage:
    """Where an error is made: an emulator with a snippet, a workspace with a table, and a folder."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        emulator.add_snippets(canonical=SNIPPET, name="Mailer", install_access="token")

    def client(self, **fields: Any) -> Xano:
        given: Any = {"max_retries": 1, "backoff": 0.001, "rate_limit": "off", **fields}
        return self.emulator.client(**given)

    @property
    def xano(self) -> Xano:
        return self.client()

    @property
    def workspace(self) -> Any:
        instance = self.emulator.instance(backoff=0.001, max_retries=1, rate_limit="off")
        return instance.workspace(1)

    def table(self) -> TableRecords:
        """A table with a unique column and one record."""
        instance = self.emulator.instance(backoff=0.001, rate_limit="off")
        return a_table(instance, Column.text("sku", required=True), Column.int("n"), unique="sku")

    def faulty(self, fault: dict[str, Any], **fields: Any) -> Xano:
        self.emulator.faults({"times": "always", **fault})
        return self.client(**fields)

    def shop(self) -> Any:
        shop = self.client().shop(self.folder / "shop.db")
        shop.tier("team", snippet=SNIPPET, installs=7)
        return shop


def row(name: str) -> Callable[[Producer], Producer]:
    """Says which row of the table a producer makes."""

    def known(producer: Producer) -> Producer:
        assert name not in PRODUCERS, name
        PRODUCERS[name] = producer
        return producer

    return known


def rows(**producers: Producer) -> None:
    """The same for short ones; underscores stand for blanks."""
    for name, producer in producers.items():
        row(name.replace("_", " "))(producer)


# ── What you gave cannot be used ──

rows(
    no_token=lambda s: Xano(ambient_credentials=False),
    odd_token=lambda s: Xano("my token", ambient_credentials=False).me(),
    plain_http=lambda s: Xano("t", account_url="http://app.example.com"),
    unknown_option=lambda s: Xano("t", timout=3),  # type: ignore[call-arg]
    wrong_option=lambda s: Xano("t", timeout="soon"),  # type: ignore[arg-type]
    path_value=lambda s: s.xano.snippet("..").get(),
    read_only=lambda s: s.client(read_only=True).snippet(SNIPPET).tokens.create(max_installs=1),
    no_such_file=lambda s: s.workspace.files.upload(content=str(s.folder / "nothing.png")),
    not_an_instance=lambda s: Instance("ftp://x.example", token="t"),
    fleet_file=lambda s: Fleet({"environmets": {}}),
    fleet_token=lambda s: Fleet({"instances": {"a": {"url": "https://x.example", "token_env": "NO_SUCH_TOKEN"}}}),
    no_such_environment=lambda s: s.xano.fleet({"environments": {"prod": {"match": ["*"]}}}).environment("moon"),
    unknown_tier=lambda s: s.shop().sell("gold", buyer="ada"),
)


@row("unknown profile")
def _profile(stage: Stage) -> object:
    file = stage.folder / "credentials.yaml"
    file.write_text("profiles: {work: {access_token: t}}\ndefault: work\n", encoding="utf-8")
    file.chmod(0o600)
    return Xano(profile="home", credentials_file=str(file))


@row("closed client")
def _closed(stage: Stage) -> object:
    xano = stage.client()
    xano.close()
    return xano.me()


@row("not a ledger")
def _not_a_ledger(stage: Stage) -> object:
    file = stage.folder / "notes.txt"
    file.write_text("notes " * 100, encoding="utf-8")
    return stage.xano.shop(file).tiers()


# ── No answer, or none that reads ──

rows(
    unreachable=lambda s: Xano("t", account_url="http://127.0.0.1:9", max_retries=0).me(),
    cut_answer=lambda s: s.faulty({"kind": "cut_body"}).me(),
    broken_connection=lambda s: s.faulty({"kind": "reset"}).me(),
    lost_answer=lambda s: s.faulty({"kind": "reset_after"}).snippet(SNIPPET).tokens.create(max_installs=1),
    not_HTTP=lambda s: s.faulty({"kind": "garbage"}).me(),
    too_slow=lambda s: s.faulty({"kind": "hang"}, timeout=0.1).me(),
    past_the_deadline=lambda s: s.faulty({"kind": "hang"}, deadline=0.1).me(),
    no_time_to_retry=lambda s: s.faulty(
        {"kind": "status", "status": 503, "headers": {"retry-after": "60"}}, deadline=5
    ).me(),
    not_JSON=lambda s: s.faulty(reply(text="nope")).me(),
    another_shape=lambda s: s.faulty(reply([1])).me(),
)


@row("given up")
def _given_up(stage: Stage) -> object:
    xano = stage.faulty({"kind": "hang"})
    raised: list[XanoError] = []

    def call() -> None:
        try:
            xano.me()
        except XanoError as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while not stage.emulator.requests():
        time.sleep(0.01)
    xano.close()
    thread.join()
    raise raised[0]


@row("damaged backup")
def _damaged(stage: Stage) -> object:
    file = stage.folder / "backup.tar.gz"
    file.write_bytes(b"\x1f\x8b\x08\x00 cut off")
    return stage.workspace.restore(file, confirm="Main", safety=stage.folder / "safety")


# ── The server says no ──

rows(
    an_input=lambda s: s.xano.snippet(SNIPPET).tokens.create(max_installs=-1),
    a_syntax_error=lambda s: s.faulty(
        reply(
            {"code": "ERROR_CODE_SYNTAX_ERROR", "message": "Syntax error", "payload": {"line": 3, "col": 7}}, status=400
        )
    ).me(),
    not_emulated=lambda s: s.emulator.instance().request("POST", "/workspace/1/function/run", json={}),
    unknown_token=lambda s: s.emulator.client("no.such.token", max_retries=0).me(),
    a_role=lambda s: s.faulty(reply(DENIED, status=403)).me(),
    not_found=lambda s: s.xano.snippet("nothing").get(),
    too_many_requests=lambda s: s.faulty({"kind": "status", "status": 429, "headers": {"retry-after": "0"}}).me(),
    a_long_wait=lambda s: s.faulty({"kind": "status", "status": 429, "headers": {"retry-after": "600"}}).me(),
    a_failing_server=lambda s: s.faulty({"kind": "status", "status": 500}).me(),
    a_failed_write=lambda s: s.faulty({"kind": "status", "status": 500}).snippet(SNIPPET).tokens.create(max_installs=1),
    a_refusal_as_500=lambda s: s.faulty(reply({"code": "", "message": "Access Denied."}, status=500)).me(),
    a_gateway=lambda s: s.faulty({"kind": "html", "status": 502}).me(),
    a_redirect=lambda s: s.faulty(reply(status=302, text="", headers={"location": "https://x.example/"})).me(),
)


@row("a clash")
def _clash(stage: Stage) -> object:
    records = stage.table()
    records.create({"sku": "a", "n": 1})
    return records.create({"sku": "a", "n": 2})


@row("expired token")
def _expired(stage: Stage) -> object:
    token = stage.emulator.add_token(expires_in=60)["token"]
    stage.emulator.advance_clock(61)
    return stage.emulator.client(token, max_retries=0).me()


@row("missing scope")
def _scope(stage: Stage) -> object:
    token = stage.emulator.add_token(scopes="none")["token"]
    with stage.emulator.client(token) as xano:
        (info, *_) = xano.instances.list()
        return xano.instance(info).workspace(1).tables.list().all()


# ── Records, jobs, defects ──

rows(
    a_bad_row=lambda s: s.table().insert([{"sku": "a", "n": 1}, {"sku": "b", "n": "many"}]),
    sold_out=lambda s: s.shop().sell("team", buyer="ada", issue=False),
    a_defect=lambda s: Task("nothing.such", b"{}", None, None, []).next(),
    the_emulator=lambda s: s.emulator.control("POST", "/snippets", {"colour": "red"}),
)


@row("another purchase")
def _other(stage: Stage) -> object:
    shop = stage.shop()
    shop.sell("team", buyer="ada", order="invoice-1")
    return shop.sell("team", buyer="eve", order="invoice-1")


@row("revoked")
def _revoked(stage: Stage) -> object:
    shop = stage.shop()
    shop.revoke(shop.sell("team", buyer="ada"))
    return shop.top_up(shop.sales()[0], installs=1)


@row("the wrong name")
def _wrong_name(stage: Stage) -> object:
    backup = stage.workspace.backup(to=stage.folder)
    return stage.workspace.restore(backup.file, confirm="Man", safety=stage.folder / "safety")
