"""Which requests are gRPC, which groups take them, and what errors of ours look like."""

from __future__ import annotations

import pytest

from lb.admission import Incoming
from lb.grpc import CONTENT_TYPE, code_in, code_of_status, fits, in_grpc, is_grpc
from lb.outcomes import Answer
from lb.reasons import Reason
from lb.responses import fixed_response, redirect, refuse
from lb.settings import ProtocolVersion
from rules.actions import FixedResponse
from rules.request import RequestHead

HTTP1, HTTP2, GRPC = ProtocolVersion.HTTP1, ProtocolVersion.HTTP2, ProtocolVersion.GRPC


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (b"application/grpc", True),
        (b"application/grpc+proto", True),
        (b"Application/GRPC;charset=utf-8", True),
        (b"application/grpc-web", False),
        (b"application/grpc-web+proto", False),
        (b"application/grpcfoo", False),
        (b"application/json", False),
        (b"", False),
    ],
)
def test_content_type_makes_a_request_grpc(content_type: bytes, expected: bool) -> None:
    assert is_grpc(content_type) is expected


def incoming(*, http2: bool, grpc: bool = False, method: str = "POST") -> Incoming:
    head = RequestHead(method, "https", "a", 443, "/", "", [], "127.0.0.1", 1)
    return Incoming(head, [], [], "1.1", http2=http2, grpc=grpc)


@pytest.mark.parametrize(
    ("request_", "takers"),
    [
        pytest.param(incoming(http2=False), {HTTP1}, id="HTTP/1.1"),
        pytest.param(incoming(http2=True, method="GET"), {HTTP1, HTTP2}, id="HTTP/2 GET"),
        pytest.param(incoming(http2=True), {HTTP1, HTTP2, GRPC}, id="HTTP/2 POST"),
        pytest.param(incoming(http2=True, grpc=True), {HTTP2, GRPC}, id="gRPC"),
    ],
)
def test_group_takes_what_its_version_says(request_: Incoming, takers: set[ProtocolVersion]) -> None:
    assert {version for version in ProtocolVersion if fits(version, request_)} == takers


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, 13),
        (401, 16),
        (403, 7),
        (404, 12),
        (429, 14),
        (502, 14),
        (503, 14),
        (504, 14),
        (500, 2),
        (460, 2),
    ],
)
def test_http_statuses_have_codes(status: int, code: int) -> None:
    assert code_of_status(status) == code


@pytest.mark.parametrize(
    ("value", "code"), [(b"0", 0), (b"12", 12), (b"", None), (b"-1", None), (b"9" * 5000, None)]
)
def test_code_is_read_from_trailers(value: bytes, code: int | None) -> None:
    assert code_in([(b"x-a", b"1"), (b"grpc-status", value)]) == code


@pytest.mark.parametrize("reason", [each for each in Reason if each is not Reason.PROTOCOL_MISMATCH])
def test_every_error_of_ours_has_a_form_in_grpc(reason: Reason) -> None:
    answer = in_grpc(refuse(reason))
    assert (answer.status, answer.body, answer.reason) == (200, b"", reason)
    headers = dict(answer.headers)
    assert headers[b"Content-Type"] == CONTENT_TYPE
    assert int(headers[b"grpc-status"]) == code_of_status(reason.status)
    assert headers[b"grpc-message"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuse(Reason.PROTOCOL_MISMATCH), id="464"),
        pytest.param(redirect(302, "https://login.example/"), id="redirect"),
        pytest.param(fixed_response(FixedResponse(503)), id="fixed response"),
    ],
)
def test_what_is_no_error_of_ours_stays_as_it_is(answer: Answer) -> None:
    assert in_grpc(answer) is answer
