"""What people press during the torture of payments: undo, match again, try again, decide."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

DONE = ("registered", "reversed", "withdrawn")
"""States of registrations that nothing more comes of."""


class Desk:
    """People in front of the hub; without a browser, for the operations are the same."""

    def __init__(self, choose: random.Random, *, moves: int) -> None:
        self.choose, self.moves, self.moved = choose, moves, 0

    def move_one(self, *, now: datetime) -> None:
        """Take a registered payment off its invoice, and match it with another one at once."""
        from connectors.errors import ConnectorError
        from payments.models import Invoice, Registration
        from payments.operations import matching_by_hand, undoing

        if self.moved >= self.moves:
            return
        found = Registration.objects.filter(state="registered", settlement__undone_by=None)
        several = list(found.select_related("settlement__invoice", "payment").order_by("?")[:1])
        for one in several:
            others = Invoice.objects.filter(
                client=one.client_id,
                customer__number=one.payment.customer_number,
                is_credit_note=False,
                posted_amount__isnull=False,
            ).exclude(pk=one.settlement.invoice_id)
            try:
                undoing.undo(settlement=one.settlement, reason="Torture", by=None, now=now)
                matching_by_hand.match_by_hand(
                    payment=one.payment,
                    invoice=others.order_by("pk").first() or one.settlement.invoice,
                    amount=one.amount,
                    reason="Torture",
                    by=None,
                    now=now,
                )
            except ConnectorError as refusal:
                print(f"  refused: {refusal}", flush=True)
            self.moved += 1

    def answer(self, clients: Sequence[Any], *, now: datetime) -> None:
        """Try again what was refused, and look at what waits for a person."""
        from accounts.operations.access import target_for
        from connectors.errors import ConnectorError
        from payments.models import Registration
        from payments.operations import deciding, registering

        for client in clients:
            deciding.try_again(client=client, by=None, now=now)
        for one in Registration.objects.filter(state="needs_person").select_related(
            "client__target", "client__organisation", "organisation", "payment", "settlement"
        )[:5]:
            try:
                target, wanted = target_for(one.client.target), registering.to_register(one)
                # Whoever sees nothing looks again: the torture hides entries from one look.
                there = target.find_payment(wanted) or target.find_payment(wanted)
                choice = "there" if there else "not_there"
                deciding.decide(registration=one, choice=choice, by=None, now=now)
            except ConnectorError:
                continue  # a fault met the person too, who looks again


def sent_too_early(registrations: Any) -> Iterator[str]:
    """Yield what was sent while an earlier sending of the same payment was not undone."""
    for old in registrations.filter(state="reversed").select_related("settlement"):
        later = registrations.filter(payment=old.payment_id, settlement__pk__gt=old.settlement_id)
        for new in later.prefetch_related("attempts"):
            starts = [one.started_at for one in new.attempts.all() if one.kind == "register"]
            if starts and min(starts) < old.state_at:
                yield f"{new} was sent before {old} was undone"
