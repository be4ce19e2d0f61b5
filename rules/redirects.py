"""Build the Location of a redirect from its template and the request.

Owns the placeholders and the safety of the result: a Location is always a whole URL whose host is the
rule's or the request's own, so nothing in path or query (`//evil`, `/\\evil`) can move it elsewhere, and it
holds no character that could end the header. Source: ELB user guide, "Redirect actions"; log samples there
show the explicit port.
"""

from __future__ import annotations

import re
from enum import Enum

from rules.actions import Redirect
from rules.authority import is_host, split_authority
from rules.limits import MAX_LOCATION
from rules.request import RequestHead

_PLACEHOLDER = re.compile(r"#\{([^}]*)\}")
# Control characters split headers; a space ends a URL for some clients. Bytes above ASCII pass, as at ALB,
# which percent-encodes nothing.
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")


class LocationFailure(Enum):
    """Why there is no Location."""

    TOO_LONG = "longer than 8 K"
    """ALB answers 507 and counts HTTP_Redirect_Url_Limit_Exceeded_Count."""
    UNSAFE = "the request's host, path or query cannot stand in a URL"
    """The request is not one that a browser sends: answer 400."""


def find_placeholders(text: str) -> list[str]:
    """Return the names between `#{` and `}` in `text`, in order."""
    return _PLACEHOLDER.findall(text)


def build_location(redirect: Redirect, head: RequestHead) -> str | LocationFailure:
    """Return the absolute URL that `redirect` sends `head` to, always with its port, as ALB does.

    `#{port}` is the port of the request's Host value when that names one (so that a mapped port survives),
    else the listener's. Nothing is percent-encoded or decoded.
    """
    values = {
        "protocol": head.scheme,
        "host": head.host,
        "port": str(_port(head)),
        "path": head.path[1:],
        "query": head.query,
    }

    def expand(template: str) -> str:
        # One pass: a path that holds the text `#{query}` is not expanded again.
        return _PLACEHOLDER.sub(lambda match: values[match[1]], template)

    protocol, host, port = expand(redirect.protocol).lower(), expand(redirect.host), expand(redirect.port)
    path, query = expand(redirect.path), expand(redirect.query)
    location = f"{protocol}://{host}:{port}{path}{'?' if query else ''}{query}"
    if "#{host}" in redirect.path + redirect.query and not is_host(head.host):
        return LocationFailure.UNSAFE
    if not is_host(host) or not path.startswith("/") or _UNSAFE.search(location):
        return LocationFailure.UNSAFE
    return location if len(location) <= MAX_LOCATION else LocationFailure.TOO_LONG


def _port(head: RequestHead) -> int:
    own = split_authority(head.authority)
    return head.port if own is None or own[1] is None else own[1]
