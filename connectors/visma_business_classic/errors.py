"""
What a SQL Server with Visma Business refuses, and which of the five failures each refusal is.

Drivers give the server's own error number first: those are documented by Microsoft and the same
in every language (https://learn.microsoft.com/sql/relational-databases/errors-events). Where
there is none, the class of the exception decides, as PEP 249 defines them.
"""

from typing import Any

from connectors.errors import (
    ADMINISTRATOR,
    OPERATOR,
    BadAnswer,
    ConnectorError,
    NotAuthorized,
    Rejected,
    Unavailable,
)
from connectors.words import gettext_noop as _

VENDOR = "Visma Business"

LOGIN_FAILED, DATABASE_CLOSED = (18456, 18452, 18470, 18487, 18488), (4060, 916)
NO_PERMISSION = (229, 230, 297, 300)
UNKNOWN_NAME = (207, 208)


class LoginRefused(NotAuthorized):
    """The database does not let the login in."""

    summary = _("The database of {vendor} refuses the login of the hub.")
    remedy = _("An administrator compares the login with what the database's operator gave out.")
    not_booked = _("Nothing was fetched.")
    action = ""


class DatabaseClosed(NotAuthorized):
    """The login exists and has no access to this company's database."""

    summary = _("The login of the hub has no access to this company's database.")
    remedy = _(
        "The operator of the database gives the login read access to the database of this company."
    )
    not_booked = _("Nothing was fetched.")
    action = ""


class ReadNotAllowed(NotAuthorized):
    """The login may not read a table that is needed."""

    summary = _("The login of the hub may not read a table of {vendor} that it needs.")
    remedy = _("The operator of the database grants SELECT on the tables named in the handbook.")
    not_booked = _("Nothing was fetched.")
    action = ""


class ColumnsDiffer(BadAnswer):
    """A table or column that is needed is not there under a name that the hub knows."""

    summary = _("The database of {vendor} does not have the columns that the hub needs.")
    remedy = _(
        "Run the set-up check of the invoice client: it names them. The operator of the hub can "
        "say in VISMA_BUSINESS_COLUMNS what they are called here."
    )
    not_booked = _("Nothing was fetched.")


class SignUnclear(BadAnswer):
    """It cannot be seen whether the ledger's amounts have a sign of their own."""

    summary = _("It is not clear how the database of {vendor} writes the sign of amounts.")
    remedy = _(
        "Compare some payments with Visma Business; then the operator of the hub sets "
        "VISMA_BUSINESS_SIGN to signed or to side."
    )
    not_booked = _("Nothing was fetched.")


class DriverMissing(Rejected):
    """The optional driver of SQL Server is not installed."""

    summary = _("The hub has no driver for the database of {vendor}.")
    remedy = _("The operator installs it: pip install --require-hashes -r requirements-mssql.txt.")
    not_booked = _("Nothing was fetched.")
    who = OPERATOR
    action = ""


class AddressUnreadable(Rejected):
    """The address of the database cannot be one."""

    summary = _("The address of the database of {vendor} cannot be read.")
    remedy = _("Write it as mssql://login:password@server:1433; the company gives the database.")
    not_booked = _("Nothing was fetched.")
    who = ADMINISTRATOR
    action = ""


def translated(exc: Exception, *, driver: Any) -> ConnectorError:
    """Return the failure that an exception of a driver is. Its text may name tables, no rows."""
    number, text = _number(exc), _text(exc)
    for numbers, kind in (
        (LOGIN_FAILED, LoginRefused),
        (DATABASE_CLOSED, DatabaseClosed),
        (NO_PERMISSION, ReadNotAllowed),
        (UNKNOWN_NAME, ColumnsDiffer),
    ):
        if number in numbers:
            return kind(vendor=VENDOR, detail=text)
    if isinstance(exc, driver.ProgrammingError):
        return ColumnsDiffer(vendor=VENDOR, detail=text)
    if isinstance(exc, driver.DataError | driver.IntegrityError | driver.NotSupportedError):
        return BadAnswer(vendor=VENDOR, detail=text)
    return Unavailable(vendor=VENDOR, detail=text)


def _number(exc: Exception) -> int:
    first: Any = exc.args[0] if exc.args else None
    while isinstance(first, tuple) and first:
        first = first[0]
    return first if isinstance(first, int) else 0


def _text(exc: Exception) -> str:
    parts = [
        part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part)
        for part in exc.args[:2]
    ]
    return f"{type(exc).__name__}: {' '.join(parts)}"[:300]
