"""Entry point: the commands, and how a failure ends.

Expected failures print what to do and end with their own status (`lb.exits`); anything else is one line
and a hint, or the traceback with `--debug`.

What a command needs beyond its options is imported when it runs: `albacore version` and `--help` answer at
once, and completion and scripts call them often.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from lb.cli import breached, check, demo, explain, init, keys, run_command, schema, users
from lb.cli.terminal import complain, print_problems, say
from lb.exits import CannotStart, Exit

app = typer.Typer(
    name="albacore",
    help="An AWS-ALB-compatible authenticating load balancer with a Cognito-compatible user pool inside.",
    epilog="Start with `albacore demo`, or `albacore init` for a configuration of your own.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version() -> None:
    from importlib.metadata import version

    say(f"albacore {version('albacore')}")


def _version(asked: bool) -> None:
    if asked:
        _print_version()
        raise typer.Exit


@app.callback()
def _options(
    *,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    del version
    if debug:
        os.environ["ALBACORE_DEBUG"] = "1"


@app.command()
def version() -> None:
    """Print the version."""
    _print_version()


app.command("demo")(demo.demo)
app.command("init")(init.init)
app.command("check")(check.check)
app.command("explain")(explain.explain)
app.command("run")(run_command.run)
app.command("schema")(schema.schema)
app.add_typer(keys.app, name="keys")
app.command("users", context_settings=users.SETTINGS, add_help_option=False)(users.users)
app.command("pool-keys", context_settings=users.SETTINGS, add_help_option=False)(users.pool_keys)
app.command("breached", context_settings=breached.SETTINGS, add_help_option=False)(breached.breached)


def run() -> NoReturn:
    """Run the command line and end the process with its status."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run the command line and return its exit status."""
    try:
        app(arguments, prog_name="albacore")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except CannotStart as refusal:
        for reason in refusal.reasons:
            complain(reason)
        return refusal.status
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 -- the last resort: one line for people, the traceback on request
        return _failure(error)
    return Exit.OK


def _failure(error: Exception) -> int:
    from lb.config import InvalidConfig

    if isinstance(error, InvalidConfig):
        print_problems((*error.problems, *error.warnings), sys.stderr)
        return Exit.CONFIGURATION
    if os.environ.get("ALBACORE_DEBUG"):
        raise error
    complain(f"unexpected {type(error).__name__}: {error}")
    sys.stderr.write("This is a bug. `albacore --debug ...` shows where it happened.\n")
    return Exit.FAILED
