"""An authenticator without a browser: makes passkeys and answers challenges, or lies about them.

Each answer can be bent member by member, for tests of what the relying party must refuse.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

USER_PRESENT, USER_VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40


def encode(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(slots=True)
class Authenticator:
    """A device with one passkey per relying party."""

    origin: str
    verifies: bool = True
    """Whether it checks who uses it."""
    attachment: str = "platform"
    count: int = 0
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    user_handle: str = ""

    def create(self, options: Mapping[str, Any], **lies: Any) -> dict[str, Any]:
        """Answer creation options (RegistrationResponseJSON)."""
        self.user_handle = options["user"]["id"]
        told = self._client_data("webauthn.create", options["challenge"], lies)
        data = self._authenticator_data(lies.get("rp_id", options["rp"]["id"]), HAS_CREDENTIAL, lies)
        data += bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id
        data += cbor2.dumps(lies.get("cose", self._cose_key()))
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": encode(told),
            "attestationObject": encode(attestation),
            "transports": ["internal"],
        }
        return self._credential(response)

    def get(self, options: Mapping[str, Any], **lies: Any) -> dict[str, Any]:
        """Answer request options (AuthenticationResponseJSON)."""
        self.count += 1
        told = self._client_data("webauthn.get", options["challenge"], lies)
        data = self._authenticator_data(lies.get("rp_id", options["rpId"]), 0, lies)
        signature = self.key.sign(data + hashlib.sha256(told).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": encode(told),
            "authenticatorData": encode(data),
            "signature": encode(lies.get("signature", signature)),
            "userHandle": lies.get("user_handle", self.user_handle),
        }
        return self._credential(response)

    def _client_data(self, kind: str, challenge: str, lies: Mapping[str, Any]) -> bytes:
        told = {
            "type": lies.get("type", kind),
            "challenge": lies.get("challenge", challenge),
            "origin": lies.get("origin", self.origin),
            "crossOrigin": lies.get("cross_origin", False),
        }
        return json.dumps(told).encode()

    def _authenticator_data(self, rp_id: str, flags: int, lies: Mapping[str, Any]) -> bytes:
        flags |= USER_PRESENT if lies.get("present", True) else 0
        flags |= USER_VERIFIED if lies.get("verified", self.verifies) else 0
        count = lies.get("count", self.count)
        return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, count)

    def _cose_key(self) -> dict[int, Any]:
        numbers = self.key.public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": encode(self.credential_id),
            "rawId": encode(self.credential_id),
            "type": "public-key",
            "response": response,
            "authenticatorAttachment": self.attachment,
            "clientExtensionResults": {},
        }
