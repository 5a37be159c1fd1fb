"""What is undone waits for its reversal: the same money never stands in the target twice."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Restore
from background.models import Lease
from connectors.errors import BadAnswer, Forbidden, OutcomeUnknown, Rejected, Unavailable
from payments.models import Invoice, Payment, Registration, Settlement
from payments.operations import deciding, matching_by_hand, serving, undoing
from payments.queries.waiting import due_work
from payments.rules.refusals import MatchRefused, SayWhetherItStands
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid

HOUR = 3600
REFUSALS = {
    "bad gateway": Unavailable(vendor="PowerOffice"),
    "no right": Forbidden(vendor="PowerOffice"),
    "answer lost": OutcomeUnknown(vendor="PowerOffice"),
    "garbled": BadAnswer(vendor="PowerOffice"),
    "refused": Rejected(vendor="PowerOffice"),
}


@pytest.fixture
def one(office: Office) -> Office:
    """Return an office whose only payment stands in the target on invoice 1001."""
    office.target.invoices = [billed("1001", "1000.00"), billed("1002", "1000.00")]
    office.source.payments = [paid(1, "1000.00", invoice_number="1001")]
    office.fetch()
    assert [p.invoice_number for p in office.target.registered.values()] == ["1001"]
    return office


def undo(office: Office) -> None:
    undoing.undo(
        settlement=Settlement.objects.get(undoes=None, undone_by=None),
        reason="Wrong invoice",
        by=office.member.user,
        now=office.now,
    )


def match(office: Office, number: str = "1002") -> Registration:
    made = matching_by_hand.match_by_hand(
        payment=Payment.objects.get(),
        invoice=Invoice.objects.get(number=number),
        amount=None,
        reason="The customer called",
        by=office.member.user,
        now=office.now,
    )
    return made.registration


def refuse_reversals(office: Office, failure: Exception | None) -> None:
    def reverse(id: str) -> None:
        if failure is not None:
            raise failure
        office.target.registered.pop(id.removeprefix("v-"), None)

    office.target.reverse_payment = reverse


def standing(office: Office) -> Decimal:
    return sum((p.amount for p in office.target.registered.values()), Decimal("0.00"))


class TestWhatIsMatchedAgain:
    @pytest.mark.parametrize("failure", REFUSALS.values(), ids=REFUSALS)
    def test_is_not_sent_while_its_reversal_fails(self, one, failure):
        refuse_reversals(one, failure)
        undo(one)
        again = match(one)

        for _ in range(6):
            one.work(seconds=HOUR)
            assert standing(one) == Decimal("1000.00")

        again.refresh_from_db()
        assert (again.state, len(one.target.posts)) == ("ready", 1)

    def test_is_sent_when_the_reversal_goes_through(self, one):
        refuse_reversals(one, Forbidden(vendor="PowerOffice"))
        undo(one)
        again = match(one)
        one.work(seconds=HOUR)
        refuse_reversals(one, None)

        one.work(seconds=HOUR)
        one.work(seconds=HOUR)

        again.refresh_from_db()
        assert again.state == "registered"
        assert [p.invoice_number for p in one.target.registered.values()] == ["1002"]

    def test_is_sent_when_a_person_has_reversed_it_there(self, one):
        refuse_reversals(one, Rejected(vendor="PowerOffice"))
        undo(one)
        again = match(one)
        one.work()
        first = Registration.objects.get(state="needs_person")
        one.target.registered.clear()

        deciding.decide(registration=first, choice="not_there", by=one.member.user, now=one.now)
        for _ in range(4):
            one.work(seconds=200)

        again.refresh_from_db()
        assert again.state == "registered"
        assert standing(one) == Decimal("1000.00")

    def test_on_the_same_invoice_waits_as_well(self, one):
        refuse_reversals(one, Unavailable(vendor="PowerOffice"))
        undo(one)
        match(one, "1001")

        one.work(seconds=HOUR)

        assert standing(one) == Decimal("1000.00")

    def test_cannot_be_claimed_by_any_worker(self, one):
        undo(one)
        again = match(one)
        claim: dict[str, Any] = {"owner": "me", "lease_seconds": 30, "now": one.now}

        before = again.claim(**claim)
        Registration.objects.filter(state="to_reverse").update(state="reversed")
        afterwards = again.claim(**claim)

        assert (before, afterwards) == (False, True)

    def test_is_not_sent_by_a_second_worker_while_the_first_one_reverses(self, one):
        during = []

        def reverse(id: str) -> None:
            Lease.objects.update(owner="")
            serving.serve(client_id=one.client.pk, clock=lambda: one.now)
            during.append(standing(one))
            one.target.registered.pop(id.removeprefix("v-"), None)

        one.target.reverse_payment = reverse
        undo(one)
        match(one)

        one.work()
        one.work()

        assert during == [Decimal("1000.00")]
        assert [p.invoice_number for p in one.target.registered.values()] == ["1002"]

    @pytest.mark.parametrize("state", ["to_reverse", "reversing", "needs_person", "unknown"])
    def test_waits_in_every_state_in_which_the_earlier_one_may_stand(self, one, state):
        undo(one)
        again = match(one)
        first = Registration.objects.exclude(pk=again.pk)
        first.update(state=state, claim_owner="a worker", lease_until=one.now + timedelta(days=1))
        first.update(not_before=one.now + timedelta(days=1))

        one.work()

        again.refresh_from_db()
        assert again.state == "ready"

    def test_wakes_nobody_while_it_waits(self, one):
        undo(one)
        match(one)
        Registration.objects.filter(state="to_reverse").update(
            not_before=one.now + timedelta(days=1)
        )

        assert due_work(now=one.now)["register"].count == 0

    def test_says_on_its_page_what_it_waits_for(self, one):
        refuse_reversals(one, Forbidden(vendor="PowerOffice"))
        undo(one)
        again = match(one)
        one.work()

        html = rows.signed_in(one.member).get(f"/invoices/payments/{again.payment_id}/")

        text = " ".join(html.content.decode().split())
        assert "The payment was removed from invoice 1001" in text
        assert "Waiting for the reversal on the other invoice" in text
        assert "not allowed to do this in PowerOffice" in text


class TestTheRestOfTheQueue:
    def test_goes_on_beside_a_reversal_that_is_not_allowed(self, one):
        refuse_reversals(one, Forbidden(vendor="PowerOffice"))
        undo(one)
        one.source.payments.append(paid(2, "1000.00", invoice_number="1002"))

        one.fetch()

        assert [p.invoice_number for p in one.target.registered.values()] == ["1001", "1002"]

    def test_a_part_that_nobody_removed_does_not_wait(self, office):
        office.target.invoices = [billed("1001", "600.00"), billed("1002", "400.00")]
        office.source.payments = [paid(1, "1000.00", invoice_number="1001, 1002")]

        office.fetch()

        assert len(office.target.registered) == 2


class TestAnAnswer:
    def refused(self, one: Office) -> tuple[Registration, Registration]:
        """Return a registration whose reversal was refused, and that of its other invoice."""
        refuse_reversals(one, Rejected(vendor="PowerOffice"))
        undo(one)
        again = match(one)
        one.work()
        return Registration.objects.get(state="needs_person"), again

    def test_that_it_is_not_there_is_not_believed_while_it_is_there(self, one):
        first, again = self.refused(one)

        deciding.decide(registration=first, choice="not_there", by=one.member.user, now=one.now)
        for _ in range(6):
            one.work(seconds=200)
            assert standing(one) == Decimal("1000.00")

        first.refresh_from_db()
        again.refresh_from_db()
        assert (first.state, again.state) == ("needs_person", "ready")
        assert len(one.target.posts) == 1

    def test_that_it_is_not_there_reverses_it_if_it_is_there_after_all(self, one):
        first, again = self.refused(one)
        refuse_reversals(one, None)

        deciding.decide(registration=first, choice="not_there", by=one.member.user, now=one.now)
        for _ in range(4):
            one.work(seconds=200)

        first.refresh_from_db()
        again.refresh_from_db()
        assert (first.state, again.state) == ("reversed", "registered")
        assert [p.invoice_number for p in one.target.registered.values()] == ["1002"]

    def test_that_it_is_not_there_is_asked_twice_before_anything_else_is_sent(self, one):
        first, again = self.refused(one)
        one.now += timedelta(seconds=HOUR)
        one.target.registered.clear()
        asked = one.target.look_ups

        deciding.decide(registration=first, choice="not_there", by=one.member.user, now=one.now)
        one.work()
        once = (one.target.look_ups - asked, len(one.target.posts))
        one.work(seconds=200)
        one.work()

        again.refresh_from_db()
        assert once == (1, 1)
        assert one.target.look_ups - asked == 2
        assert again.state == "registered"

    def test_that_says_nothing_of_the_target_is_refused(self, one):
        refuse_reversals(one, Rejected(vendor="PowerOffice"))
        undo(one)
        one.work()
        first = Registration.objects.get(state="needs_person")

        with pytest.raises(SayWhetherItStands):
            deciding.decide(registration=first, choice="drop", by=one.member.user, now=one.now)

        first.refresh_from_db()
        assert first.state == "needs_person"


class TestAfterARestore:
    def test_nothing_is_withdrawn_that_the_target_was_not_asked_about(self, one):
        Registration.objects.update(state="ready", target_id="", target_number="")
        one.now += timedelta(seconds=1)
        Restore.objects.create(
            at=one.now,
            backup_taken_at=one.now - timedelta(days=1),
            watch_until=one.now + timedelta(days=100),
        )

        with pytest.raises(MatchRefused):
            undo(one)

        assert Registration.objects.get().state == "ready"


class TestWhatAPersonFoundThere:
    """A person said that it stands in the target: the hub has no voucher to reverse."""

    def test_is_reversed_by_a_person_and_then_free(self, one):
        first = Registration.objects.get()
        Registration.objects.update(state="needs_person", target_id="", claim_owner="")
        first.refresh_from_db()
        deciding.decide(registration=first, choice="there", by=one.member.user, now=one.now)
        undo(one)
        second = match(one)

        one.work()
        first.refresh_from_db()
        assert (first.state, first.failure_code) == ("needs_person", "ReverseByHand")
        second.refresh_from_db()
        assert second.state == "ready"

        deciding.decide(registration=first, choice="not_there", by=one.member.user, now=one.now)
        one.work()
        second.refresh_from_db()
        assert second.state == "registered"

    def test_is_asked_of_nobody_but_the_person(self, one):
        first = Registration.objects.get()
        Registration.objects.update(target_id="by-hand-1")
        reversals: list[str] = []
        one.target.reverse_payment = reversals.append
        undo(one)

        one.work(HOUR)

        first.refresh_from_db()
        assert (first.state, reversals) == ("needs_person", [])
