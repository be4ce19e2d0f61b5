"""`albacore schema`: the JSON Schema of the configuration, for editors."""

from __future__ import annotations

from lb.cli.terminal import print_json
from lb.config.schema import build_schema


def schema() -> None:
    """Print the JSON Schema of the configuration file, for completion in editors."""
    print_json(build_schema())
