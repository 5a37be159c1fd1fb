"""What happened to a journal: every attempt and every act, newest first (S13)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import formats
from django.utils.translation import gettext

from connectors.registry import CONNECTORS, error_class
from connectors.words import gettext_noop as _
from journals.models import Attempt, Journal, JournalEvent
from journals.queries.wording import failure_row_for, label_of
from ui.failures import words

SHOWN_AT_FIRST = 30

_EVENTS: dict[str, tuple[str, str, str]] = {
    # code: words, icon, tone
    "imported": (_("Imported"), "file", "quiet"),
    "replaced": (_("Replaced by the content of a newer file"), "compare", "warn"),
    "send_pressed": (_("Send was pressed; batches queued: {batches}"), "send", "info"),
    "tried_now": (_("Try now was pressed, batches: {batches}"), "refresh", "info"),
    "hurried": (_("Send was pressed again; tried at once, batches: {batches}"), "send", "info"),
    "withdrawn": (_("Withdrawn; batches: {batches}"), "undo", "quiet"),
    "checked": (
        _("Checked against the ledger; problems: {problems}, batches that can be sent: {batches}"),
        "search",
        "info",
    ),
    "refused": (_("Not sent"), "cross-circle", "bad"),
    "stopped": (_("Not sent"), "cross-circle", "bad"),
    "fault": (_("{period}: stopped by an internal error of the hub"), "cross-circle", "bad"),
    "no_longer_there": (
        _("{period}: no longer in the ledger under its number"),
        "warning",
        "bad",
    ),
    "decided_this_one": (_("{period}: a user found the batch in the ledger"), "hand", "info"),
    "decided_not_there": (
        _("{period}: a user found that it is not in the ledger"),
        "hand",
        "info",
    ),
    "decided_by_hand": (_("{period}: a user booked it by hand"), "hand", "info"),
    "decided_deleted": (
        _("{period}: a user confirmed that it was rightly deleted in the ledger. Reason: {reason}"),
        "undo",
        "warn",
    ),
    "closed_by_hand": (_("{period}: closed by hand. Reason: {reason}"), "lock", "warn"),
    "opened_again": (_("{period}: the closing was undone"), "undo", "quiet"),
    "reversal_pressed": (
        _("{period}: Reverse was pressed for {number}. Reason: {reason}"),
        "undo",
        "warn",
    ),
    "reversal_refused": (_("{of}: the reversal was not posted"), "cross-circle", "bad"),
    "reversed_by_hand": (
        _("{period}: {number} was reversed in the ledger by hand. Reason: {reason}"),
        "undo",
        "warn",
    ),
    "looks_booked": (
        _("It may already be in the ledger; vouchers that look like it: {numbers}"),
        "question",
        "warn",
    ),
    "ledger_not_listed": (
        _("The hub could not check whether it is already in the ledger"),
        "question",
        "warn",
    ),
    "answered_another": (_("Answer: it is another one. {reason}"), "hand", "info"),
    "answered_booked_before": (
        _("Answer: it was booked before the hub. {reason}"),
        "lock",
        "warn",
    ),
    "answer_withdrawn": (
        _("Answer: it was not booked before the hub after all. {reason}"),
        "undo",
        "warn",
    ),
    "booked_before": (
        _("Booked before the hub: the first period is {first_period}"),
        "lock",
        "quiet",
    ),
    "no_longer_booked_before": (
        _("No longer counted as booked before the hub: the first period is {first_period}"),
        "undo",
        "warn",
    ),
    "marks_explained": (_("Marks explained: {marks}"), "check", "info"),
    "regenerated": (_("To be resent as {reference}"), "send", "info"),
    "resend_of": (_("Created to resend {reference}"), "copy", "info"),
    "decided_stop": (_("{period}: a user stopped the batch. Reason: {reason}"), "stop", "warn"),
}
_KINDS = {
    Attempt.Kind.POST: _("sent"),
    Attempt.Kind.LOOK_UP: _("looked up in the ledger"),
    Attempt.Kind.READ_BACK: _("read back from the ledger"),
    Attempt.Kind.RELEASE: _("release requested"),
}
_OUTCOMES = {
    "ok": (_("Accepted by {vendor}."), "check", "good"),
    "not_found": (_("Not in the ledger."), "question", "quiet"),
    "several": (_("Several batches in the ledger look like it."), "question", "warn"),
    "differs": (_("The content in the ledger differs."), "compare", "bad"),
    "found": (_("In the ledger."), "check", "good"),
    "asked": (_("Release was requested in the ledger."), "clock", "quiet"),
    "released": (_("Released in the ledger."), "check", "good"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What `{% timeline %}` prints."""

    at: datetime
    title: str
    tone: str = "quiet"
    icon: str = "clock"
    text: str = ""
    detail: str = ""
    by: str = ""
    took: str = ""


