"""The webhook for text messages."""

import pytest

from idp.config import InvalidPools, SmsSettings, parse_sms
from idp.model import Secret

SECRET = "a-secret-of-the-tests"


def test_reads_a_webhook() -> None:
    settings = parse_sms({"WebhookUrl": "https://sms.example.com/send?x=1", "WebhookSecret": SECRET})
    assert settings == SmsSettings("https://sms.example.com/send?x=1", Secret(SECRET), 10)
    assert SECRET not in repr(settings)
    assert "sms.example.com" not in repr(settings)


MISTAKES = {
    "nothing": ({}, [(), ()]),
    "in clear to another machine": (
        {"WebhookUrl": "http://sms.example.com/", "WebhookSecret": SECRET},
        [("WebhookUrl",)],
    ),
    "a user in the URL": (
        {"WebhookUrl": "https://a:b@sms.example.com/", "WebhookSecret": SECRET},
        [("WebhookUrl",)],
    ),
    "a short secret": ({"WebhookUrl": "http://localhost:1/", "WebhookSecret": "short"}, [("WebhookSecret",)]),
    "unknown key": (
        {"WebhookUrl": "http://localhost:1/", "WebhookSecret": SECRET, "Url": "x"},
        [("Url",)],
    ),
}


@pytest.mark.parametrize(("document", "places"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(document: dict[str, object], places: list[tuple[str, ...]]) -> None:
    with pytest.raises(InvalidPools) as caught:
        parse_sms(document)
    assert [problem.where for problem in caught.value.problems] == places
