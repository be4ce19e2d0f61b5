"""Files that hold secrets: made once, replaced whole, readable by their owner only.

Used by the session key ring and by the keys that sign identity tokens. A file appears with its whole content
or not at all, so that several workers may start on an empty directory at once and a crash leaves no
half-written key.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

SESSION_KEYS = "session-keys"
SIGNING_KEYS = "signing-keys.json"
ACCESS_KEY = "access-key"
"""Their names in the data directory; the last is the secret of the user pools' API."""


def create_once(path: Path, content: str) -> bool:
    """Write `content` to `path` with mode 0600 unless the file exists; tell whether this call made it."""
    scratch = _write_scratch(path, content)
    try:
        # A hard link refuses an existing name atomically, which a rename does not.
        os.link(scratch, path)
    except FileExistsError:
        return False
    finally:
        scratch.unlink()
    _sync_directory(path.parent)
    return True


def replace(path: Path, content: str) -> None:
    """Put `content` in place of `path` in one step, mode 0600."""
    scratch = _write_scratch(path, content)
    try:
        scratch.replace(path)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def make_private(directory: Path) -> None:
    """Create the data directory for its owner only: it holds keys."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def is_exposed(path: Path) -> bool:
    """Tell whether users other than the owner may read or write `path`."""
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _write_scratch(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return scratch


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
