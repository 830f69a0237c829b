"""The rows of the bench: what is measured, against whom, and the bar. The bars are those of the design."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.suite.places import Server, Side


@dataclass(frozen=True)
class Bar:
    """One line of the table."""

    ours: str
    peers: tuple[str, ...]
    """Whom it is against; of several, the best one. None: the bar is a figure of its own."""
    most: float
    """The most that ours may be: a ratio, or a figure in `unit` where there is nothing to compare with."""
    figure: str = "cpu"
    """Which of a worker's figures counts."""
    unit: str = "µs"
    least: float | None = None
    """What nobody can be better than, instead of peers."""


@dataclass(frozen=True)
class Row:
    """Work that several sides do."""

    id: str
    work: str
    sides: list[Side]
    bars: list[Bar]
    server: Server = field(default_factory=Server)
    rounds: int = 5
    side_by_side: bool = False
    """Rounds may run at the same time, each with its own server: for work that only waits."""
    again: bool = False
    """Each run has a fresh server."""

    @property
    def counts_work(self) -> bool:
        """Whether processor time is what is compared, so that everybody may as well share one processor."""
        return any(bar.figure == "cpu" for bar in self.bars)


def python(subject: str, units: int, *sides: str, at_once: int = 1, **other: int) -> list[Side]:
    """Sides of a subject in Python; `other` gives slow ones fewer units."""
    return [Side(side, "python", subject, side, other.get(side, units), at_once) for side in sides]


def node(subject: str, units: int, *sides: str, at_once: int = 1, prefix: str = "") -> list[Side]:
    """Sides of a subject in Node."""
    return [Side(prefix + side, "node", subject, side, units, at_once) for side in sides]


WINDOW = (60 / 3 - 1) * 2
"""Seconds that 60 requests take at three in any two: the last three go when nineteen windows have passed."""

ROWS = [
    Row(
        "P1",
        "sync Python, small GET",
        python("small_get", 4000, "ours", "requests", "httpx", "impit", "rnet", requests=1500, httpx=1500),
        [
            Bar("ours", ("httpx",), 0.22),
            Bar("ours", ("requests",), 0.15),
            Bar("ours", ("impit", "rnet"), 0.85),
        ],
        rounds=9,
    ),
    Row(
        "P2",
        "async Python, small GET, 32 at once",
        python("small_get_async", 6000, "ours", "aiohttp", "httpx", "impit", "rnet", at_once=32, httpx=600),
        [Bar("ours", ("aiohttp",), 0.45), Bar("ours", ("httpx",), 0.03)],
    ),
    Row(
        "P3",
        "100 pages to a list of dicts",
        python("pages_to_dicts", 100, "ours", "aiohttp+orjson", "httpx", "requests", "aiohttp"),
        [Bar("ours", ("aiohttp+orjson",), 0.80, unit="ms"), Bar("ours", ("httpx",), 0.60, unit="ms")],
        rounds=9,
    ),
    Row(
        "P4",
        "100 pages to a data frame",
        python(
            "pages_to_frames",
            100,
            "ours, pandas",
            "aiohttp+orjson+pandas",
            "ours, polars",
            "aiohttp+orjson+polars",
            "requests+pandas",
            "httpx+polars.read_json",
        ),
        [
            Bar("ours, pandas", ("aiohttp+orjson+pandas",), 0.30, unit="ms"),
            Bar("ours, polars", ("aiohttp+orjson+polars",), 0.12, unit="ms"),
        ],
    ),
    Row(
        "P5",
        "insert 100,000 records",
        [
            *python("insert", 100_000, "ours", "httpx+json", "requests", "aiohttp+orjson"),
            Side("ours, from a generator", "python", "insert.FROM_GENERATOR", "ours", 100_000),
        ],
        [
            Bar("ours", ("httpx+json",), 0.30),
            Bar("ours, from a generator", (), 60, "memory_over", "MB"),
        ],
    ),
    Row(
        "P6",
        "Node, small GET, 32 at once",
        node("small_get", 10_000, "ours", "fetch", "@xano/js-sdk", "undici", "axios", "impit", at_once=32),
        [Bar("ours", ("fetch",), 0.22), Bar("ours", ("@xano/js-sdk",), 0.20)],
        rounds=9,
    ),
    Row(
        "P6",
        "Node, 100 pages to objects",
        node("pages_to_objects", 100, "ours", "fetch", "@xano/js-sdk", "undici", "axios"),
        [Bar("ours", ("fetch",), 0.95, unit="ms")],
    ),
    Row(
        "P6",
        "Node, 100 pages to Arrow",
        node("pages_to_arrow", 100, "ours", "fetch+JSON.parse", "fetch+tableFromJSON"),
        [Bar("ours", ("fetch+JSON.parse",), 0.50, unit="ms")],
    ),
    Row(
        "P7",
        "100 pages across a link of 60 ms",
        python("link.READ", 100, "ours", "requests"),
        [Bar("ours", ("requests",), 0.15, "wall", "s")],
        Server(delay_ms=60),
    ),
    Row(
        "P7",
        "100,000 inserts across a link of 60 ms",
        python("link.INSERT", 100_000, "ours", "requests"),
        [Bar("ours", ("requests",), 0.15, "wall", "s")],
        Server(delay_ms=60),
    ),
    Row(
        "P8",
        "60 requests at 3 per 2 s",
        python("rate", 60, "ours", at_once=8),
        [
            Bar("ours", (), 1.02, "wall", "s", WINDOW),
            Bar("ours", (), 0, "refused", "429s"),
        ],
        Server(rate="3/2"),
        side_by_side=True,
        again=True,
    ),
    Row(
        "P9",
        "export 1,000,000 records",
        python("export", 1_000_000, "ndjson", "csv"),
        [Bar("ndjson", (), 80, "memory", "MB"), Bar("csv", (), 80, "memory", "MB")],
        Server(rows=1_000_000),
    ),
    Row(
        "P10",
        "Rust, small GET",
        [Side(name, "rust", "small_get", name, 20_000) for name in ("ours", "reqwest")],
        [Bar("ours", ("reqwest",), 1.15)],
        rounds=9,
    ),
    Row(
        "P11",
        "first import, Python",
        [
            Side(f"{name} ({part})", "python import", "import", f"{name} {part}", 1)
            for name, part in [
                ("xano_metadata", "Xano"),
                ("xano_metadata", "AsyncXano"),
                ("requests", "Session"),
                ("httpx", "Client"),
                ("aiohttp", "ClientSession"),
                ("impit", "Client"),
                ("rnet", "Client"),
            ]
        ],
        [
            Bar("xano_metadata (Xano)", (), 15, "wall", "ms"),
            Bar("xano_metadata (AsyncXano)", (), 15, "wall", "ms"),
        ],
        rounds=11,
    ),
    Row(
        "P11",
        "first import, Node",
        [
            Side(f"{name} ({part})", "node import", "import", f"{name} {part}", 1)
            for name, part in [
                ("xano-metadata", "Xano"),
                ("axios", "default"),
                ("@xano/js-sdk", "XanoNodeClient"),
                ("impit", "Impit"),
                ("undici", "request"),
            ]
        ],
        [Bar("xano-metadata (Xano)", (), 15, "wall", "ms")],
        rounds=11,
    ),
]

SIZES = ("P12", 6.0)
"""Megabytes that the wheel and the platform package of npm may have."""
