"""Examples in docstrings run, against the emulator where they talk to one."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

from xano_metadata.testing import Emulator

PAGE = Path(__file__).parents[2] / "docs" / "records.md"

HAVE = "._aio ._client ._fleet_shop ._logging ._model ._options ._pages ._search ._time .errors .testing"
MODULES = ["xano_metadata", *(f"xano_metadata{name}" for name in HAVE.split())]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted > 0
    assert done.failed == 0


def test_the_samples_on_records_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(samples) > 5
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text("customer,product,status,note\n1,2,open,\n2,3,paid,late\n", encoding="utf-8")
    Path("orders.ndjson").write_text('{"customer": 1, "product": 2}\n', encoding="utf-8")
    with Emulator(seed_demo=True) as emulator, emulator.instance(rate_limit="off") as instance:
        main = instance.workspace("Main")
        main.data_sources.create(label="test", color="#268bd2")
        dev = instance.workspace(instance.workspaces.create(name="Dev").id)
        orders, products = main.table("order").records, main.table("product").records
        names = {"main": main, "dev": dev, "orders": orders, "products": products}
        for sample in samples:
            exec(compile(sample, str(PAGE), "exec"), names)
        assert orders.to_list(data_source="test", limit=1) == orders.to_list(limit=1)
        assert dev.table("product").records.to_list() == products.to_list()
        assert not Path("orders.checkpoint").exists()
