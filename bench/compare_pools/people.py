"""Calls of somebody who signs up, signs in, and has an app that refreshes and revokes tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import jwt
from botocore.exceptions import ClientError
from pycognito.aws_srp import AWSSRP

from bench.compare_pools.play import Decision, DifferenceError, Stage, call, expect, prepare

PASSWORD, OTHER_PASSWORD = "Correct-Horse-9", "Better-Staple-8"
SIGN_UP, SIGN_IN, TOKENS = "Signing up", "Signing in", "Tokens"


def email(name: str) -> list[dict[str, str]]:
    """Attributes of a person with an address."""
    return [{"Name": "email", "Value": f"{name}@example.com"}]


def sign_in(stage: Stage, name: str, password: str = PASSWORD) -> dict[str, Any]:
    """Sign in with name and password as an app does."""
    parameters = {"USERNAME": name, "PASSWORD": password}
    answer = stage.public.initiate_auth(
        ClientId=stage["app"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
    )
    return dict(answer)


def add_person(stage: Stage, name: str) -> None:
    """Add a confirmed user, the way an administrator does. Raises NotReachedError."""

    def add() -> None:
        known = {"UserPoolId": stage["pool"], "Username": name}
        attributes = [*email(name), {"Name": "email_verified", "Value": "true"}]
        stage.signed.admin_create_user(**known, UserAttributes=attributes, MessageAction="SUPPRESS")
        stage.signed.admin_set_user_password(**known, Password=PASSWORD, Permanent=True)

    prepare(add)


def tokens_of(stage: Stage, name: str, password: str = PASSWORD) -> dict[str, Any]:
    """Tokens of a person. Raises NotReachedError."""
    return prepare(lambda: dict(sign_in(stage, name, password)["AuthenticationResult"]))


def claims_of(token: str) -> dict[str, Any]:
    """Claims of a token without checking it."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@call(SIGN_UP, "SignUp")
def sign_up(stage: Stage) -> None:
    answer = stage.public.sign_up(
        ClientId=stage["app"], Username="ann", Password=PASSWORD, UserAttributes=email("ann")
    )
    expect(answer["UserConfirmed"], False, "UserConfirmed")
    stage.made["signed up"] = answer
    sent = answer.get("CodeDeliveryDetails", {})
    expect(sent.get("Destination"), "a***@e***", "Destination")


@call(SIGN_UP, "SignUp, the name taken", refusal="UsernameExistsException")
def sign_up_again(stage: Stage) -> Decision:
    stage["signed up"]
    return lambda: stage.public.sign_up(
        ClientId=stage["app"], Username="ann", Password=PASSWORD, UserAttributes=email("ann")
    )


@call(SIGN_UP, "SignUp, a password that the policy forbids", refusal="InvalidPasswordException")
def sign_up_weakly(stage: Stage) -> Decision:
    return lambda: stage.public.sign_up(
        ClientId=stage["app"], Username="weak", Password="short1", UserAttributes=email("weak")
    )


@call(SIGN_UP, "SignUp, an attribute that the pool lacks", refusal="InvalidParameterException")
def sign_up_with_more(stage: Stage) -> Decision:
    attributes = [*email("more"), {"Name": "custom:nothing", "Value": "x"}]
    return lambda: stage.public.sign_up(
        ClientId=stage["app"], Username="more", Password=PASSWORD, UserAttributes=attributes
    )


@call(SIGN_UP, "SignUp at a client with a secret, without SecretHash", refusal="NotAuthorizedException")
def sign_up_without_hash(stage: Stage) -> Decision:
    client, _ = stage["server"]
    return lambda: stage.public.sign_up(
        ClientId=client, Username="hash", Password=PASSWORD, UserAttributes=email("hash")
    )


@call(SIGN_UP, "SignUp with a good SecretHash")
def sign_up_with_hash(stage: Stage) -> None:
    client, secret = stage["server"]
    digest = hmac.new(secret.encode(), f"good{client}".encode(), hashlib.sha256).digest()
    stage.public.sign_up(
        ClientId=client,
        SecretHash=base64.b64encode(digest).decode(),
        Username="good",
        Password=PASSWORD,
        UserAttributes=email("good"),
    )


@call(SIGN_UP, "InitiateAuth before the code was given", refusal="UserNotConfirmedException")
def sign_in_early(stage: Stage) -> Decision:
    stage["signed up"]
    return lambda: sign_in(stage, "ann")


@call(SIGN_UP, "ConfirmSignUp with a wrong code", refusal="CodeMismatchException")
def confirm_wrongly(stage: Stage) -> Decision:
    # A person of its own: where the wrong code is taken, the next rows must not suffer for it.
    stage.public.sign_up(
        ClientId=stage["app"], Username="bob", Password=PASSWORD, UserAttributes=email("bob")
    )
    return lambda: stage.public.confirm_sign_up(
        ClientId=stage["app"], Username="bob", ConfirmationCode="000000"
    )


