"""How much a rule document may hold: numbers only, no checking.

`AWS` is the Application Load Balancer's own set of quotas (ELB user guide, "Quotas for your Application
Load Balancers", adjustable ones at their default). `RELAXED` is what albacore uses unless told otherwise:
the caps on *counts* are lifted far enough for one rule per tenant, the caps on *sizes* stay, because they
bound the work that a request can cause.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds, inclusive."""

    name: str
    rules: int
    """Rules of one listener, default rule excluded (AWS counts per load balancer)."""
    evaluations_per_condition: int
    """Values of one condition. `source-ip` may have `evaluations_per_rule` of them."""
    evaluations_per_rule: int
    wildcards_per_rule: int
    target_groups_per_action: int
    rewrites_per_transform: int
    strict: bool
    """Refuse what AWS refuses although it has a meaning here, such as the host `localhost`; else warn."""
    # One number for both profiles from here on.
    priority: int = 50_000
    host: int = 128
    path: int = 128
    header_name: int = 40
    header_value: int = 128
    method: int = 40
    query: int = 128
    """Longest key and longest value of a `query-string` pair."""
    regex: int = 128
    rewrite: int = 1024
    """Longest `Regex` and longest `Replace` of a transform."""
    message_body: int = 1024
    extra_params: int = 10
    additional_claims: int = 10
    claim_values: int = 10
    claim_value: int = 256
    url: int = 256
    """Longest `JwksEndpoint` and `Issuer` of jwt-validation."""
    session_timeout: int = 604_800
    stickiness_seconds: int = 604_800
    weight: int = 999


AWS = Limits(
    "aws",
    rules=100,
    evaluations_per_condition=3,
    evaluations_per_rule=5,
    # The conditions page says 5, the quota table 6: the table is the newer of the two.
    wildcards_per_rule=6,
    target_groups_per_action=5,
    rewrites_per_transform=1,
    strict=True,
)

RELAXED = Limits(
    "relaxed",
    rules=10_000,
    evaluations_per_condition=100,
    evaluations_per_rule=200,
    wildcards_per_rule=200,
    target_groups_per_action=20,
    rewrites_per_transform=10,
    strict=False,
)

MAX_LOCATION = 8192
"""Bytes of a redirect's Location; longer ones are answered 507 by ALB."""

MAX_REWRITTEN = 16_384
"""Bytes of a request target after a url-rewrite: ALB's limit of a request line."""
