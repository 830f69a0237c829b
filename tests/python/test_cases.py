"""Replays the language-neutral cases of tests/cases through the sync and the async face."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from xano_metadata import Model, Pager, XanoError
from xano_metadata.testing import Emulator

FOLDER = Path(__file__).parent.parent / "cases"
CASES = [(path.stem, case) for path in sorted(FOLDER.glob("*.json")) for case in json.loads(path.read_text("utf-8"))]
KEYS = {"name", "call", "client", "replies", "requests", "value", "error", "rust", "node", "python"}
CALL_KEYS = {"api", "chain", "method", "args", "raw"}
ERROR_KEYS = {
    "class", "code", "status", "attempts", "param", "operation", "outcome_unknown", "retry_after", "message_contains",
}  # fmt: skip
SEEN_KEYS = {"method", "path", "query", "headers", "json", "text"}


def known(mapping: dict[str, Any], keys: set[str]) -> None:
    unknown = mapping.keys() - keys
    assert not unknown, f"this runner does not know {unknown}"


def rule(answer: dict[str, Any]) -> dict[str, Any]:
    if "fault" in answer:
        return {"kind": answer["fault"], "times": 1, **{k: v for k, v in answer.items() if k != "fault"}}
    known(answer, {"status", "headers", "json", "text", "base64"})
    headers = dict(answer.get("headers", {}))
    made: dict[str, Any] = {"kind": "reply", "times": 1, "status": answer.get("status", 200), "headers": headers}
    if "json" in answer:
        headers.setdefault("content-type", "application/json")
        made["body"] = json.dumps(answer["json"])
    elif "base64" in answer:
        made["body_base64"] = base64.b64decode(answer["base64"]).decode("latin-1")
    else:
        made["body"] = answer.get("text", "")
    return made


def make(emulator: Emulator, case: dict[str, Any], kind: str) -> Any:
    fields = dict(case.get("client", {}))
    known(fields, {"max_retries", "read_only", "timeout", "token"})
    fields = {"backoff": 0.001, "rate_limit": "off", "prefetch": 0, **fields}
    root = {"account": "client", "instance": "instance"}[case["call"]["api"]]
    return getattr(emulator, root if kind == "sync" else f"async_{root}")(**fields)


def bound(root: Any, call: dict[str, Any]) -> Any:
    """The method that the case names, with its arguments."""
    known(call, CALL_KEYS)
    if "raw" in call:
        raw = dict(call["raw"])
        known(raw, {"method", "path", "query", "json"})
        return lambda: root.request(raw.pop("method"), raw.pop("path"), **raw)
    node = root
    for name, binds in call["chain"]:
        node = getattr(node, name)
        node = node(*binds.values()) if binds else node
    return lambda: getattr(node, call["method"])(**call["args"])


def plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def check_requests(emulator: Emulator, wanted: list[dict[str, Any]]) -> None:
    seen = emulator.requests()
    assert len(seen) == len(wanted), [(s["method"], s["path"]) for s in seen]
    for got, want in zip(seen, wanted, strict=True):
        known(want, SEEN_KEYS)
        assert got["method"] == want["method"]
        assert got["path"].removeprefix("/api:meta") == want["path"]
        assert (got["query"] or None) == want.get("query")
        for name, value in want.get("headers", {}).items():
            assert got["headers"].get(name) == value
        if "json" in want:
            assert json.loads(got["body"]) == want["json"]
        if "text" in want:
            assert got["body"] == want["text"]


def check_error(error: XanoError, want: dict[str, Any]) -> None:
    known(want, ERROR_KEYS)
    assert type(error).__name__ == want["class"], error
    for name in ERROR_KEYS - {"class", "message_contains"}:
        if name in want:
            assert getattr(error, name) == want[name], (name, error)
    for text in want.get("message_contains", []):
        assert text in str(error)


async def outcome(emulator: Emulator, case: dict[str, Any], kind: str) -> Any:
    if kind == "sync":
        with make(emulator, case, kind) as root:
            answer = bound(root, case["call"])()
            return answer.all() if isinstance(answer, Pager) else answer
    async with make(emulator, case, kind) as root:
        answer = bound(root, case["call"])()
        return await answer.all() if hasattr(answer, "all") else await answer


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("case", [pytest.param(case, id=f"{file}: {case['name']}") for file, case in CASES])
async def test_case(emulator: Emulator, case: dict[str, Any], kind: str) -> None:
    known(case, KEYS)
    emulator.faults(*map(rule, case["replies"]))
    emulator.clear_requests()
    if "error" in case:
        with pytest.raises(XanoError) as caught:
            await outcome(emulator, case, kind)
        check_error(caught.value, case["error"])
    else:
        assert plain(await outcome(emulator, case, kind)) == case["value"]
    check_requests(emulator, case["requests"])


def test_every_case_was_found() -> None:
    assert len(CASES) >= 30
    print(f"{len(CASES)} cases, replayed by both faces")
