"""
What can be wrong with a file, each with a stable code, the user's words and a remedy.

`PROBLEMS` is the one catalogue; the documentation is generated from it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.bounds import as_text
from connectors.words import SUMS, texts_of
from connectors.words import gettext_noop as _
from sources.readers.people import MASK, without_personal_numbers

ERROR, WARNING, INFO = "error", "warning", "info"
_ASKS = "asks"
SHOWN = 500
_VALUE_LENGTH = 80
FIXED = "fixed"
_QUOTES_A_CELL = frozenset(
    [
        "account_unreadable", "amount_unreadable", "amount_too_precise", "amount_too_large",
        "side_unreadable", "date_unreadable", "period_unreadable", "code_too_long",
        "currency_differs", "several_companies", "several_runs", "several_currencies",
    ]
)  # fmt: skip
_FIGURES = re.compile(r"[-+0-9., ()/:\u00a0\u2212]{0,80}")
_NAMES_THE_COMPANY = ("company_unknown", "company_differs")
"""Problems about an organisation number, which for a sole trader is a personal number."""


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One line of the catalogue. The texts are templates, filled after translation."""

    code: str
    severity: str
    message: str
    expected: str
    remedy: str
    needs_confirmation: bool = False
    remedy_fixed: str = ""
    """What to do where the format fixes its fields (SIE, GBAT10) and there is no column map."""


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Something about a file, said so that a person can find the place and mend it.

    :param line: line of the text file or row of the sheet; None if it is about the whole file
    :param column: name of the field or heading
    :param value: what stands there, cut to 80 characters
    :param message: template; fill with ``message.format(**params)`` after translation
    :param params: always holds line, column and value, besides what the message names, and which
        of them are sums of the hub's own (`connectors.words.SUMS`)
    """

    code: str
    severity: str
    line: int | None
    column: str
    value: str
    message: str
    expected: str
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def remedy(self) -> str:
        """Return the template of what to do about it, in the format that raised it."""
        kind = PROBLEMS[self.code]
        fixed = self.params.get("fields") == FIXED
        return kind.remedy_fixed if fixed and kind.remedy_fixed else kind.remedy

    @property
    def needs_confirmation(self) -> bool:
        """Say whether a person must confirm before the file is imported all the same."""
        return PROBLEMS[self.code].needs_confirmation

    @property
    def text(self) -> str:
        """Return the message in English, filled in."""
        return self.message.format(**self.params)

    def to_json(self) -> dict[str, Any]:
        """Return what must be stored to show the problem later, in any language."""
        return {
            "code": self.code,
            "severity": self.severity,
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "params": dict(self.params),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Problem":
        """Return the problem of `to_json`; the words are those of today's catalogue."""
        kind = PROBLEMS[stored["code"]]
        return cls(
            code=kind.code,
            severity=stored["severity"],
            line=stored["line"],
            column=stored["column"],
            value=stored["value"],
            message=kind.message,
            expected=kind.expected,
            params=stored["params"],
        )


def problem(
    code: str, *, line: int | None = None, column: str = "", value: object = "", **params: object
) -> Problem:
    """Return a problem of the catalogue; personal numbers in what it quotes are masked."""
    kind = PROBLEMS[code]
    shown = as_text(str(value))
    sums = texts_of({"value": value} | params).get(SUMS)
    texts = {name: as_text(str(param)) for name, param in params.items()}
    column = as_text(column)
    if code not in _NAMES_THE_COMPANY:
        shown = without_personal_numbers(shown)
        texts = {name: without_personal_numbers(text) for name, text in texts.items()}
        column = without_personal_numbers(column)
    if len(shown) > _VALUE_LENGTH:
        shown = shown[: _VALUE_LENGTH - 1] + "…"
    return Problem(
        code=code,
        severity=kind.severity,
        line=line,
        column=column,
        value=shown,
        message=kind.message,
        expected=kind.expected,
        params={"line": "" if line is None else str(line), "column": column, "value": shown}
        | texts
        | ({SUMS: sums} if sums else {}),
    )


