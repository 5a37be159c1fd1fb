"""Workbooks: nothing of them is dropped in silence, and reading them is bounded by counting."""

import io
import zipfile
import zlib
from dataclasses import replace
from decimal import Decimal

import pytest

from sources.readers import workbook, workbook_parts
from sources.readers.lines import Limits
from sources.readers.reading import read
from sources.readers.settings import DEBIT_CREDIT, PERIOD_FROM_DATE, SourceSettings
from sources.readers.suggesting import suggest_settings
from tests.sources.readers.files import amounts, codes
from tests.sources.readers.nasty_workbooks import (
    HEAD,
    MARCH_25,
    balanced,
    booking,
    declaring,
    packed,
    parts_of,
    sheet,
    workbook_of,
)

SETTINGS = SourceSettings(
    format="xlsx",
    sign_rule=DEBIT_CREDIT,
    period_rule=PERIOD_FROM_DATE,
    columns={name: name for name in ("account", "date", "debit", "credit", "cost_centre", "text")},
)


def read_book(content, *, settings=SETTINGS, limits=None):
    return read(io.BytesIO(content), settings=settings, limits=limits)


class TestAFormulaThatWasNeverCalculated:
    FORMULA = "<f>ROUND(C2*0.3142,2)</f>"

    @pytest.mark.parametrize("value", ["", "<v/>", "<v></v>"])
    def test_is_named_where_it_is_an_amount(self, value):
        rows = balanced() + booking(4, "7510", self.FORMULA + value, debit=True)

        found = read_book(workbook_of(sheet(rows))).problems[0]

        assert (found.code, found.line, found.column) == ("formula_not_calculated", 4, "debit")
        assert found.value == "=ROUND(C2*0.3142,2)"

    def test_is_named_beside_a_zero(self):
        row = '<row r="4"><c r="A4" t="str"><v>7510</v></c><c r="B4" s="1"><v>46106</v></c>'
        row += f'<c r="C4">{self.FORMULA}</c><c r="D4"><v>0</v></c></row>'

        assert codes(read_book(workbook_of(sheet(balanced() + row)))) == ["formula_not_calculated"]

    def test_is_named_where_it_is_a_dimension(self):
        rows = balanced() + booking(4, "7510", "<v>0</v>", debit=True, centre="<f>A1&amp;A2</f>")

        found = read_book(workbook_of(sheet(rows))).problems[0]

        assert (found.code, found.line) == ("formula_not_calculated", 4)
        assert (found.column, found.value) == ("cost_centre", "=A1&A2")

    @pytest.mark.parametrize(("place", "column"), [("A", "account"), ("B", "date"), ("F", "text")])
    def test_is_named_in_any_mapped_column(self, place, column):
        cells = {"A": "7010", "B": MARCH_25, "C": 5, "F": "x"}
        row = "".join(
            f'<c r="{at}4"><f>A9</f></c>'
            if at == place
            else f'<c r="{at}4" {"s=" + chr(34) + "1" + chr(34) if at == "B" else ""}>'
            f"<v>{value}</v></c>"
            for at, value in cells.items()
            if value != "x" or at == place
        )
        rows = balanced() + f'<row r="4">{row}</row>'

        found = read_book(workbook_of(sheet(rows))).problems[0]

        assert (found.code, found.column) == ("formula_not_calculated", column)

    def test_does_no_harm_in_a_column_that_is_not_mapped(self):
        rows = balanced() + '<row r="4"><c r="H4"><f>A1</f></c></row>'
        head = HEAD.replace("</row>", '<c r="H1" t="str"><v>Notes</v></c></row>')

        assert codes(read_book(workbook_of(sheet(rows, head=head)))) == ["notes_left_out"]

    def test_does_no_harm_in_a_row_of_totals(self):
        rows = (
            balanced()
            + '<row r="4"><c r="A4" t="str"><v>Summa</v></c><c r="C4"><f>C2</f></c></row>'
        )

        assert codes(read_book(workbook_of(sheet(rows)))) == ["total_row_left_out"]

    def test_is_calculated_where_its_result_is_an_empty_text(self):
        rows = booking(2, "7010", "<v>1</v>", debit=True, centre='<f>""</f><v></v>')
        rows += booking(3, "2821", "<v>1</v>", debit=False)

        reading = read_book(workbook_of(sheet(rows)))

        assert reading.ok
        assert reading.lines[0].cost_centre == ""

    def test_is_read_where_it_was_calculated(self):
        rows = booking(2, "7010", "<f>1+1</f><v>2</v>", debit=True)
        rows += booking(3, "2821", "<v>2</v>", debit=False)

        assert amounts(read_book(workbook_of(sheet(rows)))) == [
            ("7010", Decimal("2.00")),
            ("2821", Decimal("-2.00")),
        ]

    def test_is_distinguished_from_an_error_value(self):
        rows = balanced() + booking(4, "7010", "<v>0</v>", debit=True, centre="").replace(
            '<c r="C4"><v>0</v></c>',
            '<c r="C4"><v>0</v></c><c r="E4" t="e"><f>X</f><v>#N/A</v></c>',
        )

        found = read_book(workbook_of(sheet(rows))).problems[0]

        assert (found.code, found.column, found.value) == ("cell_is_error", "cost_centre", "#N/A")


