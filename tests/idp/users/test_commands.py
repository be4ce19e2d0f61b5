"""The commands, run as a terminal runs them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from idp.store.database import database_url
from idp.users.commands import build
from tests.support.pools import PASSWORD, PUBLIC_URL, pool_document


@pytest.fixture
def data(tmp_path: Path, prepared_directory: Path) -> Path:
    shutil.copytree(prepared_directory, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(data: Path, *arguments: str, typed: str = "", pools: list[dict[str, Any]] | None = None) -> Result:
    document = pools or [pool_document(UserPoolGroups=[{"GroupName": "staff", "Description": "All of us"}])]
    return CliRunner().invoke(build(lambda: (document, data, PUBLIC_URL)), list(arguments), input=typed)


def add(data: Path, name: str = "ann") -> None:
    options = [
        "-a",
        f"email={name}@example.com",
        "-a",
        "email_verified=true",
        "--password-stdin",
        "-g",
        "staff",
    ]
    result = run(data, "add", name, *options, typed=PASSWORD + "\n")
    assert result.exit_code == 0, result.output


def test_add_shows_a_made_up_temporary_password_once(data: Path) -> None:
    result = run(data, "add", "ann")
    assert result.exit_code == 0
    assert "temporary password, shown only now: " in result.stdout
    assert "FORCE_CHANGE_PASSWORD" in result.stdout


def test_add_with_a_password_shows_none(data: Path) -> None:
    add(data)
    shown = json.loads(run(data, "show", "ann").stdout)
    assert (shown["UserStatus"], shown["Enabled"], shown["Groups"]) == ("CONFIRMED", True, ["staff"])
    assert shown["Attributes"] == {"email": "ann@example.com", "email_verified": "true"}
    assert "argon2" not in json.dumps(shown)


def test_list_as_table_and_as_json(data: Path) -> None:
    add(data, "bob")
    add(data, "ann")
    lines = run(data, "list").stdout.splitlines()
    assert lines[0].split() == ["USERNAME", "EMAIL", "STATUS", "ENABLED"]
    assert lines[1].split() == ["ann", "ann@example.com", "CONFIRMED", "yes"]
    assert [user["Username"] for user in json.loads(run(data, "list", "--json").stdout)] == ["ann", "bob"]


def test_access(data: Path) -> None:
    add(data)
    assert run(data, "disable", "ann").stdout == "disabled ann\n"
    assert json.loads(run(data, "show", "ann").stdout)["Enabled"] is False
    assert run(data, "enable", "ann").stdout == "enabled ann\n"
    assert run(data, "delete", "ann", typed="n\n").exit_code == 1
    assert run(data, "delete", "ann", "--yes").stdout == "deleted ann\n"
    assert run(data, "show", "ann").exit_code == 1


def test_passwords(data: Path) -> None:
    add(data)
    result = run(data, "set-password", "ann", "--password-stdin", "--temporary", typed="Another-Horse-8\n")
    assert result.stdout == "set the password of ann (FORCE_CHANGE_PASSWORD)\n"
    refused = run(data, "set-password", "ann", typed="Another-Horse-8\n")
    assert (refused.exit_code, "use --password-stdin" in refused.stderr) == (1, True)
    run(data, "set-password", "ann", "--password-stdin", typed="Another-Horse-8\n")
    assert run(data, "reset", "ann").stdout == "a code went to a***@e***\n"


def test_groups(data: Path) -> None:
    add(data)
    assert run(data, "groups").stdout == "staff\tAll of us\n"
    assert run(data, "leave", "ann", "staff").stdout == "ann is not in staff\n"
    assert run(data, "join", "ann", "staff").stdout == "ann is in staff\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "ghost"], "error: User does not exist.\n"),
        (["add", "a b"], "error: Username must be 1 to 128"),
        (["add", "ann", "-a", "email"], "is not NAME=VALUE"),
        (["add", "ann", "-g", "x"], "error: Group not found."),
        (["list", "--pool", "stuff"], "error: there is no user pool `stuff`; there are: staff"),
    ],
)
def test_refusals_are_said_on_standard_error(data: Path, arguments: list[str], message: str) -> None:
    result = run(data, *arguments)
    assert result.exit_code != 0
    assert message in result.stderr


def test_several_pools_ask_which(data: Path) -> None:
    pools = [pool_document(), {"UserPoolName": "guests"}]
    result = run(data, "list", pools=pools)
    assert result.exit_code == 1
    assert "say which user pool with --pool; there are: " in result.stderr
    assert run(data, "list", "--pool", "guests", pools=pools).exit_code == 0


def test_a_bad_configuration_is_said_with_its_place(data: Path) -> None:
    result = run(data, "list", pools=[{"UserPoolNam": "x"}])
    assert result.exit_code == 1
    assert "[0].UserPoolNam: unknown property" in result.stderr


def test_users_live_in_the_database_that_the_configuration_names(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()

    def at(*arguments: str, database: str | None) -> Result:
        commands = build(lambda: ([pool_document()], data, PUBLIC_URL, None, database))
        return CliRunner().invoke(commands, list(arguments), input=PASSWORD + "\n")

    url = database_url(folder).render_as_string()
    assert at("add", "ann", "--password-stdin", database=url).exit_code == 0
    assert at("show", "ann", database=url).exit_code == 0
    assert at("show", "ann", database=None).exit_code == 1


def test_a_database_out_of_reach_is_said_without_its_password(data: Path) -> None:
    url = "postgresql://ann:hunter2@127.0.0.1:1/staff"
    commands = build(lambda: ([pool_document()], data, PUBLIC_URL, None, url))
    result = CliRunner().invoke(commands, ["list"])
    assert result.exit_code == 1
    assert "error: the database of the user pool cannot be opened: " in result.stderr
    assert "hunter2" not in result.output