class ProblemLog:
    """
    Collects problems: keeps 500 of each severity, counts all.

    :param fixed_fields: the format says where each field stands, so there is no column map
    """

    def __init__(self, *, fixed_fields: bool = False) -> None:
        self.counts = {ERROR: 0, WARNING: 0, INFO: 0}
        self._kept: dict[str, list[Problem]] = {ERROR: [], _ASKS: [], WARNING: [], INFO: []}
        self._about: dict[str, str] = {"fields": FIXED} if fixed_fields else {}
        self.names_people = False
        """A column of the file names people: in a row that is shifted they stand elsewhere."""

    def add(
        self,
        code: str,
        *,
        line: int | None = None,
        column: str = "",
        value: object = "",
        **params: object,
    ) -> None:
        """Note a problem of the catalogue."""
        kind = PROBLEMS[code]
        self.counts[kind.severity] += 1
        # A question to a person is never crowded out by warnings.
        kept = self._kept[_ASKS if kind.needs_confirmation else kind.severity]
        if len(kept) < SHOWN:
            params |= self._about
            if self.names_people and code in _QUOTES_A_CELL and not _FIGURES.fullmatch(str(value)):
                value = MASK
            kept.append(problem(code, line=line, column=column, value=value, **params))

    def shown(self) -> tuple[Problem, ...]:
        """Return at most 500 problems: errors, then what is asked, then the rest."""
        return tuple([found for kept in self._kept.values() for found in kept][:SHOWN])


class Refused(Exception):
    """The file cannot be read any further; its problem stands in the log already."""


def _catalogue(*kinds: ProblemKind) -> dict[str, ProblemKind]:
    catalogue = {kind.code: kind for kind in kinds}
    if len(catalogue) != len(kinds):
        raise ValueError("a problem code stands twice in the catalogue")
    return catalogue


def _error(
    code: str, message: str, expected: str, remedy: str, *, remedy_fixed: str = ""
) -> ProblemKind:
    return ProblemKind(code, ERROR, message, expected, remedy, remedy_fixed=remedy_fixed)


def _warning(
    code: str, message: str, expected: str, remedy: str, *, needs_confirmation: bool = False
) -> ProblemKind:
    return ProblemKind(code, WARNING, message, expected, remedy, needs_confirmation)


def _info(code: str, message: str) -> ProblemKind:
    return ProblemKind(code, INFO, message, "", _("No action needed."))


_EXPORT_AGAIN = _("Export the file from payroll again and import that one.")
_EXPORT_FORMAT = _("In payroll, export the journal as SIE 4, CSV or XLSX and import that file.")
_CORRECT_FILE = _("Correct it in payroll, export the file again and import that one.")
_COLUMN_MAP = _(
    "Choose another column or rule for this source. If they are right, correct the value in "
    "payroll, export the file again and import that one."
)
_ONLY_THE_SHEET = _("Save it with only the journal's sheet, or export CSV instead.")
_CHOICE = _(
    "Export the file in the same way as the earlier ones; if the choice is wrong, change it "
    "under “How files are read” of the company."
)
_SPLIT_FILE = _("Export a separate file for each and import them one by one.")

