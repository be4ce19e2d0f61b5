"""Hypothesis strategies for conditions, rule sets and requests that are likely to meet."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from rules import (
    AdditionalClaim,
    AuthenticateCognito,
    AuthenticateOidc,
    ClaimFormat,
    FixedResponse,
    Forward,
    HostHeader,
    HostHeaderRewrite,
    HttpHeader,
    HttpRequestMethod,
    JwtValidation,
    OnUnauthenticatedRequest,
    PathPattern,
    QueryPair,
    QueryString,
    Redirect,
    RequestHead,
    Rewrite,
    Rule,
    RuleSet,
    SessionPolicy,
    SourceIp,
    TargetGroupStickiness,
    UrlRewrite,
    WeightedTargetGroup,
)

quickly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For the properties of rules: many small examples, and no verdict about a busy machine."""

# A tiny alphabet: random patterns and random texts then match each other often.
glob_texts = st.text("ab*?", min_size=1, max_size=8)
plain_texts = st.text("abA", max_size=10)
_hosts = st.builds("{}.{}".format, st.text("ab*?", min_size=1, max_size=4), st.sampled_from(["com", "org"]))
_paths = st.builds("/{}".format, st.text("ab/*?", max_size=6))
_regexes = st.sampled_from(
    ["^/a", "b/$", "(a|b)b", "^/[ab]{2,3}/", "a.b", "^a.*com$", "b+", "\\.com$", "/a/b?"]
)
_headers = st.sampled_from(["X-Env", "x-Other"])
_query_parts = st.one_of(
    st.text("ab*?", min_size=1, max_size=5), st.sampled_from(["\\*a", "a\\?", "\\\\", "*\\**"])
)


def _several(items: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(items, min_size=1, max_size=3, unique=True).map(tuple)


hosts = st.one_of(
    st.builds(HostHeader, _several(_hosts)), st.builds(HostHeader, regex_values=_several(_regexes))
)
paths = st.one_of(
    st.builds(PathPattern, _several(_paths)),
    st.builds(PathPattern, _several(_regexes.map(lambda text: text.strip("^$\\()[]{}+|")).filter(bool))),
    st.builds(PathPattern, regex_values=_several(_regexes)),
)
headers = st.one_of(
    st.builds(HttpHeader, _headers, _several(glob_texts)),
    st.builds(HttpHeader, _headers, regex_values=_several(_regexes)),
)
methods = st.builds(HttpRequestMethod, _several(st.sampled_from(["GET", "POST", "PURGE"])))
pairs = st.builds(QueryPair, _query_parts, st.none() | _query_parts)
queries = st.builds(QueryString, st.lists(pairs, min_size=1, max_size=3).map(tuple))
sources = st.builds(
    SourceIp, _several(st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "::/0", "2001:db8::/32"]))
)
single = st.one_of(hosts, paths, methods, sources)
conditions = st.tuples(
    st.lists(single, max_size=3, unique_by=type), st.lists(st.one_of(headers, queries), max_size=2)
).map(lambda lists: (*lists[0], *lists[1]) or (PathPattern(("/a*",)),))

heads = st.builds(
    RequestHead,
    method=st.sampled_from(["GET", "POST", "get"]),
    scheme=st.just("http"),
    host=st.builds("{}.{}".format, st.text("ab", max_size=4), st.sampled_from(["com", "org"])),
    port=st.just(80),
    path=st.builds("/{}".format, st.text("ab/A", max_size=8)),
    query=st.text("ab=&*?\\A#", max_size=14),
    headers=st.lists(
        st.tuples(
            st.sampled_from([b"x-env", b"x-other", b"accept"]), st.text("abA.", max_size=6).map(str.encode)
        ),
        max_size=4,
    ),
    peer=st.sampled_from(["10.1.2.3", "10.9.9.9", "192.0.2.1", "2001:db8::1", "fe80::1"]),
)

groups = st.lists(
    st.builds(WeightedTargetGroup, st.sampled_from(["blue", "green", "canary"]), st.integers(0, 999)),
    min_size=1,
    max_size=3,
    unique_by=lambda group: group.name,
).map(tuple)
forwards = st.builds(
    Forward, groups, st.builds(TargetGroupStickiness, st.booleans(), st.integers(1, 604_800))
)
redirects = st.builds(
    Redirect,
    st.sampled_from([301, 302]),
    protocol=st.sampled_from(["HTTP", "HTTPS", "#{protocol}"]),
    port=st.integers(1, 65_535).map(str) | st.just("#{port}"),
    host=st.sampled_from(["www.#{host}", "example.com"]),
    path=st.sampled_from(["/#{path}", "/", "/#{host}/#{port}/#{path}"]),
    query=st.sampled_from(["", "#{query}", "a=#{protocol}&#{query}"]),
)
fixed_responses = st.builds(
    FixedResponse,
    st.sampled_from([200, 404, 503]),
    st.sampled_from(["text/plain", "application/json"]),
    st.text(max_size=40),
)
sessions = st.builds(
    SessionPolicy,
    session_cookie_name=st.sampled_from(["AWSELBAuthSessionCookie", "mine"]),
    scope=st.sampled_from(["openid", "openid email"]),
    session_timeout=st.integers(1, 604_800),
    on_unauthenticated_request=st.sampled_from(OnUnauthenticatedRequest),
    authentication_request_extra_params=st.sampled_from([(), (("prompt", "login"), ("display", ""))]),
)
_urls = st.sampled_from(["https://idp.example.com/x", "http://localhost:9000/x"])
pre_actions = st.one_of(
    st.builds(AuthenticateCognito, st.just("demo"), st.just("web"), st.sampled_from(["", "demo"]), sessions),
    st.builds(
        AuthenticateOidc,
        _urls,
        st.just("id"),
        st.just("secret"),
        authorization_endpoint=_urls | st.just(""),
        token_endpoint=_urls | st.just(""),
        user_info_endpoint=_urls | st.just(""),
        session=sessions,
    ),
    st.builds(
        JwtValidation,
        _urls,
        st.just("https://idp.example.com"),
        st.lists(
            st.builds(
                AdditionalClaim, st.just("scope"), st.sampled_from(ClaimFormat), st.just(("read", "write"))
            ),
            max_size=2,
        ).map(tuple),
    ),
)
_rewrites = st.lists(
    st.builds(Rewrite, st.just("^(.)(.*)$"), st.sampled_from(["$1$2", "/x$2", ""])), min_size=1, max_size=2
)
transforms = st.sampled_from([HostHeaderRewrite, UrlRewrite]).flatmap(
    lambda kind: st.builds(kind, _rewrites.map(tuple))
)
rules = st.builds(
    Rule,
    priority=st.integers(1, 50_000),
    routing=st.one_of(forwards, redirects, fixed_responses),
    conditions=conditions,
    pre_action=st.none() | pre_actions,
    transforms=st.lists(transforms, max_size=2, unique_by=type).map(tuple),
)
default_rules = st.builds(
    Rule, st.just(0), st.one_of(forwards, redirects, fixed_responses), pre_action=st.none() | pre_actions
)
rulesets = st.builds(
    RuleSet, st.lists(rules, max_size=3, unique_by=lambda rule: rule.priority).map(tuple), default_rules
)
"""Few rules that hold everything that a rule can hold."""

# Up to 12 rules: both ways of finding the first match are taken.
matchable = st.lists(conditions, max_size=12).map(
    lambda lists: RuleSet(
        tuple(Rule(at, FixedResponse(200), own) for at, own in enumerate(lists, 1)),
        Rule(0, FixedResponse(404)),
    )
)
"""Many rules that differ in their conditions only."""
