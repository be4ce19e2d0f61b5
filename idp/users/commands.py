"""`users`: the commands of an administrator at the terminal, on the store of this machine.

They may run beside a serving process: both write through the same database. Passwords are asked for or read
from standard input, never taken from the command line, where every other user of the machine could read
them.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from idp.config import InvalidPools, parse_functions, parse_pools, parse_sms, parse_smtp
from idp.core import Core
from idp.imports import commands as files
from idp.model import Group, Pool, User
from idp.outcomes import Delivery, UserRefused
from idp.seal import InsecureKeyFile
from idp.store.base import StoreUnusable
from idp.users.administration import Added

Loaded = tuple[Any, ...]
"""The document of the pools, data directory, public URL; then mail server, database, SMS webhook, or None."""
Load = Callable[[], Loaded]
T = TypeVar("T")

PoolOption = Annotated[
    str | None,
    typer.Option("--pool", "-p", metavar="POOL", help="Name or id; needed where there are several."),
]
Name = Annotated[str, typer.Argument(metavar="USER", help="Username, e-mail, alias or sub.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Temporary = Annotated[bool, typer.Option("--temporary", help="The user must choose a new one at sign-in.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def build(load: Load) -> typer.Typer:
    """Make the command group; `load` is called once per command and names what to work on."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, help="Manage the users of a user pool.")
    bench = Bench(load)
    for define in (
        _define_add,
        _define_reading,
        _define_access,
        _define_password,
        _define_groups,
        files.define,
    ):
        define(app, bench)
    return app


class Bench:
    """Opens the core for one command and turns refusals into messages and exit codes."""

    def __init__(self, load: Load) -> None:
        self._load = load

    def run(self, pool: str | None, work: Callable[[Core, Pool], Awaitable[T | UserRefused]]) -> T:
        """Run `work` on an opened core and a pool; exits with 1 and a message where it is refused."""
        try:
            outcome = asyncio.run(_with_core(self._load(), pool, work))
        except (InvalidPools, StoreUnusable, InsecureKeyFile, LookupError) as error:
            raise fail(str(error)) from error
        if isinstance(outcome, UserRefused):
            raise fail(outcome.message.strip())
        return outcome


async def _with_core(loaded: Loaded, pool: str | None, work: Callable[[Core, Pool], Awaitable[T]]) -> T:
    document, directory, public_url, smtp, database, sms, functions, folder = (*loaded, *[None] * 5)[:8]
    core = await Core.open(
        parse_pools(document),
        public_url=public_url,
        data_directory=Path(directory),
        smtp=parse_smtp(smtp) if smtp else None,
        sms=parse_sms(sms) if sms else None,
        functions=parse_functions(functions or {}, folder=folder or Path()),
        database=database,
    )
    try:
        return await work(core, await _choose_pool(core, pool))
    finally:
        await core.close()


async def _choose_pool(core: Core, name: str | None) -> Pool:
    if name is not None:
        return await core.find_pool(name)
    pools = await core.pools()
    if len(pools) != 1:
        known = ", ".join(f"{pool.name} ({pool.id})" for pool in pools) or "none"
        raise LookupError(f"say which user pool with --pool; there are: {known}")
    return pools[0]


def fail(message: str) -> typer.Exit:
    sys.stderr.write(f"error: {message}\n")
    return typer.Exit(1)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _define_add(app: typer.Typer, bench: Bench) -> None:
    @app.command()
    def add(
        name: Annotated[str, typer.Argument(metavar="USERNAME", help="The new user's name (or e-mail).")],
        attribute: Annotated[
            list[str] | None, typer.Option("--attribute", "-a", metavar="NAME=VALUE", help="Repeatable.")
        ] = None,
        group: Annotated[list[str] | None, typer.Option("--group", "-g", help="Repeatable.")] = None,
        password_stdin: FromStdin = False,
        temporary: Temporary = False,
        invite: Annotated[bool, typer.Option("--invite", help="Mail the temporary password.")] = False,
        pool: PoolOption = None,
    ) -> None:
        """Add a user. Without --password-stdin a temporary password is made and shown once."""
        password = _read_password(password_stdin) if password_stdin else None
        attributes = _parse_attributes(attribute or ())
        added = bench.run(
            pool,
            lambda core, found: core.administration.add(
                found,
                username=name,
                attributes=attributes,
                password=password,
                permanent=password is not None and not temporary,
                groups=group or (),
                invite=invite,
            ),
        )
        _report_added(added, shows_password=password is None)


def _report_added(added: Added, *, shows_password: bool) -> None:
    user = added.user
    say(f"added {user.email or user.username} (sub {user.sub}, {user.status})")
    if added.invited:
        say("an invitation was sent")
    elif shows_password:
        say(f"temporary password, shown only now: {added.temporary_password}")


