"""Header rules between client and target, as tables."""

from __future__ import annotations

import pytest

from lb.headers import (
    ForwardPolicy,
    Kind,
    ResponseEdits,
    classify,
    count_forwarded_addresses,
    forwarded_for,
    is_identity_header,
    known_names,
    listed_in_connection,
    passing_lines,
    resembles_framing,
    target_authority,
)
from lb.settings import LoadBalancerAttributes, XffMode
from rules.request import RequestHead


def policy(**attributes: object) -> ForwardPolicy:
    return ForwardPolicy.compile(LoadBalancerAttributes(**attributes), scheme="https", port=8443)  # type: ignore[arg-type]


def head(host: str = "app.example.com", *, port: int = 80, sent: bytes | None = None) -> RequestHead:
    headers = [(b"host", sent)] if sent is not None else []
    return RequestHead("GET", "http", host, port, "/", "", headers, "127.0.0.1", authority=f"{host}:99")


IDENTITY = [
    (b"x-amzn-oidc-data", True),
    (b"X-Amzn-Oidc-Identity", True),
    (b"X_AMZN_OIDC_ACCESSTOKEN", True),
    (b"x-amzn_oidc.data", True),
    (b"x!amzn~oidc*anything", True),
    (b"X-Amzn-Mtls-Clientcert-Subject", True),
    (b"x_amzn_mtls_clientcert", True),
    (b"x-amzn-oidcdata", False),
    (b"x-amzn-tls-version", False),
    (b"x-amzn-trace-id", False),
    (b"my-x-amzn-oidc-data", False),
]


@pytest.mark.parametrize(("name", "expected"), IDENTITY, ids=lambda value: str(value))
def test_identity_headers_are_known_in_every_spelling_that_a_target_could_fold(
    name: bytes, expected: bool
) -> None:
    assert is_identity_header(name) is expected


KINDS = [
    (b"Accept", Kind.PLAIN),
    (b"X-Custom-1", Kind.PLAIN),
    (b"x_custom", Kind.INVALID),
    (b"x.custom", Kind.INVALID),
    (b"Host", Kind.HOST),
    (b"HOST", Kind.HOST),
    (b"X-Forwarded-For", Kind.FORWARDED_FOR),
    (b"x-forwarded-port", Kind.FORWARDED_FACT),
    (b"X-Amzn-Trace-Id", Kind.TRACE),
    (b"x-amzn-tls-version", Kind.TLS_FACT),
    (b"Connection", Kind.CONNECTION),
    (b"Keep-Alive", Kind.DROPPED),
    (b"TE", Kind.DROPPED),
    (b"HTTP2-Settings", Kind.DROPPED),
    (b"X_Forwarded_For", Kind.DROPPED),
    (b"content_length", Kind.SUSPICIOUS),
    (b"x_amzn_tls_version", Kind.DROPPED),
    (b"X-Amzn-Oidc-Data", Kind.DROPPED),
]


@pytest.mark.parametrize(("name", "kind"), KINDS, ids=lambda value: str(value))
def test_names_are_classified(name: bytes, kind: Kind) -> None:
    assert classify(name) == (name.lower(), kind)
    assert classify(name) == (name.lower(), kind), "and the same from memory"


def test_memory_of_names_is_bounded() -> None:
    for number in range(10_000):
        classify(b"x-made-up-%d" % number)
    classify(b"long" * 100)
    assert len(known_names) <= 4096
    assert b"long" * 100 not in known_names


CONNECTION = [
    (b"keep-alive", set()),
    (b"Close", set()),
    (b"", set()),
    (b"X-Hop, close , x-other", {b"x-hop", b"x-other"}),
    (b"Host, X-Forwarded-For, Content-Length, X-Amzn-Oidc-Data", set()),
    (b"x_under", {b"x_under"}),
]


@pytest.mark.parametrize(("value", "names"), CONNECTION, ids=[str(value) for value, _ in CONNECTION])
def test_connection_lists_only_what_is_not_ours(value: bytes, names: set[bytes]) -> None:
    assert listed_in_connection(value) == names


FORWARDED = [
    ({}, [], b"X-Forwarded-For: 127.0.0.1\r\n"),
    ({}, [b"127.0.0.4"], b"X-Forwarded-For: 127.0.0.4, 127.0.0.1\r\n"),
    ({}, [b"127.0.0.4, 127.0.0.8"], b"X-Forwarded-For: 127.0.0.4, 127.0.0.8, 127.0.0.1\r\n"),
    ({}, [b"1.1.1.1", b"", b"2.2.2.2"], b"X-Forwarded-For: 1.1.1.1, 2.2.2.2, 127.0.0.1\r\n"),
    ({"xff_client_port": True}, [], b"X-Forwarded-For: 127.0.0.1:5\r\n"),
    ({"xff_mode": XffMode.PRESERVE, "xff_client_port": True}, [b"1.1.1.1"], b""),
    ({"xff_mode": XffMode.REMOVE}, [b"1.1.1.1"], b""),
]


