"""The package and a user's script under mypy --strict and pyright strict; wrong calls are found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
USER = Path(__file__).parent / "typing_user.py"
PYRIGHT = ROOT / "node_modules" / ".bin" / "pyright"

WRONG = {
    "a misspelt argument": "xano.snippet('a').tokens.create(max_instals=1)",
    "a missing argument": "xano.snippet('a').tokens.create()",
    "a wrong type": "xano.snippet('a').tokens.create(max_installs='many')",
    "a null that the API does not take": "xano.snippet('a').tokens.create(max_installs=None)",
    "a value outside the choices": "xano.snippet('a').update(install_access='all', install_access_description='')",
    "a misspelt field": "xano.me().emial",
    "a misspelt option": "xano.me(options={'timout': 5})",
    "a misspelt client option": "Xano(max_retrys=5)",
    "a forgotten await": "AsyncXano().me().email",
}


def mypy(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.10", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_mypy_finds_nothing() -> None:
    done = mypy("bindings-python/python", str(USER))
    assert done.returncode == 0, done.stdout


def test_pyright_finds_nothing() -> None:
    if not PYRIGHT.exists() or shutil.which("node") is None:
        pytest.skip("pyright comes with npm: run `make setup`")
    done = subprocess.run([str(PYRIGHT)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_mypy_finds_what_is_wrong(tmp_path: Path) -> None:
    script = tmp_path / "wrong.py"
    lines = ["from xano_metadata import AsyncXano, Xano", "xano = Xano()", *WRONG.values()]
    script.write_text("\n".join(lines) + "\n")
    found = {int(line.split(":")[1]) for line in mypy(str(script)).stdout.splitlines() if ": error:" in line}
    missed = [name for at, name in enumerate(WRONG, start=3) if at not in found]
    assert missed == []
    assert not found & {1, 2}