@call(SIGN_UP, "ResendConfirmationCode")
def resend(stage: Stage) -> None:
    answer = stage.public.resend_confirmation_code(ClientId=stage["app"], Username="ann")
    stage.made["signed up"] = answer
    expect(answer["CodeDeliveryDetails"].get("DeliveryMedium"), "EMAIL", "DeliveryMedium")


@call(SIGN_UP, "ConfirmSignUp with the code")
def confirm(stage: Stage) -> None:
    code = stage.subject.code_of("ann@example.com", stage["signed up"])
    stage.public.confirm_sign_up(ClientId=stage["app"], Username="ann", ConfirmationCode=code)
    found = stage.signed.admin_get_user(UserPoolId=stage["pool"], Username="ann")
    expect(found["UserStatus"], "CONFIRMED", "UserStatus")
    values = {item["Name"]: item["Value"] for item in found["UserAttributes"]}
    expect(values.get("email_verified"), "true", "email_verified")


@call(SIGN_IN, "USER_PASSWORD_AUTH")
def sign_in_by_password(stage: Stage) -> None:
    add_person(stage, "cleo")
    stage.made["tokens"] = sign_in(stage, "cleo")["AuthenticationResult"]
    expect(stage["tokens"].get("TokenType"), "Bearer", "TokenType")


@call(SIGN_IN, "USER_PASSWORD_AUTH, wrong password", refusal="NotAuthorizedException")
def sign_in_wrongly(stage: Stage) -> Decision:
    stage["tokens"]
    return lambda: sign_in(stage, "cleo", "Wrong-Horse-1")


@call(SIGN_IN, "USER_PASSWORD_AUTH, nobody of that name: told the same", refusal="NotAuthorizedException")
def sign_in_nobody(stage: Stage) -> Decision:
    stage["tokens"]
    return lambda: sign_in(stage, "nobody")


