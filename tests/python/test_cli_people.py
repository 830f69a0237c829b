"""The command line and people: tables, terminals, questions, Ctrl-C, and what runs every night."""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from .cli import DEV, NOWHERE, PROGRAM, ROOT, Done, Shell, check, promised

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of POSIX")

# People


def test_people_read_tables(shell: Shell) -> None:
    lines = shell.run("instances").stdout.splitlines()
    assert re.fullmatch(r"name +display +environment +address +rate limit", lines[0])
    assert len(lines) == 5
    assert len({line.index("http://") for line in lines[1:]}) == 1, "columns line up"
    assert shell.run("me").stdout.startswith("name     Robin Example\nemail    robin@example.com\n")
    assert "24 rows written" in shell.run("records", "export", "Main", "customer", "c.csv").stdout
    assert shell.run("request", "GET", "/workspace").stdout.startswith('[{"id":1,')


def test_names_cannot_write_on_the_terminal(shell: Shell) -> None:
    shell.emulator.add_instance(name="xevil-0000-0000", display="\x1b[2J\x07evil\nxprd-acme-0003  up")
    done = shell.run("instances")
    assert "\x1b" not in done.stdout
    assert "�[2J�evil�xprd" in done.stdout
    assert len(done.stdout.splitlines()) == 6


def test_progress_goes_to_standard_error_when_it_is_asked_for(shell: Shell) -> None:
    assert shell.run("backup", "Main", "--json").stderr == ""
    done = shell.run("backup", "Main", "--json", "--progress")
    assert "Main" in done.stderr
    assert done.stdout.count("\n") == 1
    assert "\r" not in done.stderr, "a line that replaces itself is for terminals"


@posix
def test_whoever_closes_the_pipe_has_read_enough(shell: Shell) -> None:
    for arguments in (["instances"], ["me", "--json"], ["request", "GET", "/workspace"], ["--help"]):
        program = shell.start(*arguments)
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        assert program.wait(60) == 0
        assert program.stderr.read() == ""
        program.stderr.close()


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, shell: Shell, *arguments: str, **environment: str) -> None:
        import fcntl  # noqa: PLC0415 - POSIX alone has it
        import struct  # noqa: PLC0415
        import termios  # noqa: PLC0415

        self.side, other = os.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        environment = shell.environment | {"TERM": "xterm"} | environment
        self.program = subprocess.Popen(
            [*PROGRAM, *arguments], cwd=shell.folder, env=environment, stdin=other, stdout=other, stderr=other
        )
        os.close(other)
        self.seen = ""

    def until(self, text: str) -> None:
        while text not in self.seen:
            assert self._read(), f"it ended without {text!r}: {self.seen}"

    def _read(self) -> bool:
        ready, _, _ = select.select([self.side], [], [], 60)
        assert ready, f"it hangs after {self.seen!r}"
        try:
            piece = os.read(self.side, 4096)
        except OSError:
            return False
        self.seen += piece.decode()
        return bool(piece)

    def type(self, text: str) -> None:
        os.write(self.side, f"{text}\n".encode())

    def end(self) -> int:
        while self._read():
            pass
        os.close(self.side)
        return self.program.wait(60)


@posix
def test_on_a_terminal_the_name_is_asked_for(shell: Shell) -> None:
    token = shell.document("tokens", "create", "demo-002", "--installs", "1")["tokens"][0]["token"]
    for typed, code in (("demo-003", 3), ("demo-002", 0)):
        terminal = Terminal(shell, "tokens", "delete", "demo-002", token)
        terminal.until("Type demo-002 to go on: ")
        terminal.type(typed)
        assert terminal.end() == code, terminal.seen
        left = [known["token"] for known in shell.document("tokens", "list", "demo-002")["tokens"]]
        assert (token in left) == (code != 0)


@posix
def test_on_a_terminal_gates_are_asked(shell: Shell) -> None:
    journal = ["--execute", "--journal", "j.json"]
    terminal = Terminal(shell, "deploy", "run", "--from", "Main", "--stage", f"dev={DEV}/Main", *journal)
    terminal.until("Type yes to go on: ")
    terminal.type("no")
    assert terminal.end() == 3
    assert "refused on the terminal" in terminal.seen


@posix
def test_colours_and_widths_are_those_of_the_terminal(shell: Shell) -> None:
    terminal = Terminal(shell, "health")
    assert terminal.end() == 0
    assert "\x1b[32mup\x1b[0m" in terminal.seen
    plain = re.sub(r"\x1b\[[0-9]*[mK]", "", terminal.seen).replace("\r", "")
    assert max(len(line) for line in plain.splitlines()) <= 60, plain
    assert "…" in plain
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        terminal = Terminal(shell, "health", **environment)
        assert terminal.end() == 0
        assert "\x1b[3" not in terminal.seen
    assert "\x1b" not in shell.run("health").stdout


