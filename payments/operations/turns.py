"""What a worker has in hand while it serves the target of one client."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING

from accounts.models import Connection
from accounts.operations.last_exchange import LastExchange
from background.compare_and_set import compare_and_set
from connectors.receivables import PaymentTarget
from payments.models import InvoiceClient, Registration, RegistrationAttempt
from payments.operations import already_there, living

if TYPE_CHECKING:
    from django.db.models import QuerySet

Clock = Callable[[], datetime]


class Turn:
    """A worker's turn with the target of one client."""

    def __init__(
        self,
        client: InvoiceClient,
        target: PaymentTarget,
        calls: LastExchange,
        *,
        owner: str,
        clock: Clock,
    ) -> None:
        self.client, self.target, self.calls = client, target, calls
        self.owner, self.clock = owner, clock
        self.lock_date: tuple[date | None] | None = None
        """What the target said, in a tuple; None: it was not asked yet."""
        self.balances = already_there.BalancesThere(target)
        self._is_proven = False

    def may_register(self) -> bool:
        """Say whether anything may be sent to this company now; it is asked once (B18)."""
        if not self._is_proven and self.client.target is not None:
            self._is_proven = living.may_register(self.client.target, self.target, clock=self.clock)
        return self._is_proven

    def pause(self, *, until: datetime) -> None:
        """Let nothing go through the account before then."""
        self._connection().update(not_before=until)

    def is_authorised(self) -> bool:
        """Say whether the account still stands."""
        return self._connection().filter(state=Connection.State.AUTHORISED).exists()

    def _connection(self) -> "QuerySet[Connection]":
        assert self.client.target is not None  # noqa: S101 (there is no turn without)
        return Connection.objects.filter(pk=self.client.target.pk)

    # --- the trace of every call ---

    def open(self, registration: Registration, kind: str, *, now: datetime) -> RegistrationAttempt:
        """Note that a call begins."""
        return RegistrationAttempt.objects.create(
            organisation_id=registration.organisation_id,
            registration=registration,
            kind=kind,
            started_at=now,
        )

    def close(self, attempt: RegistrationAttempt, outcome: str, *, detail: str = "") -> None:
        """Note how it ended."""
        columns = self.calls.as_columns(outcome, now=self.clock(), detail=detail)
        compare_and_set(attempt, expect={}, changes=columns)
