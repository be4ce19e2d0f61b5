"""Android apps that may ask for a pool's passkeys, by the origin that Android gives them. Pure.

`android:apk-key-hash:` and the SHA-256 of the certificate that signs the app, in base64url without padding.
An app has no page whose host says for whom it asks, so each one is named: in the file, or in a tag of a pool
that was made through the API, whose shapes have no member for it.
"""

from __future__ import annotations

import re
from typing import Final

from idp.model import Pool

PREFIX: Final = "android:apk-key-hash:"
TAG: Final = "albacore:WebAuthnAppOrigins"
"""The tag that names the apps of a pool made through the API, separated by spaces."""
# 32 bytes are 43 characters, of which the last holds four bits: one spelling for one certificate.
PATTERN: Final = re.escape(PREFIX) + r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
SHAPE: Final = f"`{PREFIX}` and 43 characters, the SHA-256 of the signing certificate in base64url"
_ORIGIN: Final = re.compile(PATTERN)


def app_origins(pool: Pool) -> tuple[str, ...]:
    """Return the origins of a pool's apps; what is none in a tag counts for nothing."""
    tags = pool.kept.get("UserPoolTags") or {}
    tagged = (word for word in str(tags.get(TAG, "")).split() if _ORIGIN.fullmatch(word))
    return tuple(dict.fromkeys((*pool.factors.app_origins, *tagged)))


def is_app_origin(origin: str) -> bool:
    """Whether a text is such an origin."""
    return _ORIGIN.fullmatch(origin) is not None
