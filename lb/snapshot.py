"""The immutable compiled form of the settings, swapped whole on reload.

Per listener: rules, compiled pre-actions, the login callback, attributes and the header bytes that never change from
request to request. A request keeps the snapshot it started with. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from lb.outcomes import Answer, Pending, PreActionOutcome
from lb.settings import ListenerSettings, LoadBalancerAttributes, Settings
from rules.actions import PreAction, WeightedTargetGroup
from rules.evaluate import RuleSet
from rules.request import RequestHead


class PreActionHandler(Protocol):
    """A compiled pre-action of one rule."""

    def handle(self, head: RequestHead, now: float) -> PreActionOutcome:
        """Decide, without I/O, whether the request passes."""
        ...


class CallbackHandler(Protocol):
    """What answers `/oauth2/idpresponse` on a listener."""

    def handle(self, head: RequestHead, now: float) -> Answer | Pending:
        """Finish a login."""
        ...


PickGroup = Callable[[tuple[WeightedTargetGroup, ...]], str | None]


@dataclass(frozen=True, slots=True, eq=False)
class ListenerSnapshot:
    """One listener, compiled."""

    settings: ListenerSettings
    ruleset: RuleSet
    attributes: LoadBalancerAttributes
    pre_actions: Mapping[int, PreActionHandler]
    """By rule priority; 0 is the default rule."""
    callback: CallbackHandler | None
    serve_key: Callable[[str], Answer | None] | None
    pick_group: PickGroup
    scheme: str
    port: int
    response_edits: Mapping[bytes, bytes]
    """Lower-case name -> whole header line that listener attributes set on every response."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The whole load balancer, compiled."""

    settings: Settings
    listeners: Mapping[str, ListenerSnapshot]
    """By listener ARN."""


CompilePreAction = Callable[[PreAction, str], PreActionHandler]
