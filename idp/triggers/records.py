"""What a pool says of its triggers: `LambdaConfig`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from idp.triggers.names import EventVersion, Trigger


@dataclass(frozen=True, slots=True)
class LambdaConfig:
    """The functions of a pool, each by ARN or by its name among the process's `Functions`."""

    functions: Mapping[Trigger, str] = field(default_factory=dict)
    pre_token_version: EventVersion = EventVersion.V1_0
    kms_key_id: str | None = None
    """KMSKeyID: kept and shown; there is no KMS here, see the senders."""

    def function(self, trigger: Trigger) -> str | None:
        """Return the function behind a trigger."""
        return self.functions.get(trigger)


def function_name(reference: str) -> str:
    """Return the function's own name from an ARN, a partial ARN or a name, without its qualifier."""
    name = reference.rpartition("function:")[2]
    return name.partition(":")[0]
