"""SRP: the numbers of a recorded exchange, a real client's half, and what an attacker may send."""

import base64
import re
import secrets
from datetime import UTC, datetime

import pytest
from pycognito.aws_srp import AWSSRP

from idp.signin import srp

POOL, USER, PASSWORD = "us-east-1_ABCdef123", "a1b2c3d4-5678-90ab-cdef-1234567890ab", "Passw0rd!Example"
IDENTITY = srp.user_identity(POOL, USER)
SALT = int("8f1e2d3c4b5a69788796a5b4c3d2e1f0", 16)
A_SECRET, B_SECRET = int("11" * 32, 16), int("22" * 32, 16)
BLOCK, STAMP = b"secret-block-0123456789", "Tue Nov 3 01:02:03 UTC 2026"


def test_the_recorded_exchange_comes_out_to_the_last_bit() -> None:
    """The vector was computed with pycognito and the JavaScript client (cognito.md 4.3)."""
    verifier = srp.make_verifier(IDENTITY, PASSWORD, SALT)
    a, b = srp.power(srp.G, A_SECRET), srp.public_value(verifier, B_SECRET)
    key = srp.derive_key(verifier, B_SECRET, client_value=a, server_value=b)
    assert f"{srp.K:x}" == "538282c4354742d7cbbde2359fcf67f9f5b3a6b08791e5011b43b8a5b66d9ee6"
    assert f"{srp.derive_x(IDENTITY, PASSWORD, SALT):x}" == (
        "15cb7284f133601ff6883625ba4ce2d47a6f4c641af279b5a789349b061545ed"
    )
    assert (f"{a:x}"[:16], f"{a:x}"[-16:]) == ("f2c4e7407ccfac45", "cca3b49b35a49099")
    assert (f"{b:x}"[:16], f"{b:x}"[-16:]) == ("d565fe4be7f28d55", "b256240e29bdeeee")
    assert key.hex() == "844134d4f67f54965a1d22540f32b94d"
    signature = srp.sign_claim(key, IDENTITY, block=BLOCK, timestamp=STAMP)
    assert signature == "0bnk2XFprAjuvwQefne4QpPDq2v1UFJu+NU0Ja5uu60="


@pytest.mark.parametrize("password", [PASSWORD, "비밀번호-Pass9!", "x"])
def test_pycognito_and_we_agree_for_random_numbers(password: str) -> None:
    client = AWSSRP(username=USER, password=password, pool_id=POOL, client_id="c", client=object())
    for _ in range(3):
        verifier = srp.make_verifier(IDENTITY, password)
        secret = srp.draw_secret()
        b = srp.public_value(verifier, secret)
        theirs = client.get_password_authentication_key(USER, password, b, f"{verifier.salt:x}")
        ours = srp.derive_key(verifier, secret, client_value=client.large_a_value, server_value=b)
        assert theirs == ours


def test_a_wrong_password_gives_another_key() -> None:
    verifier = srp.make_verifier(IDENTITY, PASSWORD)
    client = AWSSRP(username=USER, password="Other-Horse-9", pool_id=POOL, client_id="c", client=object())
    secret = srp.draw_secret()
    b = srp.public_value(verifier, secret)
    theirs = client.get_password_authentication_key(USER, "Other-Horse-9", b, f"{verifier.salt:x}")
    assert theirs != srp.derive_key(verifier, secret, client_value=client.large_a_value, server_value=b)


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "00"), (1, "01"), (0x7F, "7f"), (0x80, "0080"), (0x123, "0123"), (0x8000, "008000")],
)
def test_numbers_are_padded_as_java_does(number: int, expected: str) -> None:
    assert srp.pad(number).hex() == expected


@pytest.mark.parametrize("power", [srp._power_in_steps, srp.power], ids=["plain", "installed"])
def test_powers_are_powers(power) -> None:  # type: ignore[no-untyped-def]
    for exponent in (0, 1, 15, 16, 17, srp.draw_secret(), srp.N - 2):
        base = secrets.randbelow(srp.N)
        assert power(base, exponent) == pow(base, exponent, srp.N)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "00",
        f"{srp.N:x}",
        f"{2 * srp.N:x}",
        f"{srp.N * srp.N:x}",
        "",
        "-2",
        "0x2",
        " 2",
        "2g",
        "f" * 5000,
        "２",
    ],
    ids=["zero", "zeros", "N", "2N", "N^2", "nothing", "minus", "prefix", "space", "letter", "long", "wide"],
)
def test_values_that_would_fix_the_shared_secret_are_refused(text: str) -> None:
    assert srp.parse_client_value(text) is None


def test_a_clients_value_is_read_in_either_case_and_with_leading_zeros() -> None:
    assert srp.parse_client_value("00fF") == 255


def test_every_secret_has_its_full_length_and_is_another() -> None:
    drawn = {srp.draw_secret() for _ in range(50)}
    assert len(drawn) == 50
    assert {secret.bit_length() for secret in drawn} == {srp.SECRET_BITS}


@pytest.mark.parametrize("stamp", [STAMP, "Tue Nov 03 01:02:03 UTC 2026"], ids=["plain", "zero"])
def test_timestamps_are_read(stamp: str) -> None:
    assert srp.parse_timestamp(stamp) == datetime(2026, 11, 3, 1, 2, 3, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "stamp",
    ["", "2026-11-03T01:02:03Z", "Tue Nov 31 01:02:03 UTC 2026", "Tue Nov 3 25:02:03 UTC 2026",
     "Tue Foo 3 01:02:03 UTC 2026", STAMP + " ", "Tue Nov 3 01:02:03 KST 2026"],
)  # fmt: skip
def test_other_timestamps_are_none(stamp: str) -> None:
    assert srp.parse_timestamp(stamp) is None


def test_the_clients_own_timestamp_is_read() -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    stamp = AWSSRP.get_cognito_formatted_timestamp(now.replace(tzinfo=None))
    assert srp.parse_timestamp(stamp) == now.timestamp()


def test_signatures_compare_whatever_is_sent() -> None:
    assert srp.is_signature("YQ==", "YQ==")
    assert not srp.is_signature("YQ==", "half\ud800")


@pytest.mark.parametrize("text", ["", "YQ==", base64.b64encode(BLOCK).decode()])
def test_blocks_are_read(text: str) -> None:
    assert srp.parse_block(text) == base64.b64decode(text)


@pytest.mark.parametrize("text", ["a", "$$$$", "half\ud800"])
def test_other_blocks_are_none(text: str) -> None:
    assert srp.parse_block(text) is None


def test_nothing_secret_shows_in_a_repr() -> None:
    verifier = srp.make_verifier(IDENTITY, PASSWORD)
    assert not re.search(r"value", repr(verifier))