@call(SIGN_IN, "USER_PASSWORD_AUTH where the client does not allow it", refusal="InvalidParameterException")
def sign_in_by_forbidden_flow(stage: Stage) -> Decision:
    made = stage.signed.create_user_pool_client(
        UserPoolId=stage["pool"], ClientName="strict", ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"]
    )["UserPoolClient"]
    parameters = {"USERNAME": "cleo", "PASSWORD": PASSWORD}
    return lambda: stage.public.initiate_auth(
        ClientId=made["ClientId"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
    )


@call(SIGN_IN, "Six wrong passwords: the seventh try finds a lock")
def lock_out(stage: Stage) -> None:
    add_person(stage, "dora")
    texts = []
    for _ in range(7):
        try:
            sign_in(stage, "dora", "Wrong-Horse-1")
        except ClientError as error:
            texts.append(error.response["Error"]["Message"])
    expect(texts[-1] == "Password attempts exceeded", True, "locked")


@call(SIGN_IN, "USER_SRP_AUTH, with pycognito's mathematics")
def sign_in_by_srp(stage: Stage) -> None:
    expect("AuthenticationResult" in _srp(stage, PASSWORD), True, "signed in")
    stage.made["srp"] = True


@call(SIGN_IN, "USER_SRP_AUTH, wrong password", refusal="NotAuthorizedException")
def sign_in_by_srp_wrongly(stage: Stage) -> Decision:
    stage["srp"]
    return lambda: _srp(stage, "Wrong-Horse-1")


def _srp(stage: Stage, password: str) -> Mapping[str, Any]:
    half = AWSSRP("cleo", password, stage["pool"], stage["app"], client=stage.public)
    tokens: Mapping[str, Any] = half.authenticate_user()
    return tokens


@call(SIGN_IN, "USER_AUTH: what to choose from, then the password")
def sign_in_by_choice(stage: Stage) -> None:
    flow = {"ClientId": stage["app"], "AuthFlow": "USER_AUTH"}
    first = stage.public.initiate_auth(**flow, AuthParameters={"USERNAME": "cleo"})
    expect(first.get("ChallengeName"), "SELECT_CHALLENGE", "ChallengeName")
    answers = {"USERNAME": "cleo", "ANSWER": "PASSWORD", "PASSWORD": PASSWORD}
    done = stage.public.respond_to_auth_challenge(
        ClientId=stage["app"],
        ChallengeName="SELECT_CHALLENGE",
        Session=first["Session"],
        ChallengeResponses=answers,
    )
    expect("AuthenticationResult" in done, True, "signed in")


@call(SIGN_IN, "ADMIN_USER_PASSWORD_AUTH")
def sign_in_by_admin(stage: Stage) -> None:
    answer = stage.signed.admin_initiate_auth(
        UserPoolId=stage["pool"],
        ClientId=stage["app"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "cleo", "PASSWORD": PASSWORD},
    )
    expect("AuthenticationResult" in answer, True, "signed in")


@call(SIGN_IN, "A temporary password: NEW_PASSWORD_REQUIRED, then in")
def replace_temporary(stage: Stage) -> None:
    stage.signed.admin_create_user(
        UserPoolId=stage["pool"], Username="emil", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
    )
    first = sign_in(stage, "emil")
    expect(first.get("ChallengeName"), "NEW_PASSWORD_REQUIRED", "ChallengeName")
    done = stage.public.respond_to_auth_challenge(
        ClientId=stage["app"],
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=first["Session"],
        ChallengeResponses={"USERNAME": "emil", "NEW_PASSWORD": OTHER_PASSWORD},
    )
    expect("AuthenticationResult" in done, True, "signed in")


@call(TOKENS, "ID token: signed by a key of the pool's JWKS, for this client")
def verify_token(stage: Stage) -> None:
    token = stage["tokens"]["IdToken"]
    keys = stage.subject.get(f"/{stage['pool']}/.well-known/jwks.json").json()
    wanted = jwt.get_unverified_header(token)["kid"]
    key = next((key for key in jwt.PyJWKSet.from_dict(keys).keys if key.key_id == wanted), None)
    if key is None:
        raise DifferenceError("no such key in the JWKS")
    claims = jwt.decode(
        token, key, algorithms=["RS256"], audience=stage["app"], options={"verify_iss": False}
    )
    expect(claims.get("token_use"), "id", "token_use")


@call(TOKENS, "Access token: Cognito's claims")
def read_access_token(stage: Stage) -> None:
    claims = claims_of(stage["tokens"]["AccessToken"])
    wanted = {"sub", "iss", "client_id", "origin_jti", "event_id", "token_use", "scope", "auth_time", "exp",
              "iat", "jti", "username"}  # fmt: skip
    expect(", ".join(sorted(wanted - set(claims))), "", "missing")


@call(TOKENS, "/.well-known/openid-configuration")
def discover(stage: Stage) -> None:
    answer = stage.subject.get(f"/{stage['pool']}/.well-known/openid-configuration")
    expect(answer.status_code, 200, "status")
    missing = {"issuer", "jwks_uri", "authorization_endpoint", "token_endpoint"} - set(answer.json())
    expect(", ".join(sorted(missing)), "", "missing")


@call(TOKENS, "REFRESH_TOKEN_AUTH")
def refresh(stage: Stage) -> None:
    answer = _refresh(stage, stage["tokens"]["RefreshToken"])
    expect("IdToken" in answer["AuthenticationResult"], True, "tokens")


@call(TOKENS, "GetTokensFromRefreshToken")
def refresh_by_operation(stage: Stage) -> None:
    # Cognito serves this operation where tokens rotate or the flow is left out of the client's list.
    made = stage.signed.create_user_pool_client(
        UserPoolId=stage["pool"],
        ClientName="rotating",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
    )["UserPoolClient"]
    parameters = {"USERNAME": "cleo", "PASSWORD": PASSWORD}
    first = stage.public.initiate_auth(
        ClientId=made["ClientId"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
    )["AuthenticationResult"]
    asked = {"ClientId": made["ClientId"], "RefreshToken": first["RefreshToken"]}
    answer = stage.public.get_tokens_from_refresh_token(**asked)["AuthenticationResult"]
    expect(answer.get("RefreshToken") not in {None, first["RefreshToken"]}, True, "rotated")


@call(TOKENS, "RevokeToken ends the refresh token", refusal="NotAuthorizedException")
def revoke(stage: Stage) -> Decision:
    token = tokens_of(stage, "cleo")["RefreshToken"]
    stage.public.revoke_token(Token=token, ClientId=stage["app"])
    return lambda: _refresh(stage, token)


@call(TOKENS, "GlobalSignOut ends the access token", refusal="NotAuthorizedException")
def sign_out(stage: Stage) -> Decision:
    token = tokens_of(stage, "cleo")["AccessToken"]
    stage.public.global_sign_out(AccessToken=token)
    return lambda: stage.public.get_user(AccessToken=token)


@call(TOKENS, "GetUser with a forged access token", refusal="NotAuthorizedException")
def forge(stage: Stage) -> Decision:
    head, _, signature = tokens_of(stage, "cleo")["AccessToken"].split(".")
    claims = claims_of(stage["tokens"]["AccessToken"]) | {"username": "ann"}
    forged = jwt.encode(claims, "x" * 32).split(".")[1]
    return lambda: stage.public.get_user(AccessToken=f"{head}.{forged}.{signature}")


@call(TOKENS, "GetUser with an ID token", refusal="NotAuthorizedException")
def confuse(stage: Stage) -> Decision:
    return lambda: stage.public.get_user(AccessToken=tokens_of(stage, "cleo")["IdToken"])


def _refresh(stage: Stage, token: str) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = stage.public.initiate_auth(
        ClientId=stage["app"], AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": token}
    )
    return answer
