"""Builds the events that functions get, identical in shape to Cognito's (cognito.md 8.1, 8.2). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from idp.model import Client, Group, Pool, User
from idp.signin.flows.triggers import Round
from idp.tokens.claims import roles_of
from idp.triggers.names import EventVersion, Trigger

Event = dict[str, Any]
NO_CLIENT: Final = "CLIENT_ID_NOT_APPLICABLE"
"""The client of what an administrator does without one."""
SDK: Final = "aws-sdk-unknown-unknown"


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who and what an event is about: the part that all events share."""

    trigger: Trigger
    name: str
    """What follows the underscore of `triggerSource`."""
    pool: Pool
    username: str
    client: Client | None = None

    def event(self, request: Mapping[str, Any], response: Mapping[str, Any], *, version: str = "1") -> Event:
        """Return the event."""
        return {
            "version": version,
            "region": self.pool.id.rpartition("_")[0],
            "userPoolId": self.pool.id,
            "userName": self.username,
            "callerContext": {
                "awsSdkVersion": SDK,
                "clientId": self.client.id if self.client is not None else NO_CLIENT,
            },
            "triggerSource": self.trigger.source(self.name),
            "request": dict(request),
            "response": dict(response),
        }


def user_attributes(user: User | None) -> dict[str, str]:
    """Return `userAttributes` of a stored user: texts, with `sub` and the status; empty for nobody."""
    if user is None:
        return {}
    return {"sub": user.sub, "cognito:user_status": user.status.value, **user.attributes}


def pre_sign_up(
    occasion: Occasion,
    attributes: Mapping[str, str],
    *,
    validation_data: Mapping[str, str],
    metadata: Mapping[str, str],
) -> Event:
    """PreSignUp: the user is not stored yet, so there is no `sub` and no status."""
    request = {
        "userAttributes": dict(attributes),
        "validationData": dict(validation_data) or None,
        **_metadata(metadata),
    }
    response = {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False}
    return occasion.event(request, response)


def post_confirmation(occasion: Occasion, user: User, *, metadata: Mapping[str, str]) -> Event:
    """PostConfirmation."""
    return occasion.event({"userAttributes": user_attributes(user), **_metadata(metadata)}, {})


def pre_authentication(occasion: Occasion, user: User | None, *, validation_data: Mapping[str, str]) -> Event:
    """PreAuthentication."""
    request = {
        "userAttributes": user_attributes(user),
        "validationData": dict(validation_data) or None,
        **_not_found(user),
    }
    return occasion.event(request, {})


def post_authentication(
    occasion: Occasion, user: User, *, new_device: bool, metadata: Mapping[str, str]
) -> Event:
    """PostAuthentication."""
    request = {
        "userAttributes": user_attributes(user),
        "newDeviceUsed": new_device,
        **_metadata(metadata),
    }
    return occasion.event(request, {})


def define_challenge(
    occasion: Occasion, user: User | None, *, rounds: Sequence[Round], metadata: Mapping[str, str]
) -> Event:
    """DefineAuthChallenge."""
    request = {
        "userAttributes": user_attributes(user),
        "session": [_spell_round(entry) for entry in rounds],
        **_metadata(metadata),
        **_not_found(user),
    }
    return occasion.event(request, {"challengeName": None, "issueTokens": None, "failAuthentication": None})


def create_challenge(
    occasion: Occasion,
    user: User | None,
    *,
    name: str,
    rounds: Sequence[Round],
    metadata: Mapping[str, str],
) -> Event:
    """CreateAuthChallenge."""
    request = {
        "userAttributes": user_attributes(user),
        "challengeName": name,
        "session": [_spell_round(entry) for entry in rounds],
        **_metadata(metadata),
        **_not_found(user),
    }
    response = {
        "publicChallengeParameters": None,
        "privateChallengeParameters": None,
        "challengeMetadata": None,
    }
    return occasion.event(request, response)


