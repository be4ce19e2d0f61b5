"""One finished request as one access-log row: ALB's 34 fields, in order (alb.md 9.1). Pure.

No byte that a client sent can end a field or a row: control characters, quotes, backslashes, spaces in
unquoted fields and everything beyond ASCII become `\\xHH`, byte for byte. The backslash itself is escaped
too, so that reading a row back is unambiguous. This runs once per request on the event loop, hence the small
caches and the shortcuts for fields that are nearly always empty.
"""

from __future__ import annotations

import re
import time
from functools import lru_cache

from lb.observe.record import AccessRecord
from lb.observe.redact import redact_url

USER_AGENT_LIMIT = 8192
"""ALB cuts the user agent at 8 KB; bytes, before escaping."""
TEXT_LIMIT = 16384
"""Longest text of any other field, in characters before escaping: the limit of a request line."""

CACHED_LENGTH = 256

_UNSAFE = re.compile(r"[^ !#-\[\]-~]")
_UNSAFE_BARE = re.compile(r"[^!#-\[\]-~]")


_UNKNOWN = '"-"'
_TWO_UNKNOWN = '"-" "-"'
_THREE_UNKNOWN = '"-" "-" "-"'


_NO_STATUS = {"h2": "000", "grpcs": "000"}
"""ALB's status of a request in place of which its HTTP/2 connection got GOAWAY (alb.md 8)."""


def format_row(record: AccessRecord) -> str:
    """Format one row, with its newline."""
    r = record
    kind, route, served, certificate, actions, target, connection, node = _steady(
        r.type, r.elb, r.client, r.client_port, r.target, r.tls_cipher, r.tls_protocol, r.target_group_arn,
        r.sni, r.cert_arn, r.actions, r.conn_trace_id, r.node_ip,
    )  # fmt: skip
    target_status = r.target_status or "-"
    reason = _UNKNOWN if r.reason is None else quoted(r.reason.value.log)
    redirect = quoted(redact_url(r.redirect_url, login=True)) if r.redirect_url else _UNKNOWN
    classification = _classification(r) if r.classification else _TWO_UNKNOWN
    transforms = (
        _transforms(r) if r.transform_status or r.transformed_host or r.transformed_uri else _THREE_UNKNOWN
    )
    created = int(r.created_wall * 1_000_000 + 0.5)
    done = created + int(max(r.done - r.created, 0.0) * 1_000_000 + 0.5)
    return (
        f"{kind} {_second(done // 1_000_000)}.{done % 1_000_000:06d}Z {route} {_times(r)} "
        f"{r.status or _NO_STATUS.get(r.type, '-')} {target_status} {r.received_bytes} {r.sent_bytes} "
        f"{quoted(_request_line(r))} {_user_agent(r.user_agent)} {served} "
        f"{_quoted_bytes(r.trace_id, TEXT_LIMIT)} {certificate} "
        f"{'-' if r.priority is None else r.priority} "
        f"{_second(created // 1_000_000)}.{created % 1_000_000:06d}Z "
        f'{actions} {redirect} {reason} {target} "{target_status}" '
        f"{classification} {connection} {transforms} {node}\n"
    )


@lru_cache(maxsize=4096)
def _steady(
    kind: str, elb: str, client: str, client_port: int, target: str, tls_cipher: str, tls_protocol: str,
    group_arn: str, sni: str, cert_arn: str, actions: tuple[str, ...], connection: str, node_ip: str,
) -> tuple[str, ...]:  # fmt: skip
    """Write the fields that stay the same from row to row of one client connection."""
    to = bare(target)
    return (
        bare(kind),
        f"{bare(elb)} {_endpoint(client, client_port)} {to}",
        f"{bare(tls_cipher)} {bare(tls_protocol)} {bare(group_arn)}",
        f"{quoted(sni)} {quoted(cert_arn)}",
        quoted(",".join(actions)),
        _UNKNOWN if to == "-" else f'"{to}"',
        bare(connection),
        bare(node_ip),
    )


def quoted(text: str) -> str:
    """Write a quoted field; empty text is unknown."""
    if not text:
        return _UNKNOWN
    # Four C-speed scans that nearly always pass, instead of a regular expression on every field.
    if (
        text.isascii()
        and text.isprintable()
        and '"' not in text
        and "\\" not in text
        and len(text) <= TEXT_LIMIT
    ):
        return f'"{text}"'
    return f'"{_UNSAFE.sub(_escape, text[:TEXT_LIMIT])}"'


@lru_cache(maxsize=4096)
def bare(text: str) -> str:
    """Write an unquoted field; empty text is unknown."""
    return _UNSAFE_BARE.sub(_escape, text[:TEXT_LIMIT]) or "-"


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    # Texts are latin-1 readings of wire bytes; anything beyond comes from our configuration and is UTF-8.
    data = character.encode("latin-1" if ord(character) < 256 else "utf-8", "surrogatepass")
    return "".join(f"\\x{byte:02x}" for byte in data)


def _quoted_bytes(value: bytes | None, limit: int) -> str:
    return quoted(value[:limit].decode("latin-1")) if value else _UNKNOWN


def _user_agent(value: bytes | None) -> str:
    # Few user agents make most requests; long ones are not kept, or a client could fill the memory with them.
    if value is None or len(value) > CACHED_LENGTH:
        return _quoted_bytes(value, USER_AGENT_LIMIT)
    return _short_user_agent(value)


@lru_cache(maxsize=1024)
def _short_user_agent(value: bytes) -> str:
    return _quoted_bytes(value, USER_AGENT_LIMIT)


def _request_line(r: AccessRecord) -> str:
    host = f"[{r.host}]" if ":" in r.host and not r.host.startswith("[") else r.host
    if not r.method:
        # What could not be read as a request logs like this behind ALB (observed).
        return f"- {r.scheme}://{host}:{r.port}- -"
    return f"{r.method} {r.scheme}://{host}:{r.port}{redact_url(r.uri)} {r.version}"


def _endpoint(host: str, port: int) -> str:
    return bare(f"[{host}]:{port}" if ":" in host else f"{host}:{port}") if host else "-"


def _times(r: AccessRecord) -> str:
    """The three processing times in seconds; -1 for a step that was not reached."""
    dispatched, target_head = r.dispatched, r.target_head
    if not dispatched:
        return "-1 -1 -1"
    request = _seconds(int((dispatched - r.created) * 1000 + 0.5))
    if not target_head:
        return f"{request} -1 -1"
    target = _seconds(int((target_head - dispatched) * 1000 + 0.5))
    response = _seconds(int((r.response_started - target_head) * 1000 + 0.5) if r.response_started else 0)
    return f"{request} {target} {response}"


@lru_cache(maxsize=1024)
def _seconds(millis: int) -> str:
    # Most requests take few milliseconds: formatting floats would cost three times as much as this cache.
    return f"{max(millis, 0) / 1000:.3f}"


def _classification(r: AccessRecord) -> str:
    return f"{quoted(r.classification)} {quoted(r.classification_reason)}"


def _transforms(r: AccessRecord) -> str:
    uri = quoted(redact_url(r.transformed_uri))
    return f"{quoted(r.transformed_host)} {uri} {quoted(r.transform_status)}"


def timestamp(wall: float) -> str:
    """ISO 8601, UTC, microseconds."""
    micros = int(wall * 1_000_000 + 0.5)
    return f"{_second(micros // 1_000_000)}.{micros % 1_000_000:06d}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
