"""Import jobs through boto3: the file, the task, counters, first sign-ins, attacks on the upload."""

import asyncio
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import bcrypt
import httpx
import pytest
from botocore.exceptions import ClientError

from idp.imports.rows import join_row
from tests.support.api_server import ALL_FLOWS, ApiServer, api_server
from tests.support.pools import PASSWORD, POOL_ID

ROLE = "arn:aws:iam::123456789012:role/import"


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def make_file(header: list[str], users: list[dict[str, str]]) -> bytes:
    rows = [join_row(user.get(name, "") for name in header) for user in users]
    return "\n".join([",".join(header), *rows, ""]).encode()


def person(name: str, **values: str) -> dict[str, str]:
    known = {"cognito:username": name, "email": f"{name}@example.com", "email_verified": "TRUE"}
    return {**known, **values}


def create(cognito: Any, pool_id: str, **members: Any) -> dict[str, Any]:
    job: dict[str, Any] = cognito.create_user_import_job(
        UserPoolId=pool_id, JobName="job", CloudWatchLogsRoleArn=ROLE, **members
    )["UserImportJob"]
    return job


def put(url: str, content: bytes) -> httpx.Response:
    headers = {"x-amz-server-side-encryption": "aws:kms"}
    return httpx.put(url, content=content, headers=headers, trust_env=False, timeout=60)


def finish(api: ApiServer, cognito: Any, job: dict[str, Any]) -> dict[str, Any]:
    ended = asyncio.run_coroutine_threadsafe(api.core.management.import_runner.drain(), api.loop)
    ended.result(240)
    found: dict[str, Any] = cognito.describe_user_import_job(UserPoolId=job["UserPoolId"], JobId=job["JobId"])
    return dict(found["UserImportJob"])


@pytest.fixture(scope="module")
def pool_id(cognito: Any) -> str:
    made = cognito.create_user_pool(PoolName="imports", AutoVerifiedAttributes=["email"])
    return str(made["UserPool"]["Id"])


@pytest.fixture(scope="module")
def header(cognito: Any, pool_id: str) -> list[str]:
    return list(cognito.get_csv_header(UserPoolId=pool_id)["CSVHeader"])


def test_ten_thousand_users_are_imported(
    api: ApiServer, cognito: Any, pool_id: str, header: list[str]
) -> None:
    job = create(cognito, pool_id)
    assert job["Status"] == "Created"
    cognito.admin_create_user(UserPoolId=pool_id, Username="u00007", MessageAction="SUPPRESS")
    users = [person(f"u{n:05d}") for n in range(10_000)]
    users[3]["email"] = "broken"
    assert put(job["PreSignedUrl"], make_file(header, users)).status_code == 200
    cognito.start_user_import_job(UserPoolId=pool_id, JobId=job["JobId"])
    with pytest.raises(ClientError) as error:
        cognito.update_user_pool(UserPoolId=pool_id, AutoVerifiedAttributes=["email"])
    assert code_of(error) == "UserImportInProgressException"
    done = finish(api, cognito, job)
    assert done["Status"] == "Succeeded"
    assert (done["ImportedUsers"], done["SkippedUsers"], done["FailedUsers"]) == (9998, 1, 1)
    assert "PreSignedUrl" not in done
    assert cognito.admin_get_user(UserPoolId=pool_id, Username="u09999")["UserStatus"] == "RESET_REQUIRED"
    assert cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]["EstimatedNumberOfUsers"] == 9999


def test_a_hashed_user_signs_in_and_gets_a_hash_of_ours(
    api: ApiServer, cognito: Any, public: Any, pool_id: str, header: list[str]
) -> None:
    job = create(cognito, pool_id, PasswordHashingAlgorithm="BCRYPT")
    kept = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    users = [person("hashed", password_hash=kept), person("costly", password_hash=f"$2b$20${'a' * 53}")]
    assert put(job["PreSignedUrl"], make_file([*header, "password_hash"], users)).status_code == 200
    cognito.start_user_import_job(UserPoolId=pool_id, JobId=job["JobId"])
    done = finish(api, cognito, job)
    assert (done["ImportedUsers"], done["FailedUsers"]) == (1, 1)
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="app", ExplicitAuthFlows=ALL_FLOWS
    )["UserPoolClient"]["ClientId"]
    sign_in = {"ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH"}
    with pytest.raises(ClientError) as error:
        public.initiate_auth(**sign_in, AuthParameters={"USERNAME": "hashed", "PASSWORD": "wrong-Horse-9"})
    assert code_of(error) == "NotAuthorizedException"
    for _ in range(2):
        answer = public.initiate_auth(**sign_in, AuthParameters={"USERNAME": "hashed", "PASSWORD": PASSWORD})
        assert answer["AuthenticationResult"]["AccessToken"]
    pool = api.run(api.core.find_pool(pool_id))
    user, _ = api.run(api.core.administration.get(pool, "hashed"))  # type: ignore[misc]
    assert user.password_hash is not None
    assert user.password_hash.startswith("$argon2id$")