class TestSheets:
    def test_with_the_same_headings_are_named_and_confirmed(self):
        content = workbook_of(sheet(balanced()), sheet(balanced(amount=999)))

        reading = read_book(content)

        (found,) = reading.problems
        assert (found.code, found.value) == ("sheet_not_read", "Sheet2")
        assert found.needs_confirmation
        assert amounts(reading)[0] == ("7010", Decimal("100.00"))

    def test_are_named_also_where_the_sheet_was_chosen(self):
        content = workbook_of(sheet(balanced()), sheet(balanced(amount=999)))

        reading = read_book(content, settings=replace(SETTINGS, sheet="Sheet2"))

        assert [found.value for found in reading.problems] == ["Sheet1"]
        assert amounts(reading)[0] == ("7010", Decimal("999.00"))

    @pytest.mark.parametrize("other", [sheet(""), sheet("", head=""), sheet(balanced(), head="")])
    def test_that_are_empty_or_something_else_are_not_named(self, other):
        assert codes(read_book(workbook_of(sheet(balanced()), other))) == []

    def test_that_are_hidden_are_not_named(self):
        parts = parts_of(sheet(balanced()), sheet(balanced()), states=("visible", "hidden"))

        assert codes(read_book(packed(parts))) == []


class TestRows:
    def test_after_a_long_gap_are_read(self):
        content = workbook_of(sheet(balanced() + balanced(first_row=1_048_000, amount=50)))

        reading = read_book(content)

        assert reading.ok
        assert reading.rows_read == 4
        assert reading.totals[0].debit == Decimal("150.00")

    def test_keep_the_number_that_the_sheet_gives_them(self):
        rows = balanced() + booking(20_000, "70 10", "<v>1</v>", debit=True)

        assert read_book(workbook_of(sheet(rows))).problems[0].line == 20_000

    @pytest.mark.parametrize(
        "rows",
        [
            balanced() + balanced(),
            '<row r="x"/>',
            '<row r="99999999"/>',
            '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>',
            '<row r="2"><c r="A2"><v>1</v><v>2</v></c></row>',
            '<row r="2"><c r="A2"><c r="B2"><v>2</v></c></c></row>',
            '<row r="2"><c r="XFE2"><v>2</v></c></row>',
            '<row r="2"><c r="12"><v>2</v></c></row>',
        ],
    )
    def test_that_say_two_things_of_one_place_are_refused(self, rows):
        assert codes(read_book(workbook_of(sheet(rows)))) == ["workbook_unreadable"]

    def test_of_another_prefix_are_read(self):
        plain = sheet(balanced())
        prefixed = plain.replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns", "xmlns:x")

        assert read_book(workbook_of(prefixed)).digest == read_book(workbook_of(plain)).digest


