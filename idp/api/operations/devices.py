"""Devices: ConfirmDevice to ForgetDevice, for users and administrators (cognito.md 3.6, 4.11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp import texts
from idp.api.call import Call
from idp.api.errors import ApiError, invalid_parameter, not_found
from idp.api.paging import read_token, write_token
from idp.api.present import present, timestamp
from idp.api.registry import operation
from idp.model import Pool, User
from idp.signin.devices import parse_verifier
from idp.signin.records import Device

MOST: Final = 60
Answer = Mapping[str, object]


@operation("ConfirmDevice")
async def confirm_device(call: Call) -> Answer:
    """Confirm the device of a sign-in, with a verifier of its own password."""
    pool, _, user, claims = await call.user()
    _require_tracking(pool)
    config = call.input.get("DeviceSecretVerifierConfig", {})
    verifier = parse_verifier(config.get("Salt", ""), config.get("PasswordVerifier", ""))
    if verifier is None:
        raise invalid_parameter("Invalid device secret verifier config given.")
    key = call.text("DeviceKey")
    if claims.get("device_key") != key:  # the one this very sign-in was given
        raise _unknown()
    asks = await call.core.devices.confirm(
        pool, user, key, verifier=verifier, name=call.input.get("DeviceName")
    )
    if asks is None:
        raise _unknown()
    return {"UserConfirmationNecessary": asks}


@operation("UpdateDeviceStatus")
async def update_device_status(call: Call) -> Answer:
    """Remember a device, or not."""
    pool, _, user, _ = await call.user()
    return await _update(call, pool, user)


@operation("AdminUpdateDeviceStatus")
async def admin_update_device_status(call: Call) -> Answer:
    """Remember a user's device, or not."""
    pool = await call.pool()
    return await _update(call, pool, await call.found_user(pool))


@operation("GetDevice")
async def get_device(call: Call) -> Answer:
    """Show a device."""
    pool, _, user, _ = await call.user()
    return await _get(call, pool, user)


@operation("AdminGetDevice")
async def admin_get_device(call: Call) -> Answer:
    """Show a user's device."""
    pool = await call.pool()
    return await _get(call, pool, await call.found_user(pool))


@operation("ListDevices")
async def list_devices(call: Call) -> Answer:
    """List devices."""
    pool, _, user, _ = await call.user()
    return await _list(call, pool, user)


@operation("AdminListDevices")
async def admin_list_devices(call: Call) -> Answer:
    """List a user's devices."""
    pool = await call.pool()
    return await _list(call, pool, await call.found_user(pool))


@operation("ForgetDevice")
async def forget_device(call: Call) -> Answer:
    """Forget a device; refresh tokens that are bound to it end."""
    pool, _, user, _ = await call.user()
    return await _forget(call, pool, user)


@operation("AdminForgetDevice")
async def admin_forget_device(call: Call) -> Answer:
    """Forget a user's device."""
    pool = await call.pool()
    return await _forget(call, pool, await call.found_user(pool))


async def _update(call: Call, pool: Pool, user: User) -> Answer:
    _require_tracking(pool)
    remembered = call.input.get("DeviceRememberedStatus") == "remembered"
    if not await call.core.devices.set_remembered(pool, user, call.text("DeviceKey"), remembered=remembered):
        raise _unknown()
    return {}


async def _get(call: Call, pool: Pool, user: User) -> Answer:
    _require_tracking(pool)
    device = await call.core.devices.find(pool, user, call.text("DeviceKey"))
    if device is None:
        raise _unknown()
    return {"Device": device_type(device)}


async def _list(call: Call, pool: Pool, user: User) -> Answer:
    _require_tracking(pool)
    limit = call.input.get("Limit") or MOST
    after = read_token(call, "PaginationToken", scope=user.sub)
    found = await call.core.devices.list(pool, user, limit=limit + 1, after=after)
    page = found[:limit]
    more = write_token(call, page[-1].key, scope=user.sub) if len(found) > limit else None
    return present(Devices=[device_type(device) for device in page], PaginationToken=more)


async def _forget(call: Call, pool: Pool, user: User) -> Answer:
    _require_tracking(pool)
    if not await call.core.devices.forget(pool, user, call.text("DeviceKey")):
        raise _unknown()
    return {}


def device_type(device: Device) -> dict[str, object]:
    """A DeviceType. Pure."""
    status = "remembered" if device.remembered else "not_remembered"
    values = {
        "device_status": "valid",
        "device_name": device.name,
        "dev:device_remembered_status": status,
        "last_ip_used": device.address or None,
    }
    return {
        "DeviceKey": device.key,
        "DeviceAttributes": [
            {"Name": name, "Value": value} for name, value in values.items() if value is not None
        ],
        "DeviceCreateDate": timestamp(device.created_at),
        "DeviceLastModifiedDate": timestamp(device.updated_at),
        "DeviceLastAuthenticatedDate": timestamp(device.last_authenticated_at),
    }


def _require_tracking(pool: Pool) -> None:
    if pool.devices is None:
        message = "Device tracking is not enabled for this user pool (DeviceConfiguration)"
        raise ApiError("InvalidUserPoolConfigurationException", message)


def _unknown() -> ApiError:
    return not_found(texts.DEVICE_UNKNOWN.english)
