"""Read `Actions` of a rule: at most one pre-action, then exactly one routing action, by `Order`.

Source: elbv2 `Action`: Order 1 to 50000, ascending; the last action must be a routing action.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from rules.actions import Action, PreAction, RoutingAction
from rules.read_logins import COGNITO, JWT, OIDC, read_cognito, read_jwt, read_oidc
from rules.read_routing import (
    FIXED_RESPONSE,
    REDIRECT,
    read_fixed_response,
    read_forward,
    read_redirect,
)
from rules.reading import Section

Reader = Callable[[Section], Action | None]


@dataclass(frozen=True, slots=True)
class Actions:
    """What a rule does; parts that could not be read are None."""

    routing: RoutingAction | None
    pre_action: PreAction | None = None


@dataclass(frozen=True, slots=True)
class _Written:
    section: Section
    type: str
    order: int | None
    action: Action | None


def read_actions(rule: Section, name: str = "Actions") -> Actions:
    """Return the actions listed under `name`; problems go to the section's scope."""
    written = [_read_action(section) for section in rule.sections(name, _MEMBERS, required=True)]
    pre = [item for item in written if item.type in _PRE_ACTIONS]
    routing = [item for item in written if item.type in _ROUTING]
    for extra in pre[1:]:
        extra.section.report(
            "TooManyActions", "a rule can have only one authenticate or jwt-validation action"
        )
    for extra in routing[1:]:
        extra.section.report(
            "TooManyActions", "a rule can have only one forward, redirect or fixed-response action"
        )
    if written and not routing and all(item.type for item in written):
        rule.report(
            "InvalidLoadBalancerAction", "a forward, redirect or fixed-response action is missing", name
        )
    _check_order(written)
    for item in pre:
        _check_protocol(item)
    return Actions(
        next((item.action for item in routing if isinstance(item.action, get_args(RoutingAction))), None),
        next((item.action for item in pre if isinstance(item.action, get_args(PreAction))), None),
    )


def _read_action(section: Section) -> _Written:
    kind = section.choice("Type", tuple(_KINDS), required=True)
    order = section.integer("Order", 1, section.scope.limits.priority)
    if kind is None:
        return _Written(section, "", order, None)
    config, known, reader = _KINDS[kind]
    for other in _CONFIGS:
        if section.has(other) and other != config and not (kind == "forward" and other == "TargetGroupArn"):
            section.report("ValidationError", f"{other} does not belong to {kind}", other)
    if kind == "forward":
        return _Written(section, kind, order, reader(section))
    inner = section.section(config, known, required=True)
    return _Written(section, kind, order, None if inner is None else reader(inner))


def _check_order(written: list[_Written]) -> None:
    """Check that the routing action comes last.

    AWS wants an Order on every action as soon as there are two; here the order written will do when none
    has one.
    """
    ordered = [item for item in written if item.section.has("Order")]
    if ordered and len(ordered) < len(written):
        for item in written:
            if item not in ordered:
                item.section.report("ValidationError", "Order is missing; give it to every action or to none")
        return
    known = [item for item in written if item.order is not None]
    seen: dict[int, _Written] = {}
    for item in known:
        if item.order in seen:
            item.section.report("ValidationError", f"Order {item.order} is used twice", "Order")
        seen[item.order or 0] = item
    in_order = sorted(known, key=lambda item: item.order or 0) if ordered else written
    for item in in_order[:-1]:
        if item.type in _ROUTING and in_order[-1].type in _PRE_ACTIONS:
            item.section.report(
                "InvalidLoadBalancerAction", f"{item.type} must be the last action of its rule"
            )


def _check_protocol(item: _Written) -> None:
    # AWS refuses this; here it is a warning, so that a login can be developed without certificates.
    if item.section.scope.listener_protocol == "HTTP":
        message = f"{item.type} on an HTTP listener sends sessions in clear text; AWS allows it on HTTPS only"
        item.section.warn("InvalidLoadBalancerAction", message, "Type")


_ROUTING: dict[str, tuple[str, tuple[str, ...], Reader]] = {
    "forward": ("ForwardConfig", (), read_forward),
    "redirect": ("RedirectConfig", REDIRECT, read_redirect),
    "fixed-response": ("FixedResponseConfig", FIXED_RESPONSE, read_fixed_response),
}
_PRE_ACTIONS: dict[str, tuple[str, tuple[str, ...], Reader]] = {
    "authenticate-cognito": ("AuthenticateCognitoConfig", COGNITO, read_cognito),
    "authenticate-oidc": ("AuthenticateOidcConfig", OIDC, read_oidc),
    "jwt-validation": ("JwtValidationConfig", JWT, read_jwt),
}
_KINDS = _ROUTING | _PRE_ACTIONS
_CONFIGS = ("TargetGroupArn", *(config for config, _, _ in _KINDS.values()))
_MEMBERS = ("Type", "Order", *_CONFIGS)
