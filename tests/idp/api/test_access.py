"""Who may call signed operations: keys, keys kept to some pools, nobody, or this machine."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.support.api_server import KEY_ID, KEY_SECRET, ApiServer, api_document, api_server
from tests.support.pools import POOL_ID

OTHER_POOL = "us-east-1_Another01"
SUPPORT = {"aws_access_key_id": "SUPPORT", "aws_secret_access_key": "the-secret-of-the-support-team"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """Two pools, a key for everything and one for the second pool."""
    keys = [
        {"AccessKeyId": KEY_ID, "SecretAccessKey": KEY_SECRET},
        {
            "AccessKeyId": SUPPORT["aws_access_key_id"],
            "SecretAccessKey": SUPPORT["aws_secret_access_key"],
            "UserPools": ["another"],
        },
    ]
    pools = [api_document(), {"UserPoolName": "another", "UserPoolId": OTHER_POOL}]
    with api_server(
        tmp_path_factory.mktemp("api") / "data", prepared_directory, pools, access={"AccessKeys": keys}
    ) as server:
        yield server


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """A server for work on this machine alone."""
    with api_server(
        tmp_path_factory.mktemp("local") / "data",
        prepared_directory,
        access={"SignatureCheck": "accept-any"},
    ) as server:
        yield server


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """A server without any key."""
    with api_server(tmp_path_factory.mktemp("closed") / "data", prepared_directory, access={}) as server:
        yield server


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def test_a_request_without_signature_is_told_so(api: ApiServer) -> None:
    answer = api.post("ListUsers", {"UserPoolId": POOL_ID})
    assert answer.json()["__type"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        ({"aws_access_key_id": "NOBODY"}, "UnrecognizedClientException"),
        ({"aws_secret_access_key": "another-secret-altogether"}, "InvalidSignatureException"),
    ],
    ids=["unknown key", "wrong secret"],
)
def test_a_key_that_is_not_ours_opens_nothing(api: ApiServer, credentials: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        api.boto3(**credentials).list_users(UserPoolId=POOL_ID)
    assert code_of(caught) == code


def test_a_key_kept_to_one_pool_manages_only_that_one(api: ApiServer) -> None:
    support = api.boto3(**SUPPORT)
    assert support.list_users(UserPoolId=OTHER_POOL)["Users"] == []
    for refused in (
        lambda: support.list_users(UserPoolId=POOL_ID),
        lambda: support.admin_delete_user(UserPoolId=POOL_ID, Username="ann"),
        lambda: support.list_users(UserPoolId="us-east-1_Nowhere01"),
    ):
        with pytest.raises(ClientError) as caught:
            refused()
        assert code_of(caught) == "AccessDeniedException"


def test_without_keys_the_answer_says_how_to_make_one(closed: ApiServer) -> None:
    with pytest.raises(ClientError) as caught:
        closed.boto3().list_users(UserPoolId=POOL_ID)
    assert code_of(caught) == "AccessDeniedException"
    assert "PoolServer.AccessKeys" in str(caught.value)


def test_on_a_machine_of_ones_own_any_credentials_will_do(local: ApiServer) -> None:
    anybody = local.boto3(aws_access_key_id="dummy", aws_secret_access_key="dummy")
    assert "Users" in anybody.list_users(UserPoolId=POOL_ID)
    assert local.post("ListUsers", {"UserPoolId": POOL_ID}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"host": "rebound.evil.example"},
        {"x_forwarded_for": "203.0.113.7"},
        {"forwarded": "for=203.0.113.7"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_a_web_page_and_a_stranger_are_not_this_machine(local: ApiServer, headers: dict[str, str]) -> None:
    answer = local.post("ListUsers", {"UserPoolId": POOL_ID}, **headers)
    assert answer.json()["__type"] == "AccessDeniedException"


def test_checking_no_signature_is_said_loudly(
    tmp_path: Path, prepared_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING),
        api_server(tmp_path / "data", prepared_directory, access={"SignatureCheck": "accept-any"}),
    ):
        assert "accept-any" in caplog.text