class TestCells:
    @pytest.mark.parametrize(
        "cell",
        ["<v>100,5</v>", "<v>1_0</v>", "<v>nan</v>", f"<v>{'9' * 60}</v>", "<v>1 2</v>"],
    )
    def test_whose_number_is_none_are_refused(self, cell):
        rows = balanced() + booking(4, "7010", cell, debit=True)

        assert codes(read_book(workbook_of(sheet(rows)))) == ["workbook_unreadable"]

    @pytest.mark.parametrize("kind", ["s", "x"])
    def test_that_name_a_text_or_kind_that_is_not_there_are_refused(self, kind):
        rows = balanced() + f'<row r="4"><c r="A4" t="{kind}"><v>7</v></c></row>'

        assert codes(read_book(workbook_of(sheet(rows)))) == ["workbook_unreadable"]

    @pytest.mark.parametrize(
        ("day", "shown"),
        [
            ("1", "1900-01-01"),
            ("0", "1899-12-31"),
            ("109575", "2200-01-01"),
            ("32873", "1989-12-31"),
        ],
    )
    def test_with_a_date_outside_the_years_of_payroll_are_named(self, day, shown):
        rows = balanced() + booking(
            4, "7010", "<v>0</v>", debit=True, date=f'<c r="B4" s="1"><v>{day}</v></c>'
        )

        found = read_book(workbook_of(sheet(rows))).problems[0]

        assert (found.code, found.line) == ("date_out_of_range", 4)
        assert shown in found.text
        assert "1990 to 2099" in found.text

    @pytest.mark.parametrize("day", ["2958466", "1e300", "-1", "99999999999"])
    def test_with_a_date_outside_every_calendar_are_no_dates(self, day):
        rows = balanced() + booking(
            4, "7010", "<v>0</v>", debit=True, date=f'<c r="B4" s="1"><v>{day}</v></c>'
        )
        content = workbook_of(sheet(rows))

        assert codes(read_book(content)) == ["date_unreadable"]
        assert suggest_settings(io.BytesIO(content)).settings.format == "xlsx"

    def test_with_noise_behind_the_day_keep_the_day(self):
        rows = "".join(
            booking(
                row, account, "<v>1</v>", debit=debit,
                date='<c r="B{row}" s="1"><v>46105.99999999999</v></c>',
            )
            for row, account, debit in ((2, "7010", True), (3, "2821", False))
        )  # fmt: skip

        assert str(read_book(workbook_of(sheet(rows))).lines[0].posted_on) == "2026-03-25"

    def test_count_days_from_1904_where_the_workbook_says_so(self):
        parts = parts_of(sheet(balanced()))
        parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
            "<sheets>", '<workbookPr date1904="1"/><sheets>'
        )

        assert str(read_book(packed(parts)).lines[0].posted_on) == "2030-03-26"


class TestADamagedWorkbook:
    CONTENT = workbook_of(sheet(balanced()), strings="<sst><si><t>x</t></si></sst>")

    @pytest.mark.parametrize("step", range(0, len(CONTENT), 7))
    def test_is_refused_or_read_rightly_whichever_byte_is_flipped(self, step):
        damaged = bytearray(self.CONTENT)
        damaged[step] ^= 0xFF

        reading = read_book(bytes(damaged))

        assert not reading.ok or amounts(reading) == amounts(read_book(self.CONTENT))

    @pytest.mark.parametrize("end", range(5, len(CONTENT), 97))
    def test_is_refused_wherever_it_is_cut_off(self, end):
        assert codes(read_book(self.CONTENT[:end])) == ["workbook_unreadable"]

    def test_is_refused_when_only_its_checksum_tells(self):
        parts = parts_of(sheet(balanced()))
        content = packed(parts, tightly=False)
        place = content.index(b"<v>100</v>")
        damaged = content[: place + 3] + b"9" + content[place + 4 :]

        assert codes(read_book(damaged)) == ["workbook_unreadable"]

    def test_is_refused_with_a_part_twice(self):
        out = io.BytesIO(self.CONTENT)
        with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("xl/worksheets/sheet1.xml", sheet(balanced(amount=5)))

        assert codes(read_book(out.getvalue())) == ["workbook_unreadable"]

    def test_is_refused_when_packed_in_a_way_that_workbooks_are_not(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
            for name, content in parts_of(sheet(balanced())).items():
                archive.writestr(name, content)

        assert codes(read_book(out.getvalue())) == ["workbook_unreadable"]


DOCTYPE = '<!DOCTYPE a [<!ENTITY b "c">]>'
LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)
BLOW_UP = f'<!DOCTYPE a [<!ENTITY a "{"x" * 50_000}">]>'


