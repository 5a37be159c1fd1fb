"""Answer whether a payment stands in the target, where the hub could not find out."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from payments.management.commands._one_payment import PaymentCommand, one_of
from payments.models import Settlement
from payments.operations import deciding
from payments.rules.refusals import NothingToDecide
from payments.rules.states import RegistrationState


class Command(PaymentCommand):
    """Answer whether a payment stands in the target, where the hub could not find out."""

    help = (
        "Say what a person found in PowerOffice Go about a payment that needs a decision: it is "
        "there, it is not (so it is registered), or it is left out. What was removed from its "
        "invoice meanwhile is reversed there, and never sent."
    )
    example = (
        "python manage.py decide_payment 17/1 --client 4110101 --choice there "
        '--reason "It is voucher 20014"'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the answer."""
        super().add_arguments(parser)
        parser.add_argument("--invoice", default="", help="needed when several wait for an answer")
        parser.add_argument(
            "--choice",
            required=True,
            choices=deciding.CHOICES,
            help="there: it is there; not_there: register it; drop: leave it out",
        )
        parser.add_argument("--reason", required=True, help="kept in the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        """Record the answer, and say where the payment stands."""
        payment = self.payment(options)
        by = self.whom(payment.organisation, options)
        waiting = Settlement.objects.filter(
            payment=payment, registration__state=RegistrationState.NEEDS_PERSON
        )
        settlement = one_of(
            waiting.select_related("registration__payment"), invoice=options["invoice"]
        )
        if settlement is None:
            raise NothingToDecide(payment=str(payment))
        deciding.decide(
            registration=settlement.registration,
            choice=options["choice"],
            reason=options["reason"].strip()[:200],
            by=by,
            now=timezone.now(),
        )
        self.show(payment, options)
