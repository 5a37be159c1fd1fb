"""The events of a payment or an invoice, with what came of each in the target."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from payments.models import Registration, Settlement
from payments.queries.waits import Wait, failure_of, locked_out, state_words, wait_of
from payments.queries.wording import OUTCOMES, REGISTRATIONS, RULES
from ui.failures import FailureRow


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
    """Return what of those payments is to be reversed before anything else of them is sent."""
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
