"""Models: light objects over what came."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
from typing import Any

import pytest

from xano_metadata import Model, parse_time, types
from xano_metadata.types import InstallToken, InstanceInfo, Snippet

RAW: dict[str, Any] = {"token": "t", "max_installs": 5, "created_at": 1681336838000, "new": {"deep": [1, {"x": 2}]}}


def test_reading() -> None:
    key = InstallToken(RAW)
    assert (key.token, key.max_installs) == ("t", 5)
    assert key["new"] == RAW["new"]
    assert (key.get("token"), key.get("nothing"), key.get("nothing", 7)) == ("t", None, 7)
    assert ("new" in key, "nothing" in key) == (True, False)
    assert (list(key), len(key), bool(InstallToken({}))) == (list(RAW), 4, True)


def test_what_was_not_sent_reads_as_none() -> None:
    assert InstanceInfo({}).plan is None
    assert InstallToken({}).current_installs is None


def test_unknown_fields_are_kept_but_unknown_names_are_errors() -> None:
    key = InstallToken(RAW)
    assert key.new == RAW["new"]  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="there are token, max_installs"):
        key.max_instals  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(KeyError):
        key["nothing"]


def test_to_dict_is_a_copy_of_everything() -> None:
    key = InstallToken(RAW)
    taken = key.to_dict()
    assert taken == RAW
    taken["new"]["deep"].append(3)
    assert key["new"] == RAW["new"]


def test_an_answer_does_not_change() -> None:
    with pytest.raises(AttributeError, match="to_dict"):
        InstallToken(RAW).token = "x"
    with pytest.raises(AttributeError):
        del InstallToken(RAW).token


def test_equality() -> None:
    assert InstallToken(RAW) == InstallToken(dict(RAW))
    assert InstallToken(RAW) != InstallToken({})
    assert InstallToken(RAW) != Snippet(RAW)
    with pytest.raises(TypeError):
        hash(InstallToken(RAW))


def test_pickle_and_copy() -> None:
    key = InstallToken(RAW)
    for again in (pickle.loads(pickle.dumps(key)), copy.copy(key), copy.deepcopy(key)):
        assert again == key
        assert type(again) is InstallToken
    assert copy.deepcopy(key)["new"] is not key["new"]


def test_repr_is_readable_and_bounded() -> None:
    assert repr(InstallToken({"token": "t", "max_installs": 5})) == "InstallToken(token='t', max_installs=5)"
    huge = InstallToken({"token": "x" * 10**6, **{f"f{n}": list(range(1000)) for n in range(1000)}})
    assert len(repr(huge)) < 1000
    assert "more" in repr(huge)


def test_a_notebook_sees_a_table() -> None:
    html = InstallToken({"token": "<script>"})._repr_html_()
    assert html.startswith("<table>")
    assert "<script>" not in html


def test_dir_helps_completion() -> None:
    assert {"token", "new", "to_dict"} <= set(dir(InstallToken(RAW)))


def test_nested_models_are_made_on_access() -> None:
    table = types.Table({"id": 7, "name": "orders", "xanoscript": {"status": "ok", "value": "table orders {}"}})
    assert table.xanoscript == "table orders {}"
    assert table["xanoscript"] == {"status": "ok", "value": "table orders {}"}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("function a {}", "function a {}"),
        ({"status": "ok", "value": "function a {}"}, "function a {}"),
        ({"status": "error", "message": "cannot be shown"}, None),
        (None, None),
    ],
)
def test_a_script_is_text_whatever_its_shape(raw: Any, text: str | None) -> None:
    assert types.Function({"xanoscript": raw}).xanoscript == text


def test_every_type_is_found_by_its_name() -> None:
    assert len(types.__all__) > 50
    for name in types.__all__:
        found = getattr(types, name)
        assert found.__name__ == name
    models = [getattr(types, name) for name in types.__all__ if isinstance(getattr(types, name), type)]
    for model in models:
        if issubclass(model, Model):
            for field in model._nested:
                assert field in model._fields, (model, field)
                assert getattr(model({field: {}}), field) is not AttributeError
    with pytest.raises(AttributeError):
        types.NoSuchType  # noqa: B018


WHEN = dt.datetime(2023, 4, 12, 22, 0, 38, tzinfo=dt.timezone.utc)


@pytest.mark.parametrize(
    "raw",
    [
        1681336838000, 1681336838, 1681336838.0, "1681336838000", "2023-04-12 22:00:38+0000", "2023-04-12T22:00:38Z",
        "2023-04-12T22:00:38+00:00", "2023-04-12 22:00:38", "2023-04-12T22:00:38.000Z", "2023-04-13T00:00:38+02", WHEN,
        "2023-04-12T22:00:38.000000000Z",
    ],
)  # fmt: skip
def test_times_in_every_shape(raw: Any) -> None:
    assert parse_time(raw) == WHEN


def test_odd_times() -> None:
    assert parse_time(None) is None
    assert parse_time("") is None
    assert parse_time("2023-04-12") == dt.datetime(2023, 4, 12, tzinfo=dt.timezone.utc)
    assert parse_time("2023-04-12T22:00:38.5Z") == WHEN + dt.timedelta(seconds=0.5)
    assert parse_time(-1000) == dt.datetime(1969, 12, 31, 23, 43, 20, tzinfo=dt.timezone.utc)
    for wrong in ("yesterday", "2023-13-45", 10**20, "12:00"):
        with pytest.raises(ValueError, match=r"."):
            parse_time(wrong)
