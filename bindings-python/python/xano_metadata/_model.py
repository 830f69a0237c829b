"""Answers: light objects over the JSON that came.

A model is made around the decoded dict without copying it, and reads from it when asked: declared fields as attributes
with types, everything (also what this version does not know) by item. What the server did not send reads as None.
"""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, ClassVar, TypeVar

    T = TypeVar("T")

Time = int | float | str
"""A time as the server wrote it; `parse_time` makes a `datetime` of it."""

_SHOWN_FIELDS = 12
_SHOWN_CHARACTERS = 60


class Model:
    """An object that the API answered.

    >>> from xano_metadata.types import InstallToken
    >>> key = InstallToken({"token": "abc", "max_installs": 5, "new_field": True})
    >>> key.max_installs, key.current_installs, key["new_field"]
    (5, None, True)
    >>> key
    InstallToken(token='abc', max_installs=5, new_field=True)
    """

    __slots__ = ("_data",)

    _nested: "ClassVar[dict[str, str]]" = {}  # noqa: RUF012 - declared so above, for type checkers only
    """Attributes that are not plain JSON: `Name`, `[Name]`, `{Name}` (a map), `A|B`, or `script`."""
    _wire: "ClassVar[dict[str, str]]" = {}  # noqa: RUF012
    """Wire names of the attributes that are spelt differently."""
    _fields: "ClassVar[frozenset[str]]" = frozenset()

    _data: "dict[str, Any]"

    def __init__(self, data: "Any") -> None:
        """Wraps `data`, the decoded JSON object, without copying it."""
        object.__setattr__(self, "_data", data._data if isinstance(data, Model) else data)

    def __init_subclass__(cls) -> None:
        cls._fields = cls._fields | cls.__annotations__.keys()

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            if name[:1] == "_":
                raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
            data = self._data
            key = self._wire.get(name, name)
            if key in data:
                value = data[key]
                shape = self._nested.get(name)
                return value if shape is None else _reader(type(self), shape)(value)
            if name in self._fields:
                return None
            raise AttributeError(f"{type(self).__name__!r} has no field {name!r}; there are {', '.join(data)}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is an answer and cannot be changed; change its to_dict() instead")

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __getitem__(self, key: str) -> "Any":
        return self._data[key]

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __iter__(self) -> "Iterator[str]":
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __bool__(self) -> bool:
        return True

    def get(self, key: str, default: "Any" = None) -> "Any":
        """The raw value under a wire name, or `default` when the server did not send it."""
        return self._data.get(key, default)

    def to_dict(self) -> "dict[str, Any]":
        """The JSON as it came, unknown fields included: a deep copy, yours to change."""
        copied: dict[str, Any] = _copy(self._data)
        return copied

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return bool(self._data == other._data)

    __hash__ = None  # type: ignore[assignment]

    def __dir__(self) -> "list[str]":
        return sorted({*super().__dir__(), *self._fields, *(k for k in self._data if k.isidentifier())})

    def __reduce__(self) -> "tuple[Any, ...]":
        return type(self), (self._data,)

    def __repr__(self) -> str:
        shown = [f"{key}={_short(value)}" for key, value in list(self._data.items())[:_SHOWN_FIELDS]]
        if len(self._data) > _SHOWN_FIELDS:
            shown.append(f"… {len(self._data) - _SHOWN_FIELDS} more")
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{_escape(key)}</th><td>{_escape(_short(value))}</td></tr>"
            for key, value in self._data.items()
        )
        return f"<table><caption>{type(self).__name__}</caption>{rows}</table>"


def script_text(value: "Any") -> "str | None":
    """The source of a XanoScript value, which comes as text, as `{status, value}` or as `{status, message}`.

    Returns:
        The text; None when the server could not give any (its message is then in the raw value).
    """
    if isinstance(value, dict):
        value = value.get("value")
    return value if isinstance(value, str) else None


def optional(read: "Callable[[Any], T]") -> "Callable[[Any], T | None]":
    """Reads an answer that may be null."""
    return lambda value: None if value is None else _read(read, value)


def list_of(read: "Callable[[Any], T]") -> "Callable[[Any], list[T]]":
    """Reads every item of a list; anything that is no list stays as it is."""
    return lambda value: [_read(read, item) for item in value] if isinstance(value, list) else value


def map_of(read: "Callable[[Any], T]") -> "Callable[[Any], dict[str, T]]":
    """Reads every value of an object; anything else stays as it is."""
    return lambda value: {k: _read(read, v) for k, v in value.items()} if isinstance(value, dict) else value


def one_of(*reads: "Callable[[Any], Any]") -> "Callable[[Any], Any]":
    """Reads a value that has one of several shapes, by the shape that fits best."""

    def read(value: "Any") -> "Any":
        if isinstance(value, dict):
            models = [r for r in reads if isinstance(r, type) and issubclass(r, Model)]
            if models:
                return max(models, key=lambda model: len(model._fields & value.keys()))(value)
        for r in reads:
            if not isinstance(r, type):
                made = r(value)
                if made is not value:
                    return made
        return value

    return read


def _read(read: "Callable[[Any], T]", value: "Any") -> "T":
    """One item: what should be a model but is no object stays as it is."""
    if isinstance(read, type) and not isinstance(value, dict):
        return value  # type: ignore[no-any-return]
    return read(value)


_readers: "dict[tuple[type[Model], str], Callable[[Any], Any]]" = {}


def _reader(cls: "type[Model]", shape: str) -> "Callable[[Any], Any]":
    """The reader for a shape of `_nested`; types are looked up late, because they may name each other in circles."""
    made = _readers.get((cls, shape))
    if made is None:
        inner = _shape(cls, shape)
        made = _readers[cls, shape] = lambda value: _read(inner, value)
    return made


def _shape(cls: "type[Model]", shape: str) -> "Callable[[Any], Any]":
    if "|" in shape and shape[0] not in "[{":
        return one_of(*(_shape(cls, part) for part in shape.split("|")))
    if shape[0] == "[":
        return list_of(_shape(cls, shape[1:-1]))
    if shape[0] == "{":
        return map_of(_shape(cls, shape[1:-1]))
    if shape == "script":
        return script_text
    home = sys.modules[cls.__module__.rpartition(".")[0]]
    model: type[Model] = getattr(home, shape)
    return model


def _copy(value: "Any") -> "Any":
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_copy(inner) for inner in value]
    return value


def _short(value: object) -> str:
    """A value's repr, of bounded length and work."""
    if isinstance(value, str):
        text = repr(value[: _SHOWN_CHARACTERS + 1])
    elif isinstance(value, dict):
        text = f"{{… {len(value)} fields}}" if len(value) > 3 else repr(value)
    elif isinstance(value, list):
        text = f"[… {len(value)} items]" if len(value) > 3 else repr(value)
    else:
        text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
