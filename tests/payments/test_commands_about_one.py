"""What a person decides about payments, by command: what the pages do, and their rights."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import AuditEntry
from connectors.errors import Rejected
from payments.models import FetchRun, Invoice, Payment, Registration, Settlement
from payments.operations import matching
from payments.rights import BUSINESS, PAYMENTS_IMPORT, PAYMENTS_OVERVIEW
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid

REASON = "The customer called"


@pytest.fixture
def desk(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return an office with two invoices, a payment that found one, and one that found none."""
    monkeypatch.setattr(timezone, "now", lambda: office.now)
    office.target.invoices = [billed("1001", "1000.00"), billed("1002", "300.00")]
    office.source.payments = [paid(1, "300.00", invoice_number="1002"), paid(2, "1000.00")]
    return office


def run(office: Office, name: str, *args: str, rights: tuple[str, ...] = (BUSINESS,)) -> Any:
    """Run a command with the rights of a person, and return its JSON."""
    person, out = rows.member(office.organisation, *rights), StringIO()
    call_command(
        name,
        *args,
        "--json",
        "--organisation",
        office.organisation.name,
        "--as",
        person.user.email,
        stdout=out,
    )
    return json.loads(out.getvalue())


def refuse_everything(office: Office) -> None:
    """Let the target refuse each payment, and the source each mark, until a test changes that."""
    office.target.fault = lambda _payment: Rejected(vendor="PowerOffice")
    office.source.refuses_marks = True


def let_everything_pass(office: Office) -> None:
    office.target.fault = lambda _payment: None
    office.source.refuses_marks = False


def states() -> list[str]:
    return list(Registration.objects.order_by("pk").values_list("state", flat=True))


def last_entry(action: str) -> AuditEntry:
    found = AuditEntry.objects.filter(action=action).order_by("pk").last()
    assert found is not None
    return found


def another_office_with_a_payment() -> Payment:
    """Return a payment, on an invoice, that another organisation holds."""
    theirs = rows.payment(rows.client_of(), journal_number=77)
    Settlement.objects.create(
        organisation=theirs.organisation,
        client=theirs.client,
        invoice=rows.invoice(theirs.client, "9001"),
        payment=theirs,
        amount=theirs.amount,
        rule="manual",
        made_at=rows.NOW,
    )
    return theirs


