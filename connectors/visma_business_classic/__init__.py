"""Visma Business (classic, on SQL Server): everything the registry needs to know of it."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic_settings import SettingsConfigDict

from connectors.base import Capabilities, Observer
from connectors.errors import NotConfigured
from connectors.limits import Limiter
from connectors.settings import Settings, setting
from connectors.sign_in import Grant, Tokens, WithoutPerson
from connectors.vendor import Vendor
from connectors.visma_business_classic import errors, setup_check
from connectors.visma_business_classic.addresses import (
    HOSTS,
    Address,
    address,
    allowed_places,
    check_allowed,
)
from connectors.visma_business_classic.client import Client
from connectors.visma_business_classic.database import Database, Dialect, sql_server
from connectors.visma_business_classic.ledger import BY_SIDE, SIGNED
from connectors.visma_ledger import Reading
from connectors.words import gettext_noop as _

__all__ = ["VENDOR", "Client", "make_sign_in", "make_source"]

DATABASE = "database"
ONE_DAY = 24 * 60 * 60
"""Seconds after which the login is tried again; it has no token that could expire."""

CA_FILE = "VISMA_BUSINESS_CA_FILE"


class VismaBusinessSettings(Settings):
    """What the operator sets for Visma Business."""

    model_config = SettingsConfigDict(title="Visma Business")

    visma_business_hosts: str = setting(
        _(
            "Classic Visma Business: the SQL Servers that the hub may connect to, for example"
            " sql1.office.example,10.0.0.5:1533 (port 1433 if none is given); empty: none"
        ),
    )
    visma_business_ca_file: str = setting(
        _(
            "File (PEM) with the authorities or certificates of those servers; empty: only "
            "certificates that a browser would accept"
        ),
    )
    visma_business_columns: str = setting(
        _(
            "Local names of columns that the hub does not find by itself, for example "
            "amountDomestic=Am,kid=Cid,organisation=Table.BsNo,voucherTypes=Table.AffTrn"
        ),
    )
    visma_business_sign: Literal["", "signed", "side"] = setting(
        _(
            "signed: amounts carry a sign; side: they carry none and Cr decides; empty: "
            "detected from the rows"
        ),
    )
    visma_business_write_back: bool = setting(
        _(
            "1: payments may be marked by an UPDATE that bypasses the application, in a "
            "column made for it, with the written consent of customer and dealer"
        ),
        False,
    )


_PAIR = re.compile(r"(\w+)=(\w+(?:\.\w+)?)")
_COMPANY = re.compile(r"\d{1,4}")


def make_source(
    *,
    settings: Mapping[str, str],
    tokens: Tokens,
    company: str,
    own_key: str = "",
    kind: str = DATABASE,
    observer: Observer | None = None,
    limiter: Limiter | None = None,
) -> Client:
    """
    Return a client of the company's database.

    :param company: its number in Visma Business, at most four digits
    :param own_key: the address of the database with the read-only login
    :raises AddressUnreadable: if that is no company number; the address is read, and the driver
        looked for, when something is asked
    """
    sign = _text(settings, "VISMA_BUSINESS_SIGN")
    if sign not in ("", SIGNED, BY_SIDE):
        raise NotConfigured(setting="VISMA_BUSINESS_SIGN")
    if not _COMPANY.fullmatch(company):
        raise errors.AddressUnreadable(vendor=errors.VENDOR)
    return Client(
        database=Database(lambda: _server(settings, address(own_key, company=company))),
        company=company,
        named=_named(settings),
        reading=Reading(),
        sign=sign,
        writes=_text(settings, "VISMA_BUSINESS_WRITE_BACK") in {"1", "true", "yes", "on"},
    )


def _server(settings: Mapping[str, str], where: Address) -> Dialect:
    """
    Return how the company's server is asked.

    :raises HostNotAllowed: if the operator does not name it
    :raises NotConfigured: if the operator names none, or certificates that are not there
    """
    check_allowed(where, allowed_places(_text(settings, HOSTS)))
    authorities = _text(settings, CA_FILE)
    if authorities and not Path(authorities).is_file():
        raise NotConfigured(setting=CA_FILE)
    return sql_server(where, authorities=authorities)


def _named(settings: Mapping[str, str]) -> dict[str, str]:
    text = _text(settings, "VISMA_BUSINESS_COLUMNS")
    pairs = [_PAIR.fullmatch(one.strip()) for one in text.split(",")] if text else []
    if not all(pairs):
        raise NotConfigured(setting="VISMA_BUSINESS_COLUMNS")
    return {pair[1]: pair[2] for pair in pairs if pair is not None}


def _text(settings: Mapping[str, str], name: str) -> str:
    return (settings.get(name) or "").strip()


class DatabaseLogin(WithoutPerson):
    """How such a connection is authorised: the address holds the login, there is no token."""

    def __init__(self, own_key: str) -> None:
        self._own_key = own_key

    def refused(self) -> errors.LoginRefused:
        """Return the failure of whoever asks for a page to sign in on."""
        return errors.LoginRefused(vendor=errors.VENDOR)

    def refresh(self, *, refresh_token: str, now: datetime) -> Grant:
        """Return the grant again."""
        return self.service_grant(tenant_id="", now=now)

    def service_grant(self, *, tenant_id: str, now: datetime) -> Grant:
        """Return a grant; whether the login works is seen when the company is read."""
        if tenant_id:
            address(self._own_key, company=tenant_id)
        return Grant(access_token="database", expires_in=ONE_DAY, tenant_id=tenant_id)  # noqa: S106


def make_sign_in(*, settings: Mapping[str, str], kind: str, own_key: str = "") -> DatabaseLogin:
    """Return how a connection is authorised."""
    return DatabaseLogin(own_key)


VENDOR = Vendor(
    key="vismabusiness",
    name=errors.VENDOR,
    account_name=_("Visma Business database"),
    capabilities=Capabilities(),
    kinds=(DATABASE,),
    settings=VismaBusinessSettings,
    make_connector=None,
    make_sign_in=make_sign_in,
    make_source=make_source,
    marker_trouble=setup_check.marker_trouble,
    own_key_label=_(
        "Address of the database with a read-only login, mssql://login:password@server"
    ),
)
