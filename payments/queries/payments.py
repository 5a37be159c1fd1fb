"""Payments in lists and alone: where each one stands, and what a run did."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Connection
from connectors.base import ZERO
from organisations.models import Organisation
from payments.domain.standing import WAITS_FOR_A_PERSON, Standing
from payments.domain.states import RegistrationState
from payments.models import (
    Customer,
    FetchEntry,
    FetchGroup,
    FetchRun,
    InvoiceClient,
    Payment,
    Registration,
    Settlement,
    SkippedRow,
)
from payments.models.money import Total
from payments.operations.matching import portions
from payments.operations.running import left_out_of
from payments.queries import standing
from payments.queries.failures import failure_row
from payments.queries.invoices import unmatched_of, with_assigned
from payments.queries.pages import page_of
from payments.queries.suggestions import Suggestion, suggestions_for
from payments.queries.waits import Wait, failure_of, locked_out, state_words, wait_of
from payments.queries.wording import (
    OUTCOMES,
    REGISTRATIONS,
    RULES,
    STANDINGS,
    field_words,
    left_words,
    mark_words,
    skipped_words,
    unknown_words,
)
from ui.failures import FailureRow


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One payment of a list."""

    pk: int
    url: str
    key: str
    client: str
    paid_on: date
    customer: str
    amount: Decimal
    currency: str
    reference: str
    rest: Decimal
    why: str
    registrations: list[tuple[str, str]]
    mark: str
    mark_reason: str
    suggestions: tuple[Suggestion, ...] = ()
    """Of a row of the queue: what a person is offered."""


def payment_rows(payments: list[Payment]) -> list[PaymentRow]:
    """Return the rows of payments that `with_assigned` gave; three statements for all of them."""
    ids = [payment.pk for payment in payments]
    states: dict[int, list[tuple[str, str]]] = {}
    for some in portions(ids):
        rows = Registration.objects.filter(payment_id__in=some).order_by("pk")
        held_back = set(rows.filter(Registration.objects.held_back()).values_list("pk", flat=True))
        columns = ("pk", "payment_id", "state", "client__target__state")
        for pk, payment_id, state, access in rows.values_list(*columns):
            words = state_words(
                state,
                needs_sign_in=access not in (None, Connection.State.AUTHORISED),
                held_back=pk in held_back,
            )
            states.setdefault(payment_id, []).append(words)
    names = _names(payments)
    return [
        PaymentRow(
            pk=payment.pk,
            url=reverse("payments:payment", args=[payment.pk]),
            key=str(payment),
            client=payment.client.name,
            paid_on=payment.paid_on,
            customer=f"{payment.customer_number} "
            f"{names.get((payment.client_id, payment.customer_number), '')}".strip(),
            amount=payment.amount,
            currency=payment.client.currency,
            reference=payment.kid or payment.invoice_number or payment.text,
            rest=payment.amount - payment.assigned,  # type: ignore[attr-defined]
            why=". ".join(
                filter(None, (left_words(payment.left), unknown_words(payment.unknown_outcome)))
            )
            if payment.left
            else "",
            registrations=states.get(payment.pk, []),
            mark=str(Payment.Mark(payment.mark).label) if payment.mark else "",
            mark_reason=mark_words(payment.mark_reason),
        )
        for payment in payments
    ]


def _names(payments: list[Payment]) -> dict[tuple[int, str], str]:
    clients = {payment.client_id for payment in payments}
    numbers = sorted({payment.customer_number for payment in payments})
    found: dict[tuple[int, str], str] = {}
    for some in portions(numbers):
        rows = Customer.objects.filter(client_id__in=clients, number__in=some)
        found |= {(c, n): name for c, n, name in rows.values_list("client_id", "number", "name")}
    return found


def paged(payments: Any, *, page: str, order: tuple[str, ...] = ("-paid_on", "-pk")) -> Page[Any]:
    """Return one page of payments as rows."""
    found = with_assigned(payments).select_related("client").order_by(*order)
    return page_of(found, payment_rows, page=page)


# --- The unmatched queue ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tie:
    """The sum of a client's queue, tied to what Visma itself adds up."""

    client: InvoiceClient
    control_count: int | None
    control_amount: Decimal | None
    at: datetime | None
    total: Decimal
    on_invoices: Decimal
    unmatched: Decimal
    left_out: Decimal
    difference: Decimal | None


def unmatched(organisation: Organisation, *, client: InvoiceClient | None, page: str) -> Page[Any]:
    """Return one page of the payments of which something stands on no invoice, oldest first."""
    payments = Payment.objects.of(organisation)
    if client is not None:
        payments = payments.filter(client=client)
    found = unmatched_of(payments).select_related("client").order_by("paid_on", "pk")
    return page_of(found, _rows_with_suggestions, page=page)


def _rows_with_suggestions(payments: list[Payment]) -> list[PaymentRow]:
    offered = suggestions_for(payments)
    return [replace(row, suggestions=offered.get(row.pk, ())) for row in payment_rows(payments)]


