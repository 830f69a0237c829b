"""Schemathesis, seeded and bounded, from our OpenAPI files against the emulator.

No answer may be a 5xx, and no answer may fall outside its schema. The tool runs in a process of its own, as a user
would run it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xano_metadata.testing import Emulator

ROOT = Path(__file__).resolve().parents[2]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
SEED = os.environ.get("SEED", "20261121")
EXAMPLES = os.environ.get("EXAMPLES", "5")


@pytest.mark.parametrize("api", ["account", "instance"])
def test_no_answer_is_a_server_error_or_outside_its_schema(api: str, tmp_path: Path) -> None:
    with Emulator(seed_demo=True) as emulator:
        url = emulator.account_url if api == "account" else emulator.instance_url
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", str(ROOT / "openapi" / f"{api}.json"),
            "--url", url,
            "--header", f"Authorization: Bearer {emulator.token}",
            "--checks", CHECKS,
            "--phases", "examples,coverage,fuzzing",
            "--max-examples", EXAMPLES,
            "--seed", SEED,
            "--continue-on-failure",
            "--generation-database", "none",
            "--suppress-health-check", "all",
            "--no-color",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    print(done.stdout[-3000:])
    assert done.returncode == 0, done.stdout[:12000] + done.stderr[-2000:]
