"""What can be wrong with a table."""

from connectors.words import gettext_noop as _
from sources.readers.catalogue.kinds import COLUMN_MAP, CORRECT_FILE, error, info, warning

KINDS = (
    error(
        "missing_column",
        _("The column for {column} is missing. Headings found: {headings}."),
        _("a column with the account, the amount and the period or date of each row"),
        COLUMN_MAP,
    ),
    error(
        "column_twice",
        _("The heading {value} appears twice in row {line}."),
        _("each heading once"),
        _("Rename one of the two columns, or remove it."),
    ),
    error(
        "employee_column",
        _("The column {value} contains personal data and cannot be used for {column}."),
        _("a column without personal data"),
        COLUMN_MAP,
    ),
    error(
        "sheet_missing",
        _("The workbook has no visible sheet {value}. Sheets found: {sheets}."),
        _("the sheet of the source"),
        COLUMN_MAP,
    ),
    warning(
        "sheet_not_read",
        _("The sheet {value} has the same headings as {read_sheet} and is not read."),
        _("one sheet with the rows of the run"),
        _(
            "If its rows belong to the run, put all rows in one sheet and import that file. "
            "If they do not, confirm."
        ),
        needs_confirmation=True,
    ),
    warning(
        "hidden_rows_read",
        _(
            "{count} rows are hidden in the workbook, by a filter or by hand, first row {line}. "
            "They were read like the others."
        ),
        _("visible rows"),
        _("Confirm if they belong to the run. Otherwise remove them and import that file."),
        needs_confirmation=True,
    ),
    warning(
        "headings_again",
        _(
            "The headings are repeated in {count} rows, first line {line}. The rows below them "
            "were read as part of the same journal."
        ),
        _("one table with the rows of one run"),
        _("Confirm if all rows belong to one run. Otherwise import each table as its own file."),
        needs_confirmation=True,
    ),
    error(
        "headings_differ",
        _("Line {line} repeats the headings in another order than above."),
        _("one table with the rows of one run"),
        _("Put each table into its own file and import them one by one."),
    ),
    error(
        "gbat10_separator",
        _("Line {line}: the fields of this GBAT10 file are not separated by semicolons."),
        _("a semicolon between fields"),
        _("Export the file from payroll again, with semicolons, and import that one."),
    ),
    error(
        "formula_not_calculated",
        _("Line {line}: {column} contains a formula that was never calculated: {value}"),
        _("a value, or a formula that was calculated and saved"),
        _("Open the file in a spreadsheet, let it calculate, save it, and import that file."),
    ),
    error(
        "cell_is_error",
        _("Line {line}: {column} contains the spreadsheet error {value}."),
        _("a value"),
        CORRECT_FILE,
    ),
    error(
        "row_unreadable",
        _("Line {line} cannot be split into fields: {detail}."),
        _("fields between separators, quotes closed"),
        CORRECT_FILE,
    ),
    error(
        "row_too_wide",
        _("Line {line} has {fields} fields under {headings} headings: {value} has no heading."),
        _("as many fields as headings"),
        _(
            "Often an amount with a decimal comma in a file with commas between columns. Export "
            "it with semicolons, or with quotes around the fields, and import that file."
        ),
    ),
    error(
        "row_shifted",
        _("Line {line} has {value} fields under {headings} headings, one of which names people."),
        _("as many fields as headings"),
        CORRECT_FILE,
    ),
    warning(
        "row_too_narrow",
        _(
            "{count} rows have fewer fields than there are headings ({headings}), first line "
            "{line} with {value}: a separator may be missing in them."
        ),
        _("as many fields as headings"),
        _("Confirm if only empty fields at the end of the rows are missing."),
        needs_confirmation=True,
    ),
    error(
        "row_width_differs",
        _("Line {line} has {value} fields, the first row has {expected_fields}."),
        _("the same number of fields in each row"),
        _("Look for a semicolon in a text, correct it in payroll and export the file again."),
    ),
    error(
        "row_above_headings",
        _("Line {line} is above the headings and looks like a booking row: {value}"),
        _("all booking rows below the headings"),
        _("Move the headings above the first row, save the file and import it."),
    ),
    error(
        "row_not_gbat10",
        _("Line {line} does not begin with GBAT10: {value}"),
        _("GBAT10 in the first field of each row"),
        CORRECT_FILE,
    ),
    info("total_row_left_out", _("Line {line} is a row of totals ({value}) and was left out.")),
    warning(
        "total_row_differs",
        _(
            "Line {line} looks like a row of totals and was left out, but its amount {value} is "
            "not the total of the rows above it."
        ),
        _("an account in each row that is to be booked"),
        _("Confirm if the row is not to be booked. Otherwise give it an account in payroll."),
        needs_confirmation=True,
    ),
    error(
        "subtotal_row",
        _(
            "Line {line} repeats the rows above it: {value} is the total of account {account} "
            "and is labelled as one."
        ),
        _("booking rows only, no rows of totals"),
        _("Export the journal without subtotals, or remove those rows, and import that file."),
    ),
    warning(
        "subtotal_suspected",
        _(
            "Line {line} has an account and is labelled as a total or balance: {value}. It was "
            "booked as a row."
        ),
        _("booking rows only, no rows of totals"),
        _("Confirm only if it does not repeat other rows of the file."),
        needs_confirmation=True,
    ),
    info(
        "notes_left_out",
        _("{count} rows without account and amount were left out, first line {line}."),
    ),
    info(
        "personal_number_left_out",
        _("{count} personal numbers in texts were left out, first in line {line}."),
    ),
    warning(
        "person_as_code",
        _(
            "{column} contains what looks like a personal number in {count} rows, first in "
            "line {line}. It was left out."
        ),
        _("a cost centre or cost unit"),
        _("Confirm if the rows are to be posted without it."),
        needs_confirmation=True,
    ),
)
