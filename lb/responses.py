"""Responses that the load balancer makes itself, byte for byte as ALB writes them.

Error pages, redirects and fixed responses as `Answer` values, and the rendering of an `Answer` into header
pairs. Titles and template: observed ALB responses; the template is nginx's, 92 bytes plus the title twice.
"""

from __future__ import annotations

from email.utils import formatdate

from lb.headers import ResponseEdits
from lb.outcomes import Answer, HeaderList
from lb.reasons import Reason
from rules.actions import FixedResponse

SERVER = (b"Server", b"awselb/2.0")
_HTML = (b"Content-Type", b"text/html")

TITLES = {
    301: "Moved Permanently",
    302: "Found",
    400: "Bad Request",
    401: "Authorization Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Not Allowed",
    408: "Request Time-out",
    413: "Request Entity Too Large",
    414: "Request-URI Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
    505: "HTTP Version Not Supported",
    507: "Insufficient Storage",
}
_PHRASES = {
    **TITLES,
    100: "Continue",
    101: "Switching Protocols",
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    206: "Partial Content",
    303: "See Other",
    304: "Not Modified",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    401: "Unauthorized",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
}


def phrase(status: int) -> str:
    """Return a reason phrase; empty for codes that nobody named (460, 463, 561)."""
    return _PHRASES.get(status, "")


def page(status: int) -> bytes:
    """Return the HTML body of a generated response."""
    # Nobody documents the page of ALB's own codes (460, 463, 561): the bare number stands as the title.
    title = f"{status} {TITLES[status]}" if status in TITLES else str(status)
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n"
        f"<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    ).encode()


def _plain_http() -> bytes:
    title = "400 The plain HTTP request was sent to HTTPS port"
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>400 Bad Request</h1></center>\r\n<center>{title[4:]}</center>\r\n</body>\r\n</html>\r\n"
    )
    head = (
        "HTTP/1.1 400 Bad Request\r\nServer: awselb/2.0\r\nContent-Type: text/html\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return (head + body).encode()


PLAIN_HTTP = _plain_http()
"""Whole answer to plain HTTP at an HTTPS port (alb.md 1.1)."""


def refuse(reason: Reason, *, close: bool = False) -> Answer:
    """Answer with the page of a reason. `close` ends the client's connection: its bytes cannot be trusted."""
    return Answer(reason.status, (_HTML,), page(reason.status), reason=reason, close=close)


def redirect(status: int, location: str) -> Answer:
    """Answer with a redirect to `location`."""
    # The location can hold bytes of the request: latin-1 gives them back unchanged, CR and LF cannot be
    # among them.
    headers = (_HTML, (b"Location", location.encode("latin-1", "replace")))
    return Answer(status, headers, page(status), actions=("redirect",), redirect_url=location)


def fixed_response(action: FixedResponse) -> Answer:
    """Answer what a fixed-response action says."""
    headers: HeaderList = ((b"Content-Type", f"{action.content_type}; charset=utf-8".encode()),)
    return Answer(action.status_code, headers, action.message_body.encode(), actions=("fixed-response",))


def http_date(now: float) -> bytes:
    """Format seconds since the epoch as an IMF-fixdate (RFC 9110 section 5.6.7)."""
    return formatdate(now, usegmt=True).encode()


def answer_pairs(answer: Answer, *, date: bytes, edits: ResponseEdits) -> list[tuple[bytes, bytes]]:
    """Return all headers of an `Answer` but Connection, in the order in which ALB writes them."""
    pairs = [SERVER, (b"Date", date), *answer.headers]
    if answer.status not in (204, 304):
        pairs.append((b"Content-Length", str(len(answer.body)).encode()))
    return edits.apply(pairs)
