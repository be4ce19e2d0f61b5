"""What editors are told of a user pool is what the readers take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import pytest

from idp.config import InvalidPools, parse_pools
from idp.config.reader import Reader
from idp.config.schema import pool_schema, sections

VERSIONED = ("PreTokenGenerationConfig", "CustomSMSSender", "CustomEmailSender", "InboundFederation")
EVERYTHING: dict[str, Any] = {
    "UserPoolName": "x",
    "Schema": [{"Name": "a", "StringAttributeConstraints": {"MinLength": 1, "MaxLength": 2}}],
    "UserPoolClients": [{"ClientName": "w"}],
    "UserPoolGroups": [{"GroupName": "g", "Precedence": 1}],
    "UserPoolUsers": [{"Username": "u", "UserAttributes": [{}]}],
    "UserPoolResourceServers": [{"Scopes": [{}]}],
    "UserPoolDomain": {},
    "AccountRecoverySetting": {"RecoveryMechanisms": [{}]},
    "UserPoolIdentityProviders": [{}],
    "ManagedLoginBrandings": [{"UseCognitoProvidedValues": True, "Assets": [{}]}],
    "UserPoolUICustomizationAttachments": [{}],
    "Terms": [{}],
    "UserPoolRiskConfigurationAttachments": [
        {
            "CompromisedCredentialsRiskConfiguration": {"Actions": {}},
            "AccountTakeoverRiskConfiguration": {
                "Actions": {"LowAction": {}},
                "NotifyConfiguration": {"BlockEmail": {}},
            },
        }
    ],
    "LambdaConfig": {name: {"LambdaVersion": "V1_0"} for name in VERSIONED},
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, ...], set[str]]:
    """Which keys the readers ask for at which place of a document with everything in it."""
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    finish = Reader.finish

    def note(reader: Reader, later: Collection[str] = ()) -> None:
        place = tuple(str(step) for step in reader.where if not isinstance(step, int))
        found[place] |= {str(key) for key in reader._asked}
        finish(reader, later)

    monkeypatch.setattr(Reader, "finish", note)
    with pytest.raises(InvalidPools):
        parse_pools([EVERYTHING])
    return found


def at(schema: dict[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
    """Return the schema of a mapping within."""
    for step in place:
        schema = schema["properties"][step]
        schema = schema.get("items", schema)
        schema = schema["anyOf"][0] if "anyOf" in schema else schema
    return schema


def test_schema_has_the_keys_that_are_read_and_no_others(asked: dict[tuple[str, ...], set[str]]) -> None:
    schema = pool_schema()
    constraints = {"StringAttributeConstraints", "NumberAttributeConstraints"}  # read only where they are
    for place, keys in asked.items():
        told = set(at(schema, place)["properties"])
        assert keys <= told if constraints & {*place} else keys == told, place
        assert at(schema, place)["additionalProperties"] is False
    assert len(asked) > 25


def test_every_key_has_a_meaning_and_every_kind_is_known() -> None:
    known = dict(sections())
    for name, rows in known.items():
        for row in rows:
            assert len(row.meaning) >= 3, (name, row)
            assert row.kind, (name, row)


def test_schema_says_what_is_required_and_which_words_there_are() -> None:
    schema = pool_schema()
    assert schema["required"] == ["UserPoolName"]
    assets = at(schema, ("ManagedLoginBrandings", "Assets"))
    assert "FORM_LOGO" in assets["properties"]["Category"]["enum"]
    assert assets["required"] == ["Category", "ColorMode", "Extension", "Bytes"]
    assert at(schema, ())["properties"]["DeletionProtection"]["enum"] == ["ACTIVE", "INACTIVE"]
