"""The two keys of a pool."""

import base64
from pathlib import Path

import pytest

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
    number = scene.core.keys._by_use[scene.pool.id, "id"].private.private_numbers().d
    raw = number.to_bytes(256, "big")
    assert raw not in content
    assert base64.b64encode(raw)[8:-8] not in content
