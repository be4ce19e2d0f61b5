"""Passkeys: registered, used, and every lie of a browser or an authenticator refused."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from idp.factors.app_origins import TAG, app_origins
from idp.factors.passkeys import MOST, Presented
from idp.factors.records import FactorSettings, FirstFactor, Mfa, Passkey
from idp.factors.webauthn import Mistake, RelyingParty, find_party, read_answer
from idp.model import Pool, User
from idp.outcomes import UserReason, UserRefused
from tests.support.authenticator import Authenticator, encode
from tests.support.pools import PUBLIC_URL, OpenScene, Scene


@pytest.fixture
def device() -> Authenticator:
    return Authenticator(PUBLIC_URL)


async def start(scene: Scene, user: User, pool: Pool | None = None) -> dict[str, Any]:
    options = await scene.core.factors.passkeys.start_registration(pool or scene.pool, user)
    assert isinstance(options, dict), options
    return options


async def complete(scene: Scene, user: User, credential: Mapping[str, Any]) -> Passkey | UserReason:
    kept = await scene.core.factors.passkeys.complete_registration(scene.pool, user, credential)
    return kept.reason if isinstance(kept, UserRefused) else kept


async def register(scene: Scene, user: User, device: Authenticator) -> Passkey:
    passkey = await complete(scene, user, device.create(await start(scene, user)))
    assert isinstance(passkey, Passkey), passkey
    return passkey


async def ask(scene: Scene, user: User | None, name: str = "ann") -> tuple[dict[str, Any], str]:
    asked = await scene.core.factors.passkeys.ask(scene.pool, user, username=name)
    assert asked is not None
    return asked


async def judge(
    scene: Scene, credential: Mapping[str, Any], challenge: str, user: User | None = None
) -> Presented | Mistake:
    return await scene.core.factors.passkeys.judge(scene.pool, json.dumps(credential), challenge, user=user)


async def test_a_passkey_is_registered_and_signs_in(scene: Scene, device: Authenticator) -> None:
    user = await scene.add()
    passkey = await register(scene, user, device)
    assert (passkey.sub, passkey.relying_party_id) == (user.sub, "login.example.com")
    assert (passkey.attachment, passkey.transports) == ("platform", ("internal",))
    options, challenge = await ask(scene, user)
    assert [each["id"] for each in options["allowCredentials"]] == [passkey.credential_id]
    presented = await judge(scene, device.get(options), challenge, user)
    assert isinstance(presented, Presented)
    assert presented.user_verified
    assert (presented.passkey.sign_count, presented.passkey.used_at) == (1, scene.clock.now())


async def test_the_options_ask_for_what_cognito_asks_for(scene: Scene, device: Authenticator) -> None:
    user = await scene.add()
    options = await start(scene, user)
    assert options["rp"] == {"id": "login.example.com", "name": "staff"}
    assert [each["alg"] for each in options["pubKeyCredParams"]] == [-7, -257]
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "preferred"
    assert user.email == options["user"]["name"]
    passkey = await complete(scene, user, device.create(options))
    assert isinstance(passkey, Passkey)
    assert [each["id"] for each in (await start(scene, user))["excludeCredentials"]] == [
        passkey.credential_id
    ]


REGISTRATION_LIES: dict[str, tuple[dict[str, Any], UserReason]] = {
    "another origin": ({"origin": "https://evil.example"}, UserReason.PASSKEY_ORIGIN),
    "http instead of https": ({"origin": "http://login.example.com"}, UserReason.PASSKEY_ORIGIN),
    "a host that ends alike": ({"origin": "https://evil-login.example.com"}, UserReason.PASSKEY_ORIGIN),
    "a frame of another site": ({"cross_origin": True}, UserReason.PASSKEY_ORIGIN),
    "another relying party": ({"rp_id": "evil.example"}, UserReason.PASSKEY_RELYING_PARTY),
    "an assertion for a registration": ({"type": "webauthn.get"}, UserReason.INVALID_PARAMETER),
    "nobody touched it": ({"present": False}, UserReason.INVALID_PARAMETER),
    "an algorithm that is not accepted": (
        {"cose": {1: 1, 3: -8, -1: 6, -2: bytes(32)}},
        UserReason.PASSKEY_UNSUPPORTED,
    ),
    "no key at all": ({"cose": {}}, UserReason.INVALID_PARAMETER),
    "a challenge of nobody": ({"challenge": encode(bytes(32))}, UserReason.PASSKEY_CHALLENGE),
}


@pytest.mark.parametrize(("lies", "reason"), REGISTRATION_LIES.values(), ids=REGISTRATION_LIES)
async def test_a_registration_that_does_not_hold(
    scene: Scene, device: Authenticator, lies: dict[str, Any], reason: UserReason
) -> None:
    user = await scene.add()
    assert await complete(scene, user, device.create(await start(scene, user), **lies)) is reason
    assert await scene.core.factors.passkeys.list(scene.pool, user) == ()


async def test_a_challenge_registers_once_for_its_user_and_for_five_minutes(
    scene: Scene, device: Authenticator
) -> None:
    ann, bob = await scene.add("ann"), await scene.add("bob")
    made = device.create(await start(scene, ann))
    assert await complete(scene, bob, made) is UserReason.PASSKEY_CHALLENGE
    assert isinstance(await complete(scene, ann, made), Passkey), "another's try does not use it up"
    assert await complete(scene, ann, made) is UserReason.PASSKEY_CHALLENGE
    late = Authenticator(PUBLIC_URL).create(await start(scene, ann))
    scene.clock.advance(300)
    assert await complete(scene, ann, late) is UserReason.PASSKEY_CHALLENGE


async def test_a_refused_answer_uses_the_challenge_up(scene: Scene, device: Authenticator) -> None:
    user = await scene.add()
    options = await start(scene, user)
    await complete(scene, user, device.create(options, present=False))
    assert await complete(scene, user, device.create(options)) is UserReason.PASSKEY_CHALLENGE


ASSERTION_LIES: dict[str, tuple[dict[str, Any], Mistake]] = {
    "another origin": ({"origin": "https://evil.example"}, Mistake.ORIGIN),
    "a frame of another site": ({"cross_origin": True}, Mistake.ORIGIN),
    "another relying party": ({"rp_id": "evil.example"}, Mistake.RELYING_PARTY),
    "a registration for an assertion": ({"type": "webauthn.create"}, Mistake.WRONG),
    "another challenge": ({"challenge": encode(b"x" * 32)}, Mistake.CHALLENGE),
    "nobody touched it": ({"present": False}, Mistake.WRONG),
    "a signature of nothing": ({"signature": bytes(70)}, Mistake.WRONG),
    "another user's handle": ({"user_handle": encode(b"somebody-else")}, Mistake.WRONG),
    "a counter that did not move": ({"count": 5}, Mistake.WRONG),
}


@pytest.mark.parametrize(("lies", "mistake"), ASSERTION_LIES.values(), ids=ASSERTION_LIES)
async def test_an_assertion_that_does_not_hold(
    scene: Scene, device: Authenticator, lies: dict[str, Any], mistake: Mistake
) -> None:
    user = await scene.add()
    device.count = 5
    await register(scene, user, device)
    options, challenge = await ask(scene, user)
    assert await judge(scene, device.get(options, **lies), challenge, user) is mistake
    # It was no use of the challenge: the person may try again.
    assert isinstance(await judge(scene, device.get(options), challenge, user), Presented)


async def test_a_right_answer_works_once_also_of_two_at_once(scene: Scene, device: Authenticator) -> None:
    user = await scene.add()
    await register(scene, user, device)
    options, challenge = await ask(scene, user)
    answers = [device.get(options, count=0) for _ in range(4)]  # like a passkey in the cloud: no counter
    found = await asyncio.gather(*(judge(scene, answer, challenge, user) for answer in answers))
    assert [each for each in found if isinstance(each, Presented)] != []
    assert sorted(str(each) for each in found if isinstance(each, Mistake)) == ["challenge"] * 3


async def test_a_passkey_of_another_user_does_not_sign_this_one_in(
    scene: Scene, device: Authenticator
) -> None:
    ann, bob = await scene.add("ann"), await scene.add("bob")
    await register(scene, bob, device)
    options, challenge = await ask(scene, ann)
    assert await judge(scene, device.get(options), challenge, ann) is Mistake.WRONG


async def test_a_credential_belongs_to_one_user(scene: Scene, device: Authenticator) -> None:
    ann, bob = await scene.add("ann"), await scene.add("bob")
    await register(scene, ann, device)
    assert (
        await complete(scene, bob, device.create(await start(scene, bob))) is UserReason.PASSKEY_UNSUPPORTED
    )


async def test_a_name_that_nobody_has_is_asked_like_one_that_somebody_has(
    scene: Scene, device: Authenticator
) -> None:
    user = await scene.add()
    await register(scene, user, device)
    (real, _), (first, _), (second, _) = (
        await ask(scene, user),
        await ask(scene, None, "no"),
        await ask(scene, None, "NO"),
    )

    def shape(options: dict[str, Any]) -> object:
        return sorted(options), [(sorted(each), len(each["id"])) for each in options["allowCredentials"]]

    assert shape(real) == shape(first)
    assert first["allowCredentials"] == (await ask(scene, None, "no"))[0]["allowCredentials"]
    assert first["allowCredentials"] != second["allowCredentials"], "names are case-sensitive here"


async def test_where_it_counts_twice_the_device_has_to_check_its_user(open_scene: OpenScene) -> None:
    scene = await open_scene()
    scene.set_factors(FactorSettings(first=(FirstFactor.WEB_AUTHN,), passkey_counts_twice=True))
    user, device = await scene.add(), Authenticator(PUBLIC_URL)
    options = await start(scene, user)
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert isinstance(await complete(scene, user, device.create(options)), Passkey)
    asked, challenge = await ask(scene, user)
    assert await judge(scene, device.get(asked, verified=False), challenge, user) is Mistake.WRONG
    assert isinstance(await judge(scene, device.get(asked), challenge, user), Presented)


async def test_twenty_is_the_most(scene: Scene) -> None:
    user = await scene.add()
    last = Authenticator(PUBLIC_URL).create(await start(scene, user))
    for _ in range(MOST):
        await register(scene, user, Authenticator(PUBLIC_URL))
    refused = await scene.core.factors.passkeys.start_registration(scene.pool, user)
    assert isinstance(refused, UserRefused)
    assert refused.reason is UserReason.LIMIT_EXCEEDED
    assert await complete(scene, user, last) is UserReason.LIMIT_EXCEEDED


async def test_only_ones_own_passkey_can_be_deleted(scene: Scene, device: Authenticator) -> None:
    ann, bob = await scene.add("ann"), await scene.add("bob")
    passkey = await register(scene, ann, device)
    passkeys = scene.core.factors.passkeys
    refused = await passkeys.delete(scene.pool, bob, passkey.credential_id)
    assert refused is not None
    assert refused.reason is UserReason.PASSKEY_NOT_FOUND
    assert await passkeys.delete(scene.pool, ann, passkey.credential_id) is None
    assert await passkeys.list(scene.pool, ann) == ()


async def test_a_pool_without_passkeys_and_one_without_a_name(scene: Scene, open_scene: OpenScene) -> None:
    user = await scene.add()
    passkeys = scene.core.factors.passkeys
    without = replace(scene.pool, factors=FactorSettings())
    required = replace(scene.pool, factors=replace(scene.pool.factors, mfa=Mfa.ON))
    for pool in (without, required):
        refused = await passkeys.start_registration(pool, user)
        assert isinstance(refused, UserRefused)
        assert refused.reason is UserReason.PASSKEYS_OFF
    nameless = replace(passkeys, party_of=lambda _: None)
    refused = await nameless.start_registration(scene.pool, user)
    assert isinstance(refused, UserRefused)
    assert refused.reason is UserReason.PASSKEYS_UNCONFIGURED


PARTIES = {
    "its own host": ("https://login.example.com/pool", None, "login.example.com"),
    "a chosen one": ("https://login.example.com", "example.com", "example.com"),
    "this machine": ("http://localhost:9000", None, "localhost"),
    "an address": ("http://127.0.0.1:9000", None, None),
    "an IPv6 address": ("http://[::1]:9000", None, None),
}


@pytest.mark.parametrize(("url", "chosen", "expected"), PARTIES.values(), ids=PARTIES)
def test_for_whom_passkeys_are_made(url: str, chosen: str | None, expected: str | None) -> None:
    party = find_party(url, name="staff", chosen=chosen)
    assert (party.id if party else None) == expected


WIDE = RelyingParty("example.com", "staff", "https://login.example.com")
LOCAL = RelyingParty("localhost", "staff", "http://localhost:9000")
HASH = "android:apk-key-hash:" + "aB3_-xyzw" * 4 + "1234560"
APPS = replace(WIDE, app_origins=(HASH,))
ORIGINS = [
    (WIDE, "https://login.example.com", True),
    (WIDE, "https://example.com", True),
    (WIDE, "https://app.example.com:8443", True),
    (WIDE, "http://app.example.com", False),
    (WIDE, "https://notexample.com", False),
    (WIDE, "https://example.com.evil.example", False),
    (WIDE, "null", False),
    (WIDE, "", False),
    (WIDE, "https://[", False),
    (APPS, HASH, True),
    (APPS, HASH.upper(), False),
    (APPS, f"{HASH[:-1]}E", False),
    (APPS, "https://login.example.com", True),
    (WIDE, HASH, False),
    (LOCAL, "http://localhost:3000", True),
    (LOCAL, "http://localhost.evil.example", False),
    (LOCAL, "http://127.0.0.1:3000", False),
]


async def test_an_app_that_is_named_registers_and_signs_in(open_scene: OpenScene) -> None:
    first = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}}
    scene = await open_scene(Policies=first, WebAuthnAppOrigins=[HASH])
    user, device = await scene.add(), Authenticator(HASH)
    await register(scene, user, device)
    options, challenge = await ask(scene, user)
    assert isinstance(await judge(scene, device.get(options), challenge, user), Presented)
    options, challenge = await ask(scene, user)
    other = device.get(options, origin=f"{HASH[:-1]}4")
    assert await judge(scene, other, challenge, user) is Mistake.ORIGIN


def test_apps_of_a_pool_of_the_api_are_named_by_a_tag() -> None:
    tags = {TAG: f"{HASH} nonsense https://evil.example {HASH}x"}
    pool = Pool("local_000000001", "staff", kept={"UserPoolTags": tags})
    assert app_origins(pool) == (HASH,)


@pytest.mark.parametrize(("party", "origin", "expected"), ORIGINS, ids=[f"{p.id} {o}" for p, o, _ in ORIGINS])
def test_which_pages_may_ask(party: RelyingParty, origin: str, expected: bool) -> None:
    assert party.may_ask(origin) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "7",
        "{}",
        '{"response": 7}',
        "[" * 10_000,
        '{"id": "a", "response": {"clientDataJSON": "!!"}}',
        "x" * 20_000,
    ],
    ids=["empty", "list", "number", "no members", "no mapping", "deep", "no base64", "long"],
)
def test_what_is_no_answer_at_all(text: str) -> None:
    assert read_answer(text) is None
