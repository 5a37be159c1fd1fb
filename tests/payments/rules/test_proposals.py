"""What is offered for a payment that waits, in numbers that an accountant can check."""

from decimal import Decimal

from payments.rules import proposals
from payments.rules.proposals import OpenInvoice, propose


def offered(rest: str, *opens: str, **more: bool) -> list[tuple[str, ...]]:
    invoices = [
        OpenInvoice(n, str(n), Decimal(amount), is_credit_note=amount.startswith("-"))
        for n, amount in enumerate(opens, start=1)
    ]
    return [
        (one.why.value, *(bill.number for bill in (*one.invoices, one.credit_note) if bill))
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


class TestSeveralInvoicesTogether:
    def test_are_offered_where_they_are_exactly_the_amount(self):
        assert offered("4000", "700", "1500", "2500", "900") == [("same_sum", "2", "3")]

    def test_are_two_choices_where_two_sets_fit(self):
        assert offered("4000", "1500", "2500", "3000", "1000") == [
            ("same_sum", "1", "2"),
            ("same_sum", "3", "4"),
        ]

    def test_are_a_choice_beside_the_one_invoice_of_that_amount(self):
        assert offered("4000", "1500", "2500", "4000") == [
            ("same_amount", "3"),
            ("same_sum", "1", "2"),
        ]

    def test_of_equal_amounts_are_each_a_choice(self):
        assert offered("3000", "1000", "1000", "2000") == [
            ("same_sum", "1", "3"),
            ("same_sum", "2", "3"),
        ]

    def test_are_found_up_to_five_of_them(self):
        assert offered("31", "1", "2", "4", "8", "16", "100") == [
            ("same_sum", "1", "2", "3", "4", "5")
        ]

    def test_are_found_however_many_they_are_if_it_is_all_that_is_open(self):
        amounts = [f"{1 + place}.13" for place in range(400)]
        together = str(sum(map(Decimal, amounts)))

        assert [len(one) - 1 for one in offered(together, *amounts)] == [400]

    def test_are_looked_for_so_often_and_no_more(self, monkeypatch):
        monkeypatch.setattr(proposals, "_LOOKED_AT", 2)

        assert offered("7", "3", "4") == [("same_sum", "1", "2")]
        assert offered("7", "2", "2", "2", "3", "4") == []

    def test_are_none_with_a_credit_note_among_them(self):
        assert offered("400", "500", "-100", "300") == [("net_of_credit_note", "1", "2")]
