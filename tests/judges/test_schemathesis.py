"""Schemathesis, seeded and bounded, from our OpenAPI files against the emulator.

No answer may be a 5xx, and no answer may fall outside its schema. The tool runs in a process of its own, as a user
would run it. `SEED=n` and `EXAMPLES=n` change what it tries.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xano_metadata.testing import Emulator

HERE = Path(__file__).resolve().parent
OPENAPI = HERE.parents[1] / "openapi"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
SEED = os.environ.get("SEED", "20261121")
EXAMPLES = os.environ.get("EXAMPLES", "3")


def schemathesis(api: str, folder: Path, *options: str, config: Path | None = None) -> None:
    with Emulator(seed_demo=True) as emulator:
        url = emulator.account_url if api == "account" else emulator.instance_url
        command = [
            sys.executable, "-m", "schemathesis.cli",
            *(["--config-file", str(config)] if config else []),
            "run", str(OPENAPI / f"{api}.json"),
            "--url", url,
            "--header", f"Authorization: Bearer {emulator.token}",
            "--checks", CHECKS,
            "--phases", "coverage,fuzzing",
            "--max-examples", EXAMPLES,
            "--seed", SEED,
            "--continue-on-failure",
            "--generation-database", "none",
            "--suppress-health-check", "all",
            "--no-color",
            *options,
        ]  # fmt: skip
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    print(done.stdout[-600:])
    assert done.returncode == 0, done.stdout[:12000] + done.stderr[-2000:]


@pytest.mark.parametrize("api", ["account", "instance"])
def test_no_answer_is_a_server_error_or_outside_its_schema(api: str, tmp_path: Path) -> None:
    schemathesis(api, tmp_path)


def test_what_exists_answers_by_its_schema_too(tmp_path: Path) -> None:
    """With ids of the demonstration data; without what would remove it."""
    keep = ("--exclude-method", "DELETE", "--exclude-path-regex", "/import")
    schemathesis("instance", tmp_path, *keep, config=HERE / "schemathesis.toml")
