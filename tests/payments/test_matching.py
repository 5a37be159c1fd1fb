"""A person matches and undoes (B11); the target follows."""

from decimal import Decimal

import pytest

from audit.models import AuditEntry
from connectors.errors import Rejected
from payments.models import Invoice, Payment, Registration, Settlement
from payments.operations import deciding, matching_by_hand, undoing
from payments.operations.matching_by_hand import open_of
from payments.rules.refusals import MatchRefused, NothingToDecide
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid


@pytest.fixture
def one(office: Office) -> Office:
    """Return an office with a payment that found no invoice."""
    office.target.invoices = [billed("1001", "1000.00"), billed("1002", "300.00")]
    office.source.payments = [paid(1, "1000.00")]
    office.fetch()
    return office


def match(office: Office, number: str = "1001", amount: str | None = None) -> Settlement:
    return matching_by_hand.match_by_hand(
        payment=Payment.objects.get(),
        invoice=Invoice.objects.get(number=number),
        amount=None if amount is None else Decimal(amount),
        reason="The customer called",
        by=office.member.user,
        now=office.now,
    )


def undo(office: Office, settlement: Settlement, reason: str = "Wrong invoice") -> bool:
    return undoing.undo(settlement=settlement, reason=reason, by=office.member.user, now=office.now)


class TestMatchByHand:
    def test_is_registered_in_the_target_and_marked(self, one):
        match(one)
        one.work()

        (there,) = one.target.registered.values()
        assert (there.invoice_number, there.amount) == ("1001", Decimal("1000.00"))
        assert len(one.source.marked) == 1
        assert AuditEntry.objects.filter(action="payment.matched").exists()

    def test_of_several_parts_shares_the_payment_out(self, one):
        match(one, "1001", "700.00")
        match(one, "1002")

        assert open_of(Invoice.objects.get(number="1001")) == Decimal("300.00")
        assert open_of(Invoice.objects.get(number="1002")) == Decimal("0.00")

    @pytest.mark.parametrize("amount", ["1000.01", "-1.00", "0.00"])
    def test_refuses_more_than_is_left_and_what_is_no_amount(self, one, amount):
        with pytest.raises(MatchRefused):
            match(one, "1001", amount)

    def test_refuses_an_invoice_of_another_client(self, one):
        other = rows.invoice(rows.client_of(one.organisation))

        with pytest.raises(MatchRefused):
            match(one, other.number)

    def test_refuses_the_same_invoice_twice(self, one):
        match(one, "1001", "100.00")

        with pytest.raises(MatchRefused):
            match(one, "1001", "100.00")


class TestUndo:
    def test_opens_the_invoice_and_nulls_the_payment_in_the_target(self, one):
        settlement = match(one)
        one.work()

        assert undo(one, settlement)
        one.work()

        assert open_of(Invoice.objects.get(number="1001")) == Decimal("1000.00")
        assert one.target.registered == {}
        assert Registration.objects.get().state == "reversed"
        assert Payment.objects.get().left == "undone"

    def test_happens_once(self, one):
        settlement = match(one)

        assert undo(one, settlement)
        assert not undo(one, settlement)

    def test_needs_a_reason(self, one):
        with pytest.raises(MatchRefused):
            undo(one, match(one), reason=" ")

    def test_before_it_was_sent_keeps_it_out_of_the_target(self, one):
        undo(one, match(one))
        one.work()

        assert one.target.posts == []
        assert Registration.objects.get().state == "withdrawn"

    def test_is_not_matched_again_by_itself(self, one):
        undo(one, match(one))
        one.source.payments = [paid(1, "1000.00", invoice_number="1001")]

        one.fetch(full=True)

        assert Settlement.objects.filter(undoes=None).count() == 1

    def test_can_be_matched_again_under_another_reference(self, one):
        undo(one, match(one))
        again = match(one)
        one.work()

        assert again.round == 1
        assert len(set(Registration.objects.values_list("reference", flat=True))) == 2
        assert len(one.target.registered) == 1

    def test_of_what_may_stand_in_the_target_waits_for_a_persons_word(self, one):
        settlement = match(one)
        Registration.objects.update(state="needs_person")

        with pytest.raises(MatchRefused) as refusal:
            undo(one, settlement)

        assert "first answer" in refusal.value.params["why"]
        assert Settlement.objects.count() == 1

    @pytest.mark.parametrize(("choice", "state"), [("not_there", "reversed")])
    def test_that_the_target_refuses_is_never_sent_again(self, one, choice, state):
        registration = self.refused_reversal(one)

        deciding.decide(registration=registration, choice=choice, by=one.member.user, now=one.now)
        one.work()

        registration.refresh_from_db()
        assert (registration.state, len(one.target.posts)) == (state, 1)

    def test_that_the_target_refused_is_tried_again_if_it_still_stands_there(self, one):
        registration = self.refused_reversal(one)

        deciding.decide(registration=registration, choice="there", by=one.member.user, now=one.now)
        one.work()

        registration.refresh_from_db()
        assert (registration.state, one.target.registered) == ("reversed", {})

    def refused_reversal(self, one) -> Registration:
        settlement = match(one)
        one.work()
        reverse = one.target.reverse_payment

        def refuse(id: str) -> None:
            one.target.reverse_payment = reverse
            raise Rejected(vendor="PowerOffice")

        one.target.reverse_payment = refuse
        undo(one, settlement)
        one.work()
        registration = Registration.objects.get()
        assert registration.state == "needs_person"
        html = rows.signed_in(one.member).get(f"/invoices/payments/{registration.payment_id}/")
        assert "It is in PowerOffice: reverse it" in html.content.decode()
        assert "register it" not in html.content.decode()
        return registration

    def test_while_it_is_on_its_way_is_refused(self, one):
        settlement = match(one)
        Registration.objects.update(state="sending", claim_owner="a worker")

        with pytest.raises(MatchRefused):
            undo(one, settlement)


class TestDecide:
    def waiting(self, one) -> Registration:
        match(one)
        Registration.objects.update(state="needs_person", target_id="")
        return Registration.objects.get()

    def test_on_the_page_keeps_the_reason_in_the_trail(self, one):
        registration = self.waiting(one)

        rows.signed_in(one.member).post(
            f"/invoices/registrations/{registration.pk}/decide/",
            {"choice": "there", "reason": "It is voucher 20014"},
        )

        registration.refresh_from_db()
        details = AuditEntry.objects.get(action="payments.decided").details
        assert registration.state == "registered"
        assert details == {"choice": "there", "reason": "It is voucher 20014"}

    def test_on_the_page_tells_who_answers_too_late(self, one):
        registration = self.waiting(one)
        Registration.objects.update(state="rejected")

        answer = rows.signed_in(one.member).post(
            f"/invoices/registrations/{registration.pk}/decide/", {"choice": "drop"}, follow=True
        )

        registration.refresh_from_db()
        assert "is not waiting for an answer" in answer.content.decode()
        assert registration.state == "rejected"

    def test_of_two_in_the_same_instant_one_is_refused(self, one):
        registration = self.waiting(one)
        Registration.objects.update(state="withdrawn")

        with pytest.raises(NothingToDecide):
            deciding.decide(
                registration=registration, choice="there", by=one.member.user, now=one.now
            )

        assert not AuditEntry.objects.filter(action="payments.decided").exists()
