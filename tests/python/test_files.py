"""Files both ways: forms with files in them, answers that go to disk, and streams of events."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xano_metadata import AsyncInstance, ConfigError, Instance, ServerEvent, errors
from xano_metadata._events import _Parser
from xano_metadata.testing import Emulator

from .conftest import reply

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def instance(emulator: Emulator) -> Instance:
    return emulator.instance(backoff=0.001, max_retries=1)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "logo.png"
    path.write_bytes(b"PNG picture")
    return path


INPUTS: dict[str, Callable[[Path], Any]] = {
    "a path": lambda path: path,
    "a path as text": str,
    "bytes": lambda path: path.read_bytes(),
    "an open file": lambda path: path.open("rb"),
    "an open file in memory": lambda path: io.BytesIO(path.read_bytes()),
    "a name and bytes": lambda path: ("other.png", path.read_bytes()),
    "a name, a path and a type": lambda path: ("other.png", path, "image/x-own"),
}


@pytest.mark.parametrize("spelling", INPUTS)
def test_a_file_in_every_spelling(emulator: Emulator, instance: Instance, picture: Path, spelling: str) -> None:
    emulator.faults(reply({"path": "/vault/x"}))
    told: list[tuple[int, int | None]] = []
    answer = instance.workspace(1).files.upload(
        content=INPUTS[spelling](picture), type="image", on_progress=lambda done, total: told.append((done, total))
    )
    assert answer.path == "/vault/x"
    seen = emulator.requests()[-1]
    assert seen["headers"]["content-type"].startswith("multipart/form-data; boundary=")
    assert 'name="type"\r\n\r\nimage\r\n' in seen["body"]
    assert "\r\n\r\nPNG picture\r\n" in seen["body"]
    assert "access" not in seen["body"], "what is left out is not sent"
    wanted = {"a name": "other.png", "a path": "logo.png", "an open file": "logo.png"}
    for start, name in wanted.items():
        if spelling.startswith(start) and "memory" not in spelling:
            assert f'filename="{name}"' in seen["body"]
    assert ("image/x-own" in seen["body"]) == (spelling == "a name, a path and a type")


async def test_an_async_upload_tells_how_far_it_is(emulator: Emulator, picture: Path) -> None:
    emulator.faults(reply({"path": "/vault/x"}))
    told: list[tuple[int, int | None]] = []
    async with emulator.async_instance() as instance:
        await instance.workspace(1).files.upload(content=picture, on_progress=lambda *now: told.append(now))
    assert told
    assert told[-1][0] >= len(b"PNG picture")


def test_a_retried_upload_sends_the_whole_file_again(emulator: Emulator, instance: Instance, picture: Path) -> None:
    emulator.faults(
        {"kind": "status", "status": 503, "times": 1, "headers": {"retry-after": "0"}}, reply({"path": "p"})
    )
    with picture.open("rb") as file:
        instance.workspace(1).files.upload(content=file)
    bodies = [r["body"] for r in emulator.requests()]
    assert len(bodies) == 2
    assert all("PNG picture" in body for body in bodies)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("/no/such/file.png", "no file"),
        (5, "takes a path"),
        (("a", "b", "c", "d"), "takes"),
        (io.StringIO("x"), "'rb'"),
        (None, "None"),
    ],
)
def test_a_wrong_file_is_refused_by_name(emulator: Emulator, instance: Instance, wrong: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        instance.workspace(1).files.upload(content=wrong)
    assert "content" in str(caught.value)
    assert emulator.requests() == []


def archive(**fields: Any) -> dict[str, Any]:
    text = "A" * 100_000
    return reply(text=text, headers={"content-type": "application/gzip"}, **fields)


def test_an_export_goes_to_disk(emulator: Emulator, instance: Instance, tmp_path: Path) -> None:
    emulator.faults(archive())
    told: list[tuple[int, int | None]] = []
    target = tmp_path / "backup.tar.gz"
    assert instance.workspace(1).export(target, on_progress=lambda *now: told.append(now)) == target
    assert target.read_bytes() == b"A" * 100_000
    assert told[-1] == (100_000, 100_000)
    assert [p.name for p in tmp_path.iterdir()] == ["backup.tar.gz"]


async def test_an_export_goes_to_disk_with_asyncio(emulator: Emulator, tmp_path: Path) -> None:
    emulator.faults(archive())
    target = tmp_path / "backup.tar.gz"
    told: list[tuple[int, int | None]] = []
    async with emulator.async_instance() as instance:
        assert isinstance(instance, AsyncInstance)
        assert await instance.workspace(1).export(str(target), on_progress=lambda *now: told.append(now)) == target
    assert target.stat().st_size == 100_000
    assert told[-1] == (100_000, 100_000)


def test_a_refused_export_leaves_nothing_behind(emulator: Emulator, instance: Instance, tmp_path: Path) -> None:
    emulator.faults(reply({"code": "ERROR_CODE_ACCESS_DENIED", "message": "No."}, status=403))
    with pytest.raises(errors.PermissionError):
        instance.workspace(1).export(tmp_path / "backup.tar.gz")
    assert list(tmp_path.iterdir()) == []


def test_a_cut_export_leaves_what_was_there(emulator: Emulator, instance: Instance, tmp_path: Path) -> None:
    target = tmp_path / "backup.tar.gz"
    target.write_text("the old one")
    emulator.faults({"kind": "cut_body", "reply": {"status": 200, "body": "A" * 5000}})
    with pytest.raises(errors.ConnectionError):
        instance.workspace(1).export(target)
    assert target.read_text() == "the old one"
    assert [p.name for p in tmp_path.iterdir()] == ["backup.tar.gz"]


def test_a_file_that_cannot_be_written(emulator: Emulator, instance: Instance, tmp_path: Path) -> None:
    emulator.faults(archive())
    with pytest.raises(ConfigError, match="no/such/folder"):
        instance.workspace(1).export(tmp_path / "no/such/folder" / "x")


def test_a_callback_that_fails_ends_the_transfer(emulator: Emulator, instance: Instance, tmp_path: Path) -> None:
    emulator.faults({"kind": "slow", "bytes_per_second": 20_000, "reply": {"status": 200, "body": "A" * 100_000}})

    def fail(done: int, total: int | None) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        instance.workspace(1).export(tmp_path / "x", on_progress=fail)
    assert not (tmp_path / "x").exists()


def test_a_file_by_its_address_carries_no_token(emulator: Emulator, instance: Instance, tmp_path: Path) -> None:
    emulator.faults({**archive(), "path": "/vault/**"})
    target = instance.download("/vault/abc/backup.tar.gz", tmp_path / "b.tar.gz")
    assert target.stat().st_size == 100_000
    seen = [r for r in emulator.requests() if r["path"].startswith("/vault")]
    assert [r["has_token"] for r in seen] == [False]


async def test_an_async_file_by_its_address(emulator: Emulator, tmp_path: Path) -> None:
    emulator.faults({**archive(), "path": "/vault/**"})
    async with emulator.async_instance() as instance:
        await instance.download("/vault/a", tmp_path / "a")
    assert (tmp_path / "a").stat().st_size == 100_000


STREAM = (
    "\ufeffdata: one\n\nevent: step\ndata: two\ndata:three\nid: 7\n\n: a comment\n\nevent: nothing\n\n"
    'retry: 5\ndata\n\ndata: {"a": 1}'
)
EVENTS = [
    ServerEvent("message", "one"),
    ServerEvent("step", "two\nthree", "7"),
    ServerEvent("message", "", "7"),
    ServerEvent("message", '{"a": 1}', "7"),
]


def sse() -> dict[str, Any]:
    return reply(text=STREAM, headers={"content-type": "text/event-stream"})


def test_events(emulator: Emulator, instance: Instance) -> None:
    emulator.faults(sse())
    with instance._events("instance.me") as stream:
        events = list(stream)
    assert events == EVENTS
    assert events[-1].json() == {"a": 1}


async def test_async_events(emulator: Emulator) -> None:
    emulator.faults(sse())
    async with emulator.async_instance() as instance, await instance._events("instance.me") as stream:
        assert [event async for event in stream] == EVENTS


def test_leaving_a_stream_early_drops_it(emulator: Emulator, instance: Instance) -> None:
    body = "data: x\n\n" * 2000
    emulator.faults({"kind": "slow", "bytes_per_second": 2000, "reply": {"status": 200, "body": body}})
    with instance._events("instance.me") as stream:
        assert next(iter(stream)).data == "x"
    assert list(stream) == []


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_events_in_pieces(size: int, line_end: str) -> None:
    raw = STREAM.replace("\n", line_end).encode()
    parser = _Parser()
    events = [event for at in range(0, len(raw), size) for event in parser.feed(raw[at : at + size])]
    assert events + list(parser.end()) == EVENTS
