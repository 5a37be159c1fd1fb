"""Comparisons with the ledger: the list, and one with what differs, in finished words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.translation import gettext

from background.models import BackgroundRequest
from connectors.base import LedgerLine, SegmentValue
from journals.models import Batch, Comparison, Finding
from journals.queries.undoing import LineRow, field_words, line_row, pair_words, status_words
from journals.queries.wording import shown_failure
from journals.rules.read_back import OUTCOME_WORDS, Outcome, batch_from_json
from organisations.models import Company, Organisation
from ui.failures import FailureRow, asked_once

PAGE_SIZE = 25
FINDINGS_ON_A_PAGE = 20
_ICONS = {
    # outcome: icon, tone of the badge
    Outcome.DELETED: ("trash", "bad"),
    Outcome.VOIDED: ("stop", "bad"),
    Outcome.STRANGE: ("question", "bad"),
    Outcome.UNKNOWN_OUTCOME: ("question", "warn"),
    Outcome.CHANGED: ("compare", "bad"),
    Outcome.MOVED: ("calendar", "warn"),
    Outcome.RELEASED: ("check-circle", "good"),
    Outcome.EQUAL: ("check", "good"),
}
_NEVER = datetime.min.replace(tzinfo=UTC)
_ORDER = {outcome.value: place for place, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One comparison, as a list and the head of its page show it."""

    pk: int
    url: str
    progress_url: str
    company: str
    company_url: str
    period: str
    requested_at: datetime
    requested_by: str
    compared_at: datetime | None
    finished: bool
    failure: FailureRow | None
    sent: int
    held: int
    equal: int
    differing: int
    strange: int
    state: str
    words: str


def comparison_page(organisation: Organisation, *, company: int | None, page: str) -> Page[Any]:
    """Return one page of comparisons, newest first."""
    found = Comparison.objects.of(organisation)
    if company is not None:
        found = found.filter(company_id=company)
    ordered = found.select_related("company", "background_request", "requested_by").order_by(
        "-requested_at", "-pk"
    )
    here = Paginator(ordered, PAGE_SIZE).get_page(page)
    here.object_list = [comparison_row(one) for one in here.object_list]
    return here


def comparison_row(one: Comparison) -> ComparisonRow:
    """Return one comparison in words."""
    background_request: BackgroundRequest | None = one.background_request
    finished = (
        one.compared_at is not None or background_request is None or background_request.is_finished
    )
    failure = None
    if background_request is not None and one.compared_at is None:
        failure = asked_once(
            shown_failure(
                code=background_request.failure_code,
                params=background_request.failure_params,
                detail=background_request.failure_detail,
                at=background_request.finished_at,
                company_id=one.company_id,
            )
        )
    state, words = "running", gettext("The ledger is being read. Nothing is written there.")
    if failure is not None or (finished and one.compared_at is None):
        state, words = "failed", gettext("The ledger could not be read.")
    elif finished and one.differing:
        state, words = "changed", gettext("The ledger differs from what was sent.")
    elif finished:
        state, words = "done", gettext("The ledger matches what was sent.")
    return ComparisonRow(
        pk=one.pk,
        url=reverse("journals:comparison", args=[one.pk]),
        progress_url=reverse("journals:comparison_progress", args=[one.pk]),
        company=one.company.name,
        company_url=reverse("journals:company", args=[one.company_id]),
        period=one.period,
        requested_at=one.requested_at,
        requested_by=str(one.requested_by or ""),
        compared_at=one.compared_at,
        finished=finished,
        failure=failure,
        sent=one.sent,
        held=one.held,
        equal=one.equal,
        differing=one.differing,
        strange=one.strange,
        state=state,
        words=words,
    )


