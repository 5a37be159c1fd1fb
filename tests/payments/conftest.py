"""One invoice client between a source and a target that are in memory."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.registry import CONNECTORS
from organisations.models import Membership, Organisation
from payments.models import FetchRun, Integration, InvoiceClient
from payments.operations import fetching
from tests.payments import rows
from tests.payments.vendors import SOURCE, TARGET, MemorySource, MemoryTarget, as_vendor


@dataclass
class Office:
    """An organisation with one invoice client, a finance person, and both vendors."""

    organisation: Organisation
    member: Membership
    integration: Integration
    client: InvoiceClient
    source: MemorySource
    target: MemoryTarget
    run_due_work: Callable[..., int]
    now: datetime = rows.NOW

    def fetch(self, **more: Any) -> FetchRun:
        """Press Fetch and let the worker do all that is due."""
        run = fetching.request_fetch(client=self.fresh(), by=self.member.user, now=self.now, **more)
        self.work()
        run.refresh_from_db()
        return run

    def work(self, seconds: float = 0) -> None:
        """Let the worker do what is due, so many seconds later."""
        self.now += timedelta(seconds=seconds)
        self.run_due_work(now=self.now)

    def fresh(self) -> InvoiceClient:
        """Return the client as it is stored now."""
        return InvoiceClient.objects.select_related("organisation", "source", "target").get(
            pk=self.client.pk
        )


@pytest.fixture
def office(db: None, run_due_work: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return an office that is ready to fetch."""
    source, target = MemorySource(), MemoryTarget()
    monkeypatch.setitem(CONNECTORS, SOURCE, as_vendor(SOURCE, source=source))
    monkeypatch.setitem(CONNECTORS, TARGET, as_vendor(TARGET, target=target))
    member = rows.member()
    organisation = member.organisation
    return Office(
        organisation=organisation,
        member=member,
        integration=rows.activate(organisation, marker="Hub_read", marker_value="1"),
        client=rows.client_of(
            organisation,
            source=rows.account(organisation, SOURCE, tenant_id="4110101"),
            target=rows.account(organisation, TARGET, tenant_id="c1"),
        ),
        source=source,
        target=target,
        run_due_work=run_due_work,
    )
