"""The JSON Schema of the configuration file, generated from the models."""

from __future__ import annotations

from typing import Any

from lb.config.models import ConfigFile
from lb.imports import import_attribute

POOL_SCHEMA = "idp.config.schema:pool_schema"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def build_schema() -> dict[str, Any]:
    """Return the schema; a YAML language server takes it by `# yaml-language-server: $schema=<file>`."""
    schema = ConfigFile.model_json_schema(by_alias=True)
    schema["properties"]["UserPools"]["items"] = import_attribute(POOL_SCHEMA)()
    return {"$schema": DIALECT, **schema, "title": "albacore configuration"}
