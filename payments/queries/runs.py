"""What a run of fetching did, and a press for many clients."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from payments.models import (
    FetchEntry,
    FetchGroup,
    FetchRun,
    InvoiceClient,
    Payment,
    Registration,
    Settlement,
    SkippedRow,
)
from payments.queries import standing
from payments.queries.failures import failure_row
from payments.queries.pages import page_of
from payments.queries.wording import STANDINGS, field_words, skipped_words
from payments.rules.standing import WAITS_FOR_A_PERSON, Standing
from payments.rules.states import RegistrationState
from ui.failures import FailureRow

LISTS = (
    "fetched",
    "new",
    "known",
    "matched",
    "part",
    "over",
    "unassigned",
    "marked",
    "mark_refused",
    *(one.value for one in Standing),
)


def run_list(run: FetchRun, name: str) -> Any:
    """Return the payments behind one number of a run's page."""
    fresh = Payment.objects.filter(first_run=run)
    placed = Settlement.objects.filter(payment=OuterRef("pk"), run=run)
    known = Q(
        client_id=run.client_id,
        journal_number__gte=run.first_journal,
        journal_number__lte=run.last_journal,
        paid_on__gte=run.since,
        voucher_type__in=run.voucher_types,
        created_at__lt=run.created_at,
        vanished_at=None,
    )
    match name:
        case "fetched" | "known" if run.first_journal is None:
            return Payment.objects.none()
        case "fetched":
            return Payment.objects.filter(known | Q(first_run=run))
        case "new":
            return fresh
        case "known":
            return Payment.objects.filter(known)
        case "matched":
            by_run = placed.filter(outcome__in=["settled", "returned"])
        case "part" | "over":
            by_run = placed.filter(outcome=name)
        case "unassigned":
            return fresh.filter(~Exists(Settlement.objects.filter(payment=OuterRef("pk"))))
        case _ if name in set(Standing):
            mine = standing.registrations_of(run).filter(payment=OuterRef("pk"))
            stands = Exists(mine.filter(standing.condition(Standing(name))))
            return Payment.objects.filter(stands, client_id=run.client_id)
        case "marked" | "mark_refused":
            return fresh.filter(mark="marked" if name == "marked" else "refused")
        case _:
            raise LookupError(name)
    return Payment.objects.filter(Exists(by_run), client_id=run.client_id)


_TONES = {Standing.REFUSED: "bad", Standing.NEEDS_PERSON: "bad", Standing.WAITING: ""}
_MARKED_WITHIN = timedelta(minutes=2)


def still_going(run: FetchRun, *, now: datetime) -> int:
    """Return how many payments of the run are on their way to the target or to their mark."""
    waiting = Registration.objects.filter(
        payment=OuterRef("pk"), state__in=[RegistrationState.READY, RegistrationState.SENDING]
    )
    # What is due for longer waits for a source that takes no marks, or none now.
    marks = Q(mark=Payment.Mark.NONE, mark_at__gt=now - _MARKED_WITHIN, mark_at__lte=now)
    return Payment.objects.filter(Exists(waiting) | marks, first_run=run).count()


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a run's page, and the list that it opens."""

    name: str
    label: str
    figure: int
    url: str
    tone: str


