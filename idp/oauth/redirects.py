"""Building the Location of an answer to the client: query or fragment, appended and never rebuilt.

The registered redirect_uri is kept byte for byte: parsing and printing a URL again may change what it means
to the client, and the exact match that allowed it (RFC 6749 3.1.2.3) would no longer hold for what is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from idp.oauth.errors import Redirected

_PLAIN_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")


def append_query(uri: str, parameters: Mapping[str, str | None]) -> str:
    """Append `parameters` (None left out) to the query of `uri`; a query that is there stays in front."""
    joiner = "&" if "?" in uri else "?"
    return f"{uri}{joiner}{_encode(parameters)}"


def append_fragment(uri: str, parameters: Mapping[str, str | None]) -> str:
    """Append `parameters` (None left out) as the fragment of `uri`, which has none (see `check_client`)."""
    return f"{uri}#{_encode(parameters)}"


def error_location(error: Redirected) -> str:
    """Spell the redirect that tells the client about `error`, state included verbatim."""
    parameters = {"error": error.error, "error_description": error.description, "state": error.state}
    append = append_fragment if error.in_fragment else append_query
    return append(error.redirect_uri, parameters)


def form_action_source(uri: str) -> str:
    """Spell the CSP source that lets a form submission be redirected to `uri`.

    Chrome applies `form-action` to every redirect after a submission, so the client's origin has to be
    named. A CSP host-source cannot spell an IPv6 literal, and a custom scheme has no host: there the scheme
    stands for all.
    """
    parts = urlsplit(uri)
    # The pattern also keeps a registered URL with `;` or a space in it from adding directives to the policy.
    if parts.scheme not in {"http", "https"} or not _PLAIN_HOST.fullmatch(parts.netloc):
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"


def _encode(parameters: Mapping[str, str | None]) -> str:
    # %20 and not +: a client that reads its query with decodeURIComponent still gets the state it sent.
    present = {name: value for name, value in parameters.items() if value is not None}
    return urlencode(present, quote_via=quote, safe="")
