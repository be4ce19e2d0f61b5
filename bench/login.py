"""Logging in at the user pool, once, for the rows whose requests carry a session."""

from __future__ import annotations

from tests.support.stack import ADA, PASSWORD
from tests.support.visitor import Visitor


def session_cookie(url: str, prefix: str, *, verify: object = True) -> str:
    """Visit `url`, sign in where that leads; returns the Cookie header made of the cookies named `prefix`...

    Raises RuntimeError when there are none.
    """
    with Visitor(verify=verify) as visitor:
        page = visitor.visit(url)
        page.raise_for_status()
        page = visitor.submit(page, {"username": ADA, "password": PASSWORD})
        page.raise_for_status()
        cookies = visitor.cookies.values["localhost"]
        own = [f"{name}={value}" for name, value in cookies.items() if name.startswith(prefix)]
    if not own:
        raise RuntimeError(f"the login at {url} left no cookie {prefix}..., only {[*cookies]}")
    return "Cookie: " + "; ".join(own)