@pytest.mark.parametrize(("attributes", "values", "line"), FORWARDED)
def test_forwarded_for_follows_the_mode(
    attributes: dict[str, object], values: list[bytes], line: bytes
) -> None:
    assert forwarded_for(policy(**attributes), values, peer="127.0.0.1", peer_port=5) == line


def test_ipv6_peer_with_port_is_bracketed() -> None:
    line = forwarded_for(policy(xff_client_port=True), [], peer="::1", peer_port=5)
    assert line == b"X-Forwarded-For: [::1]:5\r\n"


def test_addresses_are_counted_over_all_lines() -> None:
    assert count_forwarded_addresses([b"1.1.1.1, 2.2.2.2", b"", b" , 3.3.3.3"]) == 3


PASSING = [
    ({}, [b"X-Plain", b"x_under", b"X-Amzn-Tls-Version"]),
    ({"drop_invalid_header_fields": True}, [b"X-Plain", b"X-Amzn-Tls-Version"]),
    ({"tls_version_and_cipher_headers": True}, [b"X-Plain", b"x_under"]),
    ({"xff_mode": XffMode.PRESERVE}, [b"X-Plain", b"x_under", b"X-Forwarded-For", b"X-Amzn-Tls-Version"]),
]


@pytest.mark.parametrize(("attributes", "expected"), PASSING)
def test_what_passes_follows_the_attributes(attributes: dict[str, object], expected: list[bytes]) -> None:
    names = [b"X-Plain", b"x_under", b"X-Forwarded-For", b"X-Amzn-Tls-Version", b"X-Amzn-Oidc-Data", b"X-Hop"]
    classes = [classify(name) for name in names]
    pieces = passing_lines(
        policy(**attributes).passes,
        names,
        [(lower, b"v") for lower, _ in classes],
        kinds=[kind for _, kind in classes],
        listed=frozenset({b"x-hop"}),
    )
    assert b"".join(pieces) == b"".join(b"%b: v\r\n" % name for name in expected)


def test_scheme_and_port_come_from_the_listener() -> None:
    assert policy().constant == b"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 8443\r\n"


HOSTS = [
    (80, False, b"example.com", "example.com"),
    (443, False, b"example.com:80", "example.com"),
    (8080, False, b"example.com", "example.com:8080"),
    (80, True, b"Example.com:80", "Example.com:80"),
    (8080, True, b"example.com", "example.com"),
]


@pytest.mark.parametrize(("port", "preserve", "sent", "expected"), HOSTS)
def test_host_for_the_target(port: int, preserve: bool, sent: bytes, expected: str) -> None:
    """ALB user guide, "Host header preservation"."""
    assert target_authority(head("example.com", port=port, sent=sent), preserve_host=preserve) == expected


def test_preserved_host_that_was_never_sent_is_our_own() -> None:
    assert target_authority(head("web"), preserve_host=True) == "web:99"


def test_response_edits_override_add_and_hide() -> None:
    edits = ResponseEdits.compile(
        (("x-frame-options", "DENY"), ("strict-transport-security", ""), ("access-control-max-age", "5")),
        server_header=False,
    )
    pairs = [(b"X-FRAME-OPTIONS", b"ALLOW"), (b"Strict-Transport-Security", b"theirs"), (b"Server", b"x")]
    assert edits.active
    assert edits.apply(pairs, also=((b"Set-Cookie", b"a=b"),)) == [
        (b"Strict-Transport-Security", b"theirs"),
        (b"X-Frame-Options", b"DENY"),
        (b"Access-Control-Max-Age", b"5"),
        (b"Set-Cookie", b"a=b"),
    ]


def test_response_without_edits_loses_only_hop_by_hop_headers() -> None:
    edits = ResponseEdits.compile((), server_header=True)
    pairs = [(b"Connection", b"x-hop"), (b"X-Hop", b"1"), (b"Keep-Alive", b"1"), (b"Server", b"mine")]
    assert not edits.active
    assert edits.apply(pairs, hop_by_hop=frozenset({b"x-hop"})) == [(b"Server", b"mine")]


@pytest.mark.parametrize(
    ("name", "yes"),
    [
        (b"Content_Length", True),
        (b"Content--Length", True),
        (b"\x01Transfer-Encoding", True),
        (b"Transfer-Encoding ", True),
        (b"transfer-encoding XY", True),
        ("Tran\u017ffer-Encod\u0131ng".encode(), True),
        (b"Transfer\xe2\x80\x95Encoding", True),
        (b"Content-Length2", False),
        (b"X-Content-Length", False),
        (b"", False),
        (b" ", False),
    ],
)
def test_names_that_resemble_framing(name: bytes, yes: bool) -> None:
    assert resembles_framing(name) is yes


@pytest.mark.parametrize("name", [b"Content_Length", b"Transfer---Encoding", b"content.length"])
def test_name_that_resembles_framing_is_suspicious(name: bytes) -> None:
    assert classify(name)[1] == Kind.SUSPICIOUS
