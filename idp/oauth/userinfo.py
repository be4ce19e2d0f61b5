"""GET /oauth2/userInfo: the attributes that an access token opens (cognito.md 1.7, RFC 6750 3)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.oauth.answers import CognitoJson, bearer_token, json_error
from idp.oauth.errors import OAuthError
from idp.outcomes import TokenReason, TokenRefused
from idp.site import site_of

BAD_REQUEST = OAuthError("invalid_request", "Bad OAuth2 request at UserInfo Endpoint")
INVALID_TOKEN = OAuthError(
    "invalid_token",
    "Access token is expired, disabled, or deleted, or the user has globally signed out.",
    401,
)
_STATUS = {TokenReason.INVALID: 401, TokenReason.NO_OPENID: 403}


async def user_info(request: Request) -> Response:
    """Serve userInfo; the token comes in the Authorization header only, never in a URL that gets logged."""
    token = bearer_token(request)
    if token is None:
        return _refuse(BAD_REQUEST)
    result = await site_of(request).core.tokens.user_info(token)
    if isinstance(result, TokenRefused):
        if result.reason is TokenReason.INVALID:
            return _refuse(INVALID_TOKEN)
        return _refuse(OAuthError(result.reason.value, result.description, _STATUS[result.reason]))
    return CognitoJson(result)


def _refuse(error: OAuthError) -> Response:
    # Cognito's challenge has no scheme word, which RFC 9110 11.6.1 wants; with it, clients find the same
    # parameters.
    challenge = f'Bearer error="{error.error}", error_description="{error.description}"'
    return json_error(error, {"www-authenticate": challenge})
