"""docs/api.md: every operation of the service model and what this pool does with it.

`python -m idp.api.reference > docs/api.md`; a test fails when the page is not what this prints. The
operations are the model's (`shapes.json`), their state is the registry's: a row cannot promise what no code
does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import idp.api.operations  # noqa: F401 - fills the registry
from idp.api.registry import SERVED, UNSUPPORTED
from idp.api.shapes import Operation, operations

INTRODUCTION = """\
# The API

<!-- Printed by `python -m idp.api.reference`. -->

`POST /` at the pool's public URL speaks Amazon Cognito's JSON 1.1 protocol: the AWS CLI and every SDK work
with that URL as their endpoint. Errors have Cognito's names, texts and status; browsers may call from any
origin.

**Who may call what.** *public*: anybody, with an app client's id (and `SecretHash` where the client has a
secret), a session, or a user's access token with the scope `aws.cognito.signin.user.admin`. *secret*: whoever
has the app client's secret. *signed*: whoever signs with an access key of the configuration (AWS Signature
Version 4, service `cognito-idp`, any region; clocks within five minutes):

```yaml
PoolServer:
  AccessKeys:
    - {AccessKeyId: ADMIN, SecretAccessKey: "${file:secrets/admin-key}"}
    - {AccessKeyId: SUPPORT, SecretAccessKey: "${file:secrets/support-key}", UserPools: [staff]}
```

Without a key, signed operations are refused. A key with `UserPools` manages those pools only, and nothing
that belongs to none. The host, the date and the target must be signed; presigned URLs and unsigned payloads
are not taken. `SignatureCheck: accept-any` asks for no key and serves programs on this machine only, never a
web page: for work on a machine that nobody shares.

## Operations

What is not served answers the error `OperationNotEnabledException`, with the reason as its text.

| Operation | Who | State |
|---|---|---|
"""


def build_page() -> str:
    """Build the page."""
    return INTRODUCTION + "".join(f"{row}\n" for row in _rows())


def _rows() -> Iterator[str]:
    for operation in sorted(operations().values(), key=lambda operation: operation.name):
        yield f"| `{operation.name}` | {operation.auth} | {_state(operation)} |"


def _state(operation: Operation) -> str:
    if operation.name in SERVED:
        return "served"
    reason = UNSUPPORTED.get(operation.name)
    return f"refused: {reason}" if reason else "not yet"


if __name__ == "__main__":
    sys.stdout.write(build_page())
