"""The token with which users say whether a sign-in was theirs."""

import pytest

from idp.protection.feedback import LIFETIME_SECONDS, FeedbackClaim, open_feedback, seal_feedback
from idp.seal import Vault

NOW = 1_800_000_000.0
VAULT = Vault(b"k" * 32)
TOKEN = seal_feedback(VAULT, "pool", "sub", "event", now=NOW)


def test_a_token_names_one_event_for_a_week() -> None:
    end = NOW + LIFETIME_SECONDS
    assert open_feedback(VAULT, TOKEN, now=end - 1) == FeedbackClaim("pool", "sub", "event", end)
    assert open_feedback(VAULT, TOKEN, now=end) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        TOKEN[:-2] + ("AA" if TOKEN[-2:] != "AA" else "BB"),
        TOKEN + "A" * 1024,
        seal_feedback(Vault(b"x" * 32), "pool", "sub", "event", now=NOW),
        VAULT.seal_text("{}", purpose="sign-in-session"),
    ],
    ids=["empty", "nonsense", "changed", "long", "another key", "another purpose"],
)
def test_what_was_not_made_as_such_a_token_opens_nothing(token: str) -> None:
    assert open_feedback(VAULT, token, now=NOW) is None
