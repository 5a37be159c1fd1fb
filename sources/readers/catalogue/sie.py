"""What can be wrong with a SIE file."""

from connectors.words import gettext_noop as _
from sources.readers.catalogue.kinds import CORRECT_FILE, EXPORT_AGAIN, error, info, warning

KINDS = (
    error(
        "not_sie",
        _("This is not a SIE file: none of its first lines has a label of SIE."),
        _("#FLAGGA or another label of SIE 4 in the first lines"),
        EXPORT_AGAIN,
    ),
    error(
        "sie_full_export",
        _("Line {line} contains {value}: this is an export of the whole bookkeeping (SIE 4E)."),
        _("a file with vouchers only (SIE 4I)"),
        _("In payroll, export the journal of the run, not the bookkeeping."),
    ),
    error(
        "sie_without_vouchers",
        _("Line {line} says that the file is SIE type {value}, which contains no vouchers."),
        _("SIE type 4"),
        _("In payroll, export the journal as SIE type 4."),
    ),
    error(
        "quote_not_closed",
        _("Line {line} opens a quoted text and does not close it."),
        _("a closing quote"),
        CORRECT_FILE,
    ),
    error(
        "object_list_not_closed",
        _("Line {line} opens an object list and does not close it."),
        _("a closing brace"),
        CORRECT_FILE,
    ),
    error(
        "object_count_odd",
        _("Line {line}: the object list {value} does not hold pairs."),
        _('pairs of dimension and code, such as 1 "0100"'),
        CORRECT_FILE,
    ),
    error(
        "dimension_unreadable",
        _("Line {line}: {value} in the object list is not the number of a dimension."),
        _('pairs of dimension and code, such as 1 "0100"'),
        CORRECT_FILE,
    ),
    error(
        "object_twice",
        _("Line {line}: the object list {value} names dimension {dimension} twice."),
        _("each dimension once"),
        CORRECT_FILE,
    ),
    error(
        "field_missing",
        _("Line {line}: {value} has no {column}."),
        _("a complete row"),
        CORRECT_FILE,
    ),
    error(
        "voucher_not_closed",
        _("The voucher in line {line} is never closed: the file is cut off or damaged."),
        _("a closing brace after the voucher's rows"),
        EXPORT_AGAIN,
    ),
    error(
        "brace_unexpected",
        _("Line {line}: a brace appears where no voucher begins or ends."),
        _("braces around the rows of a voucher only"),
        CORRECT_FILE,
    ),
    error(
        "row_outside_voucher",
        _("Line {line}: a booking row is outside any voucher."),
        _("rows between the braces of a voucher"),
        CORRECT_FILE,
    ),
    error(
        "line_not_understood",
        _("Line {line} inside a voucher is not a booking row: {value}"),
        _("a line that begins with a label"),
        CORRECT_FILE,
    ),
    warning(
        "line_ignored",
        _("Line {line} has no label and was left out: {value}"),
        _("a line that begins with a label"),
        _("If it contains nothing to book, confirm. Otherwise correct the file in payroll."),
        needs_confirmation=True,
    ),
    warning(
        "label_unknown",
        _("Line {line} inside a voucher has the label {column}, which SIE does not know: {value}"),
        _("#TRANS, #RTRANS or #BTRANS inside a voucher"),
        _("If it contains nothing to book, confirm. Otherwise correct the file in payroll."),
        needs_confirmation=True,
    ),
    info(
        "labels_ignored",
        _("{count} lines with labels that SIE does not know were left out: {value}"),
    ),
    warning(
        "record_unreadable",
        _("Line {line}: {column} cannot be read and was left out: {value}"),
        _("a complete record with its quotes closed"),
        _("No action needed: nothing is booked from it."),
    ),
    warning(
        "added_row_not_repeated",
        _("Line {line}: the added row (#RTRANS) is not repeated as #TRANS and is not booked."),
        _("after each #RTRANS a #TRANS with the same account and amount"),
        _("Check in payroll whether the row belongs to the journal. Confirm only if it does not."),
        needs_confirmation=True,
    ),
    warning(
        "already_read",
        _("The file says that another program has already read it (#FLAGGA 1)."),
        _("a file that was not read before"),
        _("Check that the journal is not booked yet, then confirm."),
        needs_confirmation=True,
    ),
    warning(
        "checksum_differs",
        _("The checksum in line {line} is {value}, but the content gives {computed}."),
        _("the checksum of the content"),
        _("The file was changed after payroll wrote it. Check the totals, or export it again."),
        needs_confirmation=True,
    ),
    warning(
        "decimal_comma",
        _("Line {line}: the amount {value} has a decimal comma; it was read as a decimal point."),
        _("a decimal point"),
        _("No action needed if the totals are right."),
    ),
    warning(
        "object_list_missing",
        _("Line {line} has no object list; the row was read without dimensions."),
        _("an object list after the account, empty if there are no objects"),
        _("No action needed if the row has no cost centre."),
    ),
    warning(
        "row_date_other_month",
        _(
            "Line {line}: the row is dated {value}, its voucher {voucher_date}; the voucher "
            "date applies."
        ),
        _("a row in the month of its voucher"),
        _("Check that the row belongs to the voucher's period."),
    ),
    warning(
        "date_outside_year",
        _("Line {line}: the date {value} lies outside the financial years of the file."),
        _("a date within #RAR"),
        _("Check the date in payroll."),
    ),
    warning(
        "voucher_unbalanced",
        _(
            "The voucher in line {line} ({voucher}) is out of balance by {difference}, but its "
            "period balances."
        ),
        _("a voucher whose rows add up to zero"),
        _("No action needed if the period's total is right: batches are made per period."),
    ),
    info("voucher_empty", _("The voucher in line {line} has no rows.")),
    info(
        "rows_not_booked",
        _("{count} rows (#RTRANS, #BTRANS) record earlier changes and are never booked."),
    ),
    info("employee_left_out", _("Employees named in the rows were left out.")),
    warning(
        "dimension_left_out",
        _("Dimension {value} ({name}) is used in the rows but is neither cost centre nor unit."),
        _("the dimensions chosen for this company's SIE files"),
        _(
            "If it should be posted, choose it as cost centre or cost unit under “How files "
            "are read” of the company, then import the file again."
        ),
    ),
)
