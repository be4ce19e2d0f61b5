"""The listener-rule language of the Application Load Balancer, pure: no I/O, no clock, no randomness."""

from rules.actions import (
    Action,
    AdditionalClaim,
    AuthenticateCognito,
    AuthenticateOidc,
    ClaimFormat,
    FixedResponse,
    Forward,
    JwtValidation,
    OnUnauthenticatedRequest,
    PreAction,
    Redirect,
    RoutingAction,
    SessionPolicy,
    TargetGroupStickiness,
    WeightedTargetGroup,
)
from rules.conditions import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryPair,
    QueryString,
    SourceIp,
)
from rules.evaluate import evaluate
from rules.problems import InvalidRules, Place, Problem
from rules.request import RequestHead
from rules.ruleset import Decision, Rule, RuleSet
from rules.transforms import HostHeaderRewrite, Rewrite, Transform, UrlRewrite

__all__ = [
    "Action",
    "AdditionalClaim",
    "AuthenticateCognito",
    "AuthenticateOidc",
    "ClaimFormat",
    "Condition",
    "Decision",
    "FixedResponse",
    "Forward",
    "HostHeader",
    "HostHeaderRewrite",
    "HttpHeader",
    "HttpRequestMethod",
    "InvalidRules",
    "JwtValidation",
    "OnUnauthenticatedRequest",
    "PathPattern",
    "Place",
    "PreAction",
    "Problem",
    "QueryPair",
    "QueryString",
    "Redirect",
    "RequestHead",
    "Rewrite",
    "RoutingAction",
    "Rule",
    "RuleSet",
    "SessionPolicy",
    "SourceIp",
    "TargetGroupStickiness",
    "Transform",
    "UrlRewrite",
    "WeightedTargetGroup",
    "evaluate",
]
