"""Request heads and rule documents for the tests of `rules`, written short."""

from __future__ import annotations

from typing import Any

from rules import Problem, RequestHead, RuleSet, parse_ruleset
from rules.problems import InvalidRules, format_place

FORWARD: list[dict[str, Any]] = [{"Type": "forward", "TargetGroupArn": "app"}]

HOSTILE_HOSTS = [
    "",
    "a b",
    "user@evil.org",
    "evil.org/",
    "evil.org\\",
    "/evil.org",
    "evil.org?x",
    "evil.org#x",
    "evil.org:80",
    "a\r\nb",
    "a\tb",
    "a%2eb",
    "a..b",
    ".a",
    "[::1",
    "[::1]x",
    "caf\u00e9.org",
    "a" * 254,
]
"""Host values that must never get into a URL."""


def make_head(
    target: str = "/",
    *,
    method: str = "GET",
    host: str = "app.example.com",
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
    peer: str = "203.0.113.9",
    **members: Any,
) -> RequestHead:
    """Return the head of a request to `target` (path and query)."""
    path, _, query = target.partition("?")
    pairs = headers.items() if isinstance(headers, dict) else headers or ()
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
    defaults: dict[str, Any] = {"scheme": "http", "port": 80, "authority": host} | members
    return RequestHead(method=method, host=host, path=path, query=query, headers=raw, peer=peer, **defaults)


def make_document(*conditions: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return a document with one rule of priority 10 that forwards to `app`, and the default rule."""
    rule = {"Priority": 10, "Conditions": list(conditions), "Actions": FORWARD} | members
    return {"DefaultActions": FORWARD, "Rules": [rule]}


def make_ruleset(*conditions: dict[str, Any], **members: Any) -> RuleSet:
    """Return the rule set of `make_document`."""
    return parse_ruleset(make_document(*conditions, **members))


def problems_of(document: object, **options: Any) -> list[Problem]:
    """Return every problem of a document: errors when it is refused, else warnings."""
    try:
        return list(parse_ruleset(document, **options).warnings)  # type: ignore[arg-type]
    except InvalidRules as error:
        return list(error.problems)


def places_of(document: object, **options: Any) -> dict[str, str]:
    """Return the problems of a document as place -> code."""
    return {format_place(problem.where): problem.code for problem in problems_of(document, **options)}
