"""What is wrong with a file as a whole."""

from connectors.words import gettext_noop as _
from sources.readers.catalogue.kinds import (
    COLUMN_MAP,
    CORRECT_FILE,
    EXPORT_AGAIN,
    EXPORT_FORMAT,
    ONLY_THE_SHEET,
    error,
)

KINDS = (
    error("file_empty", _("The file is empty."), _("a journal"), EXPORT_AGAIN),
    error(
        "file_too_large",
        _("The file has {value} bytes; the limit is {limit}."),
        _("at most the limit of the hub"),
        _("Export fewer months or companies at a time, or ask the operator to raise the limit."),
    ),
    error(
        "too_many_rows",
        _("The file has more than {limit} booking rows."),
        _("at most the limit of the hub"),
        _("Export fewer months or companies at a time, or ask the operator to raise the limit."),
    ),
    error(
        "too_many_columns",
        _("Row {line} has {value} columns; the limit is {limit}."),
        _("at most the limit of the hub"),
        _("Remove the columns that are not needed, or ask the operator to raise the limit."),
    ),
    error(
        "unzipped_too_large",
        _("The workbook unpacks to {value} bytes; the limit is {limit}."),
        _("at most the limit of the hub"),
        ONLY_THE_SHEET,
    ),
    error(
        "line_too_long",
        _("Line {line} is longer than a line of a journal can be."),
        _("a text file with one row per line"),
        EXPORT_AGAIN,
    ),
    error(
        "not_text",
        _(
            "The file is not readable: line {line} contains the control character {value}, "
            "which does not belong in text."
        ),
        _("a text file"),
        _("The file was damaged on its way. Export it from payroll again and import that one."),
    ),
    error(
        "cut_off",
        _("The file is cut off: the checksum that it opens in line {line} is never closed."),
        _("a second #KSUMMA at the end of the file"),
        _("The end of the file is missing. Export it from payroll again and import that one."),
    ),
    error(
        "encoding_wrong",
        _("Line {line} cannot be read as {encoding}."),
        _("text in the chosen encoding"),
        _(
            "Import the file again and choose another encoding there, or leave the choice to the "
            "hub."
        ),
    ),
    error(
        "format_unknown",
        _("The hub does not recognise what kind of file this is."),
        _("SIE 4, CSV, XLSX or GBAT10"),
        EXPORT_FORMAT,
    ),
    error(
        "wrong_format",
        _("The source is set to {expected_format}, but this file is {found_format}."),
        _("the format of the source"),
        _("Choose the right file, or another source for this one."),
    ),
    error(
        "html_page",
        _("This is a web page, not a journal: the download brought an error or sign-in page."),
        _("SIE 4, CSV or XLSX"),
        _("Sign in to payroll again and download the file once more."),
    ),
    error(
        "sie5_not_supported",
        _("This is a SIE 5 file, which is another format than SIE 4."),
        _("SIE 4"),
        EXPORT_FORMAT,
    ),
    error(
        "paxml_not_supported",
        _("This is a PAXml file: it carries time and pay into payroll and holds no journal."),
        _("SIE 4, CSV or XLSX"),
        EXPORT_FORMAT,
    ),
    error("xml_not_supported", _("This is an XML file."), _("SIE 4, CSV or XLSX"), EXPORT_FORMAT),
    error("pdf_not_supported", _("This is a PDF file."), _("SIE 4, CSV or XLSX"), EXPORT_FORMAT),
    error(
        "old_excel",
        _("This is an old Excel file (.xls), or a workbook with a password."),
        _("a workbook in the format .xlsx without a password"),
        _("Open it, save it as .xlsx without a password, and import that file."),
    ),
    error(
        "workbook_unreadable",
        _("The workbook cannot be opened: it is damaged or not a workbook."),
        _("a workbook in the format .xlsx"),
        EXPORT_AGAIN,
    ),
    error(
        "workbook_unsafe",
        _("The workbook contains a document type declaration, which a genuine workbook never has."),
        _("a workbook as exported from payroll"),
        EXPORT_AGAIN,
    ),
    error(
        "too_many_cells",
        _("The workbook contains more than {limit} cells."),
        _("at most the limit of the hub"),
        ONLY_THE_SHEET,
    ),
    error(
        "too_many_texts",
        _("The texts of the workbook have more than {limit} characters."),
        _("at most the limit of the hub"),
        ONLY_THE_SHEET,
    ),
    error(
        "too_many_styles",
        _("The workbook has more than {limit} cell formats."),
        _("at most the limit of the hub"),
        ONLY_THE_SHEET,
    ),
    error(
        "too_many_parts",
        _("The workbook consists of more than {limit} parts."),
        _("at most the limit of the hub"),
        ONLY_THE_SHEET,
    ),
    error(
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
    error(
        "settings_impossible",
        _("The settings of this source are invalid: {value}."),
        _("settings that the hub knows"),
        COLUMN_MAP,
        remedy_fixed=CORRECT_FILE,
    ),
    error(
        "no_lines",
        _("The file contains no rows to book."),
        _("at least two rows"),
        _("Check that the run is final in payroll, then export it again."),
    ),
)
