"""How the files of one source are to be read: confirmed once by a person, then remembered."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

SIE, CSV, XLSX, GBAT10 = "sie", "csv", "xlsx", "gbat10"
FORMATS = (SIE, CSV, XLSX, GBAT10)

DEBIT_CREDIT = "debit_credit"
DEBIT_CREDIT_NEGATIVE = "debit_credit_negative"
SIGNED = "signed"
SIGNED_CREDIT_POSITIVE = "signed_credit_positive"
SIGN_COLUMN = "sign_column"
SIGN_RULES = (DEBIT_CREDIT, DEBIT_CREDIT_NEGATIVE, SIGNED, SIGNED_CREDIT_POSITIVE, SIGN_COLUMN)

PERIOD_COLUMN = "column"
PERIOD_FROM_DATE = "from_date"
YEAR_AND_MONTH = "year_and_month_columns"
PERIOD_RULES = (PERIOD_COLUMN, PERIOD_FROM_DATE, YEAR_AND_MONTH)

YMD, DMY, MDY = "ymd", "dmy", "mdy"
DATE_FORMATS = (YMD, DMY, MDY)

SEPARATORS = (";", ",", "\t", "|")
DECIMAL_MARKS = (",", ".")
ENCODINGS = ("utf-8", "cp437", "cp865", "cp850", "cp1252", "utf-16")
"""Offered as a manual choice; empty means by the file itself."""

EMPLOYEE_DIMENSION = "7"
FIND_HEADINGS, NO_HEADINGS = 0, -1

FIELDS = (
    "account",
    "account_name",
    "cost_centre",
    "cost_unit",
    "amount",
    "debit",
    "credit",
    "side",
    "date",
    "period",
    "year",
    "month",
    "text",
    "text2",
    "currency",
    "company",
    "company_name",
    "run",
)
"""What a column can hold for us. A column that is mapped to none of these is not read."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """
    How to read the files of one source. Nothing in here is guessed when a file is read.

    :param encoding: empty = decided by the file, see `encoding.find_encoding`
    :param cost_centre_dimension: SIE number of the dimension that is the cost centre; may be
        empty. 7 (employee) is never allowed
    :param run_pattern: where the run stands in a voucher text, e.g. ``Payroll {run} of``;
        empty = the usual words
    :param columns: field -> heading, or ``#3`` for the third column where there are no headings
    :param header_row: row of the headings; 0 = found by the headings, -1 = there are none
    :param currency: the only currency accepted; empty = the one the file names
    """

    format: str = ""
    encoding: str = ""
    cost_centre_dimension: str = "1"
    cost_unit_dimension: str = "2"
    run_pattern: str = ""
    separator: str = ""
    decimal_mark: str = ","
    date_format: str = YMD
    sign_rule: str = DEBIT_CREDIT
    period_rule: str = PERIOD_FROM_DATE
    columns: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""
    header_row: int = FIND_HEADINGS
    currency: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self) | {"columns": dict(self.columns)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the settings of `to_json`; names that are not known any more are left out."""
        known = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})

    def faults(self) -> list[str]:
        """Return the names of the settings whose value is not possible."""
        checks = {
            "format": self.format in FORMATS,
            "encoding": self.encoding in ("", *ENCODINGS),
            "cost_centre_dimension": self.cost_centre_dimension != EMPLOYEE_DIMENSION,
            "cost_unit_dimension": self.cost_unit_dimension != EMPLOYEE_DIMENSION,
            "run_pattern": _run_pattern_is_good(self.run_pattern),
            "separator": self.separator in ("", *SEPARATORS),
            "decimal_mark": self.decimal_mark in DECIMAL_MARKS,
            "date_format": self.date_format in DATE_FORMATS,
            "sign_rule": self.sign_rule in SIGN_RULES,
            "period_rule": self.period_rule in PERIOD_RULES,
            "columns": set(self.columns) <= set(FIELDS),
            "header_row": self.header_row >= NO_HEADINGS,
        }
        return [name for name, good in checks.items() if not good]


def _run_pattern_is_good(pattern: str) -> bool:
    return not pattern or (pattern.count("{run}") == 1 and len(pattern) <= 100)
