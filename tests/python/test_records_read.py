"""Reading a table as data: lazily, as dicts, in both faces."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from xano_metadata import AsyncXano, ConfigError, DecodeError, NotFoundError, Xano, field, where
from xano_metadata._generated.sync.records import TableRecords
from xano_metadata.testing import Emulator

from .conftest import reply
from .tables import Column, a_table, twin
from .test_lifecycle import wait_for_departure, wait_for_request

COLUMNS = [Column.text("name"), Column.int("n"), Column.json("extra", nullable=True)]


@pytest.fixture
def records(emulator: Emulator) -> TableRecords:
    """A table with 2,500 records."""
    made = a_table(emulator.instance(backoff=0.001), *COLUMNS)
    made.create_many(items=[{"name": f"r{n % 5}", "n": n, "extra": {"at": [n, 2**53 + n]}} for n in range(2500)])
    emulator.clear_requests()
    return made


def test_records_are_read_while_they_are_iterated(records: TableRecords, emulator: Emulator) -> None:
    reader = records.iter(page_size=100, prefetch=1)
    assert emulator.requests() == []
    walk = iter(reader)
    assert next(walk) == {"id": 1, "name": "r0", "n": 0, "extra": {"at": [0, 2**53]}}
    asked = len(emulator.requests())
    assert asked < 5
    assert [record["n"] for record in walk] == list(range(1, 2500))
    assert len(emulator.requests()) >= 25


def test_each_iteration_reads_anew(records: TableRecords) -> None:
    reader = records.iter(field("n") < 3)
    assert [record["n"] for record in reader] == [0, 1, 2]
    records.delete_where(search=field("n") == 1)
    assert [record["n"] for record in reader] == [0, 2]


def test_pages_are_never_empty(records: TableRecords) -> None:
    pages = list(records.iter(page_size=400).pages())
    assert sum(map(len, pages)) == 2500
    assert all(pages)
    assert list(records.iter(where(n=-1)).pages()) == []


def test_leaving_a_loop_gives_up_what_is_on_its_way(records: TableRecords, emulator: Emulator) -> None:
    for _ in records.iter(page_size=10, prefetch=2):
        break
    asked = len(emulator.requests())
    records.create({"name": "later", "n": -1})
    assert asked < 20
    assert len(emulator.requests()) <= asked + 4


@pytest.mark.parametrize(
    ("search", "options", "expected"),
    [
        (None, {"limit": 3}, [0, 1, 2]),
        (None, {"limit": 0}, []),
        (where(n__in=[7, 5]), {}, [5, 7]),
        ({"n|>": 2497}, {}, [2498, 2499]),
        ([{"n|>": 2497}, {"name": "r4"}], {}, [2499]),
        (where(n=1) | where(n=2), {}, [1, 2]),
        (where(n__lt=3), {"order": "pages", "sort": {"n": "desc"}}, [2, 1, 0]),
        (where(n__lt=3), {"order": "pages", "sort": [{"name": "desc"}], "page_size": 1}, [2, 1, 0]),
        (None, {"limit": 2, "data_source": "live", "sort": None}, [0, 1]),
    ],
)
def test_what_is_read_can_be_said(
    records: TableRecords, search: Any, options: dict[str, Any], expected: list[int]
) -> None:
    assert [record["n"] for record in records.to_list(search, **options)] == expected


def test_other_data_sources_have_other_records(emulator: Emulator) -> None:
    instance = emulator.instance()
    records = a_table(instance, *COLUMNS)
    instance.workspace(records._path[0]).data_sources.create(label="test", color="#268bd2")
    assert records.insert([{"name": "a", "n": 1}], data_source="test").inserted == 1
    assert [record["n"] for record in records.iter(data_source="test")] == [1]
    assert records.to_list() == []
    assert len(records.to_pandas(data_source="test")) == 1


WRONG = [
    ({"page_size": 0}, "page_size is 0; it must be 1 to 10000"),
    ({"page_size": 10_001}, "it must be 1 to 10000"),
    ({"page_size": "many"}, 'page_size cannot be "many": it takes a whole number'),
    ({"page_size": -1}, "page_size cannot be -1"),
    ({"prefetch": 0}, "at least 1"),
    ({"limit": 1.5}, "limit cannot be 1.5"),
    ({"order": "random"}, 'order cannot be "random": it takes `stable` or `pages`'),
    ({"sort": {"n": "desc"}}, "A stable read goes by id and takes no sort"),
    ({"page_siz": 5}, "to_list has no option 'page_siz'. Did you mean page_size?"),
    ({"data_source": 5}, "data_source takes the label"),
    ({"search": 5}, "a dict of conditions"),
    ({"search": {"n|>": float("nan")}}, "NaN"),
]


@pytest.mark.parametrize(("options", "words"), WRONG)
async def test_wrong_options_are_named_and_nothing_is_sent(
    records: TableRecords, emulator: Emulator, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        records.to_list(**options)
    assert words in str(caught.value)
    async with emulator.async_instance() as instance:
        with pytest.raises(ConfigError):
            await twin(instance, records).to_list(**options)
    assert emulator.requests() == []


def test_errors_of_calls_come_through(records: TableRecords, emulator: Emulator) -> None:
    emulator.faults(reply(text="nope"))
    with pytest.raises(DecodeError):
        records.to_list()
    emulator.faults({"kind": "status", "status": 500, "times": 2})
    assert len(records.to_list(page_size=100)) == 2500
    missing = emulator.instance().workspace(records._path[0]).table(999).records
    with pytest.raises(NotFoundError):
        next(iter(missing.iter()))


def test_a_reader_shows_itself(records: TableRecords, emulator: Emulator) -> None:
    reader = records.iter(where(n__lt=30))
    assert repr(reader) == "<RecordReader of table 1 where [{'n|<': 30}]>"
    assert repr(records.iter()) == "<RecordReader of table 1>"
    assert "RecordReader" in repr(reader.to_arrow())
    assert emulator.requests() == []
    html = reader._repr_html_()
    assert html.count("<tr>") == 21
    assert "<td>19</td>" in html
    assert "<td>20</td>" in html  # the last record's id
    assert records.iter(limit=3)._repr_html_().count("<tr>") == 4


async def test_the_async_twin(records: TableRecords, emulator: Emulator) -> None:
    async with emulator.async_instance() as instance:
        async_records = twin(instance, records)
        assert [record["n"] async for record in async_records.iter(page_size=100)] == list(range(2500))
        assert [len(page) async for page in async_records.iter(limit=5).pages()] == [5]
        assert await async_records.to_list(where(n__in=[3])) == records.to_list(where(n__in=[3]))
        assert repr(async_records.iter(where(n=1))) == "<AsyncRecordReader of table 1 where [{'n': 1}]>"
        both = await asyncio.gather(async_records.to_list(), async_records.to_list(page_size=10_000))
        assert both[0] == both[1] == records.to_list()


async def test_a_cancelled_read_drops_its_requests(records: TableRecords, emulator: Emulator) -> None:
    emulator.faults({"kind": "hang", "path": "**/search"})
    async with emulator.async_instance() as instance:
        task = asyncio.create_task(twin(instance, records).to_list())
        await asyncio.to_thread(wait_for_request, emulator)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(wait_for_departure, emulator)


def test_a_node_is_still_one(quick: Xano, aquick: AsyncXano, records: TableRecords) -> None:
    assert records == records
    assert "TableRecords" in repr(records)
    assert not hasattr(records, "__dict__")
