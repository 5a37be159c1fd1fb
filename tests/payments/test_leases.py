"""What a worker fetches or registers stays its own while it works, and no longer."""

from datetime import timedelta

import pytest

from accounts.operations.claims import writer_key
from background import claims, renewing
from background.models import Lease
from connectors.errors import Unavailable
from integrationhub import sweeping
from payments.models import FetchRun, Registration
from payments.tasks import enqueue_due
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid

pytestmark = pytest.mark.django_db


def test_a_run_that_takes_long_is_extended_until_its_task_ends() -> None:
    claims.forget_owners()
    client = rows.client_of()
    run = FetchRun.objects.create(organisation=client.organisation, client=client)
    now = run.not_before
    claimed = FetchRun.objects.claim(run.pk, owner=claims.new_owner(), now=now)
    assert claimed is not None

    for seconds in range(0, 130, 10):
        renewing.extend_all(sweeping.renewals(), now=now + timedelta(seconds=seconds))
        assert not FetchRun.objects.due(now=now + timedelta(seconds=seconds)).exists()

    claims.forget_owners()
    renewing.extend_all(sweeping.renewals(), now=now + timedelta(seconds=150))
    assert FetchRun.objects.due(now=now + timedelta(seconds=160)).get() == claimed


def test_a_client_whose_company_another_worker_has_is_enqueued_soon_not_at_every_sweep(
    office: Office,
) -> None:
    office.target.invoices = [billed("1001", "1000.00")]
    office.source.payments = [paid(1, "1000.00", invoice_number="1001")]
    office.target.fault = lambda payment: Unavailable(vendor="PowerOffice")
    office.fetch()
    office.target.fault = lambda payment: None
    office.now += timedelta(hours=1)
    target = office.fresh().target
    assert target is not None
    key = writer_key(target)
    Lease.objects.take(key=key, owner="another", now=office.now, seconds=30)

    office.work()  # would not end if it were enqueued again and again

    def enqueued_after(seconds: float) -> int:
        return enqueue_due(now=office.now + timedelta(seconds=seconds), limit=9)

    assert [enqueued_after(seconds) for seconds in (0.5, 2.5, 3.5)] == [0, 0, 1]
    Lease.objects.give_back(key=key, owner="another")
    office.work(seconds=20)
    assert Registration.objects.get().state == "registered"
