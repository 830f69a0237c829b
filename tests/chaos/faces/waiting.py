"""The waiting face of Python under chaos: a thread for each lane, and a line of JSON for each case."""

from __future__ import annotations

import contextlib
import threading
import urllib.request
from pathlib import Path
from typing import Any

from chaos_task import SNIPPET, Case, Lane, options, read, rows, tell

from xano_metadata import Instance, Xano, XanoError


def control(lane: Lane, order: str) -> None:
    """Tells the lane where we are."""
    with urllib.request.urlopen(f"http://127.0.0.1:{lane['port']}/_chaos/{order}") as answer:
        answer.read()


def account(xano: Xano, case: Case) -> Any:
    """The account API: an install token, all snippets, or one."""
    match case["index"] % 3:
        case 2:
            return xano.snippet(SNIPPET).tokens.create(max_installs=case["number"]).max_installs
        case 0:
            return len({snippet.canonical for snippet in xano.snippets.list()})
        case _:
            return xano.snippet(SNIPPET).get().canonical


def one(lane: Lane, client: Any, case: Case) -> Any:
    """Makes the call of a case."""
    if isinstance(client, Xano):
        return account(client, case)
    table = client.workspace(lane["workspace"]).table(lane["table"])
    record = table.record(case["record"])
    match lane["class"]:
        case "read":
            return record.get()["n"]
        case "list" if case["index"] % 2 == 0:
            return [row["n"] for row in table.records.list(per_page=10)]
        case "list":
            return [row["n"] for row in table.records.search(sort={"id": "asc"}, per_page=10)]
        case "create":
            return table.records.create({"mark": case["mark"], "n": case["index"]})["id"]
        case "update":
            return record.update({"n": case["number"]})["n"]
        case "patch":
            change = {"row_id": case["record"], "updates": {"n": case["number"]}}
            return table.records.update_many(items=[change]).success_total
        case "delete":
            return record.delete()
        case "upload":
            content = (f"{case['mark']}.bin", b"x" * 30_000)
            return client.workspace(lane["workspace"]).files.upload(content=content).size
        case "download":
            client.workspace(lane["exported"]).export(Path(lane["folder"]) / str(case["index"]))
            return None
        case "load":
            return table.records.insert(rows(case["mark"]), batch_rows=15, settle=0.02).inserted
        case _:
            return [row["n"] for row in table.records.iter(page_size=10, prefetch=3)]


def run(number: int, lane: Lane) -> None:
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
            clients[name] = Xano(account_url=url, **told) if lane["class"] == "account" else Instance(url, **told)
        if case["warm"]:
            # Only to have a connection lying about; on a busy machine it may be too slow, which is judged nowhere.
            with contextlib.suppress(XanoError):
                clients[name].me()
        control(lane, f"begin/{case['index']}")
        try:
            tell(number, case, one(lane, clients[name], case))
        except BaseException as error:
            tell(number, case, error=error)
        control(lane, "end")


if __name__ == "__main__":
    threads = [threading.Thread(target=run, args=place) for place in enumerate(read())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
