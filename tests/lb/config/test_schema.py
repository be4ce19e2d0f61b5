"""The JSON Schema for editors."""

from typing import Any

from lb.config.models import ConfigFile
from lb.config.schema import build_schema


def test_the_schema_names_every_key_and_forbids_others() -> None:
    schema = build_schema()
    assert set(schema["properties"]) == {field.alias for field in ConfigFile.model_fields.values()}
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["Listeners"]


def test_the_schema_reaches_into_rules() -> None:
    listener: dict[str, Any] = build_schema()["$defs"]["ListenerSection"]
    action = listener["properties"]["Rules"]["items"]["properties"]["Actions"]["items"]
    config = action["properties"]["AuthenticateOidcConfig"]["anyOf"][0]
    assert "discovered" in config["properties"]["TokenEndpoint"]["description"]
    assert "$ref" not in str(listener["properties"]["Rules"])


def test_the_schema_reaches_into_user_pools() -> None:
    pool: dict[str, Any] = build_schema()["properties"]["UserPools"]["items"]
    assert pool["properties"]["DeletionProtection"]["enum"] == ["ACTIVE", "INACTIVE"]
    styles = pool["properties"]["ManagedLoginBrandings"]["items"]
    assert "base64" in styles["properties"]["Assets"]["items"]["properties"]["Bytes"]["description"]
