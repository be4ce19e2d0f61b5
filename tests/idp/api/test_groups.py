"""Groups through boto3."""

from typing import Any

import pytest

from tests.support.api_server import ApiServer
from tests.support.pools import POOL_ID

POOL = {"UserPoolId": POOL_ID}


def test_a_group_is_made_changed_and_removed(cognito: Any) -> None:
    made = cognito.create_group(**POOL, GroupName="made", Description="First", Precedence=3)["Group"]
    assert (made["GroupName"], made["Description"], made["Precedence"]) == ("made", "First", 3)
    assert made["CreationDate"] == made["LastModifiedDate"]
    with pytest.raises(cognito.exceptions.GroupExistsException):
        cognito.create_group(**POOL, GroupName="made")
    role = "arn:aws:iam::123456789012:role/staff"
    changed = cognito.update_group(**POOL, GroupName="made", RoleArn=role)["Group"]
    assert (changed["RoleArn"], changed["Description"], changed["Precedence"]) == (role, "First", 3)
    assert cognito.get_group(**POOL, GroupName="made")["Group"] == changed
    cognito.delete_group(**POOL, GroupName="made")
    with pytest.raises(cognito.exceptions.ResourceNotFoundException, match="Group not found"):
        cognito.get_group(**POOL, GroupName="made")


@pytest.mark.parametrize("operation", ["get_group", "update_group", "delete_group", "list_users_in_group"])
def test_a_group_that_is_not_there_is_not_found(cognito: Any, operation: str) -> None:
    with pytest.raises(cognito.exceptions.ResourceNotFoundException, match="Group not found"):
        getattr(cognito, operation)(**POOL, GroupName="nowhere")


def test_members_come_and_go(api: ApiServer, cognito: Any) -> None:
    cognito.create_group(**POOL, GroupName="team")
    for number in range(5):
        api.add_user(f"member-{number}")
        cognito.admin_add_user_to_group(**POOL, GroupName="team", Username=f"member-{number}")
    cognito.admin_add_user_to_group(**POOL, GroupName="team", Username="member-0")  # twice is fine
    cognito.admin_remove_user_from_group(**POOL, GroupName="team", Username="member-4")
    pages = cognito.get_paginator("list_users_in_group").paginate(
        **POOL, GroupName="team", PaginationConfig={"PageSize": 2}
    )
    names = [user["Username"] for page in pages for user in page["Users"]]
    assert sorted(names) == [f"member-{number}" for number in range(4)]
    assert api.claims(api.access_token("member-1"))["cognito:groups"] == ["team"]


@pytest.mark.parametrize("operation", ["admin_add_user_to_group", "admin_remove_user_from_group"])
def test_a_membership_needs_a_group_and_a_user(api: ApiServer, cognito: Any, operation: str) -> None:
    api.add_user("loner")
    with pytest.raises(cognito.exceptions.ResourceNotFoundException):
        getattr(cognito, operation)(**POOL, GroupName="nowhere", Username="loner")
    with pytest.raises(cognito.exceptions.UserNotFoundException):
        getattr(cognito, operation)(**POOL, GroupName="nowhere", Username="nobody")


def test_paginators_list_groups_of_the_pool_and_of_a_user(api: ApiServer, cognito: Any) -> None:
    api.add_user("joiner")
    for number in range(5):
        cognito.create_group(**POOL, GroupName=f"paged-{number}")
        cognito.admin_add_user_to_group(**POOL, GroupName=f"paged-{number}", Username="joiner")
    wanted = [f"paged-{number}" for number in range(5)]
    for operation, who in (("list_groups", {}), ("admin_list_groups_for_user", {"Username": "joiner"})):
        pages = cognito.get_paginator(operation).paginate(**POOL, **who, PaginationConfig={"PageSize": 2})
        names = [group["GroupName"] for page in pages for group in page["Groups"]]
        assert [name for name in names if name.startswith("paged")] == wanted
