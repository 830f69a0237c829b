"""`make conformance`: every operation of every face, with all its parameters, on Prism and on the emulator.

Prism serves `openapi/*.json` and answers a request that breaks the document with an error, so a face that spells a
path, a parameter or a body differently from what the table promises is found out by a program that is not ours.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
WORK = ROOT / "target" / "conformance"
MAYBE = {"type": "integer", "nullable": True}
REFUSAL = re.compile(r": 4\d\d ")
"""How an error of any face names a refusal."""
NONE = {"nullable": True, "enum": [None]}
NUMBER = {"type": "integer"}
ONE = {"type": "integer", "enum": [1]}
PRISM = ROOT / "tests" / "judges" / "node_modules" / ".bin" / "prism"
sys.path.insert(0, str(HERE))

from faces import TOKEN, python_async, python_sync  # noqa: E402 - beside this file, which is run as a folder
from plan import on_demo_data, plan  # noqa: E402

from codegen.__main__ import load  # noqa: E402
from xano_metadata import ApiError, Xano  # noqa: E402
from xano_metadata.testing import Emulator  # noqa: E402

Violations = list[tuple[str, str]]
Face = Callable[[list[dict[str, Any]], str, str], Violations]


def node(calls: list[dict[str, Any]], account_url: str, instance_url: str) -> Violations:
    """The Node face, in a process of its own."""
    return _program(["node", str(HERE / "runner.mjs")], calls, account_url, instance_url)


def rust(calls: list[dict[str, Any]], account_url: str, instance_url: str) -> Violations:
    """The Rust face, in a process of its own."""
    cargo = [
        "cargo",
        "run",
        "--quiet",
        "-p",
        "xano-metadata",
        "--features",
        "dispatch",
        "--example",
        "conformance",
        "--",
    ]
    return _program(cargo, calls, account_url, instance_url)


def _program(command: list[str], calls: list[dict[str, Any]], account_url: str, instance_url: str) -> Violations:
    file = WORK / "plan.json"
    file.write_text(json.dumps(calls), encoding="utf-8")
    arguments = [str(file), account_url, instance_url]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return [(id_, text) for id_, text in json.loads(done.stdout)]


FACES: dict[str, Face] = {"python-sync": python_sync, "python-async": python_async, "node": node, "rust": rust}


@contextmanager
def prism(api: str) -> Iterator[str]:
    """Serves one document on loopback, below /api:meta as instances do; yields the base URL."""
    document = json.loads((ROOT / "openapi" / f"{api}.json").read_text(encoding="utf-8"))
    document["paths"] = {f"/api:meta{path}": item for path, item in document["paths"].items()}
    document["servers"] = [{"url": "http://127.0.0.1"}]
    # Prism would make up a next page and a total for every page; one page of one item is enough to judge a request.
    text = json.dumps(document)
    for name, made_up, plain in (("nextPage", MAYBE, NONE), ("itemsTotal", NUMBER, ONE)):
        text = text.replace(json.dumps({name: made_up})[1:-1], json.dumps({name: plain})[1:-1])
    file = WORK / f"{api}.json"
    file.write_text(text, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (WORK / f"prism-{api}.log").open("w", encoding="utf-8")
    command = [
        str(PRISM),
        "mock",
        str(file),
        "--errors",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--verboseLevel",
        "error",
    ]
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(port, process)
        yield f"http://127.0.0.1:{port}/api:meta"
    finally:
        process.terminate()
        process.wait(timeout=10)
        log.close()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"Prism ended with {process.returncode}; see {WORK}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("Prism did not start within a minute")


def check_the_judge(account_url: str) -> None:
    """Makes sure that Prism objects to what breaks the document, or zero violations would mean nothing."""
    with Xano(token="judge", account_url=account_url, max_retries=0) as xano:
        for path, body in (("/snippet/a/token", {}), ("/snippet/a/token", {"max_installs": "many"}), ("/nowhere", {})):
            try:
                xano.request("POST", path, json=body)
            except ApiError:
                continue
            sys.exit(f"Prism let POST {path} with {body} pass, so it judges nothing")


def main() -> int:
    """Runs every face; returns the exit code."""
    WORK.mkdir(parents=True, exist_ok=True)
    model = load()
    calls = plan(model)
    operations = len({call["id"] for call in calls})
    chosen = os.environ.get("FACES", ",".join(FACES)).split(",")
    failed = False
    with prism("account") as account_url, prism("instance") as instance_url:
        check_the_judge(account_url)
        for name in chosen:
            violations = FACES[name](calls, account_url, instance_url)
            for id_, text in violations:
                print(f"  {id_}: {text}")
            print(f"{name}: {operations} operations, {len(violations)} violations", flush=True)
            failed = failed or bool(violations)
    on_demo = on_demo_data(calls, model)
    for name in chosen:
        failed = on_the_emulator(name, on_demo, operations) or failed
    return 1 if failed else 0


def on_the_emulator(name: str, calls: list[dict[str, Any]], operations: int) -> bool:
    """Calls everything on the demonstration data; whether an answer was neither a value nor a refusal (4xx)."""
    with Emulator(seed_demo=True, token=TOKEN) as emulator:
        answers = FACES[name](calls, emulator.account_url, emulator.instance_url)
    broken = [(id_, text) for id_, text in answers if not REFUSAL.search(text)]
    for id_, text in broken:
        print(f"  {id_}: {text}")
    values = operations - len({id_ for id_, _ in answers})
    print(f"{name} on the emulator: {operations} operations, {values} done, {len(broken)} broken", flush=True)
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
