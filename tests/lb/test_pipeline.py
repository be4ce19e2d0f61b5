"""What is decided about a request: callback and keys before the rules, pre-action before the routing
action."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from lb.outcomes import Answer, Dispatch, Pending, PreActionOutcome, Proceed
from lb.pipeline import decide
from lb.reasons import Reason
from lb.responses import refuse
from lb.settings import LoadBalancerAttributes
from lb.snapshot import Authentication, ListenerSnapshot, compile_snapshot
from rules.actions import PreAction
from rules.request import RequestHead
from tests.support.data_plane import FORWARD, build_settings

OIDC = {
    "Type": "authenticate-oidc",
    "Order": 1,
    "AuthenticateOidcConfig": {
        "Issuer": "https://issuer.example",
        "AuthorizationEndpoint": "https://issuer.example/authorize",
        "TokenEndpoint": "https://issuer.example/token",
        "UserInfoEndpoint": "https://issuer.example/userinfo",
        "ClientId": "client",
        "ClientSecret": "secret",
    },
}
FIXED = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "fixed"}}
LOGIN = Answer(302, ((b"Location", b"https://issuer.example/"),), actions=("authenticate",))
PASSED = Proceed(
    request_headers=((b"x-amzn-oidc-identity", b"ada"),),
    response_headers=((b"Set-Cookie", b"s=1"),),
    action="authenticate",
    subject="ada",
)


class Scripted:
    """A pre-action, or a callback, that comes to what a test wants."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    def handle(self, head: RequestHead, now: float) -> Any:
        return self.outcome


def later(finished: Answer | Proceed) -> Pending:
    async def run() -> Answer | Proceed:
        await asyncio.sleep(0)
        return finished

    return Pending(run, "provider")


def listener(
    *actions: Mapping[str, Any],
    rules: tuple[Mapping[str, Any], ...] = (),
    outcome: PreActionOutcome = PASSED,
    callback: Answer | Pending = LOGIN,
    attributes: LoadBalancerAttributes | None = None,
    port: int = 80,
) -> ListenerSnapshot:
    settings = build_settings(
        [1], port=port, actions=actions or (FORWARD,), rules=rules, attributes=attributes
    )

    def compile_action(action: PreAction, binding: str) -> Scripted:
        return Scripted(outcome)

    authentication = Authentication(
        compile_action,
        lambda handlers: Scripted(callback),
        lambda path: Answer(200, body=b"key") if path.endswith("jwks.json") else None,
    )
    return compile_snapshot(settings, authentication).listeners["listener"]


def head(
    path: str = "/", query: str = "", *, method: str = "GET", host: str = "app.example.com"
) -> RequestHead:
    return RequestHead(
        method, "http", host, 80, path, query, [(b"host", host.encode())], "127.0.0.1", authority=host
    )


