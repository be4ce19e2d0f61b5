"""Put load on a URL with wrk and read its numbers: requests, errors, latency percentiles.

wrk keeps all its connections busy without pause, so latency is that of a saturated proxy on one core: compare
it between the rows, do not read it as what a user would wait.

wrk takes a redirect for a success. A `check` run looks at the status of every response, which costs wrk too
much to do it while measuring; there the bytes must suffice for as many whole bodies.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

VARIANTS = 997

# wrk's own summary rounds; its done() hook has the raw counts. Threads have globals of their own.
SUMMARY = """
local threads, bad = {}, 0
function setup(thread) table.insert(threads, thread) end
function done(summary, latency, requests)
  local e = summary.errors
  for _, thread in ipairs(threads) do bad = bad + (thread:get("refused") or 0) end
  io.write(string.format(
    'RESULT {"requests": %d, "microseconds": %d, "bytes": %d, ' ..
    '"p50_us": %.1f, "p99_us": %.1f, "failed": %d}\\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout + bad))
end
"""
CHECK = """
refused = 0
function response(status)
  -- From 400 on wrk counts by itself.
  if status < 200 or status > 299 and status < 400 then refused = refused + 1 end
end
"""
VARY = f"""
local made, turn = {{}}, 0
function init(args)
  for i = 1, {VARIANTS} do
    wrk.headers["X-Request-Id"] = string.format("%08x-%04x", (i * 2654435761) % 4294967296, i)
    wrk.headers["Referer"] = "http://localhost/catalogue/" .. (i * 7919) % 100000
    if more_lines then more_lines(i) end
    made[i] = wrk.format("GET", wrk.path .. "?page=" .. i)
  end
end
function request() turn = turn % {VARIANTS} + 1; return made[turn] end
"""
# Chosen by a generator, not by counting: each connection is to see one set of lines after another.
MORE_LINES = """
local seed = 1
function more_lines(i)
  seed = (seed * 1103515245 + 12345) % 2147483648
  local left = math.floor(seed / 65536) % 64
  for n = 1, 6 do
    wrk.headers["X-Extra-" .. n] = left % 2 == 1 and tostring(i) or nil
    left = math.floor(left / 2)
  end
end
"""


class Variation(Enum):
    """What is not the same from request to request; the value is the Lua that does it."""

    NONE = ""
    VALUES = VARY
    """Another query, and other values in the same header lines."""
    LINES = MORE_LINES + VARY
    """Other header lines, too."""


class LoadError(RuntimeError):
    """wrk saw errors, or gave no numbers: the run says nothing about speed."""


@dataclass(frozen=True, slots=True)
class Load:
    """One run of wrk."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Order:
    """What wrk shall do."""

    url: str
    connections: int
    size: int
    """Bytes of a body."""
    headers: Sequence[str] = ()
    variation: Variation = Variation.NONE


def script(variation: Variation, *, check: bool) -> str:
    """Return the Lua that wrk runs."""
    return SUMMARY + variation.value + (CHECK if check else "")


def run_wrk(order: Order, *, seconds: int, cores: str, folder: Path, check: bool = False) -> Load:
    """Load for `seconds` from one thread on `cores`. Raises LoadError when a request failed."""
    path = folder / "wrk.lua"
    path.write_text(script(order.variation, check=check))
    command = ["taskset", "--cpu-list", cores, "wrk", "--threads=1", f"--connections={order.connections}"]
    command += [f"--duration={seconds}s", "--timeout=10s", f"--script={path}"]
    for header in order.headers:
        command += ["--header", header]
    done = subprocess.run([*command, order.url], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadError(f"wrk ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return parse_result(done.stdout, size=order.size)


def parse_result(output: str, *, size: int) -> Load:
    """Read the line that the script writes. Raises LoadError."""
    for line in output.splitlines():
        if line.startswith("RESULT "):
            result = json.loads(line.removeprefix("RESULT "))
            break
    else:
        raise LoadError(f"no result in wrk's output:\n{output}")
    if result["failed"] or not result["requests"]:
        raise LoadError(f"{result['failed']} of {result['requests']} requests failed:\n{output}")
    if result["bytes"] < result["requests"] * size:
        raise LoadError(f"{result['bytes']} bytes are no {result['requests']} bodies of {size}:\n{output}")
    return Load(
        requests=result["requests"],
        seconds=result["microseconds"] / 1e6,
        p50_ms=result["p50_us"] / 1e3,
        p99_ms=result["p99_us"] / 1e3,
    )
