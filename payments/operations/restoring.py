"""
What the outbox must know of payments where the database may be an older one, or a copy.

A reference follows from the posting in Visma and the invoice: the same payment, fetched again,
has the same one. Marks, reversals and time blocks are not asked about: each does nothing when it
is repeated.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max, Min, QuerySet
from django.utils import timezone

from accounts.models import Connection, Restore
from connectors.receivables.target import PaymentTarget, PaymentToRegister, TargetEntry
from outbox.recovery import Work
from payments.models import InvoiceClient, Registration, RegistrationAttempt
from payments.rules import refusals
from payments.rules.states import RegistrationState

_S = RegistrationState


class Registrations(Work[PaymentTarget, TargetEntry]):
    """Payments: the target's statement says which entries are the hub's."""

    items = Registration
    asked_first = refusals.TargetAskedFirst
    is_asked = refusals.TargetIsAsked
    may_be_there = (_S.READY, _S.SENDING, _S.UNKNOWN, _S.REJECTED, _S.NEEDS_PERSON)

    def enqueued(self, connection_id: int) -> QuerySet[InvoiceClient]:
        """Return the clients of the target."""
        return InvoiceClient.objects.filter(target_id=connection_id)

    def list_ours(
        self, connection: Connection, ledger: PaymentTarget, *, since: datetime, now: datetime
    ) -> Sequence[TargetEntry]:
        """Return the hub's own entries of the days that what waits is of, and of those since."""
        days = Registration.objects.queued(connection.pk).aggregate(
            first=Min("payment__paid_on"), last=Max("payment__paid_on")
        )
        begins, today = timezone.localdate(since), timezone.localdate(now)
        first, last = min(days["first"] or begins, begins), max(days["last"] or today, today)
        return _of_the_hub(ledger.read_statement(first=first, last=last))

    def never_sent(
        self, connection: Connection, there: Sequence[TargetEntry], *, settled: Collection[str]
    ) -> dict[str, TargetEntry]:
        """Return by reference what no row of here has, or only one that was never sent."""
        rows = Registration.objects.filter(reference__in={entry.reference for entry in there})
        known = set(rows.exclude(state=_S.READY).values_list("reference", flat=True))
        known |= set(rows.filter(pk__in=_tried()).values_list("reference", flat=True))
        return {
            entry.reference: entry for entry in there if entry.reference not in {*known, *settled}
        }

    def sent_after_all(
        self, connection: Connection, there: Sequence[TargetEntry], *, settled: Collection[str]
    ) -> Iterable[tuple[Registration, Mapping[str, Any]]]:
        """Return what was tried, waits again and stands there."""
        waiting = Registration.objects.queued(connection.pk).filter(
            reference__in={entry.reference for entry in there}, pk__in=_tried()
        )
        return [(one, {}) for one in waiting]

    def number_of(self, there: TargetEntry) -> str:
        """Return its voucher."""
        return there.voucher_number

    def has_sent(self, connection: Connection) -> bool:
        """Say whether a payment was registered there from here."""
        mine = Registration.objects.filter(client__target=connection)
        return mine.exclude(target_id="").exists()

    def ask_about(
        self, connection: Connection, strange: Collection[TargetEntry], *, now: datetime
    ) -> None:
        """Let what stands there be looked up, and a person decide about what is like it."""
        by_reference = {entry.reference for entry in strange}
        for one in Registration.objects.queued(connection.pk).select_related("payment"):
            alike = [
                entry.voucher_number
                for entry in strange
                if entry.posted_on == one.payment.paid_on and entry.amount == -one.amount
            ]
            if one.reference in by_reference:
                one.mark_unknown(self.asked_first(), now=now, look_up_at=now)
            elif alike:
                other = refusals.OtherSinceTheBackup(vouchers=", ".join(sorted(set(alike))))
                one.mark_needs_person(other, now=now)


REGISTRATIONS = Registrations()


def find_unknown_vouchers(
    target: PaymentTarget, payment: PaymentToRegister, *, now: datetime
) -> list[TargetEntry]:
    """
    Return what the hub has put there with that day and amount, and no row here knows.

    Its own reference is among it where the voucher was reversed: that was decided after the
    backup, and is forgotten here.

    :raises ConnectorError: if the target cannot be asked
    """
    if not Restore.objects.open(now=now).exists():
        return []
    statement = target.read_statement(first=payment.paid_on, last=payment.paid_on)
    alike = [entry for entry in _of_the_hub(statement) if entry.amount == -payment.amount]
    others = Registration.objects.exclude(reference=payment.reference)
    mine = others.filter(reference__in=[entry.reference for entry in alike])
    known = set(mine.values_list("reference", flat=True))
    return [entry for entry in alike if entry.reference not in known]


def _of_the_hub(statement: Iterable[TargetEntry]) -> list[TargetEntry]:
    return [entry for entry in statement if entry.is_ours and entry.reference]


def _tried() -> QuerySet[Any]:
    return RegistrationAttempt.objects.values("registration")
