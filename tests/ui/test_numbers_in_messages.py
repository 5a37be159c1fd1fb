"""Sums of the hub's own read as their reader writes numbers; what is quoted stays as it is."""

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from connectors.words import texts_of
from journals.queries.imports import problem_row
from journals.queries.wording import problem_row_of
from journals.rules.preflight_problems import looks_booked
from journals.rules.refusals import PeriodUnbalanced
from organisations.models import User
from payments.rules.refusals import OtherAmount
from sources.readers.problems import problem
from tests import factories
from tests.journals.importing.builders import company, imported, sie
from ui.failures import failure_row, words

NBSP = "\N{NO-BREAK SPACE}"


def swedish(text: str) -> str:
    return text.replace("\N{NARROW NO-BREAK SPACE}", NBSP)


class TestWords:
    @pytest.mark.parametrize(
        ("language", "written"),
        [("en", "1,234.50"), ("sv", f"1{NBSP}234,50"), ("nb", f"1{NBSP}234,50")],
    )
    def test_write_a_sum_as_the_reader_does(self, language, written):
        params = texts_of({"value": Decimal("1234.50")})

        with translation.override(language):
            assert swedish(words("{value}", params)) == written

    def test_leave_what_is_quoted(self):
        with translation.override("sv"):
            assert words("{value}", texts_of({"value": "1234.50"})) == "1234.50"

    def test_write_each_of_several(self):
        with translation.override("sv"):
            said = words("{off}", {"off": "-0.50, 2.00"}, sums=["off"])

        assert said == "\N{MINUS SIGN}0,50 · 2,00"

    def test_leave_a_sum_that_is_none(self):
        assert words("{off}", {"off": "…"}, sums=["off"]) == "…"


class TestMessages:
    def test_of_a_file_that_does_not_balance(self):
        found = problem("period_unbalanced", value=Decimal("1234.50"), period="2026-03")

        with translation.override("sv"):
            row = problem_row(found)

        assert f"1{NBSP}234,50" in swedish(row.summary)
        assert row.place == ""  # the sum is nothing that stands in the file

    def test_name_a_column_that_is_missing_in_the_language_of_the_reader(self):
        found = problem("missing_column", line=1, column="account", headings="x")

        with translation.override("sv"):
            assert problem_row(found).summary.startswith("Kolumnen för konto saknas.")

    def test_of_a_cell_quote_it(self):
        found = problem("amount_unreadable", line=4, column="Belopp", value="1.234.5")

        with translation.override("sv"):
            row = problem_row(found)

        assert "1.234.5 " in row.summary
        assert "“1.234.5”" in row.place

    def test_of_the_check_against_the_ledger(self):
        found = looks_booked(number="000417", day="2026-03-25", total=Decimal("1234.50"))

        with translation.override("sv"):
            assert f"1{NBSP}234,50" in swedish(problem_row_of(found).summary)

    def test_of_a_refusal(self):
        off = PeriodUnbalanced(periods="2026-02", differences="12.50")
        other = OtherAmount(theirs="100.00", ours="90.50")

        with translation.override("sv"):
            said = [failure_row(code=one.code(), params=one.params) for one in (off, other)]

        assert "12,50" in said[0].summary
        assert "90,50" in said[1].summary


@pytest.mark.django_db
def test_the_page_of_a_file_reads_in_the_language_of_its_reader() -> None:
    member = factories.member()
    company(member.organisation)
    User.objects.update(language="sv")
    client = Client()
    client.force_login(member.user)
    file = imported(member.organisation, sie([("7010", "2234.50"), ("2821", "-1000.00")]))

    html = client.get(f"/journals/import/{file.pk}/").content.decode()

    assert f"1{NBSP}234,50" in swedish(html)
    assert "1234.50" not in html
