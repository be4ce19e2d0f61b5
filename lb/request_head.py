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
    from lb.whole_request import WholeRequest


TRACE = b"X-Amzn-Trace-Id: "


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
    added = _added_lines(dispatch, policy, tls_lines)
    return b"%b%b%b" % (line, incoming.passing, TRACE), added + _framing_lines(incoming)


class HeadPattern:
    """The heads of requests that differ in method, target, passing lines and length alone."""

    __slots__ = ("_added", "_last", "_line", "_ours", "_passes")

    def __init__(
        self, incoming: Incoming, dispatch: Dispatch, policy: ForwardPolicy, *, tls_lines: bytes
    ) -> None:
        """Take what they share from one of them; as `build_request_head`."""
        self._line = f" HTTP/1.1\r\nHost: {dispatch.authority}\r\n".encode("latin-1")
        self._ours = _own_lines(incoming, policy) + TRACE
        self._added = _added_lines(dispatch, policy, tls_lines)
        self._last = self._added + _NO_LENGTH
        self._passes = policy.passes

    def write(self, whole: WholeRequest, uri: str) -> tuple[bytes, bytes]:
        """Return the two parts for a request with this path and query; it is a `simple` one."""
        last = self._last
        if whole.length >= 0:
            last = b"%bContent-Length: %d\r\n%b" % (self._added, whole.length, _NO_LENGTH)
        line = f"{whole.method} {uri}".encode("ascii")
        return b"".join((line, self._line, whole.passing(self._passes), self._ours)), last


def _passing(incoming: Incoming, policy: ForwardPolicy) -> bytes:
    """Build the lines that depend on the client's headers and address alone."""
    head, whole = incoming.head, incoming.whole
    listed = incoming.listed
    if policy.renamed:
        listed |= sent_as_ours(head.headers, policy.renamed)
    if whole is not None and not listed:
        return whole.passing(policy.passes) + _own_lines(incoming, policy)
    names, kinds = (incoming.names, incoming.kinds) if whole is None else (whole.names, whole.kinds)
    pieces = passing_lines(policy.passes, names, head.headers, kinds=kinds, listed=listed)
    return b"".join((*pieces, _own_lines(incoming, policy)))


def _own_lines(incoming: Incoming, policy: ForwardPolicy) -> bytes:
    """Build the lines that tell where the request came from."""
    head = incoming.head
    line = forwarded_for(policy, incoming.forwarded_for, peer=head.peer, peer_port=head.peer_port)
    return line + policy.constant


def _added_lines(dispatch: Dispatch, policy: ForwardPolicy, tls_lines: bytes) -> bytes:
    """Build what goes between the trace id and the lines about the body."""
    pieces = [b"\r\n"]
    if policy.tls_facts:
        pieces.append(tls_lines)
    for name, value in dispatch.request_headers:
        pieces += (name, b": ", value, b"\r\n")
    return b"".join(pieces)


_NO_LENGTH = b"Connection: keep-alive\r\n\r\n"


def _framing_lines(incoming: Incoming) -> bytes:
    if incoming.chunked:
        return b"Transfer-Encoding: chunked\r\n" + _NO_LENGTH
    if incoming.upgrade:
        return b"Upgrade: %b\r\nConnection: upgrade\r\n\r\n" % incoming.upgrade
    if incoming.content_length >= 0:
        return b"Content-Length: %d\r\n%b" % (incoming.content_length, _NO_LENGTH)
    return _NO_LENGTH
