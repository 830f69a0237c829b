"""Examples in docstrings run, against the emulator where they talk to one."""

from __future__ import annotations

import doctest
import importlib

import pytest

HAVE = "._aio ._client ._logging ._model ._options ._pages ._search ._time .errors .testing"
MODULES = ["xano_metadata", *(f"xano_metadata{name}" for name in HAVE.split())]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted > 0
    assert done.failed == 0
