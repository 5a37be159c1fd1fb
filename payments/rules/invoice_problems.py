"""What can be wrong with a file of invoices, in words that name file, line, field and value."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.words import gettext_noop as _

WORDS: Mapping[str, str] = {
    "empty": _("{file} contains no rows."),
    "not_text": _("{file} is not a text file in UTF-8 or Windows-1252 (byte {value})."),
    "no_headings": _("{file}, line {line}: no heading names a column for {field}. Found: {value}."),
    "column_twice": _("{file}, line {line}: two columns are named {field}: {value}."),
    "row_unreadable": _("{file}, line {line}: the line cannot be split into fields: {value}."),
    "too_many_fields": _("{file}, line {line}: a field without a heading contains {value}."),
    "too_many_rows": _("{file} has more than {value} lines."),
    "missing": _("{file}, line {line}: {field} is empty."),
    "too_long": _("{file}, line {line}: {field} is too long: {value}."),
    "date": _("{file}, line {line}: {field} is {value}, which is not a date such as 2026-08-31."),
    "date_two_ways": _(
        "{file}, line {line}: {field} is {value}, which can be read in two ways; "
        "write it as 2026-08-31."
    ),
    "date_out_of_range": _(
        "{file}, line {line}: {field} is {value}, which lies outside the years 1990 to 2099."
    ),
    "amount": _(
        "{file}, line {line}: {field} is {value}, which is not an amount with two decimals."
    ),
    "amount_too_large": _(
        "{file}, line {line}: {field} is {value}, which has more than 11 digits before the "
        "decimal mark."
    ),
    "sum_too_large": _(
        "{file}: the amounts add up to {value}, which has more than 13 digits before the "
        "decimal mark."
    ),
    "not_printable": _(
        "{file}, line {line}: {field} contains the character {value}, which is not text."
    ),
    "amount_two_ways": _(
        "{file}, line {line}: {field} is {value}, which can be read in two ways; "
        "write it with two decimals."
    ),
    "zero": _("{file}, line {line}: {field} is zero."),
    "currency": _("{file}, line {line}: {field} is {value}, which is not a currency code."),
    "kid": _("{file}, line {line}: {field} is {value}, whose check digit is wrong."),
    "rf": _(
        "{file}, line {line}: {field} is {value}, an RF reference (ISO 11649) whose check digits "
        "are wrong."
    ),
    "rf_left_out": _(
        "{file}, line {line}: {field} is {value}, an RF reference (ISO 11649) and not a KID. "
        "The invoice is stored without a KID; its payments are found by invoice number."
    ),
    "kind": _("{file}, line {line}: {field} is {value}, neither invoice nor credit note."),
    "sign": _("{file}, line {line}: {field} is {value}, but the line says that it is an invoice."),
    "due_before": _("{file}, line {line}: {field} is {value}, before the invoice date."),
    "twice": _("{file}, line {line}: {field} {value} also appears in an earlier line."),
}
"""What each problem says; `FileProblem` has the values for the braces."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing in the file that cannot be read, and where."""

    code: str
    file: str
    line: int
    field: str = ""
    value: str = ""

    @property
    def words(self) -> str:
        """Return the sentence, to be translated and then filled with `params`."""
        return WORDS[self.code]

    @property
    def params(self) -> dict[str, str]:
        """Return what fills the braces of the sentence."""
        return {
            "file": self.file,
            "line": str(self.line),
            "field": self.field,
            "value": self.value,
        }
