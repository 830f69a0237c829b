"""The snippet shop in Python: the two faces, what is printed, and many sellers at once."""

from __future__ import annotations

import json
import pickle
import random
import re
import sqlite3
import subprocess
import sys
import textwrap
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

import xano_metadata.errors as e
from xano_metadata import AsyncXano, Shop, ShopSale, Xano, parse_time
from xano_metadata.testing import Emulator, EmulatorError

SNIPPET = "kRG3t_-i"


@pytest.fixture
def market(emulator: Emulator) -> Emulator:
    emulator.add_snippets(canonical=SNIPPET, name="Mailer", install_access="token")
    return emulator


@pytest.fixture
def shop(market: Emulator, quick: Xano, tmp_path: Path) -> Shop:
    shop = quick.shop(tmp_path / "shop.db")
    shop.tier("team", snippet=SNIPPET, installs=7, price="29 EUR", price_minor=2900)
    return shop


def counts(emulator: Emulator) -> dict[str, tuple[int, int]]:
    with emulator.client() as xano:
        return {t.token: (t.max_installs, t.current_installs) for t in xano.snippet(SNIPPET).tokens.list()}


def test_a_sale_from_the_tier_to_the_refund(market: Emulator, shop: Shop) -> None:
    heard: list[int] = []
    issued = shop.issue("team", 3, on_progress=lambda progress: heard.append(progress.done))
    assert (issued.ok, issued.issued, issued.ready, heard[-1]) == (True, 3, 3, 3)
    sale = shop.sell("team", buyer="ada@example.com", order="invoice-1")
    assert (sale.state, sale.installs, sale.price, sale.again) == ("sold", 7, "29 EUR", False)
    assert sale.token in counts(market)
    assert sale.instructions is not None
    assert f"paste this token: {sale.token}" in sale.instructions
    again = shop.sell("team", buyer="ada@example.com", order="invoice-1")
    assert again.to_dict() == {**sale.to_dict(), "again": True}
    for _ in range(2):
        market.install(SNIPPET, token=sale.token)
    usage = shop.usage()
    assert (usage.installs, usage.used, usage.left, usage.ok) == (7, 2, 5, True)
    assert usage.rows()[0]["left"] == 5
    assert list(usage.to_pandas()["buyer"]) == ["ada@example.com"]
    assert shop.top_up(sale, installs=3).installs == 10
    assert counts(market)[str(sale.token)] == (10, 2)
    refunded = shop.refund("invoice-1", reason="asked for")
    assert (refunded.state, refunded.used, refunded.note) == ("refunded", 2, "asked for")
    assert sale.token not in counts(market)
    with pytest.raises(e.RefusedError, match="was refunded at"):
        shop.instructions(sale)
    with pytest.raises(e.ConfigError, match="not as int"):
        shop.revoke(7)  # type: ignore[arg-type]
    assert [entry.state for entry in shop.journal(sale)][-1] == "refunded"
    assert [(tier.name, tier.ready, tier.sold) for tier in shop.tiers()] == [("team", 2, 0)]
    assert shop.reconcile(alone=True).ok


async def test_the_async_twin_does_the_same(market: Emulator, aquick: AsyncXano, tmp_path: Path) -> None:
    shop = aquick.shop(tmp_path / "shop.db")
    await shop.tier("team", snippet=SNIPPET, installs=7)
    issued = await shop.issue("team", 1)
    sale = await shop.sell("team", buyer="ada", order="1", issue=False)
    assert (issued.ready, sale.state, await shop.instructions(sale)) == (1, "sold", sale.instructions)
    with pytest.raises(e.RefusedError, match="Issue some ahead"):
        await shop.sell("team", buyer="bob", issue=False)
    assert (await shop.top_up("1", installs=2, order="2")).installs == 9
    assert (await shop.usage(tier="team")).left == 9
    assert (await shop.revoke("1")).state == "revoked"
    assert (await shop.refund("1")).state == "refunded"
    assert [s.state for s in await shop.sales()] == ["refunded", "abandoned"]
    assert (await shop.reconcile()).ok
    assert len(await shop.journal()) > len(await shop.journal("1"))
    assert (await shop.tiers())[0].sold == 0


def test_what_is_printed_holds_no_token(market: Emulator, shop: Shop) -> None:
    sale = shop.sell("team", buyer="<ada>")
    assert sale.token is not None
    usage = shop.usage()
    printed = [repr(sale), str(sale), sale._repr_html_(), repr(usage), usage._repr_html_()]
    printed += [repr(shop), str(usage.rows())]
    printed += [repr(entry) for entry in shop.journal()]
    shown = shop.sales()[0]
    printed.append(json.dumps(shown.to_dict()))
    assert shown.token is None
    assert shown.masked == f"{sale.token[:4]}…"
    for text in printed:
        assert sale.token not in text
    assert "&lt;ada&gt;" in usage._repr_html_()
    assert shop.sales(reveal=True)[0].token == sale.token
    assert pickle.loads(pickle.dumps(sale)) == sale


