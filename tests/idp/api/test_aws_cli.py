"""The AWS command line as an operator has it: configured by variables, signing by itself."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.api_server import KEY_ID, KEY_SECRET, REGION, ApiServer
from tests.support.pools import POOL_ID

PROGRAM = "import sys; from awscli.clidriver import main; sys.exit(main())"


def aws(api: ApiServer, folder: Path, *words: str) -> Any:
    """Run `aws cognito-idp ...` and return what it printed, read as JSON."""
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": KEY_SECRET,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": api.url,
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_PAGER": "",
    }
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, "cognito-idp", *words, "--output", "json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def test_an_operator_creates_finds_and_removes_a_user(api: ApiServer, tmp_path: Path) -> None:
    made = aws(
        api,
        tmp_path,
        "admin-create-user",
        "--user-pool-id",
        POOL_ID,
        "--username",
        "operator",
        "--user-attributes",
        "Name=email,Value=operator@example.com",
        "Name=email_verified,Value=true",
    )
    assert made["User"]["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    found = aws(api, tmp_path, "list-users", "--user-pool-id", POOL_ID, "--filter", 'email ^= "operator"')
    assert [user["Username"] for user in found["Users"]] == ["operator"]
    aws(api, tmp_path, "admin-delete-user", "--user-pool-id", POOL_ID, "--username", "operator")
    assert not api.knows("operator")
