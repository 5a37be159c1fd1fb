"""Every page of payments: it opens, it belongs to one organisation, it asks a fixed number."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from background.models import BackgroundRequest
from payments import urls
from payments.models import (
    Customer,
    DeniedProject,
    FetchGroup,
    FetchRun,
    Invoice,
    LearntPrefix,
    Payment,
    Reconciliation,
    Registration,
    Settlement,
    SkippedRow,
    TimeBlock,
    TimeEntry,
)
from payments.operations import fetching, reconciling, start_dates
from payments.queries.runs import LISTS
from tests import factories
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import SOURCE, billed, paid

PAGES = (
    "overview",
    "import",
    "unmatched",
    "not_there",
    "customers",
    "time",
    "settings",
    "new_client",
    "new_account",
    "export_clients",
)
_MORE: dict[str, tuple[tuple[str, ...], ...]] = {
    "run_list": tuple((name,) for name in ("skipped", *LISTS)),
    "export_reconciliation": (("csv",), ("xlsx",)),
}


@pytest.fixture
def full(office: Office) -> Office:
    """Return an office that has one of everything."""
    office.target.invoices = [billed("1001", "1000.00"), billed("1002", "500.00")]
    office.source.payments = [
        paid(1, "1000.00", invoice_number="1001"),
        paid(2, "200.00", invoice_number="1002"),
        paid(3, "500.00"),
    ]
    office.fetch()
    customer = Customer.objects.get()
    TimeEntry.objects.create(
        organisation=office.organisation,
        customer=customer,
        worked_on=rows.START,
        minutes=60,
        who="Somebody",
    )
    TimeBlock.objects.create(
        organisation=office.organisation, customer=customer, reason="person", since=office.now
    )
    DeniedProject.objects.create(
        organisation=office.organisation, customer=customer, project_id="1", set_at=office.now
    )
    SkippedRow.objects.create(
        organisation=office.organisation,
        client=office.client,
        run=FetchRun.objects.get(),
        reason="compression",
    )
    fetching.request_fetch_of_many(
        organisation=office.organisation, clients=[office.fresh()], by=None, now=office.now
    )
    office.work()
    reconciling.reconcile(office.fresh(), on=office.now.date(), by=None, now=office.now)
    LearntPrefix.objects.create(
        organisation=office.organisation,
        client=office.client,
        text="F-",
        key="f-",
        side="payment",
        learnt_at=office.now,
    )
    BackgroundRequest.objects.create(
        organisation=office.organisation,
        kind=start_dates.COUNT,
        params={"before": "2026-01-01", "after": "2025-01-01", "client": None},
        requested_by=office.member.user,
    )
    return office


def addresses() -> list[tuple[str, str]]:
    """Return every address of the app with the ids of what is there, by name."""
    newest = {
        "client": (
            "client",
            "fetch",
            "reconciliation",
            "compare",
            "client_settings",
            "check_client",
            "try_client_again",
            "import_invoices",
            "export_invoices",
        ),
        "invoice": ("invoice",),
        "group": ("group",),
        "run": ("run", "cancel_run", "run_list", "mark_again", "try_run"),
        "payment": ("payment", "match", "split", "learn_prefix", "try_mark"),
        "prefix": ("forget_prefix",),
        "settlement": ("undo_match",),
        "registration": ("register_again", "decide", "try_registration"),
        "customer": ("customer", "block", "unblock", "recheck", "try_push"),
        "reconciliation": ("export_reconciliation",),
        "count": ("earlier_count",),
    }
    run = FetchRun.objects.earliest("pk")
    ids = {
        "client": run.client_id,
        "invoice": Invoice.objects.earliest("pk").pk,
        "group": FetchGroup.objects.earliest("pk").pk,
        "run": run.pk,
        "payment": Payment.objects.latest("pk").pk,
        "prefix": LearntPrefix.objects.earliest("pk").pk,
        "settlement": Settlement.objects.earliest("pk").pk,
        "registration": Registration.objects.earliest("pk").pk,
        "customer": Customer.objects.earliest("pk").pk,
        "reconciliation": Reconciliation.objects.earliest("pk").pk,
        "count": BackgroundRequest.objects.filter(kind=start_dates.COUNT).earliest("pk").pk,
    }
    kind_of = {name: kind for kind, names in newest.items() for name in names}
    found = []
    for pattern in urls.urlpatterns:
        name = str(pattern.name)
        if name in PAGES or name not in kind_of:
            found.append((name, reverse(f"payments:{name}")))
            continue
        pk = ids[kind_of[name]]
        found += [
            (name, reverse(f"payments:{name}", args=[pk, *more])) for more in _MORE.get(name, ((),))
        ]
    return found


class TestEveryPage:
    def test_opens_for_a_member_with_the_rights(self, full):
        me = rows.signed_in(full.member)

        for name, url in addresses():
            answer = me.get(url)
            assert answer.status_code in (200, 405), (name, url, answer.status_code)
            if answer.status_code == 200 and not answer.has_header("Content-Disposition"):
                assert "style=" not in answer.content.decode()

    def test_has_no_link_that_leads_nowhere(self, full):
        me = rows.signed_in(full.member)
        skipped = rows.client_of(full.organisation)
        pages = [*addresses(), ("client", reverse("payments:client", args=[skipped.pk]))]

        for name, url in pages:
            answer = me.get(url)
            if answer.status_code == 200 and not answer.has_header("Content-Disposition"):
                assert 'href=""' not in answer.content.decode(), name

    def test_is_not_there_for_a_stranger(self, full):
        stranger = rows.member()
        rows.activate(stranger.organisation)
        client = rows.signed_in(stranger)

        with_ids = [(name, url) for name, url in addresses() if any(c.isdigit() for c in url)]
        assert len(with_ids) > 20
        for name, url in with_ids:
            for answer in (client.get(url), client.post(url)):
                assert answer.status_code in (404, 405), (name, url, answer.status_code)
            assert 404 in (client.get(url).status_code, client.post(url).status_code), name

    def test_shows_a_stranger_nothing_in_lists(self, full):
        stranger = rows.member()
        rows.activate(stranger.organisation)
        client = rows.signed_in(stranger)

        for name in ("overview", "import", "unmatched", "customers", "time", "export_clients"):
            html = client.get(reverse(f"payments:{name}")).content.decode()
            assert full.client.name not in html
            assert "Customer 10001" not in html

    def test_is_not_there_without_the_right(self, full):
        nobody = rows.signed_in(factories.member(full.organisation, {"journals": "write"}))

        for name, url in addresses():
            for answer in (nobody.get(url), nobody.post(url)):
                assert answer.status_code in (404, 405), (name, url)

    def test_sends_who_is_not_signed_in_to_the_sign_in(self, full):
        for _name, url in addresses():
            assert Client().get(url).status_code in (302, 405)


class TestStatements:
    @pytest.mark.parametrize(
        "name",
        ["overview", "client", "unmatched", "not_there", "customers", "time", "import", "run_list"],
    )
    def test_do_not_grow_with_the_rows(self, full, name):
        me = rows.signed_in(full.member)
        url = dict(addresses())[name]

        def statements() -> int:
            with CaptureQueriesContext(connection) as asked:
                assert me.get(url).status_code == 200
            return len(asked)

        statements()
        few = statements()
        self.add_forty(full)

        assert statements() == few

    @staticmethod
    def add_forty(office: Office) -> None:
        run = FetchRun.objects.earliest("pk")
        for number in range(40):
            client = rows.client_of(
                office.organisation, source=rows.account(office.organisation, SOURCE)
            )
            customer = rows.customer(office.client, str(20000 + number))
            invoice = rows.invoice(office.client, str(3000 + number), customer=customer)
            payment = rows.payment(office.client, first_run=run, journal_number=5000 + number)
            if number % 2:
                Settlement.objects.create(
                    organisation=office.organisation,
                    client=office.client,
                    invoice=invoice,
                    payment=payment,
                    amount=Decimal("10.00"),
                    made_at=office.now,
                )
            TimeBlock.objects.create(
                organisation=office.organisation,
                customer=customer,
                reason="visma",
                since=office.now,
            )
            FetchRun.objects.create(organisation=office.organisation, client=client, state="done")


class TestPressing:
    def test_activates_only_for_who_may_change(self, full):
        member = rows.signed_in(rows.member(full.organisation, "business"))

        assert member.post(reverse("payments:deactivate")).status_code == 404
        assert BackgroundRequest.objects.filter(kind="payments.check_client").count() == 0