class TestTryPaymentsAgain:
    @pytest.fixture
    def refused(self, desk: Office) -> Office:
        """Return an office in which a registration was refused in each of two runs."""
        refuse_everything(desk)
        desk.fetch()
        desk.source.payments.append(paid(3, "100.00", invoice_number="1001"))
        desk.fetch()
        assert states() == ["rejected", "rejected"]
        let_everything_pass(desk)
        return desk

    def test_of_a_client_puts_all_that_was_refused_back(self, refused):
        found = run(refused, "try_payments_again", "--client", refused.client.number)
        refused.work()

        assert found["clients"] == [
            {"client": refused.client.number, "registrations": 2, "marks": 0}
        ]
        assert states() == ["registered", "registered"]
        entry = last_entry("payments.tried_again")
        assert (entry.user is None, entry.details) == (False, {"registrations": 2})

    def test_of_a_run_leaves_what_others_brought(self, refused):
        newest = FetchRun.objects.latest("pk")

        run(refused, "try_payments_again", "--run", str(newest.pk))
        refused.work()

        assert states() == ["rejected", "registered"]

    def test_of_one_payment_leaves_the_others(self, refused):
        run(refused, "try_payments_again", "--payment", "1/1")
        refused.work()

        assert states() == ["registered", "rejected"]

    def test_of_all_goes_through_every_client(self, refused):
        rows.client_of(refused.organisation)

        found = run(refused, "try_payments_again", "--all")

        assert [row["registrations"] for row in found["clients"]] == [2, 0]

    def test_of_marks_alone_sends_nothing(self, desk):
        desk.source.refuses_marks = True
        desk.fetch()
        desk.target.fault = lambda _payment: Rejected(vendor="PowerOffice")
        desk.source.payments.append(paid(3, "100.00", invoice_number="1001"))
        desk.fetch()
        let_everything_pass(desk)

        found = run(desk, "try_payments_again", "--all", "--only", "marks")
        desk.work()

        assert (found["clients"][0]["marks"], len(desk.source.marked)) == (1, 1)
        assert states() == ["registered", "rejected"]
        assert last_entry("payments.marks_tried_again").details == {"payments": 1}

    def test_of_a_mark_of_one_payment_leaves_the_others(self, desk):
        desk.source.refuses_marks = True
        desk.source.payments.append(paid(3, "100.00", invoice_number="1001"))
        desk.fetch()
        let_everything_pass(desk)

        run(desk, "try_payments_again", "--payment", "3/1")
        desk.work()

        assert [key.journal_number for key in desk.source.marked] == [3]

    def test_ends_badly_when_nothing_of_the_payment_was_refused(self, desk):
        desk.fetch()

        with pytest.raises(CommandError, match="Nothing of payment 1/1 was refused"):
            run(desk, "try_payments_again", "--payment", "1/1")

    def test_wants_to_know_what_is_tried_again(self, desk):
        with pytest.raises(CommandError, match="Say what is tried again"):
            run(desk, "try_payments_again")

    @pytest.mark.parametrize("only", ["registrations", "marks"])
    def test_is_refused_without_the_right(self, refused, only):
        rights = (PAYMENTS_OVERVIEW, PAYMENTS_IMPORT)

        with pytest.raises(CommandError, match="is missing"):
            run(refused, "try_payments_again", "--all", "--only", only, rights=rights)

        assert states() == ["rejected", "rejected"]

    def test_does_not_know_the_payment_run_and_client_of_a_stranger(self, desk):
        theirs = another_office_with_a_payment()
        their_run = FetchRun.objects.create(
            organisation=theirs.organisation, client=theirs.client, since=rows.START
        )

        for which, name in (
            ("--payment", str(theirs.pk)),
            ("--payment", str(theirs)),
            ("--run", str(their_run.pk)),
            ("--client", theirs.client.number),
        ):
            with pytest.raises(CommandError, match="There is no"):
                run(desk, "try_payments_again", which, name)


class TestDecidePayment:
    @pytest.fixture
    def unknown(self, desk: Office) -> Office:
        desk.fetch()
        Registration.objects.update(state="needs_person", target_id="", target_number="")
        desk.target.registered = {}
        return desk

    @pytest.mark.parametrize(
        ("choice", "state", "posts"),
        [("there", "registered", 1), ("not_there", "registered", 2), ("drop", "withdrawn", 1)],
    )
    def test_takes_the_three_answers_of_the_page(self, unknown, choice, state, posts):
        found = run(unknown, "decide_payment", "1/1", "--choice", choice, "--reason", REASON)
        unknown.work()

        assert (states(), len(unknown.target.posts)) == ([state], posts)
        assert found["payment"] == "1/1"
        assert last_entry("payments.decided").details == {"choice": choice, "reason": REASON}

    def test_refuses_what_was_answered_already(self, unknown):
        run(unknown, "decide_payment", "1/1", "--choice", "drop", "--reason", REASON)

        with pytest.raises(CommandError, match="is not waiting for an answer"):
            run(unknown, "decide_payment", "1/1", "--choice", "there", "--reason", REASON)
        assert states() == ["withdrawn"]

    def test_wants_the_invoice_when_several_wait(self, unknown):
        unknown.source.payments.append(paid(3, "400.00"))
        unknown.fetch()
        for number in ("1001", "1002"):
            run(unknown, "match_payment", "3/1", "--invoice", number, "--amount", "200.00")
        Registration.objects.update(state="needs_person", target_id="")
        answer = ("decide_payment", "3/1", "--choice", "drop", "--reason", REASON)

        with pytest.raises(CommandError, match=r"several invoices \(1001, 1002\)"):
            run(unknown, *answer)
        run(unknown, *answer, "--invoice", "1002")

        assert states() == ["needs_person", "needs_person", "withdrawn"]

    def test_is_refused_without_the_right(self, unknown):
        rights = (PAYMENTS_OVERVIEW, PAYMENTS_IMPORT)

        with pytest.raises(CommandError, match="is missing"):
            run(
                unknown,
                *("decide_payment", "1/1", "--choice", "there", "--reason", REASON),
                rights=rights,
            )
        assert states() == ["needs_person"]

    def test_does_not_know_the_payment_of_a_stranger(self, desk):
        theirs = another_office_with_a_payment()

        for name in (str(theirs.pk), str(theirs)):
            with pytest.raises(CommandError, match="There is no payment"):
                run(desk, "decide_payment", name, "--choice", "there", "--reason", REASON)


