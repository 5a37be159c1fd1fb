"""Personal numbers are known by their shape; the numbers here belong to nobody."""

import pytest

from sources.readers.headings import is_about_people
from sources.readers.people import is_personal_number, without_personal_numbers
from sources.readers.problems import Problem, problem
from tests.sources.readers.files import codes, read_csv, read_sie, voucher
from tests.sources.readers.test_tables import simple

NORWEGIAN = "01019010046"


class TestPersonalNumbers:
    @pytest.mark.parametrize(
        "number",
        [
            "811218-9876",
            "811218+9876",
            "8112189876",
            "19811218-9876",
            "198112189876",
            "811278-9873",  # coordination number
            NORWEGIAN,
            "010190 10046",
            "41019010110",  # D number
            "131052-308T",
            "131052A308T",
            "070761-4285",
        ],
    )
    def test_are_known_by_date_and_check_figure(self, number):
        assert is_personal_number(number)
        assert without_personal_numbers(f"Lön {number} mars") == "Lön ••• mars"

    @pytest.mark.parametrize(
        "text",
        [
            "556677-8899",  # organisation number: no month 66
            "5555555555",
            "811218-9877",  # wrong check figure, Swedish; no Danish day 81
            "01019012345",
            "131052-308S",
            "20260325",
            "12345678901",
            "SE4550000000058398257466",
            "2026-03-25 7210",
            "Lönekörning 7, mars 2026",
            "",
        ],
    )
    def test_other_numbers_pass_untouched(self, text):
        assert without_personal_numbers(text) == text

    def test_a_dutch_number_needs_the_word_beside_it(self):
        assert without_personal_numbers("BSN: 111222333") == "BSN: •••"
        assert without_personal_numbers("111222333") == "111222333"

    def test_take_no_longer_than_the_text_is_long(self):
        text = "811218-987" * 20_000

        assert without_personal_numbers(text) == text


class TestHeadings:
    @pytest.mark.parametrize(
        "heading",
        [
            "Medarbetare", "Medarbetarens namn", "Anställd", "Anst.nr", "Anställningsnummer",
            "Ansatt", "Ansattnr", "Medarbeider", "Arbeidstaker", "Lønnsmottaker", "Löntagare",
            "Medarbejder", "Työntekijä", "Työntekijän nimi", "Henkilö", "HENKILÖTUNNUS", "Hetu",
            "Palkansaaja", "Medewerker", "Werknemer", "Personeelsnummer", "BSN", "Employee no",
            "Staff", "Person", "Person nr", "Personnr", "Personnummer", "Fødselsnummer",
            "fodselsnr", "CPR", "CPR-nr", "Namn", "Navn", "Förnamn", "Etternavn", "Sukunimi",
            "Achternaam", "First_Name", "Date of birth",
        ],
    )  # fmt: skip
    def test_name_people_in_every_language(self, heading):
        assert is_about_people(heading)

    @pytest.mark.parametrize(
        "heading",
        [
            "Konto", "Kontonamn", "Kontonavn", "Account name", "Företagsnamn", "Company name",
            "Tilin nimi", "Personalkostnader", "Kostnadsställe", "Avdeling", "Text", "Belopp",
            "Periode", "Component name", "Resultatenhet",
        ],
    )  # fmt: skip
    def test_of_other_columns_stay_open(self, heading):
        assert not is_about_people(heading)


