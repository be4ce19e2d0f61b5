"""A sign-in on its way: what was proved and what is asked, sealed into the session string (cognito.md 4.5).

Every answer makes a new session, bound to pool, client, user and kind of door, with an end. It carries a
fingerprint of the credentials it began with: once the password has changed, in whatever way, it is over.
What has to work once is spent in the store by its `id`. An SRP secret block is the same thing in another
envelope, because some clients send no session back.
"""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from idp.model import User
from idp.outcomes import SignInReason, Trace
from idp.seal import SealBroken, Vault, hash_token
from idp.signin.flows.caller import Caller
from idp.signin.flows.names import AuthFlow, ChallengeName
from idp.signin.flows.triggers import Round

LONGEST_SESSION: Final = 4096
LONGEST_BLOCK: Final = 16_384
FILLED: Final = 256
STEP: Final = 192
SESSION: Final = "sign-in-session"
BLOCK: Final = "srp-block"
SIGN_UP: Final = "sign-up-session"
DECISION: Final = "RiskDecision"
COMPROMISED: Final = "CompromisedCredentialsDetected"


@dataclass(frozen=True, slots=True)
class Progress:
    """The content of a session."""

    id: str
    pool_id: str
    client_id: str
    realm: str
    flow: AuthFlow
    subject: str
    """Whose counters are touched."""
    username: str
    """The canonical name, or what stands in for it where nobody has the name."""
    typed: str
    """The name as the client first sent it."""
    sub: str | None
    """None: nobody."""
    fingerprint: str
    challenge: ChallengeName = ChallengeName.SELECT_CHALLENGE
    expires_at: float = 0.0
    amr: tuple[str, ...] = ()
    """What was proved, in order."""
    is_second_done: bool = False
    """No further factor is to be asked for."""
    chose_password: bool = False
    device_key: str | None = None
    """DEVICE_KEY as given; whether it is the user's device is looked up when it matters."""
    is_device_done: bool = False
    is_defined: bool = False
    """A custom flow's trigger said that tokens are to be issued."""
    rounds: tuple[Round, ...] = ()
    """What a custom flow has been through."""
    choices: tuple[ChallengeName, ...] = ()
    """What the user was given to choose from."""
    state: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the challenge must remember."""
    targets: tuple[int, ...] = ()
    """The authentication levels of which one is to be reached, the preferred first."""
    event: str = ""
    """The id of the event that this sign-in is in the account's history."""
    risk: Mapping[str, Any] = field(default_factory=dict)
    """EventRisk; with a decision in it, the sign-in has been judged."""
    asks_second: bool = False
    """A second factor is asked for because of the risk, whatever else is wanted."""

    @property
    def trace(self) -> Trace:
        """Say what the history has to know."""
        return Trace(self.event, self.risk)

    def proved(self, *amr: str, second_done: bool = False) -> Progress:
        """Add a proof; what the challenge remembered is over."""
        return replace(
            self,
            amr=(*self.amr, *amr),
            is_second_done=self.is_second_done or second_done,
            state={},
            choices=(),
        )

    def rebound_to(self, user: User) -> Progress:
        """Bind to credentials that this sign-in itself has just changed."""
        return replace(self, fingerprint=fingerprint_of(user))

    def belongs_to(self, user: User) -> bool:
        """Whether the user still has the credentials this sign-in began with."""
        return self.sub == user.sub and self.fingerprint == fingerprint_of(user)


def fingerprint_of(user: User | None) -> str:
    """Fingerprint the credentials of a user."""
    return hash_token(user.password_hash or "") if user is not None else ""


def begin(
    caller: Caller, flow: AuthFlow, *, user: User | None, subject: str, username: str, typed: str
) -> Progress:
    """Begin a sign-in in which nothing has been proved."""
    return Progress(
        id="",
        pool_id=caller.pool.id,
        client_id=caller.client.id,
        realm=caller.realm,
        flow=flow,
        subject=subject,
        username=username,
        typed=typed,
        sub=user.sub if user else None,
        fingerprint=fingerprint_of(user),
        targets=caller.targets,
        event=str(uuid.uuid4()),
    )


def renewed(progress: Progress, challenge: ChallengeName, *, expires_at: float) -> Progress:
    """Return the sign-in with a new id and end, waiting for the answer to `challenge`."""
    return replace(progress, id=secrets.token_urlsafe(16), challenge=challenge, expires_at=expires_at)


def seal_session(vault: Vault, progress: Progress) -> str:
    """Seal a session string; raises ValueError where it would be longer than the API allows."""
    session = vault.seal_text(_dump(progress), purpose=SESSION)
    if len(session) > LONGEST_SESSION:
        raise ValueError("this session does not fit into 4096 characters")
    return session


def open_session(vault: Vault, session: str) -> Progress | None:
    """Open a session string, or None; whose it is is for the caller to check."""
    if len(session) > LONGEST_SESSION:
        return None
    return _open(vault, session, SESSION)


def seal_sign_up_session(vault: Vault, progress: Progress) -> str:
    """Seal the session of a sign-up, which is of no use in a sign-in."""
    return vault.seal_text(_dump(progress), purpose=SIGN_UP)


def open_sign_up_session(vault: Vault, session: str) -> Progress | None:
    """Open the session of a sign-up, or None."""
    return None if len(session) > LONGEST_SESSION else _open(vault, session, SIGN_UP)


def seal_block(vault: Vault, progress: Progress) -> str:
    """Seal an SRP secret block, in standard base64."""
    return base64.b64encode(vault.seal_text(_dump(progress), purpose=BLOCK).encode()).decode()


def open_block(vault: Vault, raw: bytes) -> Progress | None:
    """Open the decoded bytes of an SRP secret block, or None."""
    if len(raw) > LONGEST_BLOCK or not raw.isascii():
        return None
    return _open(vault, raw.decode("ascii"), BLOCK)


def find_unfit(
    progress: Progress | None, caller: Caller, challenge: ChallengeName, *, now: float
) -> SignInReason | None:
    """Say why a session does not answer this challenge of this caller, or None."""
    if progress is None or (progress.pool_id, progress.client_id, progress.realm, progress.challenge) != (
        caller.pool.id,
        caller.client.id,
        caller.realm,
        challenge,
    ):
        return SignInReason.SESSION_INVALID
    return SignInReason.SESSION_EXPIRED if now >= progress.expires_at else None


def _dump(progress: Progress) -> str:
    """Spell a sign-in so that its length does not tell whether anybody has the name.

    What only somebody has is filled up to one length, and the whole to steps, for what factors remember.
    """
    values = {**asdict(progress), "sub": progress.sub or ""}
    told = sum(len(values[name]) for name in ("sub", "fingerprint", "subject"))
    content = json.dumps(values, separators=(",", ":"), ensure_ascii=False) + " " * (FILLED - told)
    return content + " " * (-len(content.encode()) % STEP)


def _open(vault: Vault, sealed: str, purpose: str) -> Progress | None:
    try:
        values: dict[str, Any] = json.loads(vault.open_text(sealed, purpose=purpose))
    except SealBroken:
        return None
    return Progress(
        **{
            **values,
            "sub": values["sub"] or None,
            "flow": AuthFlow(values["flow"]),
            "challenge": ChallengeName(values["challenge"]),
            "choices": tuple(map(ChallengeName, values["choices"])),
            "amr": tuple(values["amr"]),
            "rounds": tuple(Round(**entry) for entry in values["rounds"]),
            "targets": tuple(values.get("targets", ())),
        }
    )
