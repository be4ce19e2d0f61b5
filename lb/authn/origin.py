"""The request's own origin: the only place that a login ever sends a browser back to.

Pure. Host is attacker-controlled text until `read_origin` has looked at it; paths are attacker-controlled
always.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.request import RequestHead

CALLBACK_PATH = "/oauth2/idpresponse"
# A name, an IPv4 address or a bracketed IPv6 address, and maybe a port (RFC 3986 3.2, without userinfo).
_AUTHORITY = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]{0,253})|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?")
_LEADING = re.compile(r"[/\\]*")
_UNSAFE = re.compile(rb"[^\x21-\x7e]|[\"<>\\^`{|}]")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme and authority as the browser knows them."""

    scheme: str
    authority: str

    @property
    def redirect_uri(self) -> str:
        """The callback URL to register at the provider, lower case (alb.md 3.1)."""
        return f"{self.scheme}://{self.authority}{CALLBACK_PATH}"

    @property
    def secure(self) -> bool:
        """Tell whether cookies can be Secure."""
        return self.scheme == "https"

    def url(self, target: str) -> str:
        """Return the absolute URL of a raw request target on this origin.

        Never leaves it: the authority comes first and the path starts with exactly one slash, so `//evil`,
        `/\\evil` and control characters in between stay path.
        """
        octets = _LEADING.sub("/", target, count=1).encode("latin-1", "replace")
        safe = _UNSAFE.sub(lambda match: b"%%%02X" % match[0][0], octets)
        return f"{self.scheme}://{self.authority}{safe.decode('ascii')}"


def read_origin(head: RequestHead) -> Origin | None:
    """Return the origin that the browser addressed; None when the Host value is missing or no authority."""
    authority = head.authority.lower()
    if not _AUTHORITY.fullmatch(authority):
        return None
    return Origin(head.scheme, authority)
