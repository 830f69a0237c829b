"""`make demo`: runs the examples in Python and in Node, one after the other, on one emulator.

Everything happens on this machine; no account is needed. Ends with `demo: ok`.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from xano_metadata.testing import Emulator

HERE = Path(__file__).resolve().parent

# What to run: the example's name, and its arguments.
STEPS = [
    ("instance_switcher", ["staging"]),
    ("snippet_manager", []),
    ("snippet_manager", ["demo-001"]),
    ("snippet_shop", ["demo-001", "team", "ada@example.com"]),
]


def command(language: str, name: str) -> list[str]:
    """How an example is started in a language."""
    if language == "python":
        return [sys.executable, str(HERE / "python" / f"{name}.py")]
    return ["node", str(HERE / "node" / f"{name.replace('_', '-')}.mjs")]


def main() -> None:
    with Emulator(seed_demo=True) as emulator, tempfile.TemporaryDirectory() as folder:
        print(f"A Xano runs on this machine: {emulator.account_url}\n", flush=True)
        environment = {**os.environ, "XANO_TOKEN": emulator.token, "XANO_ACCOUNT_URL": emulator.account_url}
        for language in ("python", "node"):
            environment["SHOP_LEDGER"] = str(Path(folder) / f"{language}.db")
            for name, arguments in STEPS:
                run = [*command(language, name), *arguments]
                shown = shlex.join([Path(run[0]).name, os.path.relpath(run[1]), *arguments])
                print(f"$ {shown}", flush=True)
                done = subprocess.run(run, env=environment, timeout=60, check=False)
                if done.returncode:
                    sys.exit(f"demo: {shown} failed with exit code {done.returncode}")
                print(flush=True)
    print("demo: ok")


if __name__ == "__main__":
    main()
