"""Settings of the pool in the console: read where the file declares them, else changed."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from idp.api.pool_shapes import pool_type
from idp.console.client import TAG
from idp.factors.records import Factor, Mfa
from idp.model import Group, Pool
from tests.support.console import HOME, console_document, sign_in
from tests.support.hosted_pages import ORIGIN, PASSWORD, House, Page, PageVisitor
from tests.support.open_house import OpenHouse

FULL: dict[str, Any] = {
    "PoolName": "made",
    "UserPoolTags": {TAG: "admins", "team": "blue"},
    "AutoVerifiedAttributes": ["email"],
    "AliasAttributes": ["email"],
    "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": True},
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT", "ReplyToEmailAddress": "a@example.com"},
    "AdminCreateUserConfig": {"InviteMessageTemplate": {"SMSMessage": "{username} {####}"}},
}


MAIL = "VerificationMessageTemplate"
RENAMED = {"Name": "renamed", "DeletionProtection": "ACTIVE"}
BY_ADMIN = {"AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 1, "Name": "admin_only"}]}}
ADMIN_ONLY = {
    "AdminCreateUserConfig": {
        "AllowAdminCreateUserOnly": True,
        "UnusedAccountValidityDays": 7,
        "InviteMessageTemplate": {"SMSMessage": "{username} {####}"},
    }
}
AUDIT = {"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}
TAGS = {"UserPoolTags": {TAG: "admins", "team": "red", "stage": "test"}}


async def make_pool(house: House, **members: Any) -> Pool:
    pool = await house.core.management.pools.create({**FULL, **members}, region="eu-west-1")
    await house.core.groups.create(Group(pool.id, "admins"))
    await house.core.administration.add(
        pool, username="boss", password=PASSWORD, permanent=True, attributes={}
    )
    await house.core.administration.add_to_group(pool, "boss", "admins")
    return pool


async def open_section(house: House, pool: Pool, section: str) -> tuple[PageVisitor, Page]:
    visitor = house.visitor()
    return visitor, await sign_in(visitor, "boss", at=f"/admin/{pool.id}/settings/{section}")


async def now(house: House, pool: Pool) -> Pool:
    found = await house.core.pool(pool.id)
    assert found is not None
    return found


async def test_declared_pool_says_which_key_of_the_file_to_change(house: House) -> None:
    visitor = house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/settings")
    for key in ("UserPoolName", "Policies.PasswordPolicy.MinimumLength", "EnabledMfas", "UsernameAttributes"):
        assert f"<code>{key}</code>" in page.text
    assert "declared in the configuration file" in page.text
    assert not [tag for _, tag in page.tags if "/settings/" in tag.get("href", "")]


@pytest.mark.parametrize("section", ["general", "password", "mfa", "domain", "tags"])
async def test_declared_pool_is_not_changed(house: House, section: str) -> None:
    visitor, before = house.visitor(), await house.core.find_pool("demo")
    page = await sign_in(visitor, at=f"{HOME}/settings/{section}")
    assert page.response.status_code == 400
    token = page.form("/leave").fields["_csrf"]
    typed = {"_csrf": token, "version": repr(before.updated_at), "PoolName": "mine", "Domain": "mine"}
    typed |= {"ManagedLoginVersion": "1", "MfaConfiguration": "ON", "Tags": f"{TAG}=editors"}
    answer = await visitor.http.post(f"{HOME}/settings/{section}", data=typed, headers={"origin": ORIGIN})
    assert answer.status_code == 400
    assert await house.core.find_pool("demo") == before


@pytest.mark.parametrize(
    ("section", "typed", "expected"),
    [
        (
            "general",
            {"PoolName": "renamed", "DeletionProtection": "ACTIVE"},
            {"Name": "renamed", "DeletionProtection": "ACTIVE"},
        ),
        ("sign_up", {"AdminCreateUserConfig.AllowAdminCreateUserOnly": "1"}, ADMIN_ONLY),
        (
            "recovery",
            {"AccountRecoverySetting.RecoveryMechanisms": "admin_only"},
            {"AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 1, "Name": "admin_only"}]}},
        ),
        (
            "threats",
            {"UserPoolAddOns.AdvancedSecurityMode": "AUDIT"},
            {"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}},
        ),
        (
            "tags",
            {"Tags": "team=red\r\nstage = test"},
            {"UserPoolTags": {TAG: "admins", "team": "red", "stage": "test"}},
        ),
        ("domain", {"Domain": "shop"}, {"Domain": "shop"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_section_is_changed_and_everything_else_stays(
    house: House,
    section: str,
    typed: dict[str, str],
    expected: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "idp.console.desk")
    pool = await make_pool(house)
    before = pool_type(await now(house, pool), users=0)
    visitor, page = await open_section(house, pool, section)
    page = await visitor.submit(page, f"/settings/{section}", typed)
    assert "The changes are saved" in page.text, page.alerts
    after = pool_type(await now(house, pool), users=0)
    ignored = {"LastModifiedDate"}
    assert {**after, **dict.fromkeys(ignored)} == {**before, **expected, **dict.fromkeys(ignored)}
    [line] = [record.getMessage() for record in caplog.records if "change-settings" in record.getMessage()]
    assert f"section='{section}'" in line
    assert "renamed" not in line


async def test_password_policy_is_changed_field_by_field(house: House) -> None:
    pool = await make_pool(house)
    visitor, page = await open_section(house, pool, "password")
    del page.form("/settings/password").fields["Policies.PasswordPolicy.RequireSymbols"]
    await visitor.submit(page, "/settings/password", {"Policies.PasswordPolicy.MinimumLength": "14"})
    policy = (await now(house, pool)).password_policy
    assert (policy.minimum_length, policy.require_symbols, policy.require_uppercase) == (14, False, True)


@pytest.mark.parametrize(
    ("section", "typed", "marked"),
    [
        ("password", {"Policies.PasswordPolicy.MinimumLength": "3"}, "Policies-PasswordPolicy-MinimumLength"),
        ("general", {"PoolName": "a/b"}, "PoolName"),
        ("tags", {"Tags": "no sign"}, "Tags"),
        ("tags", {"Tags": f"{TAG}=everybody"}, "Tags"),
        ("domain", {"Domain": "UPPER"}, "Domain"),
        ("domain", {"Domain": "my-cognito"}, "Domain"),
        (
            "messages",
            {"VerificationMessageTemplate.EmailMessage": "no gap"},
            "VerificationMessageTemplate-EmailMessage",
        ),
        ("threats", {"UserPoolAddOns.AdvancedSecurityMode": "MAYBE"}, "UserPoolAddOns-AdvancedSecurityMode"),
    ],
)
async def test_unfit_value_is_told_beside_its_field_and_nothing_is_changed(
    house: House, section: str, typed: dict[str, str], marked: str
) -> None:
    pool = await make_pool(house)
    before = await now(house, pool)
    visitor, page = await open_section(house, pool, section)
    page = await visitor.submit(page, f"/settings/{section}", typed)
    assert page.response.status_code == 400
    assert f'id="set-{marked}-error"' in page.text, page.alerts
    assert await now(house, pool) == before


async def test_second_factors_are_set_by_the_service_of_set_user_pool_mfa_config(house: House) -> None:
    pool = await make_pool(house)
    visitor, page = await open_section(house, pool, "mfa")
    typed = {"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration.Enabled": "1"}
    page = await visitor.submit(page, "/settings/mfa", typed)
    factors = (await now(house, pool)).factors
    assert (factors.mfa, factors.enabled) == (Mfa.OPTIONAL, (Factor.TOTP,))
    page = await visitor.get(f"/admin/{pool.id}/settings/mfa")
    fields = page.form("/settings/mfa").fields
    del fields["SoftwareTokenMfaConfiguration.Enabled"]
    refused = await visitor.submit(page, "/settings/mfa", {"MfaConfiguration": "ON"})
    assert refused.response.status_code == 400
    assert (await now(house, pool)).factors == factors


async def test_devices_are_switched_on_and_off_as_a_whole(house: House) -> None:
    pool = await make_pool(house)
    visitor, page = await open_section(house, pool, "devices")
    del page.form("/settings/devices").fields["DeviceConfiguration"]
    await visitor.submit(page, "/settings/devices", {})
    assert (await now(house, pool)).devices is None
    page = await visitor.get(f"/admin/{pool.id}/settings/devices")
    await visitor.submit(page, "/settings/devices", {"DeviceConfiguration": "1"})
    devices = (await now(house, pool)).devices
    assert devices is not None
    assert not devices.challenge_on_new_device


async def test_domain_is_removed_before_another_is_chosen(house: House) -> None:
    pool = await make_pool(house)
    visitor, page = await open_section(house, pool, "domain")
    await visitor.submit(page, "/settings/domain", {"Domain": "shop"})
    page = await visitor.get(f"/admin/{pool.id}/settings/domain")
    refused = await visitor.submit(page, "/settings/domain", {"Domain": "other"})
    assert refused.response.status_code == 400
    assert (await now(house, pool)).domain == "shop"
    await visitor.submit(page, "/settings/domain", {"Domain": ""})
    assert (await now(house, pool)).domain is None


async def test_change_of_somebody_else_is_not_written_over(house: House) -> None:
    pool = await make_pool(house)
    visitor, page = await open_section(house, pool, "general")
    house.clock.advance(1)
    await house.core.management.pools.update(pool, {**FULL, "PoolName": "theirs"})
    page = await visitor.submit(page, "/settings/general", {"PoolName": "mine"})
    assert "somebody else changed this" in page.alerts
    assert (await now(house, pool)).name == "theirs"


async def test_triggers_and_lifetimes_of_tokens_are_shown(open_house: OpenHouse) -> None:
    config = {"VerifyAuthChallengeResponse": "arn:aws:lambda:us-east-1:000000000000:function:check"}
    house = await open_house(document=console_document(LambdaConfig=config))
    page = await sign_in(house.visitor(), at=f"{HOME}/settings")
    assert "LambdaConfig.VerifyAuthChallengeResponse" in page.text
    assert "function:check" in page.text
    assert re.search("Refresh token valid for: 30 days", page.text)


async def test_administrator_of_another_pool_changes_nothing(house: House) -> None:
    pool, other = await make_pool(house), await make_pool(house, PoolName="other-made")
    visitor, page = await open_section(house, pool, "general")
    fields = page.form("/settings/general").fields
    before = await now(house, other)
    sent = {**fields, "version": repr(before.updated_at), "PoolName": "mine"}
    path = f"/admin/{other.id}/settings/general"
    answer = await visitor.http.post(path, data=sent, headers={"origin": ORIGIN})
    assert answer.status_code == 303
    assert await now(house, other) == before
