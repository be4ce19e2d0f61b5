"""`albacore init`: a commented configuration to start from, and the keys it runs with. Never overwrites."""

from __future__ import annotations

import secrets
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from lb.cli.terminal import say
from lb.exits import CannotStart
from lb.keyfiles import ACCESS_KEY, SESSION_KEYS, SIGNING_KEYS, create_once

CONFIG_NAME = "albacore.yaml"
DATA_NAME = "albacore-data"
_IGNORED = "# Keys and user data: never commit them.\n*\n"


def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write.", show_default=False)
    ] = Path(),
) -> None:
    """Write a commented configuration and key files into DIR; files that exist are left alone."""
    config, data = directory / CONFIG_NAME, directory / DATA_NAME
    try:
        directory.mkdir(parents=True, exist_ok=True)
        data.mkdir(mode=0o700, exist_ok=True)
        template = resources.files("lb.cli").joinpath("albacore.yaml").read_text(encoding="utf-8")
        _write_new(config, template)
        _write_new(data / ".gitignore", _IGNORED)
        _make_keys(data)
    except OSError as error:
        raise CannotStart(f"{error.filename}: {error.strerror}") from error
    say("Next:")
    say(f"  albacore check {config}")
    say(f"  albacore run {config}")


def _write_new(path: Path, content: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError:
        say(f"kept   {path} (it exists)")
    else:
        say(f"wrote  {path}")


def _make_keys(data: Path) -> None:
    # Not at the top: `albacore --help` should not load all that runs.
    from lb.authn.signing_keys import SigningKeys
    from lb.sealed import KeyRing

    def make_access_key(path: Path) -> None:
        create_once(path, secrets.token_urlsafe(30) + "\n")

    makers = (
        (SESSION_KEYS, KeyRing.load_or_create),
        (SIGNING_KEYS, SigningKeys.load_or_create),
        (ACCESS_KEY, make_access_key),
    )
    for name, make in makers:
        path = data / name
        word = "kept   {} (it exists)" if path.exists() else "wrote  {}"
        make(path)
        say(word.format(path))
