"""The application as a whole: opening, providers, odd requests, paths, static files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from idp.app import close, create_app, prepare, provider_for
from idp.config import InvalidPools
from tests.support.hosted_pages import (
    CLIENT,
    ORIGIN,
    SECRET,
    House,
    answer_of,
    authorize_path,
    authorize_query,
    pools_document,
)
from tests.support.open_house import house, open_house
from tests.support.pools import POOL_ID

__all__ = ["house", "open_house"]


@pytest.mark.parametrize(
    "pool",
    ["demo", POOL_ID, f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{POOL_ID}"],
    ids=["name", "id", "ARN"],
)
@pytest.mark.parametrize("client", ["web", CLIENT])
async def test_provider_is_found_by_any_of_its_names(house: House, pool: str, client: str) -> None:
    assert provider_for(house.app, pool, client) == {
        "issuer": f"{ORIGIN}/{POOL_ID}",
        "authorization_endpoint": f"{ORIGIN}/oauth2/authorize",
        "token_endpoint": f"{ORIGIN}/oauth2/token",
        "user_info_endpoint": f"{ORIGIN}/oauth2/userInfo",
        "jwks_uri": f"{ORIGIN}/{POOL_ID}/.well-known/jwks.json",
        "client_id": CLIENT,
        "client_secret": SECRET,
    }


@pytest.mark.parametrize(
    ("pool", "client", "words"),
    [("nobody", "web", "demo"), ("demo", "nobody", "web")],
    ids=["pool", "client"],
)
async def test_unknown_provider_error_says_what_there_is(
    house: House, pool: str, client: str, words: str
) -> None:
    with pytest.raises(LookupError, match=words):
        provider_for(house.app, pool, client)


async def test_public_client_is_no_provider_for_a_load_balancer(open_house: Any) -> None:
    client = {
        key: value
        for key, value in pools_document()[0]["UserPoolClients"][0].items()
        if key != "ClientSecret"
    }
    house = await open_house(UserPoolClients=[client])
    with pytest.raises(LookupError, match="GenerateSecret"):
        provider_for(house.app, "demo", "web")


def test_provider_before_opening_is_a_clear_error(tmp_path: Path) -> None:
    app = create_app(pools_document(), public_url=ORIGIN, data_directory=tmp_path)
    with pytest.raises(LookupError, match="not open"):
        provider_for(app, "demo", "web")


def test_bad_configuration_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(InvalidPools):
        create_app([{"UserPoolNam": "x"}], public_url=ORIGIN, data_directory=tmp_path / "data")
    assert not (tmp_path / "data").exists()


async def test_opening_twice_opens_once_and_closing_can_be_repeated(house: House) -> None:
    core = house.core
    await prepare(house.app)
    assert house.core is core
    await close(house.app)
    await close(house.app)


async def test_generated_secret_is_kept_over_a_restart(open_house: Any, tmp_path: Path) -> None:
    client = pools_document()[0]["UserPoolClients"][0] | {"GenerateSecret": True}
    del client["ClientSecret"]
    secrets = []
    for _ in range(2):
        app = create_app(
            pools_document(UserPoolClients=[client]), public_url=ORIGIN, data_directory=tmp_path / "kept"
        )
        await prepare(app)
        secrets.append(provider_for(app, "demo", "web")["client_secret"])
        await close(app)
    assert secrets[0] == secrets[1]


async def test_public_url_with_a_path_moves_everything_under_it(open_house: Any) -> None:
    house = await open_house(public_url="http://login.example/auth/")
    visitor = house.visitor()
    page = await visitor.get("/auth" + authorize_path())
    assert page.heading == "Sign in"
    typed = {"username": "mina@example.com", "password": "Correct-Horse-1"}
    assert "code" in answer_of(await visitor.submit(page, "/login", typed))
    links = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in {"href", "action"}
    ]
    assert links
    assert not [link for link in links if not link.startswith("/auth/")]
    assert (await visitor.http.get("/login")).status_code == 404
    document = (await visitor.http.get(f"/auth/{POOL_ID}/.well-known/openid-configuration")).json()
    assert document["issuer"] == f"http://login.example/auth/{POOL_ID}"


async def test_unknown_path_and_wrong_method_are_answered_in_the_pages_design(house: House) -> None:
    http = house.visitor().http
    missing = await http.get("/nowhere")
    assert (missing.status_code, "There is no such page." in missing.text) == (404, True)
    wrong = await http.delete("/login")
    assert (wrong.status_code, set(wrong.headers["allow"].split(", "))) == (405, {"GET", "HEAD", "POST"})
    assert "cannot be used that way" in wrong.text


async def test_failure_shows_a_reference_and_no_detail(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(house.core.signin), "start", fail)
    page = await house.visitor().sign_in()
    assert page.response.status_code == 500
    assert "secret detail" not in page.text
    assert page.response.headers["x-amz-cognito-request-id"] in page.text


@pytest.mark.parametrize("path", ["/", "/login", "/error", f"/login?{authorize_query()}"])
async def test_head_has_the_headers_of_get(house: House, path: str) -> None:
    http = house.visitor().http
    head, get = await http.head(path), await http.get(path)
    assert head.status_code == get.status_code
    assert head.headers.get("content-type") == get.headers.get("content-type")


async def test_static_files_are_named_by_content_and_kept_by_browsers(house: House) -> None:
    visitor = house.visitor()
    page = await visitor.get("/")
    hrefs = [attributes["href"] for tag, attributes in page.tags if tag == "link"]
    assert len(hrefs) == 2
    for href in hrefs:
        response = await visitor.http.get(href)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    for name in ("style.css", "../app.py", "..%2Fapp.py", "%2e%2e/%2e%2e/app.py"):
        assert (await visitor.http.get(f"/static/{name}")).status_code == 404


async def test_strange_bytes_in_the_request_do_not_break_the_server(house: House) -> None:
    http = house.visitor().http
    for path in ("/login?client_id=%ff", "/oauth2/authorize?client_id=%00", "/error?error=%00&client_id=%ff"):
        response = await http.get(path, follow_redirects=True)
        assert response.status_code == 400, path
    cookies = {"cookie": 'cognito="~~~; XSRF-TOKEN=\xff; lang=%%%', "accept-language": "\xff;q=\xff"}
    headers = [(name.encode(), value.encode("latin-1")) for name, value in cookies.items()]
    response = await http.get(authorize_path(), headers=httpx.Headers(headers), follow_redirects=True)
    assert response.status_code == 200


async def test_failure_page_has_the_headers_of_every_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(type(house.core), "client", fail)
    http = house.visitor().http
    for path in (authorize_path(), "/oauth2/token"):
        data = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "x"}
        response = await (http.post(path, data=data) if path == "/oauth2/token" else http.get(path))
        assert response.status_code == 500
        assert response.headers["x-frame-options"] == "DENY"
        assert "no-store" in response.headers["cache-control"]
