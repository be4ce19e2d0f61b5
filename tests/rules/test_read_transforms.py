"""Transforms in documents."""

from typing import Any

import pytest

from rules import AWS, HostHeaderRewrite, Rewrite, UrlRewrite, parse_ruleset
from tests.support.rules_heads import make_document, places_of, problems_of

CONDITION = {"Field": "path-pattern", "Values": ["/a"]}


def transforms(*items: Any) -> dict[str, Any]:
    return make_document(CONDITION, Transforms=list(items))


def url(regex: object = "^/a", replace: object = "/b") -> dict[str, Any]:
    return {"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": regex, "Replace": replace}]}}


def host(*rewrites: tuple[str, str]) -> dict[str, Any]:
    items = [{"Regex": regex, "Replace": replace} for regex, replace in rewrites]
    return {"Type": "host-header-rewrite", "HostHeaderRewriteConfig": {"Rewrites": items}}


AT = "Rules[0].Transforms[0]"
REWRITE = f"{AT}.UrlRewriteConfig.Rewrites[0]"


def test_both_kinds_are_read() -> None:
    ruleset = parse_ruleset(transforms(url(), host((r"^(.+)\.example$", "$1.internal"))), limits=AWS)
    assert ruleset.rules[0].transforms == (
        UrlRewrite((Rewrite("^/a", "/b"),)),
        HostHeaderRewrite((Rewrite(r"^(.+)\.example$", "$1.internal"),)),
    )


@pytest.mark.parametrize(
    ("document", "place", "code"),
    [
        (transforms({}), AT, "MissingMember"),
        (transforms({"Type": "path-rewrite"}), f"{AT}.Type", "ValidationError"),
        (transforms({"Type": "url-rewrite"}), AT, "MissingMember"),
        (transforms(url(), url()), "Rules[0].Transforms[1].Type", "ValidationError"),
        (
            transforms({**url(), **host(("a", "b")), "Type": "url-rewrite"}),
            f"{AT}.HostHeaderRewriteConfig",
            "ValidationError",
        ),
        (transforms(host()), f"{AT}.HostHeaderRewriteConfig.Rewrites", "MissingMember"),
        (transforms(url(None)), REWRITE, "MissingMember"),
        (transforms(url("a", None)), REWRITE, "MissingMember"),
        (transforms(url("(?=a)")), f"{REWRITE}.Regex", "InvalidRegex"),
        (transforms(url("a" * 1025)), f"{REWRITE}.Regex", "ValidationError"),
        (transforms(url("(a)", "$2")), f"{REWRITE}.Replace", "ValidationError"),
        (transforms(url("a", "b\r\nX: y")), f"{REWRITE}.Replace", "ValidationError"),
        (transforms(url("a", "b" * 1025)), f"{REWRITE}.Replace", "ValidationError"),
    ],
)
def test_every_fault_is_reported_at_its_place(document: dict[str, Any], place: str, code: str) -> None:
    assert places_of(document) == {place: code}


def test_number_of_rewrites_is_limited() -> None:
    several = transforms(host(("a", "b"), ("c", "d")))
    assert not problems_of(several)
    assert places_of(several, limits=AWS) == {f"{AT}.HostHeaderRewriteConfig.Rewrites": "ValidationError"}


def test_an_empty_replacement_cuts_out() -> None:
    assert not problems_of(transforms(url("^/a", "")))


def test_default_rule_has_no_transforms() -> None:
    document = {**make_document(CONDITION), "Transforms": [url()]}
    assert places_of(document) == {"Transforms": "UnknownMember"}
