"""The awaiting face of Python under chaos: a task for each lane, and a line of JSON for each case."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from chaos_task import SNIPPET, Case, Lane, options, read, rows, tell

from xano_metadata import AsyncInstance, AsyncXano, XanoError


async def control(lane: Lane, order: str) -> None:
    """Tells the lane where we are."""
    reader, writer = await asyncio.open_connection("127.0.0.1", lane["port"])
    writer.write(f"GET /_chaos/{order} HTTP/1.1\r\nhost: lane\r\n\r\n".encode())
    await reader.read()
    writer.close()


async def account(xano: AsyncXano, case: Case) -> Any:
    """The account API: an install token, all snippets, or one."""
    match case["index"] % 3:
        case 2:
            return (await xano.snippet(SNIPPET).tokens.create(max_installs=case["number"])).max_installs
        case 0:
            return len({snippet.canonical async for snippet in xano.snippets.list()})
        case _:
            return (await xano.snippet(SNIPPET).get()).canonical


async def one(lane: Lane, client: Any, case: Case) -> Any:
    """Makes the call of a case."""
    if isinstance(client, AsyncXano):
        return await account(client, case)
    table = client.workspace(lane["workspace"]).table(lane["table"])
    record = table.record(case["record"])
    match lane["class"]:
        case "read":
            return (await record.get())["n"]
        case "list" if case["index"] % 2 == 0:
            return [row["n"] async for row in table.records.list(per_page=10)]
        case "list":
            return [row["n"] async for row in table.records.search(sort={"id": "asc"}, per_page=10)]
        case "create":
            return (await table.records.create({"mark": case["mark"], "n": case["index"]}))["id"]
        case "update":
            return (await record.update({"n": case["number"]}))["n"]
        case "patch":
            change = {"row_id": case["record"], "updates": {"n": case["number"]}}
            return (await table.records.update_many(items=[change])).success_total
        case "delete":
            return await record.delete()
        case "upload":
            content = (f"{case['mark']}.bin", b"x" * 30_000)
            return (await client.workspace(lane["workspace"]).files.upload(content=content)).size
        case "download":
            await client.workspace(lane["exported"]).export(Path(lane["folder"]) / str(case["index"]))
            return None
        case "load":
            return (await table.records.insert(rows(case["mark"]), batch_rows=15, settle=0.02)).inserted
        case _:
            return [row["n"] async for row in table.records.iter(page_size=10, prefetch=3)]


async def run(number: int, lane: Lane) -> None:
    """Runs the cases of a lane, one after the other."""
    clients: dict[str, Any] = {}
    epoch = None
    for case in lane["cases"]:
        if case["epoch"] != epoch:
            epoch = case["epoch"]
            clients = {}
        name = case["client"]
        if name not in clients:
            url, told = lane["urls"][name], options(lane, name)
            new = AsyncXano(account_url=url, **told) if lane["class"] == "account" else AsyncInstance(url, **told)
            clients[name] = new
        if case["warm"]:
            # Only to have a connection lying about; on a busy machine it may be too slow, which is judged nowhere.
            with contextlib.suppress(XanoError):
                await clients[name].me()
        await control(lane, f"begin/{case['index']}")
        try:
            tell(number, case, await one(lane, clients[name], case))
        except Exception as error:
            tell(number, case, error=error)
        await control(lane, "end")


async def main() -> None:
    """Runs all lanes."""
    await asyncio.gather(*(run(number, lane) for number, lane in enumerate(read())))


if __name__ == "__main__":
    asyncio.run(main())
