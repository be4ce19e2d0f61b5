"""Codes of authenticator apps, judged against pyotp and the vectors of RFC 6238."""

import base64
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest

from idp.factors import totp
from idp.users.codes import Verdict

SEED = base64.b32encode(b"12345678901234567890").decode()
NOW = 1_800_000_015
STEP = NOW // 30


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
    ],
)
def test_the_vectors_of_the_rfc(at: int, code: str) -> None:
    """RFC 6238 appendix B, SHA-1, the last six of its eight digits."""
    assert totp.judge_code(SEED, code, now=at, last_step=0) == (Verdict.RIGHT, at // 30)


@pytest.mark.parametrize(
    ("drift", "verdict"),
    [(-2, Verdict.WRONG), (-1, Verdict.RIGHT), (0, Verdict.RIGHT), (1, Verdict.RIGHT), (2, Verdict.WRONG)],
)
def test_one_step_of_drift_either_way(drift: int, verdict: Verdict) -> None:
    code = pyotp.TOTP(SEED).at(NOW, counter_offset=drift)
    assert totp.judge_code(SEED, code, now=NOW, last_step=0)[0] is verdict


def test_a_code_works_once_and_none_before_it_works_after() -> None:
    app = pyotp.TOTP(SEED)
    verdict, last = totp.judge_code(SEED, app.at(NOW), now=NOW, last_step=0)
    assert (verdict, last) == (Verdict.RIGHT, STEP)
    present, before, after = (app.at(NOW, counter_offset=drift) for drift in (0, -1, 1))
    assert totp.judge_code(SEED, present, now=NOW, last_step=last) == (Verdict.EXPIRED, STEP)
    assert totp.judge_code(SEED, before, now=NOW, last_step=last) == (Verdict.EXPIRED, STEP)
    assert totp.judge_code(SEED, after, now=NOW, last_step=last) == (Verdict.RIGHT, STEP + 1)


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666", "\ud800"]
)
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert totp.judge_code(SEED, code, now=NOW, last_step=0)[0] is Verdict.WRONG


def test_a_seed_has_cognitos_shape_and_is_new_each_time() -> None:
    seeds = {totp.draw_seed() for _ in range(20)}
    assert len(seeds) == 20
    assert all(re.fullmatch(r"[A-Z2-7]{52}", seed) for seed in seeds)
    assert all(len(pyotp.TOTP(seed).byte_secret()) == 32 for seed in seeds)


@pytest.mark.parametrize(
    ("issuer", "account"),
    [("staff", "ann@example.com"), ("a: b&c", "x?secret=AAAA"), ("학교", "민아")],
    ids=["plain", "odd", "Korean"],
)
def test_the_address_carries_issuer_account_and_seed(issuer: str, account: str) -> None:
    uri = totp.build_uri(SEED, issuer=issuer, account=account)
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parse_qs(parts.query) == {"secret": [SEED], "issuer": [issuer.replace(":", " ")]}
    assert unquote(parts.path).endswith(f":{account}")
    assert isinstance(pyotp.parse_uri(uri), pyotp.TOTP)


def test_the_drawing_is_black_on_white_and_needs_no_style() -> None:
    drawing = totp.draw_qr(totp.build_uri(SEED, issuer="staff", account="ann"))
    assert drawing.startswith("<svg ")
    assert 'fill="#fff"' in drawing
    assert "style" not in drawing
    assert SEED not in drawing


def test_a_seed_is_spelt_in_groups_of_four() -> None:
    assert totp.group_seed("ABCDEFGHIJ") == "ABCD EFGH IJ"
