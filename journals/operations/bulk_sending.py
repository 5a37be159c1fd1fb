"""
Sending many journals at one press: shown first, then sent exactly as they were shown.

A bulk send holds its journals by id from the moment that they are shown, each with a digest of
what it was. What differs when its turn comes is left out. The queueing itself is that of one
journal (`sending.request_sending`): here nothing is added to what makes a batch go once.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from audit import trail
from background.models import BackgroundRequest
from background.operations import handles, request_in_background
from connectors.errors import ConnectorError
from journals.models import Batch, BulkItem, BulkSend, Journal
from journals.operations import gates
from journals.operations.sending import mapping_of, refusal_to_send, request_sending
from journals.rules import refusals
from journals.rules.states import MAY_BE_QUEUED
from mappings.models import Mapping
from organisations.models import Organisation, User

SEND_TOGETHER = "journals.send_together"
MOST = 2_000
"""So many journals are shown and sent together."""
_UNCONFIRMED = timedelta(days=1)
_KEPT = timedelta(days=90)
Outcome = BulkItem.Outcome


class TooMany(Exception):
    """More journals match than are sent together."""


def prepare(
    *,
    organisation: Organisation,
    journals: "QuerySet[Journal, Any]",
    by: User | None,
    now: datetime,
    query: str = "",
) -> BulkSend:
    """
    Write down which of the journals can be sent, as they are now. Nothing is queued.

    :raises TooMany: if there are more than `MOST`
    """
    chosen = list(
        journals.select_related("company__debtor").order_by("run_period", "reference", "pk")[
            : MOST + 1
        ]
    )
    if len(chosen) > MOST:
        raise TooMany
    companies = {journal.company_id for journal in chosen}
    mappings = _mappings(organisation, companies)
    left = set(
        Batch.objects.filter(
            organisation=organisation,
            journal_id__in=[journal.pk for journal in chosen],
            state__in=MAY_BE_QUEUED,
            reverses__isnull=True,
        ).values_list("journal_id", flat=True)
    )
    refused = gates.refused(chosen)
    with transaction.atomic():
        bulk = BulkSend.objects.create(
            organisation=organisation, made_by=by, made_at=now, query=query[:300]
        )
        BulkItem.objects.bulk_create(
            [
                _item(
                    bulk,
                    journal,
                    mappings.get(journal.company_id),
                    left=journal.pk in left,
                    refusal=refused.get(journal.pk),
                )
                for journal in chosen
            ],
            batch_size=500,
        )
    return bulk


def _mappings(organisation: Organisation, companies: set[int]) -> dict[int, Mapping]:
    found = Mapping.objects.filter(organisation=organisation, company_id__in=companies)
    # The last one of a company wins: the first, as `mapping_of` chooses.
    return {each.company_id: each for each in found.select_related("connection").order_by("-pk")}


def _item(
    bulk: BulkSend,
    journal: Journal,
    mapping: Mapping | None,
    *,
    left: bool,
    refusal: ConnectorError | None,
) -> BulkItem:
    refusal = refusal_to_send(journal, journal.company, mapping) or refusal
    if refusal is None and not left:
        refusal = refusals.NothingToSend(reference=journal.reference)
    if refusal is None:
        return BulkItem(bulk=bulk, journal=journal, stamp=_stamp(journal, mapping))
    return BulkItem(
        bulk=bulk, journal=journal, outcome=Outcome.LEFT_OUT, **_failure_fields(refusal)
    )


def _stamp(journal: Journal, mapping: Mapping | None) -> str:
    shown = (
        journal.content_id,
        journal.state,
        journal.state_at,
        mapping and (mapping.pk, mapping.connection_id, mapping.updated_at),
    )
    return hashlib.sha256(repr(shown).encode()).hexdigest()


def _failure_fields(refusal: ConnectorError) -> dict[str, Any]:
    params = {name: str(value) for name, value in refusal.params.items()}
    return {"failure_code": refusal.code(), "failure_params": params}


def confirm(*, bulk: BulkSend, by: User, now: datetime, by_worker: bool = True) -> bool:
    """
    Let the journals be sent; say whether this press did it, and not one before.

    :param by_worker: a worker queues them, so that nobody waits for the last of many
    """
    with transaction.atomic():
        first = BulkSend.objects.filter(pk=bulk.pk, confirmed_at__isnull=True).update(
            confirmed_at=now
        )
        if first:
            bulk.confirmed_at = now
            waiting = bulk.items.filter(outcome=Outcome.WAITING).count()
            trail.record(
                organisation=bulk.organisation,
                action="journal.send_together",
                subject=bulk,
                user=by,
                details={"journals": waiting, "left_out": bulk.items.count() - waiting},
            )
            if by_worker:
                _ask_worker(bulk, by)
    return bool(first)


def _ask_worker(bulk: BulkSend, by: User) -> None:
    request_in_background(
        organisation=bulk.organisation, kind=SEND_TOGETHER, by=by, params={"bulk_id": bulk.pk}
    )


def newest_background_request(bulk: BulkSend) -> BackgroundRequest | None:
    """Return the last work that a worker was asked to do on it."""
    asked = BackgroundRequest.objects.of(bulk.organisation).filter(
        kind=SEND_TOGETHER, params__bulk_id=bulk.pk
    )
    newest: BackgroundRequest | None = asked.order_by("-pk").first()
    return newest


def go_on(*, bulk: BulkSend, by: User) -> None:
    """Ask a worker again to queue what waits, if the one that was asked did not come to the end."""
    background_request = newest_background_request(bulk)
    waits = bulk.items.filter(outcome=Outcome.WAITING).exists()
    if waits and (background_request is None or background_request.is_finished):
        _ask_worker(bulk, by)


def carry_out(*, bulk: BulkSend, by: User | None, now: datetime) -> None:
    """Queue the journals of a confirmed bulk send that wait, each in a transaction of its own."""
    waiting = bulk.items.filter(outcome=Outcome.WAITING).order_by("pk")
    for pk in list(waiting.values_list("pk", flat=True)):
        _send_one(pk, by=by, now=now)


def _send_one(pk: int, *, by: User | None, now: datetime) -> None:
    with transaction.atomic():
        # Held until its outcome is written: of two workers the second finds nothing to do.
        item = (
            BulkItem.objects.select_for_update(of=("self",))
            .select_related("journal__organisation", "journal__company")
            .filter(pk=pk, outcome=Outcome.WAITING)
            .first()
        )
        if item is None:
            return
        journal = item.journal
        try:
            if _stamp(journal, mapping_of(journal.company)) != item.stamp:
                raise refusals.ChangedSinceShown(reference=journal.reference)
            request_sending(journal=journal, by=by, now=now)
            fields: dict[str, Any] = {"outcome": Outcome.QUEUED}
        except ConnectorError as refusal:
            fields = {"outcome": Outcome.REFUSED, **_failure_fields(refusal)}
        BulkItem.objects.filter(pk=pk).update(**fields)


@handles(SEND_TOGETHER)
def _send_together(background_request: BackgroundRequest, now: datetime) -> dict[str, Any]:
    bulk = BulkSend.objects.of(background_request.organisation).get(
        pk=background_request.params["bulk_id"]
    )
    carry_out(bulk=bulk, by=background_request.requested_by, now=now)
    return {"bulk_id": bulk.pk}


def forget(*, now: datetime) -> int:
    """Delete what nobody confirmed, and what is long over; the journals keep their history."""
    unconfirmed = BulkSend.objects.filter(confirmed_at__isnull=True, made_at__lt=now - _UNCONFIRMED)
    over = BulkSend.objects.filter(confirmed_at__lt=now - _KEPT)
    return unconfirmed.delete()[0] + over.delete()[0]
