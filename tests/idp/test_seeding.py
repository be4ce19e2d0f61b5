"""The configuration in the store: what is created, kept, retired and refused."""

from pathlib import Path

import pytest

from idp.clock import ManualClock
from idp.config import InvalidPools, parse_pools
from idp.core import Core
from idp.model import Group
from idp.outcomes import SignedIn
from tests.support.pools import CHEAP, CLIENT_ID, PASSWORD, PUBLIC_URL, OpenScene, pool_document

ANN = {
    "Username": "ann",
    "Password": PASSWORD,
    "Attributes": {"email": "ann@example.com", "email_verified": "true"},
    "Groups": ["staff"],
}
STAFF = {"GroupName": "staff", "Precedence": 1}


async def test_seed_users_can_sign_in_and_are_in_their_groups(open_scene: OpenScene) -> None:
    scene = await open_scene(UserPoolGroups=[STAFF], UserPoolUsers=[ANN])
    assert isinstance(await scene.sign_in(), SignedIn)
    _user, groups = await scene.core.administration.get(scene.pool, "ann")  # type: ignore[misc]
    assert [group.name for group in groups] == ["staff"]


async def test_an_existing_seed_user_keeps_their_password(open_scene: OpenScene) -> None:
    scene = await open_scene(UserPoolGroups=[STAFF], UserPoolUsers=[ANN])
    await scene.core.administration.set_password(scene.pool, "ann", "Changed-Horse-5", permanent=True)
    again = await open_scene(UserPoolGroups=[STAFF], UserPoolUsers=[ANN])
    assert isinstance(await again.sign_in(password="Changed-Horse-5"), SignedIn)
    assert not isinstance(await again.sign_in(), SignedIn)


async def test_a_seed_user_without_a_password_gets_a_temporary_one_by_mail(open_scene: OpenScene) -> None:
    scene = await open_scene(UserPoolUsers=[{"Username": "bob", "Attributes": {"email": "bob@example.com"}}])
    mail = (await scene.core.outbox.messages())[0]
    assert mail.recipient == "bob@example.com"
    assert mail.body.startswith("Your username is bob and temporary password is ")


async def test_a_client_that_left_the_configuration_is_kept_and_not_served(open_scene: OpenScene) -> None:
    scene = await open_scene(client={"ClientSecret": None, "GenerateSecret": True})
    secret = scene.client.secrets
    other = await open_scene(client={"ClientName": "other", "ClientId": "other"})
    assert await other.core.client(CLIENT_ID) is None
    back = await open_scene(client={"ClientSecret": None, "GenerateSecret": True})
    assert back.client.secrets == secret


async def test_a_pool_that_left_the_configuration_is_not_served(
    tmp_path: Path, open_scene: OpenScene
) -> None:
    scene = await open_scene()
    await scene.add()
    config = parse_pools([{"UserPoolName": "other"}])
    core = await Core.open(
        config, public_url=PUBLIC_URL, data_directory=tmp_path, clock=ManualClock(), hash_cost=CHEAP
    )
    assert [pool.name for pool in await core.pools()] == ["other"]
    assert await core.client(CLIENT_ID) is None
    await core.close()
    again = await open_scene()
    assert isinstance(await again.sign_in(), SignedIn)


async def test_a_client_id_of_another_pool_is_refused(tmp_path: Path, open_scene: OpenScene) -> None:
    await open_scene()
    thief = pool_document(UserPoolName="thief", UserPoolId="us-east-1_Thief0001")
    with pytest.raises(InvalidPools, match=f"`{CLIENT_ID}` is a client of user pool"):
        await Core.open(parse_pools([thief]), public_url=PUBLIC_URL, data_directory=tmp_path, hash_cost=CHEAP)


async def test_a_declared_group_keeps_its_age_and_says_when_it_was_changed(open_scene: OpenScene) -> None:
    scene = await open_scene(UserPoolGroups=[STAFF])
    first = await scene.core.groups.get(scene.pool, "staff")
    scene.clock.advance(60)
    same = await (await open_scene(UserPoolGroups=[STAFF])).core.groups.get(scene.pool, "staff")
    changed = await (await open_scene(UserPoolGroups=[{**STAFF, "Precedence": 2}])).core.groups.get(
        scene.pool, "staff"
    )
    assert same == first
    assert isinstance(first, Group)
    assert isinstance(changed, Group)
    assert (changed.created_at, changed.updated_at) == (first.created_at, first.created_at + 60)


async def test_a_seed_user_is_invited_as_the_file_says(open_scene: OpenScene) -> None:
    attributes = {"email": "bob@example.com", "phone_number": "+12025550123"}
    seed = {"Username": "bob", "Attributes": attributes, "DesiredDeliveryMediums": ["EMAIL", "SMS"]}
    scene = await open_scene(UserPoolUsers=[seed])
    assert {mail.recipient for mail in await scene.core.outbox.messages()} == set(attributes.values())
