"""The two keys of a pool."""

import base64
from pathlib import Path

import jwt
import pytest

from idp.outcomes import TokenRefused
from idp.tokens.rotation import LONGEST_TOKEN, MARGIN, PUBLISH_AHEAD
from tests.support.pools import OpenScene, Scene


def test_exactly_two_rsa_keys_in_cognitos_shape(scene: Scene) -> None:
    keys = scene.core.tokens.jwks(scene.pool)["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) == 2
    for key in keys:
        assert set(key) == {"alg", "e", "kid", "kty", "n", "use"}
        assert (key["alg"], key["e"], key["kty"], key["use"]) == ("RS256", "AQAB", "RSA", "sig")
        assert len(base64.urlsafe_b64decode(key["n"] + "==")) == 256
        assert len(base64.b64decode(key["kid"], validate=True)) == 32
        assert key["kid"].endswith("=")


async def test_pools_have_different_keys(open_scene: OpenScene) -> None:
    first = await open_scene()
    second = await open_scene(UserPoolId="us-east-1_Other0001", client={"ClientId": "other"})
    kids = [key["kid"] for scene in (first, second) for key in scene.core.tokens.jwks(scene.pool)["keys"]]
    assert len(set(kids)) == 4


@pytest.mark.parametrize("kid", [None, "", "unknown", 7, ["x"]])
def test_unknown_key_ids_lead_nowhere(scene: Scene, kid: object) -> None:
    assert scene.core.keys.find(kid) is None


def test_private_keys_are_sealed(scene: Scene, tmp_path: Path) -> None:
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    number = scene.core.keys.describe(scene.pool)[0][0].private.private_numbers().d
    raw = number.to_bytes(256, "big")
    assert raw not in content
    assert base64.b64encode(raw)[8:-8] not in content


def kids(scene: Scene) -> list[str]:
    return [key["kid"] for key in scene.core.tokens.jwks(scene.pool)["keys"]]


def signing_kids(scene: Scene) -> list[str]:
    return [key.kid for key, signs in scene.core.keys.describe(scene.pool) if signs]


async def test_a_rotated_key_is_published_first_and_the_old_one_verifies_to_the_end(scene: Scene) -> None:
    old = kids(scene)
    new = [key.kid for key in await scene.core.keys.rotate(scene.pool)]
    assert sorted(kids(scene)) == sorted(old + new)
    assert signing_kids(scene) == old
    scene.clock.advance(PUBLISH_AHEAD)
    assert signing_kids(scene) == new
    scene.clock.advance(LONGEST_TOKEN + MARGIN - 1)
    assert sorted(kids(scene)) == sorted(old + new)
    scene.clock.advance(1)
    assert kids(scene) == new
    assert scene.core.keys.find(old[0]) is None


async def test_tokens_of_the_old_key_open_userinfo_after_a_rotation(scene: Scene) -> None:
    tokens = await scene.tokens_for(await scene.add())
    await scene.core.keys.rotate(scene.pool)
    scene.clock.advance(3599)
    assert (await scene.core.tokens.user_info(tokens.access_token))["username"] == "ann"
    scene.clock.advance(1)
    fresh = await scene.tokens_for(await scene.add("bob"))
    assert jwt.get_unverified_header(fresh.access_token)["kid"] in signing_kids(scene)


async def test_a_leaked_key_signs_and_opens_nothing_any_more(scene: Scene) -> None:
    tokens, old = await scene.tokens_for(await scene.add()), kids(scene)
    await scene.core.keys.rotate(scene.pool, leaked=True)
    assert not set(kids(scene)) & set(old)
    assert isinstance(await scene.core.tokens.user_info(tokens.access_token), TokenRefused)
    fresh = await scene.tokens_for(await scene.add("bob"))
    assert (await scene.core.tokens.user_info(fresh.access_token))["username"] == "bob"


async def test_another_process_learns_of_a_rotation(scene: Scene, open_scene: OpenScene) -> None:
    other = await open_scene()
    await scene.core.keys.rotate(scene.pool)
    assert len(kids(other)) == 2
    await other.core.keys.load()
    assert kids(other) == kids(scene)


async def test_keys_that_signed_nothing_alive_are_removed_at_the_next_rotation(scene: Scene) -> None:
    old = kids(scene)
    await scene.core.keys.rotate(scene.pool)
    scene.clock.advance(PUBLISH_AHEAD + LONGEST_TOKEN + MARGIN)
    await scene.core.keys.rotate(scene.pool)
    async with scene.core.store.reading() as records:
        stored = {key.kid for key in await records.signing_keys.list()}
    assert len(stored) == 4
    assert not stored & set(old)
