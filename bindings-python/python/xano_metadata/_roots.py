"""What the four roots have in common: making a native client, its counters, its end."""

from __future__ import annotations

from xano_metadata import _native
from xano_metadata._node import BYTES, JSON, NOTHING, TEXT, Node
from xano_metadata._options import OMIT, RateLimit, client_options
from xano_metadata.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from xano_metadata._node import Options, Parts
    from xano_metadata._options import ClientOptions, Omit, Stats
    from xano_metadata.types import InstanceInfo


def make_client(given: str | None, options: ClientOptions | None, fields: Mapping[str, Any]) -> _native.Client:
    """The native client for a root's arguments."""
    values = native_options(options, fields)
    if given is not None:
        values["token"] = given
    return _native.Client(values)


def native_options(options: ClientOptions | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a client as the native module takes them."""
    values = dict(client_options(options, fields))
    limit = values.get("rate_limit")
    if isinstance(limit, RateLimit):
        values["rate_limit"] = (limit.requests, limit.per)
    return values


def connect_instance(client: _native.Client, instance: str | InstanceInfo) -> _native.Connection:
    """The connection to an instance of an account: by name, or as a row of `instances.list()`."""
    if isinstance(instance, str):
        if not instance:
            raise ConfigError("instance takes the name of an instance, such as 'x1234-5678-9012', not an empty text.")
        return client.instance(instance)
    from xano_metadata._model import Model  # noqa: PLC0415 - only to tell what was given

    base = instance.get("meta_api") if isinstance(instance, Model) else None
    if not isinstance(base, str) or not base:
        raise ConfigError(
            f"instance takes a name or an InstanceInfo with its meta_api, not {type(instance).__name__}. "
            "xano.instances.list() gives such."
        )
    return client.instance_named_by_account(base, bool(instance.get("rate_limit")))


ANSWERS = {"json": JSON, "text": TEXT, "bytes": BYTES, "none": NOTHING}


def raw_parts(
    query: Mapping[str, Any] | None,
    json: Any,
    script: str | Omit,
    headers: Mapping[str, Any] | None,
    options: Options,
) -> Parts:
    """The parts of a call by method and path."""
    parts: Parts = {"path": (), "script": script, "options": options}
    if query is not None:
        parts["query"] = query
    if headers is not None:
        parts["headers"] = headers
    if json is not OMIT:
        if script is not OMIT:
            raise ConfigError("A request has one body: give json or xanoscript, not both.")
        parts["content"] = json
    return parts


def answer_kind(answer: str) -> int:
    """The native number of an answer's name."""
    if answer not in ANSWERS:
        raise ConfigError(f"answer takes one of {', '.join(ANSWERS)}, not {answer!r}.")
    return ANSWERS[answer]


class Root(Node):
    """The part of a root that is neither sync nor async."""

    __slots__ = ("_client", "_owns")

    _client: _native.Client
    _owns: bool

    def stats(self) -> Stats:
        """What this client has done so far: requests, retries, waits, bytes, connections.

        Instances reached through a `Xano` share its counters.
        """
        return self._client.stats()

    def _close(self) -> None:
        if self._owns:
            self._client.close()

    @property
    def base_url(self) -> str | None:
        """Base of every call; None for an instance that was given by name and not called yet."""
        return self._connection.base_url()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self._connection.base_url() or 'an address not asked for yet'}>"
