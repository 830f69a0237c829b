"""What every generated method is made of: handing one call to the engine and reading what comes back.

A node is a root, a collection or a handle: a connection and the path values it binds. Its generated methods pass one
operation id and the arguments here; nothing in this module knows any operation.
"""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._options import OMIT, Omit, call_options
from xano_metadata._pages import AsyncPager, Pager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from os import PathLike
    from pathlib import Path
    from typing import Any, TypedDict, TypeVar

    from typing_extensions import Unpack

    from xano_metadata._events import AsyncEventStream, EventStream
    from xano_metadata._making import Row
    from xano_metadata._native import Connection, Packed, Pages, RawPage
    from xano_metadata._options import CallFields, CallOptions

    T = TypeVar("T")

    class Parts(TypedDict, total=False):
        """The arguments of one call, by where they travel."""

        path: tuple[Any, ...]
        """All path values; default: those the node binds."""
        query: Mapping[str, Any]
        headers: Mapping[str, Any]
        fields: Mapping[str, Any]
        """Fields of a JSON body; those that are `OMIT` are not sent."""
        nullable: tuple[str, ...]
        """The fields that may be null."""
        form: Mapping[str, Any]
        """Fields of a multipart body."""
        files: tuple[str, ...]
        """The form fields that are files."""
        content: Any
        """A whole JSON body."""
        script: str | Omit
        """A XanoScript body, instead of the fields."""
        repeated: tuple[str, ...]
        """The fields that only repeat a query parameter, so that a script may stand beside them."""
        required: tuple[str, ...]
        """The fields that must be given when there is no script."""
        on_progress: Progress | None
        """Told how far an upload is."""
        options: CallOptions | CallFields | None

    Options = CallOptions | CallFields | None
    """What a call may be told: `options=` of every method."""
    Progress = Callable[[int, int | None], object]
    """Called with the bytes so far and, where known, in all."""
    Draft = dict[str, Any]
    """What `edit` lets a caller change: the fields that will be sent."""
    Change = Callable[[Draft], Mapping[str, Any] | None]
    """Changes a draft in place, or returns another."""
    Names = tuple[str, ...] | dict[str, str]
    """Wire names of a draft's fields, with their arguments where some differ."""
    ListChange = Callable[[list[Draft]], Sequence[Any] | None]
    """Changes a list in place, or returns another."""

JSON, TEXT, NOTHING, BYTES = range(4)
"""How the native module reads an answer."""

_NONE, _FIELDS, _CONTENT, _SCRIPT, _FORM, _BYTES = range(6)


class Node:
    """A connection and the path values that are bound so far."""

    __slots__ = ("_connection", "_path")

    _connection: Connection
    _path: tuple[Any, ...]

    def __init__(self, connection: Connection, path: tuple[Any, ...] = ()) -> None:
        """Made by the properties and methods of the nodes above."""
        self._connection = connection
        self._path = path

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{''.join(f' {value!r}' for value in self._path)}>"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._connection is other._connection and self._path == other._path

    def __hash__(self) -> int:
        return hash((type(self), id(self._connection), self._path))

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(
            f"{type(self).__name__} holds open connections and a token and cannot be pickled or copied. Make a client "
            "in each process (a forked one may go on using its parent's); threads may share one."
        )

    def _request(self, operation: str | tuple[str, str], parts: Parts) -> Packed:
        """A call as the native module takes it; `operation` is an id, or a method and a path."""
        kind, body, extra = _body(operation, parts)
        return (
            operation,
            parts.get("path", self._path),
            parts.get("query"),
            parts.get("headers"),
            kind,
            body,
            extra,
            call_options(parts.get("options")),
        )

    def _open_pages(self, operation: str, parts: Parts) -> Callable[[bool], Pages]:
        request = self._request(operation, parts)
        return lambda ahead: self._connection.pages(request, ahead)


