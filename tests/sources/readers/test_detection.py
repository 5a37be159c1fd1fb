import io

import pytest

from connectors.organisation_numbers import digits_of
from sources.readers.catalogue import PROBLEMS
from sources.readers.detection import REFUSALS, detect
from sources.readers.encoding import find_encoding, survey
from sources.readers.headings import headings_fingerprint, is_about_people, match_headings
from sources.readers.problems import Problem, ProblemLog, problem
from sources.readers.reading import read
from sources.readers.runs import RunFinder, compile_run_pattern
from sources.readers.settings import SourceSettings
from sources.readers.suggesting import suggest_settings
from tests.sources.readers.files import (
    CSV_SETTINGS,
    codes,
    csv_text,
    day,
    read_sie,
    sie_run,
    workbook,
    xlsx_rows,
)


class TestDetect:
    @pytest.mark.parametrize(
        ("head", "name", "found"),
        [
            (b"#FLAGGA 0\r\n", "a.txt", "sie"),
            (b"\xef\xbb\xbf#flagga 0\r\n", "a", "sie"),
            (b"hello", "a.si", "sie"),
            (b"a;b;c\r\n1;2;3", "a.si.csv", "csv"),
            (b"Title\n\na,b,c\n", "a", "csv"),
            (b"GBAT10;1;20260325", "a.csv", "gbat10"),
            (b'"GBAT10";1', "a.csv", "gbat10"),
            (b"PK\x03\x04", "a.csv", "xlsx"),
            (b"\xd0\xcf\x11\xe0\xa1", "a.xlsx", "old_excel"),
            (b"%PDF-1.7", "a.si", "pdf"),
            (b"<!DOCTYPE html><html>", "a.si", "html"),
            (b'<?xml version="1.0"?><Sie xmlns="http://www.sie.se/sie5">', "a.sie", "sie5"),
            (b"<paxml>", "a", "paxml"),
            (b"<?xml?><a/>", "a", "xml"),
            (b"\xff\xfea\x00;\x00", "a", "csv"),
            (b" \r\n", "a.csv", "empty"),
            (b"hello world", "a.bin", "unknown"),
        ],
    )
    def test_goes_by_the_content(self, head, name, found):
        assert detect(head, name) == found

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "file_empty"),
            (b"<html>error</html>", "html_page"),
            (b"%PDF-1.7", "pdf_not_supported"),
            (b"\xd0\xcf\x11\xe0", "old_excel"),
            (b"hello world", "format_unknown"),
            (b'<?xml?><Sie xmlns="x">', "sie5_not_supported"),
        ],
    )
    def test_what_is_not_read_is_refused_with_words(self, content, code):
        reading = read(io.BytesIO(content), settings=SourceSettings())

        assert codes(reading) == [code]
        assert set(REFUSALS.values()) <= set(PROBLEMS)

    def test_a_file_of_another_format_than_its_source_is_refused(self):
        reading = read(io.BytesIO(sie_run().encode("cp437")), settings=CSV_SETTINGS)

        assert codes(reading) == ["wrong_format"]


class TestEncoding:
    @pytest.mark.parametrize(
        ("content", "encoding"),
        [
            ("Påhittade Åkeriet".encode("cp437"), "cp437"),
            ("Påhittade åkeriet".encode("cp1252"), "cp1252"),
            ("Påhittade Åkeriet".encode(), "utf-8"),
            ("Påhittade".encode("utf-8-sig"), "utf-8-sig"),
            ("Påhittade".encode("utf-16"), "utf-16"),
            (b"plain", "utf-8"),
            (b"\x86\xe5", "cp437"),
        ],
    )
    def test_is_found_by_counting(self, content, encoding):
        assert find_encoding(io.BytesIO(content)) == encoding

    def test_is_what_a_person_chose(self):
        assert find_encoding(io.BytesIO(b"\x86"), override="cp865") == "cp865"

    def test_finds_utf_8_that_is_cut_at_a_chunk(self, monkeypatch):
        monkeypatch.setattr("sources.readers.encoding.CHUNK", 3)

        assert find_encoding(io.BytesIO("ååååååå".encode())) == "utf-8"

    def test_names_the_line_of_a_control_byte_across_chunks(self, monkeypatch):
        monkeypatch.setattr("sources.readers.encoding.CHUNK", 4)

        assert survey(io.BytesIO(b"ab\ncd\nef\x00")).control_byte == (3, 0)

    def test_lets_the_end_mark_of_dos_pass(self):
        assert survey(io.BytesIO(b"ab\r\n\x1a")).control_byte is None
        assert survey(io.BytesIO(b"a\x1ab\r\n")).control_byte == (1, 0x1A)

    def test_names_a_line_that_is_too_long(self, monkeypatch):
        monkeypatch.setattr("sources.readers.encoding.LONGEST_LINE", 5)

        assert survey(io.BytesIO(b"ab\nabcdefg\n")).long_line == 2


