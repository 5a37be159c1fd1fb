"""
Files that were once read wrongly, each beside what is right, through `import_journal`.

The files are not part of the project: where they are absent the test is skipped and says so.
Each of their kinds also has a test of its own that builds the file itself.

A row of `RIGHT` is a file, the options of the command, and what must come of it: `booked` with
every amount by period and account, `refused` with the codes of the problems that must be among
those found, or `asked` with the rules that a person must choose first.
"""

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from journals.models import Journal
from organisations.models import Organisation
from sources.operations import storing
from tests import factories

pytestmark = pytest.mark.django_db

FAULTS = Path(__file__).resolve().parents[3] / "shared" / "samples" / "faults"

needs_faults = pytest.mark.skipif(
    not FAULTS.is_dir(), reason="the samples of faults are not beside this checkout"
)


@dataclass(frozen=True)
class Right:
    """What must come of a file."""

    state: str
    amounts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()


def booked(amounts: Mapping[tuple[str, str], str]) -> Right:
    """The file becomes a journal of exactly these amounts by period and account."""
    return Right("imported", amounts=amounts)


def refused(*codes: str) -> Right:
    """The file is refused, and these problems are among those named."""
    return Right("refused", codes=frozenset(codes))


def pair(debit: str, credit: str, amount: str) -> dict[tuple[str, str], str]:
    """Return one amount on two accounts, in the period of the samples."""
    return {("2026-03", debit): amount, ("2026-03", credit): f"-{amount}"}


def asked(*rules: str) -> Right:
    """Nothing is booked before a person chose these rules."""
    return Right("needs_columns", rules=frozenset(rules))


ACCEPT = ("--accept-columns",)
SIGNED = (*ACCEPT, "--sign-rule", "debit-positive")
MARCH, APRIL = "2026-03", "2026-04"

RIGHT: list[tuple[str, tuple[str, ...], Right]] = [
    ("03-year-first-two-figures.csv", SIGNED, asked("date_format")),
    (
        "03-year-first-two-figures.csv",
        (*SIGNED, "--date-order", "year-first"),
        booked({(MARCH, "7210"): "1000.00", (MARCH, "2710"): "-1000.00"}),
    ),
    ("04-thousands-comma-round.csv", SIGNED, asked("decimal_mark")),
    (
        "04-thousands-comma-round.csv",
        (*SIGNED, "--decimal-mark", "point"),
        booked(
            {(MARCH, "7210"): "1200.00", (MARCH, "7510"): "2300.00", (MARCH, "2710"): "-3500.00"}
        ),
    ),
    ("08a-first-company-day-first.csv", ACCEPT, asked("sign_rule")),
    (
        "08a-first-company-day-first.csv",
        SIGNED,
        booked({(MARCH, "7210"): "1000.00", (MARCH, "2710"): "-1000.00"}),
    ),
    ("10-period-number-october.xlsx", ACCEPT, refused("period_is_number")),
    (
        "14-sie-project-dimension-6.si",
        (),
        booked({(MARCH, "7210"): "100.00", (MARCH, "1930"): "-100.00"}),
    ),
    (
        "34-dates-ddmmyyyy-on-the-20th.csv",
        SIGNED,
        booked({(MARCH, "7210"): "100.00", (MARCH, "2710"): "-100.00"}),
    ),
    ("01-comma-csv-decimal-comma.csv", ACCEPT, refused("row_too_wide")),
    ("05-sie-three-decimals.si", (), refused("amount_ambiguous")),
    ("06-sie-comma-both-ways.si", (), refused("amount_ambiguous")),
    ("07-gbat10-dot-thousands.txt", (), refused("amount_ambiguous")),
    ("15-ksumma-utf8.si", (), booked(pair("7210", "1930", "100.00"))),
    ("16-quote-in-account-name.si", (), booked(pair("7210", "1930", "100.00"))),
    ("17-gbat10-tripletex-shape.txt", (), booked(pair("5000", "2600", "1000.00"))),
    ("18-gbat10-decimal-comma.txt", (), booked(pair("5000", "2600", "1000.50"))),
    ("19-gbat10-cp865.txt", (), booked(pair("5000", "2600", "1000.00"))),
    ("20-sie-thousands-space.si", (), refused("amount_has_blank")),
    ("21-credit-column-negative.csv", ACCEPT, asked("sign_rule")),
    (
        "21-credit-column-negative.csv",
        (*ACCEPT, "--sign-rule", "credit-column-negative"),
        booked(pair("7210", "2710", "100.00")),
    ),
    (
        "21-credit-column-negative.csv",
        (*ACCEPT, "--sign-rule", "debit-and-credit-columns"),
        refused("credits_negative"),
    ),
    ("22-utf16-control-character.csv", ACCEPT, refused("not_text")),
    ("23-sie-16-figures.si", (), refused("amount_too_large")),
    ("24-sie-14-figures.si", (), refused("amount_too_large")),
    ("26-people-under-medarbetare.xlsx", SIGNED, booked(pair("7210", "2710", "100.00"))),
    ("25-subtotals-with-account.csv", ACCEPT, refused("subtotal_row")),
    ("33-sie-utf16.si", (), booked(pair("7210", "1930", "100.00"))),
    ("02-formula-never-calculated-beside-zero.xlsx", ACCEPT, refused("formula_not_calculated")),
    ("11-date-cell-1900.xlsx", ACCEPT, refused("date_out_of_range")),
    ("12-cost-centre-formula.xlsx", SIGNED, refused("formula_not_calculated")),
    ("13-two-sheets.xlsx", SIGNED, refused("sheet_not_read")),
    (
        "35-rows-after-10001-blank.xlsx",
        (*SIGNED, "--confirm"),
        booked({(MARCH, "7210"): "51.00", (MARCH, "2710"): "-51.00"}),
    ),
    ("36-damaged-number-cell.xlsx", ACCEPT, refused("workbook_unreadable")),
    ("37-one-byte-of-workbook-flipped.xlsx", ACCEPT, refused("workbook_unreadable")),
]