class SyncNode(Node):
    """A node whose calls wait for the answer."""

    __slots__ = ()

    def _call(self, operation: str, read: Callable[[Any], T], **parts: Unpack[Parts]) -> T:
        return checked(
            operation, read, self._connection.call(self._request(operation, parts), JSON, parts.get("on_progress"))
        )

    def _any(self, operation: str, **parts: Unpack[Parts]) -> Any:
        return self._connection.call(self._request(operation, parts), JSON, parts.get("on_progress"))

    def _text(self, operation: str, **parts: Unpack[Parts]) -> str:
        text: str = self._connection.call(self._request(operation, parts), TEXT, parts.get("on_progress"))
        return text

    def _do(self, operation: str, **parts: Unpack[Parts]) -> None:
        self._connection.call(self._request(operation, parts), NOTHING, parts.get("on_progress"))

    def _pages(self, operation: str, read: Callable[[Any], T] | None, **parts: Unpack[Parts]) -> Pager[T]:
        return Pager(self._open_pages(operation, parts), read)

    def _save(self, operation: str, to: str | PathLike[str], **parts: Unpack[Parts]) -> Path:
        from pathlib import Path  # noqa: PLC0415 - only downloads need it

        target = Path(to)
        self._connection.save(self._request(operation, parts), str(target), parts.get("on_progress"))
        return target

    def _events(self, operation: str, **parts: Unpack[Parts]) -> EventStream:
        from xano_metadata._events import EventStream  # noqa: PLC0415

        return EventStream(self._connection.open(self._request(operation, parts)))

    def _add(self, rows: Sequence[Row], what: str, value: Any, read: Callable[[Any], T], options: Options) -> T:
        operation, fields, nullable = _choose(rows, what, value)
        return self._call(operation, read, fields=fields, nullable=nullable, options=options)

    def _edit(self, reads: str, names: Names, change: Change, replace: Callable[..., T], options: Options) -> T:
        draft = drafted(self._any(reads, options=options), names)
        return replace(**named(change(draft), draft, names), options=options)

    def _edit_list(self, reads: str, name: str, change: ListChange, replace: Callable[..., T], options: Options) -> T:
        items: list[Draft] = self._pages(reads, None, options=options).all()
        changed = change(items)
        return replace(**{name: items if changed is None else changed}, options=options)


class AsyncNode(Node):
    """A node whose calls are awaited."""

    __slots__ = ()

    async def _call(self, operation: str, read: Callable[[Any], T], **parts: Unpack[Parts]) -> T:
        completions, future = _begin()
        ticket = self._connection.submit(completions, future, self._request(operation, parts), JSON)
        return checked(operation, read, await _finish(future, ticket, parts.get("on_progress")))

    async def _any(self, operation: str, **parts: Unpack[Parts]) -> Any:
        completions, future = _begin()
        ticket = self._connection.submit(completions, future, self._request(operation, parts), JSON)
        return await _finish(future, ticket, parts.get("on_progress"))

    async def _text(self, operation: str, **parts: Unpack[Parts]) -> str:
        completions, future = _begin()
        ticket = self._connection.submit(completions, future, self._request(operation, parts), TEXT)
        text: str = await _finish(future, ticket, parts.get("on_progress"))
        return text

    async def _do(self, operation: str, **parts: Unpack[Parts]) -> None:
        completions, future = _begin()
        ticket = self._connection.submit(completions, future, self._request(operation, parts), NOTHING)
        await _finish(future, ticket, parts.get("on_progress"))

    def _pages(self, operation: str, read: Callable[[Any], T] | None, **parts: Unpack[Parts]) -> AsyncPager[T]:
        open_pages = self._open_pages(operation, parts)

        def start(ahead: bool) -> Callable[[], Awaitable[RawPage | None]]:
            pages = open_pages(ahead)

            async def next_page() -> RawPage | None:
                completions, future = _begin()
                page: RawPage | None = await _finish(future, pages.submit_next(completions, future))
                return page

            return next_page

        return AsyncPager(start, read)

    async def _save(self, operation: str, to: str | PathLike[str], **parts: Unpack[Parts]) -> Path:
        from pathlib import Path  # noqa: PLC0415 - only downloads need it

        target = Path(to)
        completions, future = _begin()
        ticket = self._connection.submit_save(completions, future, self._request(operation, parts), str(target))
        await _finish(future, ticket, parts.get("on_progress"))
        return target

    async def _events(self, operation: str, **parts: Unpack[Parts]) -> AsyncEventStream:
        from xano_metadata._events import AsyncEventStream  # noqa: PLC0415

        completions, future = _begin()
        ticket = self._connection.submit_open(completions, future, self._request(operation, parts))
        return AsyncEventStream(await _finish(future, ticket))

    async def _add(self, rows: Sequence[Row], what: str, value: Any, read: Callable[[Any], T], options: Options) -> T:
        operation, fields, nullable = _choose(rows, what, value)
        return await self._call(operation, read, fields=fields, nullable=nullable, options=options)

    async def _edit(
        self,
        reads: str,
        names: Names,
        change: Change,
        replace: Callable[..., Awaitable[T]],
        options: Options,
    ) -> T:
        draft = drafted(await self._any(reads, options=options), names)
        return await replace(**named(change(draft), draft, names), options=options)

    async def _edit_list(
        self, reads: str, name: str, change: ListChange, replace: Callable[..., Awaitable[T]], options: Options
    ) -> T:
        items: list[Draft] = await self._pages(reads, None, options=options).all()
        changed = change(items)
        return await replace(**{name: items if changed is None else changed}, options=options)


