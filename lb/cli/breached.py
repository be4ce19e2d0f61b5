"""`albacore breached`: the list of breached passwords, built and asked by the pool's own commands.

They belong to the pool and are reached by import string, only when they are asked for.
"""

from __future__ import annotations

import typer

from lb.imports import import_attribute

BUILD = "idp.protection.commands:build"
SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
"""Everything goes to the pool's commands as it is."""


def breached(context: typer.Context) -> None:
    """Build the list of breached passwords from a public one, and look a password up in it."""
    commands: typer.Typer = import_attribute(BUILD)()
    # One look for all of the command's help.
    commands.rich_markup_mode, commands.pretty_exceptions_enable = None, False
    commands.info.context_settings = {"help_option_names": ["-h", "--help"]}
    commands(args=context.args or ["--help"], prog_name="albacore breached")
