"""From a path to settings: reads, checks everything, and only then builds.

Every problem of the file is found before any is told. Nothing is started, created or connected to here,
except that certificate and secret files are read.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lb.config.attributes import (
    LISTENER,
    LOAD_BALANCER,
    TARGET_GROUP,
    Attribute,
    AttributeValue,
    read_attributes,
)
from lb.config.build import Parts, build_settings
from lb.config.checks import check_together, warn_about_use
from lb.config.document import Document, read_document
from lb.config.listeners import raw_items, read_rulesets
from lb.config.pools import read_pools
from lb.config.problems import ConfigProblem, InvalidConfig, in_file_order
from lb.config.validation import valid_sections, validate
from lb.settings import ListenerSettings, Settings


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used."""

    settings: Settings
    pools: object
    """The raw `UserPools` document for the pool's own door; None for none."""
    warnings: tuple[ConfigProblem, ...]
    files: tuple[Path, ...]
    """Every file that was read: a change of any of them may change the outcome."""


def load_settings(
    path: Path | str, *, environ: Mapping[str, str] | None = None, now: dt.datetime | None = None
) -> Loaded:
    """Read the configuration at `path`; raises `InvalidConfig` with every problem and its place."""
    document = read_document(Path(path), os.environ if environ is None else environ)
    return read_settings(document, folder=Path(path).absolute().parent, now=now or dt.datetime.now(dt.UTC))


def read_settings(document: Document, *, folder: Path, now: dt.datetime) -> Loaded:
    """Turn a read document into settings; paths in it count from `folder`."""
    file = validate(document)
    pools = read_pools(document)
    rulesets = read_rulesets(document, pools)
    parts = Parts(
        folder=folder,
        rulesets=rulesets,
        load_balancer=_load_balancer_attributes(document),
        listeners=_attributes(document, "Listeners", "ListenerAttributes", LISTENER),
        target_groups=_attributes(document, "TargetGroups", "TargetGroupAttributes", TARGET_GROUP),
    )
    check_together(document, valid_sections(document), folder=folder, now=now)
    if file is None or document.problems:
        raise InvalidConfig(document.problems, document.warnings)
    warn_about_use(document, file, rulesets)
    settings = build_settings(file, parts)
    files = (*document.files, *(path for listener in settings.listeners for path in _tls_files(listener)))
    return Loaded(settings, file.user_pools, in_file_order(document.warnings), tuple(dict.fromkeys(files)))


def _tls_files(listener: ListenerSettings) -> Iterator[Path]:
    for pair in listener.certificates:
        yield from (pair.certificate, pair.private_key)
    store = listener.mutual.trust_store
    if store is not None:
        yield from (store.bundle, *store.revocations)


def _load_balancer_attributes(document: Document) -> dict[str, AttributeValue]:
    root = document.value
    section = root.get("LoadBalancer") if isinstance(root, Mapping) else None
    given = section.get("LoadBalancerAttributes") if isinstance(section, Mapping) else None
    return read_attributes(document, ("LoadBalancer", "LoadBalancerAttributes"), LOAD_BALANCER, given)


def _attributes(
    document: Document, section: str, key: str, table: Mapping[str, Attribute]
) -> dict[int, dict[str, AttributeValue]]:
    return {
        index: read_attributes(document, (section, index, key), table, item.get(key))
        for index, item in raw_items(document, section)
    }