def history(journal: Journal, *, limit: int | None = None) -> tuple[list[Entry], bool]:
    """Return the newest entries, and whether there are more than `limit`."""
    beyond = None if limit is None else limit + 1
    attempts = (
        Attempt.objects.filter(batch__journal=journal)
        .select_related("batch__connection")
        .defer("batch__lines_json")
        .order_by("-started_at", "-pk")
    )
    events = (
        JournalEvent.objects.filter(journal=journal).select_related("user").order_by("-at", "-pk")
    )
    found = [(one.started_at, 1, one.pk, _of_attempt(one)) for one in attempts[:beyond]]
    found += [(one.at, 0, one.pk, _of_event(one)) for one in events[:beyond]]
    found.sort(key=lambda row: row[:3], reverse=True)
    entries = [row[3] for row in found]
    return entries[:limit], limit is not None and len(entries) > limit


def _of_attempt(attempt: Attempt) -> Entry:
    batch = attempt.batch
    title = f"{label_of(batch)}: {gettext(_KINDS[Attempt.Kind(attempt.kind)])}"
    took = ""
    if attempt.milliseconds is not None:
        took = f"{formats.number_format(attempt.milliseconds / 1000, 1)} s"
    detail = "\n".join(
        part
        for part in (
            f"HTTP {attempt.status}" if attempt.status else "",
            f"{gettext('Trace id')}: {attempt.trace_id}" if attempt.trace_id else "",
            attempt.detail,
        )
        if part
    )
    if not attempt.outcome:
        text, icon, tone = _("No answer was stored."), "question", "warn"
        if attempt.ended_at is None:
            text, icon, tone = _("Waiting for the answer."), "sending", "info"
        return Entry(attempt.started_at, title, tone, icon, gettext(text), detail, took=took)
    if attempt.outcome in _OUTCOMES:
        text, icon, tone = _OUTCOMES[attempt.outcome]
        text = gettext(text).format(vendor=_vendor_of(attempt))
        return Entry(attempt.started_at, title, tone, icon, text, detail, took=took)
    params = _params_of(attempt)
    failure = failure_row_for(attempt.outcome, params)
    return Entry(
        at=attempt.started_at,
        title=title,
        tone=failure.tone,
        icon="warning" if failure.tone == "warn" else "cross-circle",
        text=f"{failure.summary} {failure.remedy}",
        detail="\n".join(
            part for part in (detail, _left_over(attempt.outcome, attempt.params)) if part
        ),
        took=took,
    )


def _params_of(attempt: Attempt) -> dict[str, object]:
    """Return what fills the words of an attempt's failure, whatever has become of the batch."""
    batch = attempt.batch
    params: dict[str, object] = dict(attempt.copy)
    params["reference"] = batch.description
    if vendor := _vendor_of(attempt, otherwise=""):
        params["vendor"] = vendor
    if attempt.params:
        params |= attempt.params
        return params
    if batch.failure_code == attempt.outcome:  # of a call before the parameters were kept
        params |= batch.failure_params
    return params


def _vendor_of(attempt: Attempt, *, otherwise: str | None = None) -> str:
    """Return the vendor's name, or `otherwise` ("the ledger" if not said) without an account."""
    connection = attempt.batch.connection
    if connection is not None and connection.vendor in CONNECTORS:
        return CONNECTORS[connection.vendor].name
    return gettext("the ledger") if otherwise is None else otherwise


def _left_over(code: str, params: Mapping[str, object]) -> str:
    """Return stored values that today's words of a failure have no place for, if they changed."""
    try:
        wanted = error_class(code).placeholders()
    except LookupError:
        wanted = {"failure"}
    else:
        if wanted <= params.keys():
            return ""
    return "\n".join(f"{name}: {value}" for name, value in params.items() if name not in wanted)


def _of_event(event: JournalEvent) -> Entry:
    template, icon, tone = _EVENTS.get(
        event.code, (event.code.replace("_", " ").capitalize(), "info", "quiet")
    )
    text = detail = ""
    if code := event.params.get("failure"):
        params = event.params.get("failure_params") or event.params
        failure = failure_row_for(code, params)
        text, detail = f"{failure.summary} {failure.remedy}", _left_over(code, params)
    if event.code == "checked" and event.params.get("problems") not in (None, "0"):
        icon, tone = "warning", "warn"
    return Entry(
        at=event.at,
        title=words(template, event.params),
        tone=tone,
        icon=icon,
        text=text,
        detail=detail,
        by=str(event.user) if event.user else "",
    )
