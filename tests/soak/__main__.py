"""`make soak`: every face against a server of its own, one JSON line each.

    python -m tests.soak [COUNT] [FACE …]

COUNT is the number of calls, a million unless said otherwise; clients are made a hundredth as often.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "soak.token"


def commands(count: int) -> dict[str, list[str]]:
    """The program of each face; URL and TOKEN are put in their places."""
    here = ROOT / "tests" / "soak"
    python, node = [sys.executable, str(here / "soak.py")], ["node", "--expose-gc", str(here / "soak.mjs")]
    rust = [str(ROOT / "target" / "release" / "soak")]
    calls, clients = str(count), str(max(count // 100, 100))
    return {
        "rust calls": [*rust, "calls", "URL", TOKEN, calls],
        "rust clients": [*rust, "clients", "URL", TOKEN, clients],
        "python sync": [*python, "sync", "URL", TOKEN, calls],
        "python async": [*python, "async", "URL", TOKEN, calls],
        "python clients": [*python, "clients", "URL", TOKEN, clients],
        "node calls": [*node, "calls", "URL", TOKEN, calls],
        "node clients": [*node, "clients", "URL", TOKEN, clients],
    }


def main() -> int:
    """Runs the faces that were asked for, or all."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    faces = commands(count)
    wanted = sys.argv[2:] or list(faces)
    failed = 0
    for face in wanted:
        server = subprocess.Popen(
            [str(ROOT / "target" / "release" / "xano-bench-server")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdin is not None
        assert server.stdout is not None
        url = f"http://127.0.0.1:{json.loads(server.stdout.readline())[0]}"
        command = [url if part == "URL" else part for part in faces[face]]
        failed += subprocess.run(command, cwd=ROOT, check=False).returncode != 0
        server.stdin.close()
        server.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
