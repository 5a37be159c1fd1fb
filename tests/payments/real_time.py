"""An office between both stand-ins, by the clock of the machine: for processes that are killed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from organisations.models import Membership
from payments.models import FetchRun, InvoiceClient
from payments.operations import fetching
from sandbox import receivables_story as story
from tests.payments import rows

NORDVIK = story.NORDVIK


class Office:
    """An office whose client's ledger is in Visma and whose invoices are in PowerOffice."""

    def __init__(self, sandbox: Any, run_due_work: Callable[..., int]) -> None:
        self.sandbox, self.run_due_work = sandbox, run_due_work
        self.member: Membership = rows.member()
        self.organisation = self.member.organisation
        rows.activate(self.organisation, fetch_from=date(2026, 8, 1))
        self.client = rows.client_between_stand_ins(self.member, NORDVIK, work=run_due_work)

    def fetch(self, **more: Any) -> FetchRun:
        now = datetime.now(UTC)
        run = fetching.request_fetch(client=self.fresh(), by=self.member.user, now=now, **more)
        self.run_due_work()
        run.refresh_from_db()
        assert run.state == "done", (run.state, run.failure_code, run.failure_detail)
        return run

    def later(self, seconds: float) -> None:
        self.run_due_work(now=datetime.now(UTC) + timedelta(seconds=seconds))

    def fresh(self) -> InvoiceClient:
        return InvoiceClient.objects.select_related("organisation", "source", "target").get(
            pk=self.client.pk
        )

    def books(self) -> Any:
        return self.sandbox.store.powerofficego.client("nordvik")
