"""
Which SQL Servers may be asked: those that the operator of the hub names, and no others.

Whoever sets up an account types an address. Without a list, that form would be a way to reach
whatever the hub's own network reaches, so names and ports are compared with the operator's,
letter for letter, and what is written in a roundabout way (a number for an address, IPv6, a
trailing dot, parts after a question mark) is no address at all.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote

from connectors.errors import NotConfigured
from connectors.visma_business_classic import errors
from connectors.visma_business_classic.errors import VENDOR

HOSTS = "VISMA_BUSINESS_HOSTS"
SQL_SERVERS_PORT = 1433
_LARGEST_PORT, _LONGEST_HOST = 65535, 253

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = rf"(?P<host>{_LABEL}(?:\.{_LABEL})*)(?::(?P<port>[1-9][0-9]{{0,4}}))?"
_PLACE = re.compile(_HOST)
_ADDRESS = re.compile(
    rf"mssql://(?P<login>[^\s:@/?#]+):(?P<password>[^\s@/?#]+)@{_HOST}(?:/(?P<database>\w{{1,60}})?)?",
    re.ASCII,
)
_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)")

METADATA_SERVICES = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"))
)
"""Where clouds hand credentials to whoever asks, beside the link-local 169.254.169.254."""


@dataclass(frozen=True, slots=True)
class Place:
    """A server's name and port as they are compared and connected to."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Address:
    """Where a company's database is, and the login."""

    host: str
    port: int
    login: str
    password: str
    database: str

    def __repr__(self) -> str:
        return f"Address({self.host}:{self.port}/{self.database})"


def address(text: str, *, company: str) -> Address:
    """
    Return the parts of ``mssql://login:password@server:1433``.

    :param company: its number; the database is then ``F0001``, unless the address names one
    :raises AddressUnreadable: if it is something else
    """
    found = _ADDRESS.fullmatch(text.strip())
    place = _place(found) if found else None
    if found is None or place is None:
        raise errors.AddressUnreadable(vendor=VENDOR)
    login, password = unquote(found["login"]), unquote(found["password"])
    database = found["database"] or ""
    if not database and company.isdecimal():
        # doc.visma.net, r_c_company_companyno: F and the company's number, four digits.
        database = f"F{int(company):04d}"
    if not database or not (login + password).isprintable():
        raise errors.AddressUnreadable(vendor=VENDOR)
    return Address(place.host, place.port, login, password, database)


def allowed_places(text: str) -> frozenset[Place]:
    """
    Return the servers that the operator's setting names, as in ``sql1.example,10.0.0.5:1533``.

    :raises NotConfigured: if it names none, or one that cannot be read
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    places = [_place(found) if (found := _PLACE.fullmatch(name)) else None for name in names]
    if not places or None in places:
        raise NotConfigured(setting=HOSTS)
    return frozenset(place for place in places if place is not None)


def check_allowed(where: Address, allowed: frozenset[Place]) -> None:
    """
    Refuse a server that the operator does not name.

    :raises HostNotAllowed: if it is another
    """
    if Place(where.host, where.port) not in allowed:
        raise errors.HostNotAllowed(vendor=VENDOR, setting=HOSTS)


def check_resolved(where: Address) -> None:
    """
    Refuse a name that leads to the machine's own network or to a cloud's metadata.

    The driver looks the name up once more: whoever rules the operator's name service is trusted.

    :raises HostNotAllowed: if it does
    :raises OSError: if there is no such name
    """
    for *_kind, found in socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM):
        one = ip_address(str(found[0]).partition("%")[0])
        if isinstance(one, IPv6Address) and one.ipv4_mapped:
            one = one.ipv4_mapped
        local = one.is_link_local or one.is_multicast or one.is_unspecified
        if local or one in METADATA_SERVICES:
            raise errors.HostNotAllowed(vendor=VENDOR, setting=HOSTS)


def _place(found: re.Match[str]) -> Place | None:
    """Return the server in its one form, or None if that is no name and no plain address."""
    host, port = found["host"].lower(), int(found["port"] or SQL_SERVERS_PORT)
    if port > _LARGEST_PORT or len(host) > _LONGEST_HOST:
        return None
    if _A_NUMBER.fullmatch(host):
        # What ends in a number is read as an address by every resolver, in many spellings.
        try:
            IPv4Address(host)
        except AddressValueError:
            return None
    return Place(host, port)
