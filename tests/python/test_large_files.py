"""200 MB up and 200 MB down, through a client process whose peak memory the operating system reports."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from xano_metadata.testing import Emulator

from .conftest import Script

SIZE = 200_000_000
LIMIT = 60_000_000

CLIENT = """
    import json, re, sys
    from pathlib import Path

    from xano_metadata import Instance

    url, token, source, target = sys.argv[1:]

    def peak():
        # Not ru_maxrss: that one remembers the process this one was forked from.
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) * 1024

    told = []
    with Instance(url, token=token) as instance:
        stored = instance.workspaces.create(name="Large")
        before = peak()
        files = instance.workspace(stored.id).files
        file = files.upload(content=source, access="public", on_progress=lambda *p: told.append(p))
        up = peak()
        instance.download(file.path, target)
        print(json.dumps({"before": before, "up": up, "down": peak(), "told": told[-1][0], "size": file.size}))
"""


@pytest.mark.skipif("sys.platform != 'linux'", reason="reads /proc")
def test_large_files_stream_from_and_to_disk(run_python: Script, tmp_path: Path) -> None:
    source, target = tmp_path / "source.bin", tmp_path / "target.bin"
    block = bytes(range(256)) * 4096
    with source.open("wb") as out:
        for number in range(SIZE // len(block) + 1):
            out.write(number.to_bytes(4, "big") + block[4:])
    with Emulator() as emulator:
        done = run_python(CLIENT, emulator.instance_url, emulator.token, str(source), str(target), timeout=120)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    print(f"peak: {figures}")
    assert figures["down"] < LIMIT
    assert figures["told"] >= SIZE
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (source, target)]
    assert digests[0] == digests[1]
