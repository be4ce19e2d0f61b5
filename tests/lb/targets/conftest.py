from collections.abc import Callable

import pytest

from lb.settings import HealthCheck, TargetGroupSettings, TargetSettings

MakeGroup = Callable[..., dict[str, TargetGroupSettings]]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def group() -> MakeGroup:
    """Make the settings of one group `app` whose targets are named by port."""

    def make(
        *ports: int, name: str = "app", check: HealthCheck | None = None, **more: object
    ) -> dict[str, TargetGroupSettings]:
        targets = tuple(TargetSettings("127.0.0.1", port) for port in ports)
        arn = f"arn:aws:elasticloadbalancing:local:000000000000:targetgroup/{name}/0123456789abcdef"
        settings = TargetGroupSettings(
            name,
            arn,
            targets=targets,
            health_check=check or HealthCheck(),
            **more,  # type: ignore[arg-type]
        )
        return {name: settings}

    return make