def _define_reading(app: typer.Typer, bench: Bench) -> None:
    @app.command("list")
    def list_users(as_json: AsJson = False, pool: PoolOption = None) -> None:
        """List the users of a pool."""
        users = bench.run(pool, _list_all)
        if as_json:
            say(json.dumps([describe(user) for user in users], indent=2, ensure_ascii=False))
            return
        for row in _tabulate(users):
            say(row)

    @app.command()
    def show(name: Name, pool: PoolOption = None) -> None:
        """Show a user and their groups as JSON."""
        user, groups = bench.run(pool, lambda core, found: core.administration.get(found, name))
        described = {**describe(user), "Groups": [group.name for group in groups]}
        say(json.dumps(described, indent=2, ensure_ascii=False))


async def _list_all(core: Core, pool: Pool) -> tuple[User, ...]:
    users: list[User] = []
    while page := await core.administration.list(pool, limit=500, after=users[-1].username if users else ""):
        users.extend(page)
    return tuple(users)


def _define_access(app: typer.Typer, bench: Bench) -> None:
    @app.command()
    def disable(name: Name, pool: PoolOption = None) -> None:
        """Lock a user out at once: sign-in, refresh, userInfo and browser sessions."""
        user = bench.run(pool, lambda core, found: core.administration.disable(found, name))
        say(f"disabled {user.username}")

    @app.command()
    def enable(name: Name, pool: PoolOption = None) -> None:
        """Let a disabled user in again."""
        user = bench.run(pool, lambda core, found: core.administration.enable(found, name))
        say(f"enabled {user.username}")

    @app.command()
    def confirm(name: Name, pool: PoolOption = None) -> None:
        """Confirm a sign-up without its code."""
        user = bench.run(pool, lambda core, found: core.administration.confirm(found, name))
        say(f"confirmed {user.username}")

    @app.command()
    def delete(
        name: Name,
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
        pool: PoolOption = None,
    ) -> None:
        """Delete a user and everything of theirs."""
        if not yes:
            typer.confirm(f"Delete {name} for good?", abort=True)
        user = bench.run(pool, lambda core, found: core.administration.delete(found, name))
        say(f"deleted {user.username}")


def _define_password(app: typer.Typer, bench: Bench) -> None:
    @app.command("set-password")
    def set_password(
        name: Name, password_stdin: FromStdin = False, temporary: Temporary = False, pool: PoolOption = None
    ) -> None:
        """Set a user's password; it is asked for, or read with --password-stdin."""
        password = _read_password(password_stdin)
        user = bench.run(
            pool,
            lambda core, found: core.administration.set_password(
                found, name, password, permanent=not temporary
            ),
        )
        say(f"set the password of {user.username} ({user.status})")

    @app.command()
    def reset(name: Name, pool: PoolOption = None) -> None:
        """Make a user's password useless and mail them a code for a new one."""
        delivery: Delivery = bench.run(pool, lambda core, found: core.administration.reset(found, name))
        say(f"a code went to {delivery.destination}")


def _define_groups(app: typer.Typer, bench: Bench) -> None:
    @app.command()
    def groups(pool: PoolOption = None) -> None:
        """List the groups of a pool."""
        found: tuple[Group, ...] = bench.run(pool, lambda core, found: core.administration.groups(found))
        for group in found:
            say(f"{group.name}\t{group.description}".rstrip())

    @app.command()
    def join(name: Name, group: str, pool: PoolOption = None) -> None:
        """Put a user into a group."""
        user = bench.run(pool, lambda core, found: core.administration.add_to_group(found, name, group))
        say(f"{user.username} is in {group}")

    @app.command()
    def leave(name: Name, group: str, pool: PoolOption = None) -> None:
        """Take a user out of a group."""
        user = bench.run(pool, lambda core, found: core.administration.remove_from_group(found, name, group))
        say(f"{user.username} is not in {group}")


def describe(user: User) -> dict[str, object]:
    """Describe a user in the words of the API; no password hash."""
    return {
        "Username": user.username,
        "Sub": user.sub,
        "UserStatus": user.status.value,
        "Enabled": user.enabled,
        "UserCreateDate": datetime.fromtimestamp(user.created_at, UTC).isoformat(timespec="seconds"),
        "Attributes": dict(user.attributes),
    }


def _tabulate(users: Iterable[User]) -> list[str]:
    rows = [("USERNAME", "EMAIL", "STATUS", "ENABLED")]
    rows += [
        (user.username, user.email or "-", user.status.value, "yes" if user.enabled else "no")
        for user in users
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _parse_attributes(pairs: Iterable[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise typer.BadParameter(f"`{pair}` is not NAME=VALUE", param_hint="--attribute")
        found[name] = value
    return found


def _read_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise fail("there is no terminal to ask for the password: use --password-stdin")
    password = getpass.getpass("New password: ")
    if getpass.getpass("Again: ") != password:
        raise fail("the two passwords differ")
    return password
