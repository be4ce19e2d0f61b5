"""Risk configurations in the file: what is read, and every mistake with its place."""

from __future__ import annotations

from typing import Any

import pytest

from idp.config import InvalidPools, parse_pools
from idp.config.risk import RiskAttachment
from tests.support.pools import CLIENT_ID, pool_document

ON = {"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}}
BLOCK = {"Actions": {"EventAction": "BLOCK"}}
RANGES = {"BlockedIPRangeList": ["192.0.2.0/24", "2001:db8::/32"]}
TAKEOVER = {
    "Actions": {"HighAction": {"EventAction": "BLOCK", "Notify": True}},
    "NotifyConfiguration": {
        "SourceArn": "arn:aws:ses:us-east-1:111111111111:identity/login@example.com",
        "From": "Staff login <login@example.com>",
        "ReplyTo": "help@example.com",
        "BlockEmail": {"Subject": "Blocked", "HtmlBody": "<p>{login-time}</p>", "TextBody": "{login-time}"},
    },
}


def parse(*attachments: dict[str, Any], **members: Any) -> tuple[RiskAttachment, ...]:
    document = pool_document(UserPoolRiskConfigurationAttachments=[*attachments], **{**ON, **members})
    return parse_pools([document]).pools[0].risks


def test_reads_every_property_into_the_words_of_the_api() -> None:
    for_all, for_web = parse(
        {
            "ClientId": "ALL",
            "AccountTakeoverRiskConfiguration": TAKEOVER,
            "CompromisedCredentialsRiskConfiguration": {**BLOCK, "EventFilter": ["SIGN_IN"]},
        },
        {"ClientId": "web", "RiskExceptionConfiguration": RANGES},
    )
    assert for_all.client == ""
    assert for_all.parts.takeover == TAKEOVER
    assert for_all.parts.compromised == {**BLOCK, "EventFilter": ["SIGN_IN"]}
    assert (for_web.client, for_web.parts.exceptions) == (CLIENT_ID, RANGES)


def test_the_whole_pool_is_meant_where_no_client_is_named() -> None:
    assert parse({"CompromisedCredentialsRiskConfiguration": BLOCK})[0].client == ""


def mail(**members: Any) -> dict[str, Any]:
    actions = {"Actions": {}, "NotifyConfiguration": members}
    return {"AccountTakeoverRiskConfiguration": actions}


NOTIFY = ("AccountTakeoverRiskConfiguration", "NotifyConfiguration")
MISTAKES: dict[str, tuple[dict[str, Any], tuple[str | int, ...], str]] = {
    "nothing in it": ({}, (), "Missing"),
    "another client": (
        {"ClientId": "Web", "RiskExceptionConfiguration": RANGES},
        ("ClientId",),
        "InvalidValue",
    ),
    "host bits": (
        {"RiskExceptionConfiguration": {"SkippedIPRangeList": ["192.0.2.0/24", "192.0.2.7/24"]}},
        ("RiskExceptionConfiguration", "SkippedIPRangeList", 1),
        "InvalidValue",
    ),
    "an action": (
        {
            "AccountTakeoverRiskConfiguration": {
                "Actions": {"LowAction": {"EventAction": "MFA", "Notify": True}}
            }
        },
        ("AccountTakeoverRiskConfiguration", "Actions", "LowAction", "EventAction"),
        "InvalidValue",
    ),
    "half an action": (
        {"AccountTakeoverRiskConfiguration": {"Actions": {"LowAction": {"EventAction": "BLOCK"}}}},
        ("AccountTakeoverRiskConfiguration", "Actions", "LowAction", "Notify"),
        "Missing",
    ),
    "no actions": (
        {"AccountTakeoverRiskConfiguration": {"NotifyConfiguration": {"From": "a@example.com"}}},
        ("AccountTakeoverRiskConfiguration", "Actions"),
        "Missing",
    ),
    "a level": (
        {"AccountTakeoverRiskConfiguration": {"Actions": {"HihgAction": {}}}},
        ("AccountTakeoverRiskConfiguration", "Actions", "HihgAction"),
        "UnknownKey",
    ),
    "a sender": (mail(From="nobody"), (*NOTIFY, "From"), "InvalidValue"),
    "a header in a sender": (mail(ReplyTo="a@example.com\nBcc: b"), (*NOTIFY, "ReplyTo"), "InvalidValue"),
    "two lines of subject": (
        mail(MfaEmail={"Subject": "one\ntwo", "TextBody": "a text"}),
        (*NOTIFY, "MfaEmail", "Subject"),
        "InvalidValue",
    ),
    "no reaction": (
        {"CompromisedCredentialsRiskConfiguration": {"EventFilter": ["SIGN_IN"]}},
        ("CompromisedCredentialsRiskConfiguration", "Actions"),
        "Missing",
    ),
}


@pytest.mark.parametrize(("attachment", "where", "code"), MISTAKES.values(), ids=MISTAKES)
def test_every_mistake_is_told_with_its_place(
    attachment: dict[str, Any], where: tuple[str | int, ...], code: str
) -> None:
    with pytest.raises(InvalidPools) as error:
        parse(attachment)
    place = (0, "UserPoolRiskConfigurationAttachments", 0)
    assert [(problem.where, problem.code) for problem in error.value.problems] == [((*place, *where), code)]


@pytest.mark.parametrize(
    ("count", "members", "code"),
    [(2, {}, "Duplicate"), (1, {"UserPoolAddOns": {}}, "Conflict")],
    ids=["twice", "threat protection is off"],
)
def test_what_can_have_no_effect_is_told(count: int, members: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidPools) as error:
        parse(*[{"RiskExceptionConfiguration": RANGES}] * count, **members)
    assert [problem.code for problem in error.value.problems] == [code]
