"""The core as a whole: opening, finding, isolation, and surviving sudden death."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from idp.config import InvalidPools
from idp.model import UserStatus
from idp.outcomes import SignedIn, UserRefused
from idp.store.base import StoreUnusable
from tests.support.pools import CALLBACK, CLIENT_ID, CLIENT_SECRET, POOL_ID, OpenScene, Scene

HARDLY_STARTED = """
import asyncio, sys
from pathlib import Path
from idp.config import parse_pools
from idp.core import Core
from tests.support.pools import CHEAP, PASSWORD, PUBLIC_URL, pool_document

async def main():
    directory = Path(sys.argv[1])
    config = parse_pools([pool_document()])
    core = await Core.open(config, public_url=PUBLIC_URL, data_directory=directory, hash_cost=CHEAP)
    pool, client = await core.client("1example23456789")
    outcome = await core.registration.sign_up(
        pool, client, username="ann", password=PASSWORD, attributes={"email": "ann@example.com"}
    )
    print("acknowledged", outcome.user_sub, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_sign_up_survives_a_kill_right_after_its_acknowledgement(
    open_scene: OpenScene, tmp_path: Path
) -> None:
    program = [sys.executable, "-c", HARDLY_STARTED, str(tmp_path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = process.stdout.readline().split()
        os.kill(process.pid, signal.SIGKILL)
    assert acknowledged[0] == "acknowledged"
    scene = await open_scene()
    scene.clock.at = time.time()
    user, _groups = await scene.core.administration.get(scene.pool, "ann")  # type: ignore[misc]
    assert user.sub == acknowledged[1]
    assert user.status is UserStatus.UNCONFIRMED
    code = await scene.latest_code()
    confirmed = await scene.core.registration.confirm(scene.pool, scene.client, username="ann", code=code)
    assert not isinstance(confirmed, UserRefused)
    assert isinstance(await scene.sign_in(), SignedIn)


async def test_finds_a_client_with_its_pool(scene: Scene) -> None:
    found = await scene.core.client(CLIENT_ID)
    assert found is not None
    assert (found[0].id, found[1].id) == (POOL_ID, CLIENT_ID)
    assert found[1].accepts_secret(CLIENT_SECRET)
    assert not found[1].accepts_secret(CLIENT_SECRET[:-1])


@pytest.mark.parametrize("client_id", ["", "nobody", "x\x00", "é", "a" * 5000, "\ud800"])
async def test_unknown_client_ids_are_none(scene: Scene, client_id: str) -> None:
    assert await scene.core.client(client_id) is None


@pytest.mark.parametrize(
    "name", ["staff", POOL_ID, f"arn:aws:cognito-idp:us-east-1:123456789012:userpool/{POOL_ID}"]
)
async def test_finds_a_pool_by_name_id_or_arn(scene: Scene, name: str) -> None:
    assert (await scene.core.find_pool(name)).id == POOL_ID


async def test_says_what_there_is_when_it_finds_nothing(scene: Scene) -> None:
    with pytest.raises(LookupError, match=f"no user pool `stuff`; there are: staff \\({POOL_ID}\\)"):
        await scene.core.find_pool("stuff")
    with pytest.raises(LookupError, match="no app client `wep`; there are: web"):
        await scene.core.find_client(scene.pool, "wep")
    assert (await scene.core.find_client(scene.pool, "web")).id == CLIENT_ID


@pytest.mark.parametrize("key", ["staff", POOL_ID])
async def test_the_issuer_can_be_set_by_pool_name_or_id(open_scene: OpenScene, key: str) -> None:
    issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL_ID}"
    scene = await open_scene(core_options={"issuer_overrides": {key: issuer}})
    assert scene.core.issuer(scene.pool) == issuer


async def test_a_pool_in_the_place_of_one_on_aws_keeps_its_issuer(open_scene: OpenScene) -> None:
    issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL_ID}"
    scene = await open_scene(Issuer=issuer)
    assert scene.core.issuer(scene.pool) == issuer


async def test_the_issuer_is_the_public_url_and_the_pool(scene: Scene) -> None:
    assert scene.core.issuer(scene.pool) == f"https://login.example.com/{POOL_ID}"


async def test_keys_and_generated_credentials_survive_a_restart(open_scene: OpenScene) -> None:
    client = {"ClientId": None, "ClientSecret": None, "GenerateSecret": True}
    first = await open_scene(client=client)
    before = (first.client.id, first.client.secrets[0].reveal(), first.core.tokens.jwks(first.pool))
    again = await open_scene(client=client)
    assert (again.client.id, again.client.secrets[0].reveal(), again.core.tokens.jwks(again.pool)) == before
    assert len(before[0]) == 26
    assert len(before[1]) == 52


async def test_a_lost_instance_key_is_a_clear_message(open_scene: OpenScene, tmp_path: Path) -> None:
    await open_scene()
    (tmp_path / "instance.key").unlink()
    with pytest.raises(StoreUnusable, match=r"another instance\.key; put that file back"):
        await open_scene()


async def test_files_are_for_their_owner_only(scene: Scene, tmp_path: Path) -> None:
    await scene.add()
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in tmp_path.iterdir() if path.is_file()
    }
    assert set(modes) >= {"instance.key", "idp.sqlite3"}
    assert set(modes.values()) == {0}


async def test_nothing_secret_is_readable_in_the_files(scene: Scene, tmp_path: Path) -> None:
    user = await scene.add()
    tokens = await scene.tokens_for(user)
    code = await scene.code_for(user)
    cookie = await scene.core.sessions.create(scene.pool, user, auth_time=int(scene.clock.now()))
    assert cookie is not None
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    for secret in (tokens.refresh_token, code, cookie, CLIENT_SECRET, "Correct-Horse-9", "PRIVATE KEY"):
        assert secret is not None
        assert secret.encode() not in content


async def test_a_new_redirect_or_pool_property_takes_effect_at_the_next_start(open_scene: OpenScene) -> None:
    await open_scene()
    scene = await open_scene(client={"CallbackURLs": [CALLBACK, f"{CALLBACK}2"]}, UserPoolName="people")
    assert scene.pool.name == "people"
    assert scene.client.callback_urls == (CALLBACK, f"{CALLBACK}2")


async def test_what_would_orphan_users_is_refused(open_scene: OpenScene) -> None:
    scene = await open_scene(Schema=[{"Name": "team", "AttributeDataType": "String"}])
    await scene.add()
    with pytest.raises(InvalidPools) as caught:
        await open_scene(UsernameAttributes=["email"], UsernameConfiguration={"CaseSensitive": False})
    assert {problem.where for problem in caught.value.problems} == {
        (0, "UsernameAttributes"),
        (0, "UsernameConfiguration"),
        (0, "Schema"),
    }


async def test_an_empty_pool_may_still_change_its_mind(open_scene: OpenScene) -> None:
    await open_scene()
    scene = await open_scene(UsernameAttributes=["email"])
    assert scene.pool.username_attributes == ("email",)
