"""A match by hand teaches the prefix before an invoice number, once a person confirms it (B11)."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEntry
from organisations.rules import ORGANISATION
from payments.models import Invoice, LearntPrefix, Payment, Settlement
from payments.operations import matching_by_hand, prefixes, undoing
from payments.rules.refusals import NoPrefixToLearn
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid


@pytest.fixture
def matched(office: Office) -> Office:
    """Return an office whose first payment, of F-1001, was matched by hand; a second one waits."""
    office.target.invoices = [
        billed("1001", "1000.00"),
        billed("1002", "500.00"),
        billed("1003", "70.00", customer="10002"),
    ]
    office.source.payments = [
        paid(1, "1000.00", invoice_number="F-1001"),
        paid(2, "500.00", text="Betaling f-1002"),
        paid(3, "70.00", text="F-1003"),
    ]
    office.fetch()
    matching_by_hand.match_by_hand(
        payment=one(1),
        invoice=Invoice.objects.get(number="1001"),
        amount=None,
        reason="",
        by=office.member.user,
        now=office.now,
    )
    return office


def one(journal: int) -> Payment:
    return Payment.objects.select_related("client__organisation", "organisation").get(
        journal_number=journal
    )


def learn(office: Office, text: str = "F-") -> LearntPrefix:
    return prefixes.learn(payment=one(1), text=text, by=office.member.user, now=office.now)


def on_invoices() -> dict[int, tuple[str, str]]:
    events = Settlement.objects.filter(undoes=None)
    rows = events.values_list("payment__journal_number", "invoice__number", "rule")
    return {journal: (number, rule) for journal, number, rule in rows}


class TestLearning:
    def test_is_offered_after_a_match_by_hand(self, matched):
        offer = prefixes.offer_of(one(1))

        assert offer is not None
        assert (offer.prefix.text, offer.invoice) == ("F-", "1001")
        assert prefixes.offer_of(one(2)) is None

    def test_changes_nothing_before_a_person_confirms(self, matched):
        matched.fetch()

        assert set(on_invoices()) == {1}

    def test_matches_the_others_of_the_same_customer_from_the_next_fetch_on(self, matched):
        learn(matched)
        matched.fetch()
        matched.work()

        assert on_invoices() == {1: ("1001", "manual"), 2: ("1002", "prefix")}
        assert one(3).left == "other_customer"
        assert sorted(p.invoice_number for p in matched.target.registered.values()) == [
            "1001",
            "1002",
        ]

    def test_matches_a_payment_that_comes_later(self, matched):
        learn(matched)
        matched.target.invoices = [*matched.target.invoices, billed("1004", "60.00")]
        matched.source.payments = [
            *matched.source.payments,
            paid(4, "60.00", invoice_number="F-1004"),
        ]
        matched.fetch()

        assert on_invoices()[4] == ("1004", "prefix")

    def test_is_kept_with_who_and_when_and_audited(self, matched):
        learnt = learn(matched)

        entry = AuditEntry.objects.get(action="invoice_client.prefix_learnt")
        assert (learnt.learnt_by, learnt.learnt_at) == (matched.member.user, matched.now)
        assert entry.details == {
            "prefix": "F-",
            "side": "payment",
            "payment": "1/1",
            "invoice": "1001",
        }

    def test_is_offered_once(self, matched):
        learn(matched)

        assert prefixes.offer_of(one(1)) is None
        with pytest.raises(NoPrefixToLearn):
            learn(matched)

    def test_takes_no_other_prefix_than_was_shown(self, matched):
        with pytest.raises(NoPrefixToLearn):
            learn(matched, "kr")

    def test_is_offered_no_more_when_the_match_is_undone(self, matched):
        undoing.undo(
            settlement=Settlement.objects.get(),
            reason="Wrong",
            by=matched.member.user,
            now=matched.now,
        )

        assert prefixes.offer_of(one(1)) is None

    def test_counts_for_its_own_client_only(self, matched):
        learn(matched)
        theirs = rows.client_of(matched.organisation)
        rows.payment(theirs, invoice_number="F-1001")

        assert not LearntPrefix.objects.filter(client=theirs).exists()

    def test_counts_no_longer_when_it_is_removed_but_leaves_what_it_matched(self, matched):
        learnt = learn(matched)
        matched.fetch()
        prefixes.forget(learnt=learnt, by=matched.member.user)
        matched.source.payments = [*matched.source.payments, paid(5, "5.00", text="F-1002")]
        matched.fetch()

        assert on_invoices()[2] == ("1002", "prefix")
        assert 5 not in on_invoices()
        assert AuditEntry.objects.get(action="invoice_client.prefix_forgotten").details == {
            "prefix": "F-",
            "side": "payment",
        }


class TestOnThePages:
    def test_is_confirmed_on_the_payment_and_removed_in_the_settings(self, matched):
        me = rows.signed_in(matched.member)
        page = f"/invoices/payments/{one(1).pk}/"
        settings = f"/invoices/clients/{matched.client.pk}/settings/"

        assert "Learn the prefix" in me.get(page).content.decode()
        me.post(f"{page}learn/", {"prefix": "F-"})
        assert "Learn the prefix" not in me.get(page).content.decode()
        html = me.get(settings).content.decode()
        assert "Payers write it before the number" in html
        assert str(matched.member.user) in html
        me.post(f"/invoices/prefixes/{LearntPrefix.objects.get().pk}/forget/")

        assert not LearntPrefix.objects.exists()
        assert "None learnt yet." in me.get(settings).content.decode()

    @pytest.mark.parametrize("text", ["", "x", "F-\x00", "F" * 5000, "\ud7ff"])
    def test_learns_nothing_else_that_a_person_can_send(self, matched, text):
        me = rows.signed_in(matched.member)

        answer = me.post(f"/invoices/payments/{one(1).pk}/learn/", {"prefix": text})

        assert answer.status_code in (302, 400)
        assert not LearntPrefix.objects.exists()

    def test_is_nothing_for_strangers(self, matched):
        learnt = learn(matched)
        stranger = rows.signed_in(rows.member())
        nobody = rows.signed_in(rows.member(matched.organisation, ORGANISATION))

        for url in (
            f"/invoices/payments/{one(1).pk}/learn/",
            f"/invoices/prefixes/{learnt.pk}/forget/",
        ):
            assert stranger.post(url, {"prefix": "F-"}).status_code in (403, 404)
            assert nobody.post(url, {"prefix": "F-"}).status_code in (403, 404)
        assert LearntPrefix.objects.exists()


class TestByCommand:
    def call(self, office: Office, *args: str) -> Any:
        out = StringIO()
        call_command(*args, "--json", "--organisation", office.organisation.name, stdout=out)
        return json.loads(out.getvalue())

    @pytest.fixture
    def waiting(self, office: Office) -> Office:
        office.target.invoices = [billed("1001", "1000.00")]
        office.source.payments = [paid(1, "1000.00", text="Faktura nr. 1001")]
        office.fetch()
        return office

    def test_is_offered(self, waiting):
        printed = self.call(waiting, "match_payment", "1/1", "--invoice", "1001")

        assert printed["prefix"] == {
            "text": "nr.",
            "side": "payment",
            "invoice": "1001",
            "learnt": False,
        }
        assert not LearntPrefix.objects.exists()

    def test_is_learnt_with_the_match_shown_and_forgotten(self, waiting):
        printed = self.call(waiting, "match_payment", "1/1", "--invoice", "1001", "--learn-prefix")
        shown = self.call(waiting, "set_invoice_client", waiting.client.number)
        left = self.call(
            waiting, "set_invoice_client", waiting.client.number, "--forget-prefix", "nr."
        )

        assert printed["prefix"]["learnt"] is True
        assert [row["prefix"] for row in shown["prefixes"]] == ["nr."]
        assert left["prefixes"] == []

    def test_forgets_no_prefix_that_is_not_there(self, waiting):
        with pytest.raises(CommandError, match="has not learnt x"):
            self.call(waiting, "set_invoice_client", waiting.client.number, "--forget-prefix", "x")


class TestTheRoundingTolerance:
    @pytest.mark.parametrize(("text", "kept"), [("0.50", "0.50"), ("0,5", "0.50"), ("", "0.00")])
    def test_is_set_by_command(self, office, text, kept):
        TestByCommand().call(
            office, "set_invoice_client", office.client.number, "--rounding-tolerance", text
        )

        assert str(office.fresh().rounding_tolerance) == kept

    @pytest.mark.parametrize("text", ["-1", "10.01", "0.001", "x", "9" * 50, "NaN", "1e1"])
    def test_is_refused_where_it_is_no_rounding(self, office, text):
        with pytest.raises(CommandError, match=r"from 0\.00 to 10\.00"):
            TestByCommand().call(
                office, "set_invoice_client", office.client.number, f"--rounding-tolerance={text}"
            )

        assert str(office.fresh().rounding_tolerance) == "0.00"
