"""The shapes in the package are those of botocore's model."""

from idp.api.generate import TARGET, build, load_model, spell


def test_shapes_are_those_of_the_service_model() -> None:
    assert TARGET.read_text("utf-8") == spell(build(load_model())), "run `python -m idp.api.generate`"
