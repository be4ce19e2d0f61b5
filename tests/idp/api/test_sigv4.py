"""Signatures: what AWS's own signer makes is let in, and nothing that was changed afterwards."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from idp.api.sigv4 import Claim, Refusal, Signed, read_claim, verify
from idp.config.access import AccessKey
from idp.model import Secret

KEY = AccessKey("AKIDEXAMPLE", Secret("the-secret-of-this-test"))
URL = "https://login.example.com"
TARGET = "AWSCognitoIdentityProviderService.ListUsers"
HEADERS = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET}
BODY = b'{"UserPoolId": "us-east-1_Example01"}'


def signed(
    *,
    service: str = "cognito-idp",
    secret: str = "the-secret-of-this-test",
    headers: dict[str, str] | None = None,
    path: str = "/",
) -> Signed:
    """A request as botocore signs it."""
    request = AWSRequest("POST", URL + path, headers={**HEADERS, **(headers or {})}, data=BODY)
    SigV4Auth(Credentials(KEY.id, secret), service, "eu-north-1").add_auth(request)
    prepared = request.prepare()
    received = [(name.lower(), _text(value)) for name, value in prepared.headers.items()]
    received += [] if any(name == "host" for name, _ in received) else [("host", "login.example.com")]
    raw_path, _, query = path.partition("?")
    return Signed("POST", raw_path, query, received, BODY)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def judge(request: Signed, *, shift: float = 0.0) -> Refusal | None:
    claim = read_claim(request.values("authorization"))
    assert isinstance(claim, Claim), claim
    return verify(request, claim, KEY, now=datetime.now(UTC).timestamp() + shift)


def with_header(request: Signed, name: str, value: str) -> Signed:
    others = [(key, old) for key, old in request.headers if key != name]
    return replace(request, headers=[*others, (name, value)])


def resigned_names(request: Signed, change: Callable[[str], str]) -> Signed:
    """The same request with other words in its Authorization header."""
    return with_header(request, "authorization", change(request.values("authorization")[0]))


@pytest.mark.parametrize(
    "path",
    ["/", "/base/", "/a%20b/", "/?b=2&a=1&a=0", "/?x=a%2Fb&empty="],
    ids=["root", "base", "encoded", "query", "encoded query"],
)
def test_what_botocore_signs_is_let_in(path: str) -> None:
    assert judge(signed(path=path)) is None


def test_spaces_within_a_header_do_not_matter_and_repeated_headers_are_joined() -> None:
    request = signed(headers={"X-Amz-Meta": "a   b"})
    assert judge(with_header(request, "x-amz-meta", "  a b ")) is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda request: replace(request, body=b"{}"), "InvalidSignatureException"),
        (lambda request: replace(request, path="/other"), "InvalidSignatureException"),
        (lambda request: replace(request, query="a=1"), "InvalidSignatureException"),
        (lambda request: replace(request, method="GET"), "InvalidSignatureException"),
        (
            lambda request: with_header(request, "x-amz-target", f"{TARGET[:-9]}DeleteUser"),
            "InvalidSignatureException",
        ),
        (lambda request: with_header(request, "host", "other.example.com"), "InvalidSignatureException"),
        (lambda request: with_header(request, "content-type", "text/plain"), "InvalidSignatureException"),
        (
            lambda request: replace(request, headers=[*request.headers, ("x-amz-target", "Other.Thing")]),
            "InvalidSignatureException",
        ),
    ],
    ids=["body", "path", "query", "method", "target", "host", "signed header", "second target"],
)
def test_what_was_changed_after_signing_is_refused(change: Callable[[Signed], Signed], code: str) -> None:
    refusal = judge(change(signed()))
    assert refusal is not None
    assert refusal.code == code


def test_another_secret_and_another_service_are_refused() -> None:
    for request in (signed(secret="another-secret"), signed(service="dynamodb")):
        refusal = judge(request)
        assert refusal is not None
        assert refusal.code == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("shift", "words"), [(301.5, "Signature expired"), (-301.5, "not yet current")], ids=["old", "early"]
)
def test_a_signature_lives_five_minutes(shift: float, words: str) -> None:
    refusal = judge(signed(), shift=shift)
    assert refusal is not None
    assert words in refusal.message
    assert judge(signed(), shift=290 if shift > 0 else -290) is None


@pytest.mark.parametrize("name", ["host", "x-amz-target", "x-amz-date"])
def test_what_names_the_operation_must_be_signed(name: str) -> None:
    def drop(text: str) -> str:
        return text.replace(f";{name}", "").replace(f"{name};", "")

    refusal = judge(resigned_names(signed(), drop))
    assert refusal is not None
    assert refusal.code == "IncompleteSignatureException"
    assert name in refusal.message


def test_a_signed_header_that_is_not_there_is_refused() -> None:
    refusal = judge(resigned_names(signed(), lambda text: text.replace("host;", "host;x-amz-gone;")))
    assert refusal is not None
    assert refusal.code == "IncompleteSignatureException"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("aws4_request", "aws5_request", "terminator"),
        ("/eu-north-1/", "//", "region"),
        ("/cognito-idp/", "/s3/", "correct service"),
    ],
    ids=["terminator", "region", "service"],
)
def test_a_wrong_scope_says_what_is_wrong(old: str, new: str, words: str) -> None:
    refusal = judge(resigned_names(signed(), lambda text: text.replace(old, new)))
    assert refusal is not None
    assert words in refusal.message


def test_a_scope_of_another_day_is_refused() -> None:
    day = datetime.now(UTC).strftime("%Y%m%d")
    refusal = judge(resigned_names(signed(), lambda text: text.replace(f"/{day}/", "/20200101/")))
    assert refusal is not None
    assert "Date in Credential scope" in refusal.message


@pytest.mark.parametrize(
    ("authorizations", "code"),
    [
        ([], "MissingAuthenticationTokenException"),
        (["Bearer abc"], "IncompleteSignatureException"),
        (["AWS4-HMAC-SHA256 Credential=a/b/c/d/e"], "IncompleteSignatureException"),
        (["AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=f"], "IncompleteSignatureException"),
        (
            ["AWS4-HMAC-SHA256 Credential=a/b/c/d/e, Credential=a/b/c/d/e, Signature=f"],
            "IncompleteSignatureException",
        ),
        (["x", "x"], "IncompleteSignatureException"),
    ],
    ids=["none", "bearer", "cut", "scope", "twice", "two headers"],
)
def test_an_authorization_that_is_none_says_so(authorizations: list[str], code: str) -> None:
    refusal = read_claim(authorizations)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code


@pytest.mark.parametrize("dates", [[], ["yesterday"], ["20260101T000000Z", "20260101T000000Z"]])
def test_a_request_has_one_date(dates: list[str]) -> None:
    request = signed()
    others = [(name, value) for name, value in request.headers if name != "x-amz-date"]
    refusal = judge(replace(request, headers=[*others, *(("x-amz-date", date) for date in dates)]))
    assert refusal is not None
    assert refusal.code == "IncompleteSignatureException"


def test_the_signature_is_in_no_repr() -> None:
    request = signed()
    claim = read_claim(request.values("authorization"))
    assert isinstance(claim, Claim)
    assert claim.signature not in repr(claim)
    assert claim.signature not in repr(request)
