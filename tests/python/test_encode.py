"""Bodies and parameters: Python values become JSON exactly, or are refused by name before anything is sent."""

from __future__ import annotations

import collections
import datetime as dt
import enum
import json
import types
import uuid
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xano_metadata import OMIT, CallOptions, ConfigError, Xano, _native
from xano_metadata.testing import Emulator
from xano_metadata.types import InstallToken

from .conftest import reply


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    BIG = 9


class Word(str):
    pass


class OwnMapping(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        return 5

    def __iter__(self) -> Iterator[str]:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_goes_out_comes_back(value: Any) -> None:
    text = _native.dumps(value)
    assert json.loads(text) == value
    assert _native.loads(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, (2, 3)], "b": None, "c": True}, b'{"a":[1,[2,3]],"b":null,"c":true}'),
        (2**63, b"9223372036854775808"),
        (-(10**40), b"-" + b"1" + b"0" * 40),
        (0.1, b"0.1"),
        (1e22, b"1e+22"),
        ("\u20ac\n\"\\\u0001", b'"\xe2\x82\xac\\n\\"\\\\\\u0001"'),
        (Decimal("12345678901234567890.10"), b"12345678901234567890.10"),
        (dt.datetime(2023, 4, 12, 22, 0, 38, tzinfo=dt.timezone.utc), b'"2023-04-12T22:00:38+00:00"'),
        (dt.date(2023, 4, 12), b'"2023-04-12"'),
        (uuid.UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
        (Colour.RED, b'"red"'),
        (Size.BIG, b"9"),
        (Word("w"), b'"w"'),
        (OwnMapping(), b'{"a":5}'),
        (collections.OrderedDict(a=1), b'{"a":1}'),
        (types.MappingProxyType({"a": 1}), b'{"a":1}'),
        (collections.deque([1, 2]), b"[1,2]"),
        (range(3), b"[0,1,2]"),
        (InstallToken({"token": "t", "new": [1]}), b'{"token":"t","new":[1]}'),
        ({"a": OMIT, "b": 1}, b'{"b":1}'),
    ],
)  # fmt: skip
def test_what_values_become(value: Any, text: bytes) -> None:
    assert json.loads(_native.dumps(value)) == json.loads(text)
    if not isinstance(value, (float, str)):
        assert _native.dumps(value) == text


def cycle() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


class Broken(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        raise RuntimeError("no luck")

    def __iter__(self) -> Iterator[str]:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"items": [{"price": float("nan")}]}, ["items[0].price", "NaN"]),
        ({"a b": float("inf")}, ['["a b"]', "Infinity"]),
        ({"d": Decimal("NaN")}, ["d", "NaN"]),
        ({"k": {1: 2}}, ["k", "keys", "int"]),
        ({"b": b"x"}, ["b", "bytes"]),
        ({"s": {1, 2}}, ["s", "set"]),
        ({"o": object()}, ["o", "object"]),
        ([OMIT], ["OMIT"]),
        (cycle(), ["deep"]),
        ({"t": "\ud800"}, ["t", "surrogate"]),
        ({"m": Broken()}, ["m", "no luck"]),
    ],
)
def test_what_has_no_json_form_is_refused_by_name(emulator: Emulator, xano: Xano, value: Any, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        xano.request("POST", "/thing", json=value)
    for word in words:
        assert word in str(caught.value)
    assert emulator.requests() == []


def test_a_cause_is_kept() -> None:
    with pytest.raises(ConfigError) as caught:
        _native.dumps({"m": Broken()})
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_arguments_are_refused_by_name(emulator: Emulator, xano: Xano) -> None:
    snippet = xano.snippet("a")
    with pytest.raises(ConfigError, match="max_installs cannot be None"):
        snippet.tokens.create(max_installs=None)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="install_access_description is NaN"):
        snippet.update(install_access="link", install_access_description=float("nan"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="max_installs"):
        snippet.tokens.create()  # type: ignore[call-arg]
    assert emulator.requests() == []


def test_query_values(emulator: Emulator, xano: Xano) -> None:
    emulator.faults(reply(None))
    query = {
        "s": "ü&=",
        "i": 5,
        "f": 1.5,
        "b": False,
        "l": ["a", 2],
        "e": Colour.RED,
        "d": dt.date(2020, 1, 2),
        "n": OMIT,
    }
    xano.request("GET", "/x", query=query)
    assert emulator.requests()[-1]["query"] == "s=%C3%BC%26%3D&i=5&f=1.5&b=false&l=a&l=2&e=red&d=2020-01-02"


@pytest.mark.parametrize(
    "wrong", [{"timout": 5}, {"timeout": "5"}, {"timeout": -1}, {"max_retries": -1}, {"headers": 5}]
)
def test_wrong_options_are_refused_by_name(emulator: Emulator, xano: Xano, wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(ConfigError, match=name):
        xano.me(options=wrong)  # type: ignore[arg-type]
    assert emulator.requests() == []


def test_options_in_both_spellings(emulator: Emulator, xano: Xano) -> None:
    assert xano.me(options={"timeout": 5, "headers": {"x-a": "1"}})
    assert xano.me(options=CallOptions(timeout=5, headers={"x-a": "1"}))
    assert [r["headers"]["x-a"] for r in emulator.requests()] == ["1", "1"]


def test_answers_are_exact(emulator: Emulator, xano: Xano) -> None:
    numbers = "[12345678901234567890123, 0.1, 1e-7, -0.0, 9007199254740993]"
    emulator.faults(reply(text=numbers))
    assert xano.request("GET", "/x") == [12345678901234567890123, 0.1, 1e-7, -0.0, 9007199254740993]


def test_a_body_changed_by_someone_else_is_no_crash() -> None:
    class Sneaky(Mapping[str, int]):
        def __init__(self, outer: dict[str, Any]) -> None:
            self.outer = outer

        def __getitem__(self, key: str) -> int:
            return 1

        def __iter__(self) -> Iterator[str]:
            self.outer[f"more{len(self.outer)}"] = 1
            return iter(["a"])

        def __len__(self) -> int:
            return 1

    outer: dict[str, Any] = {}
    outer["a"] = Sneaky(outer)
    outer["b"] = Sneaky(outer)
    with pytest.raises(ConfigError, match="changed"):
        _native.dumps(outer)


class Interrupted(Mapping[str, int]):
    """As if Ctrl-C came while a value was read."""

    def __getitem__(self, key: str) -> int:
        raise KeyboardInterrupt

    def __iter__(self) -> Iterator[str]:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


def test_ctrl_c_is_no_trouble_with_a_value() -> None:
    with pytest.raises(KeyboardInterrupt):
        _native.dumps({"a": Interrupted()})
    with pytest.raises(KeyboardInterrupt):
        _native.take_rows(iter([{"a": Interrupted()}]), 10, 1000)
