"""Discovery of what an action leaves out."""

from dataclasses import replace
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from lb.authn.discovery import RETRY_SECONDS, ProviderSource, complete, is_complete, provider_of
from lb.authn.sender import HttpxSender
from lb.authn.single_flight import SingleFlight
from rules.actions import AuthenticateOidc

BARE = provider_of(AuthenticateOidc("https://idp", "client", "secret"))
EXPLICIT = replace(
    BARE, authorization_endpoint="https://x/a", token_endpoint="https://x/t", user_info_endpoint="https://x/u"
)
DOCUMENT = {
    "issuer": "https://idp",
    "authorization_endpoint": "https://idp/a",
    "token_endpoint": "https://idp/t",
    "userinfo_endpoint": "https://idp/u",
    "jwks_uri": "https://idp/k",
}


def test_a_document_completes_a_bare_provider() -> None:
    found = complete(BARE, DOCUMENT)
    assert not isinstance(found, str)
    assert is_complete(found)
    assert (found.authorization_endpoint, found.jwks_uri) == ("https://idp/a", "https://idp/k")
    assert (found.client_id, found.client_secret) == ("client", "secret")


def test_configured_endpoints_win() -> None:
    found = complete(EXPLICIT, DOCUMENT)
    assert not isinstance(found, str)
    assert (found.token_endpoint, found.jwks_uri) == ("https://x/t", "https://idp/k")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"issuer": "https://evil"}, "issuer"),
        ({"issuer": "https://idp/"}, "issuer"),
        ({"jwks_uri": None}, "jwks_uri"),
        ({"jwks_uri": "http://idp/k"}, "jwks_uri"),
        ({"token_endpoint": "file:///etc/passwd"}, "token_endpoint"),
        ({"token_endpoint": "https:///t"}, "token_endpoint"),
        ({"authorization_endpoint": "https://idp/a\r\nx: y"}, "authorization_endpoint"),
        ({"authorization_endpoint": "https://idp/größe"}, "authorization_endpoint"),
        ({"token_endpoint": "https://idp/größe"}, "token_endpoint"),
        ({"userinfo_endpoint": ["https://idp/u"]}, "userinfo_endpoint"),
        ({"userinfo_endpoint": "https://[idp/u"}, "userinfo_endpoint"),
    ],
    ids=str,
)
def test_unfit_documents_are_refused(changes: dict[str, Any], word: str) -> None:
    found = complete(BARE, DOCUMENT | changes)
    assert isinstance(found, str)
    assert word in found


@pytest.fixture
async def sender():
    sender = HttpxSender()
    yield sender
    await sender.aclose()


def source_of(provider: Any, sender: HttpxSender) -> ProviderSource:
    return ProviderSource(provider, sender=sender, flights=SingleFlight())


async def test_discovery_happens_once(world, sender) -> None:
    source = source_of(replace(BARE, issuer=world.provider.base), sender)
    assert source.current() is None
    found = await source.fetch(1000)
    assert found == source.current() == await source.fetch(1001)
    assert world.provider.count("/.well-known/openid-configuration") == 1


async def test_a_failure_is_retried_but_not_at_once(world, sender) -> None:
    path = "/.well-known/openid-configuration"
    world.provider.behaviour.answers[path] = PlainTextResponse("down", 503)
    source = source_of(replace(BARE, issuer=world.provider.base), sender)
    assert await source.fetch(1000) is None
    del world.provider.behaviour.answers[path]
    assert await source.fetch(1000 + RETRY_SECONDS - 1) is None
    assert await source.fetch(1000 + RETRY_SECONDS) is not None
    assert world.provider.count(path) == 2


async def test_a_clock_put_right_does_not_stop_the_asking(world, sender) -> None:
    path = "/.well-known/openid-configuration"
    world.provider.behaviour.answers[path] = PlainTextResponse("down", 503)
    source = source_of(replace(BARE, issuer=world.provider.base), sender)
    assert await source.fetch(1_000_000) is None
    del world.provider.behaviour.answers[path]
    assert await source.fetch(1000) is not None


def test_an_issuer_that_differs_is_told_with_both_spellings() -> None:
    """Most often it is a slash at the end."""
    found = complete(BARE, DOCUMENT | {"issuer": "https://idp/"})
    assert found == "its issuer is 'https://idp/', the action's Issuer 'https://idp'"


async def test_a_provider_without_a_document_works_with_explicit_endpoints(world, sender) -> None:
    """ALB performs no discovery: such providers exist behind it."""
    world.provider.behaviour.answers["/.well-known/openid-configuration"] = PlainTextResponse("", 404)
    source = source_of(replace(EXPLICIT, issuer=world.provider.base), sender)
    found = await source.fetch(1000)
    assert found is not None
    assert found.jwks_uri == f"{world.provider.base}/.well-known/jwks.json"
    assert source.current() is None, "and the document is looked for again later"


async def test_the_document_of_somebody_else_is_not_worked_around(world, sender) -> None:
    answer = JSONResponse(DOCUMENT | {"issuer": "https://evil"})
    world.provider.behaviour.answers["/.well-known/openid-configuration"] = answer
    assert await source_of(replace(EXPLICIT, issuer=world.provider.base), sender).fetch(1000) is None
