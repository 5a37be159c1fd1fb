"""Amounts as people of each language type them; what can be read in two ways is asked about."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.urls import get_resolver
from django.utils import translation

from payments.fields import AmountField
from payments.forms import ClientForm, MatchForm
from tests.payments import rows

NBSP, NARROW = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"


def asked(text: str) -> str:
    with pytest.raises(ValidationError) as caught:
        AmountField().clean(text)
    return caught.value.messages[0].replace(NBSP, " ")


class TestAnAmount:
    @pytest.mark.parametrize("language", ["en", "sv", "nb", "fi", "da", "nl"])
    @pytest.mark.parametrize(
        "text",
        [
            "12500.50",
            "12500,50",
            "12500,5",
            "12 500,50",
            f"12{NBSP}500,50",
            f"12{NARROW}500,50",
            "12.500,50",
            "12,500.50",
            " 12 500.50 ",
        ],
    )
    def test_is_read_as_people_of_any_language_write_it(self, language, text):
        with translation.override(language):
            assert AmountField().clean(text) == Decimal("12500.50")

    @pytest.mark.parametrize("text", ["-300,00", "\N{MINUS SIGN}300.00", "300,00-"])
    def test_that_goes_out_is_below_zero(self, text):
        assert AmountField().clean(text) == Decimal("-300.00")

    def test_that_is_not_typed_is_none(self):
        assert AmountField(required=False).clean(" ") is None

    @pytest.mark.parametrize(
        ("language", "text", "whole", "part"),
        [
            ("en", "1,500", "1,500.00", "1.50"),
            ("en", "1.500", "1,500.00", "1.50"),
            ("sv", "1.500", "1 500,00", "1,50"),
            ("nb", "1,500", "1 500,00", "1,50"),
            ("nb", "1,234", "1 234,00", "1,234"),
        ],
    )
    def test_in_two_readings_is_asked_about_with_both(self, language, text, whole, part):
        with translation.override(language):
            words = asked(text)

        assert f" {whole} " in words
        assert f" {part}. " in words

    @pytest.mark.parametrize("text", ["1,50,0", "12 50", "1e3", "NOK 5", "1,2345", "٣", "--5", "."])
    def test_that_is_none_is_refused_with_what_was_typed(self, text):
        assert text in asked(text)

    def test_with_more_figures_than_are_stored_is_refused(self):
        assert "larger" in asked("9" * 14)

    @pytest.mark.parametrize(("language", "text"), [("en", "1234.50"), ("sv", "1234,50")])
    def test_that_stands_there_is_written_as_the_reader_types_it(self, language, text):
        with translation.override(language):
            assert AmountField().prepare_value(Decimal("1234.50")) == text


def forms_of_the_hub() -> Iterator[type[forms.BaseForm]]:
    """Yield every form that a page of the hub shows."""
    get_resolver().url_patterns  # noqa: B018 (it reads the modules of all pages)
    waiting: list[type[forms.BaseForm]] = [forms.BaseForm]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if hasattr(one, "base_fields"):
            yield one


class TestEveryFormOfTheHub:
    def test_reads_an_amount_so(self):
        usual = (forms.DecimalField, forms.FloatField)

        found = [
            f"{form.__module__}.{form.__name__}.{name}"
            for form in forms_of_the_hub()
            for name, field in form.base_fields.items()
            if isinstance(field, usual)
        ]

        assert found == []
        assert MatchForm in set(forms_of_the_hub())


@pytest.mark.django_db
class TestATolerance:
    @pytest.mark.parametrize(("text", "stored"), [("0,50", "0.50"), ("0.50", "0.50"), ("", "0.00")])
    def test_is_taken_with_either_mark(self, text, stored):
        client = rows.client_of()
        form = ClientForm(
            {"rounding_tolerance": text}, instance=client, organisation=client.organisation
        )

        assert "rounding_tolerance" not in form.errors
        assert form.cleaned_data["rounding_tolerance"] == Decimal(stored)

    @pytest.mark.parametrize("text", ["10.01", "-0,01"])
    def test_is_refused_out_of_its_bounds(self, text):
        client = rows.client_of()
        form = ClientForm(
            {"rounding_tolerance": text}, instance=client, organisation=client.organisation
        )

        assert "rounding_tolerance" in form.errors
