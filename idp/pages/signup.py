"""/signup, /confirm and /resendcode: a new account and the code that proves its address.

Whoever chose the password in this browser is signed in by the code. A code alone signs nobody in: the
mailbox's owner may confirm an account that somebody else made in their name, but must not be walked into
it.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import Response

from idp.oauth.answers import see_other
from idp.outcomes import Confirmed, SignedUp, UserReason, UserRefused
from idp.pages.errors import error_page
from idp.pages.fields import (
    policy_lines,
    read_attributes,
    sign_in_field,
    sign_up_attributes,
    sign_up_fields,
)
from idp.pages.local import client_address
from idp.pages.login import caller_of, lead_on, origin_of
from idp.pages.passwords import new_password_problems
from idp.pages.steps import Step, StepKind
from idp.pages.visit import Visit

_USERNAME_REASONS = {UserReason.USERNAME_EXISTS, UserReason.ALIAS_EXISTS}


async def show_signup(visit: Visit, *, wrong: Iterable[str] = ()) -> Response:
    """Show the sign-up form; `wrong` names the fields that have to change."""
    if visit.pool.admin_create_only:
        return error_page(visit.request, "signup_closed", status=403)
    marked = frozenset(wrong)
    return visit.render(
        "signup.html",
        "signup.title",
        fields=sign_up_fields(visit.pool, visit.catalogue, form=visit.form, wrong=marked),
        policy=policy_lines(visit.pool, visit.catalogue),
        password_wrong="password" in marked,
        terms=visit.site.core.management.catalog.terms(visit.pool.id, visit.client.id, visit.catalogue.code),
    )


async def submit_signup(visit: Visit) -> Response:
    """Make the account, or tell everything that keeps it from being made."""
    if visit.pool.admin_create_only:
        return error_page(visit.request, "signup_closed", status=403)
    username, password = visit.form.text("username").strip(), visit.form.text("password")
    attributes = read_attributes(sign_up_attributes(visit.pool), visit.form)
    missing = _missing(visit, username, attributes)
    unfit = new_password_problems(visit)
    if missing or unfit:
        wrong = [*missing, *(["password"] if unfit else [])]
        return await show_signup(visit.with_problems([*missing.values(), *unfit]), wrong=wrong)
    outcome = await visit.site.core.registration.sign_up(
        visit.pool,
        visit.client,
        username=username,
        password=password,
        attributes=attributes,
        addresses=(client_address(visit.request),),
    )
    if isinstance(outcome, UserRefused):
        return await _refused_signup(visit, outcome, username)
    return await _signed_up(visit, outcome, username=username, password=password)


def _missing(visit: Visit, username: str, attributes: dict[str, str]) -> dict[str, str]:
    fields = sign_up_fields(visit.pool, visit.catalogue, form=visit.form, wrong=frozenset())
    problems = {} if username else {"username": visit.say("problem.username_missing", field=fields[0].label)}
    for field in fields[1:]:
        if field.attribute not in attributes:
            problems[field.attribute] = visit.say("problem.attribute_missing", field=field.label)
    return problems


async def _refused_signup(visit: Visit, refused: UserRefused, username: str) -> Response:
    if refused.reason is UserReason.DELIVERY_FAILED:
        # The account is there; only its code is not.
        step = Step(username, proven=True, notice="text.code-delivery-failed")
        return see_other(visit.link("/confirm", step=visit.seal(step, StepKind.CONFIRM)))
    if refused.reason is UserReason.INVALID_PASSWORD:
        wrong = "password"
    elif refused.reason in _USERNAME_REASONS:
        wrong = "username"
    else:
        wrong = refused.text.values.get("attribute", "username")
    return await show_signup(visit.refused(refused.text), wrong=[wrong])


async def _signed_up(visit: Visit, outcome: SignedUp, *, username: str, password: str) -> Response:
    if outcome.confirmed:
        signed_in = await visit.site.core.signin.with_password(
            visit.pool,
            visit.client,
            username=outcome.username,
            password=password,
            address=client_address(visit.request),
            origin=origin_of(visit),
        )
        return await lead_on(visit, signed_in, username=username)
    destination = outcome.delivery.destination if outcome.delivery else None
    step = Step(outcome.username, destination=destination, proven=True)
    return see_other(visit.link("/confirm", step=visit.seal(step, StepKind.CONFIRM)))


async def show_confirm(visit: Visit) -> Response:
    """Show the code form."""
    opened = visit.open(StepKind.CONFIRM)
    if opened is None:
        return see_other(visit.link("/login"))
    sealed, step = opened
    sends_codes = bool(visit.pool.auto_verified)
    key = "confirm.no_code" if not sends_codes else "confirm.sent_to" if step.destination else "confirm.sent"
    return visit.render(
        "confirm.html",
        "confirm.title",
        intro=visit.say(key, destination=step.destination),
        step=sealed if sends_codes else None,
        wrong=bool(visit.problems),
        **_told(visit, step),
    )


def _told(visit: Visit, step: Step) -> dict[str, object]:
    """Say what the step before has to say: refusals of the services as a problem, the rest as a notice."""
    if step.notice is None or visit.problems:
        return {}
    said = visit.say(step.notice)
    return {"problems": [said]} if step.notice.startswith("text.") else {"notice": said}


async def submit_confirm(visit: Visit) -> Response:
    """Check the code; then back to the app, or to sign in where no password was entered here."""
    opened = visit.open(StepKind.CONFIRM)
    code = visit.form.text("code").strip()
    if opened is None:
        return await show_confirm(visit)
    if not code:
        return await show_confirm(visit.with_problems([visit.say("problem.code_missing")]))
    _, step = opened
    outcome = await visit.site.core.registration.confirm(
        visit.pool,
        visit.client,
        username=step.username,
        code=code,
        # Whoever entered the account's password here knows that there is one, and is told more.
        hide_existence=not step.proven,
    )
    if isinstance(outcome, Confirmed):
        return await _confirmed(visit, step, outcome)
    if outcome.reason is UserReason.NOT_AUTHORIZED:
        # The form was sent twice, or the account was confirmed elsewhere: nothing is wrong, the person may
        # sign in.
        return _to_login(visit, step.username)
    return await show_confirm(visit.refused(outcome.text))


async def _confirmed(visit: Visit, step: Step, outcome: Confirmed) -> Response:
    if not step.proven or not outcome.user.enabled:
        return _to_login(visit, step.username)
    signed_in = await visit.site.core.signin.after_confirmation(caller_of(visit), outcome.user)
    return await lead_on(visit, signed_in, username=step.username)


def _to_login(visit: Visit, username: str) -> Response:
    done = Step(username, notice="confirm.done")
    return see_other(visit.link("/login", step=visit.seal(done, StepKind.NOTICE)))


async def show_resend(visit: Visit) -> Response:
    """Ask before sending a new code: a GET must not send mail."""
    opened = visit.open(StepKind.CONFIRM)
    field = sign_in_field(
        visit.pool, visit.catalogue, value=visit.form.text("username"), wrong=bool(visit.problems)
    )
    return visit.render(
        "resend.html",
        "resend.title",
        step=opened[0] if opened else None,
        username=None if opened else field,
    )


async def submit_resend(visit: Visit) -> Response:
    """Send a new code; the answer is the same whether or not there is such an account."""
    opened = visit.open(StepKind.CONFIRM)
    username = opened[1].username if opened else visit.form.text("username").strip()
    if not username:
        label = sign_in_field(visit.pool, visit.catalogue, value="", wrong=False).label
        return await show_resend(visit.with_problems([visit.say("problem.username_missing", field=label)]))
    outcome = await visit.site.core.registration.resend(visit.pool, visit.client, username=username)
    if isinstance(outcome, UserRefused):
        # Limits and the pool's settings: the same for every name.
        told = visit.refused(outcome.text)
        return await (show_confirm(told) if opened else show_resend(told))
    proven = opened[1].proven if opened else False
    step = Step(username, proven=proven, notice="confirm.resent")
    return see_other(visit.link("/confirm", step=visit.seal(step, StepKind.CONFIRM)))
