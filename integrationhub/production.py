"""
What production refuses to start with although it is set, and what it only reports.

Pure: `settings` asks at every start, `doctor` tells the operator.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

KEY_AT_LEAST, KEY_VARIES_AT_LEAST, TOKEN_AT_LEAST = 50, 5, 20


@dataclass(frozen=True, slots=True)
class Weakness:
    """
    One setting that is not safe.

    :param refuses: the hub does not start with it; else it is only reported
    """

    name: str
    text: str
    refuses: bool = True


def weaknesses(
    *,
    base_url: str,
    allowed_hosts: Sequence[str],
    secret_key: str,
    metrics_token: str,
    vendors: Mapping[str, str],
    servers: Mapping[str, str] | None = None,
) -> list[Weakness]:
    """
    Return what is not safe in production; what is not set at all is said elsewhere.

    :param vendors: the vendors' settings, of which the addresses are looked at
    :param servers: addresses of database, broker and mail server
    """
    found = list(_keys(secret_key, metrics_token))
    for host in allowed_hosts:
        if "*" in host or host.startswith("."):
            text = f"{host!r} stands for many hosts; write each name that people type."
            found.append(Weakness("HUB_ALLOWED_HOSTS", text))
    addresses = {"HUB_BASE_URL": base_url} | {
        name: value
        for name, value in vendors.items()
        if name.endswith("_URL") or value.lower().startswith("http:")
    }
    for name, value in addresses.items():
        weakness = _address(name, value) if value else None
        if weakness:
            found.append(weakness)
    found += [
        Weakness(name, "it is not encrypted on the way; " + remedy, refuses=False)
        for name, value in (servers or {}).items()
        if value and (remedy := _unencrypted(value))
    ]
    return found


def _keys(secret_key: str, metrics_token: str) -> Iterator[Weakness]:
    if secret_key and (
        len(secret_key) < KEY_AT_LEAST or len(set(secret_key)) < KEY_VARIES_AT_LEAST
    ):
        yield Weakness(
            "HUB_SECRET_KEY",
            f"it is too easy to guess; {KEY_AT_LEAST} random characters or more are needed. Make "
            "one: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
        )
    if metrics_token and len(metrics_token) < TOKEN_AT_LEAST:
        text = f"it is too short; {TOKEN_AT_LEAST} random characters or more are needed."
        yield Weakness("HUB_METRICS_TOKEN", text)


def _address(name: str, value: str) -> Weakness | None:
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        return Weakness(name, "it cannot be read as an address; write https://host.")
    if parts.scheme == "https" and host:
        return None
    if parts.scheme == "http" and _is_loopback(host):
        text = "it is http on this machine: nothing is encrypted, and only this machine reaches it."
        return Weakness(name, text, refuses=False)
    return Weakness(name, "it is not https; what is sent there could be read on the way.")


def _unencrypted(value: str) -> str:
    """Return what to add to the address of a server, if what is sent there could be read."""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        return ""  # whoever reads it says so
    options = parse_qs(parts.query)
    if not host or host == "localhost" or _is_loopback(host):
        return ""
    if parts.scheme.startswith("postgres"):
        safe = options.get("sslmode") in (["verify-full"], ["verify-ca"])
        return "" if safe else "add ?sslmode=verify-full&sslrootcert=/path/to/authority.pem."
    if parts.scheme.startswith("redis"):
        return "" if parts.scheme == "rediss" else "write rediss://."
    if parts.scheme == "smtp":
        return "" if ["1"] in (options.get("tls"), options.get("ssl")) else "add ?tls=1."
    return ""


def _is_loopback(host: str) -> bool:
    """Return whether it is an address of this machine; a name could be made to mean another."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
