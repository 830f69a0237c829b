"""The examples do what they say, in both languages, against an emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xano_metadata.testing import Emulator

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = sorted([*EXAMPLES.glob("python/*.py"), *EXAMPLES.glob("node/*.mjs")])
LANGUAGES = ("python", "node")


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(seed_demo=True) as running:
        yield running


def run(emulator: Emulator, language: str, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = (
        [sys.executable, str(EXAMPLES / "python" / f"{name}.py")]
        if language == "python"
        else ["node", str(EXAMPLES / "node" / f"{name.replace('_', '-')}.mjs")]
    )
    environment = {**os.environ, "XANO_TOKEN": emulator.token, "XANO_ACCOUNT_URL": emulator.account_url}
    return subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_an_example_fits_on_a_screen_and_has_a_twin(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) < 60
    twin = EXAMPLES / ("node" if file.suffix == ".py" else "python")
    assert list(twin.glob(f"{file.stem.replace('_', '?').replace('-', '?')}.*"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_switcher_guesses_environments_and_reaches_one(emulator: Emulator, language: str) -> None:
    done = run(emulator, language, "instance_switcher", "staging")
    assert done.returncode == 0, done.stderr
    environments = {line.split()[0] for line in done.stdout.splitlines() if line}
    assert {"prod", "staging", "dev"} <= environments
    assert "staging is http://127.0.0.1:" in done.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_switcher_says_so_when_nothing_fits(emulator: Emulator, language: str) -> None:
    done = run(emulator, language, "instance_switcher", "moon")
    assert done.returncode == 1
    assert "0 instances look like moon" in done.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_manager_shows_every_snippet(emulator: Emulator, language: str) -> None:
    expected = [s.canonical for s in emulator.client().snippets.list()]
    assert len(expected) > len(emulator.client().snippets.list().first_page()), "the demo data fills more than one page"
    done = run(emulator, language, "snippet_manager")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_manager_restricts_creates_raises_and_revokes(emulator: Emulator, language: str) -> None:
    snippet = emulator.client().snippet("demo-001")
    before = [t.token for t in snippet.tokens.list()]
    done = run(emulator, language, "snippet_manager", "demo-001")
    assert done.returncode == 0, done.stderr
    assert "raised it to 10" in done.stdout
    assert snippet.get().install_access == "token"
    assert [t.token for t in snippet.tokens.list()] == before


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_manager_knows_a_snippet_that_is_not_yours(emulator: Emulator, language: str) -> None:
    done = run(emulator, language, "snippet_manager", "nobodys")
    assert done.returncode == 1
    assert "you own no snippet nobodys" in done.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shop_sells_each_token_once(
    emulator: Emulator, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_LEDGER", str(tmp_path / "shop.db"))

    def sell(*order: str) -> str:
        done = run(emulator, language, "snippet_shop", "demo-001", "single", "ada@example.com", *order)
        assert done.returncode == 0, done.stderr
        assert "Hello ada@example.com" in done.stdout
        return done.stdout.split("paste this token: ")[1].split()[0]

    snippet = emulator.client().snippet("demo-001")
    snippet.update(install_access="token", install_access_description="For buyers")
    first = sell("invoice-1")
    assert sell("invoice-1") == first, "the same order is the same sale"
    second = sell()
    assert second != first
    tokens = {token.token: token.max_installs for token in snippet.tokens.list()}
    assert (tokens[first], tokens[second]) == (1, 1)
    assert (tmp_path / "shop.db").stat().st_mode & 0o777 == 0o600
    emulator.faults({"kind": "status", "status": 403, "method": "POST", "path": "/snippet/*/token"})
    done = run(emulator, language, "snippet_shop", "demo-001", "single", "bob@example.com")
    assert done.returncode == 1
    assert "nothing was sold" in done.stderr


@pytest.fixture
def main(emulator: Emulator) -> Any:
    return emulator.client().instance("x1a2-b3c4-d5e6").workspace("Main")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_orders_are_summed_by_city_and_written_to_a_file(
    emulator: Emulator, main: Any, language: str, tmp_path: Path
) -> None:
    cities = {row["id"]: row["city"] for row in main.table("customer").records.list()}
    spent: dict[str, float] = {}
    for row in main.table("order").records.list():
        city = cities[row["customer"]]
        if city and row["status"] in ("paid", "sent"):
            spent[city] = spent.get(city, 0) + row["total"]
    file = tmp_path / ("plot.png" if language == "python" else "orders.arrows")
    done = run(emulator, language, "records_orders", "x1a2-b3c4-d5e6", str(file))
    assert done.returncode == 0, done.stderr
    told = dict(line.rsplit(None, 1) for line in done.stdout.splitlines()[:-1])
    assert told == {city: f"{total:.2f}" for city, total in spent.items()}
    begins = b"\x89PNG" if language == "python" else b"\xff\xff\xff\xff"
    assert file.read_bytes().startswith(begins)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_csv_file_is_loaded_and_its_bad_rows_are_told(
    emulator: Emulator, main: Any, language: str, tmp_path: Path
) -> None:
    rows = int(os.environ.get("XANO_EXAMPLE_ROWS", "5000"))
    file = tmp_path / "products.csv"
    lines = [f"LOAD-{n},Product {n},{n / 4}" for n in range(rows - 2)]
    lines[1] = "LOAD-1,Product 1,cheap"
    text = "\n".join(["sku,title,price", *lines, "CH-001,Chair,1.5", "LOAD-2,Again,2.5"])
    file.write_text(f"{text}\n", encoding="utf-8")
    done = run(emulator, language, "records_load_csv", "x1a2-b3c4-d5e6", str(file))
    assert done.returncode == 0, done.stderr
    summary, failure = done.stdout.splitlines()
    assert summary == f"{rows - 3} new, 2 changed, 1 refused"
    assert failure.startswith("  row 2: price: It must be a number")
    assert len(main.table("product").records.search(search={"price": 1.5}).all()) > 0
    assert list(tmp_path.iterdir()) == [file], "the checkpoint is gone"


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_are_copied_from_one_data_source_to_another(emulator: Emulator, main: Any, language: str) -> None:
    for _ in range(2):
        done = run(emulator, language, "records_nightly_copy", "x1a2-b3c4-d5e6")
        assert done.returncode == 0, done.stderr
        assert [line.split()[:2] for line in done.stdout.splitlines()] == [
            ["customer", "24"],
            ["order", "600"],
            ["product", "36"],
        ]
        for name in ("customer", "order", "product"):
            records = main.table(name).records
            assert list(records.list(data_source="test")) == list(records.list())
    refused = run(emulator, language, "records_nightly_copy", "x1a2-b3c4-d5e6", "test", "live")
    assert refused.returncode == 1
    assert "does not overwrite live" in refused.stderr
