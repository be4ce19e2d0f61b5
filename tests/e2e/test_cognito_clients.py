"""Apps' own clients sign in as if it were Cognito: pycognito, amazon-cognito-identity-js, Amplify."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pycognito import AWSSRP, Cognito
from pycognito.aws_srp import generate_hash_device
from pycognito.exceptions import ForceChangePasswordException

from tests.idp.signin.flows.test_custom_steps import Riddle
from tests.support import node
from tests.support.api_server import REGION, ApiServer, api_server
from tests.support.pools import CLIENT_ID, CLIENT_SECRET, OTHER_PASSWORD, PASSWORD, POOL_ID, read_claims
from tests.support.prepared import prepared_directory
from tests.support.sign_in_pool import APP, ROTATING, sign_in_document

__all__ = ["prepared_directory"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """A pool without devices, of e-mail users: the name in the tokens is a UUID."""
    folder = tmp_path_factory.mktemp("plain") / "data"
    document = sign_in_document(UsernameAttributes=["email"])
    with api_server(folder, prepared_directory, document) as server:
        server.add_user("ann@example.com", email="ann@example.com")
        yield server


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """A pool that remembers devices, with triggers."""
    folder = tmp_path_factory.mktemp("tracking") / "data"
    document = sign_in_document(DeviceConfiguration={"ChallengeRequiredOnNewDevice": True})
    with api_server(folder, prepared_directory, document) as server:
        server.core.signin.use(triggers=Riddle())
        server.add_user("ann")
        yield server


@pytest.fixture(scope="module")
def run_node() -> Any:
    node.install()
    return node.run


def arguments(server: ApiServer, **more: object) -> dict[str, object]:
    known = {"endpoint": server.url, "poolId": POOL_ID, "clientId": APP}
    return {**known, "username": "ann", "password": PASSWORD, **more}


def add_temporary(server: ApiServer, username: str) -> None:
    pool = server.run(server.core.find_pool(POOL_ID))
    server.run(server.core.administration.add(pool, username=username, password=PASSWORD))


def pycognito_user(server: ApiServer, username: str, **more: Any) -> Cognito:
    client_id = more.pop("client_id", APP)
    kwargs = {"endpoint_url": server.url}
    return Cognito(POOL_ID, client_id, REGION, username, boto3_client_kwargs=kwargs, **more)


@pytest.mark.parametrize(
    "client",
    [{}, {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}],
    ids=["public", "confidential"],
)
def test_pycognito_signs_in_by_srp_verifies_the_tokens_and_refreshes(
    plain: ApiServer, client: dict[str, str]
) -> None:
    """It checks signature, issuer and audience itself, and hashes the e-mail at a refresh (12.2)."""
    user = pycognito_user(plain, "ann@example.com", **client)
    user.authenticate(PASSWORD)
    first = user.access_token
    assert user.access_claims["username"] == user.access_claims["sub"]
    assert user.id_claims["email"] == "ann@example.com"
    assert user.get_user().email == "ann@example.com"
    user.renew_access_token()
    assert user.access_token != first
    assert user.access_claims["origin_jti"] == read_claims(first)["origin_jti"]


def test_pycognito_replaces_a_temporary_password(plain: ApiServer) -> None:
    add_temporary(plain, "new@example.com")
    user = pycognito_user(plain, "new@example.com")
    with pytest.raises(ForceChangePasswordException):
        user.authenticate(PASSWORD)
    user.new_password_challenge(PASSWORD, OTHER_PASSWORD)
    again = pycognito_user(plain, "new@example.com")
    again.authenticate(OTHER_PASSWORD)
    assert again.access_token


def test_pycognito_proves_its_device(tracking: ApiServer) -> None:
    tracking.add_user("pyc")
    public = tracking.boto3(signed=False)
    result = AWSSRP("pyc", PASSWORD, POOL_ID, APP, client=public).authenticate_user()["AuthenticationResult"]
    made = result["NewDeviceMetadata"]
    password, verifier = generate_hash_device(made["DeviceGroupKey"], made["DeviceKey"])
    public.confirm_device(
        AccessToken=result["AccessToken"],
        DeviceKey=made["DeviceKey"],
        DeviceSecretVerifierConfig=verifier,
    )
    device = {
        "device_key": made["DeviceKey"],
        "device_group_key": made["DeviceGroupKey"],
        "device_password": password,
    }
    signed_in = AWSSRP("pyc", PASSWORD, POOL_ID, APP, client=public, **device).authenticate_user()
    claims = read_claims(signed_in["AuthenticationResult"]["AccessToken"])
    assert claims["device_key"] == made["DeviceKey"]


def test_identity_js_signs_in_by_srp_and_refreshes(plain: ApiServer, run_node: Any) -> None:
    told = run_node("cognito_identity.mjs", arguments(plain, task="signIn", username="ann@example.com"))
    first, refreshed = told["first"], told["refreshed"]
    assert first["valid"] is refreshed["valid"] is True
    assert told["again"]["refresh"] == refreshed["refresh"] == first["refresh"]
    assert refreshed["access"]["origin_jti"] == first["access"]["origin_jti"]
    assert refreshed["access"]["jti"] != first["access"]["jti"]
    assert told["attributes"]["email"] == "ann@example.com"


def test_identity_js_replaces_a_temporary_password(plain: ApiServer, run_node: Any) -> None:
    add_temporary(plain, "js@example.com")
    given = arguments(plain, task="newPassword", username="js@example.com", newPassword=OTHER_PASSWORD)
    told = run_node("cognito_identity.mjs", given)
    assert (told["came"], told["then"]) == ("newPassword", "success")
    assert told["session"]["identity"]["name"] == "New"


def test_identity_js_is_told_of_a_wrong_password(plain: ApiServer, run_node: Any) -> None:
    given = arguments(plain, task="wrong", username="ann@example.com", password="Wrong-Horse-77")
    assert run_node("cognito_identity.mjs", given) == {
        "code": "NotAuthorizedException",
        "message": "Incorrect username or password.",
    }


def test_identity_js_remembers_its_device(tracking: ApiServer, run_node: Any) -> None:
    told = run_node("cognito_identity.mjs", arguments(tracking, task="device"))
    key = told["session"]["access"]["device_key"]
    assert key == told["refreshed"]["access"]["device_key"]
    assert told["devices"] == 1
    assert told["afterwards"]["access"]["device_key"] != key


def test_identity_js_goes_on_without_a_forgotten_device(tracking: ApiServer, run_node: Any) -> None:
    told = run_node("cognito_identity.mjs", arguments(tracking, task="lostDevice"))
    assert told["after"]["access"]["device_key"] != told["before"]["access"]["device_key"]


@pytest.mark.parametrize("password", [PASSWORD, ""], ids=["after-srp", "without-password"])
def test_identity_js_solves_a_custom_challenge(tracking: ApiServer, run_node: Any, password: str) -> None:
    tracking.add_user(f"riddled{len(password)}")
    given = arguments(
        tracking,
        task="custom",
        username=f"riddled{len(password)}",
        password=password,
        answers=["forty-one", "forty-two"],
    )
    asked = run_node("cognito_identity.mjs", given)["asked"]
    assert [step["came"] for step in asked] == ["custom", "custom", "success"]
    assert asked[0]["parameters"]["riddle"] == "6 x 7"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"authFlowType": "USER_PASSWORD_AUTH"},
        {"authFlowType": "USER_AUTH", "preferredChallenge": "PASSWORD_SRP"},
    ],
    ids=["srp", "password", "choice-srp"],
)
def test_amplify_signs_in_refreshes_and_signs_out(
    plain: ApiServer, run_node: Any, options: dict[str, str]
) -> None:
    told = run_node("amplify.mjs", arguments(plain, username="ann@example.com", options=options))
    assert told["steps"] == ["DONE"]
    assert told["attributes"]["email"] == "ann@example.com"
    assert told["user"]["userId"] == told["first"]["sub"]
    assert told["refreshed"]["origin_jti"] == told["first"]["origin_jti"]
    assert told["refreshed"]["jti"] != told["first"]["jti"]
    assert told["isSignedOut"] is True


def test_amplify_refreshes_with_rotation(plain: ApiServer, run_node: Any) -> None:
    told = run_node("amplify.mjs", arguments(plain, username="ann@example.com", clientId=ROTATING))
    assert told["refreshed"]["origin_jti"] == told["first"]["origin_jti"]


def test_amplify_replaces_a_temporary_password(plain: ApiServer, run_node: Any) -> None:
    add_temporary(plain, "amp@example.com")
    given = arguments(plain, username="amp@example.com", newPassword=OTHER_PASSWORD)
    told = run_node("amplify.mjs", given)
    assert told["steps"] == ["CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED", "DONE"]


def test_amplify_proves_its_device_and_refreshes(tracking: ApiServer, run_node: Any) -> None:
    """Amplify confirms every new device by itself and names it at each refresh."""
    told = run_node("amplify.mjs", arguments(tracking))
    assert told["refreshed"]["device_key"] == told["first"]["device_key"]
