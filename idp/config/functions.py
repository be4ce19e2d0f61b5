"""Functions for triggers: what the process can call (`Functions`, `LambdaEndpoint`), and a pool's
`LambdaConfig`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from idp.config.clients import find_web_problem
from idp.config.reader import InvalidPools, Place, Problem, Reader
from idp.model import Pool, Secret
from idp.triggers.names import VERSIONED, EventVersion, Trigger
from idp.triggers.records import LambdaConfig
from idp.triggers.targets import DEFAULT_SECONDS, FunctionTable, PythonHandler, Target, Webhook

FUNCTION_NAME: Final = r"[A-Za-z0-9_-]{1,64}"
REFERENCE: Final = r"(arn:[A-Za-z0-9:/_.$-]+:function:)?[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]+)?"
REFERENCE_SHAPE: Final = "the name of a function under Functions, or a function's ARN"
_URL: Final = r"https?://[!-~]+"
_VERSIONS: Final = tuple(version.value for version in EventVersion)


def parse_functions(document: Mapping[str, object], *, folder: Path, where: Place = ()) -> FunctionTable:
    """Read `Functions` and `LambdaEndpoint`; files count from `folder`. Raises InvalidPools."""
    problems: list[Problem] = []
    reader = Reader(document, where, problems)
    targets = [_read_function(item, folder) for item in reader.items("Functions")]
    names = [target.name for target in targets if target is not None]
    for name in sorted({name for name in names if names.count(name) > 1}):
        reader.report("Functions", "Duplicate", f"two functions have the name `{name}`")
    endpoint = reader.text("LambdaEndpoint", pattern=_URL, shape="an http or https URL")
    if endpoint and (problem := find_web_problem(endpoint)):
        reader.report("LambdaEndpoint", "InvalidValue", problem)
    reader.finish()
    if problems:
        raise InvalidPools(problems)
    return FunctionTable({target.name: target for target in targets if target is not None}, endpoint)


def find_unknown(pools: Iterable[Pool], table: FunctionTable) -> list[str]:
    """Return a sentence for each trigger whose function nothing here says how to call. Pure."""
    return [
        f"user pool {pool.name}: {trigger} names `{reference}`, which is not under Functions "
        "and no LambdaEndpoint is set"
        for pool in pools
        for trigger, reference in pool.lambda_config.functions.items()
        if table.find(reference) is None
    ]


def read_lambda_config(reader: Reader) -> LambdaConfig:
    """Read a pool's `LambdaConfig`."""
    section = reader.nested("LambdaConfig")
    functions = {}
    for trigger in Trigger:
        reference = (
            _read_versioned(section, trigger) if trigger in VERSIONED else _reference(section, trigger)
        )
        if reference:
            functions[trigger] = reference
    version = EventVersion.V1_0
    if "PreTokenGenerationConfig" in section:
        nested = section.nested("PreTokenGenerationConfig")
        version = EventVersion(nested.choice("LambdaVersion", _VERSIONS, EventVersion.V1_0))
        functions[Trigger.PRE_TOKEN_GENERATION] = nested.required_text(
            "LambdaArn", pattern=REFERENCE, shape=REFERENCE_SHAPE
        )
        nested.finish()
    config = LambdaConfig(functions, version, section.text("KMSKeyID"))
    section.finish()
    return config


def _reference(section: Reader, key: str) -> str | None:
    return section.text(key, pattern=REFERENCE, shape=REFERENCE_SHAPE)


def _read_versioned(section: Reader, trigger: Trigger) -> str | None:
    if trigger not in section:
        section.raw(trigger)
        return None
    nested = section.nested(trigger)
    nested.choice("LambdaVersion", (EventVersion.V1_0,), EventVersion.V1_0)
    reference = nested.required_text("LambdaArn", pattern=REFERENCE, shape=REFERENCE_SHAPE)
    nested.finish()
    return reference


def _read_function(item: Reader, folder: Path) -> Target | None:
    name = item.required_text("FunctionName", pattern=FUNCTION_NAME, shape="letters, digits, `-` and `_`")
    seconds = item.integer("Timeout", DEFAULT_SECONDS, 1, 60)
    handler, url = item.text("Handler"), item.text("Url", pattern=_URL, shape="an http or https URL")
    secret = item.text("Secret", pattern=r"[!-~]{16,}", shape="16 or more visible characters")
    item.finish()
    if (handler is None) == (url is None):
        item.report((), "Missing", "a function has either `Handler` or `Url`")
        return None
    if handler is not None:
        return _read_handler(item, handler, name=name, folder=folder, seconds=seconds)
    assert url is not None
    if problem := find_web_problem(url):
        item.report("Url", "InvalidValue", problem)
    if secret is None:
        item.report((), "Missing", "`Secret` is missing: it signs every request to the webhook")
        return None
    return Webhook(name, url, Secret(secret), seconds)


def _read_handler(item: Reader, text: str, *, name: str, folder: Path, seconds: int) -> PythonHandler | None:
    place, _, attribute = text.rpartition(":")
    if not place or not all(part.isidentifier() for part in attribute.split(".")):
        item.report(
            "Handler", "InvalidValue", "must be like `functions.py:handler` or `package.module:handler`"
        )
        return None
    if not place.endswith(".py"):
        return PythonHandler(name, attribute, module=place, seconds=seconds)
    file = folder / Path(place).expanduser()
    if not file.is_file():
        item.report("Handler", "InvalidValue", f"there is no file {file}")
        return None
    return PythonHandler(name, attribute, file=file, seconds=seconds)
