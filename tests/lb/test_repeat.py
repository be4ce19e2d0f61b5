"""When a head may be taken for the last one again, and when it must be parsed."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.admission import Incoming, Origin, admit
from lb.headers import ForwardPolicy, classify
from lb.outcomes import Dispatch
from lb.repeat import MAX_REMEMBERED, RepeatedHead, remember
from lb.request_head import build_request_head
from lb.settings import LoadBalancerAttributes, XffMode

ORIGIN = Origin("http", 8080, "127.0.0.1", 5, "web")
LINES = b"Host: app.example.com\r\nX-Forwarded-For: 1.1.1.1\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n"
HEAD = b"GET /first HTTP/1.1\r\n" + LINES


SHAPE = (
    b"GET /first?a=1 HTTP/1.1\r\nHost: app.example.com\r\nUser-Agent: a b\r\nX-Forwarded-For: 1.1.1.1\r\n"
    b"Connection: keep-alive\r\nCookie: s=1; t=2\r\nX_Odd: 3\r\nX-Tight:4\r\nX-A: 5\r\n\r\n"
)
BYTES = b"\r\n\t \x00\x0b\x7f\x80\xff:;,#%/?.\\aZ0_-"


class Heard:
    """What httptools makes of one head."""

    def __init__(self, data: bytes) -> None:
        self.url = b""
        self.sent: list[tuple[bytes, bytes]] = []
        self.complete = 0
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(data)
        self.method = self.parser.get_method().decode()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.sent.append((name, value.rstrip(b" \t")))

    def on_message_complete(self) -> None:
        self.complete += 1


KEPT = (
    "names",
    "kinds",
    "version",
    "content_length",
    "chunked",
    "expect_continue",
    "keep_alive",
    "upgrade",
    "wants_upgrade",
    "listed",
    "forwarded_for",
    "trace",
    "classification",
)


def admitted(data: bytes) -> Incoming:
    line, *fields = data.partition(b"\r\n\r\n")[0].split(b"\r\n")
    method, target, version = line.split(b" ")
    sent = [(name, value.strip()) for name, _, value in (each.partition(b":") for each in fields)]
    classes = [classify(name) for name, _ in sent]
    incoming = admit(
        method.decode(),
        target,
        version.decode().removeprefix("HTTP/"),
        [name for name, _ in sent],
        pairs=[(lower, value) for (lower, _), (_, value) in zip(classes, sent, strict=True)],
        kinds=[kind for _, kind in classes],
        specials=[(kind, value) for (_, kind), (_, value) in zip(classes, sent, strict=True) if kind],
        origin=ORIGIN,
    )
    assert isinstance(incoming, Incoming)
    return incoming


def remembered(data: bytes = HEAD) -> RepeatedHead:
    repeated = remember(data, admitted(data))
    assert repeated is not None
    return repeated


@pytest.mark.parametrize(
    ("line", "method", "path", "query"),
    [
        (b"GET /first", "GET", "/first", ""),
        (b"HEAD /a%2Fb?c=d?e", "HEAD", "/a%2Fb", "c=d?e"),
        (b"DELETE //x", "DELETE", "//x", ""),
    ],
)
def test_same_lines_behind_another_request_line_are_understood_alike(
    line: bytes, method: str, path: str, query: str
) -> None:
    data = line + b" HTTP/1.1\r\n" + LINES
    again, parsed = remembered().read(data), admitted(data)
    assert again is not None
    assert again.head is not parsed.head
    for name in (
        "method",
        "scheme",
        "host",
        "port",
        "path",
        "query",
        "headers",
        "peer",
        "peer_port",
        "authority",
    ):
        assert getattr(again.head, name) == getattr(parsed.head, name), name
    assert (again.head.method, again.head.path, again.head.query) == (method, path, query)
    for name in KEPT:
        assert getattr(again, name) == getattr(parsed, name), name


OTHERS = {
    "other lines": b"GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n",
    "one line more": b"GET / HTTP/1.1\r\nX-A: 1\r\n" + LINES,
    "a second request in front": b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n" + LINES,
    "a body behind": HEAD + b"x",
    "half of it": HEAD[:-2],
    "a method that brings a body": b"POST / HTTP/1.1\r\n" + LINES,
    "an unknown method": b"GETS / HTTP/1.1\r\n" + LINES,
    "another version": b"GET / HTTP/1.0\r\n" + LINES,
    "an absolute target": b"GET http://other/ HTTP/1.1\r\n" + LINES,
    "a fragment": b"GET /a#b HTTP/1.1\r\n" + LINES,
    "a space": b"GET /a b HTTP/1.1\r\n" + LINES,
    "two spaces": b"GET  / HTTP/1.1\r\n" + LINES,
    "a control": b"GET /\x01 HTTP/1.1\r\n" + LINES,
    "a line feed": b"GET /\nX: HTTP/1.1\r\n" + LINES,
    "bytes beyond ASCII": b"GET /\xff HTTP/1.1\r\n" + LINES,
    "a leading line end": b"\r\nGET / HTTP/1.1\r\n" + LINES,
    "a long target": b"GET /" + b"a" * 17000 + b" HTTP/1.1\r\n" + LINES,
    "nothing": b"",
}


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS.keys())
def test_everything_else_goes_to_the_parser(data: bytes) -> None:
    assert remembered().read(data) is None


NOT_KEPT = {
    "length": b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n",
    "empty length": b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
    "chunks": b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
    "upgrade": b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n",
    "expect": b"GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n",
    "a departure from the RFC": b"GET / HTTP/1.1\r\nHost: h\r\nContent_Length: 0\r\n\r\n",
    "close": b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "old version": b"GET / HTTP/1.0\r\nHost: h\r\n\r\n",
    "absolute target": b"GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n",
    "large": b"GET / HTTP/1.1\r\nHost: h\r\nX-A: " + b"a" * MAX_REMEMBERED + b"\r\n\r\n",
}


@pytest.mark.parametrize("data", NOT_KEPT.values(), ids=NOT_KEPT.keys())
def test_heads_that_say_more_than_themselves_are_not_remembered(data: bytes) -> None:
    assert remember(data, admitted(data)) is None


def test_head_that_did_not_come_alone_is_not_remembered() -> None:
    assert remember(HEAD + HEAD, admitted(HEAD)) is None
    assert remember(HEAD[5:], admitted(HEAD)) is None


@pytest.mark.parametrize("target", [b"/open/../secret", b"/open/%2e%2e/secret", b"/./secret", b"/100%"])
def test_a_path_with_two_readings_goes_to_admission(target: bytes) -> None:
    assert remembered().read(b"GET " + target + b" HTTP/1.1\r\n" + LINES) is None


def test_a_path_is_settled_as_in_admission() -> None:
    again = remembered().read(b"GET /%73ecret?a=%73 HTTP/1.1\r\n" + LINES)
    assert again is not None
    assert (again.head.path, again.head.query) == ("/secret", "a=%73")


def test_the_same_request_again_is_the_same_object_and_any_other_is_not() -> None:
    repeated = remembered()
    first = repeated.read(HEAD)
    assert first is not None
    assert first.repeated
    assert repeated.read(HEAD) is first
    other = repeated.read(HEAD.replace(b"/first", b"/other"))
    assert other is not None
    assert other is not first
    assert (other.repeated, other.settled, other.head.path) == (False, None, "/other")
    assert repeated.read(HEAD.replace(b"/first", b"/other")) is other
    assert first.head.path == "/first"


@pytest.mark.parametrize("at", range(len(HEAD)))
def test_a_changed_byte_is_another_request(at: int) -> None:
    repeated = remembered()
    known = repeated.read(HEAD)
    changed = HEAD[:at] + bytes([HEAD[at] ^ 1]) + HEAD[at + 1 :]
    assert repeated.read(changed) is not known


def parsed(data: bytes) -> Incoming | None:
    """What the long way makes of `data`: one whole request without body, or None."""
    try:
        heard = Heard(data)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    if heard.complete != 1:
        return None
    classes = [classify(name) for name, _ in heard.sent]
    incoming = admit(
        heard.method,
        heard.url,
        heard.parser.get_http_version(),
        [name for name, _ in heard.sent],
        pairs=[(lower, value) for (lower, _), (_, value) in zip(classes, heard.sent, strict=True)],
        kinds=[kind for _, kind in classes],
        specials=[(kind, value) for (_, kind), (_, value) in zip(classes, heard.sent, strict=True) if kind],
        origin=ORIGIN,
    )
    return incoming if isinstance(incoming, Incoming) else None


def assert_understood_alike(repeated: RepeatedHead, data: bytes) -> bool:
    """Whatever the short way understands, the long way understands alike; tells whether the former did."""
    again = repeated.read(data)
    if again is None:
        return False
    expected = parsed(data)
    assert expected is not None, data
    for name in ("method", "host", "authority", "path", "query", "headers", "peer"):
        got, wanted = getattr(again.head, name), getattr(expected.head, name)
        assert got == wanted or list(got) == list(wanted), (name, data)
    for name in KEPT:
        assert getattr(again, name) == getattr(expected, name), (name, data)
    for policy in POLICIES:
        again.passing_for, expected.passing_for = None, None
        assert written(again, policy) == written(expected, policy), data
    return True


POLICIES = [
    ForwardPolicy.compile(LoadBalancerAttributes(**members), scheme="http", port=80)
    for members in ({}, {"xff_mode": XffMode.PRESERVE}, {"drop_invalid_header_fields": True})
]


def written(incoming: Incoming, policy: ForwardPolicy) -> tuple[bytes, bytes]:
    head = incoming.head
    dispatch = Dispatch("app", head.path, head.query, head.authority)
    return build_request_head(incoming, dispatch, policy, tls_lines=b"")


VALUES = {
    "one value": SHAPE.replace(b"X-A: 5", b"X-A: six"),
    "several": SHAPE.replace(b"X-A: 5", b"X-A: six").replace(b"s=1", b"s=7").replace(b"a b", b"c d"),
    "another line, too": SHAPE.replace(b"X-A: 5", b"X-A: six").replace(b"/first?a=1", b"/other"),
    "now with a space": SHAPE.replace(b"X-Tight:4", b"X-Tight: 4"),
}


@pytest.mark.parametrize("data", VALUES.values(), ids=VALUES.keys())
def test_same_lines_with_other_values_need_no_parser(data: bytes) -> None:
    repeated = remembered(SHAPE)
    assert assert_understood_alike(repeated, data)
    assert assert_understood_alike(repeated, SHAPE.replace(b"X-Tight:4", b"X-Tight: 4"))
    assert assert_understood_alike(repeated, VALUES["now with a space"].replace(b"GET", b"HEAD"))


OWNED = {
    "host": SHAPE.replace(b"Host: app", b"Host: other"),
    "forwarded for": SHAPE.replace(b"1.1.1.1", b"2.2.2.2"),
    "connection": SHAPE.replace(b"keep-alive", b"close"),
    "odd name": SHAPE.replace(b"X_Odd: 3", b"X_Odd: 4"),
    "order": SHAPE.replace(b"X_Odd: 3\r\nX-Tight:4", b"X-Tight:4\r\nX_Odd: 3"),
    "identity": SHAPE.replace(b"X-A: 5", b"X-Amzn-Oidc-Identity: 5"),
    "no last line": SHAPE.replace(b"X-A: 5\r\n", b""),
    "a line more": SHAPE.replace(b"X-A: 5", b"X-A: 5\r\nX-A: 5"),
    "an end in between": SHAPE.replace(b"X-Tight:4", b"\r\nGET / HTTP/1.1"),
    "a length": SHAPE.replace(b"X-A: 5", b"Content-Length: 5"),
    "large": SHAPE.replace(b"X-A: 5", b"X-A: " + b"5" * MAX_REMEMBERED),
}


@pytest.mark.parametrize("data", OWNED.values(), ids=OWNED.keys())
def test_lines_that_say_something_to_us_go_to_the_parser(data: bytes) -> None:
    assert remembered(SHAPE).read(data) is None


@pytest.mark.parametrize("at", range(len(SHAPE)))
def test_no_byte_is_understood_otherwise_than_by_the_parser(at: int) -> None:
    repeated = remembered(SHAPE)
    for byte in BYTES:
        assert_understood_alike(repeated, SHAPE[:at] + bytes([byte]) + SHAPE[at + 1 :])
        assert_understood_alike(repeated, SHAPE[:at] + bytes([byte]) + SHAPE[at:])
    assert_understood_alike(repeated, SHAPE[:at] + SHAPE[at + 1 :])


@given(
    st.lists(
        st.tuples(st.integers(0, len(SHAPE) - 5), st.integers(0, 3), st.text("\r\n: \tab%/", max_size=4)),
        min_size=1,
        max_size=4,
    )
)
def test_nothing_is_understood_otherwise_than_by_the_parser(edits: list[tuple[int, int, str]]) -> None:
    repeated, data = remembered(SHAPE), SHAPE
    for at, size, text in edits:
        data = data[:at] + text.encode() + data[at + size :]
        assert_understood_alike(repeated, data)
