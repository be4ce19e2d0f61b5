"""`albacore schema`: the JSON Schema of the configuration, for editors."""

from __future__ import annotations

from lb.cli.terminal import print_json


def schema() -> None:
    """Print the JSON Schema of the configuration file, for completion in editors."""
    from lb.config.schema import build_schema

    print_json(build_schema())
