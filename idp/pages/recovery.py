"""/forgotPassword and /confirmforgotPassword: a mailed code and a new password.

Asking for a code says the same for every name. The step that leads to the second page carries the name, so
that the page itself holds nothing to guess at.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from idp.oauth.answers import see_other
from idp.outcomes import UserReason, UserRefused
from idp.pages.fields import policy_lines, sign_in_field
from idp.pages.passwords import new_password_problems
from idp.pages.steps import Step, StepKind
from idp.pages.visit import Visit

MOST_CODE: Final = 20
"""Longest code that the form takes."""


async def show_forgot(visit: Visit) -> Response:
    """Ask for the name to send a code to."""
    opened = visit.open(StepKind.NOTICE)
    hinted = opened[1].username if opened else visit.asked.login_hint
    value = visit.form.get("username") or hinted or ""
    intro = opened[1].notice if opened and opened[1].notice else "forgot.intro"
    return visit.render(
        "forgot.html",
        "forgot.title",
        intro=visit.say(intro),
        username=sign_in_field(visit.pool, visit.catalogue, value=value, wrong=bool(visit.problems)),
    )


async def submit_forgot(visit: Visit) -> Response:
    """Send a code, if there is whom to send it to, and go on to the second page in any case."""
    username = visit.form.text("username").strip()
    if not username:
        label = sign_in_field(visit.pool, visit.catalogue, value="", wrong=False).label
        return await show_forgot(visit.with_problems([visit.say("problem.username_missing", field=label)]))
    outcome = await visit.site.core.recovery.forgot(visit.pool, visit.client, username=username)
    if isinstance(outcome, UserRefused):
        # Limits and the pool's recovery setting: the same for every name, so nothing about an account.
        return await show_forgot(visit.refused(outcome.text))
    step = Step(username, destination=outcome.destination)
    return see_other(visit.link("/confirmforgotPassword", step=visit.seal(step, StepKind.RESET)))


async def show_reset(visit: Visit, *, wrong: str = "") -> Response:
    """Ask for the code and the new password; `wrong` is `code` or `password`."""
    opened = visit.open(StepKind.RESET)
    if opened is None:
        return see_other(visit.link("/forgotPassword"))
    sealed, step = opened
    intro = visit.say("reset.sent_to" if step.destination else "reset.sent", destination=step.destination)
    return visit.render(
        "reset.html",
        "reset.title",
        intro=intro,
        step=sealed,
        name=step.username,
        policy=policy_lines(visit.pool, visit.catalogue),
        code=visit.form.text("code")[:MOST_CODE] if wrong == "password" else "",
        code_wrong=wrong == "code",
        password_wrong=wrong == "password",
    )


async def submit_reset(visit: Visit) -> Response:
    """Set the new password; then the sign-in page, as in Cognito."""
    opened = visit.open(StepKind.RESET)
    if opened is None:
        return await show_reset(visit)
    code = visit.form.text("code").strip()
    problems = [] if code else [visit.say("problem.code_missing")]
    unfit = new_password_problems(visit)
    if problems or unfit:
        return await show_reset(
            visit.with_problems([*problems, *unfit]), wrong="code" if problems else "password"
        )
    _, step = opened
    outcome = await visit.site.core.recovery.confirm_forgot(
        visit.pool, visit.client, username=step.username, code=code, new_password=visit.form.text("password")
    )
    if isinstance(outcome, UserRefused):
        wrong = "password" if outcome.reason is UserReason.INVALID_PASSWORD else "code"
        return await show_reset(visit.refused(outcome.text), wrong=wrong)
    done = Step(step.username, notice="reset.done")
    return see_other(visit.link("/login", step=visit.seal(done, StepKind.NOTICE)))
