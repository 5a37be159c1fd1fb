"""Invoices out of a text table: every way in which one can be wrong has its words."""

from datetime import date
from decimal import Decimal

import pytest

from payments.rules import invoice_file, invoice_problems
from payments.rules.cells import TwoDays, TwoWays, amount_from, day_from, order_of
from payments.rules.invoice_rows import InvoiceRow

NORWEGIAN = (
    "Fakturanr;Kundenr;Kundenavn;Fakturadato;Forfallsdato;Valuta;Beløp;KID;Avdeling\r\n"
    "50001;10001;Bergvåg Båtbyggeri AS;03.08.2026;17.08.2026;NOK;12 500,00;100010500013;Nord\r\n"
    "50002;10002;Kafé Løvstakken AS;03.08.2026;17.08.2026;NOK;8.000,00;;Nord\r\n"
    "\r\n"
    "50005;10004;Østlandske Trevare AS;20.08.2026;;NOK;-6250,5;;\r\n"
)


def table(*rows: str, headings: str = "number;customer_number;issued_on;amount;currency") -> bytes:
    return "\n".join([headings, *rows]).encode()


def read(content: bytes, **how: str) -> invoice_file.InvoiceFile:
    return invoice_file.read(content, name="invoices.csv", **how)


def sentence(content: bytes, **how: str) -> str:
    problem = read(content, **how).problems[0]
    return problem.words.format(**problem.params)


