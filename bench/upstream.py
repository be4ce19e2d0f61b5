"""The target of every row: nginx with one worker, which answers bodies of three sizes and counts requests.

The count tells whether every request that the load generator saw answered had really gone through the proxy:
a redirect to a login page, or an error page with a friendly status, never gets here.
"""

from __future__ import annotations

import time
from pathlib import Path

from bench.nginx import start_nginx_with
from bench.processes import Program, free_port

SMALL, BIG, HUGE = "small", "big", "huge"
SIZES = {SMALL: 1024, BIG: 100_000, HUGE: 10_000_000}
PREFIXES = ("plain", "private")
FLUSH_SECONDS = 0.05


class Upstream:
    """The running target."""

    def __init__(self, folder: Path, *, cores: str) -> None:
        """Start it."""
        self.port = free_port()
        self._tally = folder / "upstream.tally"
        for name in (BIG, HUGE):
            (folder / name).write_bytes(b"x" * SIZES[name])
        # A line of the log is one character, written in pages: the cheapest count that this nginx has.
        http = f"""
  log_format tally ".";
  open_file_cache max=10;
  server {{ listen 127.0.0.1:{self.port} backlog=4096;
    access_log {self._tally} tally buffer=64k flush={FLUSH_SECONDS * 1000:.0f}ms;
    location / {{ access_log off; return 200 "ok"; }}
    {"".join(_locations(folder, prefix) for prefix in PREFIXES)}
  }}"""
        self.program: Program = start_nginx_with("upstream", http, folder=folder, cores=cores, port=self.port)

    def count(self) -> int:
        """Return how many of the bodies have been asked for; first waits until the last ones are counted."""
        time.sleep(3 * FLUSH_SECONDS)
        return self._tally.stat().st_size // len(".\n")

    def stop(self) -> None:
        """Stop it."""
        self.program.stop()


def _locations(folder: Path, prefix: str) -> str:
    small = "x" * SIZES[SMALL]
    files = (f"location = /{prefix}/{name} {{ alias {folder / name}; }}" for name in (BIG, HUGE))
    return f'location = /{prefix}/{SMALL} {{ return 200 "{small}"; }} {" ".join(files)} '
