"""What is offered for a payment that waits, in numbers that an accountant can check."""

from decimal import Decimal

from payments.domain.proposals import OpenInvoice, propose


def offered(rest: str, *opens: str, **more: bool) -> list[tuple[str, ...]]:
    invoices = [
        OpenInvoice(n, str(n), Decimal(amount), is_credit_note=amount.startswith("-"))
        for n, amount in enumerate(opens, start=1)
    ]
    return [
        (one.why.value, one.invoice.number, *([one.credit_note.number] if one.credit_note else []))
        for one in propose(Decimal(rest), invoices, **more)
    ]


def test_the_invoice_of_exactly_that_amount():
    assert offered("300", "299", "300", "300") == [("same_amount", "2"), ("same_amount", "3")]


def test_an_invoice_and_a_credit_note_together_for_a_net_payment():
    assert offered("700", "1000", "-300", "500") == [("net_of_credit_note", "1", "2")]


def test_the_credit_note_of_exactly_that_amount_for_a_payout():
    assert offered("-300", "300", "-300", "-200") == [("payout", "2")]


def test_the_oldest_invoice_that_can_take_what_was_paid_too_much():
    assert offered("100", "50", "400", "900", is_part=True) == [("oldest_open", "2")]


def test_nothing_where_nothing_fits():
    assert offered("100", "50", "400", "-10") == []
    assert offered("100", "0", "-100") == []
    assert offered("100", is_part=True) == []
