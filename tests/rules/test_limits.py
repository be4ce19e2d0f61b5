"""The two profiles of quotas."""

from dataclasses import fields

from rules.limits import AWS, RELAXED


def test_relaxed_profile_allows_at_least_what_aws_allows() -> None:
    numbers = [field.name for field in fields(AWS) if isinstance(getattr(AWS, field.name), int)]
    assert all(getattr(RELAXED, name) >= getattr(AWS, name) for name in numbers if name != "strict")
    assert AWS.strict
    assert not RELAXED.strict


def test_aws_profile_has_the_numbers_of_the_guide() -> None:
    assert (AWS.rules, AWS.evaluations_per_condition, AWS.evaluations_per_rule) == (100, 3, 5)
    assert (AWS.wildcards_per_rule, AWS.target_groups_per_action, AWS.priority) == (6, 5, 50_000)
