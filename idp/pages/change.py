"""/changePassword: an own password, and the required attributes, in place of a temporary one."""

from __future__ import annotations

from starlette.responses import Response

from idp.oauth.answers import see_other
from idp.outcomes import SignInReason, SignInRefused
from idp.pages.fields import attribute_fields, label_of, policy_lines, read_attributes
from idp.pages.local import client_address
from idp.pages.login import lead_on, origin_of
from idp.pages.passwords import new_password_problems
from idp.pages.steps import StepKind
from idp.pages.visit import Visit

_STAY = frozenset(
    {
        SignInReason.PASSWORD_UNFIT,
        SignInReason.PASSWORD_REUSED,
        SignInReason.ATTRIBUTES_UNFIT,
        SignInReason.BUSY,
    }
)


async def show_change(visit: Visit, *, wrong: frozenset[str] = frozenset()) -> Response:
    """Ask for the new password; without the step of a right temporary one there is nothing to change."""
    opened = visit.open(StepKind.CHANGE)
    if opened is None:
        return see_other(visit.link("/login"))
    sealed, step = opened
    return visit.render(
        "change.html",
        "change.title",
        step=sealed,
        name=step.username,
        fields=attribute_fields(step.missing, visit.catalogue, form=visit.form, wrong=wrong),
        policy=policy_lines(visit.pool, visit.catalogue),
        password_wrong="password" in wrong,
    )


async def submit_change(visit: Visit) -> Response:
    """Set the password and sign in."""
    opened = visit.open(StepKind.CHANGE)
    if opened is None or opened[1].session is None:
        return see_other(visit.link("/login"))
    _, step = opened
    attributes = read_attributes(step.missing, visit.form)
    missing = [name for name in step.missing if name not in attributes]
    unfit = new_password_problems(visit)
    if missing or unfit:
        told = [
            visit.say("problem.attribute_missing", field=label_of(name, visit.catalogue)) for name in missing
        ]
        wrong = frozenset([*missing, *(["password"] if unfit else [])])
        return await show_change(visit.with_problems([*told, *unfit]), wrong=wrong)
    outcome = await visit.site.core.signin.answer_new_password(
        visit.pool,
        visit.client,
        session=opened[1].session,
        new_password=visit.form.text("password"),
        attributes=attributes,
        address=client_address(visit.request),
        origin=origin_of(visit),
    )
    if isinstance(outcome, SignInRefused) and outcome.reason in _STAY:
        named = outcome.text.values.get("attribute", "password")
        return await show_change(visit.refused(outcome.text), wrong=frozenset([named]))
    return await lead_on(visit, outcome, username=step.username)
