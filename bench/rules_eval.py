"""How long choosing a rule takes: `python -m bench.rules_eval`.

Each row is one rule set and one request; the time is the best of several rounds, so that other load on
the machine counts as little as possible. No claim about speed in the documentation without a row here.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version
from time import perf_counter_ns

from rules import RequestHead, RuleSet, evaluate, parse_ruleset
from rules.limits import RELAXED

ROUNDS = 25
FORWARD = [{"Type": "forward", "TargetGroupArn": "app"}]
HEADERS = [
    (b"host", b"app.example.com"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"accept-language", b"en-US,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"connection", b"keep-alive"),
    (b"cookie", b"AWSELBAuthSessionCookie-0=" + b"x" * 1200),
    (b"sec-fetch-dest", b"document"),
    (b"sec-fetch-mode", b"navigate"),
    (b"x-env", b"canary"),
]


def request(path: str = "/", *, host: str = "app.example.com", query: str = "") -> RequestHead:
    """Return a browser's request."""
    return RequestHead("GET", "https", host, 443, path, query, HEADERS, "203.0.113.9", authority=host)


def rule_set(*conditions: list[dict[str, object]]) -> RuleSet:
    """Return a rule set with one forwarding rule for each list of conditions."""
    rules = [
        {"Priority": at, "Conditions": item, "Actions": FORWARD} for at, item in enumerate(conditions, 1)
    ]
    return parse_ruleset({"DefaultActions": FORWARD, "Rules": rules}, limits=RELAXED)


def host(*values: str) -> dict[str, object]:
    """Return a host-header condition."""
    return {"Field": "host-header", "HostHeaderConfig": {"Values": list(values)}}


def path(*values: str) -> dict[str, object]:
    """Return a path-pattern condition."""
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}


def path_regex(*values: str) -> dict[str, object]:
    """Return a path-pattern condition with regexes."""
    return {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": list(values)}}


def header(name: str, *values: str) -> dict[str, object]:
    """Return an http-header condition."""
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": list(values)}}


def query(key: str, value: str) -> dict[str, object]:
    """Return a query-string condition."""
    return {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": key, "Value": value}]}}


def source(*values: str) -> dict[str, object]:
    """Return a source-ip condition."""
    return {"Field": "source-ip", "SourceIpConfig": {"Values": list(values)}}


TYPICAL = (
    [host("www.example.com")],
    [path("/health", "/static/*")],
    [host("app.example.com"), path("/api/*")],
    [host("app.example.com"), source("10.0.0.0/8")],
    [host("app.example.com")],
)
MIXED = (
    [host("www.example.com")],
    [path_regex("^/v[0-9]+/(users|orders)/")],
    [header("X-Env", "blue*"), path("/api/*")],
    [query("debug", "1")],
    [header("X-Env", "canary")],
)


def cases() -> Iterator[tuple[str, RuleSet, RequestHead, int]]:
    """Yield (name, rule set, request, number of the rule that must match; 0 the default rule)."""
    yield "no rules", rule_set(), request(), 0
    yield "5 typical rules, first matches", rule_set(*TYPICAL), request(host="www.example.com"), 1
    yield "5 typical rules, last matches", rule_set(*TYPICAL), request("/cart"), 5
    yield "5 typical rules, none matches", rule_set(*TYPICAL), request(host="else.example.com"), 0
    yield (
        "5 mixed rules (regex, header, query), last",
        rule_set(*MIXED),
        request("/v2/cart", query="a=1&b=2"),
        5,
    )
    hosts = [[host(f"tenant{at}.example.com")] for at in range(100)]
    yield "100 hosts, last matches", rule_set(*hosts), request(host="tenant99.example.com"), 100
    yield "100 hosts, none matches", rule_set(*hosts), request(), 0
    paths = [[host("app.example.com"), path(f"/svc{at}/*")] for at in range(100)]
    yield "100 paths on one host, last matches", rule_set(*paths), request("/svc99/x"), 100
    inner = [[path(f"*/module{at}/*")] for at in range(100)]
    yield "100 patterns with * at both ends, last", rule_set(*inner), request("/a/module99/b"), 100
    names = [[header("X-Env", f"env{at}*")] for at in range(99)] + [[header("X-Env", "canary")]]
    yield "100 header patterns, last matches", rule_set(*names), request(), 100
    keys = [[query(f"k{at}", "*on*")] for at in range(100)]
    yield "100 query keys, last matches", rule_set(*keys), request(query="a=b&c=d&k99=xonx"), 100
    blocks = [[source(f"10.{at}.0.0/16")] for at in range(99)] + [[source("203.0.113.0/24")]]
    yield "100 source blocks, last matches", rule_set(*blocks), request(), 100
    many = [[host(f"tenant{at}.example.com")] for at in range(10_000)]
    yield "10,000 hosts, last matches", rule_set(*many), request(host="tenant9999.example.com"), 10_000
    regexes = [[path_regex(f"^/svc{at}/[a-z]+$")] for at in range(100)]
    yield "100 anchored regexes, last matches", rule_set(*regexes), request("/svc99/x"), 100
    loose = [[path_regex(f"/svc{at}/[a-z]+/?$")] for at in range(100)]
    yield "100 loose regexes, last matches", rule_set(*loose), request("/a/svc99/xy"), 100


def measure(ruleset: RuleSet, head: RequestHead) -> float:
    """Return microseconds for one evaluation."""
    calls = 20
    while True:
        taken = _time(ruleset, head, calls)
        if taken > 2_000_000:
            break
        calls *= 4
    return min(_time(ruleset, head, calls) for _ in range(ROUNDS)) / calls / 1000


def _time(ruleset: RuleSet, head: RequestHead, calls: int) -> int:
    begun = perf_counter_ns()
    for _ in range(calls):
        evaluate(ruleset, head)
    return perf_counter_ns() - begun


def main() -> None:
    """Print the table."""
    print(
        f"{platform.machine()}, {platform.system()} {platform.release()}, Python {sys.version.split()[0]}, ",
        end="",
    )
    print(f"google-re2 {version('google-re2')}\n")
    print(f"{'rule set':<46}{'us per request':>16}")
    for name, ruleset, head, expected in cases():
        found = evaluate(ruleset, head).rule
        if found != expected:
            raise SystemExit(f"{name}: rule {found} matched instead of {expected}")
        print(f"{name:<46}{measure(ruleset, head):>16.2f}")


if __name__ == "__main__":
    main()