def figures(run: FetchRun) -> list[Figure]:
    """Return the numbers of a run as they are now; four statements."""
    fresh = Payment.objects.filter(first_run=run).aggregate(
        new=Count("pk"),
        marked=Count("pk", filter=Q(mark="marked")),
        mark_refused=Count("pk", filter=Q(mark="refused")),
        unassigned=Count("pk", filter=~Exists(Settlement.objects.filter(payment=OuterRef("pk")))),
    )
    outcomes = dict(
        Settlement.objects.filter(run=run, payment__isnull=False)
        .order_by()
        .values_list("outcome")
        .annotate(n=Count("payment", distinct=True))
    )
    skipped = SkippedRow.objects.filter(run=run).count()
    stand = standing.of_run(run)

    def figure(label: str, name: str, number: int, tone: str = "") -> Figure:
        url = reverse("payments:run_list", args=[run.pk, name])
        return Figure(name, label, number, url, tone if number else "")

    return [
        figure(_("Fetched"), "fetched", run.fetched),
        figure(_("New"), "new", fresh["new"]),
        figure(_("Already known"), "known", run.known),
        figure(
            _("Matched"),
            "matched",
            outcomes.get("settled", 0) + outcomes.get("returned", 0),
            "good",
        ),
        figure(_("Part paid"), "part", outcomes.get("part", 0)),
        figure(_("Paid too much"), "over", outcomes.get("over", 0), "warn"),
        figure(_("Unassigned"), "unassigned", fresh["unassigned"], "warn"),
        figure(_("Skipped"), "skipped", skipped, "warn"),
        *(
            figure(str(STANDINGS[one][0]), one.value, stand[one], _TONES.get(one, "warn"))
            for one in Standing
            if stand.get(one)
        ),
        figure(_("Marked in Visma"), "marked", fresh["marked"]),
        figure(_("Mark refused"), "mark_refused", fresh["mark_refused"], "warn"),
    ]


def list_title(run: FetchRun, name: str) -> str:
    """Return the words of one number of a run's page, above zero or not."""
    words = next((one.label for one in figures(run) if one.name == name), "")
    return words or str(STANDINGS[Standing(name)][0])


def trouble_of(run: FetchRun) -> int:
    """Return how many registrations of a run wait for a person."""
    counts = standing.of_run(run)
    return sum(counts.get(one, 0) for one in WAITS_FOR_A_PERSON)


@dataclass(frozen=True, slots=True)
class StoppedAccount:
    """An account for which something waits, and until when, if that is known."""

    name: str
    must_sign_in: bool
    until: datetime | None


def accounts_that_stop(client: InvoiceClient, *, now: datetime) -> list[StoppedAccount]:
    """Return the accounts of a client that nothing goes through now, with the reason."""
    return [
        StoppedAccount(one.name, not one.is_authorised, one.not_before)
        for one in (client.source, client.target)
        if one is not None and (not one.is_authorised or one.is_paused(now=now))
    ]


def unread_of(run: FetchRun) -> int:
    """Return how many rows of a run could not be read, and so are not booked."""
    named = SkippedRow.objects.filter(run=run).exclude(field="")
    count: int = named.exclude(reason="amount_changed").count()
    return count


def skipped_rows(run: FetchRun, *, page: str) -> Page[Any]:
    """Return one page of the rows that were not registered, with their reasons."""
    found = SkippedRow.objects.filter(run=run).order_by("journal_number", "audit_number", "pk")
    return page_of(found, _skipped_rows, page=page)


def _skipped_rows(rows: list[SkippedRow]) -> list[dict[str, Any]]:
    return [
        {
            "key": f"{row.journal_number}/{row.audit_number}" if row.journal_number else "–",
            "field": field_words(row.field),
            "value": row.value,
            "reason": skipped_words(row.reason),
            "amount": row.amount,
        }
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One client of a press for many."""

    client: InvoiceClient
    run: FetchRun | None
    run_url: str
    settings_url: str
    failure: FailureRow | None


def entries(group: FetchGroup, *, page: str) -> Page[Any]:
    """Return one page of what a press for many did, client by client."""
    found = FetchEntry.objects.filter(group=group).select_related("client", "run")
    return page_of(found.order_by("client__number", "pk"), _entry_rows, page=page)


def _entry_rows(entries: list[FetchEntry]) -> list[EntryRow]:
    return [
        EntryRow(
            client=one.client,
            run=one.run,
            run_url=reverse("payments:run", args=[one.run_id]) if one.run_id else "",
            settings_url=reverse("payments:client_settings", args=[one.client_id]),
            failure=failure_row(code=one.failure_code, params=one.failure_params),
        )
        for one in entries
    ]
