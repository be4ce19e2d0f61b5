"""What a step of a sign-in is to the log and to the account's history. Pure, but for the log line."""

from __future__ import annotations

import logging
from typing import Final

from idp.outcomes import Challenged, SignInOutcome, SignInRefused, Trace
from idp.protection.history import Happening
from idp.signin.flows.caller import Caller
from idp.signin.flows.factor_steps import SERVED
from idp.signin.flows.names import AuthFlow, ChallengeName

C = ChallengeName
PASSWORDS: Final = frozenset({C.PASSWORD, C.PASSWORD_VERIFIER})
FLOWS_WITH_PASSWORD: Final = frozenset({AuthFlow.USER_PASSWORD_AUTH, AuthFlow.ADMIN_USER_PASSWORD_AUTH})


def opening(flow: AuthFlow) -> ChallengeName | None:
    """What was answered by beginning with this flow."""
    return C.PASSWORD if flow in FLOWS_WITH_PASSWORD else None


def happening_of(
    caller: Caller, challenge: ChallengeName | None, outcome: SignInOutcome, trace: Trace
) -> Happening:
    """What an account's history says of a step."""
    is_refused = isinstance(outcome, SignInRefused)
    response = "Fail" if is_refused else "InProgress" if isinstance(outcome, Challenged) else "Pass"
    kind = "Mfa" if challenge in SERVED else "Password" if challenge in PASSWORDS else None
    # A refusal that names the user follows from a right answer.
    told = "Failure" if isinstance(outcome, SignInRefused) and outcome.username is None else "Success"
    answered = ({"ChallengeName": kind, "ChallengeResponse": told},) if kind else ()
    return Happening(
        trace.event, "SignIn", response, caller.address, caller.origin, challenges=answered, risk=trace.risk
    )


def log_step(log: logging.Logger, caller: Caller, *, subject: str, outcome: SignInOutcome) -> None:
    """Record who tried from where; never the typed name, which is a password now and then."""
    if isinstance(outcome, Challenged):
        result = outcome.name.value
    else:
        result = outcome.reason.value if isinstance(outcome, SignInRefused) else type(outcome).__name__
    log.info(
        "sign-in pool=%s client=%s subject=%s address=%s: %s",
        caller.pool.id,
        caller.client.id,
        subject,
        caller.address,
        result,
    )
