"""ARNs: AWS's shape, the same after every restart."""

import re

from lb.config.arns import build_arns
from lb.config.models import LoadBalancerSection


def arns(**members: str | None):
    defaults = {"name": "web", "region": "local", "account": "000000000000", "load_balancer_arn": None}
    return build_arns(**{**defaults, **members})  # type: ignore[arg-type]


def test_arns_have_the_shape_that_sdks_parse() -> None:
    made = arns()
    prefix = "arn:aws:elasticloadbalancing:local:000000000000"
    assert re.fullmatch(rf"{prefix}:loadbalancer/app/web/[0-9a-f]{{16}}", made.load_balancer)
    assert re.fullmatch(
        rf"{prefix}:listener/app/web/[0-9a-f]{{16}}/[0-9a-f]{{16}}", made.listener("HTTP:8080")
    )
    assert re.fullmatch(rf"{prefix}:targetgroup/app/[0-9a-f]{{16}}", made.target_group("app"))


def test_arns_depend_on_names_only() -> None:
    assert arns() == arns()
    assert arns().load_balancer != arns(name="other").load_balancer
    assert arns().listener("a") != arns().listener("b")


def test_a_given_arn_gives_region_and_account_too() -> None:
    given = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/0123456789abcdef"
    made = arns(load_balancer_arn=given)
    assert made.load_balancer == given
    assert made.target_group("app").startswith(
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/app/"
    )
    assert ":listener/app/web/0123456789abcdef/" in made.listener("x")


def test_the_default_region_satisfies_verifiers_of_identity_tokens() -> None:
    """aws-jwt-verify's AlbJwtVerifier refuses a signer whose region has not a real one's shape."""
    made = arns(region=LoadBalancerSection().region)
    assert re.match(r"arn:aws:elasticloadbalancing:[a-z]{2}-(gov-)?[a-z]+-\d:", made.load_balancer)
