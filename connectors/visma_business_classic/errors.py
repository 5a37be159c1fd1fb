"""
What a SQL Server with Visma Business refuses, and which of the five failures each refusal is.

Drivers give the server's own error number first: those are documented by Microsoft and the same
in every language (https://learn.microsoft.com/sql/relational-databases/errors-events). Where
there is none, the class of the exception decides, as PEP 249 defines them.
"""

from typing import Any
from uuid import uuid4

import structlog

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

log = structlog.get_logger(__name__)

NO_PERMISSION = (229, 230, 297, 300)
UNKNOWN_NAME = (207, 208)


class LoginRefused(NotAuthorized):
    """The database does not let the login in."""

    summary = _("The database of {vendor} refuses the login of the hub.")
    remedy = _(
        "An administrator checks the login against the one issued by the database's operator."
    )
    not_booked = _("Nothing was fetched.")
    action = ""


class NotConnected(Unavailable):
    """No connection came about, for a reason that only the operator's log names."""

    summary = _("The database of {vendor} cannot be reached with this address and login.")
    remedy = _(
        "An administrator checks address, login and password against those issued by the "
        "database's operator. The operator of the hub finds the cause in the log under number "
        "{request_id}."
    )
    not_booked = _("Nothing was fetched.")
    who = ADMINISTRATOR
    needs = ("vendor", "request_id")


class HostNotAllowed(Rejected):
    """The operator of the hub does not let it connect to that server."""

    summary = _("The hub may not connect to this server.")
    remedy = _(
        "The operator of the hub adds the server and its port to {setting}, written as in the "
        "address."
    )
    not_booked = _("Nothing was fetched.")
    who = OPERATOR
    action = ""
    needs = ("setting",)


class ReadNotAllowed(NotAuthorized):
    """The login may not read a table that is needed."""

    summary = _("The hub's login may not read a table that it needs in {vendor}.")
    remedy = _(
        "The operator of the database grants SELECT on the tables named in the documentation."
    )
    not_booked = _("Nothing was fetched.")
    action = ""


class ColumnsDiffer(BadAnswer):
    """A table or column that is needed is not there under a name that the hub knows."""

    summary = _("The database of {vendor} lacks columns that the hub needs.")
    remedy = _(
        "Run the set-up check of the invoice client; it lists them. The operator of the hub "
        "can set in VISMA_BUSINESS_COLUMNS what they are called here."
    )
    not_booked = _("Nothing was fetched.")


class SignUnclear(BadAnswer):
    """It cannot be seen whether the ledger's amounts have a sign of their own."""

    summary = _("It is unclear how the database of {vendor} writes the sign of amounts.")
    remedy = _(
        "Compare some payments with Visma Business; the operator of the hub then sets "
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
    remedy = _(
        "Write it as mssql://login:password@server:1433, with special characters of the "
        "password percent-encoded; the database follows from the company."
    )
    not_booked = _("Nothing was fetched.")
    who = ADMINISTRATOR
    action = ""


def translated(exc: Exception, *, driver: Any) -> ConnectorError:
    """Return the failure that an exception of a driver is. Its text may name tables, no rows."""
    number, text = _number(exc), _text(exc)
    for numbers, kind in (
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


def not_connected(exc: Exception, *, place: str) -> NotConnected:
    """
    Return the one failure of all connections, and leave its reason in the log.

    The driver keeps the number of an earlier failure of the process, so that a server that is
    away would otherwise be taken for one that refuses the login, too.
    """
    number = str(structlog.contextvars.get_contextvars().get("request_id", "")) or uuid4().hex
    log.warning("database_not_connected", place=place, reason=_text(exc), request_id=number)
    return NotConnected(vendor=VENDOR, request_id=number)


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
