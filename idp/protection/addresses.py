"""Whose address a request is counted by. Pure.

X-Forwarded-For is a list that every proxy appends to, after whatever the client put there. Read from its
end, each entry was written by the hop before it: it is believed as long as that hop is a trusted proxy. The
first address that is none is the client's; what stands before it are the client's own words.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from idp.protection.settings import LOOPBACK, Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def find_client_address(peer: str, forwarded: Sequence[str], *, trusted: Iterable[Network] = LOOPBACK) -> str:
    """Return the client's address: the peer's, or what trusted proxies say. `forwarded`: header values."""
    proxies = tuple(trusted)
    hops = [hop.strip() for value in forwarded for hop in value.split(",") if hop.strip()]
    client = peer
    while hops and is_within(client, proxies):
        said = read_address(hops.pop())
        if said is None:  # `unknown`, or nonsense: the proxy that said so is all there is to count by
            break
        client = str(said)
    return client


def read_address(text: str) -> Address | None:
    """Read an address as proxies write it: with a port, in brackets, with a zone, IPv4 within IPv6."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_within(text: str, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of the networks; what is no address lies in none."""
    address = read_address(text)
    return address is not None and any(address in network for network in networks)


def counting_key(text: str) -> str:
    """Return what stands for an address when counting: IPv6 by /64, which is what one subscriber gets."""
    address = read_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address) if address is not None else text[:64]
