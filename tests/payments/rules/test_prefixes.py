"""Prefixes of invoice numbers: what can be learnt, and what is read by it afterwards."""

from typing import Any

import pytest

from payments.rules.matching import Left, OpenInvoices, Rule
from payments.rules.prefixes import Prefix, Side, is_prefix, numbers_behind, prefix_of
from tests.payments.rules.test_matching import invoice, parts, payment

F = Prefix("F-")
NR = Prefix("nr.")
OWN = Prefix("F-", Side.INVOICE)


class TestPrefixOf:
    @pytest.mark.parametrize(
        ("reference", "text", "number", "expected"),
        [
            ("F-20018", "", "20018", "F-"),
            ("nr. 20308", "", "20308", "nr."),
            ("", "Faktura nr. 20308, takk", "20308", "nr."),
            ("", "Betaling (F-20018)", "20018", "F-"),
            ("", "Faktura:20308", "20308", "Faktura:"),
            ("F-0020018", "", "20018", "F-"),
            ("", "#20308.", "20308", "#"),
            ("", "Fnr 20308 og 20309", "20308", "Fnr"),
        ],
    )
    def test_is_what_stands_before_the_number(self, reference, text, number, expected):
        assert prefix_of(number, reference=reference, text=text) == Prefix(expected)

    @pytest.mark.parametrize(
        ("reference", "text"),
        [
            ("20018", "F-20018"),  # it was named already
            ("", "20018"),
            ("", "F-200181"),  # a longer number
            ("", "F-20018/7"),
            ("", "kr 20018"),  # an amount
            ("", "NOK 20018"),
            ("", "F-20018.50"),
            ("", "K2-20018"),  # figures in it: another number
            ("", "- 20018"),
            ("", f"{'x' * 21}20018"),
            ("", "F\x0020018"),
            ("", ""),
        ],
    )
    def test_is_none_where_nothing_certain_stands_before_it(self, reference, text):
        assert prefix_of("20018", reference=reference, text=text) is None

    def test_is_the_invoices_own_where_the_payment_leaves_it_out(self):
        assert prefix_of("F-20018", reference="20018", text="") == OWN

    def test_is_none_of_an_invoice_without_a_number(self):
        assert prefix_of("", reference="F-", text="") is None


class TestIsPrefix:
    @pytest.mark.parametrize("text", ["", " ", "a b", "F1", "kr.", "€", "--", "x" * 21, "\x00"])
    def test_refuses_what_would_name_anything(self, text):
        assert not is_prefix(text)


class TestNumbersBehind:
    @pytest.mark.parametrize(
        ("reference", "text", "expected"),
        [
            ("F-20018", "", ["20018"]),
            ("f-20018, F-20019", "", ["20018", "20019"]),
            ("nr. 20308", "", ["20308"]),
            ("F-20018 20019", "", ["20018", "20019"]),
            ("F-20018 x", "", ["20018", "x"]),
            ("", "Faktura nr. 20308 av 1.2.2026", ["20308"]),
            ("", "nr.20308 og nr. 20309", ["20308", "20309"]),
            ("20018", "nr. 20308", ["20018"]),  # the source's own number comes first
            ("", "20308", []),
            ("", "nr. 20308.50", []),
            ("", "nr. 20308/1", []),
            ("", "kvnr. 20308", []),
        ],
    )
    def test_reads_what_stands_behind_a_learnt_prefix(self, reference, text, expected):
        found = numbers_behind([F, NR], reference=reference, text=text)

        assert [readings[0] for readings in found] == expected

    def test_puts_the_invoices_own_prefix_before_a_number(self):
        assert numbers_behind([OWN], reference="0020018", text="") == (("0020018", "F-20018"),)

    def test_reads_no_bare_number_out_of_a_text(self):
        assert numbers_behind([OWN], reference="", text="20018") == ()

    def test_reads_nothing_before_anything_is_learnt(self):
        assert numbers_behind([], reference="F-20018", text="nr. 20308") == ()

    def test_takes_no_time_for_a_hostile_text(self):
        assert numbers_behind([F], reference="", text="F-" + "1-a" * 60 + "_.5") == ()


class TestAPaymentWithALearntPrefix:
    def match(self, amount: str, *invoices: Any, **more: Any) -> Any:
        prefixes = more.pop("prefixes", [F, NR, OWN])
        reference, text = more.get("invoice_number", ""), more.pop("text", "")
        behind = numbers_behind(prefixes, reference=reference, text=text)
        return OpenInvoices(invoices).match(payment(amount, behind=behind, **more))

    def test_settles_the_invoice_that_it_names(self):
        matched = self.match("1000.00", invoice("20018", "1000.00"), invoice_number="F-20018")

        assert parts(matched) == [(20018, "1000.00", "settled")]
        assert matched.rule is Rule.PREFIX

    def test_settles_several_in_their_order(self):
        matched = self.match(
            "1500.00", invoice("1", "1000.00"), invoice("2", "700.00"), text="nr. 1 og nr. 2"
        )

        assert parts(matched) == [(1, "1000.00", "settled"), (2, "500.00", "part")]

    def test_is_left_where_the_customer_is_another(self):
        matched = self.match("5", invoice("1", "5", customer="10002"), invoice_number="F-1")

        assert (matched.parts, matched.left) == ((), Left.OTHER_CUSTOMER)

    def test_is_left_where_nothing_is_open(self):
        assert self.match("5", invoice("1", "0"), text="nr. 1").left is Left.NOTHING_OPEN

    def test_is_left_where_one_number_is_unknown(self):
        matched = self.match("5", invoice("1", "5"), text="nr. 1, nr. 2")

        assert (matched.parts, matched.left) == ((), Left.NOT_FOUND)

    def test_is_left_where_two_invoices_answer(self):
        own = invoice("1", "5")._replace(id=2, number="F-1")

        matched = self.match("5", invoice("1", "5"), own, text="nr. 1")

        assert (matched.parts, matched.left) == ((), Left.SEVERAL)

    def test_keeps_the_exact_number_before_all_prefixes(self):
        own = invoice("1", "5")._replace(id=2, number="F-1")

        matched = self.match("5", invoice("1", "5"), own, invoice_number="1")

        assert parts(matched) == [(1, "5", "settled")]
        assert matched.rule is Rule.INVOICE_NUMBER

    def test_finds_the_invoice_whose_own_prefix_it_leaves_out(self):
        own = invoice("1", "5")._replace(number="F-1")

        assert parts(self.match("5", own, invoice_number="1")) == [(1, "5", "settled")]

    def test_is_left_before_anything_is_learnt(self):
        matched = self.match("5", invoice("1", "5"), invoice_number="F-1", prefixes=[])

        assert matched.left is Left.NOT_FOUND

    def test_may_have_a_wrong_kid_beside_the_number(self):
        matched = self.match("5", invoice("1", "5"), kid="123", text="nr. 1")

        assert matched.rule is Rule.PREFIX
