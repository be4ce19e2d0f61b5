"""Codes, grants, refresh, revocation and userInfo on the real store."""

import asyncio
from dataclasses import replace

import jwt
import pytest

from idp.model import Client, Group, User
from idp.outcomes import GrantReason, GrantRefused, TokenReason, TokenRefused, TokenSet
from tests.support.pools import CALLBACK, CLIENT_ID, VERIFIER, OpenScene, Scene, read_claims

ROTATION = {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30}}
MACHINE = {
    "AllowedOAuthFlows": ["client_credentials"],
    "AllowedOAuthScopes": ["https://api.example.com/read", "https://api.example.com/write"],
}
API = {
    "Identifier": "https://api.example.com",
    "Name": "API",
    "Scopes": [{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write", "admin")],
}


R = GrantReason


def refusal(reason: GrantReason) -> GrantRefused:
    """`invalid_grant`, for the reason that the API tells."""
    return GrantRefused("invalid_grant", reason=reason)


async def refresh(scene: Scene, token: str | None, client: Client | None = None) -> TokenSet | GrantRefused:
    assert token is not None
    return await scene.core.tokens.refresh(scene.pool, client or scene.client, refresh_token=token)


async def is_live(scene: Scene, tokens: TokenSet) -> bool:
    return not isinstance(await scene.core.tokens.user_info(tokens.access_token), TokenRefused)


async def test_a_code_gives_three_tokens(scene: Scene) -> None:
    tokens = await scene.tokens_for(await scene.add())
    assert tokens.expires_in == 3600
    assert tokens.id_token
    assert tokens.refresh_token


async def test_each_kind_is_signed_by_its_own_published_key(scene: Scene) -> None:
    tokens = await scene.tokens_for(await scene.add())
    keys = {key["kid"]: jwt.PyJWK(key) for key in scene.core.tokens.jwks(scene.pool)["keys"]}
    kids = set()
    for token in (tokens.access_token, tokens.id_token):
        assert token is not None
        header = jwt.get_unverified_header(token)
        assert set(header) == {"alg", "kid"}
        kids.add(header["kid"])
        options = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
        jwt.decode(token, keys[header["kid"]], algorithms=["RS256"], options=options)  # type: ignore[arg-type]
    assert kids == set(keys)


async def test_without_openid_there_is_no_id_token(scene: Scene) -> None:
    tokens = await scene.tokens_for(await scene.add(), scopes=("email",))
    assert tokens.id_token is None
    refused = await scene.core.tokens.user_info(tokens.access_token)
    assert isinstance(refused, TokenRefused)
    assert refused.reason is TokenReason.NO_OPENID


async def test_of_two_redemptions_at_once_one_wins_and_the_tokens_are_taken_back(scene: Scene) -> None:
    code = await scene.code_for(await scene.add())
    outcomes = await asyncio.gather(*(scene.redeem(code) for _ in range(6)))
    won = [outcome for outcome in outcomes if isinstance(outcome, TokenSet)]
    assert len(won) == 1
    assert outcomes.count(GrantRefused("invalid_grant")) == 5
    assert isinstance(await refresh(scene, won[0].refresh_token), GrantRefused)
    assert not await is_live(scene, won[0])


async def test_using_a_code_again_revokes_what_it_gave(scene: Scene) -> None:
    code = await scene.code_for(await scene.add())
    tokens = await scene.redeem(code)
    assert isinstance(tokens, TokenSet)
    assert await is_live(scene, tokens)
    scene.clock.advance(600)
    assert await scene.redeem(code) == GrantRefused("invalid_grant")
    assert not await is_live(scene, tokens)


async def test_a_code_lives_five_minutes(scene: Scene) -> None:
    code = await scene.code_for(await scene.add())
    scene.clock.advance(300)
    assert await scene.redeem(code) == GrantRefused("invalid_grant")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"redirect_uri": CALLBACK + "/"}, GrantRefused("unauthorized_client", "invalid_redirect")),
        ({"code_verifier": None}, GrantRefused("invalid_grant")),
        ({"code_verifier": "w" * 64}, GrantRefused("invalid_grant")),
        ({"code_verifier": ""}, GrantRefused("invalid_grant")),
    ],
    ids=["other redirect", "no verifier", "wrong verifier", "empty verifier"],
)
async def test_a_wrong_redemption_is_refused_and_uses_the_code_up(
    scene: Scene, change: dict[str, str | None], error: GrantRefused
) -> None:
    code = await scene.code_for(await scene.add())
    assert await scene.redeem(code, **change) == error
    assert await scene.redeem(code) == GrantRefused("invalid_grant")


