"""Turns at an output that several processes share and that is no file, such as the standard output's pipe.

Writes to a file opened with O_APPEND stay whole by themselves; a pipe keeps only 4 KiB together, and rows of
two processes would interleave. The lock is a POSIX record lock: the kernel lets go of it when its process
dies.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

_lock: int | None = None


def share(lock: int | None) -> None:
    """Take turns by `lock`, a descriptor of a file open for writing, from now on; None: be alone."""
    global _lock
    _lock = lock


@contextmanager
def turn(descriptor: int) -> Iterator[None]:
    """Hold the turn for a write to `descriptor`; files need none."""
    if _lock is None or stat.S_ISREG(os.fstat(descriptor).st_mode):
        yield
        return
    fcntl.lockf(_lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.lockf(_lock, fcntl.LOCK_UN)
