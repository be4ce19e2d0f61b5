"""The wire: headers, errors, limits, other origins, and what a failure of ours gives away."""

import json
import logging
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from idp.api.door import MOST_BYTES, header_text
from idp.api.registry import SERVED
from idp.store.base import StoreUnavailable
from tests.support import chromium
from tests.support.api_server import PUBLIC_CLIENT_ID, TARGET, ApiServer, api_server
from tests.support.pools import PASSWORD, POOL_ID
from tests.support.serving import serving


def test_an_answer_looks_like_the_services(api: ApiServer) -> None:
    document = {"ClientId": PUBLIC_CLIENT_ID, "Username": "wire", "Password": PASSWORD}
    answer = api.post("SignUp", {**document, "UnknownMember": 1})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    uuid.UUID(answer.headers["x-amzn-requestid"])
    assert answer.headers["cache-control"].startswith("no-cache")
    assert answer.json()["UserConfirmed"] is False


def test_an_sdk_reaches_a_pool_that_lives_under_a_path(tmp_path: Path, prepared_directory: Path) -> None:
    with api_server(tmp_path / "data", prepared_directory, path="/pool") as server:
        for url in (f"{server.url}", f"{server.url}/"):
            cognito = server.boto3(endpoint_url=url)
            assert cognito.list_users(UserPoolId=POOL_ID)["Users"] == []
            assert httpx.get(url, trust_env=False).status_code == 200


def test_an_error_names_its_type_in_body_and_headers(api: ApiServer) -> None:
    answer = api.post("GetUser", {"AccessToken": "nonsense"})
    assert answer.status_code == 400
    assert answer.json() == {"__type": "NotAuthorizedException", "message": "Invalid Access Token"}
    assert answer.headers["x-amzn-errortype"] == "NotAuthorizedException:"
    assert answer.headers["x-amzn-errormessage"] == "Invalid Access Token"
    uuid.UUID(answer.headers["x-amzn-requestid"])


def test_timestamps_are_seconds_with_milliseconds(api: ApiServer, cognito: Any) -> None:
    answered: list[dict[str, Any]] = []
    cognito.meta.events.register(
        "response-received.cognito-identity-provider.CreateGroup",
        lambda response_dict, **_: answered.append(json.loads(response_dict["body"])),
    )
    cognito.create_group(UserPoolId=POOL_ID, GroupName="timed")
    moment = answered[0]["Group"]["CreationDate"]
    assert isinstance(moment, float)
    assert moment == round(moment, 3)


@pytest.mark.parametrize(
    "targets",
    [[], ["Nonsense"], ["SignUp"], [f"{TARGET}.Nonsense"], [f"Other.{TARGET}.SignUp"], ["DynamoDB.SignUp"]],
    ids=["none", "no dot", "bare", "unknown", "longer prefix", "other service"],
)
def test_an_unknown_operation_is_a_typed_error(api: ApiServer, targets: list[str]) -> None:
    headers = [("content-type", "application/x-amz-json-1.1"), *(("x-amz-target", each) for each in targets)]
    answer = httpx.post(api.url, content=b"{}", headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()["__type"]) == (400, "UnknownOperationException")


def test_two_targets_are_none(api: ApiServer) -> None:
    headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", f"{TARGET}.SignUp"),
        ("x-amz-target", f"{TARGET}.ListUsers"),
    ]
    answer = httpx.post(api.url, content=b"{}", headers=headers, trust_env=False)
    assert answer.json()["__type"] == "UnknownOperationException"


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"{", "application/x-amz-json-1.1"), (b"{}", "text/plain"), (b"{}", "application/json")],
    ids=["broken", "plain", "other JSON"],
)
def test_what_is_no_request_of_the_protocol_is_a_serialization_exception(
    api: ApiServer, content: bytes, kind: str
) -> None:
    answer = api.post("SignUp", content=content, content_type=kind)
    assert (answer.status_code, answer.json()["__type"]) == (400, "SerializationException")


