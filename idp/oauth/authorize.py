"""The rules of an authorization request: parameters in, a request or an error out (cognito.md 1.2, 1.3).

Pure. The hosted pages carry the same query string and run it through here again at every step, so nothing
about a request is believed because an earlier page saw it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from idp.model import Client
from idp.oauth.errors import Redirected, Shown, ShownCode
from idp.oauth.parameters import Parameters, parse_parameters

MAX_QUERY = 16_384
KNOWN = frozenset(
    {
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "scope",
        "identity_provider",
        "idp_identifier",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "lang",
        "login_hint",
        "prompt",
        "resource",
        "acr_values",
        "max_age",
        "then",
    }
)
THEN: Final = {"passkeys": "/passkeys/add"}
"""Pages of our own that a sign-in can lead to before the app. Words and not addresses: nothing that somebody
writes into a link leads anywhere else."""
_FLOW_OF = {"code": "code", "token": "implicit"}
_NEED_OPENID = frozenset({"email", "phone", "profile"})
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_MAX_AGE = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    """A valid authorization request of a known client."""

    client_id: str
    redirect_uri: str
    response_type: str
    scopes: tuple[str, ...]
    state: str | None = field(default=None, repr=False)
    nonce: str | None = field(default=None, repr=False)
    code_challenge: str | None = field(default=None, repr=False)
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    levels: tuple[int, ...] = ()
    """The authentication levels that `acr_values` names, the preferred first; the pool's words for them are
    its own."""
    login_hint: str | None = None
    then: str | None = None
    """The page of our own to show after the sign-in."""
    query: str = field(default="", repr=False)
    """The known parameters, encoded anew: what links and forms of the pages carry on."""

    @property
    def in_fragment(self) -> bool:
        """Whether answers travel in the fragment (implicit grant) instead of the query."""
        return self.response_type == "token"

    def refuse(self, error: str, description: str | None = None) -> Redirected:
        """Return `error` as an answer to this request's client."""
        return Redirected(self.redirect_uri, error, description, self.state, self.in_fragment)


def read_query(raw: bytes | str) -> Parameters | Shown:
    """Read the raw query of an authorization request; who it is from is unambiguous afterwards."""
    parameters = parse_parameters(raw) if len(raw) <= MAX_QUERY else None
    if parameters is None:
        return Shown(ShownCode.MALFORMED, detail="the query is not UTF-8 or too large")
    if repeated := parameters.repeated(("client_id", "redirect_uri")):
        # Telling the client would mean choosing one of the copies.
        return Shown(ShownCode.MALFORMED, detail=f"repeated {', '.join(sorted(repeated))}")
    return parameters


def check_authorize(parameters: Parameters, client: Client | None) -> AuthorizeRequest | Shown | Redirected:
    """Decide what an authorization request for `client` (None: no such client) is worth."""
    redirect_uri = check_client(parameters, client)
    if isinstance(redirect_uri, Shown) or client is None:
        return redirect_uri if isinstance(redirect_uri, Shown) else Shown(ShownCode.CLIENT_UNKNOWN)
    request = _read(parameters, client, redirect_uri)
    refusals = (check(parameters, client, request) for check in _CHECKS)
    return next((refusal for refusal in refusals if refusal), request)


def check_client(parameters: Parameters, client: Client | None) -> str | Shown:
    """Return the redirect_uri to answer to, or the error that no redirect may carry."""
    client_id = parameters.get("client_id")
    if client is None or not client.oauth_enabled or not _signs_in_locally(client):
        return Shown(
            ShownCode.CLIENT_UNKNOWN, client_id, "client unknown, without OAuth or without COGNITO sign-in"
        )
    redirect_uri = parameters.get("redirect_uri") or client.default_redirect_uri
    # Exact comparison: prefix, case or normalising matches are how codes are stolen (RFC 9700 4.1).
    if redirect_uri is None or redirect_uri not in client.callback_urls or "#" in redirect_uri:
        return Shown(
            ShownCode.REDIRECT_MISMATCH, client_id, f"redirect_uri {redirect_uri!r} is not registered"
        )
    return redirect_uri