class TestRead:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
    def test_reads_a_norwegian_list(self, encoding):
        found = read(NORWEGIAN.encode(encoding))

        assert found.problems == ()
        assert found.invoices[0] == InvoiceRow(
            line=2,
            number="50001",
            customer_number="10001",
            customer_name="Bergvåg Båtbyggeri AS",
            issued_on=date(2026, 8, 3),
            due_on=date(2026, 8, 17),
            amount=Decimal("12500.00"),
            currency="NOK",
            kid="100010500013",
        )
        assert found.total == Decimal("14249.50")
        assert found.ignored == ("Avdeling",)

    def test_a_negative_amount_is_a_credit_note(self):
        found = read(NORWEGIAN.encode())

        assert [one.is_credit_note for one in found.invoices] == [False, False, True]
        assert found.invoices[2].line == 5

    @pytest.mark.parametrize(
        "headings",
        [
            "fakturanummer;kundnummer;fakturadatum;belopp;valuta",
            "Invoice No.;Customer-Number;Invoice date;Amount;Currency",
            "FAKTURA NR;KUNDE NR;DATO;SUM;VALUTAKODE",
        ],
    )
    def test_knows_headings_in_three_languages(self, headings):
        found = read(table("1;2;2026-08-03;10,00;NOK", headings=headings))

        assert found.invoices[0].amount == Decimal("10.00")

    @pytest.mark.parametrize("delimiter", [";", ",", "\t"])
    def test_finds_the_delimiter_by_the_headings(self, delimiter):
        rows = ["number;customer_number;issued_on;amount;currency", "1;2;2026-08-03;10.00;NOK"]

        found = read("\n".join(rows).replace(";", delimiter).encode())

        assert found.invoices[0].customer_number == "2"

    def test_reads_a_file_with_a_line_for_excel(self):
        found = read(
            b"sep=,\n" + b"number,customer_number,issued_on,amount,currency\n1,2,20260803,1.5,NOK"
        )

        assert found.invoices[0].line == 3

    def test_the_currency_may_be_chosen_by_a_person(self):
        content = b"number;customer_number;issued_on;amount\n1;2;2026-08-03;10"

        assert read(content, currency="NOK").invoices[0].currency == "NOK"
        assert read(content).problems[0].code == "no_headings"

    @pytest.mark.parametrize("kind", ["Kreditnota", "credit note", "12"])
    def test_a_word_decides_the_sign_of_a_credit_note(self, kind):
        headings = "number;customer_number;issued_on;amount;currency;type"

        found = read(table(f"1;2;2026-08-03;10,00;NOK;{kind}", headings=headings))

        assert found.invoices[0].amount == Decimal("-10.00")

    def test_says_every_problem_of_a_row_and_goes_on(self):
        found = read(table(";2;31.02.2026;1.234;NOK", "2;2;2026-08-03;10,00;NOK"))

        assert [(one.code, one.line, one.field) for one in found.problems] == [
            ("missing", 2, "number"),
            ("date", 2, "issued_on"),
            ("amount_two_ways", 2, "amount"),
        ]
        assert [one.number for one in found.invoices] == ["2"]

    @pytest.mark.parametrize(
        ("row", "expected"),
        [
            ("1;;2026-08-03;10,00;NOK", "line 2: customer_number is empty"),
            ("1;2;03/08/2026;10,00;NOK", "line 2: issued_on is 03/08/2026, which is not a date"),
            ("1;2;03.08.26;10,00;NOK", "which is not a date"),
            ("1;2;2026-08-03;ti;NOK", "line 2: amount is ti, which is not an amount"),
            ("1;2;2026-08-03;10,005;NOK", "which can be read in two ways"),
            ("1;2;2026-08-03;10,0050;NOK", "which is not an amount with two decimals"),
            ("1;2;2026-08-03;0,00;NOK", "amount is zero"),
            ("1;2;2026-08-03;12 34,50;NOK", "amount is 12 34,50, which is not an amount"),
            ("1;2;2026-08-03;1 2345;NOK", "amount is 1 2345, which is not an amount"),
            ("1;2;2026-08-03;1 234.567,00;NOK", "which is not an amount"),
            ("1;2;2026-08-03;1000000000000000,00;NOK", "line 2: amount is 1000000000000000,00"),
            ("1;2;2026-08-03;100000000000,00;NOK", "more than 11 digits"),
            ("1;2;0001-01-01;10,00;NOK", "issued_on is 0001-01-01, which lies outside"),
            ("1;2;2100-01-01;10,00;NOK", "outside the years 1990 to 2099"),
            ("1;2;1989-12-31;10,00;NOK", "outside the years 1990 to 2099"),
            ("1;2\x00;2026-08-03;10,00;NOK", "customer_number contains the character U+0000"),
            ("1\x1b;2;2026-08-03;10,00;NOK", "number contains the character U+001B"),
            ("1;2;2026-08-03;10,00;", "currency is empty"),
            ("1;2;2026-08-03;10,00;kr", "currency is kr, which is not a currency code"),
            ("1;2;2026-08-03;10,00;NOK;more", "a field without a heading contains more"),
            (f"{'1' * 41};2;2026-08-03;10,00;NOK", "number is too long"),
            ('1;"2;2026-08-03;10,00;NOK', "cannot be split into fields"),
        ],
    )
    def test_names_file_line_field_and_value(self, row, expected):
        words = sentence(table(row))

        assert words.startswith("invoices.csv")
        assert expected in words

    @pytest.mark.parametrize(
        ("headings", "row", "code"),
        [
            (
                "number;customer_number;issued_on;amount;currency;kid",
                "1;2;20260803;1;NOK;123",
                "kid",
            ),
            (
                "number;customer_number;issued_on;amount;currency;due_on",
                "1;2;20260803;1;NOK;20260802",
                "due_before",
            ),
            (
                "number;customer_number;issued_on;amount;currency;type",
                "1;2;20260803;1;NOK;X",
                "kind",
            ),
            (
                "number;customer_number;issued_on;amount;currency;type",
                "1;2;20260803;-1;NOK;faktura",
                "sign",
            ),
        ],
    )
    def test_looks_at_what_else_a_row_says(self, headings, row, code):
        assert [one.code for one in read(table(row, headings=headings)).problems] == [code]

    def test_leaves_out_an_rf_reference_with_a_word(self):
        headings = "number;customer_number;issued_on;amount;currency;kid"

        found = read(
            table(
                "1;2;2026-08-03;10,00;NOK;RF18539007547034",
                "2;2;2026-08-03;10,00;NOK;rf18 5390 0754 7034",
                "3;2;2026-08-03;10,00;NOK;",
                headings=headings,
            )
        )

        assert not found.problems
        assert [one.kid for one in found.invoices] == ["", "", ""]
        assert [(one.code, one.line) for one in found.remarks] == [
            ("rf_left_out", 2),
            ("rf_left_out", 3),
        ]
        assert "RF18539007547034" in found.remarks[0].words.format(**found.remarks[0].params)

    @pytest.mark.parametrize("reference", ["RF19539007547034", "RF18539007547035", "RF00A"])
    def test_refuses_an_rf_reference_whose_check_digits_are_wrong(self, reference):
        headings = "number;customer_number;issued_on;amount;currency;kid"

        found = read(table(f"1;2;2026-08-03;10,00;NOK;{reference}", headings=headings))

        assert [(one.code, one.line, one.value) for one in found.problems] == [("rf", 2, reference)]

    def test_refuses_amounts_that_add_up_to_more_than_is_stored_exactly(self):
        rows = [f"{n};2;2026-08-03;{'9' * 11},99;NOK" for n in range(1, 102)]

        assert not read(table(*rows[:100])).problems
        assert [one.code for one in read(table(*rows)).problems] == ["sum_too_large"]

    def test_refuses_the_same_number_twice(self):
        row = "1;2;2026-08-03;10,00;NOK"

        found = read(table(row, row))

        assert [(one.code, one.line) for one in found.problems] == [("twice", 3)]

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "empty"),
            (b"\n\n", "empty"),
            (table(), "empty"),
            ("fakturanr".encode("utf-16"), "not_text"),
            (b"number;\x81", "not_text"),
            (b"a;b;c\n1;2;3", "no_headings"),
            (b"number;faktura;customer_number;issued_on;amount;currency", "column_twice"),
        ],
    )
    def test_refuses_what_is_no_list_of_invoices(self, content, code):
        assert [one.code for one in read(content).problems] == [code]

    def test_stops_at_a_file_that_is_too_long(self):
        content = table(*(f"{number};2;2026-08-03;1;NOK" for number in range(1, 5)))

        found = invoice_file.read(content, name="x.csv", most_rows=3)

        assert [one.code for one in found.problems] == ["too_many_rows"]

    def test_every_problem_has_words_that_can_be_filled(self):
        for code, words in invoice_problems.WORDS.items():
            problem = invoice_problems.FileProblem(code, "x.csv", 1, "amount", "1")

            assert "{" not in words.format(**problem.params)


