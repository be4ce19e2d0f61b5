"""What else is declared with a pool: identity providers, branding styles, classic looks and terms of clients.

AWS::Cognito::UserPoolIdentityProvider, ManagedLoginBranding, UserPoolUICustomizationAttachment and Terms,
with their property names. `ClientId` is the id or the name of a client that is declared with the pool. Ours
are `ImageFile` of a classic look, which CloudFormation cannot set, and `Settings` as JSON text.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp.config.clients import find_web_problem
from idp.config.reader import Reader
from idp.management.branding import ALL, MOST_IMAGE_BYTES, build_css, find_image_type
from idp.management.provider_members import MOST_IDENTIFIERS, REQUIRED, complete_provider
from idp.management.refusal import Refused
from idp.management.style_assets import (
    CATEGORIES,
    COLOR_MODES,
    MOST_ASSETS,
    MOST_BYTES,
    RESOURCE_ID,
    TYPES,
    Upload,
    find_image_problem,
    read_upload,
)
from idp.management.style_settings import find_problems
from idp.management.style_wishes import Wish, check_size

PROVIDERS: Final = "UserPoolIdentityProviders"
STYLES: Final = "ManagedLoginBrandings"
LOOKS: Final = "UserPoolUICustomizationAttachments"
TERMS: Final = "Terms"
TERMS_NAMES: Final = ("terms-of-use", "privacy-policy")
LANGUAGES: Final = (
    "default",
    "bahasa-indonesia",
    "chinese-simplified",
    "chinese-traditional",
    "dutch",
    "english",
    "french",
    "german",
    "italian",
    "japanese",
    "korean",
    "portuguese-brazil",
    "spanish",
)
MOST_CSS: Final = 131_072
_NAME: Final = r"[^_\s][^\s]?[^_\s]+"


@dataclass(frozen=True, slots=True)
class LookConfig:
    """A classic customization of a client, or of all (`ALL`)."""

    client: str
    css: str = ""
    image: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class StyleConfig:
    """A client's branding style."""

    client: str
    wish: Wish


@dataclass(frozen=True, slots=True)
class TermsConfig:
    """A document of a client, as it is kept but for the client's id."""

    client: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PartsConfig:
    """Everything of these kinds. Clients are named by id or by name."""

    looks: tuple[LookConfig, ...] = ()
    styles: tuple[StyleConfig, ...] = ()
    terms: tuple[TermsConfig, ...] = ()
    providers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    """By name, as they are kept."""


def read_parts(reader: Reader, clients: Mapping[str, str], providers: Mapping[str, Any]) -> PartsConfig:
    """Read what belongs to clients; `clients` maps each one's names and id to one of them."""
    looks = tuple(_read_look(item, clients) for item in reader.items(LOOKS))
    styles = tuple(_read_style(item, clients) for item in reader.items(STYLES))
    terms = tuple(_read_terms(item, clients) for item in reader.items(TERMS))
    _report_twins(reader, LOOKS, [look.client for look in looks])
    _report_twins(reader, STYLES, [style.client for style in styles])
    _report_twins(reader, TERMS, [(each.client, each.document["TermsName"]) for each in terms])
    return PartsConfig(looks, styles, terms, providers)


def read_providers(reader: Reader) -> dict[str, dict[str, Any]]:
    """Read the pool's identity providers, by name."""
    found: dict[str, dict[str, Any]] = {}
    taken: set[str] = set()
    for item in reader.items(PROVIDERS):
        name, document = _read_provider(item)
        if name and (name in found or name == "COGNITO"):
            item.report("ProviderName", "Duplicate", f"`{name}` is there already")
        identifiers = document.get("IdpIdentifiers", ())
        if twice := taken.intersection(identifiers):
            message = f"`{min(twice)}` is another provider's identifier already"
            item.report("IdpIdentifiers", "Duplicate", message)
        taken.update(identifiers)
        found[name] = document
    return found


def _read_provider(item: Reader) -> tuple[str, dict[str, Any]]:
    shape = "at least 2 characters without spaces, and no `_` at either end"
    name = item.required_text("ProviderName", pattern=_NAME, longest=32, shape=shape)
    kind = _word(item, "ProviderType", tuple(REQUIRED))
    document: dict[str, Any] = {
        "ProviderType": kind,
        "ProviderDetails": item.texts_by_name("ProviderDetails"),
        "AttributeMapping": item.texts_by_name("AttributeMapping"),
        "IdpIdentifiers": list(item.texts("IdpIdentifiers", most=MOST_IDENTIFIERS)),
    }
    item.raw("UserPoolId")
    item.finish(("AcrMapping",))
    document = {key: value for key, value in document.items() if value}
    if not kind:
        return name, document
    try:
        return name, complete_provider(document)
    except Refused as refusal:
        item.report("ProviderDetails", "InvalidValue", refusal.message)
        return name, document


