"""Plots as SVG by hand: logarithmic axes, one line for each series, its name at its end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 76, 170, 44, 52
COLOURS = ("#1b6ac9", "#c2410c", "#15803d", "#7e22ce", "#a16207", "#475569")


@dataclass(frozen=True)
class Series:
    """A line."""

    name: str
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class Plot:
    """A picture."""

    title: str
    across: str
    up: str
    series: list[Series]
    slope: bool = False
    """Whether a dotted line shows what growth in step with the work looks like."""

    def svg(self) -> str:
        """The text of the file."""
        points = [point for series in self.series for point in series.points]
        x = _Axis([at for at, _ in points], LEFT, WIDTH - RIGHT, 0.0)
        y = _Axis([value for _, value in points], HEIGHT - BOTTOM, TOP, 0.5)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            ' font-family="system-ui, sans-serif" font-size="12">',
            f"<title>{escape(self.title)}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            f'<text x="{LEFT}" y="22" font-size="14" font-weight="600" fill="#111827">{escape(self.title)}</text>',
            *self._grid(x, y),
        ]
        if self.slope:
            parts.append(self._proportional(x, y))
        for number, series in enumerate(self.series):
            parts += _line(series, COLOURS[number % len(COLOURS)], x, y)
        parts += _names(self.series, x, y)
        return "\n".join([*parts, "</svg>", ""])

    def _grid(self, x: _Axis, y: _Axis) -> list[str]:
        parts = []
        for value in x.ticks():
            at = f"{x.place(value):.1f}"
            parts.append(f'<line x1="{at}" y1="{TOP}" x2="{at}" y2="{HEIGHT - BOTTOM}" stroke="#e5e7eb"/>')
            label = (
                f'<text x="{at}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#4b5563">{short(value)}</text>'
            )
            parts.append(label)
        for value in y.ticks():
            at = f"{y.place(value):.1f}"
            parts.append(f'<line x1="{LEFT}" y1="{at}" x2="{WIDTH - RIGHT}" y2="{at}" stroke="#e5e7eb"/>')
            parts.append(f'<text x="{LEFT - 8}" y="{at}" dy="4" text-anchor="end" fill="#4b5563">{short(value)}</text>')
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(
            f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle" fill="#111827">{escape(self.across)}</text>'
        )
        high = (TOP + HEIGHT - BOTTOM) / 2
        turned = f'transform="rotate(-90 18 {high})"'
        parts.append(f'<text x="18" y="{high}" {turned} text-anchor="middle" fill="#111827">{escape(self.up)}</text>')
        return parts

    def _proportional(self, x: _Axis, y: _Axis) -> str:
        """Through the end of the first series, with the slope of work that costs the same for each piece."""
        at, value = self.series[0].points[-1]
        start = max(x.low, at * y.low / value)
        ends = [(start, value * start / at), (at, value)]
        places = " ".join(f"{x.place(one):.1f},{y.place(other):.1f}" for one, other in ends)
        return f'<polyline points="{places}" fill="none" stroke="#9ca3af" stroke-dasharray="2 4"/>'


class _Axis:
    """From values to places, by their logarithms."""

    def __init__(self, values: list[float], start: float, end: float, room: float) -> None:
        self.low = 10 ** (math.log10(min(values)) - room * 0.5)
        self.high = 10 ** (math.log10(max(values)) + room * 0.5)
        self._start, self._end = start, end

    def place(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self._start + share * (self._end - self._start)

    def ticks(self) -> list[float]:
        """Powers of ten; of two where there would be too few."""
        base = 10 if self.high / self.low > 300 else 2
        first = math.ceil(math.log(self.low, base) - 1e-9)
        last = math.floor(math.log(self.high, base) + 1e-9)
        step = max(1, (last - first) // 6)
        return [float(base) ** power for power in range(first, last + 1, step)]


def _line(series: Series, colour: str, x: _Axis, y: _Axis) -> list[str]:
    places = [(x.place(at), y.place(value)) for at, value in series.points]
    path = " ".join(f"{across:.1f},{up:.1f}" for across, up in places)
    dots = (f'<circle cx="{across:.1f}" cy="{up:.1f}" r="3" fill="{colour}"/>' for across, up in places)
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots]


def _names(many: list[Series], x: _Axis, y: _Axis) -> list[str]:
    """Names at the ends of the lines, moved apart where lines end close to each other."""
    order = sorted(range(len(many)), key=lambda at: y.place(many[at].points[-1][1]))
    parts, above = [], 0.0
    for number in order:
        at, value = many[number].points[-1]
        above = max(y.place(value), above + 15)
        colour = COLOURS[number % len(COLOURS)]
        name = escape(many[number].name)
        parts.append(f'<text x="{x.place(at) + 8:.1f}" y="{above:.1f}" dy="4" fill="{colour}">{name}</text>')
    return parts


def short(value: float) -> str:
    """1000 as 1 k."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {letter}"
    return f"{value:.3g}"