@dataclass(frozen=True, slots=True)
class PairRow:
    """A line that was sent beside the one that is there."""

    kind: str
    words: str
    sent: LineRow | None
    held: LineRow | None


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What a comparison says of one batch."""

    outcome: str
    icon: str
    tone: str
    words: str
    number: str
    status: str
    changed_at: str
    journal: str
    journal_url: str
    period: str
    description: str
    headers: list[tuple[str, str, str]]
    pairs: list[PairRow]
    more_pairs: int
    equal_lines: int


def finding_page(comparison: Comparison, *, page: str) -> Page[Any]:
    """Return one page of findings, what a person should look at first."""
    findings = list(
        Finding.objects.filter(comparison=comparison).values_list("pk", "outcome", "number")
    )
    findings.sort(key=lambda row: (_ORDER.get(row[1], 0), row[2]))
    here = Paginator([pk for pk, _outcome, _number in findings], FINDINGS_ON_A_PAGE).get_page(page)
    rows = Finding.objects.select_related("batch__journal").defer("batch__lines_json")
    found = {row.pk: row for row in rows.filter(pk__in=list(here.object_list))}
    here.object_list = [finding_row(found[pk]) for pk in here.object_list]
    return here


def finding_row(finding: Finding) -> FindingRow:
    """Return one finding in words."""
    outcome = Outcome(finding.outcome)
    icon, tone = _ICONS[outcome]
    details: Mapping[str, Any] = finding.details
    batch: Batch | None = finding.batch
    pairs = [_pair(stored) for stored in details.get("pairs", ())]
    if outcome is Outcome.STRANGE:
        lines = batch_from_json(details).lines
        pairs = [PairRow("added", pair_words("added"), None, line_row(line)) for line in lines]
    more = int(details.get("differing_lines") or details.get("line_count") or 0) - len(pairs)
    return FindingRow(
        outcome=outcome.value,
        icon=icon,
        tone=tone,
        words=gettext(OUTCOME_WORDS[outcome]),
        number=finding.number,
        status=status_words(finding.status) if finding.status else "",
        changed_at=str(details.get("modified_at", "")).replace("T", " ")[:19],
        journal=batch.journal.reference if batch else "",
        journal_url=reverse("journals:detail", args=[batch.journal_id]) + f"?batch={batch.pk}"
        if batch
        else "",
        period=batch.period if batch else "",
        description=str(details.get("description", "")) or (batch.description if batch else ""),
        headers=[
            (field_words(name), sent, held) for name, sent, held in details.get("headers", ())
        ],
        pairs=pairs,
        more_pairs=max(more, 0),
        equal_lines=int(details.get("equal_lines") or 0),
    )


def _pair(stored: Mapping[str, Any]) -> PairRow:
    return PairRow(
        kind=stored["kind"],
        words=pair_words(stored["kind"], stored["fields"]),
        sent=_line(stored["sent"]),
        held=_line(stored["held"]),
    )


def _line(stored: Mapping[str, Any] | None) -> LineRow | None:
    if stored is None:
        return None
    return line_row(
        LedgerLine(
            number=stored["number"],
            account=stored["account"],
            debit=Decimal(stored["debit"]),
            credit=Decimal(stored["credit"]),
            text=stored["text"],
            reference=stored["reference"],
            segments=tuple(SegmentValue(i, value) for i, value in stored["segments"]),
        )
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """What the newest comparison says of one batch, for the page of its journal."""

    url: str
    icon: str
    words: str
    at: datetime


def newest_of(company_id: int, batches: Iterable[Batch]) -> dict[int, Compared]:
    """Return what the newest comparison of each batch's period says of it; two queries."""
    there = [batch for batch in batches if batch.proven_at is not None]
    comparisons = Comparison.objects.filter(
        company_id=company_id,
        period__in={batch.posting_period for batch in there},
        compared_at__isnull=False,
    ).order_by("compared_at", "pk")
    newest = {one.period: one for one in comparisons} if there else {}
    findings = Finding.objects.filter(comparison__in=list(newest.values()), batch__in=there)
    outcomes = dict(findings.values_list("batch_id", "outcome")) if newest else {}
    found = {}
    for batch in there:
        one = newest.get(batch.posting_period)
        # A comparison that is older than the batch says nothing of it.
        if one is None or one.compared_at is None or one.compared_at < (batch.proven_at or _NEVER):
            continue
        outcome = Outcome(outcomes.get(batch.pk, Outcome.EQUAL))
        found[batch.pk] = Compared(
            url=reverse("journals:comparison", args=[one.pk]),
            icon=_ICONS[outcome][0],
            words=gettext(OUTCOME_WORDS[outcome]),
            at=one.compared_at,
        )
    return found


def period_choices(company: Company | None, periods: list[str]) -> list[tuple[str, str]]:
    """Return what the period field offers."""
    if company is None:
        return []
    return [
        (period, f"{period[:4]}-{period[4:]}" if len(period) == 6 else period) for period in periods
    ]