async def test_a_verifier_for_a_code_without_a_challenge_is_refused(scene: Scene) -> None:
    user = await scene.add()
    stripped = await scene.code_for(user, code_challenge=None)
    assert await scene.redeem(stripped, code_verifier=VERIFIER) == GrantRefused("invalid_grant")
    plain = await scene.code_for(user, code_challenge=None)
    assert isinstance(await scene.redeem(plain, code_verifier=None), TokenSet)


async def test_another_client_neither_redeems_nor_uses_up_a_code(scene: Scene) -> None:
    code = await scene.code_for(await scene.add())
    other = replace(scene.client, id="another")
    assert await scene.redeem(code, client=other) == GrantRefused("invalid_grant")
    assert isinstance(await scene.redeem(code), TokenSet)


@pytest.mark.parametrize("code", ["", "made-up", "\x00", "\ud800", "a" * 10_000])
async def test_made_up_codes_are_refused(scene: Scene, code: str) -> None:
    assert await scene.redeem(code) == GrantRefused("invalid_grant")


async def test_a_user_disabled_meanwhile_gets_nothing(scene: Scene) -> None:
    user = await scene.add()
    tokens, code = await scene.tokens_for(user), await scene.code_for(user)
    await scene.core.administration.disable(scene.pool, "ann")
    assert await scene.redeem(code) == GrantRefused("invalid_grant")
    assert await refresh(scene, tokens.refresh_token) == refusal(R.DISABLED)
    assert not await is_live(scene, tokens)


async def test_a_scope_that_the_client_may_not_read_fails_the_exchange(open_scene: OpenScene) -> None:
    scene = await open_scene(client={"ReadAttributes": ["email"]})
    assert await scene.redeem(await scene.code_for(await scene.add())) == GrantRefused("invalid_grant")


async def test_refresh_keeps_the_sign_in_and_reads_attributes_again(scene: Scene) -> None:
    user = await scene.add()
    first = await scene.tokens_for(user)
    async with scene.core.store.writing() as records:
        await records.groups.create(Group(scene.pool.id, "staff"))
        await records.groups.add_member(scene.pool.id, "staff", user.sub)
    scene.clock.advance(1000)
    second = await refresh(scene, first.refresh_token)
    assert isinstance(second, TokenSet)
    assert second.refresh_token is None
    before, after = read_claims(first.id_token), read_claims(second.id_token)
    for kept in ("auth_time", "origin_jti", "event_id", "sub"):
        assert after[kept] == before[kept]
    assert after["jti"] != before["jti"]
    assert after["iat"] == before["iat"] + 1000
    assert after["cognito:groups"] == ["staff"]
    assert "nonce" not in after
    assert isinstance(await refresh(scene, first.refresh_token), TokenSet)


async def test_a_refresh_token_ends_with_its_validity(open_scene: OpenScene) -> None:
    scene = await open_scene(
        client={"RefreshTokenValidity": 1, "TokenValidityUnits": {"RefreshToken": "hours"}}
    )
    tokens = await scene.tokens_for(await scene.add())
    scene.clock.advance(3600)
    assert await refresh(scene, tokens.refresh_token) == refusal(R.EXPIRED)


async def test_a_refresh_token_is_good_for_its_client_only(scene: Scene) -> None:
    tokens = await scene.tokens_for(await scene.add())
    other = replace(scene.client, id="another")
    assert await refresh(scene, tokens.refresh_token, other) == GrantRefused("invalid_grant")
    assert isinstance(await refresh(scene, tokens.refresh_token), TokenSet)


async def test_rotation_gives_a_new_token_and_grace_for_the_old_one(open_scene: OpenScene) -> None:
    scene = await open_scene(client=ROTATION)
    first = await scene.tokens_for(await scene.add())
    second = await refresh(scene, first.refresh_token)
    assert isinstance(second, TokenSet)
    assert second.refresh_token not in (None, first.refresh_token)
    scene.clock.advance(29)
    assert isinstance(await refresh(scene, first.refresh_token), TokenSet)


