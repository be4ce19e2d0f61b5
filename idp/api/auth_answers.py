"""Sign-in outcomes and tokens in the shapes of the service model (cognito.md 4.1, 4.4). Pure.

Absent members are left out: clients take a `ChallengeName` for a challenge and a `RefreshToken` for a new
one, whatever their values.
"""

from __future__ import annotations

from idp.api.present import present
from idp.outcomes import Challenged, TokenSet
from idp.signin.completion import Completed


def challenge_answer(challenged: Challenged) -> dict[str, object]:
    """Answer with a challenge."""
    return present(
        ChallengeName=challenged.name.value,
        Session=challenged.session,
        ChallengeParameters=dict(challenged.parameters),
        AvailableChallenges=[name.value for name in challenged.available] or None,
    )


def tokens_answer(completed: Completed) -> dict[str, object]:
    """Answer a sign-in with its tokens."""
    result = authentication_result(completed.tokens)
    if completed.new_device is not None:
        result["NewDeviceMetadata"] = {
            "DeviceKey": completed.new_device.key,
            "DeviceGroupKey": completed.new_device.group_key,
        }
    return {"AuthenticationResult": result, "ChallengeParameters": {}}


def authentication_result(tokens: TokenSet) -> dict[str, object]:
    """An AuthenticationResultType."""
    return present(
        AccessToken=tokens.access_token,
        ExpiresIn=tokens.expires_in,
        TokenType="Bearer",
        RefreshToken=tokens.refresh_token,
        IdToken=tokens.id_token,
    )
