"""Reading what functions answer: what is taken, and what is unrecognizable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from idp.signin.flows.triggers import Created, Defined
from idp.triggers import answers
from idp.triggers.answers import MessageTexts, Migrated, SignUpVerdict, Unrecognizable
from idp.triggers.tokens import read_v1, read_v2


def read_mail(response: Mapping[str, Any]) -> MessageTexts:
    return answers.read_message(response, needs=("{####}",))


@pytest.mark.parametrize("value", [None, [], "text", {}, {"response": None}, {"response": []}])
def test_an_answer_without_a_response_is_unrecognizable(value: object) -> None:
    with pytest.raises(Unrecognizable):
        answers.read_response(value)


GOOD: dict[str, tuple[Callable[[Mapping[str, Any]], object], dict[str, Any], object]] = {
    "nothing said": (answers.read_sign_up, {}, SignUpVerdict()),
    "nulls": (answers.read_sign_up, {"autoConfirmUser": None}, SignUpVerdict()),
    "confirm": (answers.read_sign_up, {"autoConfirmUser": True}, SignUpVerdict(confirm=True)),
    "challenge": (answers.read_defined, {"challengeName": "CUSTOM_CHALLENGE"}, Defined("CUSTOM_CHALLENGE")),
    "tokens": (answers.read_defined, {"issueTokens": True}, Defined(issue_tokens=True)),
    "numbers become texts": (
        answers.read_created,
        {"publicChallengeParameters": {"n": 1, "b": True, "gone": None}},
        Created(public={"n": "1", "b": "true"}),
    ),
    "verified": (answers.read_verified, {"answerCorrect": True}, True),
    "not verified": (answers.read_verified, {}, False),
    "migrated": (
        answers.read_migrated,
        {"userAttributes": {"email_verified": True}, "finalUserStatus": "CONFIRMED"},
        Migrated({"email_verified": "true"}, confirmed=True),
    ),
    "mail": (read_mail, {"emailMessage": "x {####}", "smsMessage": ""}, MessageTexts(email="x {####}")),
}
BAD: dict[str, tuple[Callable[[Mapping[str, Any]], object], dict[str, Any]]] = {
    "a text for a flag": (answers.read_sign_up, {"autoConfirmUser": "true"}),
    "nothing defined": (answers.read_defined, {}),
    "a number for a name": (answers.read_defined, {"challengeName": 1}),
    "a truthy answer": (answers.read_verified, {"answerCorrect": 1}),
    "parameters are no mapping": (answers.read_created, {"privateChallengeParameters": ["a"]}),
    "a parameter is a mapping": (answers.read_created, {"privateChallengeParameters": {"a": {}}}),
    "no attributes": (answers.read_migrated, {"finalUserStatus": "CONFIRMED"}),
    "an odd status": (answers.read_migrated, {"userAttributes": {}, "finalUserStatus": "UNCONFIRMED"}),
    "a mail without its code": (read_mail, {"emailMessage": "x"}),
    "a subject of two lines": (read_mail, {"emailSubject": "a\r\nBcc: b@c.d"}),
    "a claim of version 1 is no text": (
        read_v1,
        {"claimsOverrideDetails": {"claimsToAddOrOverride": {"a": 1}}},
    ),
    "claims are a list": (
        read_v2,
        {"claimsAndScopeOverrideDetails": {"idTokenGeneration": {"claimsToAddOrOverride": []}}},
    ),
    "scopes are a text": (
        read_v2,
        {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"scopesToAdd": "a"}}},
    ),
    "too many claims": (
        read_v2,
        {
            "claimsAndScopeOverrideDetails": {
                "idTokenGeneration": {"claimsToAddOrOverride": {str(n): n for n in range(5001)}}
            }
        },
    ),
}


@pytest.mark.parametrize(("read", "response", "result"), GOOD.values(), ids=GOOD)
def test_a_good_response(
    read: Callable[[Mapping[str, Any]], object], response: dict[str, Any], result: object
) -> None:
    assert read(response) == result


@pytest.mark.parametrize(("read", "response"), BAD.values(), ids=BAD)
def test_a_bad_response(read: Callable[[Mapping[str, Any]], object], response: dict[str, Any]) -> None:
    with pytest.raises(Unrecognizable):
        read(response)
