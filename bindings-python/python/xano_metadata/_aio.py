"""The roots for asyncio: `AsyncXano` for the account, `AsyncInstance` for one instance."""

from __future__ import annotations

from xano_metadata import _native
from xano_metadata._fleet_roots import AsyncInstanceNode, AsyncXanoNode
from xano_metadata._generated.aio.account import AsyncXanoOperations
from xano_metadata._generated.aio.instance import AsyncInstanceOperations
from xano_metadata._node import AsyncNode, _begin, _finish
from xano_metadata._options import OMIT
from xano_metadata._roots import Root, answer_kind, connect_instance, make_client, raw_parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from pathlib import Path
    from typing import Any, Literal

    from typing_extensions import Self, Unpack

    from xano_metadata._node import Options, Progress
    from xano_metadata._options import ClientOptions, Omit, SharedFields
    from xano_metadata.types import InstanceInfo


class _AsyncRoot(Root, AsyncNode):
    """What both awaiting roots offer."""

    __slots__ = ()

    async def close(self) -> None:
        """Ends the client: calls in flight fail with `Cancelled`, later ones with `ConfigError`.

        An instance made by `xano.instance(…)` belongs to its `AsyncXano`; closing it alone does nothing.
        """
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = OMIT,
        xanoscript: str | Omit = OMIT,
        headers: Mapping[str, Any] | None = None,
        answer: Literal["json", "text", "bytes", "none"] = "json",
        options: Options = None,
    ) -> Any:
        """Makes any call through the same engine: for what this version has no method for.

        Args:
            method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
            path: Path below the base, such as `/workspace/1/anything/new`; percent-encode values yourself.
            query: Query parameters; a list repeats its name.
            json: The body as JSON.
            xanoscript: A body of XanoScript, instead of `json`.
            headers: Headers of this call.
            answer: How to read the answer: decoded `json` (default), `text`, `bytes`, or `none` to ignore it.
            options: What this call does differently from its client. Only GET, PUT and DELETE are repeated on doubt.

        Returns:
            The answer, as `answer` says.

        Raises:
            XanoError: What any call raises; see `xano_metadata.errors`.
        """
        kind = answer_kind(answer)
        packed = self._request((method, path), raw_parts(query, json, xanoscript, headers, options))
        completions, future = _begin()
        return await _finish(future, self._connection.submit(completions, future, packed, kind))

    async def download(self, src: str, to: str | PathLike[str], *, on_progress: Progress | None = None) -> Path:
        """Fetches a file that an answer named by `{src}`. The token is not sent there.

        Args:
            src: The address, as the answer gave it.
            to: Where to write the file. It appears whole or not at all.
            on_progress: Called with the bytes so far and, where known, in all.

        Returns:
            The path written.

        Raises:
            ConfigError: The address is neither https nor on loopback, or the file cannot be written.
            XanoError: What any call raises; see `xano_metadata.errors`.
        """
        from pathlib import Path  # noqa: PLC0415 - only downloads need it

        target = Path(to)
        completions, future = _begin()
        ticket = self._connection.submit_fetch(completions, future, src, str(target))
        await _finish(future, ticket, on_progress)
        return target


class AsyncXano(_AsyncRoot, AsyncXanoNode, AsyncXanoOperations):
    """The account API: who you are, your instances, your snippets.

    >>> import asyncio
    >>> from xano_metadata.testing import Emulator
    >>> async def name():
    ...     with Emulator() as emulator:
    ...         async with AsyncXano(emulator.token, account_url=emulator.account_url) as xano:
    ...             return (await xano.me()).name
    >>> asyncio.run(name())
    'Robin Example'

    Event loops and threads may share a client; a forked process may go on using its parent's. It does not pickle.
    """

    __slots__ = ()

    def __init__(
        self, token: str | None = None, *, options: ClientOptions | None = None, **fields: Unpack[SharedFields]
    ) -> None:
        """Makes a client. Nothing is sent.

        Args:
            token: The access token. Default: `XANO_TOKEN`, then the credentials file of the official command line tool.
            options: Options that several clients share.
            **fields: Options of this client, over `options`; see `SharedFields` for each with its default and unit.

        Raises:
            ConfigError: No token is found (the message names the three ways to give one), or an option cannot be used.
        """
        self._client = make_client(token, options, fields)
        self._owns = True
        super().__init__(self._client.account())

    def instance(self, instance: str | InstanceInfo) -> AsyncInstance:
        """One instance, with the token and the connections of this client. Nothing is sent.

        Args:
            instance: Its name, such as `x1234-5678-9012` (the first call then asks the account API for its address,
                once), or a row of `instances.list()`.

        Returns:
            The root of its instance API.

        Raises:
            ConfigError: It is neither, or its address is not https.
        """
        return AsyncInstance._within(self._client, connect_instance(self._client, instance))


class AsyncInstance(_AsyncRoot, AsyncInstanceNode, AsyncInstanceOperations):
    """The instance API: everything inside one instance.

    `AsyncXano().instance(name)` finds the instance through the account; `AsyncInstance(url)` goes straight to it, which
    is also the way to a self-hosted one.
    """

    __slots__ = ()

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        options: ClientOptions | None = None,
        **fields: Unpack[SharedFields],
    ) -> None:
        """Makes a client of one instance. Nothing is sent.

        Args:
            url: Base of the instance, with or without `/api:meta`. Default: `XANO_INSTANCE_URL`, then the profile's
                `instance_origin`.
            token: The access token. Default: `XANO_TOKEN`, then the credentials file of the official command line tool.
            options: Options that several clients share.
            **fields: Options of this client, over `options`; see `SharedFields` for each with its default and unit.

        Raises:
            ConfigError: There is no token or no address, or an option cannot be used.
        """
        self._client = make_client(token, options, fields)
        self._owns = True
        super().__init__(self._client.instance_at(url))

    @classmethod
    def _within(cls, client: _native.Client, connection: _native.Connection) -> AsyncInstance:
        made = cls.__new__(cls)
        made._client = client
        made._owns = False
        AsyncNode.__init__(made, connection)
        return made
