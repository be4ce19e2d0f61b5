"""How many sockets this process may have, and how many of them clients may take.

The usual soft limit of 1024 descriptors is there for programs that use `select`; a thousand clients who keep
their connections open would lock out everybody else.
"""

from __future__ import annotations

import logging
import resource

RESERVED = 320
"""Descriptors for what is neither client nor target: files, listening sockets (each 32 times), the user
pool."""
FEW = 8192
"""A hard limit below this one is worth a warning: some distributions have 4096."""

log = logging.getLogger("albacore")


def raise_descriptor_limit() -> None:
    """Raise the soft limit to the hard one, which is the administrator's word."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        log.warning("the limit of open files stays at %d: %s", soft, error)


def client_limit() -> int:
    """Return how many client connections are taken at a time."""
    return clients_of(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def clients_of(descriptors: int) -> int:
    """Return how many clients that many descriptors are enough for.

    Two thirds of what is left. Most kept connections idle and need no connection to a target; when more than
    a half of them wait for targets at the same time, some get 502.
    """
    if descriptors == resource.RLIM_INFINITY:
        return 1 << 30
    return max(1, (descriptors - RESERVED) * 2 // 3)


def warn_of_few_descriptors() -> None:
    """Say so when even the hard limit leaves room for few clients; called once, at the start."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FEW:
        log.warning(
            "the hard limit of open files is %d: a worker takes only %d client connections at a time; "
            "raise it (LimitNOFILE= in systemd, --ulimit nofile= for a container)",
            hard,
            clients_of(hard),
        )
