"""Reading for screens: stored failures in words, and how old the waiting work is."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext

from connectors import errors
from connectors.registry import error_class
from connectors.words import SUMS
from connectors.words import gettext_noop as _
from ui.amounts import amount

_SUM = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,6})?")

WHO_WORDS = {
    errors.PAYROLL: _("Payroll staff"),
    errors.FINANCE: _("Finance staff"),
    errors.ADMINISTRATOR: _("An administrator"),
    errors.OPERATOR: _("The operator of the hub"),
    errors.NOBODY: _("Nobody: it continues automatically"),
}


class _Params(dict[str, str]):
    """A parameter that was not stored shows as an ellipsis, never as an error page."""

    def __missing__(self, key: str) -> str:
        return "…"


@dataclass(frozen=True, slots=True)
class FailureRow:
    """What `failure_box` prints: finished texts in the reader's language."""

    summary: str
    remedy: str = ""
    not_booked: str = ""
    who: str = ""
    who_text: str = ""
    action: str = ""
    action_url: str = ""
    action_label: str = ""
    action_post: bool = False
    action_rights: tuple[str, ...] = ()
    """Who may write with all of these is led there; others read whose job it is."""
    detail: str = ""
    trace_id: str = ""
    at: datetime | None = None
    tone: str = "bad"


def words(template: str, params: Mapping[str, object], *, sums: Collection[str] = ()) -> str:
    """
    Return a stored text in the reader's language, filled in.

    :param sums: parameters that are sums of the hub's own, besides those that `params` names: they
        are written as the reader writes numbers, while what is quoted stays as it is
    """
    sums = {*sums, *str(params.get(SUMS, "")).split()}
    texts = {k: _as_sums(str(v)) if k in sums else str(v) for k, v in params.items()}
    return gettext(template).format_map(_Params(texts))


def _as_sums(text: str) -> str:
    """Write one or several amounts as the reader does; what is none stays as it is."""
    parts = text.split(", ")
    return " · ".join(amount(Decimal(part)) if _SUM.fullmatch(part) else part for part in parts)


def failure_row(
    *,
    code: str,
    params: Mapping[str, object],
    **shown: Any,
) -> FailureRow | None:
    """
    Return a stored failure in words, or None if nothing failed.

    :param shown: `detail`, `at`, `trace_id` and the action of the row
    """
    if not code:
        return None
    try:
        kind: type[errors.ConnectorError] = error_class(code)
    except LookupError:
        # Written by another version of the hub: its detail is all that is left.
        kind = errors.BadAnswer
    return _row(kind, params=params, **shown)


def _row(
    kind: type[errors.ConnectorError], *, params: Mapping[str, object], **shown: Any
) -> FailureRow:
    return FailureRow(
        summary=words(kind.summary, params, sums=kind.sums),
        remedy=words(kind.remedy, params, sums=kind.sums),
        not_booked=words(kind.not_booked, params, sums=kind.sums),
        who=kind.who,
        who_text=gettext(WHO_WORDS[kind.who]),
        action=kind.action,
        tone="warn" if kind.who == errors.NOBODY else "bad",
        **shown,
    )


def failure_row_of(failure: errors.ConnectorError) -> FailureRow:
    """Return a failure that was just raised in words."""
    return _row(type(failure), params=failure.params, detail=failure.detail)


def asked_once(row: FailureRow | None) -> FailureRow | None:
    """
    Return the failure of what a person asked for once, such as a dry run.

    Work that waits is tried again by itself; what somebody asked for is not, whatever failed.
    """
    if row is None or row.who != errors.NOBODY:
        return row
    return replace(
        row,
        remedy=gettext("Wait a minute, then try again: there is no automatic retry."),
        who="",
        who_text=gettext("The person who asked"),
    )


def until_sign_in(row: FailureRow | None) -> FailureRow | None:
    """Return the failure of work that would go on by itself, if the account let the hub in."""
    if row is None or row.who != errors.NOBODY:
        return row
    return replace(
        row,
        remedy=gettext(
            "An administrator opens the accounts page and signs in. The hub then continues "
            "automatically; until then it cannot find out more."
        ),
        who=errors.ADMINISTRATOR,
        who_text=gettext(WHO_WORDS[errors.ADMINISTRATOR]),
        action="reconnect",
        tone="bad",
    )