async def test_a_rotated_token_used_late_ends_the_whole_family(open_scene: OpenScene) -> None:
    scene = await open_scene(client=ROTATION)
    first = await scene.tokens_for(await scene.add())
    second = await refresh(scene, first.refresh_token)
    assert isinstance(second, TokenSet)
    scene.clock.advance(30)
    assert await refresh(scene, first.refresh_token) == refusal(R.REUSED)
    assert await refresh(scene, second.refresh_token) == refusal(R.REVOKED)
    assert not await is_live(scene, second)


async def test_rotation_does_not_lengthen_the_life_of_the_family(open_scene: OpenScene) -> None:
    validity = {"RefreshTokenValidity": 2, "TokenValidityUnits": {"RefreshToken": "hours"}}
    scene = await open_scene(client={**ROTATION, **validity})
    first = await scene.tokens_for(await scene.add())
    scene.clock.advance(7000)
    second = await refresh(scene, first.refresh_token)
    assert isinstance(second, TokenSet)
    scene.clock.advance(200)
    assert await refresh(scene, second.refresh_token) == refusal(R.EXPIRED)


async def test_without_grace_one_of_parallel_refreshes_wins(open_scene: OpenScene) -> None:
    scene = await open_scene(client={"RefreshTokenRotation": {"Feature": "ENABLED"}})
    first = await scene.tokens_for(await scene.add())
    outcomes = await asyncio.gather(*(refresh(scene, first.refresh_token) for _ in range(4)))
    assert sum(isinstance(outcome, TokenSet) for outcome in outcomes) == 1


async def test_revocation_ends_the_family_and_is_silent_about_the_rest(scene: Scene) -> None:
    user = await scene.add()
    mine, others = await scene.tokens_for(user), await scene.tokens_for(user)
    revoke = scene.core.tokens.revoke
    assert mine.refresh_token is not None
    foreign = replace(scene.client, id="another")
    assert await revoke(scene.pool, foreign, token=mine.refresh_token) is None
    assert await is_live(scene, mine)
    for _ in range(2):
        assert await revoke(scene.pool, scene.client, token=mine.refresh_token) is None
    assert await revoke(scene.pool, scene.client, token="unknown") is None
    assert not await is_live(scene, mine)
    assert await is_live(scene, others)
    assert await refresh(scene, mine.refresh_token) == refusal(R.REVOKED)


async def test_revocation_takes_refresh_tokens_only(scene: Scene) -> None:
    tokens = await scene.tokens_for(await scene.add())
    for token in (tokens.access_token, tokens.id_token):
        refused = await scene.core.tokens.revoke(scene.pool, scene.client, token=token or "")
        assert refused == GrantRefused("unsupported_token_type")
    assert await scene.core.tokens.revoke(scene.pool, scene.client, token="") == GrantRefused(
        "invalid_request"
    )


async def test_without_revocation_there_is_none_and_user_info_still_works(open_scene: OpenScene) -> None:
    scene = await open_scene(client={"EnableTokenRevocation": False})
    tokens = await scene.tokens_for(await scene.add())
    assert await is_live(scene, tokens)
    assert not {"jti", "origin_jti"} & set(read_claims(tokens.access_token))
    refused = await scene.core.tokens.revoke(scene.pool, scene.client, token=tokens.refresh_token or "")
    assert refused == GrantRefused("invalid_request")


async def test_signing_out_everywhere_ends_tokens_and_open_codes(scene: Scene) -> None:
    user, other = await scene.add("ann"), await scene.add("bob")
    mine, theirs, code = (
        await scene.tokens_for(user),
        await scene.tokens_for(other),
        await scene.code_for(user),
    )
    await scene.core.tokens.sign_out_everywhere(scene.pool, user)
    assert not await is_live(scene, mine)
    assert await refresh(scene, mine.refresh_token) == refusal(R.REVOKED)
    assert await scene.redeem(code) == GrantRefused("invalid_grant")
    assert await is_live(scene, theirs)


async def test_user_info_is_texts_by_scope(scene: Scene) -> None:
    user = await scene.add("ann", name="Ann")
    tokens = await scene.tokens_for(user, scopes=("openid", "email"))
    assert await scene.core.tokens.user_info(tokens.access_token) == {
        "sub": user.sub,
        "username": "ann",
        "email": "ann@example.com",
        "email_verified": "true",
    }


