"""What a client and a single call may be told, stated once and used by all four roots.

The fields of `ClientFields` and `CallFields` are given as keywords (`Xano(max_retries=5)`), as an object that several
clients share (`Xano(options=ClientOptions(max_retries=5))`), or, for a call, as a plain dict
(`xano.me(options={"timeout": 5})`).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from typing import Any, ClassVar, Literal, TypedDict

    from typing_extensions import Unpack
else:

    class TypedDict(dict):
        """The fields are for readers and type checkers; importing `typing` would cost 8 ms."""

        def __init_subclass__(cls, total=True):
            pass


__all__ = [
    "OMIT",
    "CallFields",
    "CallOptions",
    "ClientFields",
    "ClientOptions",
    "Omit",
    "RateLimit",
    "SharedFields",
    "Stats",
]


class Omit:
    """The type of `OMIT`, the default of optional parameters: not sent at all, so the server's own default counts.

    `None` is something else: it is sent as null, and refused where the API takes no null.
    """

    __slots__ = ()
    _only: ClassVar[Omit | None] = None

    def __new__(cls) -> Omit:
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "OMIT"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "OMIT"


OMIT = Omit()
"""The default of optional parameters: not sent."""


class RateLimit:
    """How many requests a server takes in any stretch of some seconds (a sliding window).

    >>> RateLimit(10, per=20)
    RateLimit(10, per=20.0)
    >>> RateLimit.per_minute(60)
    RateLimit(60, per=60.0)
    """

    __slots__ = ("per", "requests")

    requests: int
    """Requests in any window."""
    per: float
    """Length of the window in seconds."""

    def __init__(self, requests: int, *, per: float) -> None:
        """A limit of `requests` (at least 1) in any `per` seconds."""
        if not isinstance(requests, int) or isinstance(requests, bool) or requests < 1:
            raise _config(f"RateLimit takes a whole number of requests from 1, not {requests!r}.")
        if isinstance(per, bool) or not isinstance(per, (int, float)) or not 0 < per < float("inf"):
            raise _config(f"RateLimit takes per in seconds, above 0, not {per!r}.")
        self.requests = requests
        self.per = float(per)

    @classmethod
    def per_minute(cls, requests: int) -> RateLimit:
        """`requests` in any 60 seconds."""
        return cls(requests, per=60)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RateLimit) and (self.requests, self.per) == (other.requests, other.per)

    def __hash__(self) -> int:
        return hash((self.requests, self.per))

    def __repr__(self) -> str:
        return f"RateLimit({self.requests}, per={self.per})"


class SharedFields(TypedDict, total=False):
    """How a client finds its credentials, talks, waits and retries. Times are seconds."""

    account_url: str | None
    """Base of the account API, with or without `/api:meta`. Default: `XANO_ACCOUNT_URL`, then the profile's
    `account_origin`, then `https://app.xano.com`."""
    instance_url: str | None
    """Base of one instance, used by `Instance()` and `AsyncInstance()` without a URL. Default: `XANO_INSTANCE_URL`,
    then the profile's `instance_origin`."""
    profile: str | None
    """Name of the profile in the credentials file. Default: `XANO_PROFILE`, then the file's own `default`."""
    credentials_file: str | PathLike[str] | None
    """The credentials file. Default: `XANO_CONFIG`, then `~/.xano/credentials.yaml`."""
    ambient_credentials: bool
    """Whether environment and credentials file may be consulted at all. Default: True."""
    connect_timeout: float
    """Longest wait for DNS, TCP and TLS together. Default: 5."""
    read_timeout: float
    """Longest silence while waiting for an answer or between its parts. Default: 30."""
    timeout: float | None
    """Longest time for one attempt, to the last byte; None = no limit. Default: 60. Long operations (export, import,
    push, deploy, upload) have no such limit."""
    long_read_timeout: float
    """The silence allowed to long operations. Default: 900."""
    deadline: float | None
    """Longest time for a call with all its waits and retries. Default: None, no limit."""
    max_retries: int
    """Retries after the first attempt. Default: 3."""
    backoff: float
    """First pause before a retry; doubles each time, each times a random factor of 0.5 to 1. Default: 0.5."""
    max_backoff: float
    """Longest pause between attempts that the client chooses itself. Default: 8."""
    max_retry_after: float
    """Longest `Retry-After` that is obeyed; above it the call fails at once. Default: 120."""
    rate_limit: RateLimit | Literal["auto", "off"]
    """The rate limit for every origin. Default: `"auto"`: none until the account API says that an instance is limited
    (then 10 in 20 s) or a 429 teaches one."""
    max_answer_bytes: int
    """Most bytes of one answer that are held, once it is unpacked; a larger one is a `DecodeError`. Default: 512 MiB.
    Files are not held, and have no limit."""
    concurrency: int
    """Most requests in flight to one origin. Default: 16."""
    prefetch: int
    """Pages fetched ahead of the reader of a list. Default: 1; 0 fetches only what is asked for."""
    proxy: str | None
    """A proxy for every request, such as `http://user:secret@proxy:3128`. Default: `HTTPS_PROXY`, `HTTP_PROXY` and
    `ALL_PROXY`, which are not used for loopback."""
    no_proxy: str | None
    """Hosts that bypass `proxy`, separated by commas. Default: `NO_PROXY`."""
    ca_file: str | PathLike[str] | None
    """A PEM file with certificate authorities to trust besides the platform's. Default: None."""
    allow_http: bool
    """Whether plain `http` may be used off loopback, where anyone on the way can read the token. Default: False."""
    read_only: bool
    """Refuse every operation that writes, before anything is sent. Default: False."""
    headers: Mapping[str, str]
    """Headers sent with every request. Default: none. `Authorization` is refused."""
    user_agent_extra: str
    """Text behind our own `User-Agent`, such as `my-tool/1.2`. Default: none."""


