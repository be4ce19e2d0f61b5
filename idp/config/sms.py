"""How text messages leave: `WebhookUrl`, `WebhookSecret`, `TimeoutSeconds`."""

from __future__ import annotations

from collections.abc import Mapping

from idp.config.clients import find_web_problem
from idp.config.reader import InvalidPools, Place, Problem, Reader
from idp.model import Secret
from idp.outbox.settings import SmsSettings


def parse_sms(document: Mapping[str, object], *, where: Place = ()) -> SmsSettings:
    """Read the webhook; raises InvalidPools with every problem."""
    problems: list[Problem] = []
    reader = Reader(document, where, problems)
    url = reader.required_text("WebhookUrl", pattern=r"https?://[!-~]+", shape="an http or https URL")
    secret = reader.required_text(
        "WebhookSecret", pattern=r"[!-~]{16,}", shape="16 or more visible characters"
    )
    timeout = reader.integer("TimeoutSeconds", 10, 1, 60)
    if url and (problem := find_web_problem(url)):
        # Codes would cross the network in clear.
        reader.report("WebhookUrl", "InvalidValue", problem)
    reader.finish()
    if problems:
        raise InvalidPools(problems)
    return SmsSettings(url, Secret(secret), timeout)
