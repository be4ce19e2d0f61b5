"""The seam between the data plane and authentication: keys from files, taken up anew on reload."""

from pathlib import Path

import pytest

from lb.authentication import SESSION_SECRETS, AuthenticationOwner
from lb.authn.authenticate import AuthenticateHandler
from lb.authn.signing_keys import rotate_signing_keys
from lb.keyfiles import SESSION_KEYS, SIGNING_KEYS
from lb.sealed import KeyRing, rotate_key_file
from lb.settings import Settings
from rules.actions import AuthenticateCognito, AuthenticateOidc

ACTION = AuthenticateOidc(
    "https://idp", "client", "secret", "https://idp/a", "https://idp/t", "https://idp/u"
)


def settings(directory: Path) -> Settings:
    return Settings("web", "arn:web", "local", (), {}, data_directory=directory)


@pytest.fixture
async def owner(tmp_path):
    owner = AuthenticationOwner(settings(tmp_path))
    yield owner
    await owner.aclose()


def compiled(owner: AuthenticationOwner, directory: Path) -> AuthenticateHandler:
    handler = owner.compiler(settings(directory), {}).compile(ACTION, "arn:listener")
    assert isinstance(handler, AuthenticateHandler)
    return handler


async def test_without_pre_actions_no_key_is_made(owner, tmp_path) -> None:
    owner.compiler(settings(tmp_path), {})
    assert list(tmp_path.iterdir()) == []


async def test_keys_are_made_once_in_the_data_directory(owner, tmp_path) -> None:
    compiled(owner, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {SESSION_KEYS, SIGNING_KEYS}


async def test_rotated_keys_are_taken_up_on_reload_and_the_state_is_kept(owner, tmp_path) -> None:
    before = compiled(owner, tmp_path).runtime
    old_kid = before.signing.current.kid
    rotate_key_file(tmp_path / SESSION_KEYS)
    new_kid = rotate_signing_keys(tmp_path / SIGNING_KEYS, now=0).current.kid
    after = compiled(owner, tmp_path).runtime
    assert after is before, "spent logins and running refreshes outlive a reload"
    assert len(after.keys.describe()) == 2
    assert after.signing.current.kid == new_kid
    for kid in (old_kid, new_kid):
        assert (
            owner.compiler(settings(tmp_path), {}).serve_key(f"/.well-known/albacore/keys/{kid}") is not None
        )


async def test_a_broken_key_file_stops_the_reload(owner, tmp_path) -> None:
    compiled(owner, tmp_path)
    (tmp_path / SESSION_KEYS).write_text("broken\n")
    with pytest.raises(ValueError, match=f"{SESSION_KEYS}:1"):
        owner.compiler(settings(tmp_path), {})


async def test_a_user_pool_that_nobody_knows_is_no_handler(owner, tmp_path) -> None:
    with pytest.raises(ValueError, match="user pool demo"):
        owner.compiler(settings(tmp_path), {}).compile(AuthenticateCognito("demo", "web"), "arn:listener")


async def test_session_secrets_of_the_environment_take_the_place_of_the_file(
    owner, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv(SESSION_SECRETS, f"{'a' * 40} {'b' * 40}")
    ring = compiled(owner, tmp_path).runtime.keys
    assert repr(ring) == repr(KeyRing.from_secrets(["a" * 40, "b" * 40]))
    assert not (tmp_path / SESSION_KEYS).exists()


async def test_a_session_secret_that_is_too_short_is_told_by_its_variable(
    owner, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv(SESSION_SECRETS, "too-short-a-secret")
    with pytest.raises(ValueError, match=f"{SESSION_SECRETS}: .* 32 characters") as refused:
        compiled(owner, tmp_path)
    assert "too-short" not in str(refused.value)


async def test_refreshes_are_reported(tmp_path) -> None:
    refreshes: list[int] = []
    owner = AuthenticationOwner(settings(tmp_path), on_refreshed=lambda: refreshes.append(1))
    compiled(owner, tmp_path).runtime.on_refreshed()
    await owner.aclose()
    assert refreshes == [1]