class TestWhatIsRead:
    def test_a_voucher_text_loses_its_personal_number_and_says_so(self):
        reading = read_sie(
            voucher('#TRANS 7010 {} 5.00 "" "för 811218-9876"', "#TRANS 2821 {} -5.00")
        )

        assert codes(reading) == ["personal_number_left_out"]
        assert reading.lines[0].text == "Lön: för •••"
        assert "811218" not in repr(reading)

    def test_names_of_accounts_and_objects_lose_theirs(self):
        text = voucher("#TRANS 7010 {} 5.00", "#TRANS 2821 {} -5.00", text="Påse 811218-9876")
        text = (
            '#KONTO 7010 "Ök 811218-9876"\r\n#OBJEKT 1 "811218-9876" "x"\r\n'
            '#OBJEKT 1 "A" "Åke 131052-308T"\r\n' + text
        )

        reading = read_sie(text)

        assert "811218" not in repr(reading)
        assert "131052" not in repr(reading)
        assert "Ök •••" in reading.head.first_names

    def test_a_text_column_loses_its_personal_numbers(self):
        reading = simple(
            f"2026-03-25;7010;5;Lön {NORWEGIAN}",
            f"2026-03-25;2821;-5;Lön {NORWEGIAN}",
            columns=["date", "account", "amount", "text"],
            sign_rule="signed",
        )

        assert codes(reading) == ["personal_number_left_out"]
        assert {line.text for line in reading.lines} == {"Lön •••"}

    def test_a_personal_number_as_cost_centre_is_left_out_and_asked_about(self):
        reading = simple(
            "2026-03-25;7010;5;811218-9876",
            "2026-03-25;7010;5;811218-9876",
            "2026-03-25;2821;-10;",
            columns=["date", "account", "amount", "cost_centre"],
            sign_rule="signed",
        )

        assert [found.code for found in reading.to_confirm] == ["person_as_code"]
        assert reading.problems[0].params["count"] == "2"
        assert "811218" not in repr(reading)

    def test_a_personal_number_as_object_is_left_out_and_asked_about(self):
        reading = read_sie(
            voucher(
                '#TRANS 7010 {1 "19811218-9876"} 5.00',
                '#TRANS 7010 {1 "19811218-9876"} 5.00',
                "#TRANS 2821 {} -10.00",
            )
        )

        assert [found.code for found in reading.to_confirm] == ["person_as_code"]
        assert reading.problems[0].params["count"] == "2"
        assert "811218" not in repr(reading)

    def test_a_broken_record_is_not_quoted_where_it_may_name_somebody(self):
        reading = read_sie(
            '#OBJEKT 7 "12" "Anna Ek\r\n'
            + voucher('#TRANS 7010 {7 "Anna Ek"} 5.00 "', "#TRANS 2821 {} -5.00")
        )

        assert "Anna" not in repr(reading)

    def test_an_object_list_with_a_fault_is_quoted_without_employees(self):
        reading = read_sie(voucher('#TRANS 7010 {7 "Anna" 7 "Kalle"} 5.00', "#TRANS 2821 {} -5.00"))

        assert codes(reading)[0] == "object_twice"
        assert "Anna" not in repr(reading)

    def test_a_row_that_is_too_wide_is_quoted_by_its_figures_only(self):
        reading = read_csv(
            "date;account;amount\n2026-03-25;7010;5;Anna Ek\n2026-03-25;2821;-5;\n",
            settings=simple_settings(),
        )

        assert codes(reading) == ["row_too_wide"]
        assert "Anna" not in repr(reading)

    def test_a_problem_masks_what_it_quotes_but_the_number_of_a_company(self):
        quoted = problem("amount_unreadable", line=2, column="x", value="811218-9876")
        company = problem("company_unknown", column="company", value="8112189876")

        assert quoted.value == "•••"
        assert "811218" not in repr(quoted)
        assert company.value == "8112189876"

    def test_a_problem_survives_storing_with_the_remedy_of_its_format(self):
        reading = read_sie(voucher("#TRANS 7010 {} abc"))

        (found, *_) = [Problem.from_json(one.to_json()) for one in reading.problems]

        assert "column map" not in found.remedy


def simple_settings():
    """Return settings of three columns with one signed amount."""
    from sources.readers.settings import SourceSettings

    return SourceSettings(
        format="csv",
        separator=";",
        sign_rule="signed",
        columns={"date": "date", "account": "account", "amount": "amount"},
    )