def rule(path: str, *actions: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
    return {
        "Priority": 7,
        "Conditions": [{"Field": "path-pattern", "Values": [path]}],
        "Actions": list(actions),
        **more,
    }


async def settle(outcome: Any) -> Any:
    assert isinstance(outcome, Pending)
    run: Callable[[], Awaitable[Any]] = outcome.run
    return await run()


def test_forward_names_group_target_and_host() -> None:
    outcome = decide(listener(), head("/a%2Fb", "c=d"), 0.0)
    assert isinstance(outcome, Dispatch)
    assert (outcome.group, outcome.path, outcome.query) == ("app", "/a%2Fb", "c=d")
    assert (outcome.authority, outcome.actions, outcome.priority) == ("app.example.com", ("forward",), 0)


def test_group_of_weight_zero_answers_503() -> None:
    weightless = {
        "Type": "forward",
        "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "app", "Weight": 0}]},
    }
    outcome = decide(listener(weightless), head(), 0.0)
    assert isinstance(outcome, Answer)
    assert (outcome.reason, outcome.priority) == (Reason.NO_TARGETS, 0)


def test_weights_share_the_requests() -> None:
    groups = [{"TargetGroupArn": "app", "Weight": 1}, {"TargetGroupArn": "other", "Weight": 3}]
    split = listener({"Type": "forward", "ForwardConfig": {"TargetGroups": groups}})
    outcomes = [decide(split, head(), 0.0) for _ in range(400)]
    chosen = [outcome.group for outcome in outcomes if isinstance(outcome, Dispatch)]
    assert 200 < chosen.count("other") < 390
    assert chosen.count("app") == 400 - chosen.count("other")


def test_redirect_and_fixed_response_carry_their_rule() -> None:
    redirecting = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Path": "/new"}}
    there = listener(rules=(rule("/old", redirecting),))
    outcome = decide(there, head("/old"), 0.0)
    assert isinstance(outcome, Answer)
    assert (outcome.status, outcome.priority, outcome.actions) == (301, 7, ("redirect",))
    assert outcome.redirect_url == "http://app.example.com:80/new"
    fixed = decide(listener(FIXED), head(), 0.0)
    assert isinstance(fixed, Answer)
    assert (fixed.body, fixed.priority) == (b"fixed", 0)


def test_redirect_that_grows_too_long_answers_507() -> None:
    redirecting = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302", "Path": "/new/#{path}"}}
    outcome = decide(listener(redirecting), head("/" + "a" * 9000), 0.0)
    assert isinstance(outcome, Answer)
    assert (outcome.status, outcome.reason, outcome.priority) == (507, Reason.REDIRECT_TOO_LONG, 0)


def test_authenticated_request_carries_identity_and_cookies() -> None:
    outcome = decide(listener(OIDC, {**FORWARD, "Order": 2}), head(), 0.0)
    assert isinstance(outcome, Dispatch)
    assert outcome.request_headers == PASSED.request_headers
    assert outcome.response_headers == PASSED.response_headers
    assert (outcome.actions, outcome.subject) == (("authenticate", "forward"), "ada")
    assert "ada" not in repr(outcome)


def test_protected_fixed_response_sets_the_cookie_of_a_refresh() -> None:
    outcome = decide(listener(OIDC, {**FIXED, "Order": 2}), head(), 0.0)
    assert isinstance(outcome, Answer)
    assert outcome.headers[-1] == (b"Set-Cookie", b"s=1")
    assert outcome.actions == ("authenticate", "fixed-response")


def test_request_without_session_is_answered_under_its_rule() -> None:
    there = listener(rules=(rule("/in", OIDC, {**FORWARD, "Order": 2}),), outcome=LOGIN)
    outcome = decide(there, head("/in"), 0.0)
    assert isinstance(outcome, Answer)
    assert (outcome.status, outcome.priority) == (302, 7)
    assert isinstance(decide(there, head("/out"), 0.0), Dispatch)


@pytest.mark.parametrize("finished", [PASSED, LOGIN], ids=["passes", "answers"])
async def test_pending_pre_action_goes_on_with_the_routing_action(finished: Answer | Proceed) -> None:
    outcome = await settle(
        decide(listener(OIDC, {**FORWARD, "Order": 2}, outcome=later(finished)), head(), 0.0)
    )
    if finished is PASSED:
        assert isinstance(outcome, Dispatch)
        assert outcome.request_headers == PASSED.request_headers
    else:
        assert isinstance(outcome, Answer)
        assert (outcome.status, outcome.priority) == (302, 0)


async def test_callback_comes_before_the_rules_and_logs_refusals_under_minus_one() -> None:
    refusal = refuse(Reason.AUTH_INVALID_STATE)
    for callback in (refusal, later(refusal)):
        there = listener(OIDC, {**FORWARD, "Order": 2}, callback=callback)
        outcome = decide(there, head("/oauth2/idpresponse", "code=x"), 0.0)
        answer = await settle(outcome) if isinstance(outcome, Pending) else outcome
        assert (answer.reason, answer.priority) == (Reason.AUTH_INVALID_STATE, -1)
    success = later(LOGIN)
    outcome = decide(
        listener(OIDC, {**FORWARD, "Order": 2}, callback=success), head("/oauth2/idpresponse"), 0.0
    )
    assert await settle(outcome) == LOGIN


def test_callback_path_is_ordinary_where_nobody_logs_in() -> None:
    assert isinstance(decide(listener(), head("/oauth2/idpresponse"), 0.0), Dispatch)


def test_key_documents_are_served_where_identities_are_signed() -> None:
    there = listener(OIDC, {**FORWARD, "Order": 2}, outcome=LOGIN)
    outcome = decide(there, head("/.well-known/albacore/jwks.json"), 0.0)
    assert isinstance(outcome, Answer)
    assert outcome.body == b"key"
    for other in (
        head("/.well-known/albacore/nothing"),
        head("/.well-known/albacore/jwks.json", method="POST"),
    ):
        assert decide(there, other, 0.0).status == 302  # type: ignore[union-attr]
    assert isinstance(decide(listener(), head("/.well-known/albacore/jwks.json"), 0.0), Dispatch)


def transforming(kind: str, regex: str, replace: str) -> Mapping[str, Any]:
    config = {"host-header-rewrite": "HostHeaderRewriteConfig", "url-rewrite": "UrlRewriteConfig"}[kind]
    return {"Type": kind, config: {"Rewrites": [{"Regex": regex, "Replace": replace}]}}


def test_transforms_change_what_the_target_gets() -> None:
    transforms = [
        transforming("url-rewrite", "^/item/([0-9]+)$", "/view?item=$1"),
        transforming("host-header-rewrite", "^app[.](.+)$", "inner.$1"),
    ]
    there = listener(rules=(rule("/item/*", FORWARD, Transforms=transforms),), port=8080)
    outcome = decide(there, head("/item/5"), 0.0)
    assert isinstance(outcome, Dispatch)
    assert (outcome.path, outcome.query, outcome.authority) == ("/view", "item=5", "inner.example.com")
    assert (outcome.transformed_uri, outcome.transformed_host) == ("/view?item=5", "inner.example.com")
    assert outcome.transform_status == "TransformSuccess"
    untouched = decide(there, head("/item/five"), 0.0)
    assert isinstance(untouched, Dispatch)
    assert (untouched.path, untouched.transformed_uri, untouched.authority) == (
        "/item/five",
        "",
        "inner.example.com",
    )


def test_transform_that_cannot_be_applied_answers_500() -> None:
    transforms = [transforming("url-rewrite", "^/bad/(.*)$", "no-slash$1")]
    outcome = decide(listener(rules=(rule("/bad/*", FORWARD, Transforms=transforms),)), head("/bad/x"), 0.0)
    assert isinstance(outcome, Answer)
    assert (outcome.reason, outcome.priority) == (Reason.TRANSFORM_FAILED, 7)
    assert outcome.transform_status.startswith("Transform")


def test_preserved_host_is_kept() -> None:
    there = listener(attributes=LoadBalancerAttributes(preserve_host_header=True), port=8080)
    outcome = decide(there, head(host="app.example.com"), 0.0)
    assert isinstance(outcome, Dispatch)
    assert outcome.authority == "app.example.com"
