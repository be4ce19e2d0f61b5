"""Taking secrets out of URLs before they are logged. Pure.

ALB logs the URI as sent, and with it the login code and state of every `/oauth2/idpresponse`; here no secret,
token or code is ever logged. Values are replaced, names and order are kept, so that a row still tells what
was asked for.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

CALLBACK_PATH = "/oauth2/idpresponse"
REDACTED = "redacted"

# fmt: off
SECRET_PARAMETERS = frozenset((
    "access_token", "api_key", "apikey", "assertion", "authorization", "client_assertion", "client_secret",
    "code_verifier", "confirmation_code", "id_token", "id_token_hint", "jwt", "logout_token", "password",
    "passwd", "refresh_token", "request", "samlresponse", "secret", "session", "session_token", "sig",
    "signature", "subject_token", "ticket", "token", "user_code", "x-amz-security-token",
    "x-amz-signature",
))
# fmt: on
"""Names (lower case) whose values are secrets wherever they appear."""

LOGIN_PARAMETERS = frozenset(("code", "state", "nonce", "code_challenge"))
"""Secrets of one login attempt: redacted in redirects, and where `code` and `state` come together."""

_SEPARATOR = re.compile("([?&;#])")
_NAME = re.compile("[?&;#]([^=&;#?]*)=")
_TELLING_NAMES = SECRET_PARAMETERS | LOGIN_PARAMETERS
_NESTED = re.compile("%(?:3[fF]|2[35])")
MAX_QUERY, MAX_PARAMETERS = 2048, 64
"""A query that looks suspicious and is larger than this is redacted whole: taking it apart would cost
milliseconds, and a client could make every request cost them."""
# A URL within a URL within a URL is looked into; deeper nesting is redacted unseen.
_MAX_NESTING = 3


def redact_url(url: str, *, login: bool = False) -> str:
    """Return `url` (or a request target) with the values of secret parameters replaced.

    `login` says that this is a redirect to a login page: its `state` and `nonce` go too. Of what is sent to
    the callback path only `error` is kept.
    """
    if "?" not in url and "#" not in url:
        return url
    if not login and not _is_suspect(url):
        return url
    path, mark, query = _split(url)
    if len(query) > MAX_QUERY or len(_SEPARATOR.findall(query)) > MAX_PARAMETERS:
        return f"{path}{mark}{REDACTED}"
    return _redact(url, login=login, nesting=0)


def _is_suspect(url: str) -> bool:
    """Tell whether a URL is worth taking apart; runs for every request that has a query."""
    if "idpresponse" in url:
        return True
    _, _, query = url.partition("?")
    if "%" not in url and "#" not in url and "?" not in query and ";" not in query:
        return not _TELLING_NAMES.isdisjoint([part.partition("=")[0] for part in query.lower().split("&")])
    # An escaped path could spell the callback path, an escaped name a telling one, and an escaped value could
    # be a URL with secrets of its own.
    names = _NAME.findall(url.lower())
    escaped = "%" in url and (
        _NESTED.search(url) is not None or "%" in _split(url)[0] or any("%" in name for name in names)
    )
    return escaped or not _TELLING_NAMES.isdisjoint(names)


def _redact(url: str, *, login: bool, nesting: int) -> str:
    path, mark, query = _split(url)
    parts = _SEPARATOR.split(query)
    names = {_name(part) for part in parts[::2]}
    callback = CALLBACK_PATH in unquote(path).lower()
    secret = SECRET_PARAMETERS
    if login or callback or {"code", "state"} <= names:
        secret = SECRET_PARAMETERS | LOGIN_PARAMETERS
    parts[::2] = [_redact_part(part, secret, callback=callback, nesting=nesting) for part in parts[::2]]
    return f"{path}{mark}{''.join(parts)}"


def _split(url: str) -> tuple[str, str, str]:
    query, fragment = url.find("?"), url.find("#")
    at = min(index for index in (query, fragment, len(url)) if index >= 0)
    return url[:at], url[at : at + 1], url[at + 1 :]


def _name(part: str) -> str:
    return unquote(part.partition("=")[0]).lower()


def _redact_part(part: str, secret: frozenset[str], *, callback: bool, nesting: int) -> str:
    name, equals, value = part.partition("=")
    plain = _name(part)
    if callback and plain != "error":
        # A bare value without a name may be the code itself.
        return f"{name}={REDACTED}" if equals else REDACTED if part else part
    if plain in secret and value:
        return f"{name}={REDACTED}"
    return f"{name}{equals}{REDACTED}" if _hides_secret(value, nesting) else part


def _hides_secret(value: str, nesting: int) -> bool:
    """Tell whether a parameter's value is itself a URL that carries secrets (`redirect_uri`, `next`)."""
    if _NESTED.search(value) is None:
        return False
    if nesting >= _MAX_NESTING:
        return True
    inner = unquote(value)
    if ("?" in inner or "#" in inner) and _redact(inner, login=False, nesting=nesting + 1) != inner:
        return True
    return inner != value and _hides_secret(inner, nesting + 1)
