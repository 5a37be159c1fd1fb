"""Invoices are picked and split in the rows of the unmatched queue, with and without JavaScript."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import translation

from audit.models import AuditEntry
from connectors.receivables.source import SourceCustomer
from payments.models import Invoice, Payment, Settlement
from payments.operations import splitting
from payments.operations.matching_by_hand import assigned_of, open_of
from payments.operations.splitting import Share
from payments.rules.refusals import MatchRefused
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid

PART = {"HX-Request": "true"}


@pytest.fixture
def queue(office: Office) -> Office:
    """Return an office with three payments that name nothing, and four open invoices."""
    office.target.invoices = [
        billed("1001", "1500.00"),
        billed("1002", "2500.00"),
        billed("1003", "700.00"),
        billed("2001", "900.00", customer="10002"),
    ]
    office.source.payments = [
        paid(1, "4000.00"),
        paid(2, "700.00"),
        paid(3, "50.00", customer=10002),
    ]
    office.source.customers = [
        SourceCustomer(10001, "Bergvåg AS"),
        SourceCustomer(10002, "Løvstakken AS"),
    ]
    office.fetch()
    return office


@pytest.fixture
def me(queue: Office) -> Client:
    return rows.signed_in(queue.member)


def payment(journal: int) -> Payment:
    return Payment.objects.get(journal_number=journal)


def invoice(number: str) -> Invoice:
    return Invoice.objects.get(number=number)


def picked(*numbers: str, **amounts: str) -> dict[str, Any]:
    """Return what the form of a row sends: `_1001="1500.00"` is the amount beside an invoice."""
    values: dict[str, Any] = {"invoice": [str(invoice(number).pk) for number in numbers]}
    for name, text in amounts.items():
        values[f"amount_{invoice(name.removeprefix('_')).pk}"] = text
    return values


def press(me: Client, one: Payment, values: dict[str, Any], **more: Any) -> Any:
    headers = more.pop("headers", None)
    url = f"/invoices/payments/{one.pk}/split/"
    return me.post(url, {"queue": "page=1"} | values | more, headers=headers)


def standing() -> dict[str, str]:
    return {one.invoice.number: str(one.amount) for one in Settlement.objects.order_by("pk")}


class TestARow:
    def test_opens_in_place_with_the_payers_open_invoices(self, me):
        html = me.get(f"/invoices/unmatched/?open={payment(1).pk}").content.decode()

        assert all(f"<strong>{number}</strong>" in html for number in ("1001", "1002", "1003"))
        assert "<strong>2001</strong>" not in html

    def test_comes_alone_with_the_list_where_a_script_asks_for_it(self, me):
        answer = me.get(f"/invoices/unmatched/?open={payment(1).pk}", headers=PART)

        html = answer.content.decode()
        assert html.lstrip().startswith('<div id="queue"')
        assert "<strong>1001</strong>" in html

    def test_that_is_open_is_not_asked_for_again_by_itself(self, me):
        closed = me.get("/invoices/unmatched/").content.decode()
        opened = me.get(f"/invoices/unmatched/?open={payment(1).pk}").content.decode()

        assert 'hx-trigger="every' in closed
        assert 'hx-trigger="every' not in opened

    def test_is_asked_for_without_prolonging_the_session(self, me):
        me.get("/invoices/unmatched/")
        before = Session.objects.get(session_key=me.session.session_key).expire_date

        answer = me.get("/invoices/unmatched/?page=1", headers=PART)

        assert Session.objects.get(session_key=me.session.session_key).expire_date == before
        assert "Set-Cookie" not in answer.headers

    @pytest.mark.parametrize("query", ["?open=x", "?open=99999", "?open=-1", "?at=x", "?open="])
    def test_that_is_not_there_opens_nothing(self, me, query):
        answer = me.get(f"/invoices/unmatched/{query}")

        assert answer.status_code == 200
        assert "data-split" not in answer.content.decode()

    def test_of_another_office_opens_nothing(self, queue):
        stranger = rows.member()
        rows.activate(stranger.organisation)
        browser, one = rows.signed_in(stranger), payment(1)

        html = browser.get(f"/invoices/unmatched/?open={one.pk}").content.decode()

        assert "1001" not in html
        assert press(browser, one, picked("1001")).status_code == 404
        assert not Settlement.objects.exists()


class TestPicking:
    def test_splits_a_payment_over_the_invoices_as_typed(self, me):
        answer = press(me, payment(1), picked("1001", "1002", _1001="1000,00", _1002="2 500,00"))

        assert answer.status_code == 302
        assert standing() == {"1001": "1000.00", "1002": "2500.00"}
        assert assigned_of(payment(1)) == Decimal("3500.00")

    def test_takes_what_is_left_and_no_more_than_is_open_where_nothing_is_typed(self, me):
        press(me, payment(1), picked("1001", "1002", "1003"))

        refused = Settlement.objects.count()
        assert refused == 0  # nothing of the payment is left for the third

        press(me, payment(1), picked("1002", "1003"))
        assert standing() == {"1002": "2500.00", "1003": "700.00"}

    def test_leads_to_the_next_row_when_the_payment_leaves_the_queue(self, me):
        answer = press(me, payment(1), picked("1001", "1002"))

        following = payment(2).pk
        assert answer["Location"] == f"/invoices/unmatched/?page=1&at={following}#p-{following}"
        html = me.get(answer["Location"]).content.decode()
        assert f'id="p-{payment(1).pk}"' not in html
        (opener,) = [tag for tag in html.split("<a ") if "autofocus" in tag]
        assert f'id="pick-{following}"' in opener

    def test_leads_back_to_the_row_while_something_of_it_is_left(self, me):
        answer = press(me, payment(1), picked("1001"))

        assert answer["Location"].endswith(f"at={payment(1).pk}#p-{payment(1).pk}")
        assert standing() == {"1001": "1500.00"}

    def test_of_the_last_one_leads_to_the_one_before_it_and_then_to_none(self, me, queue):
        Payment.objects.exclude(journal_number=2).delete()

        answer = press(me, payment(2), picked("1003"))

        assert answer["Location"].endswith("at=0#p-0")
        assert "autofocus" in me.get(answer["Location"]).content.decode()

    def test_stays_within_the_client_that_is_shown(self, me, queue):
        other = rows.client_of(queue.organisation)
        rows.payment(other, paid_on=payment(3).paid_on)
        Payment.objects.filter(journal_number__in=(1, 2)).delete()
        form = {"queue": f"client={queue.client.pk}&page=1"}

        answer = press(me, payment(3), picked("2001") | form)

        assert f"client={queue.client.pk}" in answer["Location"]
        assert answer["Location"].endswith("at=0#p-0")

    def test_says_in_the_part_what_is_matched(self, me):
        values = picked("1001", "1002")

        answer = me.post(
            f"/invoices/payments/{payment(1).pk}/split/",
            {"queue": "page=1"} | values,
            headers=PART,
            follow=True,
        )

        html = answer.content.decode()
        assert html.lstrip().startswith('<div id="queue"')
        assert "is matched with 1001, 1002." in html

    def test_is_in_the_trail_invoice_by_invoice(self, me, queue):
        press(me, payment(1), picked("1001", "1002"), reason="The payer called")

        entries = AuditEntry.objects.filter(action="payment.matched").order_by("pk")
        assert [one.details["invoice"] for one in entries] == ["1001", "1002"]
        assert {one.user_id for one in entries} == {queue.member.user_id}

    def test_is_registered_part_by_part(self, me, queue):
        press(me, payment(1), picked("1001", "1002"))
        queue.work(seconds=timedelta(days=400).total_seconds())

        registered = sorted(str(one.amount) for one in queue.target.registered.values())
        assert registered == ["1500.00", "2500.00"]


class TestWhatIsWrong:
    def test_leaves_nothing_half_done(self, me):
        answer = press(me, payment(1), picked("1001", "1002", _1002="2600.00"))

        assert answer.status_code == 400
        html = " ".join(answer.content.decode().replace("\xa0", " ").split())
        assert "2,500.00 is open on invoice 1002, not 2,600.00." in html
        assert 'value="2600.00"' in html
        assert not Settlement.objects.exists()

    def test_is_not_guessed_where_an_amount_has_two_readings(self, me):
        answer = press(me, payment(1), picked("1001", _1001="1,500"))

        assert answer.status_code == 400
        assert "can be read as 1,500.00 and as 1.50" in answer.content.decode()
        assert not Settlement.objects.exists()

    def test_is_said_in_the_readers_language(self, me, queue):
        queue.member.user.language = "nb"
        queue.member.user.save()

        with translation.override("nb"):
            answer = press(me, payment(1), picked("1001", _1001="1.500"))

        assert "1,50" in answer.content.decode().replace("\xa0", " ")

    def test_is_an_amount_beside_an_invoice_that_is_not_chosen(self, me):
        answer = press(me, payment(1), picked("1001", _1002="10.00"))

        assert answer.status_code == 400
        assert not Settlement.objects.exists()

    def test_is_a_press_without_any_invoice(self, me):
        answer = press(me, payment(1), {})

        assert "choose an invoice first" in answer.content.decode()

    def test_comes_as_a_part_where_a_script_asked(self, me):
        answer = press(me, payment(1), picked("1001", _1001="x"), headers=PART)

        assert answer.status_code == 200
        assert answer.content.decode().lstrip().startswith('<div id="queue"')

    def test_is_an_invoice_that_was_settled_since(self, me, queue):
        values = picked("1003", _1003="700.00")
        press(me, payment(2), values)

        answer = press(me, payment(1), values)

        assert answer.status_code == 400
        assert open_of(invoice("1003")) == 0

    def test_is_a_payment_that_somebody_matched_meanwhile(self, me):
        press(me, payment(2), picked("1003"))

        answer = press(me, payment(2), picked("1001", _1001="700.00"))

        assert answer.status_code == 302
        assert "Not done" in me.get(answer["Location"]).content.decode()
        assert standing() == {"1003": "700.00"}

    def test_is_an_invoice_of_another_client(self, me, queue):
        foreign = rows.invoice(rows.client_of(queue.organisation), "9001", "700.00")

        press(me, payment(2), {"invoice": [str(foreign.pk)]})

        assert not Settlement.objects.exists()


class TestAnotherCustomersInvoice:
    def test_is_found_by_a_search_and_nothing_is_matched_by_it(self, me):
        values = picked("1001", _1001="1500.00")

        answer = press(me, payment(1), values, find="Løv", found="")

        html = answer.content.decode()
        assert answer.status_code == 200
        assert "<strong>2001</strong>" in html
        assert "<strong>1001</strong>" in html
        assert html.count("checked") == 1
        assert not Settlement.objects.exists()

    def test_is_asked_about_and_taken_with_a_reason(self, me):
        search = {"find": "2001", "found": "2001"}
        answer = press(me, payment(2), picked("2001"), **search)

        assert answer.status_code == 409
        assert "Match anyway" in answer.content.decode()
        press(me, payment(2), picked("2001"), across="on", reason="Parent pays", **search)
        assert Settlement.objects.get().rule == "across"


class TestASuggestion:
    def test_of_several_invoices_is_taken_with_one_press(self, me):
        html = me.get("/invoices/unmatched/").content.decode()
        assert "1001 (1,500.00) + 1002 (2,500.00)" in html.replace("\xa0", " ")

        press(me, payment(1), picked("1001", "1002", _1001="1500.00", _1002="2500.00"))

        assert standing() == {"1001": "1500.00", "1002": "2500.00"}

    def test_is_one_of_two_choices_where_two_sets_fit(self, me, queue):
        payer = invoice("1001").customer
        rows.invoice(queue.client, "1004", "3300.00", customer=payer)

        html = me.get("/invoices/unmatched/").content.decode().replace("\xa0", " ")

        assert "Several fit, of the same customer: choose one." in html
        assert "1001 (1,500.00) + 1002 (2,500.00)" in html
        assert "1003 (700.00) + 1004 (3,300.00)" in html
        assert not Settlement.objects.exists()

    def test_with_a_credit_note_is_taken_from_the_queue(self, me, queue):
        payer = invoice("1001").customer
        note = rows.invoice(queue.client, "3001", "-800.00", customer=payer, is_credit_note=True)

        press(me, payment(2), picked("1001", _1001="700.00"), credit_note=str(note.pk))

        assert open_of(invoice("1001")) == 0

    def test_on_the_payments_own_page_leads_back_to_it(self, me):
        url = f"/invoices/payments/{payment(2).pk}/split/"

        answer = me.post(url, picked("1003", _1003="700.00"))

        assert answer["Location"] == f"/invoices/payments/{payment(2).pk}/"


class TestASplit:
    def test_is_never_more_than_is_open(self, queue):
        shares = [Share(invoice("1003"), Decimal("700.01"))]

        with pytest.raises(MatchRefused):
            splitting.split(
                payment=payment(1),
                shares=shares,
                reason="",
                by=queue.member.user,
                now=queue.now,
            )

    def test_of_money_that_goes_out_is_matched_with_credit_notes(self, me, queue):
        payer = invoice("1001").customer
        for number in ("3001", "3002"):
            rows.invoice(queue.client, number, "-300.00", customer=payer, is_credit_note=True)
        out = rows.payment(queue.client, amount="-600.00")

        html = me.get(f"/invoices/unmatched/?open={out.pk}").content.decode()
        press(me, out, picked("3001", "3002"))

        assert "<strong>3001</strong>" in html
        assert standing() == {"3001": "-300.00", "3002": "-300.00"}
