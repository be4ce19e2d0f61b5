"""Sign-ins and tokens: how many a second by each flow, what one costs the pool, how long a caller waits."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pyotp
from pycognito.aws_srp import AWSSRP

from bench.measure import tell
from bench.pool.caller import Caller, Pace, RefusedError, Work, repeat
from bench.pool.people import add_people, name_of
from bench.pool.served import (
    ANN,
    CALLBACK,
    CLIENT,
    COST,
    MACHINE,
    MACHINE_SECRET,
    PASSWORD,
    POOL,
    PoolServer,
    database_of,
    running_pool,
)
from bench.report import columns
from tests.support.visitor import Visitor

STEP_SECONDS: Final = 30
TITLES: Final = ("flow", "", "per second", "CPU ms", "p50 ms", "p99 ms", "MiB", "x password")


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured."""

    seconds: float
    callers: int
    spare: int
    """People with an app, and codes made beforehand. Each code works once, and so does each app at a time."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What a caller does over and over, `most` times at most."""

    name: str
    work: Work
    most: int = sys.maxsize


@dataclass(frozen=True, slots=True)
class FlowRow:
    """What one flow came to."""

    name: str
    pace: Pace
    cpu_ms: float
    mib: float
    """Resident size of the process afterwards."""


def flow_table(folder: Path, effort: Effort) -> str:
    """Measure every flow and lay out the table."""
    with running_pool(folder) as server:
        asyncio.run(add_people(database_of(folder), effort.spare))
        before = server.program.rss_mib()
        rows = measure_flows(server, effort)
    usual = rows[0].cpu_ms
    lines = [
        [
            row.name,
            "",
            f"{row.pace.rate:.1f}",
            f"{row.cpu_ms:.1f}",
            f"{row.pace.percentile(0.5):.0f}",
            f"{row.pace.percentile(0.99):.0f}",
            f"{row.mib:.0f}",
            f"{row.cpu_ms / usual:.2f}",
        ]
        for row in rows
    ]
    title = (
        f"flows: SQLite, {effort.callers} callers; argon2id {COST.memory_kib} KiB, {COST.passes} passes, "
        f"{COST.lanes} lane; the process was {before:.0f} MiB before, {rows[-1].mib:.0f} after"
    )
    return f"{title}\n\n{columns(TITLES, lines)}"


def measure_flows(server: PoolServer, effort: Effort) -> list[FlowRow]:
    """Do each flow for a while. Raises what a flow raised."""
    rows = []
    for flow in list_flows(server, effort):
        tell(f"flows: {flow.name}")
        repeat(flow.work, server.url, seconds=0, callers=1)
        cpu = server.program.cpu_seconds()
        pace = repeat(
            flow.work, server.url, seconds=effort.seconds, callers=effort.callers, most=flow.most - 1
        )
        spent = server.program.cpu_seconds() - cpu
        rows.append(FlowRow(flow.name, pace, spent / len(pace.times) * 1e3, server.program.rss_mib()))
    tell("")
    return rows


def list_flows(server: PoolServer, effort: Effort) -> Iterator[Flow]:
    """Each flow in turn; what it needs is made first."""
    yield Flow("USER_PASSWORD_AUTH", sign_in)
    holders = AppHolders(server, effort.spare, callers=effort.callers)
    yield Flow("the same, then TOTP", holders.sign_in, most=effort.spare)
    yield Flow("USER_SRP_AUTH", sign_in_by_srp)
    token = refresh_token(server.url)
    yield Flow("REFRESH_TOKEN_AUTH", partial(refresh, token=token))
    yield Flow("hosted page, then code", sign_in_by_form)
    codes = Codes(server, effort.spare)
    yield Flow("/oauth2/token: authorization_code", codes.redeem, most=effort.spare)
    yield Flow("/oauth2/token: refresh_token", partial(refresh_by_form, token=token))
    yield Flow("/oauth2/token: client_credentials", get_machine_token)


def sign_in(caller: Caller, name: str = ANN) -> dict[str, object]:
    """Sign in with name and password."""
    typed = {"USERNAME": name, "PASSWORD": PASSWORD}
    answer = caller.initiate_auth(ClientId=CLIENT, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=typed)
    return dict(answer["AuthenticationResult"])


def refresh_token(url: str) -> str:
    """Sign in for a refresh token."""
    with closing(Caller(url)) as caller:
        return str(sign_in(caller)["RefreshToken"])


