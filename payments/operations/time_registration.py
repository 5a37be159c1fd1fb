"""Time on a customer, refused while the customer is temporarily blocked (S20)."""

from datetime import date, datetime
from typing import Any

from django.db import Error, IntegrityError, transaction
from django.utils import formats, timezone
from django.utils.translation import gettext

from audit import trail
from organisations.models import Organisation, User
from payments.models import Customer, TimeBlock, TimeEntry
from payments.rules.refusals import CustomerBlocked, ReferenceOfOtherTime


def refusal_of(customer: Customer) -> CustomerBlocked | None:
    """Return why no time may be registered on the customer, and since when, or None."""
    blocks = TimeBlock.objects.filter(customer=customer, lifted_at=None)
    block = blocks.order_by("since").first()
    if block is None:
        return None
    since = formats.date_format(timezone.localtime(block.since), "Y-m-d H:i")
    reason = str(TimeBlock.Reason(block.reason).label)
    if block.note:
        reason = f"{reason} ({block.note})"
    return CustomerBlocked(customer=str(customer), since=since, reason=gettext(reason))


def register(
    *,
    organisation: Organisation,
    customer: Customer,
    worked_on: date,
    minutes: int,
    text: str = "",
    who: str,
    by: User | None,
    reference: str = "",
    now: datetime,
) -> tuple[TimeEntry, bool]:
    """
    Register time, and say whether the entry is new.

    :param reference: the caller's own name of it: the same one twice is one entry
    :raises CustomerBlocked: S20, with the reason and since when
    :raises ReferenceOfOtherTime: if the reference stands for another customer, day or time
    """
    if customer.organisation_id != organisation.pk:
        raise ValueError("the customer belongs to another organisation")
    same = {"customer_id": customer.pk, "worked_on": worked_on, "minutes": minutes}
    if reference and (there := _entry_under(reference, organisation, same)) is not None:
        return there, False
    refusal = refusal_of(customer)
    if refusal is not None:
        raise refusal
    try:
        with transaction.atomic():
            entry = TimeEntry.objects.create(
                organisation=organisation,
                customer=customer,
                worked_on=worked_on,
                minutes=minutes,
                text=text[:200],
                who=who[:200],
                user=by,
                reference=reference[:60],
                created_at=now,
            )
            trail.record(
                organisation=organisation,
                action="time.registered",
                subject=customer,
                user=by,
                details={"date": worked_on.isoformat(), "minutes": minutes},
            )
    except Error as exc:
        # The database's own refusal: the block came in this very moment.
        refusal = refusal_of(customer)
        if refusal is not None:
            raise refusal from exc
        if isinstance(exc, IntegrityError) and reference:
            there = _entry_under(reference, organisation, same)
            if there is not None:
                return there, False
        raise
    return entry, True


def _entry_under(
    reference: str, organisation: Organisation, same: dict[str, Any]
) -> TimeEntry | None:
    """Return the entry with that reference, which must be the same one that is sent now."""
    there = TimeEntry.objects.of(organisation).filter(reference=reference).first()
    if there is not None and any(getattr(there, name) != value for name, value in same.items()):
        raise ReferenceOfOtherTime(reference=reference)
    return there
