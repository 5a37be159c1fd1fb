"""What axe-core says of the journals' pages."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from journals.models import BulkItem, BulkSend, Journal
from tests.journals.pages import rows
from tests.ui.test_pages import shown


def full_journal(me) -> Journal:
    """Make a journal of three batches: posted, rejected, and one that needs a decision."""
    journal = rows.journal(
        me.organisation,
        periods=("2026-01", "2026-02", "2026-03"),
        pairs=3,
        state="needs_person",
        preflight_at=rows.NOW,
        preflight_problems=[{"code": "too_few_lines", "period": "2026-02", "lines": 1}],
    )
    mapping = rows.mapping(journal.company)
    first, second, third = journal.batches.order_by("period")
    posted = {"state": "posted", "vendor_number": "000417", "proven_at": rows.NOW}
    rows.freeze(first, connection=mapping.connection, **posted)
    failure = {"failure_at": rows.NOW, "failure_detail": "VismaId: 5f2c"}
    rows.freeze(
        second,
        connection=mapping.connection,
        state="rejected",
        prepared_at=None,
        failure_code="Rejected",
        failure_params={"vendor": "Visma.net"},
        **failure,
    )
    rows.freeze(
        third,
        connection=mapping.connection,
        state="needs_person",
        candidates=["100", "101"],
        failure_code="SeveralLookAlike",
        failure_params={"numbers": "100, 101"},
        **failure,
    )
    return journal


def bulk_sends(me) -> dict[str, str]:
    """Make a bulk send that asks, one under way, and one with all that may become of a batch."""
    full = full_journal(me)
    waiting = rows.journal(me.organisation)
    rows.mapping(waiting.company)
    gone = rows.journal(me.organisation, state="sent")
    addresses = {}
    for name, outcome in (("asks", "waiting"), ("runs", "waiting"), ("over", "queued")):
        bulk = BulkSend.objects.create(
            organisation=me.organisation,
            made_by=me.user,
            query="period=2026-03",
            confirmed_at=None if name == "asks" else rows.NOW,
        )
        for journal in (full, waiting):
            BulkItem.objects.create(bulk=bulk, journal=journal, outcome=outcome)
        BulkItem.objects.create(
            bulk=bulk,
            journal=gone,
            outcome="left_out",
            failure_code="NothingToSend",
            failure_params={"reference": gone.reference},
        )
        addresses[name] = reverse("journals:bulk", args=[bulk.pk])
    return addresses


class TestBulkSends:
    @pytest.mark.parametrize("width", [1280, 390])
    @pytest.mark.parametrize("name", ["asks", "runs", "over"])
    def test_give_axe_core_nothing_to_find(self, name, width, me, client, browser):
        html = client.get(bulk_sends(me)[name]).content.decode()

        page = shown(browser, html, width)
        found = Axe().run(page)
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")

        assert found.violations_count == 0, found.generate_report()
        assert not wide


class TestPages:
    @pytest.mark.parametrize("width", [1280, 390])
    @pytest.mark.parametrize(
        "name", ["journals:home", "journals:list", "journals:company", "journals:detail"]
    )
    def test_give_axe_core_nothing_to_find(self, name, width, me, client, browser):
        journal = full_journal(me)
        args = {"journals:detail": [journal.pk], "journals:company": [journal.company_id]}
        html = client.get(reverse(name, args=args.get(name))).content.decode()

        page = shown(browser, html, width)
        found = Axe().run(page)
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")

        assert found.violations_count == 0, found.generate_report()
        assert not wide
