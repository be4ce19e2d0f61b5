"""What the supervisor tells a worker at its start: who it is, what it serves, on which sockets.

Settings travel as a pickle, because they are values of many types that the other side, the same program,
knows too; nobody but the supervisor ever sends one. Everything else is JSON.
"""

from __future__ import annotations

import base64
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from lb.settings import IdentityProvider, Settings
from rules.actions import AuthenticateCognito, PreAction

VERSION = version("albacore")

BALANCER = "balancer"
SERVICES = "services"

Endpoints = list[dict[str, Any]]
"""Resolved clients of the pools: `user_pool`, `client` as actions name them, `members` of the provider."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How a worker writes its log."""

    level: str = "info"
    form: str = "text"


@dataclass(frozen=True, slots=True)
class Order:
    """One worker's start."""

    role: str
    name: str
    settings: Settings
    """With the ports that the sockets really have."""
    pools: object
    sockets: Mapping[str, int]
    """Descriptors by listener ARN, `PoolServer` or `Admin`."""
    logs: LogOptions
    drain_seconds: float
    turns: int
    """Descriptor of the file whose lock is the turn at shared outputs."""
    endpoints: Endpoints = field(default_factory=list, repr=False)
    is_first: bool = False
    """One balancer looks for the OpenID providers in the name of all."""

    def message(self) -> dict[str, Any]:
        """Return the order as the link's first message."""
        payload = base64.b64encode(pickle.dumps(self)).decode()
        return {"type": "start", "version": VERSION, "order": payload}


class NotUnderstood(ValueError):  # noqa: N818 -- says what happened
    """The supervisor is another version of this program, or something else altogether."""


def read_order(message: Mapping[str, Any] | None) -> Order:
    """Return the order in the link's first message; raises `NotUnderstood`."""
    if message is None or message.get("type") != "start":
        raise NotUnderstood("no order came")
    if message["version"] != VERSION:
        raise NotUnderstood(f"the supervisor is albacore {message['version']}, this is {VERSION}: restart it")
    # The link was inherited from the parent process: nobody else can write to it.
    order = pickle.loads(base64.b64decode(message["order"]))  # noqa: S301
    if not isinstance(order, Order):
        raise NotUnderstood("the order is none")
    return order


def describe_endpoints(providers: Mapping[PreAction, IdentityProvider]) -> Endpoints:
    """Return the pools' clients that actions refer to, as JSON."""
    return [
        {
            "user_pool": action.user_pool,
            "client": action.user_pool_client_id,
            "members": {name: getattr(provider, name) for name in _MEMBERS},
        }
        for action, provider in providers.items()
        if isinstance(action, AuthenticateCognito)
    ]


_MEMBERS = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "user_info_endpoint",
    "jwks_uri",
    "client_id",
    "client_secret",
)
