"""
What never reaches a log: tokens, codes, passwords, and the queries of addresses.

Any value that a log event may carry passes here, whatever its type: a library hands over whole
requests, whose text holds the address with its query. No Django here: the logs come first.
"""

import re
from collections.abc import Mapping, Set
from typing import Any

REDACTED = "[redacted]"

_NAMES = (
    r"token|secret|passw|authori[sz]ation|cookie|credential|api_?key|private_?key|"
    r"encryption_?key|client_?key|own_?key|code_verifier|nonce|assertion|recovery"
)
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)
# Too short to be searched for inside other names: a failure's `code` at the top is none of these.
_SECRET_FIELD = frozenset({"code", "state", "otp", "pin", "own_key"})

_QUERY = re.compile(r"(?<=[\w/.~%-])\?[^\s\"'<>=&]+=[^\s\"'<>]*")
# The one address whose path is the secret: that of a link for a new password.
_PASSWORD_LINK = re.compile(r"(/sign-in/forgotten/)[^\s\"'<>?]+")
_LOGIN_IN_ADDRESS = re.compile(r"(?<=://)[^/\s\"'@]+@")
_HEADER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")
_SIGNED_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*")
_OWN_TOKEN = re.compile(r"\bhub_[\w-]{20,}")
_FIELD = re.compile(
    rf"(?i)(?P<name>\b(?:[\w-]*(?:{_NAMES})[\w-]*|code))"
    r"(?P<is>=|%3D|[\"']\s*:\s*(?=[\"']))"
    r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s&\"',;)}\]]+)"
)


def redacted(value: Any, *, name: str = "", nested: bool = False) -> Any:
    """
    Return the value without its secrets; numbers, yes and no, and nothing stay what they are.

    :param name: what it is called, which alone may make it secret
    :param nested: whether it lies inside another value, where a form or a query may be
    """
    if _SECRET_NAME.search(name) or (nested and name.lower() in _SECRET_FIELD):
        return REDACTED if value else value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redacted_text(value)
    if isinstance(value, Mapping):
        return {
            str(key): redacted(inner, name=str(key), nested=True) for key, inner in value.items()
        }
    if isinstance(value, list | tuple | Set):
        return [redacted(inner, nested=True) for inner in value]
    if isinstance(value, bytes | bytearray):
        return redacted_text(bytes(value).decode("utf-8", "replace"))
    return redacted_text(str(value))


def redacted_text(text: str) -> str:
    """Return the text without tokens, without secret fields and without the queries in it."""
    text = _QUERY.sub(f"?{REDACTED}", text)
    text = _PASSWORD_LINK.sub(rf"\1{REDACTED}", text)
    text = _LOGIN_IN_ADDRESS.sub(f"{REDACTED}@", text)
    text = _HEADER.sub(rf"\1 {REDACTED}", text)
    text = _SIGNED_TOKEN.sub(REDACTED, text)
    text = _OWN_TOKEN.sub(REDACTED, text)
    return _FIELD.sub(rf"\g<name>\g<is>{REDACTED}", text)
