"""What OpenID clients read about a pool."""

from tests.support.hosted_pages import ORIGIN, House
from tests.support.pools import POOL_ID


async def test_discovery_document_has_cognitos_members(house: House) -> None:
    response = await house.visitor().http.get(f"/{POOL_ID}/.well-known/openid-configuration")
    document = response.json()
    assert document["issuer"] == f"{ORIGIN}/{POOL_ID}"
    assert document["authorization_endpoint"] == f"{ORIGIN}/oauth2/authorize"
    assert document["token_endpoint"] == f"{ORIGIN}/oauth2/token"
    assert document["userinfo_endpoint"] == f"{ORIGIN}/oauth2/userInfo"
    assert document["revocation_endpoint"] == f"{ORIGIN}/oauth2/revoke"
    assert document["end_session_endpoint"] == f"{ORIGIN}/logout"
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert response.headers["access-control-allow-origin"] == "*"


async def test_key_set_has_two_public_keys_and_nothing_private(house: House) -> None:
    http = house.visitor().http
    document = (await http.get(f"/{POOL_ID}/.well-known/openid-configuration")).json()
    keys = (await http.get(document["jwks_uri"])).json()["keys"]
    assert len(keys) == 2
    assert {key["use"] for key in keys} == {"sig"}
    assert not [key for key in keys if {"d", "p", "q"} & key.keys()]


async def test_unknown_pool_is_not_found_as_json(house: House) -> None:
    for name in ("openid-configuration", "jwks.json", "other"):
        response = await house.visitor().http.get(f"/us-east-1_Nobody000/.well-known/{name}")
        assert response.status_code == 404
        assert response.headers["content-type"].startswith("application/json")
