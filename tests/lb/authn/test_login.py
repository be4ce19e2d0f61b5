"""Whole logins against a provider on a real socket."""

from urllib.parse import parse_qs, urlsplit

from lb.outcomes import Proceed
from tests.support.login_browser import location


async def test_login_leads_back_to_the_original_url_with_a_session(world):
    browser = world.browser()
    answer = await browser.log_in("https://app.example/start?x=1&y=%2F")
    assert location(answer) == "https://app.example/start?x=1&y=%2F"
    outcome = await browser.get("https://app.example/start")
    assert isinstance(outcome, Proceed)
    headers = dict(outcome.request_headers)
    assert headers[b"x-amzn-oidc-identity"] == b"user-1"
    assert headers[b"x-amzn-oidc-accesstoken"].startswith(b"access-")
    assert outcome.action == "authenticate"
