"""Users by name, for administrators (cognito.md 3.5, 3.6, 5.4, 5.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from idp.api.call import Call
from idp.api.errors import ApiError, invalid_parameter, served
from idp.api.operations.mfa import mfa_members
from idp.api.operations.profile import refuse_options
from idp.api.paging import limit_of, read_position, write_position
from idp.api.present import attribute_list, present, read_attributes, timestamp, user_type
from idp.api.registry import operation
from idp.model import Pool, User
from idp.users.administration import Added, choose_mediums
from idp.users.aliases import contact_kind
from idp.users.filters import BadFilter, parse_filter
from idp.users.identities import LOCAL, SUBJECT
from idp.users.schema import MEDIUMS

LONGEST_SUBJECT: Final = 512


@operation("AdminCreateUser")
async def admin_create_user(call: Call) -> Mapping[str, object]:
    """Create a user with a temporary password, and send it; or send a new one to who has none yet."""
    pool = await call.pool()
    action = call.input.get("MessageAction")
    attributes = read_attributes(call.input.get("UserAttributes"))
    invites = action != "SUPPRESS"
    added = await (_invite_again(call, pool) if action == "RESEND" else _add(call, pool, attributes, invites))
    if invites and not added.invited and (choose_mediums(added.user.attributes) or action == "RESEND"):
        raise ApiError("CodeDeliveryFailureException", "The invitation could not be sent; the user is there.")
    return {"User": user_type(added.user)}


async def _add(call: Call, pool: Pool, attributes: Mapping[str, str], invites: bool) -> Added:
    mediums = _read_mediums(call, _named_attributes(call, pool, attributes)) if invites else ()
    return served(
        await call.core.administration.add(
            pool,
            username=call.text("Username"),
            attributes=attributes,
            password=call.input.get("TemporaryPassword"),
            invite=invites,
            mediums=mediums,
            force_alias=bool(call.input.get("ForceAliasCreation")),
        )
    )


async def _invite_again(call: Call, pool: Pool) -> Added:
    mediums = _read_mediums(call, (await call.found_user(pool)).attributes)
    return served(
        await call.core.administration.invite_again(
            pool, call.text("Username"), password=call.input.get("TemporaryPassword"), mediums=mediums
        )
    )


def _read_mediums(call: Call, attributes: Mapping[str, str]) -> tuple[str, ...]:
    """Return how the invitation is to go; raises ApiError where it cannot.

    Where nothing is said, it goes by mail if there is an address: Cognito's own default is SMS, and nothing
    at all reaches who has no phone.
    """
    mediums = tuple(dict.fromkeys(call.input.get("DesiredDeliveryMediums", ())))
    for medium in mediums:
        if not attributes.get(MEDIUMS[medium]):
            name = MEDIUMS[medium]
            raise invalid_parameter(
                f"DesiredDeliveryMediums: the user has no {name} to send the invitation to"
            )
    return mediums


def _named_attributes(call: Call, pool: Pool, attributes: Mapping[str, str]) -> Mapping[str, str]:
    """Add the address or number that the username is."""
    kind = contact_kind(call.text("Username")) if pool.username_attributes else None
    return attributes if kind is None else {**attributes, kind: call.text("Username")}


@operation("AdminGetUser")
async def admin_get_user(call: Call) -> Mapping[str, object]:
    """Return everything about a user."""
    pool = await call.pool()
    user = await call.found_user(pool)
    return {
        "Username": user.username,
        **await mfa_members(call, pool, user),
        "UserAttributes": attribute_list(user),
        "UserCreateDate": timestamp(user.created_at),
        "UserLastModifiedDate": timestamp(user.updated_at),
        "Enabled": user.enabled,
        "UserStatus": user.status.value,
    }


@operation("AdminUpdateUserAttributes")
async def admin_update_user_attributes(call: Call) -> Mapping[str, object]:
    """Change attributes, `email_verified` and `phone_number_verified` among them."""
    pool = await call.pool()
    user = await call.found_user(pool)
    changes = read_attributes(call.input["UserAttributes"])
    served(await call.core.profile.update(pool, user.sub, changes, client=None))
    return {}


@operation("AdminDeleteUserAttributes")
async def admin_delete_user_attributes(call: Call) -> Mapping[str, object]:
    """Remove attributes."""
    pool = await call.pool()
    user = await call.found_user(pool)
    served(await call.core.profile.remove(pool, user.sub, call.input["UserAttributeNames"], client=None))
    return {}


@operation("AdminDeleteUser")
async def admin_delete_user(call: Call) -> Mapping[str, object]:
    """Remove a user and everything of theirs."""
    served(await call.core.administration.delete(await call.pool(), call.text("Username")))
    return {}


@operation("AdminEnableUser")
async def admin_enable_user(call: Call) -> Mapping[str, object]:
    """Let a disabled user in again."""
    served(await call.core.administration.enable(await call.pool(), call.text("Username")))
    return {}


@operation("AdminDisableUser")
async def admin_disable_user(call: Call) -> Mapping[str, object]:
    """Lock a user out and end their tokens and sessions."""
    served(await call.core.administration.disable(await call.pool(), call.text("Username")))
    return {}


@operation("AdminUserGlobalSignOut")
async def admin_user_global_sign_out(call: Call) -> Mapping[str, object]:
    """End every token of a user."""
    served(await call.core.administration.sign_out(await call.pool(), call.text("Username")))
    return {}


@operation("AdminSetUserSettings")
async def admin_set_user_settings(call: Call) -> Mapping[str, object]:
    """Accept the setting that Cognito itself no longer supports, as far as it asks for nothing."""
    await call.found_user(await call.pool())
    refuse_options(call)
    return {}


@operation("ListUsers")
async def list_users(call: Call) -> Mapping[str, object]:
    """List users, narrowed by a filter."""
    pool, text = await call.pool(), call.text("Filter")
    wanted_names = _wanted_attributes(pool, call.input.get("AttributesToGet"))
    try:
        wanted = parse_filter(text)
    except BadFilter as error:
        raise invalid_parameter(str(error)) from error
    scope = f"{pool.id}:{text}"
    after = read_position(call, "PaginationToken", scope=scope)
    async with call.core.store.reading() as records:
        page = await records.users.search(pool.id, wanted, limit=limit_of(call), after=after)
    _check_present(page.users, wanted_names)
    return present(
        Users=[user_type(user, only=wanted_names) for user in page.users],
        PaginationToken=write_position(call, page.after, scope=scope),
    )


_ABSENT: Final = "One or more requested attributes do not exist in user pool."


def _wanted_attributes(pool: Pool, names: Sequence[str] | None) -> frozenset[str] | None:
    """Return the attributes that are asked for; None or an empty list is all of them."""
    if any(pool.attribute(name) is None for name in names or ()):
        raise invalid_parameter(_ABSENT)
    return frozenset(names) if names else None


def _check_present(users: Sequence[User], names: frozenset[str] | None) -> None:
    """Refuse a list in which somebody lacks an attribute that was asked for, as Cognito does."""
    wanted = (names or frozenset()) - {"sub"}
    if any(not user.attributes.get(name) for user in users for name in wanted):
        raise invalid_parameter(_ABSENT)


@operation("AdminLinkProviderForUser")
async def admin_link_provider_for_user(call: Call) -> Mapping[str, object]:
    """Let an account at another provider sign in as a user."""
    pool = await call.pool()
    destination, source = call.input["DestinationUser"], call.input["SourceUser"]
    provider, attribute, value = _identifier(source)
    if destination.get("ProviderName") != LOCAL:
        raise invalid_parameter(f"DestinationUser must be of the provider {LOCAL}")
    if provider == LOCAL:
        raise invalid_parameter(f"SourceUser must be of another provider than {LOCAL}")
    served(
        await call.core.identities.link(
            pool,
            destination.get("ProviderAttributeValue", ""),
            provider=provider,
            attribute=attribute,
            value=value,
        )
    )
    return {}


@operation("AdminDisableProviderForUser")
async def admin_disable_provider_for_user(call: Call) -> Mapping[str, object]:
    """Take a link away; of the pool itself, the password."""
    pool = await call.pool()
    provider, attribute, value = _identifier(call.input["User"])
    if provider == LOCAL:
        served(await call.core.identities.end_local_sign_in(pool, value))
    else:
        served(await call.core.identities.unlink(pool, provider=provider, attribute=attribute, value=value))
    return {}


def _identifier(user: Mapping[str, Any]) -> tuple[str, str, str]:
    """Read a ProviderUserIdentifierType."""
    provider, value = user.get("ProviderName", ""), user.get("ProviderAttributeValue", "")
    attribute = user.get("ProviderAttributeName") or SUBJECT
    if not provider or not value or len(value) > LONGEST_SUBJECT or len(attribute) > LONGEST_SUBJECT // 2:
        raise invalid_parameter(
            "ProviderName and ProviderAttributeValue are needed, of at most 512 characters"
        )
    return provider, attribute, value
