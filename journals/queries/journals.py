"""The lists of journals: filtered, searched, sorted and paged, in a fixed number of queries."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext

from connectors.bounds import row_number
from journals.models import Batch, Journal
from journals.queries.waits import SIGN_IN, causes_of, shown_state, wait_for_sign_in
from journals.queries.wording import ATTENTION
from journals.rules.states import DONE, BatchState
from journals.rules.waiting import WAIT_LABELS
from organisations.models import Company, Organisation
from outbox.waiting import Cause

PAGE_SIZE = 25
DEFAULT_SORT = "-imported_at"
_SORTS = {
    "reference": "reference",
    "company": "company__name",
    "period": "run_period",
    "total": "total",
    "state": "state",
    "age": "state_at",
    "imported_at": "imported_at",
}
_PERIOD = re.compile(r"\d{4}-\d{2}")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address of a list says about which journals are shown."""

    search: str = ""
    state: str = ""
    period: str = ""
    company: int | None = None
    sort: str = DEFAULT_SORT

    @classmethod
    def from_query(cls, query: Mapping[str, Any]) -> "Filters":
        """Return the filters of an address; what is not understood is left out."""
        state = str(query.get("state", ""))
        period = str(query.get("period", ""))
        company = str(query.get("company", ""))
        sort = str(query.get("sort", ""))
        return cls(
            search=str(query.get("q", "")).strip()[:80],
            state=state if state in (*Journal.State.values, "attention", SIGN_IN) else "",
            period=period if _PERIOD.fullmatch(period) else "",
            company=row_number(company),
            sort=sort if sort.removeprefix("-") in _SORTS else DEFAULT_SORT,
        )

    def as_query(self) -> str:
        """Return the query of the address of the list that is narrowed like this."""
        said = {
            "q": self.search,
            "state": self.state,
            "period": self.period,
            "company": self.company or "",
        }
        return urlencode({name: value for name, value in said.items() if value})

    @property
    def in_use(self) -> bool:
        """Say whether anything is filtered away."""
        return bool(self.search or self.state or self.period or self.company)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of a list of journals."""

    pk: int
    url: str
    reference: str
    company: str
    company_url: str
    period: str
    total: Decimal
    currency: str
    lines: int
    state: str
    look: str
    state_label: str
    waits_for: str
    state_at: datetime
    sent: bool
    posted: int
    batches: int

    @property
    def progress(self) -> str:
        """Return how many batches are in the ledger, in words."""
        return gettext("%(posted)d of %(all)d posted") % {
            "posted": self.posted,
            "all": self.batches,
        }


def list_journals(
    *,
    organisation: Organisation,
    filters: Filters,
    company: Company | None = None,
    page: str = "1",
) -> Page[Any]:
    """Return one page of journal rows."""
    found = matching(organisation, filters)
    if company is not None:
        found = found.filter(company=company)
    sign = "-" if filters.sort.startswith("-") else ""
    order = sign + _SORTS[filters.sort.removeprefix("-")]
    paged: Paginator[Any] = Paginator(
        found.select_related("company").order_by(order, "-pk"), PAGE_SIZE
    )
    here = paged.get_page(page)
    here.object_list = journal_rows(here.object_list)
    return here


_BOOKED = sorted(DONE - {BatchState.BOOKED_BEFORE})
"""By the hub, or by a person since it is here."""


def journal_rows(journals: Iterable[Journal]) -> list[JournalRow]:
    """Return the rows of these journals; two queries for all of them."""
    journals = list(journals)
    causes = causes_of(journal.pk for journal in journals)
    counts = {
        journal_id: (every, posted)
        for journal_id, every, posted in Batch.objects.filter(
            journal_id__in=[journal.pk for journal in journals], reverses__isnull=True
        )
        .values_list("journal_id")
        .exclude(state=BatchState.REVERSED)
        .annotate(every=Count("pk"), posted=Count("pk", filter=Q(state__in=_BOOKED)))
    }
    return [
        _row(journal, *counts.get(journal.pk, (0, 0)), cause=causes.get(journal.pk))
        for journal in journals
    ]


def _row(journal: Journal, batches: int, posted: int, *, cause: Cause | None) -> JournalRow:
    look, words = shown_state(journal.state, cause)
    return JournalRow(
        pk=journal.pk,
        url=reverse("journals:detail", args=[journal.pk]),
        reference=journal.reference,
        company=journal.company.name,
        company_url=reverse("journals:company", args=[journal.company_id]),
        period=journal.run_period,
        total=journal.total,
        currency=journal.currency,
        lines=journal.line_count,
        state=journal.state,
        look=look,
        state_label=words,
        waits_for=cause.value if cause else "",
        state_at=journal.state_at,
        sent=journal.state == Journal.State.SENT,
        posted=posted,
        batches=batches,
    )


def matching(organisation: Organisation, filters: Filters) -> QuerySet[Journal]:
    """Return the organisation's journals that match, in no order."""
    journals: QuerySet[Journal] = Journal.objects.of(organisation)
    if filters.search:
        journals = journals.filter(
            Q(reference__icontains=filters.search)
            | Q(company__name__icontains=filters.search)
            | Q(company__number__icontains=filters.search)
        )
    if filters.state:
        journals = in_state(journals, filters.state)
    if filters.period:
        journals = journals.filter(run_period=filters.period)
    if filters.company is not None:
        journals = journals.filter(company_id=filters.company)
    return journals


def in_state(journals: QuerySet[Journal], wanted: str) -> QuerySet[Journal]:
    """Return the journals that a list shows under that state."""
    if wanted == SIGN_IN:
        return journals.filter(wait_for_sign_in())
    if wanted == "attention":
        return journals.filter(Q(state__in=ATTENTION) | wait_for_sign_in())
    return journals.filter(~wait_for_sign_in(), state=wanted)


def state_choices() -> list[tuple[str, str]]:
    """Return what the state filter offers."""
    return [
        ("attention", gettext("Needs attention")),
        (SIGN_IN, gettext(WAIT_LABELS[Cause.SIGN_IN])),
        *((state.value, str(state.label)) for state in Journal.State),
    ]
