"""A person, or the clock, asks for payments. Rows only: a worker does the fetching."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from audit import trail
from background.crash_points import crash_point
from background.enqueueing import enqueue
from connectors.errors import ConnectorError
from connectors.organisation_numbers import digits_of
from connectors.receivables.shared import SourceCompany
from organisations.models import Organisation, User
from payments.models import FetchEntry, FetchGroup, FetchRun, Integration, InvoiceClient
from payments.operations.rights import check_active, check_right
from payments.rights import PAYMENTS_IMPORT, PAYMENTS_OVERVIEW
from payments.rules import refusals

FULL_PASS_EVERY = timedelta(days=7)
OVERLAP = 50
"""Journal numbers that are read again: runs of the source may be written out of order."""
_S = FetchRun.State


def refusal_of(client: InvoiceClient, integration: Integration) -> ConnectorError | None:
    """
    Return why nothing can be fetched for that client, or None.

    It is asked at the press and again when the run begins.
    """
    if not integration.is_active:
        return refusals.NotActivated()
    if client.source is None:
        return refusals.NoSourceCompany(client=client.name)
    if not client.source.is_authorised:
        return refusals.SourceNotConnected(account=client.source.name, client=client.name)
    if not client.organisation_number:
        return refusals.NoOrganisationNumber(client=client.name)
    if client.start_in(integration) is None:
        return refusals.NoStartDate(client=client.name)
    if not client.voucher_types:
        return refusals.NoVoucherTypes(client=client.name)
    return None


def check_company(client: InvoiceClient, company: SourceCompany) -> None:
    """
    Let nothing of another company land on this client.

    :raises WrongCompany: if the organisation numbers differ
    :raises NoOrganisationNumber: if one of them is empty, so that nobody can tell
    """
    ours = digits_of(client.organisation_number)
    theirs = digits_of(company.organisation_number)
    if not ours or not theirs:
        raise refusals.NoOrganisationNumber(client=client.name)
    if ours != theirs:
        raise refusals.WrongCompany(
            company=company.name, theirs=theirs, client=client.name, ours=ours
        )


def request_fetch(
    *, client: InvoiceClient, by: User | None, now: datetime, full: bool = False
) -> FetchRun:
    """
    Fetch the payments of one client (S18). Pressing twice makes one run.

    :param full: read all from the start date on, not only what is new
    :raises ConnectorError: naming why it cannot be done
    """
    check_right(client.organisation, by, PAYMENTS_OVERVIEW)
    integration = check_active(client.organisation)
    refusal = refusal_of(client, integration)
    if refusal is not None:
        raise refusal
    return _run_for(client, integration, by=by, now=now, full=full)


def request_fetch_of_many(
    *,
    organisation: Organisation,
    clients: list[InvoiceClient],
    by: User | None,
    now: datetime,
    full: bool = False,
) -> FetchGroup:
    """
    Fetch the payments of many clients (S19); each that cannot be fetched is listed with why.

    :raises ConnectorError: if the right or the activation is missing
    """
    check_right(organisation, by, PAYMENTS_IMPORT)
    integration = check_active(organisation)
    with transaction.atomic():
        group = FetchGroup.objects.create(
            organisation=organisation, requested_by=by, created_at=now
        )
        entries = []
        for client in clients:
            refusal = refusal_of(client, integration)
            entry = FetchEntry(organisation=organisation, group=group, client=client)
            if refusal is None:
                entry.run = _run_for(client, integration, by=by, now=now, full=full, group=group)
            else:
                entry.failure_code, entry.failure_params = refusal.code(), refusal.params
            entries.append(entry)
        FetchEntry.objects.bulk_create(entries)
        trail.record(
            organisation=organisation,
            action="payments.fetched_for_many",
            subject=group,
            user=by,
            details={"clients": len(clients)},
        )
    return group


def _run_for(
    client: InvoiceClient,
    integration: Integration,
    *,
    by: User | None,
    now: datetime,
    full: bool = False,
    group: FetchGroup | None = None,
    by_schedule: bool = False,
) -> FetchRun:
    """Return the run of the client that is not over, or a new one."""
    active = FetchRun.objects.filter(client=client, state__in=[_S.WAITING, _S.RUNNING])
    run: FetchRun | None = active.first()
    if run is not None:
        return run
    due = client.full_pass_at is None or now - client.full_pass_at >= FULL_PASS_EVERY
    is_full = full or due or client.journal_mark is None
    crash_point("ask.begun")
    try:
        with transaction.atomic():
            run = FetchRun.objects.create(
                organisation_id=client.organisation_id,
                client=client,
                group=group,
                requested_by=by,
                by_schedule=by_schedule,
                created_at=now,
                state_at=now,
                not_before=now,
                is_full=is_full,
                since=client.start_in(integration),
                after_journal=None if is_full else (client.journal_mark or 0) - OVERLAP,
                voucher_types=client.voucher_types,
            )
            if not by_schedule:
                trail.record(
                    organisation=client.organisation,
                    action="payments.fetched",
                    subject=client,
                    user=by,
                )
            crash_point("ask.written")
    except IntegrityError:
        # Somebody pressed in the same instant; the constraint let one of us through.
        there: FetchRun = active.get()
        return there
    crash_point("ask.committed")
    enqueue("payments.tasks.fetch", run_id=run.pk)
    crash_point("ask.enqueued")
    return run


def cancel(*, run: FetchRun, by: User | None, now: datetime) -> bool:
    """Stop a run at its next page; what it has registered stays. Say whether it was not over."""
    waiting = FetchRun.objects.filter(pk=run.pk, state=_S.WAITING).update(
        state=_S.CANCELLED,
        state_at=now,
        finished_at=now,
        claim_owner="",
        failure_code=refusals.Cancelled.code(),
        failure_at=now,
    )
    wanted = FetchRun.objects.filter(pk=run.pk, state=_S.RUNNING).update(cancel_wanted=True)
    if waiting or wanted:
        trail.record(
            organisation=run.organisation, action="payments.fetch_cancelled", subject=run, user=by
        )
    return bool(waiting or wanted)


def start_scheduled(*, now: datetime, limit: int = 200) -> int:
    """Start the runs of clients that are fetched by themselves and whose hour has come."""
    started = 0
    clients = (
        InvoiceClient.objects.filter(fetches_every_hours__gt=0, source__isnull=False)
        .select_related("source", "organisation")
        .order_by("fetched_at", "pk")
    )
    for client in clients.iterator(chunk_size=200):
        every = timedelta(hours=client.fetches_every_hours)
        newest = FetchRun.objects.filter(client=client).order_by("-created_at").first()
        if newest is not None and (not newest.is_over or now - newest.created_at < every):
            continue
        integration = Integration.objects.of(client.organisation).first()
        if integration is None or refusal_of(client, integration) is not None:
            continue
        _run_for(client, integration, by=None, now=now, by_schedule=True)
        started += 1
        if started >= limit:
            break
    return started
