"""Heads between HTTP/1's form and header blocks."""

from __future__ import annotations

import pytest

from lb.http2.head import Malformed
from lb.upstream.http2.head import read_response_head, read_trailers, request_fields


def test_request_is_spelt_for_http2() -> None:
    head = (
        b"POST /a%20b?c=d%20e HTTP/1.1\r\n"
        b"Host: app.example.com:8443\r\n"
        b"X-Mixed: Kept Value: with colon\r\n"
        b"empty: \r\n"
        b"X-Forwarded-For: 192.0.2.1\r\n"
        b"Content-Length: 5\r\n"
        b"Connection: keep-alive\r\n\r\n"
    )
    assert request_fields(head, scheme=b"https", takes_trailers=False) == [
        (b":method", b"POST"),
        (b":scheme", b"https"),
        (b":path", b"/a%20b?c=d%20e"),
        (b":authority", b"app.example.com:8443"),
        (b"x-mixed", b"Kept Value: with colon"),
        (b"empty", b""),
        (b"x-forwarded-for", b"192.0.2.1"),
        (b"content-length", b"5"),
    ]


def test_framing_of_http1_is_left_out() -> None:
    head = (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nUpgrade: websocket\r\n"
        b"Connection: upgrade\r\n\r\n"
    )
    fields = request_fields(head, scheme=b"http", takes_trailers=True)
    assert [name for name, _ in fields] == [b":method", b":scheme", b":path", b":authority", b"te"]
    assert fields[-1] == (b"te", b"trailers")


def test_response_head_is_read() -> None:
    head = read_response_head(
        [
            (b":status", b"200"),
            (b"date", b"today"),
            (b"content-length", b"5"),
            (b"content-length", b"5"),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"trailer", b"x-sum"),
        ]
    )
    assert (head.status, head.length, head.dated, head.chunked) == (200, 5, True, False)
    assert head.pairs == [
        (b"date", b"today"),
        (b"content-length", b"5"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
    ]


@pytest.mark.parametrize(
    "block",
    [
        pytest.param([], id="nothing"),
        pytest.param([(b"a", b"b")], id="no status"),
        pytest.param([(b"a", b"b"), (b":status", b"200")], id="status behind a header"),
        pytest.param([(b":status", b"200"), (b":status", b"200")], id="two statuses"),
        pytest.param([(b":status", b"200"), (b":path", b"/")], id="foreign pseudo-header"),
        pytest.param([(b":status", b"101")], id="101"),
        pytest.param([(b":status", b"600")], id="600"),
        pytest.param([(b":status", b"2e2")], id="no number"),
        pytest.param([(b":status", "２００".encode())], id="foreign digits"),
        pytest.param(
            [(b":status", b"200"), (b"content-length", b"1"), (b"content-length", b"2")], id="lengths"
        ),
        pytest.param([(b":status", b"200"), (b"content-length", b"-1")], id="negative length"),
        pytest.param([(b":status", b"200"), (b"content-length", b"9" * 19)], id="endless length"),
        pytest.param([(b":status", b"200"), (b"transfer-encoding", b"chunked")], id="transfer-encoding"),
        pytest.param([(b":status", b"200"), (b"x", b"a\nb")], id="line feed"),
        pytest.param([(b":status", b"200"), (b"x", b" a")], id="space in front"),
        pytest.param([(b":status", b"200"), (b"", b"a")], id="empty name"),
        pytest.param([(b":status", b"200"), *[(b"x", b"y" * 8000)] * 5], id="too large"),
    ],
)  # fmt: skip
def test_malformed_response_is_refused(block: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Malformed):
        read_response_head(block)


def test_trailers_carry_no_framing() -> None:
    block = [(b"grpc-status", b"0"), (b"content-length", b"5"), (b"te", b"trailers")]
    assert read_trailers(block) == [(b"grpc-status", b"0")]


@pytest.mark.parametrize(
    "block",
    [[(b":status", b"200")], [(b"Upper", b"1")], [(b"connection", b"close")], [(b"x", b"y" * 33_000)]],
    ids=["pseudo-header", "upper case", "connection header", "too large"],
)
def test_malformed_trailers_are_refused(block: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Malformed):
        read_trailers(block)
