"""Time-based one-time codes (RFC 6238): seeds, judging a code, and how an authenticator app learns a seed.

Pure but for the randomness of a new seed.

SHA-1, 30 seconds, 6 digits, one step of drift either way: what Cognito accepts and every app can do. A code
works once (RFC 6238 5.2): the step of the last accepted code is kept, and nothing up to it works again.
"""

from __future__ import annotations

import base64
import hmac
import io
import secrets
from typing import Final
from urllib.parse import quote

import pyotp
import segno

from idp.users.codes import Verdict

SEED_BYTES: Final = 32
STEP_SECONDS: Final = 30
DIGITS: Final = 6
DRIFT: Final = 1


def draw_seed() -> str:
    """Draw a seed: 256 bits in base32, 52 letters and digits, as Cognito's."""
    return base64.b32encode(secrets.token_bytes(SEED_BYTES)).decode().rstrip("=")


def judge_code(seed: str, code: str, *, now: float, last_step: int) -> tuple[Verdict, int]:
    """Judge a code at a time; returns the verdict and the last step from now on.

    EXPIRED is a code that was right and has been used, by this account or by somebody who looked on.
    """
    if not is_code(code):
        return Verdict.WRONG, last_step
    present, totp = int(now // STEP_SECONDS), pyotp.TOTP(seed)
    # All steps are looked at, so that the time does not tell which one was right.
    steps = range(max(0, present - DRIFT), present + DRIFT + 1)
    expected = [(step, totp.generate_otp(step)) for step in steps]
    right = [step for step, text in expected if hmac.compare_digest(text, code)]
    if not right:
        return Verdict.WRONG, last_step
    if max(right) <= last_step:
        return Verdict.EXPIRED, last_step
    return Verdict.RIGHT, max(right)


def is_code(text: str) -> bool:
    """Whether a text has the form of a code."""
    return len(text) == DIGITS and text.isascii() and text.isdecimal()


def build_uri(seed: str, *, issuer: str, account: str) -> str:
    """Build the address that authenticator apps read from a QR code (the `otpauth` scheme)."""
    label = f"{quote(issuer.replace(':', ' '), safe='')}:{quote(account, safe='@')}"
    return f"otpauth://totp/{label}?secret={seed}&issuer={quote(issuer.replace(':', ' '), safe='')}"


def draw_qr(uri: str) -> str:
    """Draw a QR code as inline SVG, black on white in any colour scheme: scanners want that."""
    buffer = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(
        buffer, kind="svg", xmldecl=False, svgns=False, border=4, dark="#000", light="#fff", omitsize=True
    )
    return buffer.getvalue().decode()


def group_seed(seed: str) -> str:
    """Spell a seed in groups of four, for people who type it."""
    return " ".join(seed[index : index + 4] for index in range(0, len(seed), 4))
