"""The JSON Schema of the configuration file, generated from the models."""

from __future__ import annotations

from typing import Any

from lb.config.models import ConfigFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def build_schema() -> dict[str, Any]:
    """Return the schema; a YAML language server takes it by `# yaml-language-server: $schema=<file>`."""
    return {
        "$schema": DIALECT,
        **ConfigFile.model_json_schema(by_alias=True),
        "title": "albacore configuration",
    }
