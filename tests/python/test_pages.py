"""Lists: lazy, in all the ways people read them, for every tier."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from xano_metadata import AsyncXano, DecodeError, NotFoundError, Page, Xano
from xano_metadata.testing import Emulator

from .conftest import reply


def envelope(page: int, pages: int, size: int = 2) -> dict[str, Any]:
    """A rule that answers with one of several pages."""
    items = [{"canonical": f"{page}-{n}"} for n in range(size)]
    following = page + 1 if page < pages else None
    return reply({"curPage": page, "nextPage": following, "prevPage": page - 1 or None, "items": items})


def asked(emulator: Emulator) -> list[str]:
    return [r["query"] or "" for r in emulator.requests()]


def test_a_walk_asks_for_page_after_page(emulator: Emulator, quick: Xano) -> None:
    emulator.faults(*(envelope(page, 3) for page in (1, 2, 3)))
    names = [snippet.canonical for snippet in quick.snippets.list()]
    assert names == ["1-0", "1-1", "2-0", "2-1", "3-0", "3-1"]
    assert asked(emulator) == ["", "page=2", "page=3"]


def test_nothing_is_sent_before_it_is_read(emulator: Emulator, quick: Xano) -> None:
    pager = quick.snippets.list()
    repr(pager)
    iter(pager)
    assert asked(emulator) == []


def test_the_first_page_alone(emulator: Emulator, quick: Xano) -> None:
    emulator.faults(envelope(1, 9))
    page = quick.snippets.list().first_page()
    assert (page.page, page.next_page, page.previous_page, page.total, page.total_pages) == (1, 2, None, None, None)
    assert [s.canonical for s in page] == ["1-0", "1-1"]
    assert asked(emulator) == [""]


def test_an_index_fetches_no_further_than_it_must(emulator: Emulator, quick: Xano) -> None:
    emulator.faults(*(envelope(page, 9) for page in (1, 2)))
    snippets = quick.snippets.list()
    assert snippets[2].canonical == "2-0"
    assert [s.canonical for s in snippets[1:3]] == ["1-1", "2-0"]
    assert snippets[0].canonical == "1-0"
    assert asked(emulator) == ["", "page=2"]


def test_an_index_from_the_end_fetches_all(emulator: Emulator, quick: Xano) -> None:
    emulator.faults(*(envelope(page, 3) for page in (1, 2, 3)))
    snippets = quick.snippets.list()
    assert snippets[-1].canonical == "3-1"
    assert len(snippets[:]) == 6
    with pytest.raises(IndexError, match="6 items"):
        snippets[6]
    assert len(asked(emulator)) == 3


def test_every_walk_is_anew(emulator: Emulator, quick: Xano) -> None:
    pager = quick.snippets.list()
    emulator.faults(envelope(1, 1))
    assert len(pager.all()) == 2
    emulator.faults(envelope(1, 1, size=3))
    assert len(pager.all()) == 3


def test_pages_in_turn(emulator: Emulator, quick: Xano) -> None:
    emulator.faults(*(envelope(page, 3) for page in (1, 2, 3)))
    assert [(page.page, len(page)) for page in quick.snippets.list().pages()] == [(1, 2), (2, 2), (3, 2)]


def test_a_page_fetched_ahead_waits_for_nobody(emulator: Emulator, quick: Xano) -> None:
    emulator.faults(*(envelope(page, 2) for page in (1, 2)))
    pages = quick.snippets.list(options={"prefetch": 1}).pages()
    next(pages)
    assert next(pages).page == 2
    assert next(pages, None) is None


def test_a_failing_page_can_be_asked_for_again(emulator: Emulator, quick: Xano) -> None:
    emulator.faults(envelope(1, 2), reply({}, status=404), envelope(1, 2), envelope(2, 2))
    snippets = quick.snippets.list()
    with pytest.raises(NotFoundError):
        snippets[3]
    assert snippets[3].canonical == "2-1"


def test_a_page_that_comes_twice_is_an_error(emulator: Emulator, quick: Xano) -> None:
    emulator.faults(envelope(1, 3), envelope(1, 3))
    with pytest.raises(DecodeError):
        quick.snippets.list().all()


async def test_the_async_pager(emulator: Emulator, aquick: AsyncXano) -> None:
    emulator.faults(*(envelope(page, 3) for page in (1, 2, 3)))
    assert [s.canonical async for s in aquick.snippets.list()] == ["1-0", "1-1", "2-0", "2-1", "3-0", "3-1"]
    emulator.faults(envelope(1, 3))
    page = await aquick.snippets.list()
    assert isinstance(page, Page)
    assert page[0].canonical == "1-0"
    emulator.faults(*(envelope(page, 2) for page in (1, 2)))
    assert [page.page async for page in aquick.snippets.list().pages()] == [1, 2]
    emulator.faults(*(envelope(page, 2) for page in (1, 2)))
    assert len(await aquick.snippets.list().all()) == 4


def test_a_page_is_a_sequence(emulator: Emulator, quick: Xano) -> None:
    emulator.faults(envelope(1, 2))
    page = quick.snippets.list().first_page()
    assert len(page) == 2
    assert page[0] in page
    assert page[-1] == page.items[1]
    assert page[0:1] == page.items[0:1]
    assert pickle.loads(pickle.dumps(page)) == copy.copy(page) == page
    assert repr(page) == "<Page 1: 2 items, more follow>"


def test_a_notebook_sees_a_table(emulator: Emulator, quick: Xano) -> None:
    emulator.faults(
        reply({"curPage": 1, "nextPage": None, "items": [{"canonical": "<b>", "name": "A"}, {"name": "B", "x": 1}]})
    )
    html = quick.snippets.list()._repr_html_()
    assert "<th>canonical</th><th>name</th><th>x</th>" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_an_empty_list(emulator: Emulator, quick: Xano) -> None:
    emulator.faults(reply([]))
    assert quick.instances.list().first_page().items == []
    emulator.faults(reply([]))
    assert quick.instances.list().all() == []
