"""Proof key for code exchange."""

import pytest

from idp.tokens.pkce import build_challenge, is_proven

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_example_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    assert build_challenge(VERIFIER) == CHALLENGE
    assert is_proven(CHALLENGE, VERIFIER)


@pytest.mark.parametrize(
    ("challenge", "verifier", "proven"),
    [
        (None, None, True),
        (CHALLENGE, None, False),
        (None, VERIFIER, False),
        (CHALLENGE, CHALLENGE, False),
        (VERIFIER, VERIFIER, False),
        (CHALLENGE, "", False),
        (build_challenge("short"), "short", False),
        (build_challenge("a" * 129), "a" * 129, False),
        (CHALLENGE, VERIFIER + "\n", False),
        (CHALLENGE, "é" * 50, False),
        ("\ud800", VERIFIER, False),
    ],
)
def test_what_proves_and_what_does_not(challenge: str | None, verifier: str | None, proven: bool) -> None:
    assert is_proven(challenge, verifier) is proven
