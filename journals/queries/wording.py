"""States, stored problems and buttons in the reader's words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, ngettext

from connectors.errors import ConnectorError
from journals.models import Batch, Journal
from journals.rights import USE
from journals.rules.preflight_problems import PREFLIGHT_PROBLEMS, PreflightProblem
from journals.rules.states import STATE_WORDS, BatchState
from ui.failures import WHO_WORDS, FailureRow, failure_row, failure_row_of, words

# States that look like another one; the words are always the state's own.
_LOOKS = {
    "draft": "not_sent",
    "ready": "queued",
    "imported": "not_sent",
    "stopped": "rejected",
    "closed": "closed_by_hand",
}

LIVE = frozenset({"checking", "sending", "unknown"})
"""States of a journal that change by themselves, so the page asks again."""

ATTENTION = ("needs_person", "stopped", "unknown")
"""States of a journal that somebody should look at."""


def look_of(state: str) -> str:
    """Return the name of the badge that shows that state."""
    return _LOOKS.get(state, state)


def batch_state_words(state: str) -> str:
    """Return a batch's state in words."""
    return gettext(STATE_WORDS[BatchState(state)])


def journal_state_words(state: str) -> str:
    """Return a journal's state in words."""
    return str(Journal.State(state).label)


def label_of(batch: Batch) -> str:
    """Return what a batch is called among those of its journal."""
    if batch.reverses_id is None:
        return batch.period
    return gettext("%(period)s, reversal") % {"period": batch.period}


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """What `{% problems %}` prints."""

    summary: str
    place: str = ""
    remedy: str = ""
    tone: str = "bad"
    stops: bool = True
    url: str = ""
    action: str = ""


def problem_row(stored: Mapping[str, Any]) -> ProblemRow:
    """Return a stored problem of the check in today's words."""
    code, params = str(stored.get("code", "")), stored.get("params") or {}
    kind = PREFLIGHT_PROBLEMS.get(code)
    if kind is None:
        # Written by another version of the hub, or a failure of the call itself.
        failure = failure_row_for(code or "BadAnswer", params)
        return ProblemRow(summary=failure.summary, remedy=failure.remedy)
    near = [
        " ".join(part for part in (one.get("value", ""), one.get("name", "")) if part)
        for one in stored.get("suggestions") or ()
    ]
    remedy = words(kind.remedy, params)
    if near:
        remedy = f"{remedy} {gettext('Nearest:')} {', '.join(near)}."
    lines = int(stored.get("lines") or 0)
    place = [
        str(stored.get("period") or ""),
        ngettext("%(n)d line", "%(n)d lines", lines) % {"n": lines} if lines else "",
        gettext(WHO_WORDS[kind.who]),
    ]
    return ProblemRow(
        summary=words(kind.summary, params),
        place=" · ".join(part for part in place if part),
        remedy=remedy,
        tone="bad" if kind.stops else "info",
        stops=kind.stops,
    )


def problem_row_of(problem: PreflightProblem) -> ProblemRow:
    """Return a problem that was just found in words."""
    return problem_row(
        {
            "code": problem.code,
            "period": problem.period,
            "lines": problem.lines,
            "params": problem.params,
            "suggestions": [{"value": s.value, "name": s.name} for s in problem.suggestions],
        }
    )


def shown_failure(
    *,
    code: str,
    params: Mapping[str, object],
    detail: str = "",
    at: datetime | None = None,
    trace_id: str = "",
    company_id: int | None = None,
) -> FailureRow | None:
    """Return a stored failure in words, with the button that helps."""
    plain = failure_row(code=code, params=params, detail=detail, at=at, trace_id=trace_id)
    if plain is None:
        return None
    return _led_on(plain, company_id=company_id)


def shown_refusal(refusal: ConnectorError, *, company_id: int | None = None) -> FailureRow:
    """Return a failure that was just raised in words, with the button that helps."""
    plain = failure_row_of(refusal)
    return _led_on(plain, company_id=company_id)


def with_way_out(plain: FailureRow | None, *, company_id: int | None) -> FailureRow | None:
    """Return a failure with the button that its action asks for."""
    if plain is None:
        return None
    return _led_on(plain, company_id=company_id)


def _led_on(plain: FailureRow, *, company_id: int | None) -> FailureRow:
    url, label = _way_out(plain.action, company_id=company_id)
    rights = USE.rights if plain.action == "reconnect" else ()
    return replace(plain, action_url=url, action_label=label, action_rights=rights)


def failure_row_for(code: str, params: Mapping[str, object]) -> FailureRow:
    """Return the words of a code that is not empty."""
    return failure_row(code=code, params=params) or FailureRow(summary=code)


def _way_out(action: str, *, company_id: int | None) -> tuple[str, str]:
    """Return address and label of the page where the remedy is done, if there is one."""
    match action:
        case "open_company":
            return address("organisations:company", company_id), gettext("Open the company")
        case "open_debtor":
            return address("organisations:debtors"), gettext("Open the debtors")
        case "open_mapping" | "open_mappings":
            return address("mappings:list"), gettext("Open the mappings")
        case "reconnect":
            return address(USE.page), gettext("Open Visma.net accounts")
        case _:
            return "", ""


def address(name: str, *args: object) -> str:
    """Return the address of a page, or nothing where the installation has no such page."""
    try:
        return reverse(name, args=[arg for arg in args if arg is not None])
    except NoReverseMatch:
        return ""