async def forge(scene: Scene, user: User, **changes: object) -> list[str]:
    """Access tokens that must open nothing."""
    tokens = await scene.tokens_for(user)
    claims = {**read_claims(tokens.access_token), **changes}
    header = jwt.get_unverified_header(tokens.access_token)
    public = next(key for key in scene.core.tokens.jwks(scene.pool)["keys"] if key["kid"] == header["kid"])
    good = tokens.access_token
    return [
        "",
        "made-up",
        tokens.id_token or "",
        tokens.refresh_token or "",
        good[:-4],
        good + "." + good,
        "a" * 20_000,
        jwt.encode(claims, "", algorithm="none", headers={"kid": header["kid"]}),
        jwt.encode(claims, public["n"], algorithm="HS256", headers={"kid": header["kid"]}),
        scene.core.keys.sign(scene.pool, "access", {**claims, "iss": "https://evil.example.com"}),
        scene.core.keys.sign(scene.pool, "access", {**claims, "token_use": "id"}),
        scene.core.keys.sign(scene.pool, "access", {"sub": user.sub}),
        scene.core.keys.sign(scene.pool, "id", claims),
    ]


async def test_forged_and_foreign_tokens_open_nothing(scene: Scene) -> None:
    for token in await forge(scene, await scene.add()):
        assert isinstance(await scene.core.tokens.user_info(token), TokenRefused), token


async def test_an_access_token_ends_at_its_expiry_and_with_its_user(scene: Scene) -> None:
    tokens = await scene.tokens_for(await scene.add())
    scene.clock.advance(3599)
    assert await is_live(scene, tokens)
    scene.clock.advance(1)
    assert not await is_live(scene, tokens)
    other = await scene.tokens_for(await scene.add("bob"))
    await scene.core.administration.delete(scene.pool, "bob")
    assert not await is_live(scene, other)


@pytest.mark.parametrize(
    ("scopes", "granted"),
    [
        (None, "https://api.example.com/read https://api.example.com/write"),
        (["https://api.example.com/write"], "https://api.example.com/write"),
        (["https://api.example.com/read"] * 2, "https://api.example.com/read"),
    ],
)
async def test_a_machine_gets_the_scopes_it_asks_for(
    open_scene: OpenScene, scopes: list[str] | None, granted: str
) -> None:
    scene = await open_scene(client=MACHINE, UserPoolResourceServers=[API])
    tokens = await scene.core.tokens.client_credentials(scene.pool, scene.client, scopes=scopes)
    assert isinstance(tokens, TokenSet)
    assert (tokens.id_token, tokens.refresh_token) == (None, None)
    claims = read_claims(tokens.access_token)
    assert claims["scope"] == granted
    assert claims["sub"] == claims["client_id"] == CLIENT_ID
    assert not {"username", "origin_jti", "event_id", "cognito:groups"} & set(claims)
    assert isinstance(await scene.core.tokens.user_info(tokens.access_token), TokenRefused)


@pytest.mark.parametrize(
    ("scope", "error"),
    [
        ("https://api.example.com/admin", "invalid_grant"),
        ("https://api.example.com/nothing", "invalid_scope"),
        ("openid", "invalid_scope"),
    ],
)
async def test_a_machine_gets_no_other_scopes(open_scene: OpenScene, scope: str, error: str) -> None:
    scene = await open_scene(client=MACHINE, UserPoolResourceServers=[API])
    outcome = await scene.core.tokens.client_credentials(scene.pool, scene.client, scopes=[scope])
    assert outcome == GrantRefused(error)


async def test_a_client_without_the_machine_grant_gets_nothing(scene: Scene) -> None:
    outcome = await scene.core.tokens.client_credentials(scene.pool, scene.client, scopes=None)
    assert outcome == GrantRefused("unauthorized_client")


async def test_reprs_of_what_holds_tokens_show_none(scene: Scene) -> None:
    tokens = await scene.tokens_for(await scene.add())
    for secret in (tokens.access_token, tokens.id_token, tokens.refresh_token):
        assert secret is not None
        assert secret not in repr(tokens)


async def test_tokens_of_a_pool_that_left_the_configuration_open_nothing(open_scene: OpenScene) -> None:
    scene = await open_scene()
    tokens = await scene.tokens_for(await scene.add())
    other = await open_scene(UserPoolId="us-east-1_Other0001", client={"ClientId": "other"})
    assert isinstance(await other.core.tokens.user_info(tokens.access_token), TokenRefused)
