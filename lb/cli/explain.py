"""`albacore explain`: which rule a request meets, and why the others do not take it. Nothing is sent."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Annotated
from urllib.parse import SplitResult, urlsplit

import typer

from lb.cli.check import ConfigPath
from lb.cli.terminal import say

if TYPE_CHECKING:
    from lb.settings import ListenerSettings, Settings
    from rules import RequestHead

_DEFAULT_PORTS = {"http": 80, "https": 443}


def explain(
    config: ConfigPath,
    url: Annotated[str, typer.Argument(metavar="URL", help="The address as a client would ask for it.")],
    *,
    headers: Annotated[
        list[str] | None, typer.Option("-H", "--header", metavar="'NAME: VALUE'", help="A request header.")
    ] = None,
    method: Annotated[str, typer.Option("--method", "-X", help="The request method.")] = "GET",
    peer: Annotated[str, typer.Option("--from", metavar="IP", help="The client's address.")] = "127.0.0.1",
) -> None:
    """Say which rule of CONFIG a request to URL meets, and why."""
    from lb.config import load_settings
    from rules.explain import explain as explain_rules

    settings = load_settings(config).settings
    parts = _split(url)
    listener = _choose_listener(settings, parts)
    head = _build_head(parts, listener, headers=headers or [], method=method, peer=_check_peer(peer))
    say(f"listener {listener.protocol} port {listener.port}")
    say(str(explain_rules(listener.ruleset, head)))


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise typer.BadParameter(f"{url}: {error}", param_hint="URL") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or not url.isascii() or " " in url:
        hint = "http://host:port/path?query, percent-encoded as it would be sent"
        raise typer.BadParameter(f"write it as {hint}", param_hint="URL")
    return parts


def _check_peer(peer: str) -> str:
    try:
        return str(ipaddress.ip_address(peer))
    except ValueError:
        raise typer.BadParameter(f"{peer} is not an IP address", param_hint="--from") from None


def _choose_listener(settings: Settings, parts: SplitResult) -> ListenerSettings:
    """Return the listener by the URL's port; the only one there is answers for any port, as behind port
    mapping.
    """
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    found = next((each for each in settings.listeners if each.port == port), None)
    if found is None and len(settings.listeners) > 1:
        ports = ", ".join(str(each.port) for each in settings.listeners)
        raise typer.BadParameter(f"no listener on port {port}; there are {ports}", param_hint="URL")
    return found or settings.listeners[0]


def _build_head(
    parts: SplitResult, listener: ListenerSettings, *, headers: list[str], method: str, peer: str
) -> RequestHead:
    from rules import RequestHead

    pairs = [_parse_header(text) for text in headers]
    given_host = next((value.decode("latin-1") for name, value in pairs if name == b"host"), None)
    authority = (given_host or parts.netloc.rpartition("@")[2]).lower()
    if given_host is None:
        pairs.insert(0, (b"host", authority.encode("latin-1")))
    return RequestHead(
        method=method,
        scheme=listener.protocol.lower(),
        host=urlsplit(f"//{authority}").hostname or "",
        port=listener.port,
        path=parts.path or "/",
        query=parts.query,
        headers=tuple(pairs),
        peer=peer,
        authority=authority,
    )


def _parse_header(text: str) -> tuple[bytes, bytes]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise typer.BadParameter(f"{text!r}: write 'Name: value'", param_hint="--header")
    return name.strip().lower().encode("latin-1", "replace"), value.strip().encode("utf-8")