class TestMatchPayment:
    def test_sets_all_that_is_left_against_the_invoice(self, desk):
        desk.fetch()

        found = run(desk, "match_payment", "2/1", "--invoice", "1001", "--reason", REASON)
        desk.work()

        assert (found["unmatched"], found["events"][0]["invoice"]) == ("0.00", "1001")
        assert states() == ["registered", "registered"]
        entry = last_entry("payment.matched")
        assert entry.details == {"invoice": "1001", "amount": "1000.00", "reason": REASON}
        assert Settlement.objects.latest("pk").made_by == entry.user

    def test_takes_a_part_with_a_decimal_comma_or_point(self, desk):
        desk.fetch()

        run(desk, "match_payment", "2/1", "--invoice", "1001", "--amount", "700,50")
        found = run(desk, "match_payment", "2/1", "--invoice", "1002", "--amount", "99.50")

        assert found["unmatched"] == "200.00"

    @pytest.mark.parametrize("amount", ["1.000", "much", "1e3", "0.001"])
    def test_guesses_no_amount(self, desk, amount):
        desk.fetch()

        with pytest.raises(CommandError, match="is no amount"):
            run(desk, "match_payment", "2/1", "--invoice", "1001", "--amount", amount)

    def test_tells_which_rule_it_would_break(self, desk):
        desk.fetch()

        with pytest.raises(CommandError, match=r"1,000.00 is left of the payment, not 1,000.01"):
            run(desk, "match_payment", "2/1", "--invoice", "1001", "--amount", "1000.01")

    def test_does_not_know_the_invoice_of_another_client(self, desk):
        desk.fetch()
        other = rows.invoice(rows.client_of(desk.organisation), "4711")

        with pytest.raises(CommandError, match="has no invoice '4711'"):
            run(desk, "match_payment", "2/1", "--invoice", other.number)

    def test_wants_the_client_when_several_have_the_payment(self, desk):
        desk.fetch()
        other = rows.client_of(desk.organisation)
        rows.payment(other, journal_number=2)

        with pytest.raises(CommandError, match="say which with --client"):
            run(desk, "match_payment", "2/1", "--invoice", "1001")
        run(desk, *("match_payment", "2/1", "--invoice", "1001", "--client", desk.client.number))

        assert Settlement.objects.filter(rule="manual").count() == 1

    def test_is_refused_without_the_right(self, desk):
        desk.fetch()

        with pytest.raises(CommandError, match="is missing"):
            run(desk, "match_payment", "2/1", "--invoice", "1001", rights=(PAYMENTS_OVERVIEW,))
        assert not Settlement.objects.filter(rule="manual").exists()

    def test_does_not_know_the_payment_of_a_stranger(self, desk):
        theirs = another_office_with_a_payment()

        for name in (str(theirs.pk), str(theirs)):
            with pytest.raises(CommandError, match="There is no payment"):
                run(desk, "match_payment", name, "--invoice", "9001")


