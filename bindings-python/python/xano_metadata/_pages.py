"""Lists: one page, and the lazy walk over all of them."""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
    from typing import Any, Generic, TypeVar, overload

    from xano_metadata._native import Pages, RawPage

    T = TypeVar("T")

    class _Of(Generic[T]):
        pass

    class _SequenceOf(Sequence[T]):
        pass

else:

    class _Of:
        __slots__ = ()
        __class_getitem__ = classmethod(type(list[int]))

    class _SequenceOf(Sequence):
        __slots__ = ()
        __class_getitem__ = classmethod(type(list[int]))

    T = "T"

_SHOWN_ROWS = 20


class Page(_SequenceOf[T]):
    """One page of a list; a sequence of its items. What the server does not say is None."""

    __slots__ = ("items", "next_page", "page", "per_page", "previous_page", "total", "total_pages")

    items: list[T]
    """The items of this page."""
    page: int | None
    """Number of this page, counted from 1."""
    next_page: int | None
    """Number of the next page; None at the end."""
    previous_page: int | None
    """Number of the previous page; None at the start."""
    per_page: int | None
    """Page size."""
    total: int | None
    """Items in the whole list."""
    total_pages: int | None
    """Pages in the whole list."""

    def __init__(self, raw: RawPage, read: Callable[[Any], T] | None) -> None:
        """Wraps a page that the native module decoded."""
        items, self.page, self.next_page, self.previous_page, self.per_page, self.total, self.total_pages = raw
        if read is None:
            self.items = items
        elif isinstance(read, type):
            self.items = [read(item) if isinstance(item, dict) else item for item in items]
        else:
            self.items = [read(item) for item in items]

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: int) -> T: ...
        @overload
        def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Page):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in Page.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_page, ([getattr(self, name) for name in Page.__slots__],)

    def __repr__(self) -> str:
        of = "" if self.total is None else f" of {self.total}"
        where = "" if self.page is None else f" {self.page}"
        return f"<Page{where}: {len(self.items)}{of} items{', more follow' if self.next_page is not None else ''}>"

    def _repr_html_(self) -> str:
        return _html(self.items, repr(self))


def _rebuild_page(values: list[Any]) -> Page[Any]:
    page: Page[Any] = Page.__new__(Page)
    for name, value in zip(Page.__slots__, values, strict=True):
        setattr(page, name, value)
    return page


class Pager(_Of[T]):
    """A list that is fetched while it is read.

    Iterating walks every page (anew each time); `first_page()` asks for one; `all()` collects. An index or a slice
    fetches only as far as it needs to and remembers what it fetched.

    >>> from xano_metadata.testing import Emulator
    >>> with Emulator(seed_demo=True) as emulator, emulator.client() as xano:
    ...     snippets = xano.snippets.list()
    ...     print(snippets[0].canonical == snippets.first_page()[0].canonical == next(iter(snippets)).canonical)
    True

    Reading raises what a call raises; see `xano_metadata.errors`.
    """

    __slots__ = ("_cached", "_open", "_read", "_walk")

    def __init__(self, open_pages: Callable[[bool], Pages], read: Callable[[Any], T] | None) -> None:
        """Made by the `list` methods. `open_pages(ahead)` starts a walk, with or without fetching ahead."""
        self._open = open_pages
        self._read = read
        self._cached: list[T] = []
        self._walk: Iterator[Page[T]] | None = None

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[Page[T]]:
        """Walks page by page, from the first (or the `page` that was asked for)."""
        return self._pages(ahead=True)

    def _pages(self, *, ahead: bool) -> Iterator[Page[T]]:
        pages = self._open(ahead)
        while (raw := pages.next()) is not None:
            yield Page(raw, self._read)

    def first_page(self) -> Page[T]:
        """Asks for the first page (or the `page` that was asked for) and no other."""
        return next(self._pages(ahead=False), None) or _empty()

    def all(self) -> list[T]:
        """Every item of every page."""
        return list(self)

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: int) -> T: ...
        @overload
        def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            bounds = (index.start, index.stop)
            negative = any(bound is not None and bound < 0 for bound in bounds) or (index.step or 1) < 0
            return self._fetched(None if negative or index.stop is None else index.stop)[index]
        items = self._fetched(index + 1 if index >= 0 else None)
        try:
            return items[index]
        except IndexError:
            raise IndexError(f"the list has {len(items)} items, there is no index {index}") from None

    def _fetched(self, count: int | None) -> list[T]:
        """At least `count` items, as far as there are so many; None = all."""
        if self._walk is None:
            self._walk = self._pages(ahead=False)
        while count is None or len(self._cached) < count:
            try:
                page = next(self._walk, None)
            except BaseException:
                self._walk, self._cached = None, []
                raise
            if page is None:
                break
            self._cached.extend(page.items)
        return self._cached

    def __repr__(self) -> str:
        return "<Pager: iterate it, or call first_page(), pages() or all()>"

    def _repr_html_(self) -> str:
        return self.first_page()._repr_html_()


class AsyncPager(_Of[T]):
    """A list that is fetched while it is read: `async for item in …`, or `await …` for its first `Page`.

    Iterating walks every page (anew each time); `await pager.all()` collects; `async for page in pager.pages()` walks
    page by page. Reading raises what a call raises; see `xano_metadata.errors`.
    """

    __slots__ = ("_open", "_read")

    def __init__(
        self,
        open_pages: Callable[[bool], Callable[[], Awaitable[RawPage | None]]],
        read: Callable[[Any], T] | None,
    ) -> None:
        """Made by the `list` methods. `open_pages(ahead)` starts a walk and returns what gets its next page."""
        self._open = open_pages
        self._read = read

    def __await__(self) -> Generator[Any, None, Page[T]]:
        return self.first_page().__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item

    def pages(self) -> AsyncIterator[Page[T]]:
        """Walks page by page, from the first (or the `page` that was asked for)."""
        return self._pages(ahead=True)

    async def _pages(self, *, ahead: bool) -> AsyncIterator[Page[T]]:
        next_page = self._open(ahead)
        while (raw := await next_page()) is not None:
            yield Page(raw, self._read)

    async def first_page(self) -> Page[T]:
        """Asks for the first page (or the `page` that was asked for) and no other."""
        raw = await self._open(False)()
        return _empty() if raw is None else Page(raw, self._read)

    async def all(self) -> list[T]:
        """Every item of every page."""
        return [item async for item in self]

    def __repr__(self) -> str:
        return "<AsyncPager: await it, use `async for`, or call pages() or all()>"


def _empty() -> Page[Any]:
    return Page(([], None, None, None, None, 0, None), None)


def _html(items: Sequence[object], caption: str) -> str:
    from xano_metadata._model import Model, _escape, _short  # noqa: PLC0415 - only notebooks need it

    rows = [item._data if isinstance(item, Model) else item for item in items[:_SHOWN_ROWS]]
    columns = list(dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row))
    head = "".join(f"<th>{_escape(column)}</th>" for column in columns)
    body = []
    for row in rows:
        values = [_short(row[c]) if c in row else "" for c in columns] if isinstance(row, dict) else [_short(row)]
        body.append("<tr>" + "".join(f"<td>{_escape(value)}</td>" for value in values) + "</tr>")
    more = f"<tr><td>… {len(items) - len(rows)} more</td></tr>" if len(items) > len(rows) else ""
    return f"<table><caption>{_escape(caption)}</caption><tr>{head}</tr>{''.join(body)}{more}</table>"
