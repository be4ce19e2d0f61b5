"""`albacore users` and `albacore pool-keys`: the pool's own commands, on the store a configuration names.

The commands belong to the pool and are reached by import string, only when they are asked for; this tells
them which configuration is meant.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lb.imports import import_attribute

BUILD = "idp.users.commands:build"
BUILD_KEYS = "idp.tokens.commands:build"
DEFAULT_CONFIG = Path("albacore.yaml")
ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", metavar="CONFIG", help="The configuration that names the pools.")
]

SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
"""Everything after our own option goes to the pool's commands as it is."""


def users(context: typer.Context, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Add, list, disable and otherwise manage users of the pools in a configuration."""
    _run(BUILD, "users", context, config)


def pool_keys(context: typer.Context, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """List and rotate the keys that the pools of a configuration sign tokens with."""
    _run(BUILD_KEYS, "pool-keys", context, config)


def _run(build: str, name: str, context: typer.Context, config: Path) -> None:
    def load() -> tuple[object, ...]:
        from lb.addresses import public_url
        from lb.config import load_settings

        loaded = load_settings(config)
        if loaded.settings.pool_server is None:
            raise typer.BadParameter(f"{config} has no UserPools", param_hint="--config")
        server = loaded.settings.pool_server
        data, url = loaded.settings.data_directory, public_url(loaded.settings)
        return (
            loaded.pools,
            data,
            url,
            server.smtp,
            server.database,
            server.sms,
            server.functions,
            server.folder,
        )

    commands: typer.Typer = import_attribute(build)(load)
    # One look for all of the command's help.
    commands.rich_markup_mode, commands.pretty_exceptions_enable = None, False
    commands.info.context_settings = {"help_option_names": ["-h", "--help"]}
    commands.info.epilog = f"`albacore {name} --config CONFIG ...` takes another file than {DEFAULT_CONFIG}."
    commands(args=context.args or ["--help"], prog_name=f"albacore {name}")
