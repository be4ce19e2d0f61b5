"""A pool with a client for every way to sign in through the API, and the client's half of SRP by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pycognito.aws_srp import AWSSRP

from idp.signin import srp
from tests.support.api_server import ApiServer, api_document
from tests.support.pools import CLIENT_ID, CLIENT_SECRET, PASSWORD, POOL_ID

APP, HIDING, ROTATING, LIMITED = "app1", "hiding1", "rotating1", "limited1"
MACHINE, SERVER = "machine1", "server1"
EVERYTHING = [
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
]


def sign_in_document(**members: Any) -> dict[str, Any]:
    """A pool whose clients differ in what they allow and tell."""
    document = api_document(client={"ExplicitAuthFlows": EVERYTHING, "PreventUserExistenceErrors": "LEGACY"})
    no_refresh = [flow for flow in EVERYTHING if "REFRESH" not in flow]
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
    machine = {
        "ClientName": MACHINE,
        "ClientId": MACHINE,
        "ClientSecret": CLIENT_SECRET.replace("-", "_"),
        "ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"],
        "AllowedOAuthScopes": ["things/read"],
    }
    clients = [
        {"ClientName": APP, "ClientId": APP, "ExplicitAuthFlows": EVERYTHING},
        {"ClientName": HIDING, "ClientId": HIDING, "ExplicitAuthFlows": EVERYTHING,
         "PreventUserExistenceErrors": "ENABLED"},
        {"ClientName": ROTATING, "ClientId": ROTATING, "ExplicitAuthFlows": no_refresh,
         "RefreshTokenRotation": rotation},
        {"ClientName": LIMITED, "ClientId": LIMITED, "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
         "EnableTokenRevocation": False},
        machine,
        {**machine, "ClientName": SERVER, "ClientId": SERVER, "ExplicitAuthFlows": EVERYTHING},
    ]  # fmt: skip
    servers = [{"Identifier": "things", "Scopes": [{"ScopeName": "read"}]}]
    return {
        **document,
        "UserPoolClients": [*document["UserPoolClients"], *clients],
        "UserPoolResourceServers": servers,
        **members,
    }


def secret_hash(username: str, client_id: str = CLIENT_ID, secret: str = CLIENT_SECRET) -> str:
    """SECRET_HASH (cognito.md 4.2)."""
    digest = hmac.new(secret.encode(), (username + client_id).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def stretch_lock(api: ApiServer, username: str, counters: str = "") -> int:
    """Make the present lock of an account last, whatever the machine is busy with; returns its failures."""

    async def stretch() -> int:
        async with api.core.store.writing() as records:
            user = await records.users.by_login(POOL_ID, username)
            assert user is not None
            until = api.core.clock.now() + 600
            key = (POOL_ID, user.sub + counters)
            changed = await records.failures.update(key, lambda old: replace(old, locked_until=until))
            return changed.count

    return api.run(stretch())


class SrpClient:
    """The client's half, built on pycognito's mathematics."""

    def __init__(self, password: str = PASSWORD) -> None:
        self._half = AWSSRP("unused", password, POOL_ID, "unused", client=object())
        self.a = f"{self._half.large_a_value:x}"

    def claim(self, parameters: dict[str, str], *, now: float | None = None) -> dict[str, str]:
        """ChallengeResponses for PASSWORD_VERIFIER, but for SECRET_HASH and DEVICE_KEY."""
        user = parameters["USER_ID_FOR_SRP"]
        key = self._half.get_password_authentication_key(
            user, self._half.password, int(parameters["SRP_B"], 16), parameters["SALT"]
        )
        when = datetime.now(UTC) if now is None else datetime.fromtimestamp(now, UTC)
        stamp = AWSSRP.get_cognito_formatted_timestamp(when)
        identity, block = srp.user_identity(POOL_ID, user), base64.b64decode(parameters["SECRET_BLOCK"])
        return {
            "USERNAME": user,
            "TIMESTAMP": stamp,
            "PASSWORD_CLAIM_SECRET_BLOCK": parameters["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": srp.sign_claim(key, identity, block=block, timestamp=stamp),
        }


class DeviceClient:
    """A device: its password, the verifier it is confirmed with, and its half of SRP."""

    def __init__(self, metadata: dict[str, str]) -> None:
        self.key, self.identity = (
            metadata["DeviceKey"],
            srp.Identity(metadata["DeviceGroupKey"], metadata["DeviceKey"]),
        )
        self.password = base64.b64encode(secrets.token_bytes(40)).decode()
        self._secret = srp.draw_secret()
        self.a = f"{srp.power(srp.G, self._secret):x}"

    @property
    def verifier(self) -> dict[str, str]:
        """DeviceSecretVerifierConfig."""
        made = srp.make_verifier(self.identity, self.password)
        return {
            "Salt": base64.b64encode(srp.pad(made.salt)).decode(),
            "PasswordVerifier": base64.b64encode(srp.pad(made.value)).decode(),
        }

    def claim(self, parameters: dict[str, str]) -> dict[str, str]:
        """ChallengeResponses for DEVICE_PASSWORD_VERIFIER."""
        server_value, salt = int(parameters["SRP_B"], 16), int(parameters["SALT"], 16)
        x = srp.derive_x(self.identity, self.password, salt)
        scramble = srp.hash_number(srp.pad(int(self.a, 16)), srp.pad(server_value))
        base = (server_value - srp.K * srp.power(srp.G, x)) % srp.N
        shared = pow(base, self._secret + scramble * x, srp.N)
        extracted = hmac.new(srp.pad(scramble), srp.pad(shared), hashlib.sha256).digest()
        key = hmac.new(extracted, b"Caldera Derived Key\x01", hashlib.sha256).digest()[:16]
        stamp = AWSSRP.get_cognito_formatted_timestamp(datetime.now(UTC))
        block = base64.b64decode(parameters["SECRET_BLOCK"])
        return {
            "USERNAME": parameters["USERNAME"],
            "DEVICE_KEY": self.key,
            "TIMESTAMP": stamp,
            "PASSWORD_CLAIM_SECRET_BLOCK": parameters["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": srp.sign_claim(key, self.identity, block=block, timestamp=stamp),
        }
