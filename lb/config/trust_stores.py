"""Trust stores and mutual TLS of listeners: names resolved, files read at check time.

A store is an entry of `TrustStores`, named by `TrustStoreArn` (an ARN's name part is taken), or just a PEM
file. CloudFormation keeps bundles in S3; here they are files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from lb.config.document import Document
from lb.config.models import ListenerSection, MutualAuthenticationSection, TrustStoreSection
from lb.config.problems import Place
from lb.config.suggest import did_you_mean
from lb.settings import MutualAuthentication, MutualMode, TrustStoreSettings
from lb.trust import BadTrustStore, load_trust_store, read_bundle, read_crls


def build_trust_stores(
    sections: Mapping[int, TrustStoreSection], folder: Path
) -> dict[str, TrustStoreSettings]:
    """Return the entries of `TrustStores` by name; paths count from `folder`."""
    return {
        each.name: TrustStoreSettings(
            each.name,
            folder / each.ca_certificates_bundle_file,
            tuple(folder / file for file in each.revocation_files),
        )
        for each in sections.values()
    }


def find_trust_store(
    reference: str, stores: Mapping[str, TrustStoreSettings], folder: Path
) -> TrustStoreSettings | None:
    """Return what `TrustStoreArn` refers to; None for a name that no entry has."""
    name = reference.split("/")[1] if reference.startswith("arn:") and "/" in reference else reference
    if name in stores:
        return stores[name]
    is_file = not reference.startswith("arn:") and ("." in reference or "/" in reference)
    return TrustStoreSettings(reference, folder / reference) if is_file else None


def build_mutual(
    section: MutualAuthenticationSection, stores: Mapping[str, TrustStoreSettings], folder: Path
) -> MutualAuthentication:
    """Return the settings that a checked section describes."""
    mode = MutualMode(section.mode)
    verifies = mode is MutualMode.VERIFY and section.trust_store_arn is not None
    store = find_trust_store(section.trust_store_arn or "", stores, folder) if verifies else None
    return MutualAuthentication(mode, store, section.ignore_client_certificate_expiry)


def check_trust_stores(
    document: Document, sections: Mapping[int, TrustStoreSection], *, folder: Path, now: dt.datetime
) -> None:
    """Report what is wrong with the entries of `TrustStores`; `now` is aware."""
    seen: dict[str, int] = {}
    for index, section in sections.items():
        where = ("TrustStores", index)
        if section.name in seen:
            line = document.locate(("TrustStores", seen[section.name], "Name")).line
            message = f"a trust store `{section.name}` is already on line {line}"
            document.report((*where, "Name"), "DuplicateTrustStoreName", message)
        seen.setdefault(section.name, index)
        store = build_trust_stores({index: section}, folder)[section.name]
        _check_files(document, where, store, now)


def check_mutual(
    document: Document,
    where: Place,
    listener: ListenerSection,
    *,
    stores: Mapping[str, TrustStoreSettings],
    folder: Path,
    now: dt.datetime,
) -> None:
    """Report what is wrong with a listener's `MutualAuthentication`."""
    section = listener.mutual_authentication
    if section is None:
        return
    place = (*where, "MutualAuthentication")
    if listener.protocol != "HTTPS" and section.mode != "off":
        message = "client certificates need an HTTPS listener: write `Protocol: HTTPS`"
        document.report(place, "MutualAuthenticationOnHttp", message, key=True)
    if section.mode == "verify":
        _check_reference(document, place, section, stores=stores, folder=folder, now=now)
    elif section.trust_store_arn is not None or section.ignore_client_certificate_expiry:
        message = f"mode `{section.mode}` verifies nothing: what belongs to mode `verify` is ignored"
        document.warn(place, "MutualAuthenticationIgnored", message, key=True)
    if section.advertise_trust_store_ca_names == "on":
        message = "Python cannot name authorities to clients: they choose among all their certificates"
        document.warn((*place, "AdvertiseTrustStoreCaNames"), "NotSupported", message)


def _check_reference(
    document: Document,
    where: Place,
    section: MutualAuthenticationSection,
    *,
    stores: Mapping[str, TrustStoreSettings],
    folder: Path,
    now: dt.datetime,
) -> None:
    reference = section.trust_store_arn
    if reference is None:
        document.report(where, "Missing", "`TrustStoreArn` is missing: mode `verify` needs one", key=True)
        return
    store = find_trust_store(reference, stores, folder)
    place = (*where, "TrustStoreArn")
    if store is None:
        message = f"`TrustStores` has no `{reference}`{did_you_mean(reference, stores)}"
        document.report(place, "TrustStoreNotFound", message)
    elif store.name not in stores:
        _check_files(document, place, store, now)


def _check_files(document: Document, where: Place, store: TrustStoreSettings, now: dt.datetime) -> None:
    try:
        load_trust_store(store)
    except BadTrustStore as problem:
        document.report(where, "BadTrustStore", str(problem))
        return
    except OSError as error:
        document.report(where, "FileNotReadable", f"cannot read {error.filename}: {error.strerror}")
        return
    for authority in read_bundle(store.bundle):
        if authority.not_valid_after_utc <= now:
            name = authority.subject.rfc4514_string()
            message = f"{store.bundle}: {name} expired on {authority.not_valid_after_utc:%Y-%m-%d}"
            document.warn(where, "CertificateExpired", message)
    for path in store.revocations:
        if any(crl.next_update_utc and crl.next_update_utc <= now for crl in read_crls(path)):
            document.warn(where, "RevocationsOutdated", f"{path} should have been replaced by a newer list")
