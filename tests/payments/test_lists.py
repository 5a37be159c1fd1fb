"""A condition with any number of values in one parameter, the same on both databases."""

import pytest

from payments.models import Invoice, Settlement
from tests.payments.rows import client_of, invoice

pytestmark = pytest.mark.django_db

ODD = ['a "quoted"', "with, comma", "back\\slash", "{brace}", "NULL", "æøå €", "it's", ""]


class TestAmong:
    def test_finds_texts_with_any_characters_in_them(self):
        client = client_of()
        for number in ODD[:-1]:
            invoice(client, number)
        invoice(client, "another")

        found = Invoice.objects.filter(client=client, number__among=set(ODD))

        assert {one.number for one in found} == set(ODD) - {""}

    def test_finds_numbers_and_takes_more_of_them_than_a_statement_has_parameters(self):
        one = invoice(client_of())

        found = Invoice.objects.filter(pk__among={one.pk, *range(10**9, 10**9 + 40_000)})

        assert list(found) == [one]

    def test_finds_nothing_among_nothing(self):
        invoice(client_of())

        assert not Invoice.objects.filter(number__among=set()).exists()
        assert not Settlement.objects.filter(invoice_id__among=set()).exists()
