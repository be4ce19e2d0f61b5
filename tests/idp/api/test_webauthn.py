"""Passkeys through the API with boto3, and a sign-in with one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_server import ApiServer, api_server
from tests.support.authenticator import Authenticator
from tests.support.pools import PASSWORD
from tests.support.sign_in_pool import APP, sign_in_document

ORIGIN = "https://app.example.com"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    document = sign_in_document(
        Policies={"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}},
        WebAuthnRelyingPartyID="example.com",
    )
    with api_server(tmp_path_factory.mktemp("webauthn") / "data", prepared_directory, document) as server:
        for name in ("ann", "bob"):
            server.add_user(name)
        yield server


def token_of(public: Any, name: str) -> str:
    signed_in = public.initiate_auth(
        ClientId=APP,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
    )
    return str(signed_in["AuthenticationResult"]["AccessToken"])


def register(public: Any, token: str) -> Authenticator:
    device = Authenticator(ORIGIN)
    options = public.start_web_authn_registration(AccessToken=token)["CredentialCreationOptions"]
    public.complete_web_authn_registration(AccessToken=token, Credential=device.create(options))
    return device


def test_a_passkey_is_registered_listed_used_and_deleted(public: Any) -> None:
    token = token_of(public, "ann")
    device = register(public, token)
    [passkey] = public.list_web_authn_credentials(AccessToken=token)["Credentials"]
    assert passkey["RelyingPartyId"] == "example.com"
    assert passkey["AuthenticatorAttachment"] == "platform"
    assert passkey["AuthenticatorTransports"] == ["internal"]
    assert passkey["FriendlyCredentialName"]
    assert passkey["CreatedAt"].year >= 2026
    offered = public.initiate_auth(ClientId=APP, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": "ann"})
    assert "WEB_AUTHN" in offered["AvailableChallenges"]
    challenge = public.initiate_auth(
        ClientId=APP,
        AuthFlow="USER_AUTH",
        AuthParameters={"USERNAME": "ann", "PREFERRED_CHALLENGE": "WEB_AUTHN"},
    )
    options = json.loads(challenge["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"])
    assert options["rpId"] == "example.com"
    responses = {"USERNAME": "ann", "CREDENTIAL": json.dumps(device.get(options))}
    said = {"ClientId": APP, "ChallengeName": "WEB_AUTHN", "ChallengeResponses": responses}
    lie = {**responses, "CREDENTIAL": json.dumps(device.get(options, origin="https://evil.example"))}
    with pytest.raises(public.exceptions.NotAuthorizedException):
        public.respond_to_auth_challenge(**{**said, "ChallengeResponses": lie}, Session=challenge["Session"])
    responses["CREDENTIAL"] = json.dumps(device.get(options))
    done = public.respond_to_auth_challenge(**said, Session=challenge["Session"])
    assert "AccessToken" in done["AuthenticationResult"]
    with pytest.raises(public.exceptions.NotAuthorizedException):
        public.respond_to_auth_challenge(**said, Session=challenge["Session"])
    public.delete_web_authn_credential(AccessToken=token, CredentialId=passkey["CredentialId"])
    assert public.list_web_authn_credentials(AccessToken=token)["Credentials"] == []
    with pytest.raises(public.exceptions.ResourceNotFoundException):
        public.delete_web_authn_credential(AccessToken=token, CredentialId=passkey["CredentialId"])


def test_the_list_comes_in_pages_without_gaps(public: Any) -> None:
    token = token_of(public, "bob")
    devices = [register(public, token) for _ in range(3)]
    found: list[str] = []
    page = public.list_web_authn_credentials(AccessToken=token, MaxResults=1)
    while True:
        found += [passkey["CredentialId"] for passkey in page["Credentials"]]
        if "NextToken" not in page:
            break
        page = public.list_web_authn_credentials(AccessToken=token, MaxResults=1, NextToken=page["NextToken"])
    assert len(found) == len(set(found)) == len(devices)


def test_refusals_are_cognitos_exceptions(public: Any) -> None:
    ann, bob = token_of(public, "ann"), token_of(public, "bob")
    options = public.start_web_authn_registration(AccessToken=ann)["CredentialCreationOptions"]
    made = Authenticator(ORIGIN).create(options)
    with pytest.raises(public.exceptions.WebAuthnChallengeNotFoundException):
        public.complete_web_authn_registration(AccessToken=bob, Credential=made)
    stranger = Authenticator("https://evil.example").create(options)
    with pytest.raises(public.exceptions.WebAuthnOriginNotAllowedException):
        public.complete_web_authn_registration(AccessToken=ann, Credential=stranger)
    options = public.start_web_authn_registration(AccessToken=ann)["CredentialCreationOptions"]
    other_site = Authenticator(ORIGIN).create(options, rp_id="other.example")
    with pytest.raises(public.exceptions.WebAuthnRelyingPartyMismatchException):
        public.complete_web_authn_registration(AccessToken=ann, Credential=other_site)
    options = public.start_web_authn_registration(AccessToken=ann)["CredentialCreationOptions"]
    odd = Authenticator(ORIGIN).create(options, cose={1: 1, 3: -8, -1: 6, -2: bytes(32)})
    with pytest.raises(public.exceptions.WebAuthnCredentialNotSupportedException):
        public.complete_web_authn_registration(AccessToken=ann, Credential=odd)
    with pytest.raises(public.exceptions.InvalidParameterException):
        public.complete_web_authn_registration(AccessToken=ann, Credential={"nonsense": [1, None, True]})
