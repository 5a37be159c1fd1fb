"""What can be wrong with the fields of a row, in any format."""

from connectors.words import gettext_noop as _
from sources.readers.catalogue.kinds import (
    CHOICE,
    COLUMN_MAP,
    CORRECT_FILE,
    SPLIT_FILE,
    error,
    info,
    warning,
)

KINDS = (
    error(
        "account_missing",
        _("Line {line} has an amount but no account."),
        _("an account"),
        CORRECT_FILE,
    ),
    error(
        "account_unreadable",
        _("Line {line}: {value} is not an account."),
        _("an account number"),
        CORRECT_FILE,
    ),
    error(
        "amount_missing",
        _("Line {line} has an account but no amount in {column}."),
        _("an amount"),
        CORRECT_FILE,
    ),
    error(
        "amount_unreadable",
        _("Line {line}: {value} in {column} is not an amount."),
        _("an amount with the decimal mark of the source"),
        COLUMN_MAP,
        remedy_fixed=CORRECT_FILE,
    ),
    error(
        "amount_too_precise",
        _("Line {line}: {value} in {column} has more than two decimals."),
        _("at most two decimals"),
        CORRECT_FILE,
    ),
    error(
        "amount_too_large",
        _("Line {line}: {value} in {column} is too large."),
        _("at most 11 digits before the decimal mark"),
        CORRECT_FILE,
    ),
    error(
        "sum_too_large",
        _("The amounts add up to {value}, which has more than {figures} digits."),
        _("sums that every database keeps to the last decimal"),
        CORRECT_FILE,
    ),
    error(
        "amount_ambiguous",
        _("Line {line}: {value} in {column} can be read in two ways: {as_whole} or {as_decimal}."),
        _("a decimal point and at most two decimals"),
        COLUMN_MAP,
        remedy_fixed=_(
            "In payroll, export amounts with a decimal point, two decimals and no thousands mark."
        ),
    ),
    error(
        "amount_marks_mixed",
        _(
            "The file writes {mark} both between thousands ({thousands}, line {line}) and before "
            "decimals ({value}, line {decimal_line})."
        ),
        _("one decimal mark in the whole file, and amounts with two decimals or none"),
        _("In payroll, export amounts with a decimal point, two decimals and no thousands mark."),
    ),
    error(
        "amount_has_blank",
        _("Line {line}: {value} has a blank as thousands mark."),
        _("an amount without a thousands mark"),
        _("In payroll, export amounts with a decimal point, two decimals and no thousands mark."),
    ),
    warning(
        "thousands_mark",
        _("Line {line}: the amount {value} has a thousands mark; it was read as {read_as}."),
        _("an amount without a thousands mark"),
        _("No action needed if the totals are right."),
    ),
    error(
        "amounts_differ",
        _("Line {line}: the net amount is {value}, the gross amount {gross}."),
        _("the same amount twice, or one of them: value added tax is not posted from payroll"),
        CORRECT_FILE,
    ),
    error(
        "gross_with_vat",
        _("Line {line} has a gross amount ({value}) with VAT code {vat_code} and no net amount."),
        _("a net amount: value added tax is not posted from payroll"),
        CORRECT_FILE,
    ),
    warning(
        "vat_code_left_out",
        _("{count} rows carry a VAT code, first line {line}: {value}. It was left out."),
        _("no VAT code in a payroll journal"),
        _("Confirm if the rows are to be posted without a VAT code."),
        needs_confirmation=True,
    ),
    info(
        "subledger_left_out",
        _(
            "{count} rows name a customer or a supplier, first line {line}. "
            "Only the account is posted."
        ),
    ),
    warning(
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
    error(
        "credits_negative",
        _(
            "All credits in {column} are negative, first line {line}: {value}. As written, the "
            "periods do not balance; with the sign reversed they do."
        ),
        _("positive credits, or the rule for negative credits"),
        COLUMN_MAP,
    ),
    error(
        "one_sided",
        _(
            "All amounts in {column} have the same sign, first line {line}: {value}. No period "
            "can then balance."
        ),
        _("positive and negative amounts, or a column that says debit or credit"),
        COLUMN_MAP,
    ),
    warning(
        "amount_rounded",
        _("Line {line}: {value} in {column} was rounded to two decimals."),
        _("at most two decimals"),
        _("No action needed if the totals are right."),
    ),
    error(
        "side_unreadable",
        _("Line {line}: {value} in {column} is neither debit nor credit."),
        _("D or K, D or C, + or -, debit or credit"),
        COLUMN_MAP,
        remedy_fixed=CORRECT_FILE,
    ),
    error("date_missing", _("Line {line} has no date."), _("a date"), CORRECT_FILE),
    error(
        "date_unreadable",
        _("Line {line}: {value} in {column} is not a date."),
        _("a date of the calendar, in the date format of the source"),
        COLUMN_MAP,
        remedy_fixed=CORRECT_FILE,
    ),
    error(
        "date_out_of_range",
        _("Line {line}: {value} in {column} lies outside the years {first} to {last}."),
        _("a day on which payroll is booked"),
        CORRECT_FILE,
    ),
    error("period_missing", _("Line {line} has no period."), _("a period"), CORRECT_FILE),
    error(
        "period_unreadable",
        _("Line {line}: {value} in {column} is not a period."),
        _("a month of the calendar with its year, such as 2026-03"),
        COLUMN_MAP,
        remedy_fixed=CORRECT_FILE,
    ),
    error(
        "marks_clash",
        _("Line {line}: {value} and, in line {other_line}, {other} use a mark in two ways."),
        _("one decimal mark in the whole file, and amounts with two decimals or none"),
        CORRECT_FILE,
    ),
    error(
        "dates_clash",
        _("Line {line}: {value} and, in line {other_line}, {other} are dates in different orders."),
        _("one order of day, month and year in the whole file"),
        CORRECT_FILE,
    ),
    error(
        "mark_contradicts",
        _("Line {line}: {value} cannot have the decimal mark {mark} that was chosen."),
        _("the decimal mark that was chosen for this company and source"),
        CHOICE,
    ),
    error(
        "date_contradicts",
        _("Line {line}: {value} is not a date in the order {order} that was chosen."),
        _("the order of dates that was chosen for this company and source"),
        CHOICE,
    ),
    error(
        "period_is_number",
        _("Line {line}: the period {value} is a number; 2026.1 may be January or October."),
        _("a period as text, such as 2026-10, or a date"),
        _("Let the column hold text or dates in payroll or in the workbook, then import it again."),
    ),
    error(
        "date_is_number",
        _("Line {line}: {value} in {column} is the number that a spreadsheet stores for {day}."),
        _("a date as text, such as 2026-03-25, or a cell that is formatted as a date"),
        _("Format the column as a date in the spreadsheet, save the file and import it again."),
    ),
    error(
        "code_is_date",
        _("Line {line}: the spreadsheet turned the content of {column} into the date {value}."),
        _("a code as text"),
        _(
            "Format the column as text in the spreadsheet, enter the code again, save the file "
            "and import it."
        ),
    ),
    error(
        "code_too_long",
        _("Line {line}: {value} in {column} is longer than {limit} characters."),
        _("a code"),
        COLUMN_MAP,
        remedy_fixed=CORRECT_FILE,
    ),
    warning(
        "code_is_number",
        _(
            "{column} contains numbers in {count} rows, first in row {line}: leading zeros are "
            "lost."
        ),
        _("codes stored as text, such as 0100"),
        _("If codes begin with zeros, format the column as text, or pad them in the mapping."),
    ),
    warning(
        "account_was_number",
        _("{count} accounts look like {value} (first in line {line}); read as {account}."),
        _("an account number"),
        _("No action needed if the accounts are right."),
    ),
    warning(
        "text_shortened",
        _("Line {line}: the text is longer than {limit} characters and was shortened."),
        _("a short text"),
        _("No action needed."),
    ),
    info(
        "date_outside_period",
        _(
            "{count} rows are dated outside the period they name, first in line {line}: "
            "{value}. The period applies."
        ),
    ),
    error(
        "currency_differs",
        _("Line {line}: the currency is {value}, but this source is in {currency}."),
        _("the currency of the source"),
        _("Export the journal in the currency of the company."),
    ),
    error(
        "several_currencies",
        _("The file contains more than one currency: {value}."),
        _("one currency"),
        SPLIT_FILE,
    ),
    error(
        "several_companies",
        _("The file contains more than one company: {value}."),
        _("one company"),
        SPLIT_FILE,
    ),
    error(
        "several_runs",
        _("The file contains more than one payroll run: {value}."),
        _("one payroll run"),
        SPLIT_FILE,
    ),
)
