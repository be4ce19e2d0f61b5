"""ARNs of this load balancer's objects: in AWS's shape, and the same after every restart.

alb.md 10.2. The 16 hexadecimal digits are derived from names, because sessions are bound to a listener's
ARN and apps check the load balancer's; neither may change when the process restarts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arns:
    """Builds the ARNs that belong to one load balancer."""

    region: str
    account: str
    load_balancer: str

    def listener(self, identity: str) -> str:
        """Return the ARN of the listener that `identity` (its port, as a rule) tells apart from the
        others.
        """
        prefix, _, path = self.load_balancer.partition(":loadbalancer/")
        return f"{prefix}:listener/{path}/{digits('listener', self.load_balancer, identity)}"

    def target_group(self, name: str) -> str:
        """Return the ARN of a target group."""
        head = f"arn:aws:elasticloadbalancing:{self.region}:{self.account}:targetgroup"
        return f"{head}/{name}/{digits('targetgroup', self.load_balancer, name)}"


def build_arns(*, name: str, region: str, account: str, load_balancer_arn: str | None) -> Arns:
    """Return the ARNs for a load balancer; `load_balancer_arn` overrides the derived one, region and
    account.
    """
    if load_balancer_arn is not None:
        _, _, _, region, account, _ = load_balancer_arn.split(":", 5)
        return Arns(region, account, load_balancer_arn)
    tail = f"loadbalancer/app/{name}/{digits('loadbalancer', region, account, name)}"
    return Arns(region, account, f"arn:aws:elasticloadbalancing:{region}:{account}:{tail}")


def digits(*parts: str) -> str:
    """Return 16 hexadecimal digits that depend on every part and on nothing else."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