class TestSuggestSettings:
    @pytest.mark.parametrize("separator", [";", ",", "\t"])
    def test_proposes_settings_that_read_the_file(self, separator):
        text = csv_text(separator=separator)
        if separator == ",":
            text = text.replace("cost_centre,cost_unit", "cost_centre,cost_unit")
            text = csv_text(separator=";").replace(",", ".").replace(";", ",")
            text = text.replace("7. ", "7 ")
        stream = io.BytesIO(text.encode())

        suggestion = suggest_settings(stream, name="a.csv")

        reading = read(stream, settings=suggestion.settings)
        assert suggestion.complete
        assert suggestion.settings.separator == separator
        assert reading.ok
        assert suggestion.sample_rows

    def test_proposes_settings_for_a_workbook(self):
        stream = io.BytesIO(workbook(xlsx_rows(), hidden="Old"))

        suggestion = suggest_settings(stream, name="a.xlsx")

        assert suggestion.sheets == ("Journal",)
        assert read(stream, settings=suggestion.settings).ok

    @pytest.mark.parametrize(
        ("headings", "row", "rules"),
        [
            (
                "Period,Year,Run,Department,CostCenter,CostUnit,GeneralLedgerAccount,ComponentName,"
                "Debit,Credit,EmployeeId",
                "3,2026,1,D,0100,K1,7010,Lön,5.00,,77",
                ("debit_credit", "year_and_month_columns", "."),
            ),
            (
                "Rekeningnummer,RekeningOmschrijving,Debet,Credit,Datum",
                "4000,Lonen,5.0000,0.0000,25-03-2026",
                ("debit_credit", "from_date", "."),
            ),
            (
                "Konto;Kontonamn;Belopp;D/K;Bokföringsdatum",
                "7010;Löner;5,00;D;2026-03-25",
                ("sign_column", "from_date", ","),
            ),
            (
                "Tili;Summa;Kausi;Kustannuspaikka",
                "5000;-5,00;2026-03;0100",
                ("signed", "column", ","),
            ),
        ],
    )
    def test_knows_the_lay_outs_met(self, headings, row, rules):
        stream = io.BytesIO(f"{headings}\n{row}\n".encode())

        suggestion = suggest_settings(stream)

        settings = suggestion.settings
        assert (settings.sign_rule, settings.period_rule, settings.decimal_mark) == rules
        assert suggestion.complete
        assert read(stream, settings=settings).rows_read == 1

    def test_blanks_the_columns_of_people_in_the_sample(self):
        stream = io.BytesIO(b"Account;Debit;Credit;Date;Employee\n1;2;;2026-03-25;Anna\n")

        suggestion = suggest_settings(stream)

        assert "Anna" not in repr(suggestion)

    def test_says_what_is_missing(self):
        suggestion = suggest_settings(io.BytesIO(b"Debit;Credit;Date\n1;2;2026-03-25\n"))

        assert not suggestion.complete
        assert suggestion.confidence["account"] == "missing"

    @pytest.mark.parametrize(
        ("text", "form", "confidence"),
        [
            ("25-03-2026", "dmy", "likely"),
            ("03/25/2026", "mdy", "likely"),
            ("3-4-2026", "dmy", "guess"),
        ],
    )
    def test_tells_how_sure_it_is_of_the_date_format(self, text, form, confidence):
        stream = io.BytesIO(f"Account;Amount;Date\n7010;5,00;{text}\n".encode())

        suggestion = suggest_settings(stream)

        assert suggestion.settings.date_format == form
        assert suggestion.confidence["date_format"] == confidence

    def test_knows_sie_and_gbat10_without_a_map(self):
        assert suggest_settings(io.BytesIO(b"#FLAGGA 0\n")).settings.format == "sie"
        assert suggest_settings(io.BytesIO(b"GBAT10;1;2")).settings.columns["account"] == "#7"


