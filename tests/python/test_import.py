"""Importing costs next to nothing, and loads nothing that is not needed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from .conftest import Script

resource = pytest.importorskip("resource", reason="processor time of children is told by POSIX only")

ROUNDS = 15


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


def costs(*codes: str) -> list[float]:
    """What each costs over a bare interpreter: the least of rounds that take turns, which was disturbed least."""
    times = [[seconds(code) for code in ("pass", *codes)] for _ in range(1 + ROUNDS)]
    bare, *rest = (min(column) for column in zip(*times[1:], strict=True))
    return [one - bare for one in rest]


def test_import_and_client_cost_less_than_half_an_import_of_asyncio() -> None:
    """
    Never absolute times: the module of the standard library that any asynchronous client loads is slowed by what slows
    ours. The import alone may cheat by being lazy, so a client, which a program has, is measured too.
    """
    ours, client, asyncio = costs(
        "import xano_metadata", "from xano_metadata import Xano; Xano('t', ambient_credentials=False)", "import asyncio"
    )
    print(f"import {ours * 1000:.1f} ms, with a client {client * 1000:.1f} ms, asyncio {asyncio * 1000:.1f} ms")
    assert ours < asyncio / 2
    assert client < asyncio / 2


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
