"""Where the token and the addresses come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from xano_metadata import ClientOptions, ConfigError, Instance, Xano
from xano_metadata.testing import Emulator

VARIABLES = (
    "XANO_TOKEN XANO_ACCOUNT_URL XANO_INSTANCE_URL XANO_CONFIG XANO_PROFILE HTTPS_PROXY HTTP_PROXY ALL_PROXY".split()
)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def profiles(path: Path, emulator: Emulator) -> Path:
    """A credentials file as the official command line tool writes it: origins without `/api:meta`."""
    account = emulator.account_url.removesuffix("/api:meta")
    instance = emulator.instance_url.removesuffix("/api:meta")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"""profiles:
  good:
    account_origin: {account}
    instance_origin: {instance}
    access_token: {emulator.token}
    workspace: 1
  bad:
    account_origin: {account}
    instance_origin: {instance}
    access_token: wrong
default: bad
"""
    )
    return path


def test_no_credentials_names_the_three_ways() -> None:
    with pytest.raises(ConfigError) as caught:
        Xano()
    for way in ("token", "XANO_TOKEN", ".xano/credentials.yaml"):
        assert way in str(caught.value)


def test_the_environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XANO_TOKEN", emulator.token)
    monkeypatch.setenv("XANO_ACCOUNT_URL", emulator.account_url)
    monkeypatch.setenv("XANO_INSTANCE_URL", emulator.instance_url)
    assert Xano().me().name
    assert Instance().me().name


def test_the_credentials_file(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles(tmp_path / ".xano" / "credentials.yaml", emulator)
    assert Xano(profile="good").me().name
    assert Instance(profile="good").me().name
    with pytest.raises(Exception, match="401"):
        Xano().me()
    monkeypatch.setenv("XANO_PROFILE", "good")
    assert Xano().me().name
    with pytest.raises(ConfigError, match="nobody"):
        Xano(profile="nobody")


def test_another_credentials_file(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = profiles(tmp_path / "elsewhere.yaml", emulator)
    assert Xano(credentials_file=elsewhere, profile="good").me().name
    monkeypatch.setenv("XANO_CONFIG", str(elsewhere))
    monkeypatch.setenv("XANO_PROFILE", "good")
    assert Xano().me().name


def test_an_argument_wins(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XANO_TOKEN", "wrong")
    monkeypatch.setenv("XANO_ACCOUNT_URL", "http://127.0.0.1:1")
    assert Xano(emulator.token, account_url=emulator.account_url).me().name
    shared = ClientOptions(token="also wrong", account_url=emulator.account_url)
    assert Xano(emulator.token, options=shared).me().name
    assert Xano(options=ClientOptions(token=emulator.token), account_url=emulator.account_url).me().name


def test_ambient_credentials_can_be_turned_off(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XANO_TOKEN", emulator.token)
    with pytest.raises(ConfigError):
        Xano(ambient_credentials=False)


@pytest.mark.parametrize("tail", ["", "/", "/api:meta", "/api:meta/"])
def test_base_urls_in_every_form(emulator: Emulator, tail: str) -> None:
    account = emulator.account_url.removesuffix("/api:meta") + tail
    assert Xano(emulator.token, account_url=account).me().name
    instance = emulator.instance_url.removesuffix("/api:meta") + tail
    assert Instance(instance, token=emulator.token).me().name


@pytest.mark.parametrize("url", ["no host", "ftp://x", "https://u:p@host", "https://host/?q=1", "https://"])
def test_broken_base_urls_are_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        Xano("t", account_url=url)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_retrys": 1},
        {"timeout": "5"},
        {"rate_limit": 10},
        {"concurrency": -1},
        {"read_only": "yes"},
        {"headers": {"a": 1}},
    ],
)
def test_wrong_options_are_refused_by_name(wrong: dict[str, object]) -> None:
    (name,) = wrong
    with pytest.raises(ConfigError, match=name):
        Xano("t", **wrong)  # type: ignore[arg-type]


def test_a_near_miss_is_named() -> None:
    with pytest.raises(ConfigError, match="Did you mean max_retries"):
        ClientOptions(max_retrys=1)  # type: ignore[call-arg]


def test_options_are_not_something_else() -> None:
    with pytest.raises(ConfigError, match="ClientOptions"):
        Xano("t", options={"timeout": 5})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="name of an instance"):
        Xano("t").instance("")
    with pytest.raises(ConfigError, match="InstanceInfo"):
        Xano("t").instance(5)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="XANO_INSTANCE_URL"):
        Instance(token="t")
