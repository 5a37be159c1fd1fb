"""B4: the ledger is compared with what was sent, line by line, on demand for a period."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from journals.models import Batch, Comparison, Finding, Journal
from journals.operations import comparing, sending
from tests import factories
from tests.journals.pages import rows
from tests.journals.pages.conftest import signed_in
from tests.journals.sending.conftest import MARCH, Office, line, make_office

Work = Callable[..., int]


@pytest.fixture
def office(db: None, sandbox: Any) -> Office:
    return make_office(sandbox)


@pytest.fixture
def client(office: Office) -> Client:
    return signed_in(office.member)


@pytest.fixture
def journal(office: Office, run_due_work: Work) -> Journal:
    """Return a posted journal of March: two lines of 500.25 and two of 99.75."""
    made = office.journal(
        lines=[
            line(MARCH, "7010", "500.25", "0100", "K10"),
            line(MARCH, "7210", "99.75", "0200"),
            line(MARCH, "2821", "-500.25"),
            line(MARCH, "2710", "-99.75"),
        ]
    )
    sending.request_sending(journal=made, by=None, now=datetime.now(UTC))
    run_due_work()
    assert made.batches.get().state == "posted"
    return made


def compare(office: Office, run_due_work: Work, period: str = "2026-03") -> Comparison:
    comparison = comparing.request_comparison(
        company=office.company, period=period, by=None, now=datetime.now(UTC)
    )
    run_due_work()
    comparison.refresh_from_db()
    assert comparison.compared_at is not None
    return comparison


def outcomes(comparison: Comparison) -> list[tuple[str, str]]:
    found = comparison.findings.order_by("pk").values_list("number", "outcome")
    return [(number, outcome) for number, outcome in found]


@pytest.mark.usefixtures("journal")
class TestTheLedgerIsAsItWasSent:
    def test_and_the_comparison_says_so_with_its_age(self, office, run_due_work, client):
        comparison = compare(office, run_due_work)

        html = client.get(reverse("journals:comparison", args=[comparison.pk])).content.decode()

        assert (comparison.sent, comparison.equal, comparison.differing) == (1, 1, 0)
        assert outcomes(comparison) == []
        assert "The ledger matches what was sent." in html
        assert ">at " in html

    def test_although_it_was_released_there(self, office, run_due_work):
        number = Batch.objects.get().vendor_number
        office.store.setup.release_batch(office.tenant_id, number)

        comparison = compare(office, run_due_work)

        assert outcomes(comparison) == [(number, "released")]
        assert comparison.differing == 0

    def test_and_nothing_was_written_there(self, office, run_due_work):
        before = office.posts()

        compare(office, run_due_work)

        methods = {call.method for call in office.store.requests(tenant_id=office.tenant_id)}
        assert office.posts() == before
        assert methods <= {"GET", "POST"}


class TestWhatAPersonChangedThere:
    def test_is_listed_line_by_line(self, office, run_due_work, client, journal):
        setup, number = office.store.setup, Batch.objects.get().vendor_number
        setup.change_line(office.tenant_id, number, 1, amount="600.25", text="Other text")
        setup.change_line(office.tenant_id, number, 3, amount="600.25")
        setup.change_line(office.tenant_id, number, 2, account="7699")

        comparison = compare(office, run_due_work)

        finding = comparison.findings.get()
        html = client.get(reverse("journals:comparison", args=[comparison.pk])).content.decode()
        fields = sorted(tuple(pair["fields"]) for pair in finding.details["pairs"])
        assert finding.outcome == "changed"
        assert fields == [("account",), ("amount",), ("amount", "text")]
        assert finding.details["equal_lines"] == 1
        assert "Changed in the ledger" in html
        assert "Differs: amount, text" in html
        assert journal.reference in html

    def test_may_be_a_line_that_was_taken_out(self, office, run_due_work):
        journal = office.journal()
        sending.request_sending(journal=journal, by=None, now=datetime.now(UTC))
        run_due_work()
        march = journal.batches.get(period="2026-03")
        office.store.setup.remove_line(office.tenant_id, march.vendor_number, 2)

        comparison = compare(office, run_due_work)

        (pair,) = comparison.findings.get().details["pairs"]
        assert pair["kind"] == "missing"
        assert pair["held"] is None

    @pytest.mark.parametrize(
        ("action", "outcome"), [("delete_batch", "deleted"), ("void_batch", "voided")]
    )
    def test_may_be_the_whole_batch(self, action, outcome, office, run_due_work, journal):
        number = journal.batches.get().vendor_number
        getattr(office.store.setup, action)(office.tenant_id, number)

        comparison = compare(office, run_due_work)

        assert outcomes(comparison) == [(number, outcome)]
        assert comparison.differing == 1

    def test_may_be_the_period(self, office, run_due_work, journal):
        number = journal.batches.get().vendor_number
        office.store.setup.move_batch(office.tenant_id, number, "202604")

        comparison = compare(office, run_due_work)

        finding = comparison.findings.get()
        assert finding.outcome == "moved"
        assert finding.details["headers"] == [["period", "202603", "202604"]]

    def test_may_be_a_copy_that_the_hub_does_not_know(self, office, run_due_work, client, journal):
        office.store.setup.copy_batch(office.tenant_id, journal.batches.get().vendor_number)

        comparison = compare(office, run_due_work)

        html = client.get(reverse("journals:comparison", args=[comparison.pk])).content.decode()
        assert [outcome for _number, outcome in outcomes(comparison)] == ["strange"]
        assert comparison.strange == 1
        assert "In the ledger, unknown to the hub" in html

    def test_of_others_is_no_concern_of_ours(self, office, run_due_work, journal):
        office.store.setup.copy_batch(office.tenant_id, journal.batches.get().vendor_number)
        copy = office.ledger()[-1].number
        office.store.setup.describe_batch(office.tenant_id, copy, "Rent")
        for number in (1, 2, 3, 4):
            office.store.setup.change_line(office.tenant_id, copy, number, reference="RENT-1")

        comparison = compare(office, run_due_work)

        assert (comparison.held, comparison.strange) == (2, 0)

    def test_of_others_is_read_with_as_many_decimals_as_it_has(self, office, run_due_work, journal):
        """A batch that a person booked must not keep the period from being compared."""
        office.store.setup.copy_batch(office.tenant_id, journal.batches.get().vendor_number)
        copy = office.ledger()[-1].number
        office.store.setup.describe_batch(office.tenant_id, copy, "Interest")
        for number in (1, 2, 3, 4):
            office.store.setup.change_line(
                office.tenant_id, copy, number, reference="RATE-1", amount="0.1250125"
            )

        comparison = compare(office, run_due_work)

        assert (comparison.held, comparison.strange) == (2, 0)

    def test_may_be_an_amount_with_more_decimals_than_two(
        self, office, run_due_work, client, journal
    ):
        """It is another amount, and is shown as it is."""
        number = journal.batches.get().vendor_number
        for line_number in (2, 4):
            office.store.setup.change_line(office.tenant_id, number, line_number, amount="99.7501")

        comparison = compare(office, run_due_work)

        html = client.get(reverse("journals:comparison", args=[comparison.pk])).content.decode()
        assert [outcome for _number, outcome in outcomes(comparison)] == ["changed"]
        assert "99.7501" in html


class TestAsking:
    def test_by_the_page_makes_no_call_in_the_web_process(self, office, client, journal):
        before = len(office.store.requests())

        answer = client.post(
            reverse("journals:compare"), {"company": office.company.pk, "period": "202603"}
        )
        html = client.get(answer["Location"]).content.decode()

        assert len(office.store.requests()) == before
        assert "The ledger is being read" in html
        assert 'hx-trigger="every 1s"' in html

    def test_for_a_period_without_batches_is_refused(self, office, client, journal):
        answer = client.post(
            reverse("journals:compare"),
            {"company": office.company.pk, "period": "2026-09"},
            follow=True,
        )

        assert "has no batches in period 2026-09" in answer.content.decode()
        assert not Comparison.objects.exists()

    def test_shows_why_the_ledger_could_not_be_read(self, office, client, journal, run_due_work):
        office.store.add_fault("forbidden", on="list", times=None)
        answer = client.post(
            reverse("journals:compare"), {"company": office.company.pk, "period": "202603"}
        )
        run_due_work()

        html = client.get(answer["Location"]).content.decode()

        assert "The ledger could not be read." in html
        assert "What to do" in html

    def test_offers_the_periods_in_which_something_was_posted(self, office, client, journal):
        url = reverse("journals:comparisons") + f"?company={office.company.pk}"

        html = client.get(url).content.decode()

        assert '<option value="202603">2026-03</option>' in html


class TestRights:
    def test_a_stranger_finds_no_page(self, office):
        comparison = Comparison.objects.create(
            organisation=office.organisation, company=office.company, period="202603"
        )
        stranger = signed_in(factories.member())

        for name in ("journals:comparison", "journals:comparison_progress"):
            assert stranger.get(reverse(name, args=[comparison.pk])).status_code == 404
        listed = stranger.get(reverse("journals:comparisons"))
        asked = stranger.post(
            reverse("journals:compare"), {"company": office.company.pk, "period": "202603"}
        )
        filtered = stranger.get(reverse("journals:comparisons") + f"?company={office.company.pk}")
        assert office.company.name not in listed.content.decode()
        assert (asked.status_code, filtered.status_code) == (404, 404)

    def test_who_may_not_see_journals_finds_no_page(self, office):
        nobody = signed_in(factories.member(office.organisation, {"vismanet": "write"}))

        assert nobody.get(reverse("journals:comparisons")).status_code == 404


class TestPages:
    def test_ask_the_database_as_often_for_forty_as_for_two(self, db):
        me = factories.member()
        client = signed_in(me)
        journal = rows.journal(me.organisation)
        batch = journal.batches.get()

        def make(count: int) -> Comparison:
            for _ in range(count):
                made = Comparison.objects.create(
                    organisation=me.organisation,
                    company=journal.company,
                    period="202603",
                    compared_at=rows.NOW,
                )
            Finding.objects.bulk_create(
                Finding(
                    organisation=me.organisation,
                    comparison=made,
                    batch=batch,
                    outcome="deleted",
                    differs=True,
                    number=str(number),
                )
                for number in range(count)
            )
            return made

        def asked(url: str) -> int:
            client.get(url)
            with CaptureQueriesContext(database) as queries:
                assert client.get(url).status_code == 200
            return len(queries)

        few = make(2)
        few_list = asked(reverse("journals:comparisons"))
        few_page = asked(reverse("journals:comparison", args=[few.pk]))
        many = make(40)

        assert asked(reverse("journals:comparisons")) == few_list
        assert asked(reverse("journals:comparison", args=[many.pk])) == few_page


class TestCommand:
    def run(self, *args: str) -> dict[str, Any]:
        out = io.StringIO()
        call_command("read_back", *args, "--json", stdout=out, stderr=io.StringIO())
        answer: dict[str, Any] = json.loads(out.getvalue())
        return answer

    def test_compares_and_says_equal(self, office, journal):
        said = self.run("--company", office.company.number, "--period", "2026-03", "--wait")

        assert (said["sent"], said["equal"], said["differing"]) == (1, 1, 0)

    def test_fails_when_something_differs_and_lists_it(self, office, journal):
        number = journal.batches.get().vendor_number
        office.store.setup.delete_batch(office.tenant_id, number)
        out = io.StringIO()

        with pytest.raises(CommandError, match="differs"):
            call_command(
                "read_back",
                "--company",
                office.company.number,
                "--period",
                "2026-03",
                "--wait",
                stdout=out,
            )

        assert "No longer in the ledger" in out.getvalue()
        assert number in out.getvalue()

    def test_queues_without_waiting(self, office, journal):
        said = self.run("--company", office.company.number, "--period", "202603")

        assert said["compared_at"] is None
        assert Comparison.objects.get().compared_at is None