def test_an_open_snippet_and_an_open_ledger_are_warned_of(market: Emulator, shop: Shop, tmp_path: Path) -> None:
    market.add_snippets(canonical="open", name="Open")
    with pytest.warns(UserWarning, match="can be installed without a token"):
        shop.tier("free", snippet="open", installs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shop.tiers()
    (tmp_path / "shop.db").chmod(0o644)
    with pytest.warns(UserWarning, match="chmod 600"):
        shop.tiers()


def test_bad_input_is_named(quick: Xano, shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(e.ConfigError, match='no tier "gold"; it has team'):
        shop.sell("gold", buyer="ada")
    with pytest.raises(e.ConfigError, match="The buyer is empty"):
        shop.sell("team", buyer=" ")
    with pytest.raises(e.ConfigError, match="There is no state"):
        shop.sales(state="lost")  # type: ignore[arg-type]
    with pytest.raises(e.ConfigError, match="hold is 0; it takes seconds above 0"):
        quick.shop(tmp_path / "shop.db", hold=0).tiers()
    with pytest.raises(e.ConfigError, match="cannot be"):
        quick.shop(tmp_path).tiers()


def test_the_samples_of_the_guide_run(
    market: Emulator, quick: Xano, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Path(__file__).parents[2] / "docs" / "shop.md"
    samples = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(samples) == 5
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"xano": quick}
    for sample in samples:
        exec(compile(sample, str(page), "exec"), names)
    assert names["sale"].token in names["mail"]
    assert names["refunded"].state == "refunded"
    assert names["report"].ok
    assert [sale.installs for sale in names["shop"].sales(sale="invoice-17")] == [12]


SELLER = """
    import sys
    from xano_metadata import Xano, XanoError

    token, url, ledger, *orders = sys.argv[1:]
    tries = 0
    with Xano(token, account_url=url, backoff=0.001, timeout=2, rate_limit="off") as xano:
        shop = xano.shop(ledger)
        for order in orders:
            while True:
                tries += 1
                try:
                    shop.sell("team", buyer=f"buyer of {order}", order=order)
                    break
                except XanoError as error:
                    if error.code in ("refused", "config_error"):
                        raise
    print(tries)
"""


def spoil(emulator: Emulator, seed: int) -> None:
    path = f"/snippet/{SNIPPET}/token"
    for number, (kind, method, probability) in enumerate(
        [
            ("reset_after", "POST", 0.06),
            ("cut_body", "POST", 0.04),
            ("reset", "POST", 0.05),
            ("html", "GET", 0.03),
            ("cut_body", "GET", 0.03),
        ]
    ):
        emulator.faults(
            {"kind": kind, "method": method, "path": path, "probability": probability, "seed": seed + number}
        )


def test_eight_processes_sell_five_hundred_and_no_token_twice(market: Emulator, shop: Shop, tmp_path: Path) -> None:
    """Some of them are killed in the middle and started again, as machines do."""
    ledger = tmp_path / "shop.db"
    assert shop.issue("team", 200).ok
    seed = random.randrange(1 << 30)
    spoil(market, seed)
    orders = [f"order-{n}" for n in range(500)]
    told = orders + orders[:80]
    random.Random(seed).shuffle(told)
    # What a killed seller holds is free again after two seconds, for this test's sake.
    program = textwrap.dedent(SELLER).replace("shop(ledger)", "shop(ledger, hold=2)")

    def start(number: int) -> subprocess.Popen[str]:
        arguments = [market.token, market.account_url, str(ledger), *told[number::8]]
        return subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)

    begun = time.monotonic()
    sellers = [start(number) for number in range(8)]
    killed, bought = 0, 0
    strange: dict[str, float] = {}
    with sqlite3.connect(ledger) as reader:
        while any(seller.poll() is None for seller in sellers):
            states = dict(reader.execute("SELECT key, state FROM token WHERE state IN ('ready', 'sold')").fetchall())
            for token, state in random.sample(sorted(states.items()), min(4, len(states))):
                if state == "sold" or len(strange) < 30:
                    try:
                        market.install(SNIPPET, token=token)
                    except EmulatorError:  # used up
                        continue
                    bought += state == "sold"
                    if state == "ready":
                        strange.setdefault(token, time.time())
            sold = sum(state == "sold" for state in states.values())
            if killed < 4 and sold > 100 * (killed + 1):
                sellers[killed].kill()
                sellers[killed].wait()
                sellers[killed] = start(killed)
                killed += 1
            time.sleep(0.02)
    took = time.monotonic() - begun
    assert [seller.wait() for seller in sellers] == [0] * 8, f"seed {seed}"
    tries = sum(int(seller.stdout.read()) for seller in sellers if seller.stdout)

    market.clear_faults()
    report = shop.reconcile(alone=True)
    assert report.ok, (seed, report)
    assert not report.notes, (seed, report)
    assert report.foreign == 0, (seed, report)
    server = counts(market)
    sales = shop.sales(state="sold", reveal=True)
    assert sorted(str(sale.order) for sale in sales) == sorted(orders), f"seed {seed}: every order is one sale"
    assert len({sale.token for sale in sales}) == 500, f"seed {seed}: no token is sold twice"
    for sale in sales:
        limit, used = server[str(sale.token)]
        assert (limit, used <= limit) == (7, True), f"seed {seed}: oversold"
        checked = _seconds(sale)
        assert checked <= strange.get(str(sale.token), checked), f"seed {seed}: {sale} had been used by a stranger"
    with sqlite3.connect(ledger) as reader:
        known = {key for (key,) in reader.execute("SELECT key FROM token WHERE state != 'gone'")}
        held = reader.execute("SELECT count(*) FROM token WHERE state = 'reserved'").fetchone()
    assert known == set(server), f"seed {seed}: the ledger knows every token"
    assert held == (0,)
    print(
        f"8 processes ({killed} killed), 500 sales in {took:.1f} s: {tries} tries of those that ended, {len(server)} "
        f"tokens, {report.released} reservations released, {report.found} tokens found; {bought} installs by buyers, "
        f"{len(strange)} tokens used by strangers"
    )


def _seconds(sale: ShopSale) -> float:
    assert sale.checked_at is not None
    time: Any = parse_time(sale.checked_at)
    return float(time.timestamp())