def test_a_file_with_another_header_fails_the_job(api: ApiServer, cognito: Any, pool_id: str) -> None:
    job = create(cognito, pool_id)
    put(job["PreSignedUrl"], b"username,email\nada,ada@example.com\n")
    cognito.start_user_import_job(UserPoolId=pool_id, JobId=job["JobId"])
    done = finish(api, cognito, job)
    assert done["Status"] == "Failed"
    assert "header" in done["CompletionMessage"]


def test_a_job_without_its_file_does_not_start(cognito: Any, pool_id: str) -> None:
    job = create(cognito, pool_id)
    for call in (cognito.start_user_import_job, cognito.stop_user_import_job):
        with pytest.raises(ClientError) as error:
            call(UserPoolId=pool_id, JobId=job["JobId"])
        assert code_of(error) == "PreconditionNotMetException"


@pytest.mark.parametrize("change", ["signature", "expires", "job", "pool"])
def test_an_upload_with_another_address_is_refused(cognito: Any, pool_id: str, change: str) -> None:
    job = create(cognito, pool_id)
    parts = urlsplit(job["PreSignedUrl"])
    query = dict(parse_qsl(parts.query))
    path = parts.path
    if change == "signature":
        query["signature"] = query["signature"][::-1]
    elif change == "expires":
        query["expires"] = str(int(query["expires"]) + 1)
    elif change == "job":
        path = path.replace(job["JobId"], create(cognito, pool_id)["JobId"])
    else:
        path = path.replace(pool_id, POOL_ID)
    changed = parts._replace(path=path, query="&".join(f"{k}={v}" for k, v in query.items())).geturl()
    assert put(changed, b"x\n").status_code == 403
    assert put(job["PreSignedUrl"].partition("?")[0], b"x\n").status_code == 403


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\n", b"x" * 400_000], ids=["empty", "not-utf-8", "endless-row"]
)
def test_a_file_that_is_none_is_refused(cognito: Any, pool_id: str, content: bytes) -> None:
    job = create(cognito, pool_id)
    assert put(job["PreSignedUrl"], content).status_code == 400
    with pytest.raises(ClientError, match="has not been uploaded"):
        cognito.start_user_import_job(UserPoolId=pool_id, JobId=job["JobId"])


def test_jobs_are_listed_page_by_page(cognito: Any) -> None:
    pool_id = cognito.create_user_pool(PoolName="jobs")["UserPool"]["Id"]
    made = {create(cognito, pool_id)["JobId"] for _ in range(3)}
    first = cognito.list_user_import_jobs(UserPoolId=pool_id, MaxResults=2)
    rest = cognito.list_user_import_jobs(
        UserPoolId=pool_id, MaxResults=2, PaginationToken=first["PaginationToken"]
    )
    assert "PaginationToken" not in rest
    assert {job["JobId"] for job in first["UserImportJobs"] + rest["UserImportJobs"]} == made


def test_an_import_goes_on_after_a_restart(tmp_path: Path, prepared_directory: Path) -> None:
    folder = tmp_path / "data"
    with api_server(folder, prepared_directory) as server:
        cognito = server.boto3()
        header = cognito.get_csv_header(UserPoolId=POOL_ID)["CSVHeader"]
        job = create(cognito, POOL_ID)
        put(job["PreSignedUrl"], make_file(header, [person(f"u{n:05d}") for n in range(3000)]))
        cognito.start_user_import_job(UserPoolId=POOL_ID, JobId=job["JobId"])
        deadline = time.monotonic() + 120
        of = {"UserPoolId": POOL_ID, "JobId": job["JobId"]}
        while not cognito.describe_user_import_job(**of)["UserImportJob"]["ImportedUsers"]:
            assert time.monotonic() < deadline
    with api_server(folder, folder) as server:
        done = finish(server, server.boto3(), job)
        assert done["Status"] == "Succeeded"
        assert done["ImportedUsers"] == 3000
        assert done["SkippedUsers"] == 0


def test_a_stopped_import_keeps_what_it_has(api: ApiServer, cognito: Any, header: list[str]) -> None:
    pool_id = cognito.create_user_pool(PoolName="stopped")["UserPool"]["Id"]
    job = create(cognito, pool_id)
    put(job["PreSignedUrl"], make_file(header, [person(f"u{n:05d}") for n in range(5000)]))
    of = {"UserPoolId": pool_id, "JobId": job["JobId"]}
    cognito.start_user_import_job(**of)
    assert cognito.stop_user_import_job(**of)["UserImportJob"]["Status"] == "Stopping"
    done = finish(api, cognito, job)
    assert done["Status"] == "Stopped"
    assert done["ImportedUsers"] < 5000
