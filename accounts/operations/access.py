"""Connectors ready to be used: registry, settings, stored tokens and budgets put together."""

from typing import Any

from django.conf import settings

from accounts.models import Connection
from accounts.operations import rate_limits
from accounts.operations.tokens import StoredTokens
from connectors.base import AccountingConnector, Observer
from connectors.errors import ADMINISTRATOR, Rejected
from connectors.receivables.source import PaymentSource
from connectors.receivables.target import PaymentTarget
from connectors.registry import CONNECTORS
from connectors.words import gettext_noop as _


class NotSuited(Rejected):
    """The connection reaches a vendor that does not do what is wanted of it."""

    summary = _("{account} cannot be used for this.")
    remedy = _("Choose an account of a vendor that can.")
    who = ADMINISTRATOR
    action = ""
    needs = ("account",)


def connector_for(
    connection: Connection, *, observer: Observer | None = None, alone: bool = False
) -> AccountingConnector:
    """
    Return the target of journals that the connection reaches; it refreshes its tokens by itself.

    :param connection: as it was read a moment ago
    :param alone: the caller holds the lease of the company's one writer
    :raises NotSuited: if the vendor takes no journals
    """
    make = CONNECTORS[connection.vendor].make_connector
    if make is None:
        raise NotSuited(account=connection.name)
    return make(
        settings=settings.HUB_VENDORS,
        tokens=StoredTokens(connection.pk, read=connection),
        observer=observer,
        limiter=rate_limits.for_connection(connection, alone=alone),
    )


def source_for(connection: Connection, *, observer: Observer | None = None) -> PaymentSource:
    """
    Return the source of payments that the connection reaches.

    :raises NotSuited: if the vendor gives no payments
    """
    make = CONNECTORS[connection.vendor].make_source
    if make is None:
        raise NotSuited(account=connection.name)
    return make(kind=connection.kind, observer=observer, **_company_of(connection))


def target_for(connection: Connection, *, observer: Observer | None = None) -> PaymentTarget:
    """
    Return the target of payments that the connection reaches.

    :raises NotSuited: if the vendor takes no payments
    """
    make = CONNECTORS[connection.vendor].make_target
    if make is None:
        raise NotSuited(account=connection.name)
    return make(observer=observer, **_company_of(connection))


def _company_of(connection: Connection) -> dict[str, Any]:
    return {
        "settings": settings.HUB_VENDORS,
        "tokens": StoredTokens(connection.pk),
        "company": connection.tenant_id,
        "own_key": connection.own_key,
        "limiter": rate_limits.for_connection(connection),
    }
