"""What one page hands to the next: a short sealed record that the browser carries and cannot read or change.

`/signup` hands the new username to `/confirm`, a right temporary password hands its session to
`/changePassword`, and so on. Sealed for one kind of step, pool, client and browser, with an end: a step
copied from a log or a history opens nothing elsewhere. Kept in the address, so that reload, the back button
and two tabs work.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import Enum

from idp.seal import SealBroken, Vault


class StepKind(Enum):
    """The kinds of step and how long each stays good, in seconds."""

    CONFIRM = ("confirm", 24 * 3600)
    """The account waits for its code."""
    RESET = ("reset", 3600)
    """A password code was asked for."""
    CHANGE = ("change", 900)
    """A temporary password was right; the sign-in session inside has its own, shorter end."""
    FACTOR = ("factor", 3600)
    """A second factor, or a code in the password's place, is asked for; the session inside ends sooner."""
    PASSKEY = ("passkey", 1800)
    """A passkey was asked for."""
    NOTICE = ("notice", 300)
    """Something was done; the next page says so."""

    def __init__(self, word: str, lifetime: int) -> None:
        self.word = word
        self.lifetime = lifetime


@dataclass(frozen=True, slots=True)
class Step:
    """The content of a step."""

    username: str
    destination: str | None = None
    """Where a code went, masked."""
    proven: bool = False
    """The password of the account was entered in this browser."""
    session: str | None = field(default=None, repr=False)
    """The core's sign-in session."""
    missing: tuple[str, ...] = ()
    """Required attributes still to be given."""
    notice: str | None = None
    """Catalogue key of what to say."""
    challenge: str | None = None
    """The challenge that the session waits for; of a passkey, WebAuthn's own."""
    choices: tuple[str, ...] = ()
    """What the user may choose from, or set up."""


@dataclass(frozen=True, slots=True)
class StepBinding:
    """What a step is bound to."""

    pool_id: str
    client_id: str
    browser_id: str = field(repr=False)

    def purpose(self, kind: StepKind) -> str:
        """Spell the binding as a sealing purpose."""
        return ":".join(("page-step", kind.word, self.pool_id, self.client_id, self.browser_id))


def seal_step(vault: Vault, step: Step, kind: StepKind, *, binding: StepBinding, now: float) -> str:
    """Seal `step` until its kind's end."""
    content = json.dumps({"until": now + kind.lifetime, "step": asdict(step)}, separators=(",", ":"))
    return vault.seal_text(content, purpose=binding.purpose(kind))


def open_step(
    vault: Vault, sealed: str | None, kind: StepKind, *, binding: StepBinding, now: float
) -> Step | None:
    """Open a step of this kind and binding; None when it is anything else, changed or too old."""
    try:
        content = json.loads(vault.open_text(sealed or "", purpose=binding.purpose(kind)))
    except SealBroken:
        return None
    if content["until"] < now:
        return None
    values = content["step"]
    return Step(**{**values, "missing": tuple(values["missing"]), "choices": tuple(values["choices"])})
