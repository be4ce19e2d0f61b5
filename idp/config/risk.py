"""`UserPoolRiskConfigurationAttachments` of a pool: the properties of
AWS::Cognito::UserPoolRiskConfigurationAttachment.

Read into the members of SetRiskConfiguration, which go through the same reader. `ClientId` is the id or the
name of one of the pool's clients, or `ALL`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp.config.reader import Reader
from idp.model import Pool
from idp.outbox.smtp import parse_mailbox
from idp.protection.records import EventAction, PasswordEvent, ThreatMode
from idp.protection.risk import read_range

ATTACHMENTS: Final = "UserPoolRiskConfigurationAttachments"
COMPROMISED: Final = "CompromisedCredentialsRiskConfiguration"
TAKEOVER: Final = "AccountTakeoverRiskConfiguration"
EXCEPTIONS: Final = "RiskExceptionConfiguration"
ACTIONS: Final = ("LowAction", "MediumAction", "HighAction")
MAILS: Final = ("BlockEmail", "MfaEmail", "NoActionEmail")
LISTS: Final = ("BlockedIPRangeList", "SkippedIPRangeList")
EVERY_CLIENT: Final = "ALL"
MOST_RANGES: Final = 200


@dataclass(frozen=True, slots=True)
class RiskParts:
    """A risk configuration in the members of the API; a part that is empty was not set."""

    compromised: Mapping[str, Any] = field(default_factory=dict)
    takeover: Mapping[str, Any] = field(default_factory=dict)
    exceptions: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.compromised or self.takeover or self.exceptions)


@dataclass(frozen=True, slots=True)
class RiskAttachment:
    """A risk configuration that the file declares."""

    client: str
    """Id of one of the pool's clients, or its name where the id is generated; empty for all of them."""
    parts: RiskParts


def read_attachments(reader: Reader, pool: Pool, names: Mapping[str, str]) -> tuple[RiskAttachment, ...]:
    """Read the attachments of a pool; `names`: of its clients, each with what stands for it."""
    found = tuple(_read_attachment(item, names) for item in reader.items(ATTACHMENTS))
    if len({each.client for each in found}) != len(found):
        reader.report(ATTACHMENTS, "Duplicate", "two attachments are for the same `ClientId`")
    if found and pool.threat_mode is ThreatMode.OFF:
        message = "needs `UserPoolAddOns: {AdvancedSecurityMode: ENFORCED}`, or `AUDIT`"
        reader.report(ATTACHMENTS, "Conflict", message)
    return found


def _read_attachment(reader: Reader, names: Mapping[str, str]) -> RiskAttachment:
    client = reader.choice("ClientId", (EVERY_CLIENT, *names), EVERY_CLIENT)
    reader.raw("UserPoolId")
    parts = read_parts(reader)
    if not parts:
        reader.report((), "Missing", f"needs one of `{TAKEOVER}`, `{COMPROMISED}`, `{EXCEPTIONS}`")
    reader.finish()
    return RiskAttachment(names.get(client, ""), parts)


def read_parts(reader: Reader) -> RiskParts:
    """Read the three parts, whoever sets them."""
    return RiskParts(
        _read_compromised(reader) if COMPROMISED in reader else _skip(reader, COMPROMISED),
        _read_takeover(reader) if TAKEOVER in reader else _skip(reader, TAKEOVER),
        _read_exceptions(reader),
    )


def _skip(reader: Reader, key: str) -> dict[str, Any]:
    reader.raw(key)
    return {}


def _read_compromised(reader: Reader) -> dict[str, Any]:
    part = reader.nested(COMPROMISED)
    actions = part.nested("Actions")
    action = actions.choice("EventAction", ("BLOCK", "NO_ACTION"), "")
    if "EventAction" not in actions:
        part.report("Actions", "Missing", "`EventAction` is required: `BLOCK` or `NO_ACTION`")
    actions.finish()
    events = part.choices("EventFilter", [*PasswordEvent])
    part.finish()
    found: dict[str, Any] = {"Actions": {"EventAction": action}}
    return {**found, "EventFilter": list(events)} if events else found


def _read_takeover(reader: Reader) -> dict[str, Any]:
    part = reader.nested(TAKEOVER)
    levels = part.nested("Actions")
    if "Actions" not in part:
        part.report(
            "Actions", "Missing", "required: `LowAction`, `MediumAction`, `HighAction` or some of them"
        )
    actions = {name: _read_action(levels.nested(name)) for name in ACTIONS if name in levels}
    for name in ACTIONS:
        levels.raw(name)
    levels.finish()
    found: dict[str, Any] = {"Actions": actions}
    if "NotifyConfiguration" in part:
        found["NotifyConfiguration"] = _read_notify(part.nested("NotifyConfiguration"))
    part.raw("NotifyConfiguration")
    part.finish()
    return found


def _read_action(reader: Reader) -> dict[str, Any]:
    for name in ("EventAction", "Notify"):
        if name not in reader:
            reader.report(name, "Missing", f"`{name}` is required")
    found = {
        "EventAction": reader.choice("EventAction", [*EventAction], EventAction.NO_ACTION),
        "Notify": reader.boolean("Notify", False),
    }
    reader.finish()
    return found


def _read_notify(reader: Reader) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("From", "ReplyTo"):
        if text := reader.text(name, longest=320):
            found[name] = text
            try:
                parse_mailbox(text)
            except ValueError:
                message = "must be an address, e.g. `Staff login <login@example.com>`"
                reader.report(name, "InvalidValue", message)
    if arn := reader.text("SourceArn"):  # means nothing here, and is given back
        found["SourceArn"] = arn
    for name in MAILS:
        if name in reader:
            found[name] = _read_mail(reader.nested(name))
        reader.raw(name)
    reader.finish()
    return found


def _read_mail(reader: Reader) -> dict[str, Any]:
    bodies = {
        name: body
        for name in ("HtmlBody", "TextBody")
        if (body := reader.text(name, pattern=r"(?s).{6,}", longest=20_000, shape="6 to 20000 characters"))
    }
    subject = reader.required_text("Subject", pattern=r"[^\r\n]+", longest=140, shape="one line")
    reader.finish()
    return {"Subject": subject, **bodies}


def _read_exceptions(reader: Reader) -> dict[str, Any]:
    part = reader.nested(EXCEPTIONS)
    found = {name: list(_read_ranges(part, name)) for name in LISTS if name in part}
    for name in LISTS:
        part.raw(name)
    part.finish()
    return found


def _read_ranges(part: Reader, name: str) -> tuple[str, ...]:
    texts = part.texts(name, most=MOST_RANGES)
    for index, text in enumerate(texts):
        try:
            read_range(text)
        except ValueError:
            message = f"must be a CIDR block without host bits, such as `192.0.2.0/24`, not `{text}`"
            part.report((name, index), "InvalidValue", message)
    return texts
