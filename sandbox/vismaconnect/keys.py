"""The signing keys of the identity service, and tokens signed with them."""

import json
from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from sandbox.store import Store

ALGORITHM = "RS256"


@cache
def _made_once() -> str:
    """Return a new private key; making one takes a while, so a process makes one only."""
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, private=True)
    return json.dumps(key.as_dict(private=True) | {"kid": key.thumbprint()})


@cache
def _stranger() -> RSAKey:
    return RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, private=True)


class Keys:
    """Signs and reads tokens with the key that the store keeps over restarts."""

    def __init__(self, store: Store) -> None:
        kept = store.get("key", "signing")
        if kept is None:
            kept = json.loads(_made_once())
            store.put("key", "signing", kept)
        self._key = RSAKey.import_key(kept)
        self._kid = kept["kid"]

    def public(self) -> dict[str, Any]:
        """Return the key set that everybody may read."""
        key = self._key.as_dict(private=False)
        return {"keys": [key | {"kid": self._kid, "use": "sig", "alg": ALGORITHM}]}

    def sign(self, claims: dict[str, Any], *, kind: str = "JWT", strange: bool = False) -> str:
        """Return a signed token; `strange` signs with a key that is not published."""
        key = _stranger() if strange else self._key
        return jwt.encode({"alg": ALGORITHM, "kid": self._kid, "typ": kind}, claims, key)

    def read(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token that we signed, expired or not; None for any other."""
        try:
            return dict(jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims)
        except (JoseError, ValueError):
            return None
