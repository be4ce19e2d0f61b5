"""How many sockets this process may have, and how many of them clients may take.

The usual soft limit of 1024 descriptors is there for programs that use `select`; a thousand clients who keep
their connections open would lock out everybody else.
"""

from __future__ import annotations

import logging
import resource

RESERVED = 64
"""Descriptors for what is neither client nor target: files, listening sockets, the user pool."""

log = logging.getLogger("albacore")


def raise_descriptor_limit() -> None:
    """Raise the soft limit to the hard one, which is the administrator's word."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        log.warning("the limit of open files stays at %d: %s", soft, error)


def client_limit() -> int:
    """Return how many client connections are taken at a time.

    Half of what is left: each of them may need a connection to a target.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, (soft - RESERVED) // 2) if soft != resource.RLIM_INFINITY else 1 << 30