def sign_in_by_srp(caller: Caller) -> object:
    """Prove the password by SRP; the caller's half is plain Python and takes its time, too."""
    return AWSSRP(ANN, PASSWORD, POOL, CLIENT, client=caller).authenticate_user()


def refresh(caller: Caller, *, token: str) -> object:
    """Take fresh tokens through the API."""
    given = {"REFRESH_TOKEN": token}
    return caller.initiate_auth(ClientId=CLIENT, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=given)


def refresh_by_form(caller: Caller, *, token: str) -> object:
    """Take fresh tokens at the token endpoint."""
    return caller.redeem({"grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": token})


def get_machine_token(caller: Caller) -> object:
    """Take an access token as a program."""
    form = {"grant_type": "client_credentials", "scope": "things/read"}
    return caller.redeem(form, client=(MACHINE, MACHINE_SECRET))


def sign_in_by_form(caller: Caller) -> object:
    """Sign in on the page as a new browser, and redeem the code."""
    return redeem_code(caller, visit(caller.url))


def redeem_code(caller: Caller, code: str) -> object:
    """Redeem a code at the token endpoint."""
    form = {"grant_type": "authorization_code", "client_id": CLIENT, "redirect_uri": CALLBACK, "code": code}
    return caller.redeem(form)


def visit(url: str) -> str:
    """Sign in on the page as a new browser; returns the code."""
    # Without a list of authorities, which would take a new browser longer to read than all the rest.
    with Visitor(verify=False) as visitor:
        page = visitor.log_in(_authorize(url), username=ANN, password=PASSWORD, stop_at=CALLBACK)
    return _code_in(page)


def _authorize(url: str, **more: str) -> str:
    query = {"client_id": CLIENT, "response_type": "code", "scope": "openid", "redirect_uri": CALLBACK}
    return f"{url}/oauth2/authorize?{urlencode(query | more)}"


def _code_in(answer: httpx.Response) -> str:
    found = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("code")
    if not found:
        raise RefusedError(f"no code, but {answer.status_code}")
    return str(found[0])


class Codes:
    """Authorization codes that one browser fetched beforehand, staying signed in."""

    def __init__(self, server: PoolServer, count: int) -> None:
        with Visitor(verify=False) as visitor:
            visitor.log_in(_authorize(server.url), username=ANN, password=PASSWORD, stop_at=CALLBACK)
            address = _authorize(server.url, prompt="none")
            self._left = [_code_in(visitor.step("GET", address)) for _ in range(count)]

    def redeem(self, caller: Caller) -> object:
        """Redeem one that nobody has redeemed."""
        return redeem_code(caller, self._left.pop())


class AppHolders:
    """People with an authenticator app.

    A code works once: the present one sets the app up, the next one is good for a sign-in already.
    """

    def __init__(self, server: PoolServer, count: int, *, callers: int) -> None:
        self._turn = itertools.count()
        with ThreadPoolExecutor(callers) as pool:
            numbers = range(count)
            self._seeds = list(pool.map(lambda number: self._set_up(server.url, number), numbers))

    def sign_in(self, caller: Caller) -> object:
        """Sign in with the password and a code that has not been used."""
        number = next(self._turn)
        app = pyotp.TOTP(self._seeds[number])
        typed = {"USERNAME": name_of(number), "PASSWORD": PASSWORD}
        asked = caller.initiate_auth(ClientId=CLIENT, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=typed)
        if asked.get("ChallengeName") != "SOFTWARE_TOKEN_MFA":
            raise RefusedError(f"no code was asked for, but {asked.get('ChallengeName')}")
        code = app.at(int(time.time()) + STEP_SECONDS)
        answers = {"USERNAME": name_of(number), "SOFTWARE_TOKEN_MFA_CODE": code}
        return caller.respond_to_auth_challenge(
            ClientId=CLIENT,
            ChallengeName="SOFTWARE_TOKEN_MFA",
            Session=asked["Session"],
            ChallengeResponses=answers,
        )

    @staticmethod
    def _set_up(url: str, number: int) -> str:
        with closing(Caller(url)) as caller:
            token = sign_in(caller, name_of(number))["AccessToken"]
            seed = str(caller.api("AssociateSoftwareToken", AccessToken=token)["SecretCode"])
            caller.api("VerifySoftwareToken", AccessToken=token, UserCode=pyotp.TOTP(seed).now())
            wish = {"Enabled": True, "PreferredMfa": True}
            caller.api("SetUserMFAPreference", AccessToken=token, SoftwareTokenMfaSettings=wish)
        return seed
