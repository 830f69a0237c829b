"""What can go wrong. Everything raised by this package on purpose is a `XanoError`.

```
XanoError
├── ConfigError            an argument, option or credential cannot be used; nothing was sent
├── ConnectionError        no answer could be had                 (also builtins.ConnectionError)
│   └── TimeoutError       something took longer than allowed     (also builtins.TimeoutError)
├── Cancelled              the call was given up, or the client was closed
├── DecodeError            an answer came, but does not read as what it should be
├── RecordError            a row cannot be stored or read, or it cannot be told what became of it
├── RefusedError           something asked for a yes, a name or a clean state, and did not get it; nothing was changed
└── ApiError               the server answered with an error; any other status
    ├── BadRequestError      400
    ├── AuthenticationError  401
    ├── PermissionError      403                                  (also builtins.PermissionError)
    ├── NotFoundError        404
    ├── ConflictError        409
    ├── RateLimitError       429
    └── ServerError          500 and above
```

Branch on the class or on `code`, which is the same string in Rust, Python and Node:

>>> from xano_metadata import Xano, errors
>>> try:
...     Xano("a token", account_url="http://app.example.com")
... except errors.ConfigError as error:
...     print(error.code)
config_error

Errors can be pickled, so they cross process pools.
"""

import builtins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from xano_metadata._report import LoadReport

__all__ = [
    "ApiError",
    "AuthenticationError",
    "BadRequestError",
    "Cancelled",
    "ConfigError",
    "ConflictError",
    "ConnectionError",
    "DecodeError",
    "NotFoundError",
    "PermissionError",
    "RateLimitError",
    "RecordError",
    "RefusedError",
    "ServerError",
    "TimeoutError",
    "XanoError",
]


class XanoError(Exception):
    """The base of all errors. A plain `XanoError` with code `internal_error` is a defect of this package.

    `str(error)` says what happened, where, and what to do. The access token is never in it.
    """

    default_code = "internal_error"
    """The code when the server gave none."""

    code: str
    """The server's own code, such as `ERROR_CODE_NOT_FOUND`, otherwise ours, such as `timeout`."""
    message: str
    """What happened: the server's own message when it sent one."""
    hint: "str | None"
    """What to do about it, when there is something to say."""
    operation: "str | None"
    """The operation that failed, such as `account.snippets.list`."""
    attempts: int
    """How often the request was sent, or tried to be. 0 = it was refused before."""
    outcome_unknown: bool
    """Whether the server may have done what it was asked although the call failed."""
    status: "int | None"
    """The HTTP status, when a server answered."""
    payload: "Any"
    """The server's `payload`, whatever its shape."""
    param: "str | None"
    """The input that the server did not accept."""
    line: "int | None"
    """The line of a syntax error in XanoScript, counted from 1."""
    col: "int | None"
    """The column of a syntax error in XanoScript."""
    scope: "str | None"
    """The token scope that the operation asks for."""
    request_id: "str | None"
    """The server's name for the failed request."""
    retry_after: "float | None"
    """How many seconds the server asked to wait."""
    body: "str | None"
    """The start of the answer's body as text."""
    method: "str | None"
    """The HTTP method."""
    path: "str | None"
    """The path, with placeholders instead of values."""
    host: "str | None"
    """The host."""
    row: "int | None"
    """The row at fault, by its place in the source, counted from 1."""
    column: "str | None"
    """The column at fault."""
    report: "LoadReport | None"
    """What had become of the rows, when loading, exporting or copying them failed."""

    def __init__(self, text: str = "", **fields: "Any") -> None:
        super().__init__(text)
        self._text = text
        self._fields = fields
        get = fields.get
        self.code = get("code") or self.default_code
        self.message = get("message") or text
        self.attempts = get("attempts") or 0
        self.outcome_unknown = bool(get("outcome_unknown"))
        self.hint = get("hint")
        self.operation = get("operation")
        self.status = get("status")
        self.payload = get("payload")
        self.param = get("param")
        self.line = get("line")
        self.col = get("col")
        self.scope = get("scope")
        self.request_id = get("request_id")
        self.retry_after = get("retry_after")
        self.body = get("body")
        self.method = get("method")
        self.path = get("path")
        self.host = get("host")
        self.row = get("row")
        self.column = get("column")
        self.report = get("report")

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._text!r}, code={self.code!r})"

    def __reduce__(self) -> "tuple[Any, ...]":
        return _rebuild, (type(self), self._text, self._fields)


class ConfigError(XanoError):
    """An argument, an option or a credential cannot be used. Nothing was sent."""

    default_code = "config_error"


class ConnectionError(XanoError, builtins.ConnectionError):  # noqa: A001
    """No answer could be had: the name, the network, TLS, or a connection that broke."""

    default_code = "connection_error"


class TimeoutError(ConnectionError, builtins.TimeoutError):  # noqa: A001
    """Something took longer than the options allow."""

    default_code = "timeout"


class Cancelled(XanoError):  # noqa: N818 - the same name in three languages
    """The call was given up before it ended, or its client was closed."""

    default_code = "cancelled"


class DecodeError(XanoError):
    """An answer came, but does not read as what it should be. `body` holds its start."""

    default_code = "decode_error"


class RecordError(XanoError):
    """A row cannot be stored or read, or it cannot be told what became of it (`outcome_unknown`).

    `row` and `column` say where, `report` how far the work had come.
    """

    default_code = "record_error"


class RefusedError(XanoError):
    """It asked for a yes, a name or a clean state and did not get it; what it would have changed is as it was."""

    default_code = "refused"


class ApiError(XanoError):
    """The server answered with an error. `status`, `code`, `message` and `payload` say which."""

    default_code = "http_error"


class BadRequestError(ApiError):
    """400: the server does not accept the input. `param` names the field; `line` and `col` a place in XanoScript."""

    default_code = "bad_request"


class AuthenticationError(ApiError):
    """401: the token is missing, wrong, expired or revoked."""

    default_code = "unauthorized"


class PermissionError(ApiError, builtins.PermissionError):  # noqa: A001
    """403: the token lacks a scope (`scope` names it, where one is published), or its owner's role forbids it."""

    default_code = "forbidden"


class NotFoundError(ApiError):
    """404: there is no such thing."""

    default_code = "not_found"


class ConflictError(ApiError):
    """409: it clashes with what is there."""

    default_code = "conflict"


class RateLimitError(ApiError):
    """429: too many requests, and retrying did not help. `retry_after` is the wait the server asked for, in seconds."""

    default_code = "rate_limited"


class ServerError(ApiError):
    """500 and above: the server failed, or a gateway before it."""

    default_code = "server_error"


def _rebuild(cls: "type[XanoError]", text: str, fields: "dict[str, Any]") -> XanoError:
    return cls(text, **fields)


_KINDS = {name: globals()[name] for name in __all__}


def _make(fields: "dict[str, Any]") -> XanoError:
    """Makes the error for what the engine reports; the native module calls this."""
    kind = fields.pop("kind", "XanoError")
    text = fields.pop("text", None) or fields.get("message") or kind
    if isinstance(fields.get("report"), dict):
        from xano_metadata._report import report_of  # noqa: PLC0415 - only jobs have one

        fields["report"] = report_of(fields["report"])
    error: XanoError = _KINDS.get(kind, XanoError)(text, **fields)
    return error
