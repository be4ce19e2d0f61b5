"""The head of the request to the target, as bytes: what passes of the client's, what is ours, how the body is
framed (ALB user guide, "HTTP headers").

Owns the order of the lines. Which header may pass is `lb.headers`'s to know, where the request goes the
pipeline's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lb.headers import ForwardPolicy, forwarded_for, passing_lines, sent_as_ours

if TYPE_CHECKING:
    from lb.admission import Incoming
    from lb.outcomes import Dispatch


def build_request_head(
    incoming: Incoming, dispatch: Dispatch, policy: ForwardPolicy, *, tls_lines: bytes
) -> tuple[bytes, bytes]:
    """Return the request line and the header lines with the blank line, in two parts.

    Between them goes the value of X-Amzn-Trace-Id: all else is the same when the same request comes again.
    `tls_lines` are sent where the policy asks for TLS facts. Raises UnicodeEncodeError where a path or host
    cannot be bytes.
    """
    head = incoming.head
    if incoming.passing_for is not policy:
        incoming.passing, incoming.passing_for = _passing(incoming, policy), policy
    uri = f"{dispatch.path}?{dispatch.query}" if dispatch.query else dispatch.path
    line = f"{head.method} {uri} HTTP/1.1\r\nHost: {dispatch.authority}\r\n".encode("latin-1")
    pieces = [b"\r\n"]
    if policy.tls_facts:
        pieces.append(tls_lines)
    for name, value in dispatch.request_headers:
        pieces += (name, b": ", value, b"\r\n")
    pieces.append(_framing_lines(incoming))
    return b"%b%bX-Amzn-Trace-Id: " % (line, incoming.passing), b"".join(pieces)


def _passing(incoming: Incoming, policy: ForwardPolicy) -> bytes:
    """Build the lines that depend on the client's headers and address alone."""
    head = incoming.head
    listed = incoming.listed
    if policy.renamed:
        listed |= sent_as_ours(head.headers, policy.renamed)
    if incoming.lines and not listed:
        kept = [
            line for line, kind in zip(incoming.lines, incoming.kinds, strict=True) if policy.passes[kind]
        ]
        pieces = [b"\r\n".join([*kept, b""])]
    else:
        pieces = passing_lines(
            policy.passes, incoming.names, head.headers, kinds=incoming.kinds, listed=listed
        )
    pieces.append(forwarded_for(policy, incoming.forwarded_for, peer=head.peer, peer_port=head.peer_port))
    pieces.append(policy.constant)
    return b"".join(pieces)


def _framing_lines(incoming: Incoming) -> bytes:
    if incoming.chunked:
        return b"Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"
    if incoming.upgrade:
        return b"Upgrade: %b\r\nConnection: upgrade\r\n\r\n" % incoming.upgrade
    if incoming.content_length >= 0:
        return b"Content-Length: %d\r\nConnection: keep-alive\r\n\r\n" % incoming.content_length
    return b"Connection: keep-alive\r\n\r\n"
