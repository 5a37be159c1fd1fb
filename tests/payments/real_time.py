"""An office between both stand-ins, by the clock of the machine: for processes that are killed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from accounts.models import Connection, Membership
from accounts.operations import connecting
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
        self.client = rows.client_of(
            self.organisation,
            organisation_number=NORDVIK.organisation_number,
            source=self.account("businessnxt", tenant_id=str(NORDVIK.company_no)),
            target=self.account("powerofficego", own_key=NORDVIK.client_key),
            voucher_types=sorted(story.PAYMENT_TYPES),
            clearing_account="1579",
        )

    def account(self, vendor: str, *, tenant_id: str = "", own_key: str = "") -> Connection:
        account = connecting.create_connection(
            organisation=self.organisation,
            vendor=vendor,
            name=vendor,
            kind=Connection.Kind.SERVICE,
            tenant_id=tenant_id,
            by=None,
        )
        Connection.objects.filter(pk=account.pk).update(own_key=own_key)
        connecting.authorise_service(connection=account, by=None)
        self.run_due_work()
        account.refresh_from_db()
        assert account.is_authorised, account.failure_code
        return account

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
