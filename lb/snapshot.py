"""The immutable compiled form of the settings, swapped whole on reload.

Per listener: rules, compiled pre-actions, the login callback, attributes and the header bytes that never
change from request to request. A request keeps the snapshot it started with. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from lb.headers import ForwardPolicy, ResponseEdits
from lb.outcomes import Answer, Pending, PreActionOutcome
from lb.settings import ListenerSettings, LoadBalancerAttributes, Settings, TargetGroupSettings
from rules.actions import AuthenticateCognito, AuthenticateOidc, PreAction
from rules.request import RequestHead
from rules.ruleset import Decision, RuleSet


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


@dataclass(frozen=True, slots=True, eq=False)
class ListenerSnapshot:
    """One listener, compiled."""

    settings: ListenerSettings
    find: Callable[[RequestHead], Decision]
    """The compiled rules."""
    evaluations: Mapping[int, int]
    """By rule priority: how many rules are looked at, by AWS's count, until that rule is found."""
    attributes: LoadBalancerAttributes
    policy: ForwardPolicy
    edits: ResponseEdits
    pre_actions: Mapping[int, PreActionHandler]
    """By rule priority; 0 is the default rule."""
    callback: CallbackHandler | None
    """None on listeners without an authenticate action: then the callback path is an ordinary path."""
    serve_key: Callable[[str], Answer | None] | None
    """Answers for key documents; None where there is nothing to verify."""
    group_arns: Mapping[str, str]
    target_groups: Mapping[str, TargetGroupSettings]
    elb: str
    """`app/<name>/<id>`, the load balancer in the access log."""
    default_host: str
    """Host of HTTP/1.0 requests that name none: the load balancer's own name."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The whole load balancer, compiled."""

    settings: Settings
    listeners: Mapping[str, ListenerSnapshot]
    """By listener ARN."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """How pre-actions become handlers: given by the owner of keys, sessions and provider connections."""

    compile: Callable[[PreAction, str], PreActionHandler]
    """(action, listener ARN) to handler; sessions never open at another listener."""
    callback: Callable[[Mapping[str, PreActionHandler]], CallbackHandler]
    """Handlers of a listener, by any name, to the handler of its callback path."""
    serve_key: Callable[[str], Answer | None]


def compile_snapshot(settings: Settings, authentication: Authentication) -> Snapshot:
    """Compile the settings of a load balancer.

    Raises whatever compiling a pre-action raises; then there is no snapshot, and the old one keeps running.
    """
    return Snapshot(
        settings,
        {
            listener.arn: _compile_listener(settings, listener, authentication)
            for listener in settings.listeners
        },
    )


def _compile_listener(
    settings: Settings, listener: ListenerSettings, authentication: Authentication
) -> ListenerSnapshot:
    ruleset = listener.ruleset
    rules = (*ruleset.rules, ruleset.default)
    handlers: dict[str, PreActionHandler] = {}
    by_rule: dict[int, PreActionHandler] = {}
    for rule in rules:
        if rule.pre_action is not None:
            handler = authentication.compile(rule.pre_action, listener.arn)
            by_rule[rule.priority] = handlers[f"{listener.arn}/{rule.priority}"] = handler
    logs_in = any(isinstance(rule.pre_action, AuthenticateCognito | AuthenticateOidc) for rule in rules)
    return ListenerSnapshot(
        settings=listener,
        find=ruleset.find,
        evaluations=_evaluations(ruleset),
        attributes=settings.attributes,
        policy=ForwardPolicy.compile(
            settings.attributes,
            scheme=listener.protocol.lower(),
            port=listener.port,
            mutual=listener.mutual.mode,
            names=listener.request_header_names,
        ),
        edits=ResponseEdits.compile(listener.response_headers, server_header=listener.server_header),
        pre_actions=by_rule,
        callback=authentication.callback(handlers) if logs_in else None,
        serve_key=authentication.serve_key if logs_in else None,
        group_arns={name: group.arn for name, group in settings.target_groups.items()},
        target_groups=settings.target_groups,
        elb=settings.arn.partition(":loadbalancer/")[2] or settings.name,
        default_host=settings.name,
    )


def _evaluations(ruleset: RuleSet) -> dict[int, int]:
    counts = {rule.priority: position for position, rule in enumerate(ruleset.rules, 1)}
    return {**counts, ruleset.default.priority: len(ruleset.rules)}
