"""What an attacker would try on the Python face: where the token could lie about, bombs, depth, files, other hosts."""

from __future__ import annotations

import base64
import gzip
import logging
import os
import socket
import stat
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xano_metadata import ClientOptions, ConfigError, DecodeError, Xano, XanoError, _native
from xano_metadata._events import _Parser
from xano_metadata.testing import Emulator
from xano_metadata.types import InstanceInfo

from .conftest import Script, until

SECRET = "eyJhbGciOiJSUzI1NiJ9.of-security-tests.0123456789abcdef"
DEPTH = 100_000
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")


class Server(ThreadingHTTPServer):
    """Answers everything with one body and keeps what it was asked."""

    daemon_threads = True
    body = b"{}"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[dict[str, str]] = []
        self.sent: dict[str, str] = {}
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        server.seen.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
        self.send_response(200)
        for name, value in {"content-type": "application/json", **server.sent}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(server.body)))
        self.end_headers()
        self.wfile.write(server.body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def shop() -> Iterator[Emulator]:
    """An emulator with something to export."""
    with Emulator(seed_demo=True) as made:
        yield made


def client(server: Server, **options: Any) -> Xano:
    return Xano(SECRET, account_url=server.url, ambient_credentials=False, max_retries=0, **options)


# The token


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_token_is_in_no_argument_environment_file_or_child(
    run_python: Script, shop: Emulator, tmp_path: Path
) -> None:
    """A program that was given the token on its standard input leaves it nowhere but in its own memory."""
    emulator = shop
    emulator.control("POST", "/tokens", {"token": SECRET})
    code = """
    import glob, os, subprocess, sys
    from xano_metadata import Xano
    token = sys.stdin.read()
    xano = Xano(token, account_url=sys.argv[1], ambient_credentials=False)
    xano.me(); list(xano.snippets.list()); xano.instances.list().all()
    shop = xano.instance(xano.instances.list()[0]).workspace(1)
    shop.table(shop.tables.list()[0].id).records.export("records.ndjson")
    seen = [open("/proc/self/cmdline").read(), open("/proc/self/environ").read(), repr(dict(os.environ))]
    seen.append(subprocess.run(["env"], capture_output=True, text=True).stdout)
    for child in glob.glob("/proc/self/task/*/children"):
        for pid in open(child).read().split():
            seen.append(open(f"/proc/{pid}/cmdline").read() + open(f"/proc/{pid}/environ").read())
    print("leaked" if any(token in text for text in seen) else "clean")
    """
    done = run_python(
        code, emulator.account_url, input=SECRET, cwd=tmp_path, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert done.stdout == "clean\n", done.stderr
    assert SECRET not in done.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_a_crash_prints_no_token(run_python: Script, emulator: Emulator) -> None:
    """Neither the traceback of an uncaught error nor the fault handler's shows values."""
    for end in ("xano.me()", "import faulthandler, os; faulthandler.enable(); os.abort()"):
        code = f"""
    import sys
    from xano_metadata import Xano
    token = sys.stdin.read()
    xano = Xano(token, account_url=sys.argv[1], ambient_credentials=False)
    {end}
    """
        done = run_python(code, emulator.account_url, input=SECRET)
        assert done.returncode != 0
        assert SECRET not in done.stdout + done.stderr


def test_a_request_id_that_echoes_the_token_is_not_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.sent = {"x-request-id": f"for {SECRET}"}
    with caplog.at_level(logging.DEBUG, "xano_metadata"), client(server) as xano:
        xano.me()
        until(lambda: bool(caplog.records))
    assert not [record for record in caplog.records if SECRET in f"{record.getMessage()} {vars(record)}"]


# Where things go


@pytest.mark.parametrize(
    "meta_api",
    [
        "http://192.0.2.1/api:meta",
        "http://xano.example.com",
        "https://127.0.0.1:1",
        "https://localhost./api:meta",
        "https://0.0.0.0:1/api:meta",
        "https://[::]:1/api:meta",
        "https://[::ffff:127.0.0.1]:1",
        "https://2130706433:1",
        "https://user:pass@x1.xano.io",
        "https://x1.xano.io/elsewhere",
        "https://x1.xano.io?a=b",
        "ftp://x1.xano.io",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://x1.xano.io\r\nX-Evil: 1",
        "",
        "[" * DEPTH,
    ],
)
def test_a_meta_api_that_points_elsewhere_gets_no_token(meta_api: str) -> None:
    """As an account API off this machine might name it: nothing is sent, and the error is short."""
    xano = Xano(SECRET, account_url="https://x0.example.invalid", ambient_credentials=False)
    with pytest.raises(ConfigError) as caught:
        xano.instance(InstanceInfo({"name": "evil", "meta_api": meta_api}))
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("src", ["file:///etc/passwd", "data:text/plain,x", "gopher://127.0.0.1/", "//user@evil/x"])
def test_a_src_of_another_sort_is_not_fetched(emulator: Emulator, xano: Xano, tmp_path: Path, src: str) -> None:
    with pytest.raises(ConfigError):
        xano.download(src, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_the_environments_proxy_never_sees_calls_to_this_machine(
    run_python: Script, emulator: Emulator, server: Server
) -> None:
    code = """
    import sys
    from xano_metadata import Xano
    print(Xano(sys.stdin.read(), account_url=sys.argv[1], ambient_credentials=False).me().name)
    """
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"), server.url)
    done = run_python(code, emulator.account_url, input=emulator.token, env={**os.environ, **proxies, "NO_PROXY": ""})
    assert done.stdout == "Robin Example\n", done.stderr
    assert server.seen == []


def test_a_proxy_is_told_the_host_of_an_https_call_and_nothing_else() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    asked: list[bytes] = []

    def refuse() -> None:
        connection, _ = listener.accept()
        asked.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n")
        connection.close()

    thread = threading.Thread(target=refuse, daemon=True)
    thread.start()
    options = ClientOptions(proxy=f"http://me:hunter2@127.0.0.1:{port}", max_retries=0)
    with pytest.raises(XanoError) as caught:
        Xano(SECRET, account_url="https://x0.example.invalid", ambient_credentials=False, options=options).me()
    thread.join(10)
    listener.close()
    assert asked[0].startswith(b"CONNECT x0.example.invalid:443 HTTP/1.1")
    assert SECRET.encode() not in asked[0]
    assert base64.b64encode(b"me:hunter2") in asked[0]
    assert "hunter2" not in str(caught.value) + repr(caught.value)


# Bombs and depth


def _gzip() -> bytes:
    return gzip.compress(b" " * (64 << 20), 9)


def _deflated() -> bytes:
    return zlib.compress(b" " * (64 << 20), 9)


def test_a_bomb_is_a_clear_error(server: Server) -> None:
    server.body, server.sent = _gzip(), {"content-encoding": "gzip"}
    with client(server, max_answer_bytes=1 << 20) as xano, pytest.raises(DecodeError, match="max_answer_bytes"):
        xano.me()
    assert len(server.seen) == 1


def test_an_encoding_that_nobody_asked_for_is_no_json(server: Server) -> None:
    server.body, server.sent = _deflated(), {"content-encoding": "deflate"}
    with client(server, max_answer_bytes=1 << 20) as xano, pytest.raises(DecodeError):
        xano.me()


@pytest.mark.parametrize("text", ["[" * DEPTH + "]" * DEPTH, '{"a":' * DEPTH + "1" + "}" * DEPTH, "[" * DEPTH])
def test_json_without_a_bottom_is_a_clear_error(server: Server, text: str) -> None:
    server.body = text.encode()
    with client(server) as xano:
        with pytest.raises(DecodeError) as caught:
            xano.request("GET", "/anything")
        assert len(str(caught.value)) < 1000
        for call in (xano.me, xano.snippets.list().all, xano.instances.list().first_page):
            with pytest.raises(XanoError) as other:
                call()
            assert other.value.code == "decode_error"
    with pytest.raises(DecodeError):
        _native.loads(text)


def test_an_event_that_never_ends_is_a_clear_error() -> None:
    """Whether it is one endless line or endless lines, and however it is cut."""
    for piece in (b"x" * (1 << 20), (b"data: " + b"x" * 1000 + b"\n") * 1000):
        parser = _Parser()

        def feed(parser: _Parser = parser, piece: bytes = piece) -> None:
            for _ in range(12):
                list(parser.feed(piece))

        with pytest.raises(DecodeError, match="8 MiB"):
            feed()
    parser = _Parser()
    large = b"data: " + b"x" * (7 << 20) + b"\n\n"
    events = [event for at in range(0, len(large), 1 << 20) for event in parser.feed(large[at : at + (1 << 20)])]
    assert [len(event.data) for event in events] == [7 << 20]


def test_a_body_without_a_bottom_is_a_clear_error(xano: Xano, emulator: Emulator) -> None:
    deep: Any = []
    for _ in range(DEPTH):
        deep = [deep]
    with pytest.raises(ConfigError, match="nested too deeply"):
        xano.request("POST", "/anything", json=deep)
    assert emulator.requests() == []
    while deep:
        deep = deep.pop()


def test_an_endless_limit_is_no_limit(emulator: Emulator) -> None:
    names = "timeout connect_timeout read_timeout long_read_timeout deadline max_backoff max_retry_after".split()
    of_client: Any = dict.fromkeys(names, 1e18)
    of_call: Any = dict.fromkeys(["timeout", "read_timeout", "deadline", "connect_timeout"], 1e18)
    with emulator.client(**of_client) as xano:
        assert xano.me(options=of_call).id


# Files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@POSIX
def test_an_export_is_its_owners_alone(shop: Emulator, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with shop.client() as xano:
            main = xano.instance(xano.instances.list()[0]).workspace(1)
            main.table(main.tables.list()[0].id).records.export(tmp_path / "records.csv")
    finally:
        os.umask(before)
    assert mode(tmp_path / "records.csv") == 0o600


@POSIX
def test_a_download_is_its_owners_alone(server: Server, tmp_path: Path) -> None:
    server.body = b"archive"
    before = os.umask(0)
    try:
        with client(server) as xano:
            saved = xano.download(f"{server.url}/file", tmp_path / "saved")
    finally:
        os.umask(before)
    assert mode(saved) == 0o600
    assert saved.read_bytes() == b"archive"
    assert "authorization" not in server.seen[0]
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


@POSIX
def test_a_credentials_file_that_others_can_read_is_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "credentials.yaml"
    file.write_text(f"profiles:\n  default:\n    access_token: {SECRET}\n")
    for bits, warned in ((0o644, True), (0o640, True), (0o604, True), (0o600, False), (0o400, False)):
        file.chmod(bits)
        caplog.clear()
        with caplog.at_level(logging.WARNING, "xano_metadata"):
            Xano(credentials_file=file, account_url="https://x0.example.invalid").close()
            # Events come in batches, from a thread.
            if warned:
                until(lambda: bool(caplog.records))
            else:
                time.sleep(0.2)
        told = [record.getMessage() for record in caplog.records if "chmod 600" in record.getMessage()]
        assert bool(told) == warned, oct(bits)
        assert not [text for text in told if SECRET in text]


# Texts


ODD = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ["..", ".", "a\r\nX-Evil: 1", "\u2028", "\u202e", "a/b", "%2e%2e", "//evil", "\x85", "\\..\\", "?", "#", "&=+;"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(segment=ODD, value=ODD, header=ODD)
def test_texts_stay_where_they_are_put(server: Server, segment: str, value: str, header: str) -> None:
    """By the generated methods and by the escape hatch: a server reads what was given, or nothing was sent."""
    from urllib.parse import parse_qsl, unquote  # noqa: PLC0415

    server.seen.clear()
    with client(server) as xano:
        for call in (
            lambda: xano.snippet(segment).get(),
            lambda: xano.request("GET", "/x", query={"q": value}, headers={"x-odd": header}),
        ):
            try:
                call()
            except ConfigError:
                continue
            seen = server.seen.pop()
            path, _, query = seen["path"].partition("?")
            assert "x-evil" not in seen
            assert seen["host"] == server.url.removeprefix("http://")
            if query:
                assert parse_qsl(query, keep_blank_values=True) == [("q", value)]
                # Headers are read as Latin-1 here, and were sent as UTF-8.
                assert seen["x-odd"].encode("latin-1").decode() == header.strip(" \t")
            elif "/snippet/" in path:
                assert path.startswith("/api:meta/snippet/")
                assert unquote(path.removeprefix("/api:meta/snippet/")) == segment
        assert server.seen == []


def test_the_test_server_would_notice(server: Server) -> None:
    """A request that smuggles a header is seen as such, so that the test above can fail."""
    with socket.create_connection(("127.0.0.1", server.server_port)) as wire:
        wire.sendall(b"GET /x HTTP/1.1\r\nhost: a\r\nx-odd: a\r\nX-Evil: 1\r\nconnection: close\r\n\r\n")
        while wire.recv(4096):
            pass
    assert server.seen[0]["x-evil"] == "1"


def test_subprocesses_are_none_of_ours() -> None:
    """The package starts no program, so no child can inherit anything from it."""
    import xano_metadata  # noqa: PLC0415

    folder = Path(xano_metadata.__file__).parent
    guilty = [path.name for path in folder.rglob("*.py") if "import subprocess" in path.read_text()]
    assert guilty == []
    assert subprocess is not None
