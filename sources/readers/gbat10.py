"""
GBAT10 (Mamut, also written for Tripletex): a text table without headings, fields by place.

Fields are counted from 1 with the word GBAT10 as the first, as a spreadsheet counts them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sources.readers.amounts import to_decimal
from sources.readers.cells import Row
from sources.readers.fixed_amounts import FixedAmounts
from sources.readers.periods import date_from_text, period_of
from sources.readers.problems import ProblemLog, Refused
from sources.readers.settings import (
    GBAT10,
    NO_HEADINGS,
    SIGNED,
    YEAR_AND_MONTH,
    YMD,
    SourceSettings,
)

SETTINGS = SourceSettings(
    format=GBAT10,
    separator=";",
    decimal_mark=".",
    date_format=YMD,
    sign_rule=SIGNED,
    period_rule=YEAR_AND_MONTH,
    header_row=NO_HEADINGS,
    columns={
        "date": "#3",
        "month": "#5",
        "year": "#6",
        "account": "#7",
        "amount": "#9",
        "text": "#21",
        "cost_unit": "#24",
        "cost_centre": "#25",
    },
)
"""Project is read as cost unit and department as cost centre; 0 is none of them."""

NAMES: Mapping[str, str] = {
    "date": "date (field 3)",
    "month": "period (field 5)",
    "year": "year (field 6)",
    "account": "account (field 7)",
    "amount": "net amount (field 9)",
    "text": "text (field 21)",
    "cost_unit": "project (field 24)",
    "cost_centre": "department (field 25)",
}
"""What a problem calls the fields."""
_GROSS_NAME = "gross amount (field 28)"

_TAG = "GBAT10"
_DATE, _MONTH, _YEAR, _VAT_CODE, _NET, _CUSTOMER, _SUPPLIER = 2, 4, 5, 7, 8, 9, 10
_PROJECT, _DEPARTMENT, _GROSS = 23, 24, 27
_WIDTH = 30
_NONE = ("", "0")
_OTHER_MARKS = ("\t", ",", "|")


def settings_for(settings: SourceSettings) -> SourceSettings:
    """Return the settings of the format with the encoding and currency of the source."""
    return replace(SETTINGS, encoding=settings.encoding, currency=settings.currency)


class Gbat10Rows:
    """Brings the rows into the shape that `TableReader` reads, and says what that leaves out."""

    def __init__(self, log: ProblemLog) -> None:
        self._log = log
        self.left_out = 0
        self.amounts = FixedAmounts(log)
        self._width = 0
        self._vat: tuple[int, str] | None = None
        self._vat_rows = self._subledger_rows = self._first_subledger = 0

    def prepared(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Return the rows, each as wide as the format; those with a fault are noted."""
        for number, given in rows:
            cells = [str(cell).strip() for cell in given]
            if not any(cells):
                continue
            if len(cells) == 1 and cells[0].startswith(_TAG) and cells[0][6:7] in _OTHER_MARKS:
                self._log.add("gbat10_separator", line=number, value=cells[0][6])
                raise Refused
            if cells[0] != _TAG:
                self._log.add("row_not_gbat10", line=number, value=cells[0][:20])
                self.left_out += 1
                continue
            self._width = self._width or len(cells)
            if len(cells) != self._width or any(cells[_WIDTH:]):
                self._log.add(
                    "row_width_differs",
                    line=number,
                    value=len(cells),
                    expected_fields=min(self._width, _WIDTH),
                )
                self.left_out += 1
                continue
            cells += [""] * (_WIDTH - len(cells))
            self._choose_amount(number, cells)
            self._choose_period(cells)
            for place in (_PROJECT, _DEPARTMENT):
                if cells[place] == "0":
                    cells[place] = ""
            yield number, cells

    def finish(self) -> None:
        """Note what only the whole file tells."""
        self.amounts.finish(column=NAMES["amount"])
        if self._vat:
            line, code = self._vat
            self._log.add(
                "vat_code_left_out",
                line=line,
                column="VAT code (field 8)",
                value=code,
                count=self._vat_rows,
            )
        if self._subledger_rows:
            self._log.add(
                "subledger_left_out", line=self._first_subledger, count=self._subledger_rows
            )

    def _choose_amount(self, number: int, cells: list[str]) -> None:
        """Take the gross amount where only that is given; two that differ are refused."""
        net, gross, vat_code = cells[_NET], cells[_GROSS], cells[_VAT_CODE]
        if vat_code not in _NONE:
            self._vat = self._vat or (number, vat_code)
            self._vat_rows += 1
        if any(cells[place] not in _NONE for place in (_CUSTOMER, _SUPPLIER)):
            self._first_subledger = self._first_subledger or number
            self._subledger_rows += 1
        if not net and gross and vat_code not in _NONE:
            self._log.add(
                "gross_with_vat",
                line=number,
                column=NAMES["amount"],
                value=gross,
                vat_code=vat_code,
            )
        elif not net:
            cells[_NET] = gross
        elif gross and gross != net:
            self._compare(number, net, gross)

    def _compare(self, number: int, net: str, gross: str) -> None:
        quiet = FixedAmounts(ProblemLog(fixed_fields=True))
        net_minor = quiet.read(number, net, column="")
        gross_minor = self.amounts.read(number, gross, column=_GROSS_NAME)
        if net_minor is not None and gross_minor is not None and net_minor != gross_minor:
            self._log.add(
                "amounts_differ",
                line=number,
                column=NAMES["amount"],
                value=to_decimal(net_minor),
                gross=to_decimal(gross_minor),
            )

    @staticmethod
    def _choose_period(cells: list[str]) -> None:
        """Take the period from the date where the row names neither period nor year."""
        if cells[_MONTH] in _NONE and cells[_YEAR] in _NONE:
            try:
                day = date_from_text(cells[_DATE], date_format=YMD)
            except ValueError:
                return  # the date is read again, and named there
            cells[_YEAR], cells[_MONTH] = period_of(day).split("-")