def verify_challenge(
    occasion: Occasion,
    user: User | None,
    *,
    answer: str,
    private: Mapping[str, str],
    metadata: Mapping[str, str],
) -> Event:
    """VerifyAuthChallengeResponse."""
    request = {
        "userAttributes": user_attributes(user),
        "privateChallengeParameters": dict(private),
        "challengeAnswer": answer,
        **_metadata(metadata),
        **_not_found(user),
    }
    return occasion.event(request, {"answerCorrect": None})


def user_migration(
    occasion: Occasion,
    *,
    password: str | None,
    validation_data: Mapping[str, str],
    metadata: Mapping[str, str],
) -> Event:
    """UserMigration; a forgotten password comes without one."""
    request = {
        **({"password": password} if password is not None else {}),
        "validationData": dict(validation_data) or None,
        **_metadata(metadata),
    }
    response = {
        "userAttributes": None,
        "forceAliasCreation": None,
        "enableSMSMFA": None,
        "finalUserStatus": None,
        "messageAction": None,
        "desiredDeliveryMediums": None,
    }
    return occasion.event(request, response)


def custom_message(
    occasion: Occasion,
    attributes: Mapping[str, str],
    *,
    names_user: bool,
    metadata: Mapping[str, str],
) -> Event:
    """CustomMessage: the gaps that the texts must keep, never the code itself."""
    request = {
        "userAttributes": dict(attributes),
        "codeParameter": "{####}",
        "linkParameter": "{##Click Here##}",
        "usernameParameter": "{username}" if names_user else None,
        **_metadata(metadata),
    }
    return occasion.event(request, {"smsMessage": None, "emailMessage": None, "emailSubject": None})


def custom_sender(
    occasion: Occasion,
    attributes: Mapping[str, str],
    *,
    code: str,
    metadata: Mapping[str, str],
) -> Event:
    """CustomEmailSender and CustomSMSSender; `code` as the function gets it."""
    kinds = {
        Trigger.CUSTOM_EMAIL_SENDER: "customEmailSenderRequestV1",
        Trigger.CUSTOM_SMS_SENDER: "customSMSSenderRequestV1",
    }
    request = {
        "type": kinds[occasion.trigger],
        "code": code,
        "clientMetadata": dict(metadata) or None,
        "userAttributes": dict(attributes),
    }
    return occasion.event(request, {})


def pre_token(
    occasion: Occasion,
    user: User | None,
    *,
    version: EventVersion,
    groups: Sequence[Group],
    scopes: Sequence[str],
    metadata: Mapping[str, str],
) -> Event:
    """PreTokenGeneration; without a user (V3) it is about a client's own tokens."""
    configuration = None if user is None else group_configuration(groups)
    request = {
        "userAttributes": user_attributes(user),
        "groupConfiguration": configuration,
        **({} if version is EventVersion.V1_0 else {"scopes": list(scopes)}),
        **_metadata(metadata),
    }
    key = "claimsOverrideDetails" if version is EventVersion.V1_0 else "claimsAndScopeOverrideDetails"
    return occasion.event(request, {key: None}, version=version.number)


def group_configuration(groups: Sequence[Group]) -> dict[str, Any]:
    """Return `groupConfiguration`: the groups and roles that the tokens would say."""
    roles, preferred = roles_of(groups)
    return {
        "groupsToOverride": [group.name for group in groups],
        "iamRolesToOverride": roles,
        "preferredRole": preferred,
    }


def _metadata(metadata: Mapping[str, str]) -> dict[str, Any]:
    return {"clientMetadata": dict(metadata)} if metadata else {}


def _not_found(user: User | None) -> dict[str, Any]:
    return {"userNotFound": True} if user is None else {}


def _spell_round(entry: Round) -> dict[str, Any]:
    return {
        "challengeName": entry.name,
        "challengeResult": entry.result,
        "challengeMetadata": entry.metadata,
    }
