"""A person presses Send, withdraws it, or decides about an unknown batch. No call is made here."""

from datetime import datetime
from typing import cast

from django.db import transaction

from audit import trail
from background.crash_points import crash_point
from connectors.errors import ConnectorError
from journals.models import Batch, Journal
from journals.operations import gates, queues, waiting
from journals.rules import refusals
from journals.rules.states import MAY_BE_QUEUED, BatchState
from mappings.models import Mapping
from mappings.operations.versions import digest_of_mapping
from mappings.rules.first_period import is_before
from organisations.models import Company, User

_S = BatchState


def refusal_of(company: Company) -> ConnectorError | None:
    """
    Return why journals of that company must not be sent, or None (S10, S11).

    It is asked at the press and again just before the call: read the company fresh.
    """
    if company.is_test:
        return refusals.TestCompany(company=company.name)
    if company.debtor.is_blocked:
        return refusals.DebtorBlocked(debtor=company.debtor.name)
    return None


def mapping_of(company: Company) -> Mapping | None:
    """Return the mapping that the company's journals are posted by."""
    return company.mappings.select_related("connection").order_by("pk").first()


def changed_mapping(batch: Batch, mapping: Mapping | None) -> ConnectorError | None:
    """
    Return why the batch is not to be sent by its company's mapping as it is now, or None.

    It was checked, and shown, by the mapping of then. A reversal goes where its batch went.
    """
    if not batch.mapping_digest:
        return None
    company = batch.journal.company
    if mapping is None:
        return refusals.MappingGone(company=company.name)
    if digest_of_mapping(mapping) != batch.mapping_digest:
        return refusals.MappingChanged(company=company.name)
    return None


def refusal_to_send(
    journal: Journal, company: Company, mapping: Mapping | None
) -> ConnectorError | None:
    """Return why the journal cannot be sent by what is given of its company, or None."""
    refusal = refusal_of(company)
    if refusal is not None:
        return refusal
    if mapping is None:
        return refusals.NoMapping(company=company.name)
    if is_booked_before(journal, mapping):
        return refusals.BookedBefore(reference=journal.reference, first_period=mapping.first_period)
    if not mapping.connection.is_authorised:
        return refusals.NotConnected(account=mapping.connection.name)
    return None


def check_may_be_sent(journal: Journal) -> Mapping:
    """
    Return the mapping to send by.

    :raises ConnectorError: naming why the journal cannot be sent
    """
    company = Company.objects.select_related("debtor").get(pk=journal.company_id)
    mapping = mapping_of(company)
    refusal = refusal_to_send(journal, company, mapping)
    if refusal is not None:
        raise refusal
    return cast(Mapping, mapping)


def is_booked_before(journal: Journal, mapping: Mapping) -> bool:
    """
    Say whether the journal's run is from before the mapping's first period (B17).

    The run decides, not the periods of its corrections. What sends again what the hub had sent is
    never from before the hub.
    """
    return journal.resend_of_id is None and is_before(journal.run_period, mapping.first_period)


def request_sending(
    *,
    journal: Journal,
    by: User | None,
    now: datetime,
    send_valid_only: bool = False,
) -> int:
    """
    Put every batch of the journal that is not in the ledger into the queue.

    Pressing twice queues once: only batches that nobody queued change.

    :returns: how many batches were queued now
    :raises ConnectorError: if the journal must not be sent, or nothing is left to send
    """
    mapping = check_may_be_sent(journal)
    if refused := gates.refused([journal]):
        raise refused[journal.pk]
    crash_point("press.begun")
    with transaction.atomic():
        # What takes a batch back is pressed for by itself, and is never planned again.
        queued = Batch.objects.filter(
            journal=journal, state__in=MAY_BE_QUEUED, reverses__isnull=True
        ).update(
            state=_S.READY,
            state_at=now,
            connection=mapping.connection,
            prepared_at=None,
            not_before=now,
            problems=[],
            failures=0,
            failure_code="",
            failure_params={},
            failure_detail="",
            failure_at=None,
            waits_for="",
            mapping_digest="",
        )
        hurried = waiting.hurry(journal, now=now)
        if queued:
            Journal.objects.filter(pk=journal.pk).update(
                send_requested_at=now,
                send_requested_by=by,
                send_valid_only=send_valid_only,
                preflight_at=None,
                preflight_problems=[],
                request_id=trail.origin().request_id,
            )
            journal.remember("send_pressed", user=by, now=now, batches=str(queued))
            trail.record(
                organisation=journal.organisation,
                action="journal.send",
                subject=journal,
                user=by,
                details={"batches": queued, "valid_only": send_valid_only},
            )
        elif hurried:
            journal.remember("hurried", user=by, now=now, batches=str(hurried))
        journal.refresh_state(now=now)
        crash_point("press.written")
    crash_point("press.committed")
    if not queued:
        on_its_way = Batch.objects.filter(
            journal=journal, state__in=[_S.READY, _S.SENDING, _S.POSTPONED, _S.UNKNOWN]
        )
        if not on_its_way.exists():
            raise refusals.NothingToSend(reference=journal.reference)
    queues.wake_for(journal)
    crash_point("press.enqueued")
    return queued


def try_now(*, journal: Journal, by: User | None, now: datetime) -> int:
    """Let what waits of the journal be tried at once, where no rule asks for the wait."""
    with transaction.atomic():
        hurried = waiting.hurry(journal, now=now)
        if hurried:
            journal.remember("tried_now", user=by, now=now, batches=str(hurried))
            trail.record(
                organisation=journal.organisation,
                action="journal.tried_now",
                subject=journal,
                user=by,
                details={"batches": hurried},
            )
    if hurried:
        queues.wake_for(journal)
    return hurried


def withdraw(*, journal: Journal, by: User | None, now: datetime) -> int:
    """Take the batches that were not sent yet out of the queue; return how many."""
    with transaction.atomic():
        taken = Batch.objects.filter(
            journal=journal, state__in=[_S.READY, _S.POSTPONED, _S.HELD], claim_owner=""
        ).update(state=_S.DRAFT, state_at=now, prepared_at=None)
        if taken:
            journal.remember("withdrawn", user=by, now=now, batches=str(taken))
            trail.record(
                organisation=journal.organisation,
                action="journal.withdraw",
                subject=journal,
                user=by,
                details={"batches": taken},
            )
        journal.refresh_state(now=now)
    return taken