PROBLEMS: dict[str, ProblemKind] = _catalogue(
    # The file as a whole
    _error("file_empty", _("The file is empty."), _("a journal"), _EXPORT_AGAIN),
    _error(
        "file_too_large",
        _("The file has {value} bytes; the limit is {limit}."),
        _("at most the limit of the hub"),
        _("Export fewer months or companies at a time, or ask the operator to raise the limit."),
    ),
    _error(
        "too_many_rows",
        _("The file has more than {limit} booking rows."),
        _("at most the limit of the hub"),
        _("Export fewer months or companies at a time, or ask the operator to raise the limit."),
    ),
    _error(
        "too_many_columns",
        _("Row {line} has {value} columns; the limit is {limit}."),
        _("at most the limit of the hub"),
        _("Remove the columns that are not needed, or ask the operator to raise the limit."),
    ),
    _error(
        "unzipped_too_large",
        _("The workbook unpacks to {value} bytes; the limit is {limit}."),
        _("at most the limit of the hub"),
        _ONLY_THE_SHEET,
    ),
    _error(
        "line_too_long",
        _("Line {line} is longer than a line of a journal can be."),
        _("a text file with one row per line"),
        _EXPORT_AGAIN,
    ),
    _error(
        "not_text",
        _(
            "The file is not readable: line {line} contains the control character {value}, "
            "which does not belong in text."
        ),
        _("a text file"),
        _("The file was damaged on its way. Export it from payroll again and import that one."),
    ),
    _error(
        "cut_off",
        _("The file is cut off: the checksum that it opens in line {line} is never closed."),
        _("a second #KSUMMA at the end of the file"),
        _("The end of the file is missing. Export it from payroll again and import that one."),
    ),
    _error(
        "encoding_wrong",
        _("Line {line} cannot be read as {encoding}."),
        _("text in the chosen encoding"),
        _(
            "Import the file again and choose another encoding there, or leave the choice to the "
            "hub."
        ),
    ),
    _error(
        "format_unknown",
        _("The hub does not recognise what kind of file this is."),
        _("SIE 4, CSV, XLSX or GBAT10"),
        _EXPORT_FORMAT,
    ),
    _error(
        "wrong_format",
        _("The source is set to {expected_format}, but this file is {found_format}."),
        _("the format of the source"),
        _("Choose the right file, or another source for this one."),
    ),
    _error(
        "html_page",
        _("This is a web page, not a journal: the download brought an error or sign-in page."),
        _("SIE 4, CSV or XLSX"),
        _("Sign in to payroll again and download the file once more."),
    ),
    _error(
        "sie5_not_supported",
        _("This is a SIE 5 file, which is another format than SIE 4."),
        _("SIE 4"),
        _EXPORT_FORMAT,
    ),
    _error(
        "paxml_not_supported",
        _("This is a PAXml file: it carries time and pay into payroll and holds no journal."),
        _("SIE 4, CSV or XLSX"),
        _EXPORT_FORMAT,
    ),
    _error("xml_not_supported", _("This is an XML file."), _("SIE 4, CSV or XLSX"), _EXPORT_FORMAT),
    _error("pdf_not_supported", _("This is a PDF file."), _("SIE 4, CSV or XLSX"), _EXPORT_FORMAT),
    _error(
        "old_excel",
        _("This is an old Excel file (.xls), or a workbook with a password."),
        _("a workbook in the format .xlsx without a password"),
        _("Open it, save it as .xlsx without a password, and import that file."),
    ),
    _error(
        "workbook_unreadable",
        _("The workbook cannot be opened: it is damaged or not a workbook."),
        _("a workbook in the format .xlsx"),
        _EXPORT_AGAIN,
    ),
    _error(
        "workbook_unsafe",
        _("The workbook contains a document type declaration, which a genuine workbook never has."),
        _("a workbook as exported from payroll"),
        _EXPORT_AGAIN,
    ),
    _error(
        "too_many_cells",
        _("The workbook contains more than {limit} cells."),
        _("at most the limit of the hub"),
        _ONLY_THE_SHEET,
    ),
    _error(
        "too_many_texts",
        _("The texts of the workbook have more than {limit} characters."),
        _("at most the limit of the hub"),
        _ONLY_THE_SHEET,
    ),
    _error(
        "too_many_styles",
        _("The workbook has more than {limit} cell formats."),
        _("at most the limit of the hub"),
        _ONLY_THE_SHEET,
    ),
    _error(
        "too_many_parts",
        _("The workbook consists of more than {limit} parts."),
        _("at most the limit of the hub"),
        _ONLY_THE_SHEET,
    ),
    _error(
        "file_unreadable",
        _(
            "The file could not be read: it contains something that the hub does not recognise "
            "({value})."
        ),
        _("a file as exported from payroll"),
        _(
            "Export it from payroll again. If that does not help, give the request ID above to "
            "the operator of the hub: the log shows what was found."
        ),
    ),
    _error(
        "settings_impossible",
        _("The settings of this source are invalid: {value}."),
        _("settings that the hub knows"),
        _COLUMN_MAP,
        remedy_fixed=_CORRECT_FILE,
    ),
    _error(
        "no_lines",
        _("The file contains no rows to book."),
        _("at least two rows"),
        _("Check that the run is final in payroll, then export it again."),
    ),
    # SIE
    _error(
        "not_sie",
        _("This is not a SIE file: none of its first lines has a label of SIE."),
        _("#FLAGGA or another label of SIE 4 in the first lines"),
        _EXPORT_AGAIN,
    ),
    _error(
        "sie_full_export",
        _("Line {line} contains {value}: this is an export of the whole bookkeeping (SIE 4E)."),
        _("a file with vouchers only (SIE 4I)"),
        _("In payroll, export the journal of the run, not the bookkeeping."),
    ),
    _error(
        "sie_without_vouchers",
        _("Line {line} says that the file is SIE type {value}, which contains no vouchers."),
        _("SIE type 4"),
        _("In payroll, export the journal as SIE type 4."),
    ),
    _error(
        "quote_not_closed",
        _("Line {line} opens a quoted text and does not close it."),
        _("a closing quote"),
        _CORRECT_FILE,
    ),
    _error(
        "object_list_not_closed",
        _("Line {line} opens an object list and does not close it."),
        _("a closing brace"),
        _CORRECT_FILE,
    ),
    _error(
        "object_count_odd",
        _("Line {line}: the object list {value} does not hold pairs."),
        _('pairs of dimension and code, such as 1 "0100"'),
        _CORRECT_FILE,
    ),
    _error(
        "dimension_unreadable",
        _("Line {line}: {value} in the object list is not the number of a dimension."),
        _('pairs of dimension and code, such as 1 "0100"'),
        _CORRECT_FILE,
    ),
    _error(
        "object_twice",
        _("Line {line}: the object list {value} names dimension {dimension} twice."),
        _("each dimension once"),
        _CORRECT_FILE,
    ),
    _error(
        "field_missing",
        _("Line {line}: {value} has no {column}."),
        _("a complete row"),
        _CORRECT_FILE,
    ),
    _error(
        "voucher_not_closed",
        _("The voucher in line {line} is never closed: the file is cut off or damaged."),
        _("a closing brace after the voucher's rows"),
        _EXPORT_AGAIN,
    ),
    _error(
        "brace_unexpected",
        _("Line {line}: a brace appears where no voucher begins or ends."),
        _("braces around the rows of a voucher only"),
        _CORRECT_FILE,
    ),
    _error(
        "row_outside_voucher",
        _("Line {line}: a booking row is outside any voucher."),
        _("rows between the braces of a voucher"),
        _CORRECT_FILE,
    ),
    _error(
        "line_not_understood",
        _("Line {line} inside a voucher is not a booking row: {value}"),
        _("a line that begins with a label"),
        _CORRECT_FILE,
    ),
    _warning(
        "line_ignored",
        _("Line {line} has no label and was left out: {value}"),
        _("a line that begins with a label"),
        _("If it contains nothing to book, confirm. Otherwise correct the file in payroll."),
        needs_confirmation=True,
    ),
    _warning(
        "label_unknown",
        _("Line {line} inside a voucher has the label {column}, which SIE does not know: {value}"),
        _("#TRANS, #RTRANS or #BTRANS inside a voucher"),
        _("If it contains nothing to book, confirm. Otherwise correct the file in payroll."),
        needs_confirmation=True,
    ),
    _info(
        "labels_ignored",
        _("{count} lines with labels that SIE does not know were left out: {value}"),
    ),
    _warning(
        "record_unreadable",
        _("Line {line}: {column} cannot be read and was left out: {value}"),
        _("a complete record with its quotes closed"),
        _("No action needed: nothing is booked from it."),
    ),
    _warning(
        "added_row_not_repeated",
        _("Line {line}: the added row (#RTRANS) is not repeated as #TRANS and is not booked."),
        _("after each #RTRANS a #TRANS with the same account and amount"),
        _("Check in payroll whether the row belongs to the journal. Confirm only if it does not."),
        needs_confirmation=True,
    ),
    _warning(
        "already_read",
        _("The file says that another program has already read it (#FLAGGA 1)."),
        _("a file that was not read before"),
        _("Check that the journal is not booked yet, then confirm."),
        needs_confirmation=True,
    ),
    _warning(
        "checksum_differs",
        _("The checksum in line {line} is {value}, but the content gives {computed}."),
        _("the checksum of the content"),
        _("The file was changed after payroll wrote it. Check the totals, or export it again."),
        needs_confirmation=True,
    ),
    _warning(
        "decimal_comma",
        _("Line {line}: the amount {value} has a decimal comma; it was read as a decimal point."),
        _("a decimal point"),
        _("No action needed if the totals are right."),
    ),
    _warning(
        "object_list_missing",
        _("Line {line} has no object list; the row was read without dimensions."),
        _("an object list after the account, empty if there are no objects"),
        _("No action needed if the row has no cost centre."),
    ),
    _warning(
        "row_date_other_month",
        _(
            "Line {line}: the row is dated {value}, its voucher {voucher_date}; the voucher "
            "date applies."
        ),
        _("a row in the month of its voucher"),
        _("Check that the row belongs to the voucher's period."),
    ),
    _warning(
        "date_outside_year",
        _("Line {line}: the date {value} lies outside the financial years of the file."),
        _("a date within #RAR"),
        _("Check the date in payroll."),
    ),
    _warning(
        "voucher_unbalanced",
        _(
            "The voucher in line {line} ({voucher}) is out of balance by {difference}, but its "
            "period balances."
        ),
        _("a voucher whose rows add up to zero"),
        _("No action needed if the period's total is right: batches are made per period."),
    ),
    _info("voucher_empty", _("The voucher in line {line} has no rows.")),
    _info(
        "rows_not_booked",
        _("{count} rows (#RTRANS, #BTRANS) record earlier changes and are never booked."),
    ),
    _info("employee_left_out", _("Employees named in the rows were left out.")),
    _warning(
        "dimension_left_out",
        _("Dimension {value} ({name}) is used in the rows but is neither cost centre nor unit."),
        _("the dimensions chosen for this company's SIE files"),
        _(
            "If it should be posted, choose it as cost centre or cost unit under “How files "
            "are read” of the company, then import the file again."
        ),
    ),
    # Fields of a row, in any format
    _error(
        "account_missing",
        _("Line {line} has an amount but no account."),
        _("an account"),
        _CORRECT_FILE,
    ),
    _error(
        "account_unreadable",
        _("Line {line}: {value} is not an account."),
        _("an account number"),
        _CORRECT_FILE,
    ),
    _error(
        "amount_missing",
        _("Line {line} has an account but no amount in {column}."),
        _("an amount"),
        _CORRECT_FILE,
    ),
    _error(
        "amount_unreadable",
        _("Line {line}: {value} in {column} is not an amount."),
        _("an amount with the decimal mark of the source"),
        _COLUMN_MAP,
        remedy_fixed=_CORRECT_FILE,
    ),
    _error(
        "amount_too_precise",
        _("Line {line}: {value} in {column} has more than two decimals."),
        _("at most two decimals"),
        _CORRECT_FILE,
    ),
    _error(
        "amount_too_large",
        _("Line {line}: {value} in {column} is too large."),
        _("at most 11 digits before the decimal mark"),
        _CORRECT_FILE,
    ),
    _error(
        "sum_too_large",
        _("The amounts add up to {value}, which has more than {figures} digits."),
        _("sums that every database keeps to the last decimal"),
        _CORRECT_FILE,
    ),
    _error(
        "amount_ambiguous",
        _("Line {line}: {value} in {column} can be read in two ways: {as_whole} or {as_decimal}."),
        _("a decimal point and at most two decimals"),
        _COLUMN_MAP,
        remedy_fixed=_(
            "In payroll, export amounts with a decimal point, two decimals and no thousands mark."
        ),
    ),
    _error(
        "amount_marks_mixed",
        _(
            "The file writes {mark} both between thousands ({thousands}, line {line}) and before "
            "decimals ({value}, line {decimal_line})."
        ),
        _("one decimal mark in the whole file, and amounts with two decimals or none"),
        _("In payroll, export amounts with a decimal point, two decimals and no thousands mark."),
    ),
    _error(
        "amount_has_blank",
        _("Line {line}: {value} has a blank as thousands mark."),
        _("an amount without a thousands mark"),
        _("In payroll, export amounts with a decimal point, two decimals and no thousands mark."),
    ),
    _warning(
        "thousands_mark",
        _("Line {line}: the amount {value} has a thousands mark; it was read as {read_as}."),
        _("an amount without a thousands mark"),
        _("No action needed if the totals are right."),
    ),
    _error(
        "amounts_differ",
        _("Line {line}: the net amount is {value}, the gross amount {gross}."),
        _("the same amount twice, or one of them: value added tax is not posted from payroll"),
        _CORRECT_FILE,
    ),
    _error(
        "gross_with_vat",
        _("Line {line} has a gross amount ({value}) with VAT code {vat_code} and no net amount."),
        _("a net amount: value added tax is not posted from payroll"),
        _CORRECT_FILE,
    ),
    _warning(
        "vat_code_left_out",
        _("{count} rows carry a VAT code, first line {line}: {value}. It was left out."),
        _("no VAT code in a payroll journal"),
        _("Confirm if the rows are to be posted without a VAT code."),
        needs_confirmation=True,
    ),
    _info(
        "subledger_left_out",
        _(
            "{count} rows name a customer or a supplier, first line {line}. "
            "Only the account is posted."
        ),
    ),
    _warning(
        "both_sides",
        _(
            "{count} rows have both a debit and a credit, first line {line}: {debit} and "
            "{credit}. Their difference was used."
        ),
        _("either a debit or a credit in a row"),
        _(
            "If payroll writes both on a row and the difference is right, confirm. The answer "
            "is remembered for this company and source."
        ),
        needs_confirmation=True,
    ),
    _error(
        "credits_negative",
        _(
            "All credits in {column} are negative, first line {line}: {value}. As written, the "
            "periods do not balance; with the sign reversed they do."
        ),
        _("positive credits, or the rule for negative credits"),
        _COLUMN_MAP,
    ),
    _error(
        "one_sided",
        _(
            "All amounts in {column} have the same sign, first line {line}: {value}. No period "
            "can then balance."
        ),
        _("positive and negative amounts, or a column that says debit or credit"),
        _COLUMN_MAP,
    ),
    _warning(
        "amount_rounded",
        _("Line {line}: {value} in {column} was rounded to two decimals."),
        _("at most two decimals"),
        _("No action needed if the totals are right."),
    ),
    _error(
        "side_unreadable",
        _("Line {line}: {value} in {column} is neither debit nor credit."),
        _("D or K, D or C, + or -, debit or credit"),
        _COLUMN_MAP,
        remedy_fixed=_CORRECT_FILE,
    ),
    _error("date_missing", _("Line {line} has no date."), _("a date"), _CORRECT_FILE),
    _error(
        "date_unreadable",
        _("Line {line}: {value} in {column} is not a date."),
        _("a date of the calendar, in the date format of the source"),
        _COLUMN_MAP,
        remedy_fixed=_CORRECT_FILE,
    ),
    _error(
        "date_out_of_range",
        _("Line {line}: {value} in {column} lies outside the years {first} to {last}."),
        _("a day on which payroll is booked"),
        _CORRECT_FILE,
    ),
    _error("period_missing", _("Line {line} has no period."), _("a period"), _CORRECT_FILE),
    _error(
        "period_unreadable",
        _("Line {line}: {value} in {column} is not a period."),
        _("a month of the calendar with its year, such as 2026-03"),
        _COLUMN_MAP,
        remedy_fixed=_CORRECT_FILE,
    ),
    _error(
        "marks_clash",
        _("Line {line}: {value} and, in line {other_line}, {other} use a mark in two ways."),
        _("one decimal mark in the whole file, and amounts with two decimals or none"),
        _CORRECT_FILE,
    ),
    _error(
        "dates_clash",
        _("Line {line}: {value} and, in line {other_line}, {other} are dates in different orders."),
        _("one order of day, month and year in the whole file"),
        _CORRECT_FILE,
    ),
    _error(
        "mark_contradicts",
        _("Line {line}: {value} cannot have the decimal mark {mark} that was chosen."),
        _("the decimal mark that was chosen for this company and source"),
        _CHOICE,
    ),
    _error(
        "date_contradicts",
        _("Line {line}: {value} is not a date in the order {order} that was chosen."),
        _("the order of dates that was chosen for this company and source"),
        _CHOICE,
    ),
    _error(
        "period_is_number",
        _("Line {line}: the period {value} is a number; 2026.1 may be January or October."),
        _("a period as text, such as 2026-10, or a date"),
        _("Let the column hold text or dates in payroll or in the workbook, then import it again."),
    ),
    _error(
        "date_is_number",
        _("Line {line}: {value} in {column} is the number that a spreadsheet stores for {day}."),
        _("a date as text, such as 2026-03-25, or a cell that is formatted as a date"),
        _("Format the column as a date in the spreadsheet, save the file and import it again."),
    ),
    _error(
        "code_is_date",
        _("Line {line}: the spreadsheet turned the content of {column} into the date {value}."),
        _("a code as text"),
        _(
            "Format the column as text in the spreadsheet, enter the code again, save the file "
            "and import it."
        ),
    ),
    _error(
        "code_too_long",
        _("Line {line}: {value} in {column} is longer than {limit} characters."),
        _("a code"),
        _COLUMN_MAP,
        remedy_fixed=_CORRECT_FILE,
    ),
    _warning(
        "code_is_number",
        _(
            "{column} contains numbers in {count} rows, first in row {line}: leading zeros are "
            "lost."
        ),
        _("codes stored as text, such as 0100"),
        _("If codes begin with zeros, format the column as text, or pad them in the mapping."),
    ),
    _warning(
        "account_was_number",
        _("{count} accounts look like {value} (first in line {line}); read as {account}."),
        _("an account number"),
        _("No action needed if the accounts are right."),
    ),
    _warning(
        "text_shortened",
        _("Line {line}: the text is longer than {limit} characters and was shortened."),
        _("a short text"),
        _("No action needed."),
    ),
    _info(
        "date_outside_period",
        _(
            "{count} rows are dated outside the period they name, first in line {line}: "
            "{value}. The period applies."
        ),
    ),
    _error(
        "currency_differs",
        _("Line {line}: the currency is {value}, but this source is in {currency}."),
        _("the currency of the source"),
        _("Export the journal in the currency of the company."),
    ),
    _error(
        "several_currencies",
        _("The file contains more than one currency: {value}."),
        _("one currency"),
        _SPLIT_FILE,
    ),
    _error(
        "several_companies",
        _("The file contains more than one company: {value}."),
        _("one company"),
        _SPLIT_FILE,
    ),
    _error(
        "several_runs",
        _("The file contains more than one payroll run: {value}."),
        _("one payroll run"),
        _SPLIT_FILE,
    ),
    # Tables
    _error(
        "missing_column",
        _("The column for {column} is missing. Headings found: {headings}."),
        _("a column with the account, the amount and the period or date of each row"),
        _COLUMN_MAP,
    ),
    _error(
        "column_twice",
        _("The heading {value} appears twice in row {line}."),
        _("each heading once"),
        _("Rename one of the two columns, or remove it."),
    ),
    _error(
        "employee_column",
        _("The column {value} contains personal data and cannot be used for {column}."),
        _("a column without personal data"),
        _COLUMN_MAP,
    ),
    _error(
        "sheet_missing",
        _("The workbook has no visible sheet {value}. Sheets found: {sheets}."),
        _("the sheet of the source"),
        _COLUMN_MAP,
    ),
    _warning(
        "sheet_not_read",
        _("The sheet {value} has the same headings as {read_sheet} and is not read."),
        _("one sheet with the rows of the run"),
        _(
            "If its rows belong to the run, put all rows in one sheet and import that file. "
            "If they do not, confirm."
        ),
        needs_confirmation=True,
    ),
    _warning(
        "hidden_rows_read",
        _(
            "{count} rows are hidden in the workbook, by a filter or by hand, first row {line}. "
            "They were read like the others."
        ),
        _("visible rows"),
        _("Confirm if they belong to the run. Otherwise remove them and import that file."),
        needs_confirmation=True,
    ),
    _warning(
        "headings_again",
        _(
            "The headings are repeated in {count} rows, first line {line}. The rows below them "
            "were read as part of the same journal."
        ),
        _("one table with the rows of one run"),
        _("Confirm if all rows belong to one run. Otherwise import each table as its own file."),
        needs_confirmation=True,
    ),
    _error(
        "headings_differ",
        _("Line {line} repeats the headings in another order than above."),
        _("one table with the rows of one run"),
        _("Put each table into its own file and import them one by one."),
    ),
    _error(
        "gbat10_separator",
        _("Line {line}: the fields of this GBAT10 file are not separated by semicolons."),
        _("a semicolon between fields"),
        _("Export the file from payroll again, with semicolons, and import that one."),
    ),
    _error(
        "formula_not_calculated",
        _("Line {line}: {column} contains a formula that was never calculated: {value}"),
        _("a value, or a formula that was calculated and saved"),
        _("Open the file in a spreadsheet, let it calculate, save it, and import that file."),
    ),
    _error(
        "cell_is_error",
        _("Line {line}: {column} contains the spreadsheet error {value}."),
        _("a value"),
        _CORRECT_FILE,
    ),
    _error(
        "row_unreadable",
        _("Line {line} cannot be split into fields: {detail}."),
        _("fields between separators, quotes closed"),
        _CORRECT_FILE,
    ),
    _error(
        "row_too_wide",
        _("Line {line} has {fields} fields under {headings} headings: {value} has no heading."),
        _("as many fields as headings"),
        _(
            "Often an amount with a decimal comma in a file with commas between columns. Export "
            "it with semicolons, or with quotes around the fields, and import that file."
        ),
    ),
    _error(
        "row_shifted",
        _("Line {line} has {value} fields under {headings} headings, one of which names people."),
        _("as many fields as headings"),
        _CORRECT_FILE,
    ),
    _warning(
        "row_too_narrow",
        _(
            "{count} rows have fewer fields than there are headings ({headings}), first line "
            "{line} with {value}: a separator may be missing in them."
        ),
        _("as many fields as headings"),
        _("Confirm if only empty fields at the end of the rows are missing."),
        needs_confirmation=True,
    ),
    _error(
        "row_width_differs",
        _("Line {line} has {value} fields, the first row has {expected_fields}."),
        _("the same number of fields in each row"),
        _("Look for a semicolon in a text, correct it in payroll and export the file again."),
    ),
    _error(
        "row_above_headings",
        _("Line {line} is above the headings and looks like a booking row: {value}"),
        _("all booking rows below the headings"),
        _("Move the headings above the first row, save the file and import it."),
    ),
    _error(
        "row_not_gbat10",
        _("Line {line} does not begin with GBAT10: {value}"),
        _("GBAT10 in the first field of each row"),
        _CORRECT_FILE,
    ),
    _info("total_row_left_out", _("Line {line} is a row of totals ({value}) and was left out.")),
    _warning(
        "total_row_differs",
        _(
            "Line {line} looks like a row of totals and was left out, but its amount {value} is "
            "not the total of the rows above it."
        ),
        _("an account in each row that is to be booked"),
        _("Confirm if the row is not to be booked. Otherwise give it an account in payroll."),
        needs_confirmation=True,
    ),
    _error(
        "subtotal_row",
        _(
            "Line {line} repeats the rows above it: {value} is the total of account {account} "
            "and is labelled as one."
        ),
        _("booking rows only, no rows of totals"),
        _("Export the journal without subtotals, or remove those rows, and import that file."),
    ),
    _warning(
        "subtotal_suspected",
        _(
            "Line {line} has an account and is labelled as a total or balance: {value}. It was "
            "booked as a row."
        ),
        _("booking rows only, no rows of totals"),
        _("Confirm only if it does not repeat other rows of the file."),
        needs_confirmation=True,
    ),
    _info(
        "notes_left_out",
        _("{count} rows without account and amount were left out, first line {line}."),
    ),
    _info(
        "personal_number_left_out",
        _("{count} personal numbers in texts were left out, first in line {line}."),
    ),
    _warning(
        "person_as_code",
        _(
            "{column} contains what looks like a personal number in {count} rows, first in "
            "line {line}. It was left out."
        ),
        _("a cost centre or cost unit"),
        _("Confirm if the rows are to be posted without it."),
        needs_confirmation=True,
    ),
    # Whose journal it is
    _error(
        "company_unknown",
        _("No company has the organisation number {value} given in the file."),
        _("the organisation number of one of the companies"),
        _("Enter the number at the company, or choose a company that has none yet."),
    ),
    _error(
        "company_differs",
        _("The file is for organisation number {value}; {company} has another one."),
        _("a file of the company it was uploaded for"),
        _("Upload it without choosing a company, or correct the company's number."),
    ),
    _warning(
        "run_too_long",
        _(
            "The file names its run {value}: {length} characters. The reference of a journal "
            "has room for {limit}."
        ),
        _("a shorter name of the run"),
        _(
            "Give the run a shorter name, and use the same name whenever this run is imported "
            "again."
        ),
    ),
    _error(
        "reading_failed",
        _("The file could not be read in {value} attempts; each ended without an explanation."),
        _("a file that a worker can read to its end"),
        _("Ask the operator of the hub to check the worker's log, then import the file again."),
    ),
    # What the rows add up to
    _info("zero_rows_left_out", _("{count} rows with the amount zero were left out.")),
    _error(
        "period_unbalanced",
        _("Period {period} does not balance: debit minus credit is {value}."),
        _("debit equal to credit in every period"),
        _CORRECT_FILE,
    ),
    _info(
        "balance_not_checked",
        _("Period {period} was not checked for balance, because rows of it could not be read."),
    ),
)
