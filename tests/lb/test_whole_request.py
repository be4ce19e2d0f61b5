"""Which requests are read without the parser, and that they are read as the parser reads them."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.admission import MAX_HEADER, MAX_HEADER_COUNT, Incoming, Origin, admit
from lb.headers import ForwardPolicy, classify
from lb.outcomes import Dispatch
from lb.request_head import build_request_head
from lb.settings import LoadBalancerAttributes, XffMode
from lb.whole_request import MAX_SIZE, KnownLine, WholeRequest, read_whole

ORIGIN = Origin("http", 8080, "127.0.0.1", 5, "web")
COOKIE = b"Cookie: s=" + b"1" * 300 + b"; t=2"
GET = (
    b"GET /first?a=1 HTTP/1.1\r\nHost: app.example.com\r\nUser-Agent: a b\r\nX-Forwarded-For: 1.1.1.1\r\n"
    b"Connection: keep-alive\r\n" + COOKIE + b"\r\nX-A: 5\r\n\r\n"
)
POST = (
    b"POST /a%2Fb HTTP/1.1\r\n"
    + COOKIE
    + b"\r\nHost: app.example.com:8080\r\nContent-Length: 11\r\nX-Amzn-Trace-Id: Self=1\r\n\r\n"
    b"ab\r\n\r\ncd: e"
)
LAST = b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n" + COOKIE + b"\r\n\r\n"
SHAPES = {"get": GET, "post": POST, "cookie last": LAST}
KNOWN = KnownLine(COOKIE)
BYTES = b"\r\n\t \x00\x0b\x7f\x80\xff:;,#%/?.\\aZ0_-"
FIELDS = (
    "version", "content_length", "chunked", "expect_continue", "keep_alive", "upgrade", "wants_upgrade",
    "listed", "forwarded_for", "trace", "invalid_names", "classification", "closes",
)  # fmt: skip
POLICIES = [
    ForwardPolicy.compile(LoadBalancerAttributes(**members), scheme="http", port=80, names=names)
    for members, names in (
        ({}, ()),
        ({"xff_mode": XffMode.PRESERVE}, ()),
        ({"drop_invalid_header_fields": True}, ()),
        ({}, [("x-amzn-tls-version", "x-a")]),
    )
]


class Heard:
    """What httptools makes of one request."""

    def __init__(self, data: bytes) -> None:
        self.url = self.body = b""
        self.sent: list[tuple[bytes, bytes]] = []
        self.begun = self.complete = 0
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(data)
        self.method = self.parser.get_method().decode()

    def on_message_begin(self) -> None:
        self.begun += 1

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.sent.append((name, value.rstrip(b" \t")))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete += 1


def parsed(data: bytes) -> tuple[Incoming, bytes] | None:
    """What the long way makes of `data`: one whole request and its body, or None."""
    try:
        heard = Heard(data)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    if (heard.begun, heard.complete) != (1, 1):
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
    return (incoming, heard.body) if isinstance(incoming, Incoming) else None


def assert_read_alike(data: bytes) -> bool:
    """Whatever is read without the parser, the parser reads alike; tells whether something was."""
    whole = read_whole(data)
    with_known = read_whole(data, KNOWN)
    assert (whole is None) == (with_known is None), data
    if whole is None or with_known is None:
        return False
    for name in WholeRequest.__slots__:
        assert getattr(whole, name) == getattr(with_known, name), (name, data)
    incoming = whole.admit(ORIGIN)
    if incoming is None:
        return False
    expected = parsed(data)
    assert expected is not None, data
    assert_same(whole, incoming, *expected)
    return True


def assert_same(whole: WholeRequest, incoming: Incoming, expected: Incoming, body: bytes) -> None:
    head, wanted = incoming.head, expected.head
    assert (whole.body, whole.length) == (body, expected.content_length)
    assert (list(whole.names), list(whole.kinds)) == (list(expected.names), list(expected.kinds))
    assert list(head.headers) == list(wanted.headers)
    assert len(head.headers) == len(wanted.headers)
    for name in ("method", "scheme", "host", "port", "authority", "path", "query", "peer", "peer_port"):
        assert getattr(head, name) == getattr(wanted, name), name
    for name in FIELDS:
        assert getattr(incoming, name) == getattr(expected, name), name
    assert (whole.agent, whole.host) == (wanted.header(b"user-agent"), wanted.header(b"host"))
    assert expected.finding is None
    cookies = list(wanted.header_values(b"cookie"))
    assert [whole.cookie] == (cookies[-1:] or [b""])
    simple = [kind for kind in expected.kinds if kind not in (0, 5, 9, 10)]
    assert whole.simple == (not simple and len(cookies) <= 1)
    for policy in POLICIES:
        assert written(incoming, policy) == written(expected, policy)


def written(incoming: Incoming, policy: ForwardPolicy) -> tuple[bytes, bytes]:
    head = incoming.head
    dispatch = Dispatch("app", head.path, head.query, head.authority)
    return build_request_head(incoming, dispatch, policy, tls_lines=b"")


@pytest.mark.parametrize("data", SHAPES.values(), ids=SHAPES.keys())
def test_usual_requests_need_no_parser(data: bytes) -> None:
    assert assert_read_alike(data)


USUAL = {
    "no query": GET.replace(b"?a=1", b""),
    "empty query": GET.replace(b"?a=1", b"?"),
    "escaped letter": GET.replace(b"/first", b"/%66irst"),
    "no cookie": GET.replace(COOKIE + b"\r\n", b""),
    "another cookie": GET.replace(b"t=2", b"t=3"),
    "a cookie more": GET.replace(b"X-A: 5", b"Cookie: u=3"),
    "the known cookie twice": GET.replace(b"X-A: 5", COOKIE),
    "several forwarded addresses": GET.replace(b"X-A: 5", b"x-forwarded-for: 2.2.2.2"),
    "another spelling": GET.replace(b"Cookie: ", b"cookie: ").replace(b"Host", b"HOST"),
    "post without a body": POST.partition(b"Content-Length")[0] + b"X-A: 1\r\n\r\n",
    "delete": GET.replace(b"GET", b"DELETE"),
    "head": GET.replace(b"GET", b"HEAD"),
    "an odd name": GET.replace(b"X-A: 5", b"X_A: 5"),
    "only Host": b"OPTIONS / HTTP/1.1\r\nHost: h\r\n\r\n",
}


@pytest.mark.parametrize("data", USUAL.values(), ids=USUAL.keys())
def test_usual_variations_need_no_parser(data: bytes) -> None:
    assert assert_read_alike(data)


FOR_THE_PARSER = {
    "nothing": b"",
    "half of it": GET[:-2],
    "half a body": POST[:-1],
    "a body too long": POST + b"x",
    "a second request behind": GET + GET,
    "a second request in front": b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" + GET,
    "a body nobody spoke of": GET + b"x",
    "no lines": b"GET / HTTP/1.1\r\n\r\n",
    "an end in front of the known line": b"GET / HTTP/1.1\r\n\r\n" + COOKIE + b"\r\n\r\n",
    "an end behind the known line": GET.replace(b"X-A: 5\r\n", b"\r\n\r\n"),
    "an unknown method": GET.replace(b"GET", b"PURGE"),
    "a tunnel": b"CONNECT /a HTTP/1.1\r\nHost: h\r\n\r\n",
    "an old version": GET.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "a future version": GET.replace(b"HTTP/1.1", b"HTTP/1.2"),
    "absolute target": GET.replace(b"/first", b"http://other/first"),
    "a fragment": GET.replace(b"?a=1", b"#a"),
    "two spaces": GET.replace(b"GET ", b"GET  "),
    "a space in the target": GET.replace(b"?a=1", b"? a"),
    "an empty line in front": b"\r\n" + GET,
    "bare line feeds": GET.replace(b"\r\n", b"\n"),
    "a bare line feed": GET.replace(b"X-A: 5", b"X-A: 5\nX-B: 6"),
    "a bare carriage return": GET.replace(b"X-A: 5", b"X-A: 5\rX-B: 6"),
    "a folded line": GET.replace(b"X-A: 5", b"X-A: 5\r\n 6"),
    "a tab": GET.replace(b"X-A: 5", b"X-A: 5\t6"),
    "NUL": GET.replace(b"X-A: 5", b"X-A: 5\x00"),
    "beyond ASCII": GET.replace(b"X-A: 5", b"X-A: \xc3\xa4"),
    "no colon": GET.replace(b"X-A: 5", b"X-A 5"),
    "no space": GET.replace(b"X-A: 5", b"X-A:5"),
    "two spaces in front of a value": GET.replace(b"X-A: 5", b"X-A:  5"),
    "a space behind a value": GET.replace(b"X-A: 5", b"X-A: 5 "),
    "no value": GET.replace(b"X-A: 5", b"X-A: "),
    "no name": GET.replace(b"X-A: 5", b": 5"),
    "a space in front of the colon": GET.replace(b"X-A: 5", b"X-A : 5"),
    "a name that is none": GET.replace(b"X-A: 5", b"X(A: 5"),
    "a token for a name": GET.replace(b"X-A: 5", b"X!A: 5"),
    "a forged identity": GET.replace(b"X-A: 5", b"X-Amzn-Oidc-Data: 5"),
    "a forged identity to be folded": GET.replace(b"X-A: 5", b"x_amzn-oidc_identity: 5"),
    "a certificate": GET.replace(b"X-A: 5", b"X-Amzn-Mtls-Clientcert: 5"),
    "facts of TLS": GET.replace(b"X-A: 5", b"X-Amzn-Tls-Version: 5"),
    "another spelling of what is ours": GET.replace(b"X-A: 5", b"X_Forwarded_For: 5"),
    "hop by hop": GET.replace(b"keep-alive", b"keep-alive, X-A"),
    "the last one": GET.replace(b"keep-alive", b"close"),
    "an upgrade": GET.replace(b"X-A: 5", b"Upgrade: websocket"),
    "chunks": POST.replace(b"Content-Length: 11", b"Transfer-Encoding: chunked"),
    "chunks, too": POST.replace(b"X-Amzn-Trace-Id: Self=1", b"Transfer-Encoding: chunked"),
    "lengths": POST.replace(b"X-Amzn-Trace-Id: Self=1", b"Content-Length: 11"),
    "an octal length": POST.replace(b"h: 11", b"h: 011"),
    "a signed length": POST.replace(b"h: 11", b"h: +11"),
    "a huge length": POST.replace(b"h: 11", b"h: " + b"1" * 30),
    "something like a length": POST.replace(b"X-Amzn-Trace-Id: Self=1", b"Content_Length: 11"),
    "a get with a body": POST.replace(b"POST", b"GET"),
    "a get with an empty body": LAST.replace(b"PUT", b"GET"),
    "expects": POST.replace(b"X-Amzn-Trace-Id: Self=1", b"Expect: 100-continue"),
    "trailers": GET.replace(b"X-A: 5", b"TE: trailers"),
    "a long line": GET.replace(b"X-A: 5", b"X-A: " + b"5" * MAX_HEADER),
    "many lines": GET.replace(b"X-A: 5", b"\r\n".join([b"X-A: 5"] * MAX_HEADER_COUNT)),
    "a large body": POST.replace(b"h: 11", b"h: %d" % (11 + MAX_SIZE)) + b"x" * MAX_SIZE,
}


@pytest.mark.parametrize("data", FOR_THE_PARSER.values(), ids=FOR_THE_PARSER.keys())
def test_everything_else_goes_to_the_parser(data: bytes) -> None:
    assert read_whole(data) is None
    assert read_whole(data, KNOWN) is None


REFUSED = {
    "no Host": GET.replace(b"Host: app.example.com\r\n", b""),
    "two Hosts": GET.replace(b"X-A: 5", b"Host: app.example.com"),
    "a Host that is none": GET.replace(b"app.example.com", b"a/b"),
    "dots": GET.replace(b"/first", b"/open/../first"),
    "escaped dots": GET.replace(b"/first", b"/%2e%2e/first"),
    "a broken escape": GET.replace(b"/first", b"/first%"),
    "too many addresses": GET.replace(b"1.1.1.1", b", ".join([b"1.1.1.1"] * 31)),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_what_admission_refuses_is_left_to_the_long_way(data: bytes) -> None:
    whole = read_whole(data)
    assert whole is not None
    assert whole.admit(ORIGIN) is None
    assert parsed(data) is None


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_no_byte_is_understood_otherwise_than_by_the_parser(shape: bytes) -> None:
    inside = shape.index(COOKIE) + 20
    for at in [*range(inside), *range(inside + 280, len(shape))]:
        for byte in BYTES:
            assert_read_alike(shape[:at] + bytes([byte]) + shape[at + 1 :])
            assert_read_alike(shape[:at] + bytes([byte]) + shape[at:])
        assert_read_alike(shape[:at] + shape[at + 1 :])


WORDS = (
    "\r\n", "\r", "\n", ": ", ":", " ", "\t", "\r\n\r\n", "Host: h", "Content-Length: 3", "Connection: close",
    "X-Amzn-Oidc-Data: x", COOKIE.decode(), "GET / HTTP/1.1", "%2e", "/../", "\x00", "\xff", "a",
)  # fmt: skip


@given(
    st.sampled_from([*SHAPES.values()]),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 3), st.lists(st.sampled_from(WORDS), max_size=3)),
        min_size=1,
        max_size=4,
    ),
)
def test_nothing_is_understood_otherwise_than_by_the_parser(
    data: bytes, edits: list[tuple[float, int, list[str]]]
) -> None:
    for where, size, words in edits:
        at = int(where * len(data))
        data = data[:at] + "".join(words).encode("latin-1") + data[at + size :]
        assert_read_alike(data)


def test_what_is_kept_has_bounds_and_is_nobodys_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: dict[bytes, object] = {}
    lines: dict[bytes, object] = {}
    monkeypatch.setattr("lb.whole_request._kinds", kinds)
    monkeypatch.setattr("lb.whole_request._lines", lines)
    monkeypatch.setattr("lb.whole_request._MEMORY", 10)
    for number in range(50):
        assert assert_read_alike(GET.replace(b"X-A: 5", b"X-A-%d: secret\r\nAccept: a/%d" % (number, number)))
        assert len(lines) <= 10
    assert len(kinds) == 10
    lines.clear()
    assert (
        read_whole(GET.replace(b"X-A: 5", b"X-" + b"a" * 100 + b": 5\r\nAccept: " + b"a" * 300)) is not None
    )
    assert all(len(name) <= 64 for name in kinds)
    assert sorted(lines) == [b"Connection: keep-alive", b"Host: app.example.com", b"User-Agent: a b"]


def test_what_is_kept_of_one_client_is_not_believed_of_another() -> None:
    assert assert_read_alike(GET)
    for line in (b"Connection: close", b"connection: keep-alive, x-a", b"Host: a/b", b"Content-Length: 1"):
        assert read_whole(GET.replace(b"X-A: 5", line)) is None or not assert_read_alike(
            GET.replace(b"X-A: 5", line)
        )