def _read_look(item: Reader, clients: Mapping[str, str]) -> LookConfig:
    client = _client(item, {**clients, ALL: ALL})
    css = item.text("CSS", longest=MOST_CSS) or ""
    image = _bytes(item, "ImageFile", MOST_IMAGE_BYTES)
    _try(item, "CSS", build_css, css)
    if image:
        _try(item, "ImageFile", find_image_type, image)
    item.raw("UserPoolId")
    item.finish()
    return LookConfig(client, css, image)


def _try(item: Reader, key: str, check: Any, value: Any) -> None:
    try:
        check(value)
    except Refused as refusal:
        item.report(key, "InvalidValue", refusal.message)


def _read_style(item: Reader, clients: Mapping[str, str]) -> StyleConfig:
    client = _client(item, clients)
    provided = item.boolean("UseCognitoProvidedValues", False) if "UseCognitoProvidedValues" in item else None
    settings = _read_settings(item)
    assets = item.items("Assets")
    uploads = tuple(upload for each in assets if (upload := _read_asset(each)) is not None)
    if len(assets) > MOST_ASSETS:
        item.report("Assets", "InvalidValue", f"at most {MOST_ASSETS} images are allowed")
    _report_twins(item, "Assets", [upload.asset.slot for upload in uploads])
    if provided and (settings or assets):
        message = "Settings and Assets must be left out when this is true"
        item.report("UseCognitoProvidedValues", "Conflict", message)
    for key in ("UserPoolId", "ReturnMergedResources"):
        item.raw(key)
    item.finish()
    return StyleConfig(client, Wish(provided, settings, uploads))


def _read_settings(item: Reader) -> Mapping[str, Any]:
    value = item.raw("Settings")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            item.report("Settings", "WrongType", "must be a mapping, or JSON text")
            return {}
    if value is None:
        return {}
    problems = list(find_problems(value))
    for path, message in problems:
        item.report(("Settings", *path), "InvalidValue", message)
    if problems or not isinstance(value, Mapping):
        return {}
    _try(item, "Settings", check_size, value)
    return value


def _read_asset(item: Reader) -> Upload | None:
    category, mode = _word(item, "Category", CATEGORIES), _word(item, "ColorMode", COLOR_MODES)
    extension, content = _word(item, "Extension", tuple(TYPES)), _bytes(item, "Bytes", MOST_BYTES)
    resource = item.text("ResourceId", pattern=RESOURCE_ID, shape="letters, digits, `-`, `_` and spaces")
    if "Bytes" not in item:
        item.report((), "Missing", "`Bytes` is missing: `${base64:path}` is the content of a file")
    item.finish()
    if not (category and mode and extension and content):
        return None
    if problem := find_image_problem(category, extension, content):
        item.report("Bytes", "InvalidValue", f"the image {problem}")
        return None
    words = {"Category": category, "ColorMode": mode, "Extension": extension}
    return read_upload({**words, "ResourceId": resource, "Bytes": content}, ())


def _read_terms(item: Reader, clients: Mapping[str, str]) -> TermsConfig:
    client, links = _client(item, clients), item.texts_by_name("Links")
    document = {
        "TermsName": _word(item, "TermsName", TERMS_NAMES),
        "TermsSource": item.choice("TermsSource", ("LINK",), "LINK"),
        "Enforcement": item.choice("Enforcement", ("NONE",), "NONE"),
        "Links": links,
    }
    known = [f"cognito:{language}" for language in LANGUAGES]
    for language, url in links.items():
        if language not in known:
            message = f"must be one of {', '.join(f'`{each}`' for each in known)}"
            item.report(("Links", language), "InvalidValue", message)
        elif not url.startswith(("https://", "http://")) or find_web_problem(url) or len(url) > 1024:
            item.report(("Links", language), "InvalidValue", "must be an https address")
    if "Links" not in item:
        item.report((), "Missing", "`Links` is missing")
    item.raw("UserPoolId")
    item.finish()
    return TermsConfig(client, document)


def _client(item: Reader, clients: Mapping[str, str]) -> str:
    """Read which client it is for; an empty text stands in for none."""
    name = item.required_text("ClientId", longest=128)
    if name and name not in clients:
        item.report("ClientId", "InvalidValue", f"`{name}` must be one of the pool's UserPoolClients")
    return clients.get(name, "")


def _word(item: Reader, key: str, allowed: Collection[str]) -> str:
    if key not in item:
        item.report((), "Missing", f"`{key}` is missing")
    return item.choice(key, allowed, "")


def _bytes(item: Reader, key: str, most: int) -> bytes:
    """Read base64, with or without line breaks."""
    text = item.text(key, longest=2 * most) or ""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        item.report(key, "InvalidValue", "must be base64: `${base64:path}` is the content of a file")
        return b""


def _report_twins(reader: Reader, key: str, marks: list[Any]) -> None:
    seen: set[Any] = set()
    for index, mark in enumerate(marks):
        is_named = bool(mark[0] if isinstance(mark, tuple) else mark)
        if is_named and mark in seen:
            reader.report((key, index), "Duplicate", "there is one of these for the same already")
        seen.add(mark)
