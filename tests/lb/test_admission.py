"""Which heads are admitted, and what is understood of them; what the parser refuses, the contracts test."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.admission import Incoming, Origin, admit, is_method, parse_host, settle_path
from lb.headers import classify
from lb.reasons import Reason

ORIGIN = Origin("http", 8080, "127.0.0.1", 5, "web")
HOST = (b"Host", b"App.Example.com:99")


def try_admit(
    *sent: tuple[bytes, bytes], method: str = "GET", target: bytes = b"/", version: str = "1.1"
) -> Incoming | Reason:
    classes = [(*classify(name), value) for name, value in sent]
    return admit(
        method,
        target,
        version,
        [name for name, _ in sent],
        pairs=[(lower, value) for lower, _, value in classes],
        kinds=[kind for _, kind, _ in classes],
        specials=[(kind, value) for _, kind, value in classes if kind],
        origin=ORIGIN,
    )


def admitted(
    *sent: tuple[bytes, bytes], method: str = "GET", target: bytes = b"/", version: str = "1.1"
) -> Incoming:
    incoming = try_admit(HOST, *sent, method=method, target=target, version=version)
    assert isinstance(incoming, Incoming)
    return incoming


def test_head_is_raw_and_its_host_lower_case() -> None:
    head = admitted(target=b"/a%2Fb//c?d=%41?e").head
    assert (head.path, head.query) == ("/a%2Fb//c", "d=%41?e")
    assert (head.host, head.authority, head.port) == ("app.example.com", "app.example.com:99", 8080)
    assert (head.scheme, head.peer, head.peer_port) == ("http", "127.0.0.1", 5)


@pytest.mark.parametrize("target", [b"/", b"/a?", b"//evil.example/x", b"/~%25'!$&()*+,;=:@|\"<>[]^`{}\\"])
def test_printable_targets_are_admitted(target: bytes) -> None:
    assert isinstance(try_admit(HOST, target=target), Incoming)


@pytest.mark.parametrize(
    ("path", "settled"),
    [
        ("/%61dmin/%7e%2D%5f%30", "/admin/~-_0"),
        ("/a%2Fb%5Cc%00%20%25", "/a%2Fb%5Cc%00%20%25"),
        ("/%2561dmin", "/%2561dmin"),
        ("/.well-known/...", "/.well-known/..."),
        ("/a..b/c.", "/a..b/c."),
        ("/..a", "/..a"),
        ("/a/../b", None),
        ("/..", None),
        ("/.", None),
        ("/./", None),
        ("/a/.%2E/b", None),
        ("/a/%2e%2e;x/b", None),
        ("/a/..;/b", None),
        ("/a\\..\\b", None),
        ("/a%5c..%2fb", None),
        ("/a%2F%2e", None),
        ("/100%", None),
        ("/%zz", None),
        ("/%%361dmin", None),
    ],
)
def test_a_path_has_one_spelling_or_none(path: str, settled: str | None) -> None:
    """A rule for /admin must hold for every spelling that a target could serve as /admin."""
    assert settle_path(path) == settled
    found = try_admit(HOST, target=path.encode())
    assert found is Reason.BAD_REQUEST if settled is None else isinstance(found, Incoming)


@given(st.text(st.sampled_from("/.%2eEfF5cC\\;a"), max_size=12))
def test_a_settled_path_stays_as_it_is(text: str) -> None:
    settled = settle_path("/" + text)
    assert settled is None or settle_path(settled) == settled
    if settled is not None:
        segments = [segment.partition(";")[0] for segment in re.split(r"[/\\]", unquote(settled))]
        assert not {".", ".."} & set(segments)


@pytest.mark.parametrize(
    "target",
    [
        b"",
        b"*",
        b"a",
        b"/a#b",
        b"/a b",
        b"/\x7f",
        b"/\xff",
        b"http://",
        b"http:///x",
        b"HTTP://u@h/",
        b"ws://h/",
    ],
)
def test_other_targets_are_refused(target: bytes) -> None:
    assert try_admit(HOST, target=target) is Reason.BAD_REQUEST


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"http://Other.example", ("other.example", "other.example", "/", "")),
        (b"HTTPS://other.example:1/a?b", ("other.example", "other.example:1", "/a", "b")),
        (b"http://other.example?b=/", ("other.example", "other.example", "/", "b=/")),
        (b"http://[::1]:80/", ("[::1]", "[::1]:80", "/", "")),
    ],
)
def test_absolute_target_names_host_path_and_query(
    target: bytes, expected: tuple[str, str, str, str]
) -> None:
    head = admitted(target=target).head
    assert (head.host, head.authority, head.path, head.query) == expected


REFUSED = [
    ((), {}, Reason.BAD_REQUEST),
    ((HOST, HOST), {}, Reason.BAD_REQUEST),
    (((b"Host", b""),), {}, Reason.BAD_REQUEST),
    (((b"Host", b"a b"),), {}, Reason.BAD_REQUEST),
    (((b"Host", b"a/b"),), {"target": b"http://fine/"}, Reason.BAD_REQUEST),
    ((HOST,), {"version": "2.0"}, Reason.VERSION_NOT_SUPPORTED),
    ((HOST,), {"version": "0.9"}, Reason.VERSION_NOT_SUPPORTED),
    ((HOST,), {"method": "TRACE"}, Reason.METHOD_NOT_ALLOWED),
    ((HOST,), {"method": "trace"}, Reason.METHOD_NOT_ALLOWED),
    ((HOST,), {"method": "CONNECT", "target": b"h:1"}, Reason.METHOD_NOT_ALLOWED),
    ((HOST, (b"Transfer-Encoding", b"gzip, chunked")), {}, Reason.UNSUPPORTED_TRANSFER_ENCODING),
    ((HOST, (b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"chunked")), {}, Reason.BAD_REQUEST),
    ((HOST, (b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"1")), {}, Reason.BAD_REQUEST),
    ((HOST, (b"Transfer-Encoding", b"chunked")), {"version": "1.0"}, Reason.BAD_REQUEST),
    ((HOST, (b"Content-Length", b"1"), (b"Content-Length", b"2")), {}, Reason.BAD_REQUEST),
    ((HOST, (b"Content-Length", b"1" * 19)), {}, Reason.BAD_REQUEST),
    ((HOST, (b"Content-Length", b"-1")), {}, Reason.BAD_REQUEST),
    ((HOST, (b"X-Forwarded-For", b"1.1.1.1," * 31)), {}, Reason.TOO_MANY_FORWARDED_ADDRESSES),
    ((HOST, *[(b"X-Forwarded-For", b"1.1.1.1")] * 31), {}, Reason.TOO_MANY_FORWARDED_ADDRESSES),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "options", "reason"), REFUSED)
def test_refused_heads(
    sent: tuple[tuple[bytes, bytes], ...], options: dict[str, str], reason: Reason
) -> None:
    assert try_admit(*sent, **options) is reason  # type: ignore[arg-type]


def test_thirty_addresses_are_admitted() -> None:
    assert len(admitted((b"X-Forwarded-For", b", ".join([b"1.1.1.1"] * 30))).forwarded_for) == 1


def test_http_1_0_without_a_host_is_for_the_load_balancer_itself() -> None:
    incoming = try_admit(version="1.0")
    assert isinstance(incoming, Incoming)
    assert (incoming.head.host, incoming.keep_alive) == ("web", False)


@pytest.mark.parametrize(
    ("value", "keep_alive", "listed"),
    [
        (b"keep-alive", True, set()),
        (b"Close", False, set()),
        (b"x-hop, CLOSE", False, {b"x-hop"}),
        (b"x-hop", True, {b"x-hop"}),
    ],
)
def test_connection_tells_hop_by_hop_names_and_the_end(
    value: bytes, keep_alive: bool, listed: set[bytes]
) -> None:
    incoming = admitted((b"Connection", value))
    assert (incoming.keep_alive, incoming.listed) == (keep_alive, listed)


@pytest.mark.parametrize(
    ("value", "upgrade"),
    [
        (b"websocket", b"websocket"),
        (b"WebSocket", b"WebSocket"),
        (b"h2c", b""),
        (b"websocket, h2c", b""),
        (b"HTTP/2.0", b""),
        (b"TLS/1.0", b""),
    ],
)
def test_no_tunnel_for_other_versions_of_http(value: bytes, upgrade: bytes) -> None:
    incoming = admitted((b"Upgrade", value))
    assert (incoming.upgrade, incoming.wants_upgrade) == (upgrade, True)


def test_upgrade_with_a_body_or_of_an_old_client_is_none() -> None:
    assert admitted((b"Upgrade", b"websocket"), (b"Content-Length", b"1"), method="POST").upgrade == b""
    assert admitted((b"Upgrade", b"websocket"), version="1.0").upgrade == b""


def test_expectations_are_those_of_http_1_1() -> None:
    assert admitted((b"Expect", b"100-Continue")).expect_continue
    assert not admitted((b"Expect", b"100-continue"), version="1.0").expect_continue
    assert not admitted((b"Expect", b"something")).expect_continue


@pytest.mark.parametrize(
    ("method", "header", "classification"),
    [
        ("GET", (b"Content-Length", b"0"), ("Acceptable", "GetHeadZeroContentLength")),
        ("HEAD", (b"Content-Length", b"5"), ("Ambiguous", "UndefinedContentLengthSemantics")),
        ("GET", (b"Transfer-Encoding", b"Chunked"), ("Ambiguous", "UndefinedTransferEncodingSemantics")),
        ("POST", (b"Content-Length", b"5"), ("", "")),
        ("POST", (b"Transfer_Encoding", b"chunked"), ("Ambiguous", "SuspiciousHeader")),
        ("GET", (b"Accept", b"*/*"), ("", "")),
    ],
)
def test_bodies_of_get_and_head_are_classified(
    method: str, header: tuple[bytes, bytes], classification: tuple[str, str]
) -> None:
    incoming = admitted(header, method=method)
    assert (incoming.classification, incoming.classification_reason) == classification


def test_equal_lengths_are_one() -> None:
    incoming = admitted((b"Content-Length", b"5"), (b"content-length", b"5"), method="POST")
    assert (incoming.content_length, incoming.classification_reason) == (5, "DuplicateContentLength")


@pytest.mark.parametrize(
    ("text", "yes"), [("PURGE", True), ("m-search", True), ("", False), ("G T", False), ("G\x7f", False)]
)
def test_a_method_is_any_token(text: str, yes: bool) -> None:
    assert is_method(text) is yes


def test_first_trace_header_counts() -> None:
    assert admitted((b"X-Amzn-Trace-Id", b"Root=1"), (b"X-Amzn-Trace-Id", b"Root=2")).trace == b"Root=1"


@pytest.mark.parametrize(
    ("value", "parsed"),
    [
        (b"a.example", ("a.example", "a.example")),
        (b"A_b-c.Example:80", ("a_b-c.example", "a_b-c.example:80")),
        (b"[2001:DB8::1]:443", ("[2001:db8::1]", "[2001:db8::1]:443")),
        (b"a:", ("a", "a:")),
        (b"a:123456", None),
        (b"2001:db8::1", None),
        (b"a\xff", None),
        (b"a,b", None),
        (b"a%41", None),
    ],
)
def test_host_values(value: bytes, parsed: tuple[str, str] | None) -> None:
    assert parse_host(value) == parsed


def test_memory_of_hosts_is_bounded() -> None:
    from lb import admission

    for number in range(5000):
        parse_host(b"h%d.example" % number)
    assert parse_host(b"h4999.example") == ("h4999.example", "h4999.example")
    assert len(admission._hosts) <= 4096
