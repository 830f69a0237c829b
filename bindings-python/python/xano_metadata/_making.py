"""Behind the typed constructors (`Column.text(…)`) and `add`, which finds the operation for what they made.

A value that was made is plain data like one that was read, so it can be sent in a list of all columns, and `add` takes
a column that a listing gave as well. The rows that say which operation adds which kind are generated.
"""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._model import Model
from xano_metadata._options import OMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    Row = tuple[str, str, tuple[str, ...], dict[str, str], tuple[str, ...], tuple[str, ...]]
    """Operation, constructor, kinds, the value's fields with those of the body, those needed, those that take null."""

EMPTY: tuple[object, ...] = (None, False, "", [], {})
"""Values that say nothing: a listing has them for fields that are not of the kind."""


def made(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a new value: what was given, in a copy that is its own."""
    return {name: _plain(value) for name, value in fields.items() if value is not OMIT}


def items(given: Iterable[Any], first: str, second: str, default: Any = OMIT) -> list[Any]:
    """Objects for items given in short: the first field alone as text, or both as a pair."""
    return [_item(entry, first, second, default) for entry in given]


def chosen(rows: Sequence[Row], what: str, value: Any) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    """The operation that adds `value`, its body, and the fields of it that may be null.

    Raises:
        ConfigError: No operation adds such a value, or the one that does could not be told all of it.
    """
    data = value._data if isinstance(value, Model) else value
    if not isinstance(data, dict):
        raise _config(what, f"takes a {what} such as {rows[0][1]}(…) makes, not {type(value).__name__}.")
    kind = data.get("type")
    fitting = [row for row in rows if kind in row[2]]
    if not fitting:
        raise _config(what, f"knows no type {kind!r}. There are {', '.join(row[1] for row in rows)}.")
    whole = [row for row in fitting if all(data.get(name) is not None for name in row[4])]
    if not whole:
        missing = [name for name in fitting[0][4] if data.get(name) is None]
        raise _config(what, f"{', '.join(missing)} is missing for {fitting[0][1]}.")
    operation, constructor, _, fields, _, nullable = max(whole, key=lambda row: len(row[4]))
    body: dict[str, Any] = {}
    for name, given in data.items():
        wire = fields.get(name)
        if wire is None:
            if name != "type" and given not in EMPTY:
                raise _config(what, f"{constructor} has no {name!r}, so it cannot be added with it. Leave it out.")
        elif given is not None or wire in nullable:
            body[wire] = given
    return operation, body, nullable


def _item(entry: Any, first: str, second: str, default: Any) -> Any:
    if isinstance(entry, str):
        if default is OMIT:
            raise _config(first, f"{entry!r} needs its {second!r} too: give a pair, ({entry!r}, …).")
        return {first: entry, second: default}
    if isinstance(entry, tuple):
        if len(entry) != 2:
            raise _config(first, f"{entry!r} is no pair of {first!r} and {second!r}.")
        return {first: entry[0], second: entry[1]}
    return _plain(entry)


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value


def _config(what: str, message: str) -> Exception:
    from xano_metadata.errors import ConfigError  # noqa: PLC0415 - only faults need it

    return ConfigError(f"add: {message}", message=message, param=what)
