"""A user pool that runs alone (`python -m idp`), with argon2 and everything else as installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import yaml
from botocore.config import Config

from bench.compare_pools.subjects import ANY_CORE, KEY_ID, KEY_SECRET, REGION, ROOT
from bench.processes import Program, free_port
from idp.store.database import database_url
from idp.users.passwords import HashCost

POOL, CLIENT, PASSWORD = "us-east-1_Bench0001", "benchclient", "Correct-Horse-9"
ANN: Final = "ann"
"""The one person whom the configuration makes."""
MACHINE, MACHINE_SECRET = "benchmachine", "a-secret-of-the-bench-0123456789-0123456789-0123456"
CALLBACK = "http://localhost:9/callback"
FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
COST: Final = HashCost()
"""As the product has it."""


@dataclass(frozen=True, slots=True)
class PoolServer:
    """The running pool."""

    url: str
    program: Program

    def signed_client(self) -> Any:
        """boto3 with the access key, for administration."""
        return boto3.client(
            "cognito-idp",
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=KEY_SECRET,
            config=Config(retries={"max_attempts": 0}, read_timeout=120),
        )


@contextmanager
def running_pool(folder: Path, *, database: str | None = None) -> Iterator[PoolServer]:
    """Serve the pool until the block is left; `database` instead of SQLite in the folder."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    (folder / "pools.yaml").write_text(yaml.safe_dump(pool_document(database)))
    url = f"http://localhost:{port}"
    command = [sys.executable, "-m", "idp", "pools.yaml", "--public-url", url, "--data", "data"]
    environment = {"PYTHONPATH": str(ROOT)}
    program = Program(command, cores=ANY_CORE, log=folder / "output.log", env=environment)
    try:
        program.wait_for_port(port)
        yield PoolServer(url, program)
    finally:
        program.stop()


def pool_document(database: str | None) -> dict[str, Any]:
    """The configuration: a client for people, one for a program, one person."""
    client = {
        "ClientName": "bench",
        "ClientId": CLIENT,
        "ExplicitAuthFlows": FLOWS,
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid"],
        "CallbackURLs": [CALLBACK],
    }
    program = {
        "ClientName": "machine",
        "ClientId": MACHINE,
        "ClientSecret": MACHINE_SECRET,
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["things/read"],
    }
    person = {"Username": ANN, "Password": PASSWORD, "Attributes": {"email": "ann@example.com"}}
    pool = {
        "UserPoolName": "bench",
        "UserPoolId": POOL,
        "MfaConfiguration": "OPTIONAL",
        "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
        "UserPoolClients": [client, program],
        "UserPoolResourceServers": [{"Identifier": "things", "Scopes": [{"ScopeName": "read"}]}],
        "UserPoolUsers": [person],
    }
    keys = [{"AccessKeyId": KEY_ID, "SecretAccessKey": KEY_SECRET}]
    return {"UserPools": [pool], "AccessKeys": keys} | ({"Database": database} if database else {})


def database_of(folder: Path) -> str:
    """The address of the SQLite database of a pool that ran in `folder`."""
    return database_url(folder / "data").render_as_string(hide_password=False)
