"""People who match payments with one invoice at the same time take turns (B11)."""

import threading

import pytest
from django.db import connections

from connectors.errors import ConnectorError
from payments.models import Payment
from payments.operations import matching
from tests.payments import rows


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
            made = matching.match_by_hand(
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
    assert matching.open_of(invoice) == 0
