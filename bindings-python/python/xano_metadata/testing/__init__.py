"""A Xano that runs on loopback, for trying things out and for tests: real HTTP, a real database, real rules.

>>> from xano_metadata.testing import Emulator
>>> with Emulator() as emulator:
...     (snippet,) = emulator.add_snippets(name="Login", tokens=[{"max_installs": 5}])
...     with emulator.client() as xano:
...         key = xano.snippet(snippet["canonical"]).tokens.list()[0]
...         _ = emulator.install(snippet["canonical"], token=key.token)
...         print(xano.snippet(snippet["canonical"]).tokens.list()[0].current_installs)
1

With pytest, the fixtures `xano_emulator` and `xano` are there as soon as this package is installed. What is emulated,
and what the control calls do, is in the project's docs/emulator.md.
"""

from __future__ import annotations

from xano_metadata.errors import XanoError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike
    from typing import Any, Literal

    from typing_extensions import Self, Unpack

    from xano_metadata import AsyncInstance, AsyncXano, Instance, RateLimit, Xano
    from xano_metadata._options import SharedFields

__all__ = ["Emulator", "EmulatorError"]


class EmulatorError(XanoError):
    """The emulator's control path refused; `status` and `message` say why."""

    default_code = "emulator_error"


class Emulator:
    """A running emulator, on a thread of this process. It stops at the end of a `with` block, or by `stop()`."""

    def __init__(
        self,
        *,
        seed_demo: bool = False,
        port: int = 0,
        host: str = "127.0.0.1",
        file: str | PathLike[str] | None = None,
        rate_limit: RateLimit | None = None,
        token: str | None = None,
        extras: Literal["object", "text"] = "object",
        journal_size: int = 10_000,
    ) -> None:
        """Starts an emulator and returns when it listens.

        Args:
            seed_demo: Add demonstration data: several instances, sixty snippets, install tokens. Default: one user, one
                token, one instance.
            port: Port of the account API. Default 0: any free one. Instances always have ports of their own.
            host: A loopback address; others are refused, because the control path asks for no token.
            file: SQLite file that keeps the state over restarts. Default: everything lives in memory.
            rate_limit: Limit of every origin. Default: none.
            token: The first access token. Default: a new one that never expires.
            extras: Form of `extras` in `me()`: an object, as seen in practice, or JSON text, as documented.
            journal_size: How many requests the journal keeps.

        Raises:
            ConfigError: An option makes no sense, the port is taken, or the file is not an emulator's.
        """
        from xano_metadata import _native  # noqa: PLC0415 - the pytest plugin is imported by every run of pytest

        limit = None if rate_limit is None else (rate_limit.requests, rate_limit.per)
        self._native = _native.Emulator(
            {
                "seed_demo": seed_demo,
                "port": port,
                "host": host,
                "file": file,
                "rate_limit": limit,
                "token": token,
                "extras": extras,
                "journal_size": journal_size,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops it: connections end, ports are free. Twice does no harm."""
        self._native.stop()

    @property
    def token(self) -> str:
        """The first access token, good for everything."""
        return self._native.token

    @property
    def account_url(self) -> str:
        """Base of the account API, such as `http://127.0.0.1:41233/api:meta`."""
        return self._native.account_url

    @property
    def instance_url(self) -> str:
        """Base of the first instance's API."""
        return self._native.instance_url

    @property
    def control_url(self) -> str:
        """Base of the control path, for other programs: `http://127.0.0.1:41233/_emulator`."""
        return self._native.control_url

    def __repr__(self) -> str:
        return f"<Emulator at {self.account_url}>"

    # Clients

    def client(self, token: str | None = None, **fields: Unpack[SharedFields]) -> Xano:
        """A `Xano` of this emulator, with the first token unless another is given.

        Args:
            token: An access token of this emulator.
            **fields: Options of the client; see `SharedFields`. Environment and credentials file are left alone.
        """
        from xano_metadata import Xano  # noqa: PLC0415 - cheap to import, for the pytest plugin

        return Xano(token or self.token, **self._fields(fields))

    def async_client(self, token: str | None = None, **fields: Unpack[SharedFields]) -> AsyncXano:
        """The same as `client`, for asyncio."""
        from xano_metadata import AsyncXano  # noqa: PLC0415

        return AsyncXano(token or self.token, **self._fields(fields))

    def instance(self, url: str | None = None, *, token: str | None = None, **fields: Unpack[SharedFields]) -> Instance:
        """An `Instance` of this emulator: its first, unless the address of another is given."""
        from xano_metadata import Instance  # noqa: PLC0415

        return Instance(url or self.instance_url, token=token or self.token, **self._fields(fields))

    def async_instance(
        self, url: str | None = None, *, token: str | None = None, **fields: Unpack[SharedFields]
    ) -> AsyncInstance:
        """The same as `instance`, for asyncio."""
        from xano_metadata import AsyncInstance  # noqa: PLC0415

        return AsyncInstance(url or self.instance_url, token=token or self.token, **self._fields(fields))

    def _fields(self, fields: SharedFields) -> SharedFields:
        return {
            "account_url": self.account_url,
            "instance_url": self.instance_url,
            "ambient_credentials": False,
            **fields,
        }

    # Control

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Makes a call of the control path, without a request over the network.

        Args:
            method: `GET`, `POST` or `DELETE`.
            path: Such as `/tokens`, with or without the leading `/_emulator`.
            body: What to send, as JSON.

        Returns:
            The decoded answer.

        Raises:
            EmulatorError: The emulator refuses, or was stopped.
        """
        from xano_metadata import _native  # noqa: PLC0415 - as above

        text = None if body is None else _native.dumps(body, "body")
        status, answer = self._native.control(method, path, text)
        found = _native.loads(answer)
        if status >= 300:
            message = str(found["message"])
            raise EmulatorError(f"{method} {path}: {status} {message}", message=message, status=status)
        return found

    def install(self, canonical: str, token: str | None = None) -> dict[str, Any]:
        """Installs a snippet, as someone would in Xano: counts it.

        Args:
            canonical: Last part of the snippet's public address.
            token: An install token, for snippets that ask for one.

        Raises:
            EmulatorError: 403 when an install token is needed, unknown or used up; 404 for an unknown snippet.
        """
        installed: dict[str, Any] = self.control("POST", "/install", _given(canonical=canonical, token=token))
        return installed

    def add_snippets(self, *snippets: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
        """Makes snippets: one for each dict of fields, or one (or `count`) from keywords; `tokens` adds its keys."""
        body = {"snippets": list(snippets)} if snippets else fields
        made = self.control("POST", "/snippets", body)
        found: list[dict[str, Any]] = made["snippets"]
        return found

    def add_instance(self, **fields: Any) -> dict[str, Any]:
        """Makes an instance, which listens at once: `name`, `display`, `rate_limit`, `extra` (unknown fields)."""
        made: dict[str, Any] = self.control("POST", "/instances", fields)
        return made

    def add_token(self, *, scopes: Any = "all", expires_in: float | None = None, **fields: Any) -> dict[str, Any]:
        """Makes an access token.

        Args:
            scopes: `"all"`, `"none"`, a list such as `["Database: Read"]`, or a dict such as `{"Database": "CR"}`.
            expires_in: Its life in seconds. Default: None, for ever.
            **fields: `name`, `user`, `expired`, `token`.

        Returns:
            Its `id` and its `token`, which is shown only here.
        """
        body = {"scopes": scopes, "expires_in": expires_in, **fields}
        made: dict[str, Any] = self.control("POST", "/tokens", body)
        return made

    def revoke_token(self, token: str) -> None:
        """Revokes an access token, at once."""
        self.control("POST", "/tokens/revoke", {"token": token})

    def limit(self, requests: int | None, *, per: float = 20, origin: str = "*", **fields: Any) -> None:
        """Sets a rate limit and empties its window.

        Args:
            requests: Requests in any window; None lifts the limit.
            per: Length of the window in seconds.
            origin: `account`, the name of an instance, or `*` for all.
            **fields: `retry_after` (`none`, `seconds` or `date`) and `advertise`.
        """
        self.control("POST", "/limits", {"origin": origin, "requests": requests, "per": per, **fields})

    def faults(self, *rules: dict[str, Any]) -> None:
        """Adds fault rules, tried in order: `{"kind": "status", "status": 503, "times": 1}`; see docs/emulator.md."""
        self.control("POST", "/faults", {"rules": list(rules)})

    def clear_faults(self) -> None:
        """Removes all fault rules."""
        self.control("DELETE", "/faults")

    def journal(self, **query: Any) -> dict[str, Any]:
        """The journal: `total`, `rate_limited` (429s), `requests`. Filters: `origin`, `method`, `path`, `since`."""
        path = "/requests"
        if query:
            from urllib.parse import urlencode  # noqa: PLC0415

            path = f"{path}?{urlencode(query)}"
        found: dict[str, Any] = self.control("GET", path)
        return found

    def requests(self, **query: Any) -> Sequence[dict[str, Any]]:
        """The requests that arrived, oldest first; the token is left out of them."""
        found: list[dict[str, Any]] = self.journal(**query)["requests"]
        return found

    def clear_requests(self) -> None:
        """Empties the journal."""
        self.control("DELETE", "/requests")

    def advance_clock(self, seconds: float) -> None:
        """Moves the emulator's clock: expiry of tokens and rate windows follow."""
        self.control("POST", "/clock", {"advance": seconds})

    def seed(self) -> None:
        """Adds the demonstration data."""
        self.control("POST", "/seed")

    def reset(self) -> None:
        """Starts over with the same addresses and the same token."""
        self.control("POST", "/reset")


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