def tie_of(client: InvoiceClient) -> Tie:
    """Return how the queue's sum is tied: on invoices + unmatched + left out = Visma's total."""
    run = (
        FetchRun.objects.filter(client=client, state=FetchRun.State.DONE)
        .exclude(control_count=None)
        .order_by("-finished_at")
        .first()
    )
    payments = Payment.objects.filter(client=client, vanished_at=None)
    if run is not None:
        payments = payments.filter(paid_on__gte=run.since, voucher_type__in=run.voucher_types)
    total = payments.aggregate(total=Total("amount"))["total"] or ZERO
    events = Settlement.objects.filter(payment__in=payments.order_by().values("pk"))
    assigned = events.aggregate(total=Total("amount"))["total"] or ZERO
    left_out = left_out_of(run).amount if run else ZERO
    control = run.control_amount if run else None
    return Tie(
        client=client,
        control_count=run.control_count if run else None,
        control_amount=control,
        at=run.finished_at if run else None,
        total=total,
        on_invoices=assigned,
        unmatched=total - assigned,
        left_out=left_out,
        difference=None if control is None else control - total - left_out,
    )


# --- One payment --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of a payment or an invoice."""

    pk: int
    at: datetime
    invoice: str
    invoice_url: str
    payment: str
    payment_url: str
    amount: Decimal
    how: str
    outcome: str
    by: str
    reason: str
    is_undo: bool
    is_undone: bool
    may_be_undone: bool
    registration: tuple[str, str] | None
    registration_pk: int | None
    registration_state: str
    target_number: str
    matched_there: bool | None
    failure: FailureRow | None
    wait: Wait | None
    waits_for: tuple["Earlier", ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier sending of a payment that is not known to be undone in the target."""

    invoice: str
    url: str
    target_number: str
    word: str
    look: str


def events_of(condition: Q) -> list[EventRow]:
    """Return the events of a payment, or of an invoice, in their order."""
    rows = (
        Settlement.objects.filter(condition)
        .select_related(
            *("invoice", "payment", "credit_note", "made_by", "rounds__payment"),
            "registration__client__target",
        )
        .annotate(is_undone=Exists(Settlement.objects.filter(undoes=OuterRef("pk"))))
        .order_by("made_at", "pk")
    )
    found = list(rows)
    earlier = _earlier({one.payment_id for one in found if one.payment_id})
    return [_event(one, earlier.get(one.payment_id or 0, ())) for one in found]


_GOES_ON = frozenset({"ready", "sending", "unknown", "to_reverse", "reversing"})


def go_on(events: list[EventRow]) -> bool:
    """Return whether one of the events changes by itself yet."""
    return any(event.registration_state in _GOES_ON for event in events)


def _earlier(payment_ids: set[int]) -> dict[int, tuple[Earlier, ...]]:
    """Return what of those payments is to be taken back before anything else of them is sent."""
    found: dict[int, tuple[Earlier, ...]] = {}
    rows = Registration.objects.may_still_stand().filter(payment__in=payment_ids)
    for one in rows.select_related("settlement__invoice").order_by("pk"):
        word, look = REGISTRATIONS[one.state]
        invoice = one.settlement.invoice
        row = Earlier(
            invoice=invoice.number,
            url=reverse("payments:invoice", args=[invoice.pk]),
            target_number=one.target_number,
            word=str(word),
            look=look,
        )
        found[one.payment_id] = (*found.get(one.payment_id, ()), row)
    return found


def _event(one: Settlement, earlier: tuple[Earlier, ...]) -> EventRow:
    registration = getattr(one, "registration", None)
    undone: bool = one.is_undone  # type: ignore[attr-defined]
    closes = one.rounds
    source = one.payment or one.credit_note or (closes.payment if closes else None)
    paid_by = one.payment_id or (closes.payment_id if closes else None)
    held_back = bool(earlier) and registration is not None and registration.state == "ready"
    shown: tuple[str, str] | None = None
    if registration:
        needs_sign_in = locked_out(registration.client.target)
        shown = state_words(registration.state, needs_sign_in=needs_sign_in, held_back=held_back)
    return EventRow(
        pk=one.pk,
        at=one.made_at,
        invoice=one.invoice.number,
        invoice_url=reverse("payments:invoice", args=[one.invoice_id]),
        payment=str(source),
        payment_url=reverse("payments:payment", args=[paid_by])
        if paid_by
        else reverse("payments:invoice", args=[one.credit_note_id]),
        amount=one.amount,
        how=str(RULES.get(one.rule, one.rule)),
        outcome=str(OUTCOMES.get(one.outcome, "")),
        by=str(one.made_by) if one.made_by else "Integration Hub",
        reason=one.reason,
        is_undo=one.undoes_id is not None,
        is_undone=undone,
        may_be_undone=one.undoes_id is None and not undone,
        registration=shown,
        registration_pk=registration.pk if registration else None,
        registration_state=registration.state if registration else "",
        target_number=registration.target_number if registration else "",
        matched_there=registration.matched_there if registration else None,
        failure=failure_of(registration) if registration else None,
        wait=wait_of(registration, now=timezone.now()) if registration and not held_back else None,
        waits_for=earlier if held_back else (),
    )


# --- Runs ---------------------------------------------------------------------------------------

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


def sum_of(rows: Any) -> Decimal:
    """Return what payments, or skipped rows, add up to."""
    total: Decimal | None = rows.order_by().aggregate(total=Total("amount"))["total"]
    return total or ZERO


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
