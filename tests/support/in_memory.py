"""Fixture: `tmp_path` in memory, for tests that write to databases.

SQLite waits for the disk at every commit, as it must; in a file system in memory that takes no time. What is
tested stays the same: a killed process loses nothing there either, and that every connection asks for the
wait is a test of its own.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

MEMORY: Final = Path("/dev/shm")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of the test's own; on disk where nothing is in memory."""
    with tempfile.TemporaryDirectory(prefix="albacore-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name)