class TestAmountFrom:
    @pytest.mark.parametrize(
        ("text", "amount"),
        [
            ("1234", "1234.00"),
            ("1234,5", "1234.50"),
            ("1234.56", "1234.56"),
            ("1 234,56", "1234.56"),
            ("1\u00a0234\u202f567,89", "1234567.89"),
            ("1.234,56", "1234.56"),
            ("1,234.56", "1234.56"),
            ("1.234.567", "1234567.00"),
            ("-12,00", "-12.00"),
            ("\u221212,00", "-12.00"),
            ("12,00-", "-12.00"),
            ("1'234.50", "1234.50"),
        ],
    )
    def test_reads(self, text, amount):
        assert amount_from(text) == Decimal(amount)

    @pytest.mark.parametrize("text", ["1.234", "12,345", "-1,234"])
    def test_does_not_choose_between_two_readings(self, text):
        with pytest.raises(TwoWays):
            amount_from(text)

    @pytest.mark.parametrize(
        "text", ["", "x", "1,2,3", "1.23.4", "1e5", "NaN", "--1", "١", "9" * 23, "1,234.567,0"]
    )
    def test_refuses(self, text):
        with pytest.raises(ValueError):
            amount_from(text)


class TestDayFrom:
    @pytest.mark.parametrize(
        "text",
        ["2026-08-03", "20260803", "03.08.2026", "3.8.2026", "2026-08-03 00:00:00"],
    )
    def test_reads(self, text):
        assert day_from(text) == date(2026, 8, 3)

    @pytest.mark.parametrize("text", ["", "03/08/2026", "03.08.26", "31.02.2026", "2026-8"])
    def test_refuses(self, text):
        with pytest.raises(ValueError):
            day_from(text)