class TestUndoMatch:
    def test_takes_it_off_and_back_in_the_target(self, desk):
        desk.fetch()

        found = run(desk, "undo_match", "1/1", "--reason", REASON)
        desk.work()

        assert found["unmatched"] == "300.00"
        assert [event["is_undo"] for event in found["events"]] == [False, True]
        assert states() == ["reversed"]
        entry = last_entry("payment.match_undone")
        assert entry.details == {"invoice": "1002", "amount": "300.00", "reason": REASON}

    def test_of_a_credit_note(self, desk):
        client = desk.client
        rows.invoice(client, "4001", "500.00")
        rows.invoice(client, "C1", "-100.00", is_credit_note=True, credits_number="4001")
        matching.apply_credit_notes(client, run=None, now=desk.now)

        found = run(desk, "undo_match", "--credit-note", "C1", "--reason", REASON)

        assert [event["amount"] for event in found["events"]] == ["100.00", "-100.00"]
        assert last_entry("payment.match_undone").object_id == str(
            Invoice.objects.get(number="4001").pk
        )

    def test_wants_the_invoice_when_it_stands_on_several(self, desk):
        desk.fetch()
        run(desk, "match_payment", "2/1", "--invoice", "1001", "--amount", "700.00")
        run(desk, "match_payment", "2/1", "--invoice", "1002", "--amount", "300.00")

        with pytest.raises(CommandError, match=r"several invoices \(1001, 1002\)"):
            run(desk, "undo_match", "2/1", "--reason", REASON)
        found = run(desk, "undo_match", "2/1", "--invoice", "1001", "--reason", REASON)

        assert found["unmatched"] == "700.00"

    def test_happens_once(self, desk):
        desk.fetch()
        run(desk, "undo_match", "1/1", "--reason", REASON)

        with pytest.raises(CommandError, match="is not matched to that invoice"):
            run(desk, "undo_match", "1/1", "--reason", REASON)
        assert Settlement.objects.count() == 2

    def test_needs_a_reason(self, desk):
        desk.fetch()

        with pytest.raises(CommandError, match="state why it is undone"):
            run(desk, "undo_match", "1/1", "--reason", " ")

    def test_is_refused_without_the_right(self, desk):
        desk.fetch()

        with pytest.raises(CommandError, match="is missing"):
            run(desk, "undo_match", "1/1", "--reason", REASON, rights=(PAYMENTS_IMPORT,))
        assert Settlement.objects.count() == 1

    def test_does_not_know_the_payment_or_credit_note_of_a_stranger(self, desk):
        theirs = another_office_with_a_payment()
        rows.invoice(theirs.client, "C9", "-1.00", is_credit_note=True)

        for what in ((str(theirs.pk),), (str(theirs),), ("--credit-note", "C9")):
            with pytest.raises(CommandError, match="There is no"):
                run(desk, "undo_match", *what, "--reason", REASON)


class TestListPayments:
    @pytest.fixture
    def several(self, desk: Office) -> Office:
        """Return an office with a payment in each of the states that wait for somebody."""
        desk.source.payments = [
            paid(1, "10.00", invoice_number="1001"),
            paid(2, "20.00", invoice_number="1001"),
            paid(3, "30.00", invoice_number="1001"),
            paid(4, "1000.00"),
        ]
        desk.fetch()
        for journal, state in ((1, "rejected"), (2, "needs_person")):
            of = Registration.objects.filter(payment__journal_number=journal)
            of.update(state=state, target_id="")
        Payment.objects.filter(journal_number=3).update(mark="refused", mark_reason="locked")
        return desk

    @pytest.mark.parametrize(
        ("waiting", "key"),
        [
            ("refused", "1/1"),
            ("needs_person", "2/1"),
            ("mark_refused", "3/1"),
            ("unmatched", "4/1"),
        ],
    )
    def test_names_what_waits_for_somebody(self, several, waiting, key):
        found = run(several, "list_payments", "--waiting", waiting)

        assert [row["payment"] for row in found["payments"]] == [key]
        assert found["payments"][0]["client"] == several.client.number

    def test_of_one_client_leaves_the_others_out(self, several):
        rows.payment(rows.client_of(several.organisation))
        everything = run(several, "list_payments", "--waiting", "unmatched")
        which = ("--client", several.client.number)

        found = run(several, "list_payments", "--waiting", "unmatched", *which)

        assert (len(everything["payments"]), len(found["payments"])) == (2, 1)

    def test_is_refused_without_the_right(self, several):
        with pytest.raises(CommandError, match="is missing"):
            run(several, "list_payments", "--waiting", "refused", rights=(PAYMENTS_OVERVIEW,))

    def test_shows_none_of_a_stranger(self, desk):
        rows.payment(another_office_with_a_payment().client)

        assert run(desk, "list_payments", "--waiting", "unmatched") == {"payments": []}


class TestWithoutAPerson:
    def test_the_hub_itself_is_named_in_the_trail(self, desk):
        desk.fetch()

        call_command(
            *("match_payment", "2/1", "--invoice", "1001"),
            organisation=desk.organisation.name,
            stdout=(out := StringIO()),
        )

        assert "1001 1000.00: by hand Settled · Integration Hub" in out.getvalue()
        entry = last_entry("payment.matched")
        assert (entry.user, entry.who) == (None, "Integration Hub")