class TestADocumentTypeDeclaration:
    @pytest.mark.parametrize("declaration", [DOCTYPE, LAUGHS, BLOW_UP, "<!DOCTYPE a>"])
    @pytest.mark.parametrize(
        "part", ["xl/worksheets/sheet1.xml", "xl/evil.xml", "docProps/app.xml", "a.rels"]
    )
    def test_is_refused_in_every_part(self, part, declaration):
        parts = parts_of(sheet(balanced()))
        parts[part] = declaration + parts.get(part, "<a/>")

        assert codes(read_book(packed(parts))) == ["workbook_unsafe"]

    @pytest.mark.parametrize(
        "before",
        ["<!-- " + "x" * 5_000 + " -->", "\n" * 100_000, "<?xml version='1.0'?><?a b?>"],
    )
    def test_is_refused_wherever_it_stands(self, before):
        parts = parts_of(sheet(balanced()))
        parts["xl/evil.xml"] = before + DOCTYPE + "<a/>"

        assert codes(read_book(packed(parts))) == ["workbook_unsafe"]

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "latin-1", "cp1252"])
    def test_is_refused_in_every_encoding(self, encoding):
        text = f"<?xml version='1.0' encoding='{encoding.removesuffix('-be')}'?>{DOCTYPE}<a/>"
        mark = b"\xfe\xff" if encoding.endswith("be") else b""
        parts = parts_of(sheet(balanced())) | {"xl/evil.xml": mark + text.encode(encoding)}

        assert codes(read_book(packed(parts))) == ["workbook_unsafe"]

    @pytest.mark.parametrize("encoding", ["utf-7", "utf-32", "cp037"])
    def test_is_not_hidden_by_an_encoding_that_the_parser_does_not_know(self, encoding):
        text = f"<?xml version='1.0' encoding='{encoding}'?>{DOCTYPE}<a/>"
        parts = parts_of(sheet(balanced())) | {"xl/evil.xml": text.encode(encoding)}

        assert codes(read_book(packed(parts)))[0] in ("workbook_unsafe", "workbook_unreadable")


@pytest.fixture
def counted(monkeypatch):
    """Return what counts the bytes that are unpacked while a workbook is read."""
    seen = []
    portions = workbook_parts.Parts._portions

    def counting(self, name):
        for portion in portions(self, name):
            seen.append((name, len(portion)))
            yield portion

    monkeypatch.setattr(workbook_parts.Parts, "_portions", counting)
    return lambda: sum(size for _, size in seen)


