"""Whose journal it is, and what its rows add up to."""

from connectors.words import gettext_noop as _
from sources.readers.catalogue.kinds import CORRECT_FILE, error, info, warning

KINDS = (
    error(
        "company_unknown",
        _("No company has the organisation number {value} given in the file."),
        _("the organisation number of one of the companies"),
        _("Enter the number at the company, or choose a company that has none yet."),
    ),
    error(
        "company_differs",
        _("The file is for organisation number {value}; {company} has another one."),
        _("a file of the company it was uploaded for"),
        _("Upload it without choosing a company, or correct the company's number."),
    ),
    warning(
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
    error(
        "reading_failed",
        _("The file could not be read in {value} attempts; each ended without an explanation."),
        _("a file that a worker can read to its end"),
        _("Ask the operator of the hub to check the worker's log, then import the file again."),
    ),
    # What the rows add up to
    info("zero_rows_left_out", _("{count} rows with the amount zero were left out.")),
    error(
        "period_unbalanced",
        _("Period {period} does not balance: debit minus credit is {value}."),
        _("debit equal to credit in every period"),
        CORRECT_FILE,
    ),
    info(
        "balance_not_checked",
        _("Period {period} was not checked for balance, because rows of it could not be read."),
    ),
)
