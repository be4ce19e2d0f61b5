"""Whether a request comes from this machine, for what only its operator may see.

The peer's address alone would not do: a proxy on this machine (our own load balancer) connects from
loopback for everybody, and a web page can point a name of its own at 127.0.0.1 (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request

from idp.site import ADDRESS, Site

_FORWARDING = ("x-forwarded-proto", "x-forwarded-port", "x-forwarded-host", "forwarded", "via", "x-real-ip")
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def is_local(request: Request, site: Site) -> bool:
    """Whether both ends of the request are on this machine, as far as anything in it says.

    A site that browsers reach by https at a public name has a proxy in front, and some proxies do not show
    themselves: nginx, left alone, sends neither the client's address nor its Host. There nobody is local.
    """
    return not _is_behind_a_proxy(site) and _is_local_peer(request) and _is_local_name(request, site)


def client_address(request: Request) -> str:
    """Return the address to count attempts by and to log, which the client cannot choose."""
    return str(request.scope[ADDRESS])


def _is_local_peer(request: Request) -> bool:
    if request.client is None or not _is_loopback(request.client.host):
        return False
    hops = [hop for header in request.headers.getlist("x-forwarded-for") for hop in header.split(",")]
    if hops:
        return all(_is_loopback(hop.strip()) for hop in hops)
    # A proxy that hides the address but shows itself: whoever is behind it may be anywhere.
    return not any(name in request.headers for name in _FORWARDING)


def _is_local_name(request: Request, site: Site) -> bool:
    host = request.headers.get("host", "").lower()
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    return name in _LOCAL_NAMES or host == site.origin.rpartition("//")[2].lower()


def _is_behind_a_proxy(site: Site) -> bool:
    host = urlsplit(site.public_url).hostname or ""
    return site.is_secure and not (host == "localhost" or host.endswith(".localhost") or _is_loopback(host))


def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback
