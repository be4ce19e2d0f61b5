"""Turn the rounds into one table: medians per subject, and ratios to the proxies that people run instead."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.load import Load

RATIO_TO = ("nginx", "Envoy")
COLUMNS = ("proxy", "version", "CPU us/req", "req/s", "p50 ms", "p99 ms", "peak MiB", "CPU min-max")


@dataclass(frozen=True, slots=True)
class Sample:
    """One subject in one round."""

    load: Load
    cpu_seconds: float
    peak_mib: float

    @property
    def cpu_us(self) -> float:
        """CPU microseconds of the proxy's process tree for one request."""
        return self.cpu_seconds / self.load.requests * 1e6


@dataclass(frozen=True, slots=True)
class Row:
    """The medians of a subject's rounds."""

    name: str
    version: str
    cpu_us: float
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    peak_mib: float
    cpu_range: tuple[float, float]


def summarize(name: str, version: str, samples: Sequence[Sample]) -> Row:
    """Reduce a subject's samples to medians; memory is the highest seen."""
    cpu = [sample.cpu_us for sample in samples]
    return Row(
        name=name,
        version=version,
        cpu_us=median(cpu),
        requests_per_second=median(sample.load.requests / sample.load.seconds for sample in samples),
        p50_ms=median(sample.load.p50_ms for sample in samples),
        p99_ms=median(sample.load.p99_ms for sample in samples),
        peak_mib=max(sample.peak_mib for sample in samples),
        cpu_range=(min(cpu), max(cpu)),
    )


def machine() -> str:
    """Name the processor, cores, memory, kernel and Python that the numbers belong to."""
    facts = Path("/proc/cpuinfo").read_text()
    model = next(
        (line.split(":")[1].strip() for line in facts.splitlines() if line.startswith("model name")), "?"
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024**2
    cores = facts.count("processor\t")
    return (
        f"{model}, {cores} cores, {memory} GiB, Linux {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def format_table(rows: Sequence[Row]) -> str:
    """Lay the rows out as a Markdown table that also reads well in a terminal."""
    ratios = _baselines(rows)
    return columns([*COLUMNS, *(f"x {name}" for name in ratios)], [_cells(row, ratios) for row in rows])


def columns(header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Align the cells; the first two columns are texts, the others numbers."""
    widths = [max(len(line[i]) for line in (header, *body)) for i in range(len(header))]
    lines = [_line(header, widths), "|" + "|".join(_rule(i, width) for i, width in enumerate(widths)) + "|"]
    return "\n".join(lines + [_line(line, widths) for line in body])


def _baselines(rows: Sequence[Row]) -> dict[str, float]:
    return {row.name: row.cpu_us for row in rows if row.name in RATIO_TO}


def _cells(row: Row, ratios: Mapping[str, float]) -> list[str]:
    low, high = row.cpu_range
    return [
        row.name,
        row.version,
        f"{row.cpu_us:.1f}",
        f"{row.requests_per_second:,.0f}",
        f"{row.p50_ms:.2f}",
        f"{row.p99_ms:.2f}",
        f"{row.peak_mib:.0f}",
        f"{low:.1f}-{high:.1f}",
        *(f"{row.cpu_us / baseline:.2f}" for baseline in ratios.values()),
    ]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if i < 2 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "| " + " | ".join(padded) + " |"


def _rule(index: int, width: int) -> str:
    return "-" * (width + 2) if index < 2 else "-" * (width + 1) + ":"
