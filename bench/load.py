"""Put load on a URL with wrk and read its numbers: requests, errors, latency percentiles.

wrk keeps its 32 connections busy without pause, so latency is that of a saturated proxy on one core: compare
it between the rows, do not read it as what a user would wait.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 32

# wrk's own summary rounds; its done() hook has the raw counts.
SUMMARY_SCRIPT = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "microseconds": %d, "p50_us": %.1f, "p99_us": %.1f, "failed": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class LoadError(RuntimeError):
    """wrk saw errors, or gave no numbers: the run says nothing about speed."""


@dataclass(frozen=True, slots=True)
class Load:
    """One run of wrk."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float


def run_wrk(url: str, *, seconds: int, core: int, headers: Sequence[str], folder: Path) -> Load:
    """Load `url` for `seconds` from one thread on `core`. Raises LoadError when any request failed."""
    script = folder / "summary.lua"
    script.write_text(SUMMARY_SCRIPT)
    command = ["taskset", "--cpu-list", str(core), "wrk", "--threads=1", f"--connections={CONNECTIONS}"]
    command += [f"--duration={seconds}s", "--timeout=10s", f"--script={script}"]
    for header in headers:
        command += ["--header", header]
    done = subprocess.run([*command, url], capture_output=True, text=True, check=True)
    return parse_result(done.stdout)


def parse_result(output: str) -> Load:
    """Read the line that SUMMARY_SCRIPT writes. Raises LoadError."""
    for line in output.splitlines():
        if line.startswith("RESULT "):
            result = json.loads(line.removeprefix("RESULT "))
            break
    else:
        raise LoadError(f"no result in wrk's output:\n{output}")
    if result["failed"] or not result["requests"]:
        raise LoadError(f"{result['failed']} of {result['requests']} requests failed:\n{output}")
    return Load(
        requests=result["requests"],
        seconds=result["microseconds"] / 1e6,
        p50_ms=result["p50_us"] / 1e3,
        p99_ms=result["p99_us"] / 1e3,
    )
