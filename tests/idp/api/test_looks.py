"""UI customization and terms through boto3, and on the hosted pages."""

import base64
import re
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from idp.management.branding import MOST_IMAGE_BYTES, build_css
from idp.management.refusal import Refused
from tests.support.api_server import ApiServer
from tests.support.pools import CALLBACK, CLIENT_ID, POOL_ID

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CSS = ".submitButton-customizable { background-color: #aa1122; }\n.banner-customizable:hover {color: red}"
ASKED = {"client_id": CLIENT_ID, "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid"}


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def page(api: ApiServer, path: str = "/login", **query: str) -> httpx.Response:
    return httpx.get(f"{api.url}{path}", params={**ASKED, **query}, trust_env=False)


def test_css_and_logo_are_shown_on_the_pages_from_our_own_origin(api: ApiServer, cognito: Any) -> None:
    empty = cognito.get_ui_customization(UserPoolId=POOL_ID)["UICustomization"]
    assert empty == {"UserPoolId": POOL_ID, "ClientId": "ALL"}
    cognito.set_ui_customization(UserPoolId=POOL_ID, CSS=CSS)
    cognito.set_ui_customization(UserPoolId=POOL_ID, ImageFile=PNG)
    found = cognito.get_ui_customization(UserPoolId=POOL_ID, ClientId=CLIENT_ID)["UICustomization"]
    assert (found["ClientId"], found["CSS"]) == ("ALL", CSS)
    assert httpx.get(found["ImageUrl"], trust_env=False).content == PNG
    answer = page(api)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    links = re.findall(rf'"(/look/{POOL_ID}/[0-9a-f]+\.(?:css|png))"', answer.text)
    css, logo = (httpx.get(f"{api.url}{link}", trust_env=False) for link in links)
    assert css.headers["content-type"] == "text/css; charset=utf-8"
    assert ".card button[type=submit] { background-color: #aa1122 !important }" in css.text
    assert logo.headers["content-type"] == "image/png"
    assert logo.headers["x-content-type-options"] == "nosniff"
    assert httpx.get(f"{api.url}/look/{POOL_ID}/{'0' * 32}.css", trust_env=False).status_code == 404


def test_a_clients_own_look_wins(api: ApiServer, cognito: Any) -> None:
    mine = ".label-customizable { color: green }"
    cognito.set_ui_customization(UserPoolId=POOL_ID, ClientId=CLIENT_ID, CSS=mine)
    (link,) = re.findall(r'"(/look/[^"]+\.css)"', page(api).text)
    assert "green" in httpx.get(f"{api.url}{link}", trust_env=False).text
    cognito.set_ui_customization(UserPoolId=POOL_ID, ClientId=CLIENT_ID, CSS="")


@pytest.mark.parametrize(
    "css",
    [
        "body { color: red }",
        ".submitButton-customizable, * { color: red }",
        ".submitButton-customizable input { color: red }",
        ".submitButton-customizable { background: url(https://evil.example/x) }",
        ".submitButton-customizable { background: URL (x) }",
        ".submitButton-customizable { background-image: none }",
        ".submitButton-customizable { color: expression(alert(1)) }",
        ".submitButton-customizable { color: var(--x) }",
        ".submitButton-customizable { color: \\75 rl(x) }",
        ".submitButton-customizable { font-family: 'x }",
        ".submitButton-customizable { content: 'x' }",
        ".submitButton-customizable { position: fixed }",
        "@import 'https://evil.example/x.css';",
        "@media all { .submitButton-customizable { color: red } }",
        ".submitButton-customizable { color: red",
        "</style><script>alert(1)</script>",
        ".submitButton-customizable { color: red } trailing",
        ".submitButton-customizable { color: red } /* ",
        ".logo-customizable { color } ",
    ],
)
def test_css_that_could_do_more_than_look_is_refused(css: str) -> None:
    with pytest.raises(Refused) as refusal:
        build_css(css)
    assert "evil" not in refusal.value.message


@pytest.mark.parametrize(
    ("css", "written"),
    [
        ("", ""),
        ("/* a { } */ .label-customizable{color:red;}", ".card label { color: red !important }"),
        (
            ".label-customizable, .redirect-customizable:hover { color: rgb(1, 2, 3) !important }",
            ".card label, .aside a:hover { color: rgb(1, 2, 3) !important }",
        ),
    ],
)
def test_css_is_written_anew(css: str, written: str) -> None:
    assert build_css(css) == written


@pytest.mark.parametrize(
    "image",
    [b"<svg onload='alert(1)'/>", b"GIF89a", PNG[:7], PNG + b"x" * MOST_IMAGE_BYTES],
    ids=["svg", "gif", "cut", "large"],
)
def test_only_small_pngs_and_jpegs_are_logos(cognito: Any, image: bytes) -> None:
    with pytest.raises(ClientError) as error:
        cognito.set_ui_customization(UserPoolId=POOL_ID, ImageFile=image)
    assert code_of(error) == "InvalidParameterException"


def test_terms_are_shown_on_sign_up_when_both_are_there(api: ApiServer, cognito: Any) -> None:
    of = {"UserPoolId": POOL_ID, "ClientId": CLIENT_ID, "TermsSource": "LINK", "Enforcement": "NONE"}
    links = {
        "cognito:default": "https://legal.example.net/terms?a=1&b=2",
        "cognito:korean": "https://legal.example.net/ko",
    }
    terms = cognito.create_terms(**of, TermsName="terms-of-use", Links=links)["Terms"]
    assert "legal.example.net" not in page(api, "/signup").text
    privacy = {"cognito:default": "https://legal.example.net/privacy"}
    other = cognito.create_terms(**of, TermsName="privacy-policy", Links=privacy)["Terms"]
    assert 'href="https://legal.example.net/terms?a=1&amp;b=2"' in page(api, "/signup").text
    assert 'href="https://legal.example.net/ko"' in page(api, "/signup", lang="ko").text
    with pytest.raises(ClientError) as error:
        cognito.create_terms(**of, TermsName="terms-of-use", Links=links)
    assert code_of(error) == "TermsExistsException"
    found = cognito.describe_terms(UserPoolId=POOL_ID, TermsId=terms["TermsId"])["Terms"]
    assert found == terms
    by_client = cognito.describe_terms_by_client(
        UserPoolId=POOL_ID, ClientId=CLIENT_ID, TermsName="privacy-policy"
    )["Terms"]
    assert by_client == other
    cognito.update_terms(UserPoolId=POOL_ID, TermsId=terms["TermsId"], Links=privacy)
    assert len(cognito.list_terms(UserPoolId=POOL_ID)["Terms"]) == 2
    cognito.delete_terms(UserPoolId=POOL_ID, TermsId=terms["TermsId"])
    with pytest.raises(ClientError) as error:
        cognito.describe_terms(UserPoolId=POOL_ID, TermsId=terms["TermsId"])
    assert code_of(error) == "ResourceNotFoundException"
    assert "legal.example.net" not in page(api, "/signup").text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://example.com/x", "//example.com"])
def test_links_of_terms_are_https(cognito: Any, url: str) -> None:
    with pytest.raises(ClientError) as error:
        cognito.create_terms(
            UserPoolId=POOL_ID,
            ClientId=CLIENT_ID,
            TermsName="terms-of-use",
            TermsSource="LINK",
            Enforcement="NONE",
            Links={"cognito:default": url},
        )
    assert code_of(error) == "InvalidParameterException"