def imported(name: str, *options: str, company: str = "1") -> dict[str, Any]:
    """Import a sample by command, and return what the command says."""
    said = io.StringIO()
    with contextlib.suppress(SystemExit):  # of a file not imported; the answer says its state
        call_command(
            "import_journal",
            str(FAULTS / name),
            "--company",
            company,
            "--run",
            "1",
            "--json",
            *options,
            stdout=said,
        )
    answer: dict[str, Any] = json.loads(said.getvalue())
    return answer


def amounts_of(journal: Journal) -> dict[tuple[str, str], str]:
    """Return what would be booked, by period and account."""
    sums: dict[tuple[str, str], Decimal] = {}
    for line in storing.lines_of(journal.content):
        place = line.period, line.account
        sums[place] = sums.get(place, Decimal(0)) + line.amount
    return {place: str(amount) for place, amount in sums.items()}


@needs_faults
class TestFaultSamples:
    @pytest.fixture(autouse=True)
    def office(self) -> Organisation:
        """Make the fresh organisation of the samples, with its company."""
        office = factories.organisation()
        factories.company(office, number="1", organisation_number="5555555555")
        return office

    @pytest.mark.parametrize(
        ("name", "options", "right"), RIGHT, ids=[f"{row[0]}{' '.join(row[1])}" for row in RIGHT]
    )
    def test_are_read_rightly_or_refused_with_words(
        self, name: str, options: tuple[str, ...], right: Right
    ) -> None:
        answer = imported(name, *options)

        found = {one["code"] for one in answer["problems"]}
        assert right.codes <= found, answer
        assert right.rules <= {one["rule"] for one in answer.get("open", ())}, answer
        if right.state == "imported":
            assert amounts_of(Journal.objects.get()) == right.amounts
        else:
            assert not Journal.objects.exists()

    @pytest.mark.parametrize(
        ("name", "rules"),
        [
            ("08b-other-company-month-first.csv", {"date_format", "sign_rule"}),
            ("08c-other-company-credit-positive.csv", {"sign_rule"}),
        ],
    )
    def test_of_another_company_ask_what_the_first_one_chose(
        self, office: Organisation, name: str, rules: set[str]
    ) -> None:
        factories.company(office, number="2")
        imported("08a-first-company-day-first.csv", *SIGNED)

        answer = imported(name, "--accept-columns", company="2")

        assert {one["rule"] for one in answer["open"]} == rules
        assert Journal.objects.count() == 1

    def test_two_runs_of_one_pay_day_become_two_journals(self) -> None:
        imported("09a-ordinary-run.si")
        asked_about = imported("09b-extra-run-same-day.si")
        before = Journal.objects.count()
        answer = imported("09b-extra-run-same-day.si", "--as-new-run")

        first, second = Journal.objects.order_by("pk")
        assert (asked_about["state"], before, answer["state"]) == ("changed", 1, "imported")
        assert amounts_of(first)[APRIL, "7210"] == "31900.00"
        assert amounts_of(second)[APRIL, "7210"] == "5000.00"
        assert second.reference == "PAYROLL 2026-04/1-2"

    def test_project_is_booked_where_dimension_6_is_chosen(self, office: Organisation) -> None:
        before = imported("14-sie-project-dimension-6.si")

        imported("14-sie-project-dimension-6.si", "--cost-unit-dimension", "6", "--take")

        lines = storing.lines_of(Journal.objects.get().content)
        line = next(line for line in lines if line.account == "7210")
        assert "dimension_left_out" in {one["code"] for one in before["problems"]}
        assert (line.cost_centre, line.cost_unit) == ("100", "P7")
