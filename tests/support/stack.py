"""The whole thing as a user runs it: one `albacore run` with a listener, a user pool, and a target
behind it.

`Stack` is what tests get; the functions here build its configuration piece by piece, in the property
names of the file, so that a test shows only what is special about it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.running import Running, free_ports, running_albacore
from tests.support.target import Respond, Target, echo

POOL_ID = "us-east-1_Example01"
CLIENT_ID = "1example23456789"
CLIENT_SECRET = "the-client-secret-of-the-tests-0123456789abcdef"
PASSWORD = "Correct-Horse-9"
"""The password of every seeded user."""
ADA = "ada@example.com"
ARN = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/web/0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one stack, known before it starts: callback URLs are made of them."""

    web: int
    pool: int
    admin: int

    @property
    def url(self) -> str:
        """The load balancer as browsers reach it."""
        return f"http://localhost:{self.web}"

    @property
    def pool_url(self) -> str:
        """The user pool as browsers reach it."""
        return f"http://localhost:{self.pool}"


@dataclass(frozen=True, slots=True)
class Stack:
    """A running load balancer with its pool, and the target that gets the requests."""

    ports: Ports
    target: Target
    running: Running
    folder: Path

    @property
    def url(self) -> str:
        """The load balancer as browsers reach it."""
        return self.ports.url

    @property
    def pool_url(self) -> str:
        """The user pool as browsers reach it."""
        return self.ports.pool_url


def forward(group: str = "app") -> dict[str, object]:
    """A forward action."""
    return {"Type": "forward", "TargetGroupArn": group}


def fixed(status: int, text: str) -> dict[str, object]:
    """A fixed-response action with a text body."""
    config = {"StatusCode": str(status), "ContentType": "text/plain", "MessageBody": text}
    return {"Type": "fixed-response", "FixedResponseConfig": config}


def authenticate(**members: object) -> dict[str, object]:
    """An authenticate-cognito action at the stack's pool."""
    config = {
        "UserPoolArn": "people",
        "UserPoolClientId": "web",
        "UserPoolDomain": "people",
        "Scope": "openid email profile",
        **members,
    }
    return {"Type": "authenticate-cognito", "AuthenticateCognitoConfig": config}


def rule(priority: int, path: str, *actions: Mapping[str, object]) -> dict[str, object]:
    """A rule for paths of the pattern `path`."""
    condition = {"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}
    return {"Priority": priority, "Conditions": [condition], "Actions": list(actions)}


def group(*target_ports: int, name: str = "app") -> dict[str, object]:
    """A target group of local targets."""
    return {
        "Name": name,
        "Protocol": "HTTP",
        "Targets": [{"Id": "127.0.0.1", "Port": port} for port in target_ports],
        "HealthCheckPath": "/health",
    }


def user(name: str, /, **attributes: str) -> dict[str, object]:
    """A seeded user with the password of the tests and a verified mail address."""
    values = {"email": name if "@" in name else f"{name}@example.com", "email_verified": "true", **attributes}
    return {"Username": name, "Password": PASSWORD, "Attributes": values}


def pool_users(*names: str) -> dict[str, object]:
    """The pool property that seeds these users and no others."""
    return {"UserPoolUsers": [user(name) for name in names]}


def client(ports: Ports, **members: object) -> dict[str, object]:
    """The load balancer's app client."""
    return {
        "ClientName": "web",
        "ClientId": CLIENT_ID,
        "ClientSecret": CLIENT_SECRET,
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid", "email", "profile"],
        "CallbackURLs": [f"{ports.url}/oauth2/idpresponse"],
        "LogoutURLs": [f"{ports.url}/goodbye"],
        "SupportedIdentityProviders": ["COGNITO"],
        **members,
    }


def pool(ports: Ports, **members: object) -> dict[str, object]:
    """The stack's user pool: sign in with a mail address, one seeded user."""
    return {
        "UserPoolName": "people",
        "UserPoolId": POOL_ID,
        "UsernameAttributes": ["email"],
        "AutoVerifiedAttributes": ["email"],
        "UserPoolDomain": {"Domain": "people"},
        "UserPoolClients": [client(ports)],
        "UserPoolUsers": [user(ADA, name="Ada Lovelace")],
        **members,
    }


def stack_config(
    ports: Ports,
    target_port: int,
    *,
    rules: Sequence[Mapping[str, object]] = (),
    default: Sequence[Mapping[str, object]] | None = None,
    extra_groups: Sequence[Mapping[str, object]] = (),
    **members: object,
) -> dict[str, object]:
    """The whole file: every path needs a login unless `rules` or `default` say otherwise."""
    listener = {
        "Port": ports.web,
        "Protocol": "HTTP",
        "Address": "127.0.0.1",
        "DefaultActions": list(default if default is not None else [authenticate(), forward()]),
        "Rules": list(rules),
    }
    return {
        "LoadBalancer": {"Name": "web", "LoadBalancerArn": ARN},
        "Listeners": [listener],
        "TargetGroups": [group(target_port), *extra_groups],
        "UserPools": [pool(ports)],
        "PoolServer": {"Port": ports.pool, "Address": "127.0.0.1", "PublicUrl": ports.pool_url},
        "Admin": {"Port": ports.admin, "Address": "127.0.0.1"},
        "AccessLog": "access.log",
        "DataDirectory": "data",
        **members,
    }


@contextlib.contextmanager
def running_stack(
    folder: Path,
    *,
    rules: Sequence[Mapping[str, object]] = (),
    default: Sequence[Mapping[str, object]] | None = None,
    extra_groups: Sequence[Mapping[str, object]] = (),
    with_pool: bool = True,
    pool_members: Mapping[str, object] | None = None,
    respond: Callable[[Ports], Respond] = lambda _: echo,
    ports: Ports | None = None,
    env: Mapping[str, str] | None = None,
    **members: object,
) -> Iterator[Stack]:
    """Run a stack until the block is left.

    `pool_members` override single properties; `respond` makes the target's behaviour, given the ports;
    `ports` are taken as they are, for a restart in the same folder or a provider outside.
    """
    ports = ports or Ports(*free_ports(3))
    pool_document = pool(ports, **(pool_members or {}))
    with Target(respond(ports)) as target:
        config = stack_config(
            ports,
            target.port,
            rules=rules,
            default=default,
            extra_groups=extra_groups,
            **{"UserPools": [pool_document], **members},
        )
        if not with_pool:
            del config["UserPools"], config["PoolServer"]
        with running_albacore(config, folder, env=env) as running:
            yield Stack(ports, target, running, folder)
