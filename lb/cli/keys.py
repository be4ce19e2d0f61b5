"""`albacore keys`: list and rotate the keys in the data directory, sessions' and identity tokens'.

A running process takes rotated keys up when it reloads. Nothing secret is ever printed.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lb.cli.check import ConfigPath
from lb.cli.terminal import say
from lb.exits import CannotStart
from lb.keyfiles import SESSION_KEYS, SIGNING_KEYS

if TYPE_CHECKING:
    from lb.settings import Settings

app = typer.Typer(help="List and rotate session and signing keys.", no_args_is_help=True)


class Kind(Enum):
    """Which keys."""

    SESSION = "session"
    SIGNING = "signing"


@app.command("list")
def list_keys(config: ConfigPath) -> None:
    """List the keys of CONFIG's data directory, newest last, and the signer that identity tokens name."""
    settings = _settings(config)
    directory = settings.data_directory
    say(f"signer {settings.arn}")
    try:
        listed = {"session": _session_keys(directory), "signing": _signing_keys(directory)}
    except (OSError, ValueError) as problem:
        raise CannotStart(str(problem)) from None
    for kind, infos in listed.items():
        for info in infos:
            say(f"{kind} {info}")


@app.command()
def rotate(
    kind: Annotated[Kind, typer.Argument(metavar="session|signing", help="Which keys.", show_default=False)],
    config: ConfigPath,
) -> None:
    """Add a new key; two older ones stay in use. Reload every process (SIGHUP) afterwards."""
    directory = _settings(config).data_directory
    try:
        say(f"{kind.value} {_rotate(kind, directory)}")
    except (OSError, ValueError) as problem:
        raise CannotStart(str(problem)) from None
    say("copy the file to the other nodes, then reload them all (SIGHUP)")


def _settings(config: Path) -> Settings:
    from lb.config import load_settings

    return load_settings(config).settings


def _rotate(kind: Kind, directory: Path) -> str:
    from lb.authn.signing_keys import SigningKeys, rotate_signing_keys
    from lb.sealed import KeyRing, rotate_key_file

    if kind is Kind.SESSION:
        KeyRing.load_or_create(directory / SESSION_KEYS)
        rotate_key_file(directory / SESSION_KEYS)
        return _session_keys(directory)[-1]
    SigningKeys.load_or_create(directory / SIGNING_KEYS)
    rotate_signing_keys(directory / SIGNING_KEYS, now=time.time())
    return _signing_keys(directory)[-1]


def _session_keys(directory: Path) -> list[str]:
    from lb.sealed import KeyRing

    path = directory / SESSION_KEYS
    if not path.exists():
        return []
    return [f"{info.id} {info.created}" for info in KeyRing.load(path).describe()]


def _signing_keys(directory: Path) -> list[str]:
    from lb.authn.signing_keys import SigningKeys

    path = directory / SIGNING_KEYS
    if not path.exists():
        return []
    return [f"{kid} {_as_time(created)}" for kid, created in SigningKeys.load(path).describe()]


def _as_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
