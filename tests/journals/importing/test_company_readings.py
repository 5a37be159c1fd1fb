"""Two readings are a question, asked once per company and source, and never a guess."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from audit.models import AuditEntry
from journals.models import Journal, journal_of
from journals.operations import importing
from journals.queries.readings import reading_page
from organisations.models import Organisation
from sources.models import CompanyReading, FilePiece, ImportedFile
from sources.operations import deciding, files, readings, storing
from sources.readers.settings import SourceSettings
from tests import factories
from tests.journals.importing.builders import (
    NOW,
    codes,
    company,
    csv,
    imported,
    read,
    receive,
    sie,
)

pytestmark = pytest.mark.django_db
State = ImportedFile.State


@pytest.fixture
def organisation() -> Organisation:
    """Return an office."""
    return factories.organisation()


def table(*rows: tuple[str, str, str], headings: str = "Account;Date;Amount") -> bytes:
    """Return a table of accounts, dates and signed amounts."""
    return "\n".join([headings, *(";".join(row) for row in rows), ""]).encode()


DAY_FIRST = table(("7210", "25/03/2026", "1000,00"), ("2710", "25/03/2026", "-1000,00"))
EITHER_DAY = table(("7210", "03/04/2026", "900,00"), ("2710", "03/04/2026", "-900,00"))
MONTH_FIRST = table(("7210", "03/25/2026", "900,00"), ("2710", "03/25/2026", "-900,00"))
THOUSANDS = table(("7210", "2026-03-25", "1,200"), ("2710", "2026-03-25", "-1,200"))


def brought(of: Any, content: bytes, run: str = "1", name: str = "pay.csv") -> ImportedFile:
    """Let a file of a company come in and be read."""
    return imported(of.organisation, content, name=name, company=of, run=run)


def answer(file: ImportedFile, **rules: str) -> ImportedFile:
    """Confirm what is shown, with answers to what is open, and let the file be read."""
    shown = SourceSettings.from_json(file.head["suggestion"]["settings"])
    deciding.confirm_columns(
        file=file, settings=replace(shown, **rules), name="Payroll", by=None, now=NOW
    )
    return read(file)


def open_rules(file: ImportedFile) -> set[str]:
    """Return the rules that the page of a file asks for."""
    return {found["rule"] for found in file.head["suggestion"]["findings"] if found["open"]}


def booked() -> dict[tuple[str, str, str], str]:
    """Return run, period and account of what is booked, with the amounts."""
    return {
        (journal.run, line.period, line.account): str(line.amount)
        for journal in Journal.objects.select_related("content")
        for line in storing.lines_of(journal.content)
    }


class TestAQuestion:
    def test_is_asked_for_what_the_file_leaves_open(self, organisation):
        file = brought(company(organisation), THOUSANDS)

        assert file.state == State.NEEDS_COLUMNS
        assert open_rules(file) == {"decimal_mark", "sign_rule"}

    def test_has_no_answer_that_could_be_taken_unseen(self, organisation):
        file = brought(company(organisation), THOUSANDS)

        with pytest.raises(files.ImportRefused):
            answer(file)

    def test_holds_every_row_of_a_long_file(self, organisation):
        rows = [("7210", "03/04/2026", "1,00")] * 400
        last = [("2710", "25/04/2026", "-400,00")]
        file = brought(company(organisation), table(*rows, *last))

        finding = next(
            found for found in file.head["suggestion"]["findings"] if found["rule"] == "date_format"
        )
        assert (finding["open"], finding["fits"], finding["line"]) == (False, ["dmy"], 402)

    @pytest.mark.parametrize(("mark", "amount"), [(".", "1200.00"), (",", "1.20")])
    def test_is_answered_with_what_the_person_chose(self, organisation, mark, amount):
        file = brought(company(organisation), THOUSANDS)

        answer(file, decimal_mark=mark, sign_rule="signed")

        assert file.state == State.IMPORTED
        assert booked()["1", "2026-03", "7210"] == amount

    def test_shows_errors_that_no_answer_mends_at_once(self, organisation):
        content = table(("7210", "2026-03-25", "1,200"), ("", "2026-03-25", "-1,200"))

        file = brought(company(organisation), content)

        assert file.state == State.NEEDS_COLUMNS
        assert "account_missing" in codes(file)


class TestAFileThatCannotBeRead:
    def test_is_refused_before_anything_is_asked(self, organisation, settings):
        settings.HUB_MAX_ROWS = 1

        file = brought(company(organisation), THOUSANDS)

        assert (file.state, codes(file)) == (State.REFUSED, ["too_many_rows"])
        assert FilePiece.objects.count() == 0


class TestAnAnswer:
    def test_is_remembered_for_the_company_and_the_source_with_who_and_when(self, organisation):
        person = factories.member(organisation).user
        file = brought(company(organisation), EITHER_DAY)
        shown = SourceSettings.from_json(file.head["suggestion"]["settings"])
        how = replace(shown, date_format="dmy", sign_rule="signed")
        deciding.confirm_columns(file=file, settings=how, name="P", by=person, now=NOW)
        read(file)

        kept = CompanyReading.objects.get()
        assert (kept.company, kept.source, kept.confirmed_by) == (file.company, file.source, person)
        assert kept.confirmed_at == NOW
        assert set(kept.chosen) == {"date_format", "sign_rule", "decimal_mark"}
        entry = AuditEntry.objects.get(action="journal.reading_chosen")
        assert entry.details["date_format"] == "dmy"

    def test_is_not_asked_for_again(self, organisation):
        of = company(organisation)
        answer(brought(of, EITHER_DAY), date_format="dmy", sign_rule="signed")

        second = brought(of, table(("7210", "04/05/2026", "5,00"), ("2710", "04/05/2026", "-5,00")))

        assert second.state == State.IMPORTED
        assert ("1", "2026-05", "7210") in booked()

    def test_is_contradicted_by_a_later_file_with_line_and_value(self, organisation):
        of = company(organisation)
        answer(brought(of, EITHER_DAY), date_format="dmy", sign_rule="signed")

        second = brought(of, MONTH_FIRST, run="2")

        assert second.state == State.REFUSED
        found = files.errors_of(second)[0]
        assert (found.code, found.line, found.value) == ("date_contradicts", 2, "03/25/2026")
        assert FilePiece.objects.count() == 0

    def test_of_the_decimal_mark_is_contradicted_too(self, organisation):
        of = company(organisation)
        answer(brought(of, THOUSANDS), decimal_mark=",", sign_rule="signed")
        other = table(("7210", "2026-03-25", "1,234.50"), ("2710", "2026-03-25", "-1,234.50"))

        second = brought(of, other, run="2")

        assert (second.state, codes(second)[0]) == (State.REFUSED, "mark_contradicts")

    def test_that_the_file_itself_contradicts_is_asked_for_again(self, organisation):
        file = brought(company(organisation), DAY_FIRST)

        answer(file, date_format="mdy", sign_rule="signed")

        assert file.state == State.NEEDS_COLUMNS
        assert "date_contradicts" in codes(file)
        assert not CompanyReading.objects.exists()

    def test_can_be_forgotten_and_is_asked_for_again(self, organisation):
        of = company(organisation)
        answer(brought(of, EITHER_DAY), date_format="dmy", sign_rule="signed")

        readings.forget(CompanyReading.objects.get(), by=None)
        second = brought(of, EITHER_DAY, run="2")

        assert second.state == State.NEEDS_COLUMNS
        assert open_rules(second) == {"date_format", "sign_rule"}


class TestAnotherCompany:
    @pytest.fixture
    def learnt(self, organisation) -> Organisation:
        """Let the office know the lay-out from one company: day first, debit above zero."""
        answer(brought(company(organisation), DAY_FIRST), sign_rule="signed")
        return organisation

    @pytest.mark.parametrize(
        ("content", "rules"),
        [
            (EITHER_DAY, {"date_format", "sign_rule"}),
            (
                table(("7210", "25/03/2026", "-700,00"), ("2710", "25/03/2026", "700,00")),
                {"sign_rule"},
            ),
        ],
        ids=["dates of two orders", "credit above zero"],
    )
    def test_is_asked_although_the_first_one_was(self, learnt, content, rules):
        other = factories.company(learnt)

        file = brought(other, content)

        assert file.state == State.NEEDS_COLUMNS
        assert open_rules(file) == rules
        assert Journal.objects.count() == 1

    def test_keeps_its_own_answer_beside_the_first_ones(self, learnt):
        other = factories.company(learnt)
        answer(brought(other, EITHER_DAY), date_format="mdy", sign_rule="signed_credit_positive")

        again = brought(
            other, table(("7210", "05/04/2026", "-7,00"), ("2710", "05/04/2026", "7,00"))
        )

        assert again.state == State.IMPORTED
        assert booked()["1", "2026-05", "7210"] == "7.00"
        assert CompanyReading.objects.count() == 2

    def test_is_not_asked_where_its_file_says_everything_itself(self, organisation):
        first = company(organisation)
        answer(brought(first, csv(), name="a.csv"))
        other = factories.company(organisation, organisation_number="2222222222")

        file = brought(other, csv(company="222222-2222"), name="b.csv")

        assert file.state == State.IMPORTED

    def test_is_asked_about_columns_that_only_a_person_could_know(self, organisation):
        headings = "company;run;period;date;account;debit;credit;what"
        first = brought(company(organisation), csv(headings=headings), name="a.csv")
        shown = SourceSettings.from_json(first.head["suggestion"]["settings"])
        columns = dict(shown.columns) | {"text": "what"}
        answer(first, columns=columns)
        other = factories.company(organisation, organisation_number="2222222222")

        file = brought(other, csv(company="222222-2222", headings=headings), name="b.csv")

        assert (first.state, file.state) == (State.IMPORTED, State.NEEDS_COLUMNS)
        assert file.head["suggestion"]["settings"]["columns"]["text"] == "what"
        assert file.head["suggestion"]["confidence"]["text"] == "likely"


class TestARowWithDebitAndCredit:
    HEADINGS = "Konto;Datum;Debet;Kredit"

    def both(self, of: Any, amount: int, run: str) -> ImportedFile:
        rows = (
            f"7010;2026-03-25;{amount},00;40,00",
            f"2731;2026-03-25;;{amount - 40},00",
        )
        return brought(of, "\n".join((self.HEADINGS, *rows, "")).encode(), run=run)

    def test_is_asked_about_once_for_a_company_and_source(self, organisation):
        of = company(organisation)
        first = answer(self.both(of, 100, "1"))
        asked = first.state
        deciding.confirm(file=first, by=None, now=NOW)
        first.refresh_from_db()

        second = self.both(of, 200, "2")

        assert (asked, first.state, second.state) == (
            State.NEEDS_CONFIRMATION,
            State.IMPORTED,
            State.IMPORTED,
        )
        content = journal_of(second).content
        assert {str(line.amount) for line in content.lines.all()} == {"160.00", "-160.00"}
        rules = reading_page(of).sources[0].rules
        assert rules[-1] == ("Debit and credit in one row", "their difference")

    def test_is_asked_about_again_for_another_company(self, organisation):
        of = company(organisation)
        deciding.confirm(file=answer(self.both(of, 100, "1")), by=None, now=NOW)
        other = factories.company(organisation, organisation_number="2222222222")

        assert self.both(other, 200, "1").state == State.NEEDS_CONFIRMATION

    def test_is_asked_about_beside_anything_else_to_confirm(self, organisation):
        of = company(organisation)
        deciding.confirm(file=answer(self.both(of, 100, "1")), by=None, now=NOW)
        more = "2890;2026-03-25;5,00;\nSumma;;7,00;"
        rows = ["7010;2026-03-25;100,00;40,00", "2731;2026-03-25;;65,00", more, ""]

        file = brought(of, "\n".join((self.HEADINGS, *rows)).encode(), run="2")

        assert file.state == State.NEEDS_CONFIRMATION


class TestACompanyThatIsNotKnownYet:
    def test_is_chosen_before_a_known_source_is_read(self, organisation):
        of = company(organisation)
        answer(brought(of, EITHER_DAY), date_format="dmy", sign_rule="signed")
        content = table(("7210", "04/05/2026", "5,00"), ("2710", "04/05/2026", "-5,00"))
        file = imported(organisation, content, name="b.csv", run="2")
        waits = file.state, FilePiece.objects.filter(file=file).count()

        deciding.choose_company(file=file, company=of, by=None, now=NOW)
        read(file)

        assert waits == (State.NEEDS_COMPANY, 1)
        assert file.state == State.IMPORTED
        assert ("2", "2026-05", "7210") in booked()
        assert FilePiece.objects.count() == 0

    def test_is_chosen_after_the_first_file_of_a_lay_out_was_answered(self, organisation):
        of = company(organisation)
        file = imported(organisation, EITHER_DAY, name="a.csv", run="1")
        answer(file, date_format="dmy", sign_rule="signed")
        waits = file.state

        deciding.choose_company(file=file, company=of, by=None, now=NOW)

        file.refresh_from_db()
        assert (waits, file.state) == (State.NEEDS_COMPANY, State.IMPORTED)
        assert CompanyReading.objects.get().company == of
        assert FilePiece.objects.count() == 0


def with_project(number: str = "555555-5555") -> bytes:
    """Return a SIE file whose rows name a project (dimension 6)."""
    rows = (("7010", "1000.00"), ("2821", "-1000.00"))
    return sie(rows, number=number).replace(b"7010 {}", b'7010 {1 "100" 6 "P7"}')


def dimensions() -> tuple[str, str]:
    """Return cost centre and cost unit of what is booked on 7010."""
    lines = storing.lines_of(Journal.objects.get().content)
    line = next(line for line in lines if line.account == "7010")
    return line.cost_centre, line.cost_unit


def choose(of: Any, cost_centre: str = "1", cost_unit: str = "6", **more: Any) -> CompanyReading:
    """Choose the dimensions of a company."""
    chosen = {"by": None, "now": NOW + timedelta(days=1)} | more
    return readings.choose_dimensions(
        company=of, cost_centre=cost_centre, cost_unit=cost_unit, **chosen
    )


class TestDimensionsOfSie:
    def test_of_a_project_is_booked_where_the_company_says_so(self, organisation):
        choose(company(organisation))

        imported(organisation, with_project())

        assert dimensions() == ("100", "P7")

    def test_of_another_company_are_its_own(self, organisation):
        company(organisation)
        choose(factories.company(organisation, organisation_number="2222222222"))

        file = imported(organisation, with_project())

        assert dimensions() == ("100", "")
        assert "dimension_left_out" in {found.code for found in files.problems_of(file)}

    def test_changed_after_a_file_was_read_let_the_same_bytes_be_read_again(self, organisation):
        of = company(organisation)
        imported(organisation, with_project())
        choose(of)

        again = imported(organisation, with_project())
        state = again.state
        importing.decide(file=again, take=True, by=None, now=NOW)

        assert state == State.CHANGED
        assert dimensions() == ("100", "P7")

    def test_hold_for_a_company_that_is_chosen_later(self, organisation):
        of = company(organisation)
        choose(of)
        file = imported(organisation, with_project(number=""))
        waits = file.state

        deciding.choose_company(file=file, company=of, by=None, now=NOW)
        read(file)

        assert waits == State.NEEDS_COMPANY
        assert dimensions() == ("100", "P7")
        assert FilePiece.objects.count() == 0

    @pytest.mark.parametrize(
        ("cost_centre", "cost_unit"),
        [("7", ""), ("", "7"), ("1", "1"), ("x", ""), ("0", ""), ("1", "1234"), ("²", "")],
    )
    def test_that_are_impossible_or_name_people_are_refused(
        self, organisation, cost_centre, cost_unit
    ):
        with pytest.raises(readings.ChoiceRefused):
            choose(company(organisation), cost_centre, cost_unit)

    def test_can_be_none(self, organisation):
        choose(company(organisation), "", "")

        imported(organisation, with_project())

        assert dimensions() == ("", "")


class TestTheNameOfNewSources:
    def test_does_not_collide_with_another(self, organisation):
        answer(brought(company(organisation), csv(), name="a.csv"))

        assert readings.free_name(organisation, "Payroll") == "Payroll 2"
        assert readings.free_name(organisation, "Other") == "Other"

    def test_fits_in_the_field_however_long_the_file_is_called(self, organisation):
        assert len(readings.free_name(organisation, "x" * 300)) <= 80
        assert readings.free_name(organisation, "  ") != ""

    def test_is_not_the_name_of_another_offices_source(self, organisation):
        elsewhere = factories.organisation()
        answer(imported(elsewhere, csv(), name="a.csv"))

        assert readings.free_name(organisation, "Payroll") == "Payroll"


class TestTwoWaitingFiles:
    def test_are_both_read_when_the_first_is_answered(self, organisation):
        of = company(organisation)
        one, other = (
            brought(of, EITHER_DAY),
            receive(organisation, EITHER_DAY, name="c.csv", run="2", company=of),
        )
        answer(one, date_format="dmy", sign_rule="signed")

        read(other)

        assert (one.state, other.state) == (State.IMPORTED, State.IMPORTED)
