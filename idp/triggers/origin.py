"""What the request that is being served tells the functions of a pool: its client and its metadata.

Kept beside the call and not in every signature between a door and a message: it decides nothing, it only
stands in events. Each request is served in a context of its own, and what it starts behind takes a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from idp.model import Client


@dataclass(frozen=True, slots=True)
class Origin:
    """The part of a request that events repeat."""

    client: Client | None = None
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    """ClientMetadata."""
    validation_data: Mapping[str, str] = field(default_factory=dict, repr=False)
    """ValidationData."""


_ORIGIN: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 - frozen


def origin() -> Origin:
    """Return what the present request told."""
    return _ORIGIN.get()


def note_client(client: Client) -> None:
    """Note which client the present request is for."""
    _ORIGIN.set(replace(_ORIGIN.get(), client=client))


def note_told(metadata: Mapping[str, str], validation_data: Mapping[str, str]) -> None:
    """Note what the present request hands on to functions."""
    _ORIGIN.set(replace(_ORIGIN.get(), metadata=metadata, validation_data=validation_data))
