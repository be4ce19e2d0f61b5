"""Validation in the service's own words: types first, then every broken constraint together."""

import re
from typing import Any

import pytest

from idp.api.errors import ApiError
from idp.api.shapes import operations, read_input, read_json, shape

SIGN_UP = {"ClientId": "app", "Username": "ann", "Password": "secret-password"}


def refusal(operation: str, document: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read_input(operations()[operation], document)
    return caught.value


def test_members_are_read_and_unknown_or_null_ones_are_not_there() -> None:
    document = {**SIGN_UP, "SecretHash": None, "Nonsense": {"deep": [1]}}
    assert read_input(operations()["SignUp"], document) == SIGN_UP


@pytest.mark.parametrize(
    "settings",
    [{"a": ["\ud800"]}, {"a\x00": 1}, {"a": {"b": float("inf")}}],
    ids=["surrogate", "NUL", "infinity"],
)
def test_document_that_could_not_be_given_back_is_refused(settings: Any) -> None:
    document = {"UserPoolId": "a_1", "ClientId": "a", "Settings": settings}
    assert refusal("CreateManagedLoginBranding", document).code == "SerializationException"


def test_blobs_timestamps_and_documents_are_read() -> None:
    image = read_input(operations()["SetUICustomization"], {"UserPoolId": "a_b", "ImageFile": "AAEC"})
    assert image["ImageFile"] == b"\x00\x01\x02"
    restore = {"UserPoolId": "a_b", "RestoreTimestamp": 1700000000.123}
    assert (
        read_input(operations()["InitiatePointInTimeRecovery"], restore)["RestoreTimestamp"] == 1700000000.123
    )
    settings = {"anything": [1, {"at": None}]}
    branding = {"UserPoolId": "a_b", "ClientId": "c", "Settings": settings}
    assert read_input(operations()["CreateManagedLoginBranding"], branding)["Settings"] == settings


@pytest.mark.parametrize(
    ("operation", "document", "message"),
    [
        (
            "DescribeUserPool",
            {},
            (
                "1 validation error detected: Value null at 'userPoolId' failed to satisfy constraint:"
                " Member must not be null"
            ),
        ),
        (
            "DescribeUserPool",
            {"UserPoolId": "nonsense"},
            (
                "1 validation error detected: Value 'nonsense' at 'userPoolId' failed to satisfy constraint:"
                r" Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+"
            ),
        ),
        (
            "ListUserPools",
            {"MaxResults": 61},
            (
                "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint:"
                " Member must have value less than or equal to 60"
            ),
        ),
        (
            "AdminCreateUser",
            {"UserPoolId": "a_b", "Username": "ann", "MessageAction": "SHOUT"},
            (
                "1 validation error detected: Value 'SHOUT' at 'messageAction' failed to satisfy constraint:"
                " Member must satisfy enum value set: [RESEND, SUPPRESS]"
            ),
        ),
        (
            "AdminCreateUser",
            {"UserPoolId": "a_b", "Username": "ann", "DesiredDeliveryMediums": ["FAX"]},
            (
                "1 validation error detected: Value '[FAX]' at 'desiredDeliveryMediums' failed to satisfy"
                " constraint: Member must satisfy constraint: ["
                "Member must satisfy enum value set: [SMS, EMAIL]]"
            ),
        ),
        (
            "CreateGroup",
            {"UserPoolId": "a_b", "GroupName": "", "Precedence": -1},
            (
                "3 validation errors detected: Value '' at 'groupName' failed to satisfy constraint: Member"
                " must have length greater than or equal to 1; Value '' at 'groupName' failed to satisfy"
                r" constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+;"
                " Value '-1' at 'precedence' failed to satisfy constraint: Member must have value greater"
                " than or equal to 0"
            ),
        ),
    ],
    ids=["missing", "pattern", "value", "enumeration", "list", "several"],
)
def test_constraints_are_told_as_the_service_tells_them(
    operation: str, document: dict[str, Any], message: str
) -> None:
    error = refusal(operation, document)
    assert (error.code, error.message) == ("InvalidParameterException", message)


@pytest.mark.parametrize(
    ("member", "value", "place"),
    [
        ("Password", "with space", "'password'"),
        ("Username", "a\tb", "'username'"),
        ("UserAttributes", [{"Name": "email", "Value": "x" * 2049}], "'userAttributes.1.member.value'"),
    ],
    ids=["password", "username", "attribute"],
)
def test_what_is_sensitive_is_not_quoted(member: str, value: Any, place: str) -> None:
    error = refusal("SignUp", {**SIGN_UP, member: value})
    assert f"Value at {place} failed" in error.message
    assert "with space" not in error.message
    assert "xxx" not in error.message


def test_a_missing_member_within_a_list_is_placed() -> None:
    error = refusal("SignUp", {**SIGN_UP, "UserAttributes": [{"Name": "a"}, {"Value": "b"}]})
    assert "Value null at 'userAttributes.2.member.name'" in error.message


def test_a_long_value_is_cut() -> None:
    assert len(refusal("DescribeUserPool", {"UserPoolId": "x" * 10_000}).message) < 1000


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "START_ARRAY"),
        ("text", "STRING_VALUE"),
        ({**SIGN_UP, "Username": 5}, "NUMBER_VALUE can not be converted to a String"),
        ({**SIGN_UP, "UserAttributes": {}}, "Expected list or null"),
        ({**SIGN_UP, "ClientMetadata": []}, "START_ARRAY can not be converted to a map"),
        ({**SIGN_UP, "ClientMetadata": {"a": 1}}, "NUMBER_VALUE can not be converted to a String"),
        ({**SIGN_UP, "Username": "a\x00b"}, "NUL"),
        ({**SIGN_UP, "ClientMetadata": {"\ud800": "a"}}, "surrogate"),
    ],
    ids=["list", "text", "number", "mapping", "map", "map value", "nul", "surrogate"],
)
def test_a_wrong_type_is_a_serialization_exception(document: Any, words: str) -> None:
    error = refusal("SignUp", document)
    assert error.code == "SerializationException"
    assert words in error.message


@pytest.mark.parametrize(
    ("member", "value"),
    [("Precedence", True), ("Precedence", 1.5), ("Precedence", 2**70), ("Precedence", "1")],
    ids=["boolean", "fraction", "huge", "text"],
)
def test_a_number_is_a_whole_number(member: str, value: Any) -> None:
    document = {"UserPoolId": "a_b", "GroupName": "g", member: value}
    assert refusal("CreateGroup", document).code == "SerializationException"


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff", b'{"a": NaN}', b'{"a": -Infinity}', b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"],
    ids=["cut", "no UTF-8", "NaN", "infinity", "deep", "long number"],
)
def test_what_is_no_json_is_a_serialization_exception(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        read_json(body)
    assert caught.value.code == "SerializationException"


def test_an_empty_body_is_an_empty_document() -> None:
    assert read_json(b"") == {}
    assert read_json(b"{}") == {}


def test_every_shape_of_the_model_can_be_read() -> None:
    names = {operation.input for operation in operations().values()}
    for name in sorted(names):
        for member in shape(name).members.values():
            assert re.fullmatch(r"\w+", shape(member).type)