def _signs_in_locally(client: Client) -> bool:
    # A client made without SupportedIdentityProviders can use no page in Cognito; here it means the pool's
    # own users.
    return not client.identity_providers or "COGNITO" in client.identity_providers


def _read(parameters: Parameters, client: Client, redirect_uri: str) -> AuthorizeRequest:
    max_age, then = parameters.text("max_age"), THEN.get(parameters.text("then"))
    return AuthorizeRequest(
        client_id=client.id,
        redirect_uri=redirect_uri,
        response_type=parameters.text("response_type"),
        scopes=_scopes(parameters, client),
        state=None if parameters.repeated(("state",)) else parameters.get("state"),
        nonce=parameters.get("nonce"),
        code_challenge=parameters.get("code_challenge"),
        prompt=frozenset(parameters.text("prompt").split()),
        max_age=int(max_age) if _MAX_AGE.fullmatch(max_age) else None,
        login_hint=parameters.get("login_hint"),
        then=then,
        query=parameters.keep(KNOWN if then else KNOWN - {"then"}).encode(),
    )


def _scopes(parameters: Parameters, client: Client) -> tuple[str, ...]:
    asked = parameters.text("scope").split()
    return tuple(dict.fromkeys(asked)) if asked else client.oauth_scopes


Check = Callable[[Parameters, Client, AuthorizeRequest], Redirected | None]


def _check_repeats(parameters: Parameters, client: Client, request: AuthorizeRequest) -> Redirected | None:
    repeated = sorted(parameters.repeated(KNOWN))
    return (
        request.refuse("invalid_request", f"Repeated parameter: {', '.join(repeated)}") if repeated else None
    )


def _check_response_type(
    parameters: Parameters, client: Client, request: AuthorizeRequest
) -> Redirected | None:
    flow = _FLOW_OF.get(request.response_type)
    if flow is None:
        return request.refuse("invalid_request", "response_type must be code or token")
    return None if flow in client.oauth_flows else request.refuse("unauthorized_client")


def _check_pkce(parameters: Parameters, client: Client, request: AuthorizeRequest) -> Redirected | None:
    method, challenge = parameters.get("code_challenge_method"), request.code_challenge
    if method is None and challenge is None:
        return None
    if method != "S256":
        # `plain`, or a challenge alone (which RFC 7636 4.3 reads as plain), protects nothing: refused,
        # never assumed.
        return request.refuse("invalid_request", "code_challenge_method must be S256")
    if challenge is None or not _CHALLENGE.fullmatch(challenge):
        return request.refuse("invalid_request", "code_challenge must be 43 base64url characters")
    return None


def _check_scopes(parameters: Parameters, client: Client, request: AuthorizeRequest) -> Redirected | None:
    asked = set(request.scopes)
    needs_openid = (
        bool(asked & _NEED_OPENID) and "openid" not in asked and parameters.get("scope") is not None
    )
    if needs_openid or not asked <= set(client.oauth_scopes):
        return request.refuse("invalid_scope")
    return None


def _check_prompt(parameters: Parameters, client: Client, request: AuthorizeRequest) -> Redirected | None:
    if "none" in request.prompt and len(request.prompt) > 1:
        return request.refuse("invalid_request", "prompt=none stands alone")
    return None


def _check_max_age(parameters: Parameters, client: Client, request: AuthorizeRequest) -> Redirected | None:
    if parameters.get("max_age") is not None and request.max_age is None:
        return request.refuse("invalid_request", "max_age must be a number of seconds")
    return None


def _check_provider(parameters: Parameters, client: Client, request: AuthorizeRequest) -> Redirected | None:
    if parameters.get("identity_provider") not in {None, "COGNITO"}:
        return request.refuse("invalid_request", "identity_provider is not enabled for this client")
    return None


_CHECKS: Iterable[Check] = (
    _check_repeats,
    _check_response_type,
    _check_pkce,
    _check_scopes,
    _check_prompt,
    _check_max_age,
    _check_provider,
)
