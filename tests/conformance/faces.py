"""Runs a plan through the two Python faces: every call once, violations as text."""

from __future__ import annotations

import asyncio
import inspect
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codegen.naming import safe
from xano_metadata import AsyncInstance, AsyncXano, Instance, Xano

Violations = list[tuple[str, str]]
TOKEN = "conformance"


def _values(given: dict[str, Any]) -> dict[str, Any]:
    def one(value: Any) -> Any:
        return (value["$file"], value["text"].encode()) if isinstance(value, dict) and "$file" in value else value

    return {safe(name, "python"): one(value) for name, value in given.items()}


def _method(roots: dict[str, Any], call: dict[str, Any]) -> Any:
    node = roots[call["api"]]
    for name, params in call["chain"]:
        node = getattr(node, safe(name, "python"))
        if params:
            node = node(*params.values())
    return getattr(node, safe(call["method"], "python"))


def python_sync(plan: list[dict[str, Any]], account_url: str, instance_url: str) -> Violations:
    """The synchronous face."""
    found: Violations = []
    with Xano(token=TOKEN, account_url=account_url, max_retries=0) as xano, tempfile.TemporaryDirectory() as folder:
        roots = {"account": xano, "instance": Instance(instance_url, token=TOKEN, max_retries=0)}
        for call in plan:
            try:
                _run_sync(_method(roots, call), call, Path(folder) / "download")
            except Exception as error:
                found.append((call["id"], f"{type(error).__name__}: {error}"))
    return found


def _run_sync(method: Any, call: dict[str, Any], file: Path) -> None:
    positional = list(_values(call["positional"]).values())
    if call["answer"] == "stream":
        method(*positional, file, **_values(call["args"]))
        return
    result = method(*positional, **_values(call["args"]))
    if call["answer"] == "page":
        result.first_page()
    elif call["answer"] == "events":
        _first(iter(result))


def _first(events: Iterator[Any]) -> None:
    next(events, None)


def python_async(plan: list[dict[str, Any]], account_url: str, instance_url: str) -> Violations:
    """The asynchronous face."""
    return asyncio.run(_python_async(plan, account_url, instance_url))


async def _python_async(plan: list[dict[str, Any]], account_url: str, instance_url: str) -> Violations:
    found: Violations = []
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncXano(token=TOKEN, account_url=account_url, max_retries=0) as xano:
            roots = {"account": xano, "instance": AsyncInstance(instance_url, token=TOKEN, max_retries=0)}
            for call in plan:
                try:
                    await _run_async(_method(roots, call), call, Path(folder) / "download")
                except Exception as error:
                    found.append((call["id"], f"{type(error).__name__}: {error}"))
    return found


async def _run_async(method: Any, call: dict[str, Any], file: Path) -> None:
    positional = list(_values(call["positional"]).values())
    if call["answer"] == "stream":
        await method(*positional, file, **_values(call["args"]))
        return
    result = method(*positional, **_values(call["args"]))
    if call["answer"] == "events":
        async for _ in result:
            return
    elif inspect.isawaitable(result):
        await result
