"""What axe-core says of the pages of deciding, reversing, sending again, closing and comparing."""

from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from connectors.base import BatchStatus, LedgerBatch, LedgerLine
from journals.models import Batch, Comparison, Finding
from journals.operations.contents import to_post
from journals.rules.read_back import (
    Known,
    batch_as_json,
    compare_batch,
    comparison_as_json,
)
from tests.journals.pages import rows
from tests.ui.test_pages import shown

ZERO = Decimal("0.00")


def in_ledger(number: str, amount: str = "100.00") -> LedgerBatch:
    value = Decimal(amount)
    return LedgerBatch(
        number=number,
        description="LON 2026-03",
        period="202603",
        status=BatchStatus.BALANCED,
        debit_total=value,
        credit_total=value,
        lines=(
            LedgerLine(1, "7010", value, ZERO, "Wages", "LON"),
            LedgerLine(2, "2710", ZERO, value, "Wages", "LON"),
        ),
        modified_at="2026-04-08T11:02:03.000",
    )


def unknown(me) -> Batch:
    journal = rows.journal(me.organisation, state="needs_person")
    return rows.freeze(
        journal.batches.get(),
        state="needs_person",
        candidates=["100", "101", "102"],
        candidates_seen=[batch_as_json(in_ledger("100")), batch_as_json(in_ledger("101", "90.00"))],
        failure_code="SeveralLookAlike",
        failure_params={"numbers": "100, 101, 102"},
        failure_at=rows.NOW,
    )


def posted(me) -> Batch:
    journal = rows.journal(me.organisation, state="sent")
    return rows.freeze(
        journal.batches.get(), state="posted", vendor_number="000417", proven_at=rows.NOW
    )


def reversed_batch(me) -> Batch:
    batch = posted(me)
    Batch.objects.filter(pk=batch.pk).update(state="reversed")
    mirror = rows.freeze(
        rows.batch(batch.journal, "2026-03", round=2),
        connection=batch.connection,
        state="posted",
        vendor_number="000418",
        proven_at=rows.NOW,
        reason="Wrong month",
    )
    Batch.objects.filter(pk=mirror.pk).update(reverses=batch)
    type(batch.journal).objects.filter(pk=batch.journal_id).update(state="reversed")
    return batch


def compared(me) -> Comparison:
    batch = posted(me)
    known = Known(1, "000417", to_post(batch, currency="SEK"))
    changed = compare_batch(known, in_ledger("000417", "90.00"))
    comparison = Comparison.objects.create(
        organisation=me.organisation,
        company=batch.journal.company,
        period="202603",
        compared_at=rows.NOW,
        sent=1,
        held=2,
        differing=2,
        strange=1,
    )
    for outcome, details, whose in (
        ("changed", comparison_as_json(changed), batch),
        ("strange", batch_as_json(in_ledger("000419")), None),
    ):
        Finding.objects.create(
            organisation=me.organisation,
            comparison=comparison,
            batch=whose,
            outcome=outcome,
            differs=True,
            number="000417",
            status="balanced",
            details=details,
        )
    return comparison


def addresses(me) -> dict[str, str]:
    comparison, back = compared(me), reversed_batch(me)
    return {
        "decision": reverse("journals:decision", args=[unknown(me).pk]),
        "reverse": reverse("journals:reverse", args=[posted(me).journal_id]),
        "reversed": reverse("journals:detail", args=[back.journal_id]),
        "resend": reverse("journals:resend", args=[back.journal_id]),
        "close": reverse("journals:close", args=[rows.journal(me.organisation).batches.get().pk]),
        "comparison": reverse("journals:comparison", args=[comparison.pk]),
        "comparisons": reverse("journals:comparisons") + f"?company={comparison.company_id}",
    }


class TestPages:
    @pytest.mark.parametrize("width", [1280, 390])
    @pytest.mark.parametrize(
        "name",
        ["decision", "reverse", "reversed", "resend", "close", "comparison", "comparisons"],
    )
    def test_give_axe_core_nothing_to_find(self, name, width, me, client, browser):
        answer = client.get(addresses(me)[name])
        assert answer.status_code == 200

        page = shown(browser, answer.content.decode(), width)
        found = Axe().run(page)
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")

        assert found.violations_count == 0, found.generate_report()
        assert not wide


class TestTheNewestComparison:
    def test_stands_beside_the_number_of_each_batch(self, me, client):
        comparison = compared(me)
        batch = Finding.objects.get(outcome="changed").batch

        html = client.get(reverse("journals:detail", args=[batch.journal_id])).content.decode()

        assert reverse("journals:comparison", args=[comparison.pk]) in html
        assert "Changed in the ledger" in html

    def test_gives_way_to_a_newer_one(self, me, client):
        older = compared(me)
        newer = Comparison.objects.create(
            organisation=me.organisation,
            company=older.company,
            period="202603",
            compared_at=rows.NOW.replace(hour=12),
            sent=1,
            equal=1,
        )
        batch = Finding.objects.get(outcome="changed").batch

        html = client.get(reverse("journals:detail", args=[batch.journal_id])).content.decode()

        assert reverse("journals:comparison", args=[newer.pk]) in html
        assert "Changed in the ledger" not in html
