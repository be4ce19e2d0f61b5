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
from rules.document import parse_ruleset, to_document
from rules.evaluate import evaluate
from rules.explain import Trace, explain
from rules.limits import AWS, RELAXED, Limits
from rules.lint import lint
from rules.problems import InvalidRules, Place, Problem
from rules.redirects import LocationFailure, build_location
from rules.request import RequestHead
from rules.ruleset import Decision, Rule, RuleSet
from rules.transforms import (
    HostHeaderRewrite,
    Rewrite,
    Transform,
    Transformed,
    TransformFailure,
    UrlRewrite,
    apply_transforms,
)

__all__ = [
    "AWS",
    "RELAXED",
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
    "Limits",
    "LocationFailure",
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
    "Trace",
    "Transform",
    "TransformFailure",
    "Transformed",
    "UrlRewrite",
    "WeightedTargetGroup",
    "apply_transforms",
    "build_location",
    "evaluate",
    "explain",
    "lint",
    "parse_ruleset",
    "to_document",
]
