"""The WebAuthn ceremonies as values: options out, a browser's answer in, judged (WebAuthn 3, 7.1 and 7.2).

Pure but for the randomness of a challenge: nothing is stored here. The cryptography is the `webauthn`
library's; what it leaves to its caller is decided here: which origins may answer for a relying party, no
answers from within a foreign frame, no input large or deep enough to be slow.
"""

from __future__ import annotations

import ipaddress
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from idp.factors.records import Passkey

LONGEST_ANSWER: Final = 16_384
CHALLENGE_BYTES: Final = 32
TIMEOUT_MS: Final = 180_000
ALGORITHMS: Final = [COSEAlgorithmIdentifier.ECDSA_SHA_256, COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256]
"""ES256 and RS256, as Cognito (cognito.md 6)."""


class Mistake(StrEnum):
    """Why an answer is refused."""

    MALFORMED = "malformed"
    CHALLENGE = "challenge"
    """It answers another challenge, or none of ours."""
    ORIGIN = "origin"
    """It was given on a page that may not ask for this relying party."""
    RELYING_PARTY = "relying-party"
    UNSUPPORTED = "unsupported"
    """The key has an algorithm that is not accepted."""
    WRONG = "wrong"
    """Signature, counter, user presence or user verification do not hold."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """For whom passkeys are made."""

    id: str
    name: str
    origin: str
    """Where our own pages are."""
    app_origins: tuple[str, ...] = ()
    """Apps that may ask, by the origin that their system gives them."""

    def may_ask(self, origin: str) -> bool:
        """Whether a page of this origin may use the relying party's passkeys (WebAuthn 5.1.3 steps 8, 9).

        Our own pages; https pages of the relying party's host and of hosts below it; http on this machine;
        apps that are named, to the letter.
        """
        if origin == self.origin or origin in self.app_origins:
            return True
        try:
            parts = urlsplit(origin)
            host = parts.hostname or ""
        except ValueError:
            return False
        if parts.scheme == "http" and self.id == "localhost":
            return host == "localhost" or host.endswith(".localhost")
        return parts.scheme == "https" and (host == self.id or host.endswith(f".{self.id}"))


@dataclass(frozen=True, slots=True)
class Answer:
    """A browser's answer, read but not yet believed."""

    credential: Mapping[str, Any]
    credential_id: str
    challenge: str
    """base64url, as the browser says it was asked."""
    origin: str
    is_framed: bool
    user_handle: str | None = None
    attachment: str | None = None
    transports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Registered:
    """A new credential that holds."""

    credential_id: str
    public_key: str
    sign_count: int
    backed_up: bool


@dataclass(frozen=True, slots=True)
class Asserted:
    """A right answer of a known credential."""

    sign_count: int
    user_verified: bool


def find_party(
    public_url: str, *, name: str, chosen: str | None, app_origins: tuple[str, ...] = ()
) -> RelyingParty | None:
    """Name the relying party of a pool: the host that was chosen, or the public URL's own.

    None where that is a bare address: browsers make passkeys for names only (WebAuthn 5.1.3 step 8).
    """
    parts = urlsplit(public_url)
    host = chosen or parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        origin = f"{parts.scheme}://{parts.netloc}"
        return RelyingParty(host, name, origin, app_origins) if host else None
    return None


def draw_challenge() -> str:
    """Draw a challenge, base64url."""
    return bytes_to_base64url(secrets.token_bytes(CHALLENGE_BYTES))


def encode(raw: bytes) -> str:
    """Spell bytes as base64url, as everything in WebAuthn's JSON is."""
    return bytes_to_base64url(raw)


def build_creation_options(
    party: RelyingParty,
    *,
    challenge: str,
    user_handle: str,
    user_name: str,
    verification: str,
    present: Iterable[Passkey],
) -> dict[str, Any]:
    """Build PublicKeyCredentialCreationOptionsJSON; `present` are the passkeys not to be made twice."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=user_handle.encode(),
        user_name=user_name,
        user_display_name=user_name,
        challenge=base64url_to_bytes(challenge),
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement(verification),
        ),
        exclude_credentials=_describe(present),
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json_dict(options)


def build_request_options(
    party: RelyingParty, *, challenge: str, verification: str, credential_ids: Iterable[str] = ()
) -> dict[str, Any]:
    """Build PublicKeyCredentialRequestOptionsJSON; without ids, the browser offers what it has."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=base64url_to_bytes(challenge),
        timeout=TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(i)) for i in credential_ids],
        user_verification=UserVerificationRequirement(verification),
    )
    return options_to_json_dict(options)


