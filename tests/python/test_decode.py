"""Answers: lists of objects are read in a quicker way when they are alike, and nobody can tell the difference."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xano_metadata import DecodeError, _native

VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.text('ab"\\/\n\u00e9\u4e16\U0001f600', max_size=20)
    | st.sampled_from(["open", "paid", "sent"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6, unique=True)


def texts(records: Any) -> list[str]:
    """The same records as servers write them: with and without escapes, with and without space."""
    dense = (",", ":")
    return [
        json.dumps(records, ensure_ascii=False, separators=dense),
        json.dumps(records, separators=dense),
        json.dumps(records, ensure_ascii=False),
        json.dumps(records, indent=2),
    ]


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types: 1 is not 1.0 or True here."""
    return repr(one) == repr(other)


@given(st.data())
def test_alike_objects_read_as_any_other(data: st.DataObject) -> None:
    keys = data.draw(KEYS)
    few = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(keys, VALUE)), min_size=1, max_size=5))
    records = few * (1 + 2048 // len(json.dumps(few)))
    for text in texts(records):
        assert same(_native.loads(text), records)


@given(st.lists(st.dictionaries(st.text(max_size=3), VALUE, max_size=4) | VALUE, min_size=1, max_size=8))
def test_objects_that_differ_read_as_any_other(few: list[Any]) -> None:
    records = [{"id": 1, "name": "x"}, *few] * (1 + 4096 // len(json.dumps(few)))
    for text in texts(records):
        assert same(_native.loads(text), records)


@pytest.mark.parametrize("length", range(40))
def test_a_text_may_have_its_special_characters_anywhere(length: int) -> None:
    rows = [
        {"t": "é" * at + special + "x" * (length - at)} for at in range(length) for special in ('"', "\\", "\n", "\x1f")
    ]
    rows += [{"t": "-" * length}] * 200
    for text in texts(rows):
        assert same(_native.loads(text), rows)


@pytest.mark.parametrize(
    "number",
    [
        "0", "7", "-7", "0.5", "-0.5", "-0.0", "1e3", "1E+3", "12.5e-3", "9007199254740993", "999999999999999999",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1" * 400,
        "0.1", "2.2250738585072014e-308", "5e-324", "1.7976931348623157e308", "123456789012345678.25",
    ],
)  # fmt: skip
def test_numbers_are_exact(number: str) -> None:
    text = "[" + ",".join(['{"n":' + number + "}"] * 500) + "]"
    assert same(_native.loads(text), json.loads(text))


@given(st.lists(st.decimals(-(10**17), 10**17, places=3, allow_nan=False), min_size=1, max_size=50))
def test_decimals_are_the_nearest_doubles(decimals: list[Decimal]) -> None:
    numbers = [f"{number:f}" for number in decimals]
    text = "[" + ",".join('{"n":' + number + "}" for number in numbers * 50) + "]"
    assert same(_native.loads(text), [{"n": float(number)} for number in numbers * 50])


def test_most_texts_that_come_again_are_one_object() -> None:
    rows = [
        {"day": f"2025-{n % 12 + 1:02}-{n % 28 + 1:02}", "id": f"{n:09}-{n:09}", "k": "é" * (n % 9)} for n in range(999)
    ]
    read = _native.loads(json.dumps(rows, ensure_ascii=False, separators=(",", ":")))
    assert read == rows
    assert len({id(row["day"]) for row in read}) < 500


@pytest.mark.parametrize(
    "wrong",
    [
        "01", "-", "1.", ".5", "1e", "+1", "NaN", "nul", "truee", '"', '"\\x"', '"\n"', '"\\ud800x', "", "1 2", "}",
        "[1", "{1}", '{"a":}', "1}{",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", [0, 3, 400])
def test_what_is_no_json_is_refused(wrong: str, place: int) -> None:
    rows = ['{"n":1}'] * 500
    rows[place] = '{"n":' + wrong + "}"
    with pytest.raises(DecodeError, match="no JSON"):
        _native.loads("[" + ",".join(rows) + "]")


@pytest.mark.parametrize("tail", ["", "]x", "],", ",]", "]]", "]{"])
def test_a_list_has_to_end(tail: str) -> None:
    with pytest.raises(DecodeError, match="no JSON"):
        _native.loads("[" + ",".join(['{"n":1}'] * 500) + tail)


def test_text_that_is_no_utf8_is_refused() -> None:
    with pytest.raises(DecodeError, match="no JSON"):
        _native.loads(b"[" + b",".join([b'{"n":"\xff"}'] * 500) + b"]")


def test_a_key_that_comes_twice_has_its_last_value() -> None:
    text = "[" + ",".join(['{"a":1,"b":2,"a":3}'] * 500) + "]"
    assert _native.loads(text) == [{"a": 3, "b": 2}] * 500


def test_objects_do_not_share_what_can_be_changed() -> None:
    rows = _native.loads("[" + ",".join(['{"a":[],"b":{},"c":null}'] * 500) + "]")
    rows[0]["a"].append(1)
    rows[0]["b"]["x"] = 1
    rows[0]["c"] = math.pi
    del rows[1]["a"]
    assert rows[2] == {"a": [], "b": {}, "c": None}
    assert list(rows[1]) == ["b", "c"]
