"""What `Workers: auto` means: the CPUs that this process may use, a container's quota included."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def count_cpus(quota_file: Path = CGROUP_QUOTA) -> int:
    """Return how many CPUs there are for this process, at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota = parse_quota(quota_file.read_text())
    except OSError:
        quota = None
    return max(1, min(allowed, allowed if quota is None else quota))


def parse_quota(text: str) -> int | None:
    """Return the whole CPUs of a cgroup's `cpu.max` (`<quota> <period>` in microseconds), None for no limit.

    Part of a CPU counts as one: `150000 100000` are 2.
    """
    words = text.split()
    if len(words) != 2 or not all(word.isascii() and word.isdigit() and int(word) for word in words):
        return None
    quota, period = map(int, words)
    return -(-quota // period)