class TestWrite:
    def test_is_read_back_as_it_was(self):
        rows = [
            InvoiceRow(
                line=2,
                number="50001",
                customer_number="10001",
                customer_name='Øst; "Vest" & =SUM(A1)',
                organisation_number="981001028",
                issued_on=date(2026, 8, 3),
                due_on=date(2026, 8, 17),
                amount=Decimal("1000.00"),
                posted_amount=Decimal("11500.00"),
                currency="EUR",
                kid="100010500013",
            ),
            InvoiceRow(
                line=3,
                number="50002",
                customer_number="10001",
                customer_name="=1+1",
                issued_on=date(2026, 8, 4),
                amount=Decimal("-10.50"),
                currency="NOK",
                credits_number="50001",
            ),
        ]

        content = invoice_file.write(rows)

        assert read(content).invoices == tuple(rows)
        assert b";'=1+1;" in content


class TestDatesWithHyphens:
    """03-04-2026 is in March or in April: nobody guesses, and the whole column may tell."""

    @pytest.mark.parametrize(
        ("text", "day"),
        [
            ("13-04-2026", date(2026, 4, 13)),
            ("04-13-2026", date(2026, 4, 13)),
            ("4-4-2026", date(2026, 4, 4)),
        ],
    )
    def test_are_read_where_there_is_one_reading(self, text: str, day: date) -> None:
        assert day_from(text) == day

    @pytest.mark.parametrize("text", ["03-04-2026", "3-4-2026", "03-04-2026 00:00:00"])
    def test_are_refused_where_there_are_two(self, text: str) -> None:
        with pytest.raises(TwoDays):
            day_from(text)

    @pytest.mark.parametrize("text", ["31-04-2026", "00-04-2026", "13-13-2026"])
    def test_are_refused_where_there_is_none(self, text: str) -> None:
        with pytest.raises(ValueError, match=text):
            day_from(text)

    @pytest.mark.parametrize(
        ("texts", "order"),
        [
            (["03-04-2026", "13-04-2026"], "day"),
            (["03-04-2026", "04-13-2026"], "month"),
            (["03-04-2026", "05-06-2026"], ""),
            (["13-04-2026", "04-13-2026"], ""),
            (["2026-04-13", "13.04.2026", "x", ""], ""),
        ],
    )
    def test_of_a_column_say_their_order_if_one_proves_it(
        self, texts: list[str], order: str
    ) -> None:
        assert order_of(texts) == order

    def test_of_a_column_are_read_in_the_order_that_one_of_them_proves(self) -> None:
        found = read(table("1;2;03-04-2026;10,00;NOK", "2;2;13-04-2026;10,00;NOK"))

        assert [one.issued_on for one in found.invoices] == [date(2026, 4, 3), date(2026, 4, 13)]

    def test_of_a_column_that_proves_nothing_are_problems_with_line_field_and_value(self) -> None:
        content = table("1;2;2026-04-03;10,00;NOK", "2;2;03-04-2026;10,00;NOK")

        assert sentence(content) == (
            "invoices.csv, line 3: issued_on is 03-04-2026, which can be read in two ways; "
            "write it as 2026-08-31."
        )

    def test_of_another_column_prove_nothing(self) -> None:
        headings = "number;customer_number;issued_on;due_on;amount;currency"
        found = read(table("1;2;03-04-2026;30-04-2026;10,00;NOK", headings=headings))

        assert [(one.code, one.field) for one in found.problems] == [("date_two_ways", "issued_on")]

    def test_that_contradict_the_rest_are_problems(self) -> None:
        rows = ["1;2;03-04-2026;10,00;NOK", "2;2;13-04-2026;10,00;NOK", "3;2;04-14-2026;1,00;NOK"]

        assert [one.line for one in read(table(*rows)).problems] == [2]