class ClientFields(SharedFields, total=False):
    """Everything a client may be told: `SharedFields` and the token."""

    token: str | None
    """The access token. Default: `XANO_TOKEN`, then the credentials file of the official command line tool."""


class CallFields(TypedDict, total=False):
    """What one call does differently from its client. Times are seconds; what is left out is as the client says."""

    timeout: float | None
    """Longest time for one attempt."""
    connect_timeout: float | None
    """Longest wait for DNS, TCP and TLS together, if this call opens a connection."""
    read_timeout: float | None
    """Longest silence while waiting for an answer or between its parts."""
    deadline: float | None
    """Longest time for the call with its waits and retries."""
    max_retries: int | None
    """Retries after the first attempt."""
    idempotent: bool | None
    """Whether the call may be repeated although the server may have done it already: True lets a POST be retried like
    a GET, False keeps a GET from it. Default: what the operation says."""
    headers: Mapping[str, str]
    """Headers for this call, over those of the client."""
    prefetch: int | None
    """Pages fetched ahead, for a list."""


class Stats(TypedDict):
    """What a client has done so far."""

    requests: int
    """Requests sent, each attempt counted."""
    retries: int
    """Attempts that followed a failed one."""
    limiter_waits: int
    """Requests that had to wait for the rate limit or a free place."""
    limiter_wait_seconds: float
    """The time they waited, summed."""
    bytes_in: int
    """Bytes of answer bodies, decompressed."""
    bytes_out: int
    """Bytes of request bodies."""
    connections: int
    """Connections opened."""


class _Options:
    """Named values that were checked to exist; what is not given is not there."""

    __slots__ = ("_given",)
    _known: ClassVar[frozenset[str]] = frozenset()
    _secret: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, fields: Mapping[str, Any]) -> None:
        for name in fields:
            if name not in self._known:
                raise _unknown(type(self).__name__, name, self._known)
        self._given: dict[str, Any] = dict(fields)

    def __getattr__(self, name: str) -> Any:
        if name in type(self)._known:
            return self._given.get(name, OMIT)
        raise AttributeError(f"{type(self).__name__} has no option {name!r}")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._given == other._given

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = (f"{name}={'…' if name in self._secret else repr(value)}" for name, value in self._given.items())
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._given)

    def _with(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """These values and `fields` over them."""
        return {**self._given, **type(self)(**fields)._given} if fields else self._given


class ClientOptions(_Options):
    """Options of a client, for several clients to share. The fields are those of `SharedFields`, and `token`.

    >>> ClientOptions(token="secret", max_retries=5)
    ClientOptions(token=…, max_retries=5)
    """

    __slots__ = ()
    _known = frozenset({*SharedFields.__annotations__, *ClientFields.__annotations__})
    _secret = frozenset({"token", "headers", "proxy"})

    def __init__(self, **fields: Unpack[ClientFields]) -> None:
        super().__init__(fields)


class CallOptions(_Options):
    """Options of one call. The fields are those of `CallFields`.

    >>> CallOptions(timeout=5, max_retries=0)
    CallOptions(timeout=5, max_retries=0)
    """

    __slots__ = ()
    _known = frozenset(CallFields.__annotations__)
    _secret = frozenset({"headers"})

    def __init__(self, **fields: Unpack[CallFields]) -> None:
        super().__init__(fields)


def call_options(options: CallOptions | CallFields | None) -> dict[str, Any] | None:
    """The given fields as a plain dict, checked by the native module."""
    if options is None:
        return None
    if isinstance(options, CallOptions):
        return options._given
    return CallOptions(**options)._given


def client_options(options: ClientOptions | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a client for the native module, from an object and keywords over it."""
    base = options if options is not None else ClientOptions()
    if not isinstance(base, ClientOptions):
        raise _config(f"options takes ClientOptions(…), not {type(base).__name__}.")
    return base._with(fields)


def _rebuild(cls: type[_Options], fields: dict[str, Any]) -> _Options:
    return cls(**fields)


def _config(message: str) -> Exception:
    from xano_metadata.errors import ConfigError  # noqa: PLC0415

    return ConfigError(message)


def _unknown(owner: str, name: str, known: frozenset[str]) -> Exception:
    from difflib import get_close_matches  # noqa: PLC0415 - only for the message

    near = get_close_matches(name, sorted(known), 1)
    hint = f" Did you mean {near[0]}?" if near else f" There are: {', '.join(sorted(known))}."
    return _config(f"{owner} has no option {name!r}.{hint}")
