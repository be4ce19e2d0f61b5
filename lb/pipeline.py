"""What to do with a request: rules, then the rule's pre-action, then its routing action.

`decide` is synchronous and does no I/O. Where I/O is needed first (code exchange, refresh, key fetch) it
gives a `Pending` whose coroutine ends in a `Dispatch` or an `Answer`. Order: the callback path of logins
and the key documents come before the rules, as observed of ALB's callback.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace

from lb.authn.origin import CALLBACK_PATH
from lb.headers import target_authority
from lb.outcomes import Answer, Dispatch, Pending, Proceed
from lb.reasons import Reason
from lb.responses import fixed_response, redirect, refuse
from lb.snapshot import ListenerSnapshot
from lb.targets.select import pick_group
from rules.actions import FixedResponse, Forward, Redirect
from rules.redirects import LocationFailure, build_location
from rules.request import RequestHead
from rules.ruleset import Decision
from rules.transforms import TransformFailure, apply_transforms

KEYS_PREFIX = "/.well-known/albacore/"

_UNREDIRECTED = {
    LocationFailure.TOO_LONG: Reason.REDIRECT_TOO_LONG,
    LocationFailure.UNSAFE: Reason.BAD_REQUEST,
}

Outcome = Dispatch | Answer | Pending
_NOTHING = Proceed(until=math.inf, depends_on=b"")


def decide(listener: ListenerSnapshot, head: RequestHead, now: float) -> Outcome:
    """Decide what happens to a request; `now` in epoch seconds."""
    if listener.callback is not None and head.path == CALLBACK_PATH:
        return _callback(listener.callback.handle(head, now))
    if listener.serve_key is not None and _may_be_key(head):
        document = listener.serve_key(head.path)
        if document is not None:
            return document
        # Not for long: the next key may have this name.
        return _follow_rules(listener, head, now, without=Proceed())
    return _follow_rules(listener, head, now, without=_NOTHING)


def _may_be_key(head: RequestHead) -> bool:
    return head.path.startswith(KEYS_PREFIX) and head.method in ("GET", "HEAD")


def find_rule(listener: ListenerSnapshot, head: RequestHead) -> Decision | None:
    """Return what the rules say of a request, or None where others have the say before them."""
    if listener.callback is not None and head.path == CALLBACK_PATH:
        return None
    if listener.serve_key is not None and _may_be_key(head):
        return None
    return listener.find(head)


def _follow_rules(listener: ListenerSnapshot, head: RequestHead, now: float, *, without: Proceed) -> Outcome:
    """Find the rule and do what it says; `without` stands for the pre-action of a rule that has none."""
    decision = listener.find(head)
    if decision.pre_action is None:
        return _route(listener, head, decision, without)
    return _pre_action(listener, head, decision, listener.pre_actions[decision.rule].handle(head, now))


def _callback(outcome: Answer | Pending) -> Answer | Pending:
    if isinstance(outcome, Answer):
        # Rejected callbacks are logged under rule priority -1 (observed).
        return replace(outcome, priority=-1) if outcome.reason else outcome

    async def run() -> Answer:
        answer = await outcome.run()
        assert isinstance(answer, Answer)
        return replace(answer, priority=-1) if answer.reason else answer

    return Pending(run, outcome.label)


def _pre_action(
    listener: ListenerSnapshot, head: RequestHead, decision: Decision, outcome: Proceed | Answer | Pending
) -> Outcome:
    if isinstance(outcome, Proceed):
        return _route(listener, head, decision, outcome)
    if isinstance(outcome, Answer):
        return replace(outcome, priority=decision.rule)

    async def run() -> Dispatch | Answer:
        finished = await outcome.run()
        assert isinstance(finished, Proceed | Answer)
        settled = _pre_action(listener, head, decision, finished)
        assert not isinstance(settled, Pending)
        return settled

    return Pending(run, outcome.label)


def _route(
    listener: ListenerSnapshot, head: RequestHead, decision: Decision, proceed: Proceed
) -> Dispatch | Answer:
    routing = decision.routing
    if isinstance(routing, Forward):
        return _forward(listener, head, decision, proceed)
    if isinstance(routing, Redirect):
        location = build_location(routing, head)
        if isinstance(location, LocationFailure):
            return replace(refuse(_UNREDIRECTED[location]), priority=decision.rule)
        answer = redirect(routing.status_code, location)
    else:
        assert isinstance(routing, FixedResponse)
        answer = fixed_response(routing)
    before = (proceed.action,) if proceed.action else ()
    return replace(
        answer,
        headers=(*answer.headers, *proceed.response_headers),
        actions=(*before, *answer.actions),
        priority=decision.rule,
    )


def _forward(
    listener: ListenerSnapshot, head: RequestHead, decision: Decision, proceed: Proceed
) -> Dispatch | Answer:
    routing = decision.routing
    assert isinstance(routing, Forward)
    groups = routing.target_groups
    # Sharing load needs no unpredictable numbers.
    group = pick_group(groups, random.random() if len(groups) > 1 else 0.0)  # noqa: S311
    actions = (proceed.action, "forward") if proceed.action else ("forward",)
    if group is None:
        return replace(refuse(Reason.NO_TARGETS), priority=decision.rule, actions=actions)
    dispatch = Dispatch(
        group,
        head.path,
        head.query,
        target_authority(head, preserve_host=listener.policy.preserve_host),
        proceed.request_headers,
        proceed.response_headers,
        actions,
        priority=decision.rule,
        subject=proceed.subject,
        # By weight each request is a draw of its own.
        until=proceed.until if len(groups) == 1 else 0.0,
        decision=None if decision.transforms or proceed.response_headers else decision,
        depends_on=proceed.depends_on,
    )
    return _transform(head, decision, dispatch) if decision.transforms else dispatch


def _transform(head: RequestHead, decision: Decision, dispatch: Dispatch) -> Dispatch | Answer:
    result = apply_transforms(decision.transforms, host=head.host, path=head.path, query=head.query)
    if isinstance(result, TransformFailure):
        return replace(
            refuse(Reason.TRANSFORM_FAILED),
            priority=decision.rule,
            actions=dispatch.actions,
            transform_status=result.status,
        )
    dispatch.path, dispatch.query = result.path, result.query
    if result.host != head.host:
        # A rewritten host is sent as written: it wins over the rules for Host and port.
        dispatch.authority = dispatch.transformed_host = result.host
    if (result.path, result.query) != (head.path, head.query):
        dispatch.transformed_uri = f"{result.path}?{result.query}" if result.query else result.path
    dispatch.transform_status = result.status
    return dispatch