class TestHeadings:
    def test_are_matched_whatever_case_and_marks(self):
        found = match_headings(["Cost_Center", "KONTO", "account name", "Anställd"])

        assert found == {
            "account": "KONTO",
            "account_name": "account name",
            "cost_centre": "Cost_Center",
        }

    def test_of_people_are_known(self):
        assert is_about_people("Employee number")
        assert is_about_people("Anställningsnr")
        assert not is_about_people("Account name")

    def test_have_a_fingerprint_that_order_and_case_do_not_change(self):
        assert headings_fingerprint(["A b", "C"]) == headings_fingerprint(["c", "a_B", ""])
        assert headings_fingerprint(["a"]) != headings_fingerprint(["b"])


class TestSourceSettings:
    def test_survive_storing(self):
        assert SourceSettings.from_json(CSV_SETTINGS.to_json()) == CSV_SETTINGS

    def test_leave_out_names_of_another_version(self):
        assert SourceSettings.from_json({"format": "csv", "newer": 1}).format == "csv"

    def test_name_what_is_not_possible(self):
        settings = SourceSettings(format="csv", sign_rule="x", columns={"salary": "y"})

        assert settings.faults() == ["sign_rule", "columns"]


class TestRunFinder:
    @pytest.mark.parametrize(
        ("text", "run"),
        [
            ("Lönekörning 3, mars 2026", "3"),
            ("Lønnskjøring nr. 12", "12"),
            ("Payroll run 2026-03", "2026-03"),
            ("Run: 7", "7"),
            ("Lön mars 2026", ""),
            ("Trunk 7", ""),
        ],
    )
    def test_knows_the_usual_words(self, text, run):
        finder = RunFinder()

        finder.see(day("2026-03-25"), text)

        assert finder.run == run

    def test_takes_a_persons_pattern_literally(self):
        finder = RunFinder("Lön (nr {run}) för")

        finder.see(day("2026-03-25"), "Lön (nr A7) för mars")

        assert finder.run == "A7"

    def test_refuses_a_pattern_without_place_for_the_run(self):
        with pytest.raises(ValueError, match="Payroll"):
            compile_run_pattern("Payroll (.*)+")
        assert codes(read_sie(sie_run(), run_pattern="(a+)+")) == ["settings_impossible"]


class TestOrganisationNumber:
    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("555555-5555", "5555555555"),
            ("16555555-5555", "5555555555"),
            ("NO 999 888 777 MVA", "999888777"),
            ("", ""),
        ],
    )
    def test_is_compared_by_digits(self, text, number):
        assert digits_of(text) == number


class TestProblems:
    @pytest.mark.parametrize("kind", PROBLEMS.values(), ids=list(PROBLEMS))
    def test_have_words_and_a_remedy(self, kind):
        assert kind.message.endswith((".", ": {value}"))
        assert kind.remedy.endswith(".")
        assert kind.expected or kind.severity == "info"

    def test_survive_storing_and_keep_todays_words(self):
        found = problem("amount_unreadable", line=3, column="debit", value="x" * 100)

        stored = Problem.from_json(found.to_json())

        assert stored == found
        assert len(found.value) == 80
        assert stored.text == f"Line 3: {'x' * 79}… in debit is not an amount."

    def test_are_counted_beyond_those_kept_with_errors_first(self):
        log = ProblemLog()
        for number in range(600):
            log.add("decimal_comma", line=number, column="amount", value="1,0")
        log.add("account_missing", line=601)

        shown = log.shown()

        assert log.counts == {"error": 1, "warning": 600, "info": 0}
        assert len(shown) == 500
        assert shown[0].code == "account_missing"
