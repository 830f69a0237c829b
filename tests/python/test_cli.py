"""The command line, run as a program against the emulator: documents, exit codes, secrets."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .cli import DEV, GUIDE, NOWHERE, Shell, check, promised
from .conftest import reply

# Documents


def spelled(value: str | list[str]) -> str | None:
    return None if isinstance(value, str) else " ".join(value)


DOCUMENTS: list[tuple[str, list[str]]] = [
    ("me", ["me"]),
    ("instances --branches --counts", ["instances", "--branches", "--counts"]),
    ("instances", ["instances"]),
    ("health", ["health"]),
    ("snippets", ["snippets"]),
    ("snippets", ["snippets", "demo-002"]),
    ("tokens", ["tokens", "list", "demo-002"]),
    ("tokens", ["tokens", "create", "demo-002", "--installs", "5", "--count", "2"]),
    ("records", ["records", "export", "Main", "customer", "c.csv"]),
    ("records", ["records", "copy", "Main", "customer", f"{DEV}/Main", "copied", "--create"]),
    ("request", ["request", "GET", "/auth/me", "--account"]),
    ("backup", ["backup", "Main", "--to", "b"]),
    ("backup", ["backup", "--all", "--kind", "logical", "--keep", "last=1"]),
    ("compare", ["compare", "Main", f"{DEV}/Main", "--records", "counts"]),
    ("compare", ["compare", "--instances", DEV, "xstg-acme-0002"]),
    ("deploy", ["deploy", "run", "--from", "Main", "--stage", f"dev={DEV}/Main"]),
    ("deploy", ["deploy", "run", "--from", "Main", "--stage", f"dev={DEV}/Main", "--execute", "-y", "--check", "true"]),
    ("completion", ["completion", "bash"]),
]


@pytest.mark.parametrize(("name", "arguments"), DOCUMENTS, ids=spelled)
def test_documents_are_as_promised(shell: Shell, name: str, arguments: list[str]) -> None:
    check(promised(name), shell.document(*arguments))


def test_documents_about_backups_are_as_promised(shell: Shell) -> None:
    (backup,) = shell.document("backup", "x1a2-b3c4-d5e6/Main", "--kind", "logical")["done"]
    assert backup["instance"] == "x1a2-b3c4-d5e6", "a name that was given is used"
    check(promised("verify"), shell.document("verify", "backups"))
    check(promised("restore"), shell.document("restore", backup["path"], f"{DEV}/Main", "--yes"))
    check(promised("restore"), shell.document("restore", backup["path"], f"{DEV}/Main", "--confirm", "Main"))
    equal = shell.document("compare", "Main", f"{DEV}/Main", "--records", "content", "--exit-code")
    assert equal["comparison"]["equal"]


def test_errors_are_as_promised(shell: Shell) -> None:
    for arguments in (["snippets", "nope"], ["nonsense"], ["tokens", "create", "demo-002"]):
        check(promised("error"), shell.document(*arguments, code=2))


def test_every_option_is_in_the_guide(shell: Shell) -> None:
    commands = re.findall(r"^  ([a-z]+) ", shell.run("--help").stdout.split("Options:")[0], re.M)
    assert len(commands) == 14
    nested = {
        "tokens": "list create update delete",
        "records": "export import copy",
        "deploy": "run resume revert status",
    }
    for command in commands:
        assert f"\n## {command}\n" in GUIDE, command
        for inner in nested.get(command, "").split() or [""]:
            told = shell.run(command, *inner.split(), "--help")
            assert told.returncode == 0
            for option in re.findall(r"(--[a-z-]+)", told.stdout):
                assert option in GUIDE or option in ("--help", "--version"), f"{command} {inner}: {option}"


# Exit codes


def damaged(shell: Shell) -> str:
    (backup,) = shell.document("backup", "Main")["done"]
    file = shell.folder / backup["path"]
    file.write_bytes(file.read_bytes()[:-10])
    return str(backup["path"])


def test_codes_of_partial_failure(shell: Shell, dead: str) -> None:
    fleet = ["--fleet", dead, "--retries", "0"]
    shell.document("instances", "--workspaces", *fleet, code=1)
    shell.document("health", *fleet, code=1)
    both = shell.document("backup", "Main", "Nope", code=1)
    assert (len(both["done"]), both["failures"][0]["at"]) == (1, "Nope")
    some = shell.document("backup", "--all", *fleet, code=1)
    assert len(some["done"]) == 4
    shell.document("compare", "Main", f"{DEV}/Main", "--exit-code", code=1)
    failed = shell.document(
        *("deploy", "run", "--from", "Main", "--stage", f"dev={DEV}/Main"),
        *("--execute", "-y", "--check", "echo no >&2; exit 3", "--journal", "j.json"),
        code=1,
    )
    assert "exit status: 3" in failed["deployment"]["trouble"]["message"]
    shell.document("deploy", "status", "j.json", code=1)
    (shell.folder / "rows.ndjson").write_text('{"name": "Ada"}\n{"name": 7, "nope": 1}\n', encoding="utf-8")
    refused = shell.document("records", "import", "Main", "customer", "rows.ndjson", "--on-error", "collect", code=1)
    assert refused["report"]["failures"][0]["row"] == 2
    check(promised("records"), refused)
    path = damaged(shell)
    assert shell.document("verify", path, code=1)["bad"] == 1
    assert shell.document("restore", path, "Main", "--yes", code=1)["error"]["code"] == "decode_error"
    shell.emulator.faults(
        reply({"token": "t1", "max_installs": 5, "current_installs": 0}), {"kind": "status", "status": 400}
    )
    made = shell.document("tokens", "create", "demo-002", "--installs", "5", "--count", "3", code=1)
    assert (len(made["tokens"]), made["failures"][0]["at"]) == (1, "token 2 of 3")


REFUSED = [
    ["me"],
    ["instances"],
    ["health"],
    ["snippets"],
    ["tokens", "list", "demo-002"],
    ["records", "export", "Main", "customer", "c.csv"],
    ["request", "GET", "/workspace"],
    ["backup", "Main"],
    ["backup", "--all"],
    ["compare", "Main", "Main@next"],
    ["deploy", "run", "--from", "Main", "--stage", f"dev={DEV}/Main"],
]


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_a_token_that_is_not_taken_is_a_refusal(shell: Shell, arguments: list[str]) -> None:
    shell.document(*arguments, code=3, XANO_TOKEN="wrong")


def test_nothing_is_destroyed_without_a_yes(shell: Shell) -> None:
    (backup,) = shell.document("backup", "Main")["done"]
    (shell.folder / "c.csv").write_text("id\n1\n", encoding="utf-8")
    token = shell.document("tokens", "create", "demo-002", "--installs", "1")["tokens"][0]["token"]
    journal = ["--execute", "--journal", "j.json"]
    before = shell.emulator.journal()["total"]
    for arguments in (
        ["restore", backup["path"], "Main"],
        ["tokens", "delete", "demo-002", token],
        ["records", "export", "Main", "customer", "c.csv"],
        ["records", "import", "Main", "customer", "c.csv", "--action", "delete"],
        ["request", "DELETE", "/workspace/1"],
        ["deploy", "run", "--from", "Main", "--stage", f"dev={DEV}/Main", *journal],
        ["deploy", "revert", "j.json", "--stage", f"dev={DEV}/Main"],
    ):
        shell.document(*arguments, code=3)
    # A dry run of the server's is a POST that writes nothing.
    sent = [r for r in shell.emulator.requests() if r["method"] not in ("GET", "POST")]
    assert sent == [], sent
    assert shell.emulator.journal()["total"] > before
    shell.document("restore", backup["path"], "Main", "--confirm", "main", code=3)
    assert shell.run("tokens", "delete", "demo-002", "-", "--yes", text=f"{token}\n").returncode == 0
    assert shell.run("records", "export", "Main", "customer", "c.csv", "-y").returncode == 0


BAD_INPUT = [
    [],
    ["nonsense"],
    ["me", "extra"],
    ["me", "--profile", "nope"],
    ["me", "--token", "t"],
    ["me", "--timeout", "0"],
    ["instances", "--environment", "nope"],
    ["instances", "--fleet", "nope.toml"],
    ["health", "--every", "0"],
    ["backup"],
    ["backup", "Nope"],
    ["backup", "Main", "--keep", "last=1"],
    ["backup", "--all", "--keep", "hourly=1"],
    ["backup", "Main", "--password-env", "NOT_THERE"],
    ["backup", "Main", "--password", "p"],
    ["verify", "nope"],
    ["restore", "nope.tar.gz", "Main", "--yes"],
    ["compare", "Main", "x1a2-b3c4-d5e6/"],
    ["compare", "Main", "Main@nope"],
    ["deploy", "run", "--from", "Main"],
    ["deploy", "run", "--from", "Main", "--stage", "dev"],
    ["deploy", "status", "nope.json"],
    ["snippets", "nope"],
    ["tokens", "create", "nope", "--installs", "1"],
    ["tokens", "update", "demo-002", "nope", "--installs", "1"],
    ["records", "import", "Main", "customer", "nope.csv"],
    ["records", "export", "Main", "nope", "x.csv"],
    ["records", "export", "Main@next", "customer", "x.csv"],
    ["records", "export", "Main", "customer", "x.csv", "--search", "{"],
    ["request", "GET", "/nope"],
    ["request", "POST", "/workspace", "--data", "{"],
    ["request", "GET", "/workspace", "--query", "x"],
    ["emulator", "--rate-limit", "x"],
    ["emulator", "--host", "8.8.8.8"],
    ["completion", "tcsh"],
]


@pytest.mark.parametrize("arguments", BAD_INPUT, ids=" ".join)
def test_codes_of_bad_input(shell: Shell, arguments: list[str]) -> None:
    done = shell.run(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.strip(), "it says nothing"
    assert not done.stdout


UNREACHABLE = [*REFUSED, ["restore", "b.tar.gz", "Main", "--confirm", "Main"], ["compare", "--instances", "a", "b"]]


@pytest.mark.parametrize("arguments", UNREACHABLE, ids=" ".join)
def test_codes_of_the_unreachable(shell: Shell, arguments: list[str]) -> None:
    (shell.folder / "b.tar.gz").write_bytes(b"")
    shell.document(*arguments, "--retries", "0", code=4, XANO_ACCOUNT_URL=NOWHERE, XANO_INSTANCE_URL=NOWHERE)


def test_a_server_that_fails_is_unreachable(shell: Shell) -> None:
    shell.emulator.faults({"kind": "status", "status": 503, "times": 2})
    assert shell.document("me", "--retries", "1", code=4)["error"]["attempts"] == 2


# Secrets


@pytest.mark.parametrize("option", ["--token", "--token=abc", "--password", "--password=abc"])
def test_secrets_are_not_taken_from_the_command_line(shell: Shell, option: str) -> None:
    for place in (["me", option], [option, "me"] if "=" in option else ["me", option, "abc"]):
        done = shell.run(*place)
        assert done.returncode == 2
        assert "every program on this machine" in done.stderr
        assert "abc" not in done.stderr
    assert shell.emulator.requests() == []


def test_a_profile_and_a_fleet_bring_tokens(shell: Shell) -> None:
    without = {"XANO_TOKEN": "", "XANO_ACCOUNT_URL": "", "XANO_INSTANCE_URL": ""}
    config = shell.folder / "credentials.yaml"
    profile = f"{{account_origin: '{shell.emulator.account_url}', access_token: {shell.emulator.token}}}"
    config.write_text(f"profiles:\n  mine: {profile}\n", encoding="utf-8")
    config.chmod(0o600)
    for name in without:
        del shell.environment[name]
    assert shell.document("me", "--profile", "mine", XANO_CONFIG=str(config))["me"]["name"] == "Robin Example"
    fleet = shell.folder / "fleet.toml"
    fleet.write_text(
        f'[instances.acme]\nurl = "{shell.emulator.instance_url}"\ntoken_env = "ACME"\nenvironment = "prod"\n'
        "[environments.prod]\nprotected = true\n",
        encoding="utf-8",
    )
    acme: dict[str, Any] = {"ACME": shell.emulator.token}
    (instance,) = shell.document("instances", "--fleet", str(fleet), "--environment", "prod", **acme)["instances"]
    assert (instance["name"], instance["protected"]) == ("acme", True)
    done = shell.document("records", "export", "acme/Main", "customer", "c.csv", "--fleet", str(fleet), **acme)
    assert done["report"]["written"] == 24
    gate = shell.document(
        *("deploy", "run", "--from", "acme/Main", "--stage", "prod=acme/Main", "--fleet", str(fleet)), **acme
    )
    assert gate["deployment"]["stages"][0]["protected"]
    assert shell.run("me").returncode == 2, "without credentials it says which there could be"
