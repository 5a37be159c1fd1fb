"""Undo (design 4.8): a posted batch is reversed by its mirror, once; then it is sent again."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from audit.models import AuditEntry
from journals.models import Batch, Journal
from journals.operations import closing, resending, reversing, sending
from journals.rules import refusals
from organisations.models import Debtor
from tests.journals.sending.conftest import MARCH, Office, later, line, office  # noqa: F401

Later = Callable[[float], int]


def posted(office: Office, later: Later, lines: list | None = None) -> Journal:  # noqa: F811
    journal = office.journal(lines=lines)
    sending.request_sending(journal=journal, by=office.member.user, now=datetime.now(UTC))
    later(0)
    journal.refresh_from_db()
    assert journal.state == "sent"
    return journal


def small(office: Office, later: Later) -> Journal:  # noqa: F811
    lines = [line(MARCH, "7010", "500.25", "0100", "K10"), line(MARCH, "2821", "-500.25")]
    return posted(office, later, lines)


def reverse(journal: Journal, *, reason: str = "Wrong month", open_period: bool = False) -> list:
    return reversing.request_reversal(
        batches=reversing.reversible(journal),
        reason=reason,
        by=None,
        now=datetime.now(UTC),
        in_open_period=open_period,
    )


def states(journal: Journal) -> dict[str, str]:
    rows = journal.batches.order_by("period", "round")
    return {f"{b.period}{' mirror' if b.reverses_id else ''}": b.state for b in rows}


class TestAReversal:
    def test_leaves_every_account_and_dimension_at_zero(self, office, later):  # noqa: F811
        journal = posted(office, later)

        reverse(journal)
        later(1)

        left: dict[tuple, Decimal] = {}
        for batch in office.ledger():
            for entry in batch.lines:
                parts = entry.get("subaccount", {}).get("segments", [])
                place = (
                    batch.period,
                    entry["accountNumber"],
                    tuple(part["segmentValue"] for part in parts),
                )
                debit = Decimal(str(entry["debitAmountInCurrency"]))
                credit = Decimal(str(entry["creditAmountInCurrency"]))
                left[place] = left.get(place, Decimal(0)) + debit - credit
        assert len(office.ledger()) == 6
        assert not any(left.values())

    def test_is_proven_as_every_batch_is_and_names_the_number(self, office, later):  # noqa: F811
        journal = small(office, later)
        number = journal.batches.get().vendor_number

        reverse(journal)
        later(1)

        journal.refresh_from_db()
        mirror = Batch.objects.get(reverses__isnull=False)
        assert states(journal) == {"2026-03": "reversed", "2026-03 mirror": "posted"}
        assert journal.state == "reversed"
        assert mirror.description == f"REV {number} {journal.reference} 2026-03 {mirror.key}"
        assert office.ledger()[-1].description == mirror.description
        assert mirror.vendor_number == office.ledger()[-1].number

    def test_is_one_mirror_whatever_is_pressed(self, office, later):  # noqa: F811
        journal = small(office, later)
        batches = reversing.reversible(journal)
        now = datetime.now(UTC)

        reversing.request_reversal(batches=batches, reason="Twice", by=None, now=now)
        with pytest.raises(refusals.NotReversible):
            reversing.request_reversal(batches=batches, reason="Twice", by=None, now=now)
        later(1)
        with pytest.raises(refusals.NotReversible):
            reversing.request_reversal(batches=batches, reason="Twice", by=None, now=now)
        later(2)

        assert len(office.ledger()) == 2
        assert office.posts() == 2

    def test_is_refused_a_second_time_by_the_database_itself(self, office, later):  # noqa: F811
        journal = small(office, later)
        (mirror,) = reverse(journal)
        second = Batch.objects.get(pk=mirror.pk)
        second.pk, second.key, second.round = None, "ANOTHER", 9

        with pytest.raises(IntegrityError), transaction.atomic():
            second.save(force_insert=True)

    def test_needs_a_reason(self, office, later):  # noqa: F811
        journal = small(office, later)

        with pytest.raises(refusals.ReasonMissing):
            reverse(journal, reason="  ")

        assert states(journal) == {"2026-03": "posted"}

    def test_of_a_reversal_is_refused(self, office, later):  # noqa: F811
        journal = small(office, later)
        reverse(journal)
        later(1)

        with pytest.raises(refusals.NotReversible):
            reversing.request_reversal(
                batches=[Batch.objects.select_related("journal").get(reverses__isnull=False)],
                reason="Back",
                by=None,
                now=datetime.now(UTC),
            )

    def test_stands_in_the_audit_trail_and_the_history(self, office, later):  # noqa: F811
        journal = small(office, later)

        reverse(journal, reason="Paid twice")

        entry = AuditEntry.objects.get(action="batch.reverse")
        event = journal.events.get(code="reversal_pressed")
        assert entry.details["reason"] == event.params["reason"] == "Paid twice"

    def test_s11_is_not_posted_for_a_blocked_debtor(self, office, later):  # noqa: F811
        journal = small(office, later)
        reverse(journal)
        Debtor.objects.update(blocked_at=datetime.now(UTC))

        later(1)

        assert len(office.ledger()) == 1
        assert states(journal)["2026-03 mirror"] == "rejected"
        assert journal.batches.get(reverses=None).state == "posted"


class TestTheLedgerIsAskedFirst:
    def test_whether_the_batch_is_still_there(self, office, later):  # noqa: F811
        journal = small(office, later)
        office.store.delete_batch(office.tenant_id, journal.batches.get().vendor_number)

        reverse(journal)
        later(1)

        mirror = Batch.objects.get(reverses__isnull=False)
        assert (mirror.state, mirror.failure_code) == ("rejected", "OriginalGone")
        assert office.ledger() == []

    def test_whether_it_was_changed_there(self, office, later):  # noqa: F811
        journal = small(office, later)
        reverse(journal)
        office.store.add_fault("altered", on="read", times=1)

        later(1)

        mirror = Batch.objects.get(reverses__isnull=False)
        assert (mirror.state, mirror.failure_code) == ("rejected", "OriginalChanged")
        assert len(office.ledger()) == 1

    def test_whether_the_period_is_open_and_the_first_open_one_may_be_chosen(
        self,
        office,  # noqa: F811
        later,  # noqa: F811
    ):
        journal = small(office, later)
        office.store.setup.close_period(office.tenant_id, "202603")
        reverse(journal)
        later(1)
        refused = Batch.objects.get(reverses__isnull=False)

        reverse(journal, open_period=True)
        later(2)

        mirror = Batch.objects.get(reverses__isnull=False)
        assert (refused.state, refused.failure_code) == ("rejected", "ReversalPeriodClosed")
        assert (mirror.pk, mirror.state) == (refused.pk, "posted")
        assert [batch.period for batch in office.ledger()] == ["202603", "202604"]
        assert mirror.key != refused.key

    def test_whether_the_mirror_is_there_from_before_a_restore(self, office, later):  # noqa: F811
        journal = small(office, later)
        reverse(journal)
        later(1)
        # The database of this morning: it knows the batch, and no reversal.
        Batch.objects.filter(reverses__isnull=False).delete()
        Batch.objects.update(state="posted")

        reverse(journal)
        later(2)

        assert len(office.ledger()) == 2
        assert office.posts() == 2
        assert states(journal) == {"2026-03": "reversed", "2026-03 mirror": "posted"}


class TestALostAnswerToAReversal:
    def test_is_looked_up_and_never_sent_again(self, office, later):  # noqa: F811
        journal = small(office, later)
        office.store.add_fault("lose_answer", on="create", times=1)

        reverse(journal)
        later(1)
        seen = states(journal)["2026-03 mirror"]
        later(20)

        assert seen == "unknown"
        assert states(journal) == {"2026-03": "reversed", "2026-03 mirror": "posted"}
        assert office.posts() == 2


class TestReversedInTheLedger:
    def test_is_recorded_with_its_reason_and_posts_nothing(self, office, later):  # noqa: F811
        journal = small(office, later)
        batch = reversing.reversible(journal)[0]

        reversing.mark_reversed_by_hand(
            batch=batch, reason="Deleted in GL301000", by=None, now=datetime.now(UTC)
        )
        later(1)

        journal.refresh_from_db()
        assert journal.state == "reversed"
        assert office.posts() == 1
        with pytest.raises(refusals.NotReversible):
            reversing.mark_reversed_by_hand(batch=batch, reason="x", by=None, now=datetime.now(UTC))


class TestResending:
    def resend(self, journal: Journal) -> Journal:
        return resending.resend(journal=journal, by=None, now=datetime.now(UTC))

    def test_has_a_new_reference_that_names_the_old_one(self, office, later):  # noqa: F811
        journal = posted(office, later)
        reverse(journal)
        later(1)

        resend = self.resend(journal)
        sending.request_sending(journal=resend, by=None, now=datetime.now(UTC))
        later(2)

        resend.refresh_from_db()
        assert resend.reference == f"{journal.reference} (2)"
        assert resend.resend_of == journal
        assert resend.state == "sent"
        assert len(office.ledger()) == 9
        references = {entry["referenceNumber"] for b in office.ledger()[-3:] for entry in b.lines}
        assert references == {resend.reference}
        assert self.resend(journal) == resend

    def test_holds_only_the_periods_that_were_reversed(self, office, later):  # noqa: F811
        journal = posted(office, later)
        march = journal.batches.get(period="2026-03")
        reversing.request_reversal(
            batches=[march], reason="Wrong account", by=None, now=datetime.now(UTC)
        )
        later(1)

        resend = self.resend(journal)

        journal.refresh_from_db()
        assert journal.state == "sent"
        assert [batch.period for batch in resend.batches.all()] == ["2026-03"]
        assert resend.total == march.total
        assert resend.line_count == 2

    def test_is_refused_while_nothing_was_reversed(self, office, later):  # noqa: F811
        journal = small(office, later)

        with pytest.raises(refusals.CannotResend):
            self.resend(journal)

    def test_does_not_send_the_old_journal_again(self, office, later):  # noqa: F811
        journal = small(office, later)
        reverse(journal)
        later(1)

        with pytest.raises(refusals.NothingToSend):
            sending.request_sending(journal=journal, by=None, now=datetime.now(UTC))


class TestClosingByHand:
    def rejected(self, office: Office, later: Later) -> Journal:  # noqa: F811
        journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
        office.store.setup.close_period(office.tenant_id, "202603")
        sending.request_sending(journal=journal, by=None, now=datetime.now(UTC))
        later(0)
        return journal

    def close(self, journal: Journal, reason: str = "Booked as GL000900") -> Batch:
        batch = journal.batches.get()
        closing.close_by_hand(batch=batch, reason=reason, by=None, now=datetime.now(UTC))
        return batch

    def test_counts_as_done_and_is_never_sent(self, office, later):  # noqa: F811
        journal = self.rejected(office, later)

        batch = self.close(journal)
        office.store.setup.open_period(office.tenant_id, "202603")
        with pytest.raises(refusals.NothingToSend):
            sending.request_sending(journal=journal, by=None, now=datetime.now(UTC))
        later(60)

        journal.refresh_from_db()
        assert journal.state == "closed"
        assert (batch.state, batch.reason) == ("closed", "Booked as GL000900")
        assert office.ledger() == []
        assert AuditEntry.objects.get(action="batch.closed_by_hand").details["from"] == "rejected"

    def test_lets_the_later_periods_go(self, office, later):  # noqa: F811
        journal = office.journal()
        office.store.setup.close_period(office.tenant_id, "202601")
        sending.request_sending(journal=journal, by=None, now=datetime.now(UTC))
        later(0)
        january = journal.batches.get(period="2026-01")
        closing.close_by_hand(
            batch=january, reason="Booked in February by hand", by=None, now=datetime.now(UTC)
        )
        office.store.setup.open_period(office.tenant_id, "202601")

        sending.request_sending(journal=journal, by=None, now=datetime.now(UTC))
        later(60)

        journal.refresh_from_db()
        assert [batch.period for batch in office.ledger()] == ["202602", "202603"]
        assert journal.state == "sent"

    def test_can_be_reversed(self, office, later):  # noqa: F811
        journal = self.rejected(office, later)
        batch = self.close(journal)

        closing.open_again(batch=batch, by=None, now=datetime.now(UTC))

        journal.refresh_from_db()
        assert (journal.batches.get().state, journal.state) == ("rejected", "stopped")

    def test_needs_a_reason(self, office, later):  # noqa: F811
        journal = self.rejected(office, later)

        with pytest.raises(refusals.ReasonMissing):
            self.close(journal, reason=" ")

    def test_is_refused_for_what_is_posted(self, office, later):  # noqa: F811
        journal = small(office, later)

        with pytest.raises(refusals.NotToBeClosed):
            self.close(journal)
