"""`Functions`, `LambdaEndpoint` and a pool's `LambdaConfig`: what is read, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.config import InvalidPools, parse_functions, parse_pools
from idp.config.functions import find_unknown
from idp.triggers.names import EventVersion, Trigger
from idp.triggers.records import LambdaConfig
from idp.triggers.targets import FunctionTable, LambdaFunction, PythonHandler, Webhook
from tests.support.pools import pool_document

ARN = "arn:aws:lambda:us-east-1:123456789012:function:mine"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code.py").write_text("")
    return tmp_path


def test_functions_are_read(folder: Path) -> None:
    table = parse_functions(
        {
            "Functions": [
                {"FunctionName": "mine", "Handler": "code.py:handler", "Timeout": 9},
                {"FunctionName": "module", "Handler": "package.module:deep.handler"},
                {"FunctionName": "hook", "Url": "https://hooks.example.com/x", "Secret": "s" * 16},
            ],
            "LambdaEndpoint": "http://localhost:9001",
        },
        folder=folder,
    )
    assert table.find(ARN) == PythonHandler("mine", "handler", file=folder / "code.py", seconds=9)
    assert table.find("module") == PythonHandler("module", "deep.handler", module="package.module")
    assert isinstance(table.find("hook"), Webhook)
    assert table.find("other") == LambdaFunction("other", "http://localhost:9001")
    assert "ssss" not in repr(table)


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "neither": ({"FunctionName": "f"}, "[0]"),
    "both": ({"FunctionName": "f", "Handler": "code.py:f", "Url": "https://a.b"}, "[0]"),
    "no such file": ({"FunctionName": "f", "Handler": "other.py:f"}, "[0].Handler"),
    "no handler": ({"FunctionName": "f", "Handler": "code.py"}, "[0].Handler"),
    "clear text": (
        {"FunctionName": "f", "Url": "http://hooks.example.com", "Secret": "s" * 16},
        "[0].Url",
    ),
    "unsigned": ({"FunctionName": "f", "Url": "https://a.b/c"}, "[0]"),
    "odd name": ({"FunctionName": "a b", "Handler": "code.py:f"}, "[0].FunctionName"),
}


@pytest.mark.parametrize(("function", "place"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_have_their_place(folder: Path, function: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidPools) as error:
        parse_functions({"Functions": [function]}, folder=folder)
    assert f"Functions{place}" in str(error.value)


def test_a_name_stands_for_one_function(folder: Path) -> None:
    twice = [{"FunctionName": "f", "Handler": "code.py:f"}] * 2
    with pytest.raises(InvalidPools, match="two functions"):
        parse_functions({"Functions": twice}, folder=folder)


def read(config: dict[str, Any]) -> LambdaConfig:
    return parse_pools(pool_document(LambdaConfig=config)).pools[0].pool.lambda_config


def test_a_pool_names_functions_in_cloudformations_shapes() -> None:
    config = read(
        {
            "PreSignUp": ARN,
            "PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": "mine"},
            "CustomEmailSender": {"LambdaVersion": "V1_0", "LambdaArn": ARN},
            "KMSKeyID": "arn:aws:kms:us-east-1:123456789012:key/1",
        }
    )
    assert config.functions == {
        Trigger.PRE_SIGN_UP: ARN,
        Trigger.CUSTOM_EMAIL_SENDER: ARN,
        Trigger.PRE_TOKEN_GENERATION: "mine",
    }
    assert config.pre_token_version is EventVersion.V2_0


@pytest.mark.parametrize(
    "config",
    [{"PreSignup": ARN}, {"PreSignUp": "code.py:handler"}, {"CustomSMSSender": ARN}],
    ids=["misspelt", "a file", "no version"],
)
def test_a_pool_names_nothing_else(config: dict[str, Any]) -> None:
    with pytest.raises(InvalidPools):
        read(config)


def test_a_function_that_nobody_can_call_is_found() -> None:
    pool = parse_pools(pool_document(LambdaConfig={"PreSignUp": "mine"})).pools[0].pool
    assert "PreSignUp names `mine`" in find_unknown([pool], FunctionTable())[0]
    assert find_unknown([pool], FunctionTable(endpoint="http://localhost:1")) == []
