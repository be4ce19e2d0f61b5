"""Hosts, authorities and URLs: what may stand where a browser or this process will be sent.

A Host header is text from a stranger. Only what is plainly a name or a literal address, and a port, gets
into a Location or to a target: no userinfo, no slashes of either kind, no control characters, no percent
signs (RFC 3986 allows more than anybody uses, and what browsers make of the rest differs).
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

_HOST = re.compile(r"(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])", re.ASCII)
_AUTHORITY = re.compile(rf"({_HOST.pattern})(?::([0-9]{{1,5}}))?", re.ASCII)
_VISIBLE = re.compile(r"[!-~]*")
MAX_HOST = 253


def is_host(text: str) -> bool:
    """Tell whether `text` is a host name, an IPv4 address or a bracketed IPv6 address, and nothing more."""
    return len(text) <= MAX_HOST and _HOST.fullmatch(text) is not None


def split_authority(text: str) -> tuple[str, int | None] | None:
    """Return host and port of `host[:port]`, or None when it is anything else."""
    match = _AUTHORITY.fullmatch(text)
    if match is None or len(match[1]) > MAX_HOST:
        return None
    port = None if match[2] is None else int(match[2])
    return (match[1], port) if port is None or 0 < port < 65_536 else None


def is_visible(text: str) -> bool:
    """Tell whether `text` is visible ASCII without spaces, as a URL on the wire must be."""
    return _VISIBLE.fullmatch(text) is not None


def is_loopback(host: str) -> bool:
    """Tell whether `host` names this machine, so that plain HTTP to it crosses no network (RFC 6761, 6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def find_endpoint_fault(url: str) -> str | None:
    """Return why `url` cannot be an identity provider's endpoint, or None.

    AWS wants https; http is for loopback.
    """
    if not is_visible(url):
        return "must be a URL of visible ASCII characters without spaces"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https"):
        return "must be a full URL beginning with https://"
    if not host or "@" in parts.netloc or split_authority(parts.netloc) is None or port == 0:
        return "must name a host, optionally with a port, and nothing else before the path"
    if parts.fragment or url.endswith("#"):
        return "must not have a fragment"
    if parts.scheme == "http" and not is_loopback(host):
        return "must be https; http is allowed only to this machine (localhost, 127.0.0.1, [::1])"
    return None
