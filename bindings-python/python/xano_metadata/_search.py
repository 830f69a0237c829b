"""Searches that people can read: `where(price__gt=70)` and `field("price") > 70`.

Both make what the API itself takes, a list of one-key dicts, so a search can be printed, changed by hand and given to
every method that has `search=`.

Conditions are joined by AND, and one whose key ends in `|or` by OR to what stands before it. Xano does not say which of
the two binds tighter, so only what means the same either way is made; the rest is refused.
"""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, NoReturn, TypeAlias

    _List = list[dict[str, Any]]
    Conditions: TypeAlias = "Search | Mapping[str, Any] | Sequence[Mapping[str, Any]]"
    """A search: of `where` and `field`, or as the API has it."""
else:
    _List = list

__all__ = ["Field", "Search", "field", "where"]

_OPERATORS = {
    "eq": "",
    "gt": ">",
    "lt": "<",
    "in": "in",
    "not_in": "not in",
    "gte": ">=",
    "lte": "<=",
    "ne": "!=",
}


class Search(_List):
    """Conditions that records must meet, as the API takes them: a list of one-key dicts. None at all = every record.

    `a & b` needs both, `a | b` either. What is joined by `|` may be a single condition, or once a list of conditions
    joined by `&`; more than that the API cannot say.
    """

    __slots__ = ()

    def __and__(self, other: Conditions) -> Search:
        """Records that meet both."""
        other = as_search(other)
        for side, rest in ((self, other), (other, self)):
            if len(rest) and any(_is_or(condition) for condition in side):
                raise _config(
                    "A search cannot ask for (a or b) and c: Xano does not say which of the two binds tighter. For "
                    "several values of one column use in, as in where(status__in=['a', 'b']); otherwise make two "
                    "searches."
                )
        return Search([*self, *other])

    def __or__(self, other: Conditions) -> Search:
        """Records that meet either, or both."""
        sides = [self, as_search(other)]
        if not all(len(side) for side in sides):
            raise _config("A search without conditions means every record, so nothing can be joined to it by |.")
        # The side that has conditions joined by AND comes first: an OR behind them reads the same either way.
        sides.sort(key=lambda side: sum(not _is_or(condition) for condition in side), reverse=True)
        first, second = sides
        if len(second) > 1 and not _is_or(second[1]):
            raise _config(
                "A search cannot ask for (a and b) or (c and d): Xano does not say which of the two binds tighter. "
                "Make two searches."
            )
        return Search([*first, *map(_as_or, second)])

    __rand__ = __and__

    def __ror__(self, other: Conditions) -> Search:
        """Records that meet either, or both."""
        return as_search(other) | self

    def __bool__(self) -> bool:
        raise _config(
            "Conditions are joined by & and |, each in brackets, as in (field('a') > 1) & (field('b') == 2); Python's "
            "and, or, not and chains such as 1 < field('a') < 2 would drop one of them. For whether there are any, use "
            "len()."
        )


class Field:
    """A column, to be compared: `field("price") > 70` is a search.

    `==`, `>`, `<`, `in_` and `not_in` are documented by Xano; `>=`, `<=` and `!=` are in use as well, but the server
    may refuse them.
    """

    __slots__ = ("name",)

    name: str
    """Name of the column; `column.path` reaches into an object."""

    def __init__(self, name: str) -> None:
        """A column by its name."""
        if not isinstance(name, str) or not name or "|" in name:
            raise _config(f"field takes the name of a column, without |, not {name!r}.")
        self.name = name

    def __eq__(self, value: object) -> Search:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        """Equal; None finds nulls, and a list column equals a value that it holds."""
        return _one(self.name, "eq", value)

    def __gt__(self, value: Any) -> Search:
        """Greater."""
        return _one(self.name, "gt", value)

    def __lt__(self, value: Any) -> Search:
        """Less."""
        return _one(self.name, "lt", value)

    def in_(self, values: Iterable[Any]) -> Search:
        """One of the values."""
        return _one(self.name, "in", values)

    def not_in(self, values: Iterable[Any]) -> Search:
        """None of the values."""
        return _one(self.name, "not_in", values)

    def __ge__(self, value: Any) -> Search:
        """Greater or equal. Not documented by Xano; the server may refuse it."""
        return _one(self.name, "gte", value)

    def __le__(self, value: Any) -> Search:
        """Less or equal. Not documented by Xano; the server may refuse it."""
        return _one(self.name, "lte", value)

    def __ne__(self, value: object) -> Search:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        """Not equal. Not documented by Xano, which may refuse it; `not_in` with one value is."""
        return _one(self.name, "ne", value)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise _config(f"{self!r} is no condition yet. Compare it, as in {self!r} == True.")

    def _unbracketed(self, _: object) -> NoReturn:
        raise _config("Conditions joined by & or | need brackets: (field('a') == 1) | (field('b') > 2).")

    __and__ = __rand__ = __or__ = __ror__ = _unbracketed

    def __contains__(self, _: object) -> bool:
        raise _config(f"For one of several values use {self!r}.in_([…]); for a value in a list {self!r} == value.")

    def __repr__(self) -> str:
        return f"field({self.name!r})"


