"""UserPools: what is read, and every mistake with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.config import InvalidPools, PoolConfig, PoolsConfig, parse_pools
from idp.config.document import derive_pool_id
from idp.model import Client, DataType, PasswordPolicy, RefreshRotation
from idp.signin.records import DeviceTracking
from tests.support.pools import PASSWORD, client_document, pool_document


def parse(**members: object) -> PoolConfig:
    return parse_pools([pool_document(**members)]).pools[0]  # type: ignore[arg-type]


def parse_client(**members: object) -> Client:
    return parse(client=members).clients[0].client


def problems_of(document: object) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(InvalidPools) as caught:
        parse_pools(document)
    return [(problem.where, problem.code) for problem in caught.value.problems]


def test_the_shortest_pool_and_client_that_work() -> None:
    url = "http://localhost:8080/oauth2/idpresponse"
    client = {"ClientName": "web", "GenerateSecret": True, "CallbackURLs": [url]}
    config = parse_pools([{"UserPoolName": "staff", "UserPoolClients": [client]}]).pools[0]
    assert config.pool.id == derive_pool_id("staff")
    assert config.pool.password_policy == PasswordPolicy(8, True, True, True, True, 7)
    declared = config.clients[0]
    assert (declared.id, declared.wants_secret) == (None, True)
    assert declared.client.oauth_enabled
    assert declared.client.oauth_flows == ("code",)
    assert declared.client.oauth_scopes == ("openid", "email", "phone", "profile")
    assert declared.client.identity_providers == ("COGNITO",)


@pytest.mark.parametrize("shape", [lambda p: [p], lambda p: p, lambda p: {"UserPools": [p]}])
def test_a_list_a_pool_or_a_mapping(shape: object) -> None:
    assert parse_pools(shape(pool_document())).pools[0].pool.name == "staff"  # type: ignore[operator]


@pytest.mark.parametrize("document", [None, [], {"UserPools": None}])
def test_no_pools_are_no_problem(document: object) -> None:
    assert parse_pools(document).pools == ()


def test_the_pool_id_follows_from_the_name_alone() -> None:
    assert derive_pool_id("staff") == derive_pool_id("staff") != derive_pool_id("stuff")
    assert parse_pools([{"UserPoolName": "x"}]).pools[0].pool.id.startswith("local_")


def test_reads_the_pools_properties() -> None:
    pool = parse(
        Policies={"PasswordPolicy": {"MinimumLength": 12, "RequireSymbols": "false"}},
        UsernameAttributes=["email"],
        UsernameConfiguration={"CaseSensitive": False},
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": True, "UnusedAccountValidityDays": 3},
        Schema=[
            {"Name": "team", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MinValue": "1"}},
            {"Name": "name", "Required": True, "StringAttributeConstraints": {"MaxLength": "40"}},
        ],
        UserPoolDomain="people",
        UserPoolResourceServers=[{"Identifier": "api", "Scopes": [{"ScopeName": "read"}]}],
        VerificationMessageTemplate={"EmailMessage": "Code: {####}", "EmailSubject": "Hi"},
    ).pool
    assert pool.password_policy == PasswordPolicy(12, True, True, True, False, 3)
    assert (pool.username_attributes, pool.case_sensitive, pool.admin_create_only) == (
        ("email",),
        False,
        True,
    )
    team, name = pool.attribute("custom:team"), pool.attribute("name")
    assert team is not None
    assert name is not None
    assert (team.data_type, team.min_value) == (DataType.NUMBER, 1)
    assert (name.required, name.max_length) == (True, 40)
    assert pool.domain == "people"
    assert pool.resource_servers[0].scope_names == ("api/read",)
    assert pool.verification_message is not None
    assert pool.verification_message.subject == "Hi"


def test_reads_the_clients_properties() -> None:
    client = parse_client(
        AccessTokenValidity=5,
        IdTokenValidity="10",
        RefreshTokenValidity=2,
        TokenValidityUnits={"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "hours"},
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
        PreventUserExistenceErrors="ENABLED",
        ReadAttributes=["email"],
        AuthSessionValidity=5,
    )
    assert (client.access_token_seconds, client.id_token_seconds, client.refresh_token_seconds) == (
        300,
        600,
        7200,
    )
    assert client.rotation == RefreshRotation(True, 10)
    assert (client.hides_existence, client.read_attributes, client.auth_session_seconds) == (
        True,
        ("email",),
        300,
    )


def test_oauth_can_be_switched_off() -> None:
    assert not parse_client(AllowedOAuthFlowsUserPoolClient=False).oauth_enabled


POOL_MISTAKES = {
    "misspelt": ({"UserPoolNam": "x"}, ("UserPoolNam",), "UnknownKey"),
    "later": ({"EmailConfiguration": {}}, ("EmailConfiguration",), "NotSupportedYet"),
    "codes by carrier pigeon": (
        {"AutoVerifiedAttributes": ["address"]},
        ("AutoVerifiedAttributes", 0),
        "InvalidValue",
    ),
    "bad id": ({"UserPoolId": "staff"}, ("UserPoolId",), "InvalidValue"),
    "issuer with a query": ({"Issuer": "https://login.example.com/x?y"}, ("Issuer",), "InvalidValue"),
    "issuer with a final slash": ({"Issuer": "https://login.example.com/"}, ("Issuer",), "InvalidValue"),
    "number for a text": ({"UserPoolName": 7}, ("UserPoolName",), "WrongType"),
    "text for a list": ({"AliasAttributes": "email"}, ("AliasAttributes",), "WrongType"),
    "two modes": (
        {"AliasAttributes": ["email"], "UsernameAttributes": ["email"]},
        ("AliasAttributes",),
        "Conflict",
    ),
    "length": (
        {"Policies": {"PasswordPolicy": {"MinimumLength": 5}}},
        ("Policies", "PasswordPolicy", "MinimumLength"),
        "InvalidValue",
    ),
    "nested unknown": (
        {"Policies": {"PasswordPolicy": {"MinimumLenght": 9}}},
        ("Policies", "PasswordPolicy", "MinimumLenght"),
        "UnknownKey",
    ),
    "required custom": (
        {"Schema": [{"Name": "team", "Required": True}]},
        ("Schema", 0, "Required"),
        "InvalidValue",
    ),
    "retyped": (
        {"Schema": [{"Name": "email", "AttributeDataType": "Number"}]},
        ("Schema", 0, "AttributeDataType"),
        "InvalidValue",
    ),
    "no gap": (
        {"VerificationMessageTemplate": {"EmailMessage": "Hello"}},
        ("VerificationMessageTemplate", "EmailMessage"),
        "InvalidValue",
    ),
    "subject of two lines": (
        {"VerificationMessageTemplate": {"EmailMessage": "{####}", "EmailSubject": "a\nBcc: b@c.d"}},
        ("VerificationMessageTemplate", "EmailSubject"),
        "InvalidValue",
    ),
    "admin_only and more": (
        {
            "AccountRecoverySetting": {
                "RecoveryMechanisms": [{"Name": "admin_only"}, {"Name": "verified_email"}]
            }
        },
        ("AccountRecoverySetting",),
        "Conflict",
    ),
    "weak seed": (
        {"UserPoolUsers": [{"Username": "a", "Password": "weak"}]},
        ("UserPoolUsers", 0, "Password"),
        "InvalidValue",
    ),
    "seed in no group": (
        {"UserPoolUsers": [{"Username": "a", "Groups": ["x"]}]},
        ("UserPoolUsers", 0, "Groups", 0),
        "InvalidValue",
    ),
    "seed without a phone": (
        {
            "UserPoolUsers": [
                {
                    "Username": "a",
                    "Attributes": {"email": "a@b.c"},
                    "DesiredDeliveryMediums": ["EMAIL", "SMS"],
                }
            ]
        },
        ("UserPoolUsers", 0, "DesiredDeliveryMediums", 1),
        "Conflict",
    ),
    "seed attribute": (
        {"UserPoolUsers": [{"Username": "a", "Attributes": {"emial": "a@b.c"}}]},
        ("UserPoolUsers", 0, "Attributes"),
        "InvalidValue",
    ),
    "twins": ({"UserPoolGroups": [{"GroupName": "a"}, {"GroupName": "a"}]}, ("UserPoolGroups",), "Duplicate"),
    "scope with slash": (
        {"UserPoolResourceServers": [{"Identifier": "api", "Scopes": [{"ScopeName": "a/b"}]}]},
        ("UserPoolResourceServers", 0, "Scopes", 0, "ScopeName"),
        "InvalidValue",
    ),
}


@pytest.mark.parametrize(("members", "where", "code"), POOL_MISTAKES.values(), ids=POOL_MISTAKES)
def test_mistakes_in_a_pool(members: dict[str, object], where: tuple[str | int, ...], code: str) -> None:
    assert problems_of([pool_document(**members)]) == [((0, *where), code)]  # type: ignore[arg-type]


CLIENT_MISTAKES = {
    "misspelt": ({"CallbackUrls": []}, ("CallbackUrls",), "UnknownKey"),
    "mixed": ({"AllowedOAuthFlows": ["code", "client_credentials"]}, ("AllowedOAuthFlows",), "Conflict"),
    "unknown scope": ({"AllowedOAuthScopes": ["api/read"]}, ("AllowedOAuthScopes", 0), "InvalidValue"),
    "no callback": ({"CallbackURLs": []}, ("CallbackURLs",), "Missing"),
    "short secret": ({"ClientSecret": "short"}, ("ClientSecret",), "InvalidValue"),
    "both secrets": ({"GenerateSecret": True}, ("GenerateSecret",), "Conflict"),
    "refresh too short": (
        {
            "AccessTokenValidity": 12,
            "RefreshTokenValidity": 6,
            "TokenValidityUnits": {"RefreshToken": "hours"},
        },
        ("RefreshTokenValidity",),
        "Conflict",
    ),
    "access too long": ({"AccessTokenValidity": 25}, ("AccessTokenValidity",), "InvalidValue"),
    "unknown attribute": ({"ReadAttributes": ["custom:x"]}, ("ReadAttributes", 0), "InvalidValue"),
    "other provider": (
        {"SupportedIdentityProviders": ["Google"]},
        ("SupportedIdentityProviders", 0),
        "InvalidValue",
    ),
    "default elsewhere": (
        {"DefaultRedirectURI": "https://x.example"},
        ("DefaultRedirectURI",),
        "InvalidValue",
    ),
}


@pytest.mark.parametrize(("members", "where", "code"), CLIENT_MISTAKES.values(), ids=CLIENT_MISTAKES)
def test_mistakes_in_a_client(members: dict[str, object], where: tuple[str | int, ...], code: str) -> None:
    place = (0, "UserPoolClients", 0, *where)
    assert problems_of([pool_document(client=members)]) == [(place, code)]


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example.com/cb",
        "https://app.example.com/cb#x",
        "https://*.example.com/cb",
        "/cb",
        "https://",
        "https://user@app.example.com/cb",
        "javascript:alert(1)",
        "https://app.example.com/a b",
        "https://app.example.com/\n",
        "https://[::1/cb",
        "http://localhost.example.com/cb",
        "https://app.example.com/" + "a" * 1024,
    ],
)
def test_callback_urls_that_are_refused(url: str) -> None:
    place = (0, "UserPoolClients", 0, "CallbackURLs", 0)
    assert problems_of([pool_document(client={"CallbackURLs": [url]})]) == [(place, "InvalidValue")]


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com/cb?x=1",
        "http://localhost:3000/cb",
        "http://127.0.0.1:8080/",
        "http://[::1]:8080/",
        "http://app.localhost/cb",
        "myapp://signed-in",
    ],
)
def test_callback_urls_that_are_fine(url: str) -> None:
    assert parse_client(CallbackURLs=[url]).callback_urls == (url,)


def test_all_problems_come_at_once_and_are_spelt_with_their_place() -> None:
    with pytest.raises(InvalidPools) as caught:
        parse_pools(
            [{"UserPoolNme": "a"}, 7, pool_document(client={"ClientSecret": 5}, MfaConfiguration="x")]
        )
    assert str(caught.value).splitlines() == [
        "[1]: expected a mapping, found a number",
        "[0]: `UserPoolName` is missing",
        "[0].UserPoolNme: unknown property `UserPoolNme`; did you mean `UserPoolName`?",
        "[2].MfaConfiguration: must be one of `OFF`, `ON`, `OPTIONAL`; found `x`",
        "[2].UserPoolClients[0].ClientSecret: must be a text, not a number: put it in quotes",
    ]


def test_ids_are_unique_over_all_pools() -> None:
    first, second = pool_document(), pool_document(UserPoolId="us-east-1_Other0001", UserPoolName="other")
    assert problems_of([first, second]) == [((1, "UserPoolClients"), "Duplicate")]
    assert ((1, "UserPoolId"), "Duplicate") in problems_of([first, pool_document(UserPoolName="other")])


def test_two_pools_cannot_have_one_issuer() -> None:
    first = pool_document(Issuer="https://login.example.com/x")
    second = pool_document(
        UserPoolId="us-east-1_Other0001", UserPoolName="other", UserPoolClients=[], Issuer=first["Issuer"]
    )
    assert problems_of([first, second]) == [((1, "Issuer"), "Duplicate")]


def test_a_place_can_be_put_in_front() -> None:
    with pytest.raises(InvalidPools) as caught:
        parse_pools([7], where=("UserPools",))
    assert caught.value.problems[0].where == ("UserPools", 0)


def test_seed_users_in_either_spelling() -> None:
    ours = {"Username": "ann", "Password": PASSWORD, "Attributes": {"email": "a@b.c", "email_verified": True}}
    theirs = {"Username": "bob", "UserAttributes": [{"Name": "email", "Value": "b@b.c"}]}
    users = parse(UserPoolUsers=[ours, theirs]).users
    assert [dict(user.attributes) for user in users] == [
        {"email": "a@b.c", "email_verified": "true"},
        {"email": "b@b.c"},
    ]
    assert PASSWORD not in repr(users)


def test_a_seed_says_how_its_invitation_goes() -> None:
    seed = {"Username": "+12025550123", "DesiredDeliveryMediums": ["SMS"]}
    [user] = parse(UsernameAttributes=["phone_number"], UserPoolUsers=[seed]).users
    assert user.mediums == ("SMS",)


def test_secrets_are_not_in_reprs() -> None:
    assert str(client_document()["ClientSecret"]) not in repr(parse())


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
KNOWN = [
    *pool_document(),
    *client_document(),
    "Schema",
    "Policies",
    "UserPoolUsers",
    "UserPoolGroups",
    "Username",
]


@given(
    st.lists(st.dictionaries(st.sampled_from(KNOWN) | st.text(max_size=8), values, max_size=6), max_size=3)
    | values
)
def test_any_document_is_read_or_refused_with_places(document: object) -> None:
    assert isinstance(outcome_of(document), PoolsConfig | str)


def outcome_of(document: object) -> PoolsConfig | str:
    try:
        return parse_pools(document)
    except InvalidPools as refused:
        return str(refused)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, None),
        ({"DeviceConfiguration": {}}, DeviceTracking()),
        (
            {"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": True}},
            DeviceTracking(challenge_on_new_device=True),
        ),
        (
            {"DeviceConfiguration": {"DeviceOnlyRememberedOnUserPrompt": "true"}},
            DeviceTracking(only_remembered_on_prompt=True),
        ),
    ],
    ids=["nothing", "there", "challenge", "prompt"],
)
def test_devices_are_tracked_where_the_pool_says_so(
    members: dict[str, object], expected: DeviceTracking | None
) -> None:
    assert parse(**members).pool.devices == expected


@pytest.mark.parametrize(
    "flows",
    [["ADMIN_NO_SRP_AUTH", "ALLOW_USER_SRP_AUTH"], ["ALLOW_CLIENT_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]],
    ids=["legacy-and-new", "client-tokens-and-users"],
)
def test_auth_flows_that_do_not_go_together(flows: list[str]) -> None:
    where = (0, "UserPoolClients", 0, "ExplicitAuthFlows")
    found = problems_of([pool_document(client={"ExplicitAuthFlows": flows})])
    assert (where, "Conflict") in found


def test_legacy_auth_flows_are_read() -> None:
    flows = ["ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH"]
    assert parse_client(ExplicitAuthFlows=flows).explicit_auth_flows == tuple(flows)


def test_admin_group_opens_the_console() -> None:
    pool = parse(AdminGroup="admins", AdminSessionMinutes=5, UserPoolGroups=[{"GroupName": "admins"}]).pool
    assert (pool.admin_group, pool.admin_session_minutes) == ("admins", 5)
    assert parse().pool.admin_group is None


@pytest.mark.parametrize(
    ("members", "where"),
    [
        ({"AdminGroup": "admin", "UserPoolGroups": [{"GroupName": "admins"}]}, "AdminGroup"),
        ({"AdminSessionMinutes": 0}, "AdminSessionMinutes"),
        ({"AdminSessionMinutes": 61}, "AdminSessionMinutes"),
    ],
    ids=["group with a typo", "no time at all", "longer than a session"],
)
def test_console_that_would_be_shut_or_open_too_long_is_reported(
    members: dict[str, object], where: str
) -> None:
    assert problems_of([pool_document(**members)]) == [((0, where), "InvalidValue")]  # type: ignore[arg-type]
