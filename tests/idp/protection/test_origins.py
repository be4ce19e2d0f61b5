"""Where sign-ins come from, as far as they can be compared."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from idp.protection.origins import (
    Encoded,
    Place,
    describe_origin,
    fingerprint,
    name_device,
    network_of,
    read_encoded,
)

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


def encode(payload: Any) -> str:
    envelope = {"payload": json.dumps(payload), "signature": "forged", "version": "JS20171115"}
    return base64.b64encode(json.dumps(envelope).encode()).decode()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("[::ffff:c000:24d]:443", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_an_address_counts_as_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    "other",
    [
        CHROME.upper(),
        CHROME.replace("126.0.0.0", "127.1.2.3"),
        CHROME.replace(" ", "   "),
    ],
    ids=["letter case", "an update", "spacing"],
)
def test_a_device_stays_the_same_whatever_its_browser_writes_otherwise(other: str) -> None:
    assert fingerprint(other) == fingerprint(CHROME)


def test_other_browsers_and_other_ids_are_other_devices() -> None:
    assert len({fingerprint(CHROME), fingerprint(FIREFOX), fingerprint(CHROME, "id"), fingerprint("")}) == 4


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (CHROME, "Chrome, Windows"),
        (FIREFOX, "Firefox, Linux"),
        ("Boto3/1.44 md/Botocore lang/python os/linux", "AWS SDK, Linux"),
        ("<img src=x onerror=alert(1)> {one-click-link-valid}", "Unknown program"),
        ("", ""),
    ],
)
def test_names_of_devices_are_words_of_our_own(agent: str, name: str) -> None:
    assert name_device(agent) == name


def test_encoded_data_tells_a_device_and_a_time_zone() -> None:
    context = {"DeviceId": "abc:1", "UserAgent": FIREFOX, "ClientTimezone": "09:00", "DeviceName": "<b>"}
    assert read_encoded(encode({"contextData": context})) == Encoded("abc:1", FIREFOX, "09:00")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "é",
        "A" * 20_000,
        base64.b64encode(b"[" * 12_000).decode(),
        base64.b64encode(b"[1]").decode(),
        encode([]),
        encode({"contextData": []}),
        encode({"contextData": {"DeviceId": 7, "ClientTimezone": "<script>"}}),
    ],
    ids=["empty", "no base64", "no ASCII", "long", "deep", "list", "payload", "context", "members"],
)
def test_encoded_data_that_makes_no_sense_says_nothing(text: str) -> None:
    assert read_encoded(text) == Encoded()


def test_an_origin_tells_people_and_rules_different_things() -> None:
    origin = describe_origin(
        "::ffff:192.0.2.77", user_agent=CHROME, place=Place(52.5, 13.4, "Berlin", "Germany")
    )
    assert origin.context == {
        "IpAddress": "192.0.2.77",
        "DeviceName": "Chrome, Windows",
        "City": "Berlin",
        "Country": "Germany",
    }
    assert origin.traits == {
        "network": "192.0.2.0/24",
        "device": fingerprint(CHROME),
        "latitude": 52.5,
        "longitude": 13.4,
    }
    assert "192.0.2.77" not in repr(origin)
