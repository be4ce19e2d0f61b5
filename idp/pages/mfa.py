"""/mfa, /mfa/resend, /mfa/choose and /mfa/setup: what is asked after the password, or in its place.

The sign-in itself is the core's: a page holds its session, sealed into the step, and shows what it waits
for. No page opens the browser's session or makes a code; only the outcome SignedIn does, in `login.finish`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup
from starlette.responses import Response

from idp.factors import totp
from idp.factors.service import SEED, SET_UP_DONE
from idp.oauth.answers import see_other
from idp.outcomes import SignInOutcome, SignInReason, SignInRefused, UserRefused
from idp.pages.local import is_local
from idp.pages.login import caller_of, lead_on
from idp.pages.steps import Step, StepKind
from idp.pages.visit import Visit
from idp.signin.flows.names import ChallengeName
from idp.signin.setups import SetupTurn

ANSWERS: Final[Mapping[str, str]] = {
    ChallengeName.SMS_MFA: "SMS_MFA_CODE",
    ChallengeName.SMS_OTP: "SMS_OTP_CODE",
    ChallengeName.EMAIL_OTP: "EMAIL_OTP_CODE",
    ChallengeName.SOFTWARE_TOKEN_MFA: "SOFTWARE_TOKEN_MFA_CODE",
}
_MEDIA: Final[Mapping[str | None, str]] = {ChallengeName.SMS_MFA: "SMS", ChallengeName.SMS_OTP: "SMS"}
_STAY: Final = frozenset(
    {
        SignInReason.CODE_MISMATCH,
        SignInReason.CODE_EXPIRED,
        SignInReason.LIMIT_EXCEEDED,
        SignInReason.DELIVERY_FAILED,
        SignInReason.LOCKED,
        SignInReason.SOFTWARE_TOKEN_UNAVAILABLE,
    }
)


async def show_code(visit: Visit) -> Response:
    """Ask for the code of an app, a mail or a text message."""
    opened = visit.open(StepKind.FACTOR)
    if opened is None or opened[1].challenge not in ANSWERS:
        return see_other(visit.link("/login"))
    sealed, step = opened
    by_app = step.challenge == ChallengeName.SOFTWARE_TOKEN_MFA
    key = "mfa.app" if by_app else "mfa.sent_to" if step.proven else "mfa.maybe_sent_to"
    return visit.render(
        "mfa.html",
        "mfa.title",
        intro=visit.say(key, destination=step.destination),
        step=sealed,
        resends=not by_app,
        inbox=visit.site.core.outbox.keeps(_MEDIA.get(step.challenge, "EMAIL"))
        and is_local(visit.request, visit.site),
        wrong=bool(visit.problems),
        notice=visit.say(step.notice) if step.notice and not visit.problems else None,
    )


async def submit_code(visit: Visit) -> Response:
    """Check the code, and go on to wherever the sign-in leads."""
    opened = visit.open(StepKind.FACTOR)
    key = ANSWERS.get(opened[1].challenge or "") if opened else None
    if opened is None or key is None:
        return await show_code(visit)
    code = "".join(visit.form.text("code").split())
    if not code:
        return await show_code(visit.with_problems([visit.say("problem.code_missing")]))
    outcome = await _answer(visit, opened[1], {key: code})
    if isinstance(outcome, SignInRefused) and outcome.reason in _STAY:
        return await show_code(visit.refused(outcome.text))
    return await lead_on(visit, outcome, username=opened[1].username)


async def submit_resend(visit: Visit) -> Response:
    """Send another code; the earlier one stops working."""
    opened = visit.open(StepKind.FACTOR)
    step = opened[1] if opened else None
    if step is None or step.session is None or step.challenge is None or step.challenge not in ANSWERS:
        return see_other(visit.link("/login"))
    outcome = await visit.site.core.signin.ask_again(
        caller_of(visit), ChallengeName(step.challenge), session=step.session
    )
    if isinstance(outcome, SignInRefused) and outcome.reason in _STAY:
        return await show_code(visit.refused(outcome.text))
    return await lead_on(visit, outcome, username=step.username, notice="mfa.resent", proven=step.proven)


async def show_choice(visit: Visit) -> Response:
    """Let the person choose how to prove who they are."""
    opened = visit.open(StepKind.FACTOR)
    if opened is None or opened[1].challenge != ChallengeName.SELECT_MFA_TYPE:
        return see_other(visit.link("/login"))
    sealed, step = opened
    choices = [(name, visit.say(f"mfa.choice.{name}")) for name in step.choices]
    return visit.render("choose.html", "mfa.choose", step=sealed, choices=choices)


async def submit_choice(visit: Visit) -> Response:
    """Ask for what was chosen."""
    opened = visit.open(StepKind.FACTOR)
    if opened is None or visit.form.text("choice") not in opened[1].choices:
        return await show_choice(visit)
    outcome = await _answer(visit, opened[1], {"ANSWER": visit.form.text("choice")})
    if isinstance(outcome, SignInRefused) and outcome.reason in _STAY:
        return await show_choice(visit.refused(outcome.text))
    return await lead_on(visit, outcome, username=opened[1].username)


async def show_setup(visit: Visit) -> Response:
    """Show the seed of an authenticator app, drawn and spelt, and take an address where that will do."""
    opened, setup = await _open_setup(visit)
    if opened is None or setup is None:
        return see_other(visit.link("/login"))
    sealed, step = opened
    seed, account = setup.state.get(SEED), step.username
    uri = totp.build_uri(seed, issuer=visit.pool.name, account=account) if seed else ""
    return visit.render(
        "mfa_setup.html",
        "setup.title",
        step=sealed,
        uri=uri,
        # Our own drawing of a text of ours; nothing in it is markup of somebody else's.
        drawing=Markup(totp.draw_qr(uri)) if seed else "",  # noqa: S704
        key=totp.group_seed(seed) if seed else "",
        takes_address=ChallengeName.EMAIL_OTP in step.choices,
        address=visit.form.text("email"),
        wrong=visit.form.text("wanted") if visit.problems else "",
    )


async def submit_setup(visit: Visit) -> Response:
    """Take the app's first code, or the address to mail codes to."""
    opened, setup = await _open_setup(visit)
    if opened is None or setup is None:
        return see_other(visit.link("/login"))
    _, step = opened
    if visit.form.text("wanted") == "email":
        outcome = await _answer(visit, step, {"email": visit.form.text("email").strip()})
        if isinstance(outcome, SignInRefused) and outcome.reason in _STAY:
            return await show_setup(visit.with_problems([visit.say("text.username-must-be-email")]))
        return await lead_on(visit, outcome, username=step.username)
    code = "".join(visit.form.text("code").split())
    refused = await visit.site.core.factors.take_first_code(setup.turn, setup.state, code, name="")
    if isinstance(refused, UserRefused):
        problem = visit.say("problem.code_missing") if not code else None
        return await show_setup(visit.with_problems([problem]) if problem else visit.refused(refused.text))
    session = visit.site.core.signin.setups.keep(setup, {SET_UP_DONE: "1"})
    outcome = await visit.site.core.signin.answer(
        caller_of(visit), ChallengeName.MFA_SETUP, session=session, responses={}
    )
    return await lead_on(visit, outcome, username=step.username)


async def _open_setup(visit: Visit) -> tuple[tuple[str, Step] | None, SetupTurn | None]:
    opened = visit.open(StepKind.FACTOR)
    if opened is None or opened[1].challenge != ChallengeName.MFA_SETUP or opened[1].session is None:
        return None, None
    setup = await visit.site.core.signin.setups.open(opened[1].session)
    return opened, None if isinstance(setup, SignInRefused) else setup


async def _answer(visit: Visit, step: Step, responses: Mapping[str, str]) -> SignInOutcome:
    assert step.challenge is not None
    return await visit.site.core.signin.answer(
        caller_of(visit), ChallengeName(step.challenge), session=step.session, responses=responses
    )
