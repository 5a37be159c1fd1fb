"""Reading what a target knows, and keeping it for a while."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import Connection
from accounts.operations.access import connector_for
from background.registry import Registry
from connectors.base import AccountingConnector, LedgerFacts
from mappings.models import LedgerSnapshot
from mappings.rules.facts import UnreadableFacts, facts_from_json, facts_to_json

Reading = Callable[[Connection, bool, datetime], object]
when_read = Registry[Reading]()
"""What higher apps do when a target was read: the account, whether periods changed, and when."""


def remembered_facts(
    connection: Connection, *, now: datetime, since: datetime | None = None
) -> LedgerFacts | None:
    """
    Return what was read of the target if that may still be relied on, else None. Calls nobody.

    It may let a check pass. Before something is refused or held by it, read again.

    :param since: the reading must be as new as that too, so that it may refuse
    """
    stored = stored_facts(connection)
    if stored is None or now - stored[1] >= timedelta(seconds=settings.HUB_LEDGER_FRESH_SECONDS):
        return None
    return stored[0] if since is None or stored[1] >= since else None


def facts_for(
    connection: Connection,
    *,
    now: datetime,
    max_age: timedelta | None = None,
    connector: AccountingConnector | None = None,
) -> LedgerFacts:
    """
    Return what the target knows, read again if the stored reading is older than allowed.

    May call the vendor, so only a worker may call it; no transaction is open meanwhile.

    :param max_age: how old the reading may be; without it HUB_LEDGER_FRESH_SECONDS, and zero
        always reads
    :raises ConnectorError: any of the five failures
    """
    if max_age is None:
        max_age = timedelta(seconds=settings.HUB_LEDGER_FRESH_SECONDS)
    stored = stored_facts(connection)
    if stored is not None and now - stored[1] < max_age:
        return stored[0]
    facts = (connector or connector_for(connection)).read_facts()
    store_facts(connection, facts, now=now)
    periods_changed = stored is not None and stored[0].periods != facts.periods
    for act in when_read:
        act(connection, periods_changed, now)
    return facts


def stored_facts(connection: Connection) -> tuple[LedgerFacts, datetime] | None:
    """Return what was read last and when, or None. Calls nobody."""
    snapshot = LedgerSnapshot.objects.filter(connection=connection).first()
    if snapshot is None:
        return None
    try:
        return facts_from_json(snapshot.facts), snapshot.read_at
    except UnreadableFacts:
        # Written by a version whose shapes differ: as if it had never been read.
        return None


def store_facts(connection: Connection, facts: LedgerFacts, *, now: datetime) -> None:
    """Keep the reading; of two at the same time the newer one stays."""
    text = facts_to_json(facts)
    mine = LedgerSnapshot.objects.filter(connection=connection)
    if mine.filter(read_at__lte=now).update(facts=text, read_at=now) or mine.exists():
        return
    try:
        with transaction.atomic():
            LedgerSnapshot.objects.create(
                organisation_id=connection.organisation_id,
                connection=connection,
                read_at=now,
                facts=text,
            )
    except IntegrityError:
        mine.filter(read_at__lte=now).update(facts=text, read_at=now)
