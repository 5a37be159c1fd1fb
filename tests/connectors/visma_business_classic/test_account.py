"""An account of a classic database: made with an address, tried by a worker, then used."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.operations import connecting
from accounts.operations.access import source_for
from connectors import visma_business_classic as classic
from connectors.receivables.source import PaymentQuery
from connectors.visma_business_classic.addresses import Address
from sandbox import receivables_story as story
from tests import factories
from tests.connectors.visma_business_classic.conftest import Office

pytestmark = pytest.mark.django_db


class TestAnAccount:
    def test_is_authorised_by_reading_the_company_and_then_gives_payments(
        self,
        office: Office,
        query: PaymentQuery,
        run_due_work: Callable[..., int],
        monkeypatch: pytest.MonkeyPatch,
        settings: Any,
    ) -> None:
        settings.HUB_VENDORS = {**settings.HUB_VENDORS, "VISMA_BUSINESS_HOSTS": "sql.example"}
        asked: list[Address] = []

        def sql_server(where: Address, *, authorities: str) -> object:
            asked.append(where)
            return office.dialect

        monkeypatch.setattr(classic, "sql_server", sql_server)
        member = factories.member()
        account = connecting.create_connection(
            organisation=member.organisation,
            vendor="vismabusiness",
            name="Nordvik",
            kind="database",
            tenant_id="7",
            by=member.user,
        )
        account.own_key = "mssql://hub:secret@sql.example"
        account.save(update_fields=["own_key"])

        connecting.authorise_service(connection=account, by=member.user)
        run_due_work()

        account.refresh_from_db()
        assert account.is_authorised
        assert account.administration_organisation_number == story.NORDVIK.organisation_number
        assert len(source_for(account).read_payments(query).payments) == 10
        assert {one.database for one in asked} == {"F0007"}