def field(name: str) -> Field:
    """A column, to be compared; for names that are no keywords of Python, and for OR.

    >>> from xano_metadata import field
    >>> (field("price") > 70) & (field("status") == "new")
    [{'price|>': 70}, {'status': 'new'}]
    >>> (field("unit price") < 5) | (field("vip") == True)
    [{'unit price|<': 5}, {'vip||or': True}]

    Args:
        name: Name of the column; `column.path` reaches into an object.

    Raises:
        ConfigError: It is empty, or holds `|`.
    """
    return Field(name)


def where(*searches: Conditions, **conditions: Any) -> Search:
    """Conditions by keyword, all of which must hold: `column=value`, or `column__operator=value`.

    >>> from xano_metadata import where
    >>> where(price__gt=70, status__in=["new", "paid"])
    [{'price|>': 70}, {'status|in': ['new', 'paid']}]

    Args:
        *searches: More conditions, made by `where` and `field` or as the API has them, such as `{"price|>": 70}`.
        **conditions: Values by column and operator. Documented by Xano are `eq` (the same as none; None finds nulls),
            `gt`, `lt`, `in` and `not_in`; `gte`, `lte` and `ne` are in use as well, but the server may refuse them.

    Returns:
        A search for everything that has `search=`.

    Raises:
        ConfigError: There is no such operator, a value does not go with it, or a search with OR cannot be joined to
            others.
    """
    found = Search()
    for search in searches:
        found &= as_search(search)
    for name, value in conditions.items():
        column, operator = name, "eq"
        if "__" in name.strip("_"):
            column, _, operator = name.rpartition("__")
        if not column or operator not in _OPERATORS:
            raise _config(
                f"where: {name} ends in no operator; there are {', '.join(_OPERATORS)}. A column whose own name is "
                f"{name!r} is compared with field({name!r})."
            )
        found &= _one(column, operator, value)
    return found


def as_search(given: object) -> Search:
    """A search of any form as a list of one-key dicts."""
    if isinstance(given, Search):
        return given
    from collections.abc import Mapping, Sequence  # noqa: PLC0415 - most searches are ours

    groups = [given] if isinstance(given, Mapping) else given
    if not isinstance(groups, Sequence) or not all(isinstance(group, Mapping) for group in groups):
        raise _config(f"A search is a dict of conditions, or a list of such, not {type(given).__name__}.")
    return Search({name: value} for group in groups for name, value in group.items())


def _one(column: str, operator: str, value: Any) -> Search:
    sign = _OPERATORS[operator]
    if operator in ("in", "not_in"):
        if isinstance(value, (str, bytes, dict)) or not hasattr(value, "__iter__"):
            raise _config(f"{column} {sign} takes a list of values, not {value!r}.")
        value = list(value)
    elif value is None and operator not in ("eq", "ne"):
        raise _config(f"{column} {sign} None finds nothing; give a number, a text or a time.")
    return Search([{f"{column}|{sign}" if sign else column: value}])


def _is_or(condition: Mapping[str, Any]) -> bool:
    (key,) = condition
    parts = key.split("|")
    return len(parts) > 1 and parts[-1].strip().lower() == "or"


def _as_or(condition: Mapping[str, Any]) -> dict[str, Any]:
    if _is_or(condition):
        return dict(condition)
    ((key, value),) = condition.items()
    column, _, sign = key.partition("|")
    return {f"{column}|{sign.removesuffix('|')}|or": value}


def _config(message: str) -> Exception:
    from xano_metadata.errors import ConfigError  # noqa: PLC0415

    return ConfigError(message)