def _choose(rows: Sequence[Row], what: str, value: Any) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    from xano_metadata._making import chosen  # noqa: PLC0415 - only `add` needs it

    return chosen(rows, what, value)


def drafted(found: Any, names: Names) -> Draft:
    """The fields of an answer that its replacement takes."""
    return {wire: found[wire] for wire in names if isinstance(found, dict) and wire in found}


def named(changed: Mapping[str, Any] | None, draft: Draft, names: Names) -> Draft:
    """The arguments for a draft, changed in place or anew; a name that cannot be sent is an error of the call."""
    fields = draft if changed is None else changed
    spelt = names if isinstance(names, dict) else {}
    return {spelt.get(wire, wire): value for wire, value in fields.items()}


def _begin() -> tuple[Any, Any]:
    from xano_metadata._bridge import begin  # noqa: PLC0415 - replaces itself: asyncio is loaded at the first use

    globals()["_begin"] = begin
    return begin()


async def _finish(future: Any, ticket: Any, on_progress: Progress | None = None) -> Any:
    from xano_metadata._bridge import finish  # noqa: PLC0415 - as above

    globals()["_finish"] = finish
    return await finish(future, ticket, on_progress)


def checked(operation: str, read: Callable[[Any], T], data: Any) -> T:
    """Reads an answer; what should be a model but is no object is an error that shows what came."""
    if isinstance(read, type) and not isinstance(data, dict):
        from xano_metadata._native import writes  # noqa: PLC0415 - for what hardly ever happens
        from xano_metadata.errors import DecodeError  # noqa: PLC0415

        shown = repr(data)[:200]
        message = f"The answer should be an object, {getattr(read, '__name__', 'a model')}, but is {shown}."
        done = writes(operation)
        hint = "It may have been done all the same: look before you repeat it." if done else None
        raise DecodeError(
            f"{operation}: {message}" + (f" {hint}" if hint else ""),
            message=message,
            hint=hint,
            operation=operation,
            attempts=1,
            outcome_unknown=done,
            body=shown,
        )
    return read(data)


def _body(operation: str | tuple[str, str], parts: Parts) -> tuple[int, Any, Any]:
    fields = parts.get("fields")
    form = parts.get("form")
    script = parts.get("script", OMIT)
    if not isinstance(script, Omit):
        repeated = parts.get("repeated", ())
        have = {**(fields or {}), **(form or {})}
        given = [name for name, value in have.items() if value is not OMIT and name not in repeated]
        if given:
            raise _config(
                operation, f"xanoscript is the whole body, so {', '.join(given)} cannot be given with it. Give either."
            )
        if not isinstance(script, str) or not script.strip():
            raise _config(operation, f"xanoscript takes the source text, not {script!r}.")
        return _SCRIPT, script, None
    if required := parts.get("required"):
        offered = fields if fields is not None else form or {}
        missing = [name for name in required if offered.get(name, OMIT) is OMIT]
        if missing:
            raise _config(operation, f"{', '.join(missing)} must be given, or xanoscript instead.")
    if fields is not None:
        return _FIELDS, fields, parts.get("nullable", ())
    if form is not None:
        from xano_metadata._files import form_parts  # noqa: PLC0415

        return _FORM, form_parts(str(operation), form, parts.get("files", ()), parts.get("nullable", ())), None
    if "content" in parts:
        return _CONTENT, parts["content"], None
    return _NONE, None, None


def _config(operation: str | tuple[str, str], message: str) -> Exception:
    from xano_metadata.errors import ConfigError  # noqa: PLC0415

    name = operation if isinstance(operation, str) else " ".join(operation)
    return ConfigError(f"{name}: {message}", message=message, operation=name)
