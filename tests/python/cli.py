"""The command line as tests run it: a shell with an emulator, and the documents that the guide promises.

`XANO_CLI=target/debug/xano-metadata` runs the tests on that build instead of the package's console script.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from xano_metadata.testing import Emulator

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
CONSOLE_SCRIPT = [sys.executable, "-m", "xano_metadata._cli"]
PROGRAM = shlex.split(os.environ["XANO_CLI"]) if "XANO_CLI" in os.environ else CONSOLE_SCRIPT
DEV = "xdev-acme-0001"
NOWHERE = "http://127.0.0.1:9"

Done = subprocess.CompletedProcess[str]


class Shell:
    """A folder and an environment in which commands run."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder = folder
        self.emulator = emulator
        kept = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ} | {
            "HOME": str(folder),
            "XANO_TOKEN": emulator.token,
            "XANO_ACCOUNT_URL": emulator.account_url,
            "XANO_INSTANCE_URL": emulator.instance_url,
        }

    def run(self, *arguments: str, text: str = "", **environment: str) -> Done:
        return subprocess.run(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.Popen([*PROGRAM, *arguments], cwd=self.folder, env=self.environment, text=True, **streams)

    def document(self, *arguments: str, code: int = 0, **environment: str) -> Any:
        """What a command prints with `--json`: one document on one line."""
        done = self.run(*arguments, "--json", **environment)
        assert done.returncode == code, done.stdout + done.stderr
        assert done.stdout.count("\n") == 1, done.stdout
        document = json.loads(done.stdout)
        assert document["ok"] is (code == 0)
        return document


def promised(name: str) -> Any:
    """The document that the guide shows for a command."""
    found = re.search(rf"^```json {re.escape(name)}\n(.*?)^```", GUIDE, re.S | re.M)
    assert found, f"docs/cli.md shows no document of {name}"
    return json.loads(found[1])


def check(expected: Any, found: Any, way: str = "document") -> None:
    """Whether a document has the fields and types of the one in the guide, and no others."""
    if expected is None:
        return
    assert type(expected) is type(found) or {type(expected), type(found)} == {int, float}, f"{way} is {found!r}"
    if isinstance(expected, list) and expected:
        for place, item in enumerate(found):
            check(expected[0], item, f"{way}[{place}]")
    if isinstance(expected, dict):
        pattern = next((key for key in expected if key.startswith("<")), None)
        fixed = {key for key in expected if not key.startswith("<")}
        assert fixed <= set(found), f"{way} lacks {fixed - set(found)}"
        assert pattern or fixed == set(found), f"{way} has {set(found) - fixed}, of which the guide says nothing"
        for key, value in found.items():
            check(expected[key] if key in fixed else expected[str(pattern)], value, f"{way}.{key}")