class TestReadingIsBounded:
    def test_by_the_bytes_that_are_really_unpacked(self, counted):
        parts = parts_of(sheet(balanced() + " " * 3_000_000))

        reading = read_book(packed(parts), limits=Limits(max_unzipped_bytes=1_000_000))

        assert codes(reading) == ["unzipped_too_large"]
        assert counted() < 1_200_000

    def test_by_how_many_times_larger_than_packed_a_part_is(self, counted):
        parts = parts_of(sheet(balanced() + " " * 20_000_000))

        assert codes(read_book(packed(parts))) == ["unzipped_too_large"]
        assert counted() < 1_000_000

    @pytest.mark.parametrize("declared", [10, 500])
    def test_when_a_part_declares_less_than_it_holds(self, counted, declared):
        parts = parts_of(sheet(balanced() + " " * 20_000_000))
        content = declaring(packed(parts), "xl/worksheets/sheet1.xml", unpacked=declared)

        assert codes(read_book(content)) == ["workbook_unreadable"]
        assert counted() < 1_000_000

    def test_and_does_not_unpack_what_is_not_needed(self, counted):
        parts = parts_of(sheet(balanced())) | {
            "xl/media/image1.bin": "0" * 30_000_000,
            "xl/embeddings/inner.xlsx": workbook_of(sheet(" " * 30_000_000)),
            "xl/comments1.xml": "<comments>" + "<c/>" * 2_000_000 + "</comments>",
        }

        reading = read_book(packed(parts), limits=Limits(max_unzipped_bytes=1_000_000))

        assert reading.ok
        assert counted() < 1_000_000

    @pytest.mark.parametrize(
        "rows",
        [
            "<row/>" * 400_000,
            '<row r="2">' + "<c/>" * 400_000 + "</row>",
            balanced() + '<row><c r="A4" s="1"/></row>' * 200_000,
        ],
    )
    def test_by_the_cells_and_rows_that_are_met(self, rows):
        limits = Limits(max_rows=10, max_columns=100_000)

        assert codes(read_book(workbook_of(sheet(rows)), limits=limits)) == ["too_many_cells"]

    def test_by_columns(self):
        row = "".join(f'<c r="{name}2"><v>1</v></c>' for name in ("A", "B", "XFD"))

        found = read_book(workbook_of(sheet(f'<row r="2">{row}</row>'))).problems[0]

        assert (found.code, found.line, found.value) == ("too_many_columns", 2, "16384")

    def test_and_blank_columns_up_to_the_last_do_no_harm(self):
        wide = "".join(f"<c s='1'/>" for _ in range(16_384))  # noqa: F541
        rows = balanced() + f'<row r="4">{wide}</row>'

        assert read_book(workbook_of(sheet(rows))).ok

    def test_by_shared_strings(self, monkeypatch):
        monkeypatch.setattr(workbook, "MOST_CHARACTERS", 1_000)
        strings = "<sst>" + f"<si><t>{'x' * 100}</t></si>" * 11 + "</sst>"

        content = workbook_of(sheet(balanced()), strings=strings)

        assert codes(read_book(content)) == ["too_many_texts"]

    def test_by_the_number_of_shared_strings(self, monkeypatch):
        monkeypatch.setattr(workbook, "MOST_STRINGS", 1_000)
        strings = "<sst>" + "<si/>" * 1_001 + "</sst>"

        content = workbook_of(sheet(balanced()), strings=strings)

        assert codes(read_book(content)) == ["too_many_texts"]

    @pytest.mark.parametrize(
        "styles",
        [
            "<cellXfs>" + '<xf numFmtId="14"/>' * 100_001 + "</cellXfs>",
            "".join(f'<numFmt numFmtId="{n}" formatCode="d"/>' for n in range(100_001)),
        ],
    )
    def test_by_styles(self, styles):
        content = workbook_of(sheet(balanced()), styles=f"<styleSheet>{styles}</styleSheet>")

        assert codes(read_book(content)) == ["too_many_styles"]

    def test_by_one_long_text(self):
        rows = balanced() + booking(4, "7010", f"<v>{'1' * 200_000}</v>", debit=True)

        assert codes(read_book(workbook_of(sheet(rows)))) == ["too_many_texts"]

    @pytest.mark.parametrize("deep", ["<a>" * 5_000 + "</a>" * 5_000, "<a>" * 50_000])
    def test_by_depth(self, deep):
        content = workbook_of(sheet(balanced() + deep))

        assert codes(read_book(content)) == ["workbook_unreadable"]

    def test_by_one_long_tag(self):
        noise = zlib.compress(b"x" * 10).hex() * 60_000
        long_tag = f"<a b='{noise}'/>"

        content = packed(parts_of(sheet(balanced(), after=long_tag)))

        assert codes(read_book(content))[0] in ("workbook_unreadable", "unzipped_too_large")

    def test_by_the_number_of_parts(self):
        parts = parts_of(sheet(balanced())) | {f"x/{n}.bin": "" for n in range(2_001)}

        assert codes(read_book(packed(parts))) == ["too_many_parts"]

    def test_by_a_long_beginning_of_a_part(self, counted):
        parts = parts_of(sheet(balanced())) | {"xl/evil.xml": "\n" * 9_000_000 + "<a/>"}

        assert codes(read_book(packed(parts))) == ["workbook_unreadable"]
        assert counted() < 2_000_000

    def test_when_columns_are_proposed_too(self):
        content = workbook_of(sheet("<row/>" * 400_000))

        suggestion = suggest_settings(io.BytesIO(content), limits=Limits(max_rows=10))

        assert [found.code for found in suggestion.problems] == ["too_many_cells"]
