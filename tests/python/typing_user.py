"""What a user writes, for the type checkers: mypy --strict and pyright strict find nothing here. It is never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pandas
import polars
from typing_extensions import assert_type

from xano_metadata import (
    OMIT,
    ApiError,
    AsyncInstance,
    AsyncPager,
    AsyncXano,
    CallOptions,
    ClientOptions,
    Failure,
    Instance,
    JobProgress,
    LoadReport,
    NotFoundError,
    Page,
    Pager,
    RateLimit,
    RecordError,
    Search,
    Stats,
    Xano,
    XanoError,
    field,
    parse_time,
    where,
)
from xano_metadata.testing import Emulator
from xano_metadata.types import (
    Column,
    CreatedColumn,
    CreatedIndex,
    Function,
    Index,
    InstallToken,
    InstanceInfo,
    Me,
    Snippet,
    Table,
    VectorOptions,
)


def account(xano: Xano) -> None:
    assert_type(xano.me(), Me)
    assert_type(xano.me().email, str)
    assert_type(xano.me().id, int | str)
    assert_type(xano.instances.list(), Pager[InstanceInfo])
    assert_type(xano.instances.get("x1").plan, str | None)
    assert_type(xano.snippets.list(page=2).first_page(), Page[Snippet])
    assert_type(xano.snippets.list()[0], Snippet)
    assert_type(xano.snippets.list()[1:3], list[Snippet])
    assert_type(xano.snippets.list().all(), list[Snippet])
    assert_type(xano.snippets.list().pages(), Iterator[Page[Snippet]])
    assert_type(xano.snippets.list().first_page().items, list[Snippet])
    for snippet in xano.snippets.list():
        assert_type(snippet, Snippet)
        assert_type(snippet.created_at, int | float | str)
        print(parse_time(snippet.created_at), snippet["unknown"], snippet.to_dict())
    handle = xano.snippet("kRG3t_-i")
    assert_type(handle.update(install_access="token", install_access_description=""), Snippet)
    assert_type(handle.tokens.create(max_installs=5, options={"timeout": 5, "max_retries": 0}), InstallToken)
    assert_type(handle.token("t").update(max_installs=5, current_installs=0), InstallToken)
    handle.token("t").delete(options=CallOptions(timeout=5))
    assert_type(xano.request("GET", "/x"), Any)
    assert_type(xano.stats(), Stats)
    assert_type(xano.stats()["requests"], int)


def options() -> Xano:
    shared = ClientOptions(token="t", timeout=30, rate_limit=RateLimit(10, per=20))
    return Xano(options=shared, max_retries=5, rate_limit=RateLimit.per_minute(60), headers={"a": "b"}, read_only=True)


def instance(xano: Xano, row: InstanceInfo) -> Path:
    assert_type(xano.instance(row), Instance)
    workspace = xano.instance("x1").workspace(1)
    assert_type(workspace.tables.list(), Pager[Table])
    assert_type(workspace.functions.create(xanoscript="function a {}"), Function)
    assert_type(workspace.functions.create(xanoscript="function a {}").xanoscript, str | None)
    workspace.files.upload(content=Path("a.png"), type="image", on_progress=print)
    workspace.files.upload(content=("a.png", b"\0"), access=OMIT)
    return workspace.export("backup.tar.gz")


def failing(xano: Xano) -> str | None:
    try:
        xano.me()
    except NotFoundError as error:
        assert_type(error.status, int | None)
        return error.scope
    except ApiError as error:
        return error.code
    except XanoError as error:
        return str(error.outcome_unknown)
    return None


async def twin(xano: AsyncXano) -> None:
    assert_type(await xano.me(), Me)
    assert_type(xano.snippets.list(), AsyncPager[Snippet])
    assert_type(await xano.snippets.list(), Page[Snippet])
    assert_type(await xano.snippets.list().all(), list[Snippet])
    assert_type(xano.snippets.list().pages(), AsyncIterator[Page[Snippet]])
    async for snippet in xano.snippets.list():
        assert_type(snippet, Snippet)
    assert_type(await xano.snippet("a").tokens.create(max_installs=1), InstallToken)
    assert_type(xano.instance("x1"), AsyncInstance)
    assert_type(await xano.instance("x1").workspace(1).export(Path("x")), Path)
    async with AsyncInstance("https://x1.n7.xano.io", token="t") as direct:
        assert_type(await direct.me(), Me)


def made(instance: Instance) -> None:
    table = instance.workspace(1).table("things")
    column = Column.text("sku", required=True, format="plaintext", filters={"trim": True})
    assert_type(column, Column)
    assert_type(table.columns.add(column), CreatedColumn)
    table.columns.add(table.columns.list()[0])
    Column.tableref("customer")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    Index.vector("meaning")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    assert_type(Column.vector("v", vector={"size": 3}).vector_options, VectorOptions)
    assert_type(table.indexes.add(Index.btree("a", ("b", "desc"))), CreatedIndex)
    table.columns.edit(lambda draft: [*draft, Column.int("count")])
    instance.workspace(1).tables.create(name="x", schema=[Column.int("id")], index=[Index.unique("id")])


def records(instance: Instance, frame: pandas.DataFrame, table: polars.DataFrame) -> str | None:
    orders = instance.workspace(1).table("orders").records
    assert_type(where(total__gt=70) & (field("status") == "new"), Search)
    assert_type((field("a") < 1) | field("b").in_([1, 2]), Search)
    for order in orders.iter(where(total__gt=70), page_size=10, order="stable"):
        assert_type(order, dict[str, Any])
    assert_type(orders.to_list({"total|>": 70}), list[dict[str, Any]])
    assert_type(orders.to_pandas([{"total|>": 70}], datetimes=True), pandas.DataFrame)
    assert_type(orders.to_polars(columns=["id"], nested="native"), polars.DataFrame)
    orders.update_where(search=where(id=1), updates={"total": 5})
    assert_type(orders.search(search=field("total") > 70), Pager[dict[str, Any]])
    try:
        report = orders.insert(
            [{"total": 1}], key="number", on_error="collect", on_progress=watch, checkpoint=Path("c")
        )
        assert_type(report, LoadReport)
        assert_type([failure.row for failure in report.failures], list[int])
        for failure in report.failures:
            assert_type(failure, Failure)
    except RecordError as error:
        assert_type(error.report, LoadReport | None)
        return error.column
    orders.insert({"total": n} for n in range(5))
    orders.insert(frame, keep_ids=True)
    orders.insert(table)
    orders.upsert(orders.to_arrow(), key="number")
    orders.update("orders.csv", format="csv")
    orders.delete([1, 2, 3], batch_rows=10)
    orders.delete(frame["id"])
    assert_type(orders.export(Path("orders.parquet"), search=where(id=1), progress=True).written, int)
    orders.copy_to(orders, to_data_source="test", create=True, action="upsert")
    orders.insert([], batchrows=5)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    orders.update([], keep_ids=True)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    orders.iter(order="newest")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    orders.insert(5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return None


def watch(progress: JobProgress) -> None:
    assert_type(progress.remaining, float | None)


async def records_of_asyncio(instance: AsyncInstance, rows: AsyncIterator[dict[str, Any]], other: Instance) -> None:
    orders = instance.workspace(1).table("orders").records
    async for order in orders.iter(where(total__gt=70)):
        assert_type(order, dict[str, Any])
    assert_type(await orders.to_list(limit=5), list[dict[str, Any]])
    assert_type(await orders.to_pandas(), pandas.DataFrame)
    assert_type(await orders.insert(rows), LoadReport)
    assert_type(await orders.delete(orders.iter(where(id=1))), LoadReport)
    assert_type(await orders.copy_to(other.workspace(1).table("orders").records), LoadReport)


def emulated() -> None:
    with Emulator(seed_demo=True) as emulator, emulator.client(timeout=5) as xano:
        assert_type(xano, Xano)
        assert_type(emulator.async_client(), AsyncXano)
        assert_type(emulator.instance(), Instance)
        assert_type(emulator.token, str)
