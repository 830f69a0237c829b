"""Importing costs next to nothing, and loads nothing that is not needed."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator

import pytest

from .conftest import Script

resource = pytest.importorskip("resource", reason="processor time of children is told by POSIX only")

ROUNDS = 15
LIMIT = 0.020


@pytest.fixture(scope="module", autouse=True)
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Lets Python keep what it compiled, as an installed package has it, also where the environment forbids that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("bytecode")))
        yield


def seconds(code: str) -> float:
    """Processor time of a fresh interpreter: unlike the wall clock it does not grow when the machine is busy."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def cost(code: str) -> float:
    """What `code` costs over a bare interpreter: medians of rounds that take turns, so that other load hits both."""
    seconds(code)
    pairs = [(seconds("pass"), seconds(code)) for _ in range(ROUNDS)]
    return statistics.median(ours for _, ours in pairs) - statistics.median(bare for bare, _ in pairs)


def test_a_cold_import_takes_less_than_20_ms() -> None:
    took = cost("import xano_metadata")
    print(f"import xano_metadata: {took * 1000:.1f} ms")
    assert took < LIMIT


def test_a_client_takes_less_than_20_ms() -> None:
    """The import alone may cheat by being lazy; this is what a program pays that has a client."""
    took = cost("from xano_metadata import Xano; Xano('t', ambient_credentials=False)")
    print(f"a client: {took * 1000:.1f} ms")
    assert took < LIMIT


def test_importing_loads_no_family(run_python: Script) -> None:
    code = """
    import sys
    import xano_metadata
    xano_metadata.Xano, xano_metadata.Instance
    print(sorted(m for m in sys.modules if m.startswith("xano_metadata._generated.sync.")))
    print([m for m in "typing asyncio logging dataclasses pathlib json datetime".split() if m in sys.modules])
    """
    done = run_python(code)
    families, heavy = done.stdout.splitlines()
    assert families == "['xano_metadata._generated.sync.account', 'xano_metadata._generated.sync.instance']", (
        done.stderr
    )
    assert heavy == "[]"


def test_the_pytest_plugin_loads_no_client(run_python: Script) -> None:
    code = """
    import sys
    import xano_metadata.testing.pytest_plugin
    print("xano_metadata._native" in sys.modules)
    """
    assert run_python(code).stdout == "False\n"
