"""The editor's shape of rules and the parser of rules know the same keys."""

from pathlib import Path

import pytest
import yaml

from lb.config.rule_shapes import Action, Rule, Shape
from rules.document import parse_ruleset
from rules.problems import InvalidRules

ROOT = Path(__file__).parents[3]
FILES = [
    *sorted((ROOT / "examples").glob("*.yaml")),
    ROOT / "lb/demo/demo.yaml",
    ROOT / "lb/cli/albacore.yaml",
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_rules_that_the_parser_takes_fit_the_shape(path: Path) -> None:
    for listener in yaml.safe_load(path.read_text())["Listeners"]:
        for rule in listener.get("Rules", []):
            Rule.model_validate(rule)
        for action in listener["DefaultActions"]:
            Action.model_validate(action)


CONFIGS = {
    "redirect_config": "redirect",
    "fixed_response_config": "fixed-response",
    "authenticate_cognito_config": "authenticate-cognito",
    "authenticate_oidc_config": "authenticate-oidc",
    "jwt_validation_config": "jwt-validation",
    "forward_config": "forward",
}


def shape_of(field: str) -> type[Shape]:
    annotation = Action.model_fields[field].annotation
    return next(each for each in annotation.__args__ if each is not type(None))  # type: ignore[union-attr]


@pytest.mark.parametrize("field", CONFIGS)
def test_every_key_of_the_shape_is_known_to_the_parser(field: str) -> None:
    shape = shape_of(field)
    members = {each.alias: None for each in shape.model_fields.values()}
    action = {"Type": CONFIGS[field], Action.model_fields[field].alias: members}
    with pytest.raises(InvalidRules) as caught:
        parse_ruleset({"DefaultActions": [action]})
    assert not [each for each in caught.value.problems if each.code == "UnknownMember"]