# Long ones


@posix
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_export_leaves_nothing(shell: Shell, signum: signal.Signals) -> None:
    shell.emulator.faults({"kind": "hang", "path": "/workspace/*/table/*/content/**"})
    program = shell.start("records", "export", "Main", "customer", "c.csv", "--json")
    waited(lambda: any("content" in request["path"] for request in shell.emulator.requests()), program)
    program.send_signal(signum)
    out, err = program.communicate(timeout=60)
    assert (program.returncode, out) == (130, "")
    assert err == "xano-metadata: Interrupted.\n"
    assert [path.name for path in shell.folder.iterdir() if path.name.startswith("c.csv")] == []


@posix
def test_watching_tells_changes_until_it_is_interrupted(shell: Shell) -> None:
    program = shell.start("health", "--watch", "--every", "1", "--json")
    assert program.stdout is not None
    shell.emulator.faults({"kind": "status", "status": 500, "origin": DEV})
    line = json.loads(program.stdout.readline())
    check(promised("health --watch"), line)
    assert (line["what"], line["name"], line["to"]) == ("state", DEV, "down")
    shell.emulator.clear_faults()
    line = json.loads(program.stdout.readline())
    assert (line["from"], line["to"]) == ("down", "up")
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=60)
    assert program.returncode == 130


@posix
def test_the_emulator_runs_until_it_is_interrupted(shell: Shell) -> None:
    shell.environment["MINE"] = "my-own-token"
    program = shell.start("emulator", "--json", "--token-env", "MINE")
    assert program.stdout is not None
    told = json.loads(program.stdout.readline())
    check(promised("emulator"), told)
    assert told["token"] == "my-own-token"
    inside = {"XANO_ACCOUNT_URL": told["account_url"], "XANO_TOKEN": "my-own-token"}
    assert shell.document("me", **inside)["me"]["email"] == "robin@example.com"
    port = told["account_url"].split(":")[2].split("/")[0]
    assert shell.run("emulator", "--port", port).returncode == 2, "the port is taken"
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=60)
    assert program.returncode == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(port))) != 0


def waited(holds: Callable[[], bool], program: subprocess.Popen[str]) -> None:
    limit = time.monotonic() + 60
    while not holds():
        assert program.poll() is None, program.communicate()
        assert time.monotonic() < limit, "it did not come to it"
        time.sleep(0.01)


# Every night


@posix
def test_the_cron_script_says_nothing_when_all_is_well_and_fails_loudly(shell: Shell, dead: str) -> None:
    program = shell.folder / "program"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@" $MORE\n', encoding="utf-8")
    program.chmod(0o755)
    token = shell.folder / "token"
    token.write_text(shell.emulator.token, encoding="utf-8")
    environment = shell.environment | {
        "XANO_METADATA": str(program),
        "XANO_BACKUPS": str(shell.folder / "nightly"),
        "XANO_BACKUP_TOKEN_FILE": str(token),
    }
    del environment["XANO_TOKEN"]

    def night(**more: str) -> Done:
        script = [str(ROOT / "contrib" / "cron" / "xano-backup")]
        return subprocess.run(script, env=environment | more, capture_output=True, text=True, timeout=120, check=False)

    done = night(MORE="")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert shell.document("verify", "nightly")["good"] == 4
    done = night(MORE="--retries 0", XANO_ACCOUNT_URL=NOWHERE)
    assert done.returncode == 4
    assert done.stdout.startswith("xano-backup: not everything is backed up (exit code 4)\n")


def test_the_systemd_units_call_what_there_is(shell: Shell) -> None:
    unit = (ROOT / "contrib" / "systemd" / "xano-backup.service").read_text(encoding="utf-8")
    lines = re.findall(r"xano-metadata ((?:backup|verify) [^']*)'", unit)
    assert len(lines) == 2
    for line in lines:
        arguments = shlex.split(line.replace("$STATE_DIRECTORY", str(shell.folder / "state")))
        assert shell.run(*arguments).returncode == 0, arguments


# Completion


@posix
@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_scripts_are_scripts(shell: Shell, name: str) -> None:
    script = shell.run("completion", name).stdout
    assert all(command in script for command in ("records", "deploy", "completion"))
    if name == "bash" and shutil.which("bash"):
        code = (
            f"{script}\nCOMP_WORDS=(xano-metadata rec); COMP_CWORD=1; _xano__metadata xano-metadata rec xano-metadata\n"
        )
        done = subprocess.run(
            ["bash", "-c", f'{code} printf "%s\\n" "${{COMPREPLY[@]}}"'], capture_output=True, text=True, check=False
        )
        assert done.stdout == "records\n", done.stderr