def read_answer(given: str | Mapping[str, Any]) -> Answer | None:
    """Read RegistrationResponseJSON or AuthenticationResponseJSON, or None where it is neither."""
    try:
        text = given if isinstance(given, str) else json.dumps(given)
        if len(text) > LONGEST_ANSWER:
            return None
        credential = json.loads(text)
        response = credential["response"]
        told = json.loads(base64url_to_bytes(response["clientDataJSON"]))
        handle = response.get("userHandle")
        transports = response.get("transports") or ()
        return Answer(
            credential=credential,
            credential_id=_text(credential["id"]),
            challenge=_text(told["challenge"]),
            origin=_text(told["origin"]),
            is_framed=bool(told.get("crossOrigin")),
            user_handle=base64url_to_bytes(handle).decode() if handle else None,
            attachment=_attachment(credential.get("authenticatorAttachment")),
            transports=tuple(_text(transport)[:32] for transport in list(transports)[:8]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def judge_registration(
    answer: Answer, party: RelyingParty, *, challenge: str, requires_verification: bool
) -> Registered | Mistake:
    """Judge the answer to creation options."""
    if mistake := _find_mistake(answer, party, challenge):
        return mistake
    try:
        verified = webauthn.verify_registration_response(
            credential=dict(answer.credential),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=answer.origin,
            require_user_verification=requires_verification,
            supported_pub_key_algs=ALGORITHMS,
        )
    except Exception as error:  # noqa: BLE001 - a parser of foreign bytes: whatever it stumbles over is refused
        return _explain(error)
    return Registered(
        credential_id=bytes_to_base64url(verified.credential_id),
        public_key=bytes_to_base64url(verified.credential_public_key),
        sign_count=verified.sign_count,
        backed_up=verified.credential_backed_up,
    )


def judge_assertion(
    answer: Answer, party: RelyingParty, passkey: Passkey, *, challenge: str, requires_verification: bool
) -> Asserted | Mistake:
    """Judge the answer to request options by the credential it names."""
    if mistake := _find_mistake(answer, party, challenge):
        return mistake
    if answer.user_handle is not None and answer.user_handle != passkey.sub:
        return Mistake.WRONG
    try:
        verified = webauthn.verify_authentication_response(
            credential=dict(answer.credential),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=answer.origin,
            credential_public_key=base64url_to_bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=requires_verification,
        )
    except Exception as error:  # noqa: BLE001 - likewise
        return _explain(error)
    return Asserted(verified.new_sign_count, verified.user_verified)


def _find_mistake(answer: Answer, party: RelyingParty, challenge: str) -> Mistake | None:
    if not secrets.compare_digest(answer.challenge.encode(), challenge.encode()):
        return Mistake.CHALLENGE
    # In a frame of another site a person cannot see where they are: clickjacking (WebAuthn 13.4.2).
    return None if party.may_ask(answer.origin) and not answer.is_framed else Mistake.ORIGIN


def _explain(error: Exception) -> Mistake:
    """Sort a refusal of the library by what it says; its texts are its only distinction."""
    text = str(error)
    known = ((mark, mistake) for mark, mistake in _MARKS if mark in text)
    return next(known, ("", Mistake.WRONG))[1]


_MARKS: Final = (
    ("RP ID hash", Mistake.RELYING_PARTY),
    ("Unsupported credential public key alg", Mistake.UNSUPPORTED),
    ("malformed", Mistake.MALFORMED),
    ("Credential", Mistake.MALFORMED),
)


def _describe(passkeys: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.credential_id)) for key in passkeys]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is wanted")
    return value


def _attachment(value: object) -> str | None:
    return value if value in ("platform", "cross-platform") and isinstance(value, str) else None
