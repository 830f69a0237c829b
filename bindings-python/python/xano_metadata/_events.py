"""Answers that keep coming: server-sent events, read as they arrive."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Any

    from xano_metadata._native import Stream

__all__ = ["AsyncEventStream", "EventStream", "ServerEvent"]


_LARGEST = 8 << 20
"""Bytes of one event that are held: a server that never ends one must not fill the memory."""


class ServerEvent:
    """One event of a stream."""

    __slots__ = ("data", "event", "id")

    event: str
    """Its type; `message` when the server names none."""
    data: str
    """Its text, lines joined by line ends."""
    id: str | None
    """Its id, or the last one before it."""

    def __init__(self, event: str, data: str, id: str | None = None) -> None:  # noqa: A002 - the field's own name
        """An event of a type with its data."""
        self.event = event
        self.data = data
        self.id = id

    def json(self) -> Any:
        """The data as JSON.

        Raises:
            DecodeError: The data is no JSON.
        """
        from xano_metadata._native import loads  # noqa: PLC0415

        return loads(self.data.encode())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServerEvent):
            return NotImplemented
        return (self.event, self.data, self.id) == (other.event, other.data, other.id)

    def __hash__(self) -> int:
        return hash((self.event, self.data, self.id))

    def __repr__(self) -> str:
        data = self.data if len(self.data) <= 60 else self.data[:59] + "…"
        return f"ServerEvent({self.event!r}, {data!r})"


class _Parser:
    """Turns bytes into events, by the rules of the event stream format."""

    def __init__(self) -> None:
        self._rest = b""
        self._event = ""
        self._data: list[str] = []
        self._size = 0
        self._id: str | None = None
        self._first = True

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """The events that `chunk` completes.

        Raises:
            DecodeError: An event has more than 8 MiB.
        """
        self._rest += chunk
        # A carriage return at the end may be half of a line end.
        held = b"\r" if self._rest.endswith(b"\r") else b""
        text = self._rest[: len(self._rest) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._rest = rest + held
        for line in lines:
            event = self._line(line.decode("utf-8", "replace"))
            if event is not None:
                yield event
        if len(self._rest) + self._size > _LARGEST:
            from xano_metadata.errors import DecodeError  # noqa: PLC0415

            raise DecodeError(f"An event of the stream has more than {_LARGEST >> 20} MiB, which is more than is held.")

    def end(self) -> Iterator[ServerEvent]:
        """An event that only lacks its closing empty line counts, as servers forget it."""
        yield from self.feed(b"\n\n")

    def _line(self, line: str) -> ServerEvent | None:
        if self._first:
            line = line.removeprefix("\ufeff")
            self._first = False
        if not line:
            data, event = self._data, self._event
            self._data, self._event, self._size = [], "", 0
            return ServerEvent(event or "message", "\n".join(data), self._id) if data else None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            self._size += len(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None


class EventStream:
    """Events as they come: iterate it. Leaving the `with` block, or `close()`, drops the connection.

    Reading raises ConnectionError when the stream breaks off and TimeoutError when nothing comes for too long.
    """

    def __init__(self, stream: Stream) -> None:
        """Made by the methods that answer events."""
        self._stream = stream

    def __iter__(self) -> Iterator[ServerEvent]:
        parser = _Parser()
        while (chunk := self._stream.next()) is not None:
            yield from parser.feed(chunk)
        yield from parser.end()

    def close(self) -> None:
        """Ends the stream."""
        self._stream.close()

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncEventStream:
    """Events as they come: `async for event in stream`. Leaving the `async with` block drops the connection.

    Reading raises ConnectionError when the stream breaks off and TimeoutError when nothing comes for too long.
    """

    def __init__(self, stream: Stream) -> None:
        """Made by the methods that answer events."""
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[ServerEvent]:
        from xano_metadata._bridge import begin, finish  # noqa: PLC0415

        parser = _Parser()
        while True:
            completions, future = begin()
            chunk = await finish(future, self._stream.submit_next(completions, future))
            if chunk is None:
                break
            for event in parser.feed(chunk):
                yield event
        for event in parser.end():
            yield event

    async def close(self) -> None:
        """Ends the stream."""
        self._stream.close()

    async def __aenter__(self) -> AsyncEventStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
