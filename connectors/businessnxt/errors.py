"""
What Business NXT refuses, and which of the five failures each refusal is.

Nearly every failure is an HTTP 200 with `errors`, each with a `path`; error codes are not
published, and partial data may come along. So code, path and data are read together: a path says
where it went wrong, a code that it passes by itself, and whoever is let in gets data.
https://docs.vismasoftware.no/businessnxtapi/apireference/errors
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import (
    ADMINISTRATOR,
    OPERATOR,
    BadAnswer,
    ConnectorError,
    Forbidden,
    FreshTokenRefused,
    RateLimited,
    Rejected,
    Unavailable,
)
from connectors.http import answers
from connectors.http.answers import Answer
from connectors.words import gettext_noop as _

VENDOR = "Visma Business NXT"

_TOO_MANY = "OUTSTANDING_LIMIT_EXCEEDED"
_PAUSE_SECONDS = 10.0
_MARKER = {"marker", "markerNumber"}  # the aliases under which the documents read it
_PASSES = re.compile(
    r"time.?d?.?out|internal|unavailable|overload|busy|limit|abort|cancel", re.IGNORECASE
)
"""Codes of what passes by itself; where there is no code, the sentence may say that time was up."""
_TIME_IS_UP = re.compile(r"time[ -]?out|timed[ -]out|tidsavbrudd", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]{0,2000}>")
_LONGEST = 50_000
"""Characters of a refusal that are looked at; what says why stands at its beginning."""


class CompanyNotOpened(Forbidden):
    """The hub's user in Business NXT has no access to this company."""

    summary = _("{vendor} denies the hub access to the company {company}.")
    remedy = _(
        "Someone with the role System supervisor opens Connect Application Access in Business NXT "
        "and adds a row for this company with an access group. Then try again."
    )
    not_booked = _("Nothing was fetched.")
    needs = ("vendor", "company")


class SchemaDiffers(BadAnswer):
    """The installation's schema does not have what the hub asked for."""

    summary = _("{vendor} lacks a column or table that the hub needs.")
    remedy = _("Run the set-up check of the invoice client; it shows what this company has.")
    not_booked = _("Nothing was fetched.")
    who = ADMINISTRATOR


class ReadFailed(Unavailable):
    """The answer to a read held errors; the part that came along is not used."""

    summary = _("{vendor} returned only part of the data.")
    remedy = _("No action needed: the hub retries automatically. Incomplete data is not used.")
    not_booked = _("Nothing from this page was registered.")


class MarkerNotReadable(ReadFailed):
    """The column chosen as marker cannot be read; all else can."""

    summary = _("{vendor} does not allow the hub to read the marker.")
    remedy = _("Run the set-up check of the invoice client and choose another marker, or none.")
    who = ADMINISTRATOR


class NotACompanyNumber(Rejected):
    """The company of the connection is no number of a company in Business NXT."""

    summary = _("{company} is not a company number in {vendor}.")
    remedy = _("Enter the company's number in Business NXT, for example 4110101.")
    not_booked = _("Nothing was fetched.")
    who = ADMINISTRATOR
    action = ""
    needs = ("vendor", "company")


class ClientIdTooLong(Rejected):
    """The client id is longer than a user name in Business NXT may be."""

    summary = _("The hub's client id for {vendor} is longer than 24 characters.")
    remedy = _(
        "Register an application with a shorter client id: the id is also a user name there."
    )
    not_booked = _("Nothing was sent.")
    who = OPERATOR
    action = ""


def failure(answer: Answer, *, writes: bool) -> ConnectorError:
    """Return the failure that an answer is by its status; its body may be a web page."""
    shown = " ".join(_TAGS.sub(" ", answer.text[:_LONGEST]).split())[:300]
    detail, trace = shown or f"HTTP {answer.status}", trace_id(answer.body) or answer.trace_id
    if answer.status == 401:
        # A new token was fetched for this answer: see `connectors.http.sessions.BearerToken`.
        return FreshTokenRefused(
            vendor=VENDOR, detail=detail, status=401, trace_id=trace, retry_after=60
        )
    return answers.failure(answer, vendor=VENDOR, writes=writes, detail=detail, trace_id=trace)


_TRACE = re.compile(rb'"vbnxt-trace-id"\s*:\s*"([^"\\]{1,100})"')


def trace_id(body: bytes) -> str:
    """Return the vendor's id of the request, which stands in the body of each answer."""
    # It comes last or first, never in the middle of the rows.
    found = _TRACE.search(body[-2000:]) or _TRACE.search(body[:2000])
    return found[1].decode("ascii", "replace") if found else ""


def words(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return the vendor's sentences, each once, with where it happened."""
    said = [
        f"{'/'.join(str(step) for step in error.get('path') or ())}: {error.get('message', '')}"
        for error in errors
    ]
    return "; ".join(dict.fromkeys(one.strip(": ") for one in said))[:1000]


def from_errors(
    errors: Sequence[Mapping[str, Any]], *, company: str, trace: str, data: object = None
) -> ConnectorError:
    """
    Return the failure that the `errors` of an answer are, by code, path and data together.

    :param data: what came along with them
    """
    detail = words(errors)
    if is_too_many(errors):
        return RateLimited(
            vendor=VENDOR, detail=detail, trace_id=trace, retry_after=_PAUSE_SECONDS, status=200
        )
    paths = [list(error.get("path") or ()) for error in errors]
    kind: type[ConnectorError] = ReadFailed
    if any(passes_by_itself(error) for error in errors):
        pass
    elif all(path == ["useCompany"] for path in paths) and not _let_in(data):
        return CompanyNotOpened(
            vendor=VENDOR, company=company, detail=detail, trace_id=trace, status=200
        )
    elif not any(paths):
        kind = SchemaDiffers
    elif all(path and path[-1] in _MARKER for path in paths):
        kind = MarkerNotReadable
    return kind(vendor=VENDOR, detail=detail, trace_id=trace, status=200)


def _let_in(data: object) -> bool:
    """Return whether anything of the company came: whoever is not let in gets nothing."""
    return isinstance(data, Mapping) and data.get("useCompany") is not None


def passes_by_itself(error: Mapping[str, Any]) -> bool:
    """Return whether an error is of the moment: by its code, or without one if time was up."""
    code = str((error.get("extensions") or {}).get("code") or "")
    if code:
        return _PASSES.search(code) is not None
    return _TIME_IS_UP.search(str(error.get("message") or "")) is not None


def is_too_many(errors: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the vendor says that too much is asked of it at once."""
    return any((error.get("extensions") or {}).get("code") == _TOO_MANY for error in errors)
