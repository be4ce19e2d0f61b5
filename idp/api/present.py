"""Records in the shapes of the service model: timestamps, attribute lists, users, deliveries. Pure.

Absent members are left out, never null or empty: SDKs loop and branch on their presence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from idp.model import Client, Group, User
from idp.outcomes import Delivery


def timestamp(seconds: float) -> float:
    """A point in time as the protocol has it: Unix seconds with milliseconds."""
    return round(seconds, 3)


def present(**members: object) -> dict[str, object]:
    """Build an answer of the members that are not None."""
    return {name: value for name, value in members.items() if value is not None}


def attribute_list(
    user: User, client: Client | None = None, *, only: Collection[str] | None = None
) -> list[dict[str, str]]:
    """A user's attributes as Name and Value, `sub` first; those a client may read, or `only` some."""
    values = {"sub": user.sub, **user.attributes}
    return [
        {"Name": name, "Value": value}
        for name, value in values.items()
        if (client is None or name == "sub" or client.may_read(name)) and (only is None or name in only)
    ]


def read_attributes(pairs: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Read a list of Name and Value; a missing value is an empty one, and the last of two wins."""
    return {pair["Name"]: pair.get("Value", "") for pair in pairs or ()}


def user_type(user: User, *, only: Collection[str] | None = None) -> dict[str, object]:
    """A UserType, as AdminCreateUser and the lists answer it."""
    return {
        "Username": user.username,
        "Attributes": attribute_list(user, only=only),
        "UserCreateDate": timestamp(user.created_at),
        "UserLastModifiedDate": timestamp(user.updated_at),
        "Enabled": user.enabled,
        "UserStatus": user.status.value,
    }


def delivery_details(delivery: Delivery | None) -> dict[str, str] | None:
    """CodeDeliveryDetails, or None where nothing was sent."""
    if delivery is None:
        return None
    return {
        "Destination": delivery.destination,
        "DeliveryMedium": delivery.medium,
        "AttributeName": delivery.attribute,
    }


def group_type(group: Group) -> dict[str, object]:
    """A GroupType."""
    return present(
        GroupName=group.name,
        UserPoolId=group.pool_id,
        Description=group.description or None,
        RoleArn=group.role_arn,
        Precedence=group.precedence,
        CreationDate=timestamp(group.created_at),
        LastModifiedDate=timestamp(group.updated_at),
    )
