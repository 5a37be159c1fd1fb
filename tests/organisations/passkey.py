"""A device with one passkey, as a browser would use it: what it signs is what a real one signs."""

import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

CREATE, GET = CollectedClientData.TYPE.CREATE, CollectedClientData.TYPE.GET


@dataclass
class Device:
    """
    :param verifies: whether it asks for a finger, face or PIN
    """

    host: str = "localhost"
    origin: str = "http://localhost:8000"
    verifies: bool = True
    id: bytes = b"a-passkey-0123456789"
    user: str = ""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def create(self, options: Any) -> str:
        """Return the answer to a page that asks for a new passkey."""
        asked = options["publicKey"]
        self.user = asked["user"]["id"]
        credential = AttestedCredentialData.create(
            b"\0" * 16, self.id, ES256.from_cryptography_key(self.key.public_key())
        )
        data = AuthenticatorData.create(
            sha256(self.host.encode()), self._flags | AuthenticatorData.FLAG.AT, 0, credential
        )
        said = self._said(CREATE, asked["challenge"])
        answer = {
            "clientDataJSON": websafe_encode(said),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        }
        return self._credential(answer, {"credProps": {"rk": True}})

    def get(self, options: Any) -> str:
        """Return the answer to a page that asks for the passkey."""
        data = AuthenticatorData.create(sha256(self.host.encode()), self._flags, 0)
        said = self._said(GET, options["publicKey"]["challenge"])
        answer = {
            "clientDataJSON": websafe_encode(said),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(self.key.sign(data + sha256(said), ec.ECDSA(SHA256()))),
            "userHandle": self.user,
        }
        return self._credential(answer, {})

    @property
    def _flags(self) -> Any:
        flags = AuthenticatorData.FLAG.UP
        return flags | AuthenticatorData.FLAG.UV if self.verifies else flags

    def _said(self, kind: str, challenge: str) -> bytes:
        return bytes(CollectedClientData.create(kind, challenge, self.origin))

    def _credential(self, answer: dict[str, str], results: dict[str, Any]) -> str:
        name = websafe_encode(self.id)
        return json.dumps(
            {
                "type": "public-key",
                "id": name,
                "rawId": name,
                "authenticatorAttachment": "platform",
                "response": answer,
                "clientExtensionResults": results,
            }
        )
