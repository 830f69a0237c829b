"""What is printed and written: the table, `results.json`, and with what it was measured."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from bench.suite.measuring import Result, Runs, tidy
from bench.suite.places import ROOT

HEAD = ("", "work", "ours", "", "against", "", "ratio", "bar", "")


def table(results: list[Result]) -> str:
    """The verdicts, a line for each bar."""
    lines = [HEAD, *(_line(result) for result in results)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEAD))]
    right = {3, 5, 6, 7}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _line(result: Result) -> tuple[str, ...]:
    verdict = "ok" if result.ok else "MISSED"
    if result.ours_value is None:
        return (result.id, result.work, result.ours, "–", result.peer or "", "", "", _figure(result.bar), "FAILED")
    bar = _figure(result.bar) if result.ratio is not None else f"{_figure(result.bar)} {result.unit}"
    return (
        result.id,
        result.work,
        result.ours,
        _value(result.ours_value, result.ours_spread, result.unit),
        result.peer or "",
        _value(result.peer_value, result.peer_spread, result.unit),
        "" if result.ratio is None else f"{result.ratio:.3f}",
        bar,
        verdict,
    )


def _value(value: float | None, spread: tuple[float, float] | None, unit: str) -> str:
    if value is None:
        return ""
    between = f" ({_figure(spread[0])}–{_figure(spread[1])})" if spread and spread[0] != spread[1] else ""
    return f"{_figure(value)}{between} {unit}"


def _figure(value: float) -> str:
    text = f"{value:.3g}"
    return f"{value:.0f}" if "e" in text else text


def besides(runs: list[Runs]) -> str:
    """The sides that no bar is about, for the record."""
    lines = []
    for each in runs:
        told = {name for bar in each.row.bars for name in (bar.ours, *bar.peers)}
        unit, figure = each.row.bars[0].unit, each.row.bars[0].figure
        others = [side.name for side in each.row.sides if side.name not in told and side.name not in each.trouble]
        if others:
            values = (f"{name} {_figure(each.median(name, figure, unit))} {unit}" for name in others)
            lines.append(f"{each.row.id:4} {each.row.work}: {', '.join(values)}")
    return "\n".join(lines)


def surroundings() -> dict[str, str]:
    """The machine, the languages and every peer's version."""
    found = {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, {_processor()}",
        "Python": platform.python_version(),
        "Node": _output("node", "--version").lstrip("v"),
        "Rust": _output("rustc", "--version").split()[1],
    }
    for line in (ROOT / "bench" / "requirements.txt").read_text().splitlines():
        name = line.partition("==")[0]
        if not line.startswith("#"):
            found[name] = metadata.version(name)
    modules = ROOT / "bench" / "node" / "node_modules"
    for name in json.loads((ROOT / "bench" / "node" / "package.json").read_text())["dependencies"]:
        found[f"{name} (npm)"] = json.loads((modules / name / "package.json").read_text())["version"]
    lock = (ROOT / "Cargo.lock").read_text()
    found["reqwest"] = lock.partition('name = "reqwest"\nversion = "')[2].partition('"')[0]
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def write(results: list[Result]) -> Path:
    """Writes `bench/results.json`."""
    target = ROOT / "bench" / "results.json"
    target.write_text(json.dumps([result.as_json() for result in results], indent=1, ensure_ascii=False) + "\n")
    return target


__all__ = ["besides", "surroundings", "table", "tidy", "write"]
