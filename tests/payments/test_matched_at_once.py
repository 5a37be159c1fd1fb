"""People who match payments with one invoice at the same time take turns (B11)."""

import threading
from typing import Any

import pytest
from django.db import connections

from connectors.errors import ConnectorError
from payments.models import Invoice, Payment
from payments.operations import matching, matching_by_hand
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid


@pytest.mark.django_db(transaction=True)
def test_four_people_at_once_pay_an_invoice_once():
    member = rows.member()
    rows.activate(member.organisation)
    client = rows.client_of(member.organisation)
    invoice = rows.invoice(client, "1001", "1000.00")
    start, outcomes = threading.Barrier(4, timeout=60), []

    def press(payment: Payment) -> None:
        try:
            start.wait()
            made = matching_by_hand.match_by_hand(
                payment=payment,
                invoice=invoice,
                amount=None,
                reason="At once",
                by=member.user,
                now=rows.NOW,
            )
            outcomes.append(str(made.amount))
        except ConnectorError as refused:
            outcomes.append(refused.code())
        finally:
            connections.close_all()

    people = [threading.Thread(target=press, args=(rows.payment(client),)) for _ in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join(timeout=120)

    assert sorted(outcomes) == ["1000.00", *["MatchRefused"] * 3]
    assert matching_by_hand.open_of(invoice) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("again", [False, True], ids=["a new payment", "an earlier payment"])
def test_a_fetch_and_a_person_at_once_pay_an_invoice_once(office: Office, monkeypatch, again):
    office.target.invoices = [] if again else [billed("1001", "1000.00")]
    office.source.payments = [paid(1, "1000.00")]
    if again:
        office.source.payments.append(paid(2, "1000.00", invoice_number="1001"))
    office.fetch()
    by_hand = Payment.objects.get(journal_number=1)
    if again:
        rows.invoice(office.client, "1001", "1000.00")
    else:
        office.source.payments.append(paid(2, "1000.00", invoice_number="1001"))
    has_read, person_is_done, outcomes = threading.Event(), threading.Event(), []
    store = matching.store_matches

    def store_slowly(client: Any, payments: Any, matches: Any, **more: Any) -> int:
        if any(one.parts for one in matches):
            has_read.set()
            # Whoever is kept waiting is not done before this transaction ends.
            person_is_done.wait(timeout=1)
        return store(client, payments, matches, **more)

    def press() -> None:
        try:
            has_read.wait(timeout=60)
            matching_by_hand.match_by_hand(
                payment=by_hand,
                invoice=Invoice.objects.get(number="1001"),
                amount=None,
                reason="At once",
                by=office.member.user,
                now=rows.NOW,
            )
            outcomes.append("matched")
        except ConnectorError as refused:
            outcomes.append(refused.code())
        finally:
            person_is_done.set()
            connections.close_all()

    monkeypatch.setattr(matching, "store_matches", store_slowly)
    person = threading.Thread(target=press)
    person.start()
    office.fetch()
    person.join(timeout=120)

    assert outcomes == ["MatchRefused"]
    assert matching_by_hand.open_of(Invoice.objects.get(number="1001")) == 0
