"""Connections that reach the sandbox, and a made-up target."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from accounts.models import Connection
from connectors import base
from organisations.models import Organisation
from sandbox import seed
from tests import factories
from tests.connectors.identity import grant_for

NAMES = {
    seed.AKERIET: "Påhittade Åkeriet AB",
    seed.TVILLING: "Tvillingbolagen AB",
    seed.EGNA: "Egna Nummer AB",
}


def connected(of: Organisation, url: str, tenant_id: str = seed.AKERIET) -> Connection:
    """Make a connection whose tokens the sandbox has really given."""
    grant = grant_for(url, tenant_id)
    return factories.connection(
        of,
        tenant_id=tenant_id,
        administration_name=NAMES.get(tenant_id, tenant_id),
        access_token=grant.access_token,
        refresh_token=grant.refresh_token,
        scope=grant.scope,
        subject=grant.subject,
        expires_at=datetime.now(UTC) + timedelta(seconds=grant.expires_in),
    )


def facts(**changes: Any) -> base.LedgerFacts:
    """Return what a small target knows."""
    values: dict[str, Any] = {
        "administration": base.Administration("1", "Norrsken AB", currency="SEK"),
        "accounts": (
            base.Account("1930", "Bank"),
            base.Account("2710", "Skatt"),
            base.Account("1510", "Kundfordringar", takes_manual_entries=False),
            base.Account("7010", "Löner"),
            base.Account("7699", "Gammalt", active=False),
        ),
        "periods": (base.Period("202603", date(2026, 3, 1), open=True),),
        "dimensions": (
            base.Dimension(
                1,
                "Kostnadsställe",
                4,
                (
                    base.DimensionValue("0100", "Lager öst"),
                    base.DimensionValue("0200", "Lager väst"),
                    base.DimensionValue("0900", "Gamla", active=False),
                ),
            ),
            base.Dimension(2, "Projekt", 5, (), validated=False),
        ),
        "branches": (base.Branch("1", "Huvud"),),
        "ledgers": (base.Ledger("HB", "Huvudbok", currency="SEK"),),
        "currencies": ("SEK",),
        "number_series": (base.NumberSeries("BATCH", "Buntar", manual=True),),
    }
    return base.LedgerFacts(**values | changes)


class PlayedConnector:
    """A target that only tells its facts and counts how often it is asked."""

    def __init__(self, known: base.LedgerFacts | None = None) -> None:
        self.known, self.asked = known or facts(), 0

    def read_facts(self) -> base.LedgerFacts:
        self.asked += 1
        return self.known
