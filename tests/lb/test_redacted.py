from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import pytest

from lb.redacted import to_json
from lb.settings import IdentityProvider
from rules import parse_ruleset
from rules.actions import AuthenticateOidc


class Colour(Enum):
    RED = "red"


@dataclass
class Holder:
    client_secret: str
    nothing_secret: object = None


class Opaque:
    def __repr__(self) -> str:
        return "S3CRET"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(1.5, 1.5, id="number"),
        pytest.param(Path("/a/b"), "/a/b", id="path"),
        pytest.param(Colour.RED, "red", id="enumeration"),
        pytest.param(re.compile("a+"), "a+", id="pattern"),
        pytest.param((1, (2,)), [1, [2]], id="sequence"),
        pytest.param({"a": 1, "Password": "S3CRET"}, {"a": 1, "Password": "(redacted)"}, id="mapping"),
        pytest.param(
            Holder("S3CRET"), {"client_secret": "(redacted)", "nothing_secret": None}, id="dataclass"
        ),
        pytest.param(Holder(""), {"client_secret": "", "nothing_secret": None}, id="no secret set"),
        pytest.param(
            [("api_key", "S3CRET"), ("a", "b")], [["api_key", "(redacted)"], ["a", "b"]], id="pairs"
        ),
        pytest.param("https://u:S3CRET@h/p", "https://h/p", id="user information"),
        pytest.param(
            "https://h/?access_token=S3CRET", "https://h/?access_token=redacted", id="URL parameter"
        ),
        pytest.param(Opaque(), "<Opaque>", id="no repr of foreign objects"),
    ],
)
def test_values(value: object, shown: object) -> None:
    assert to_json(value) == shown


def test_client_secrets_of_providers_and_actions_do_not_show() -> None:
    provider = IdentityProvider("i", "a", "t", "u", "j", "id", "S3CRET", app=Opaque())
    action = AuthenticateOidc("i", "id", "S3CRET")
    assert "S3CRET" not in str(to_json([provider, action]))


def test_rules_show_in_their_own_words_without_secrets() -> None:
    verify = {"HttpHeaderName": "X-Origin-Verify", "Values": ["S3CRET"]}
    query = {"Values": [{"Key": "token", "Value": "S3CRET"}]}
    oidc = {
        "Issuer": "https://idp.example", "AuthorizationEndpoint": "https://idp.example/a",
        "TokenEndpoint": "https://idp.example/t", "UserInfoEndpoint": "https://idp.example/u",
        "ClientId": "web", "ClientSecret": "S3CRET",
    }  # fmt: skip
    forward = {"Type": "forward", "TargetGroupArn": "app"}
    conditions = [
        {"Field": "http-header", "HttpHeaderConfig": verify},
        {"Field": "query-string", "QueryStringConfig": query},
    ]
    actions = [
        {"Type": "authenticate-oidc", "AuthenticateOidcConfig": oidc, "Order": 1},
        {**forward, "Order": 2},
    ]
    rule = {"Priority": 10, "Conditions": conditions, "Actions": actions}
    shown = str(to_json(parse_ruleset({"DefaultActions": [forward], "Rules": [rule]})))
    assert "S3CRET" not in shown
    assert "X-Origin-Verify" in shown
    assert "https://idp.example/t" in shown