def test_a_body_has_a_limit_whatever_it_says_of_itself(api: ApiServer) -> None:
    assert api.post("SignUp", content=b" " * (MOST_BYTES["public"] + 1)).status_code == 413

    def chunks() -> Any:
        for _ in range(MOST_BYTES["public"] // 1024 + 2):
            yield b" " * 1024

    headers = {"x-amz-target": f"{TARGET}.SignUp", "content-type": "application/x-amz-json-1.1"}
    answer = httpx.post(api.url, content=chunks(), headers=headers, trust_env=False)
    assert answer.status_code == 413


@pytest.mark.parametrize("operation", ["CreateUserPoolReplica", "GetProvisionedLimit", "CreateCIMDPolicy"])
def test_what_cannot_mean_anything_here_says_why(cognito: Any, operation: str) -> None:
    requests = {
        "CreateUserPoolReplica": {"UserPoolId": POOL_ID, "RegionName": "eu-west-1"},
        "GetProvisionedLimit": {"LimitDefinition": {"LimitClass": "API_CATEGORY", "Attributes": {"a": "b"}}},
        "CreateCIMDPolicy": {
            "UserPoolId": POOL_ID,
            "ClientId": "c",
            "PolicyName": "p",
            "URLPatterns": ["https://a.example/*"],
        },
    }
    methods = {
        "CreateUserPoolReplica": "create_user_pool_replica",
        "GetProvisionedLimit": "get_provisioned_limit",
        "CreateCIMDPolicy": "create_cimd_policy",
    }
    with pytest.raises(cognito.exceptions.OperationNotEnabledException) as caught:
        getattr(cognito, methods[operation])(**requests[operation])
    assert len(str(caught.value)) > 80


def test_public_operations_ignore_a_signature(api: ApiServer) -> None:
    stranger = api.boto3(aws_access_key_id="NOBODY", aws_secret_access_key="nothing")
    with pytest.raises(stranger.exceptions.NotAuthorizedException, match="Invalid Access Token"):
        stranger.get_user(AccessToken="nonsense")


def test_a_failure_of_ours_gives_nothing_away(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_call: object) -> dict[str, object]:
        raise RuntimeError("the password of the database is hunter2")

    monkeypatch.setitem(SERVED, "GetUser", fail)
    with caplog.at_level(logging.ERROR, "idp.api"):
        answer = api.post("GetUser", {"AccessToken": "secret-token-of-the-test"})
    assert (answer.status_code, answer.json()) == (
        500,
        {"__type": "InternalErrorException", "message": "Something went wrong"},
    )
    assert "hunter2" not in str(answer.headers)
    assert answer.headers["x-amzn-requestid"] in caplog.text
    assert "secret-token-of-the-test" not in caplog.text


def test_calls_are_logged_without_what_they_carry(api: ApiServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "idp"):
        api.post("SignUp", {"ClientId": PUBLIC_CLIENT_ID, "Username": "quiet-name", "Password": PASSWORD})
        api.post("GetUser", {"AccessToken": "secret-token-of-the-test"})
    assert "SignUp" in caplog.text
    assert "GetUser" in caplog.text
    assert "NotAuthorizedException" in caplog.text
    for secret in (PASSWORD, "secret-token-of-the-test", "quiet-name"):
        assert secret not in caplog.text


def test_a_database_that_does_not_answer_is_an_outage(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_call: object) -> dict[str, object]:
        raise StoreUnavailable("the database of the user pool does not answer: it is locked")

    monkeypatch.setitem(SERVED, "GetUser", fail)
    answer = api.post("GetUser", {"AccessToken": "x"})
    assert (answer.status_code, answer.json()["__type"]) == (503, "InternalErrorException")
    assert int(answer.headers["retry-after"]) > 0
    assert "locked" in caplog.text
    assert "Traceback" not in caplog.text


def test_messages_in_headers_stay_on_one_line() -> None:
    assert header_text("a\r\nset-cookie: b=c\n") == "a  set-cookie: b=c"
    assert header_text("가나다 ok") == "??? ok"
    assert len(header_text("x" * 5000)) == 1024


def test_a_preflight_allows_what_browser_sdks_send(api: ApiServer) -> None:
    answer = httpx.options(
        api.url,
        headers={
            "origin": "https://app.example.com",
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,x-amz-target,x-amz-user-agent",
        },
        trust_env=False,
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    allowed = answer.headers["access-control-allow-headers"].split(",")
    assert {"content-type", "x-amz-target", "x-amz-user-agent", "authorization"} <= set(allowed)
    assert "access-control-allow-credentials" not in answer.headers


CALL_FROM_PAGE = """async ([url, target]) => {
    const answer = await fetch(url, {method: 'POST', body: '{"AccessToken": "x"}', headers: {
        'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${target}.GetUser`,
        'x-amz-user-agent': 'aws-amplify', 'cache-control': 'no-store'}});
    return {status: answer.status, type: answer.headers.get('x-amzn-ErrorType'),
        id: answer.headers.get('x-amzn-RequestId'), body: await answer.json()};
}"""


async def show_app(_request: Request) -> HTMLResponse:
    return HTMLResponse("<title>app</title>")


@pytest.mark.browser
async def test_a_page_of_another_origin_may_call_and_read_errors(api: ApiServer) -> None:
    app = Starlette(routes=[Route("/", show_app)])
    async with serving(lambda _url: app) as url, async_playwright() as playwright:
        browser = await chromium.launch(playwright)
        page = await browser.new_page()
        await page.goto(url)
        found = await page.evaluate(CALL_FROM_PAGE, [api.url, TARGET])
        await browser.close()
    assert (found["status"], found["type"]) == (400, "NotAuthorizedException:")
    assert found["id"]
    assert found["body"]["message"] == "Invalid Access Token"
