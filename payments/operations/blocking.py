"""
Temporarily blocked customers: the reasons kept apart, mirrored from Visma and to the target.

Visma's block is set and lifted by the hub alone; a person's by a person alone. In the target
only projects that the hub itself closed are opened again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Connection
from accounts.operations.access import source_for, target_for
from accounts.operations.claims import writer_key
from audit import trail
from background import claims
from background.enqueueing import enqueue
from background.models import BackgroundRequest, Lease
from background.operations import handles, request_in_background
from connectors.receivables.shared import Unreadable
from connectors.receivables.source import SourceCustomer
from connectors.receivables.target import PaymentTarget
from organisations.models import Organisation, User
from payments.models import Customer, Integration, InvoiceClient, TimeBlock
from payments.operations import storing_invoices
from payments.operations.denying_time import due_pushes, push
from payments.operations.fetching import check_company
from payments.operations.matching import portions
from payments.operations.rights import check_active, check_right
from payments.rules import refusals

log = structlog.get_logger(__name__)

RECHECK = "payments.recheck_customer"
_R = TimeBlock.Reason


# --- From Visma --------------------------------------------------------------------------------


def mirror(
    client: InvoiceClient,
    customers: Sequence[SourceCustomer],
    *,
    integration: Integration,
    now: datetime,
) -> int:
    """
    Write what Visma says of some customers' credit, and block or unblock them (S17).

    The rows are there already. Statements do not grow with the customers, only with portions.

    :returns: how many customers were blocked or unblocked
    """
    said = {str(one.number): one.credit_blocked for one in customers}
    changed = 0
    for numbers in portions(sorted(said)):
        mine = Customer.objects.filter(client=client, number__in=numbers)
        with transaction.atomic():
            # Held like this by the trigger of time entries too, so that none slips in between.
            rows = list(mine.select_for_update(of=("self",)).values_list("pk", "number"))
            yes = [pk for pk, number in rows if said[number]]
            no = [pk for pk, number in rows if not said[number]]
            Customer.objects.filter(pk__in=yes).update(credit_blocked=True, credit_seen_at=now)
            Customer.objects.filter(pk__in=no).update(credit_blocked=False, credit_seen_at=now)
            if integration.mirrors_blocks:
                changed += _block(client, yes, now=now) + _unblock(no, now=now)
    return changed


def _block(client: InvoiceClient, customer_ids: Iterable[int], *, now: datetime) -> int:
    ids = set(customer_ids)
    there = TimeBlock.objects.filter(
        customer_id__in=ids, reason=_R.VISMA, lifted_at=None
    ).values_list("customer_id", flat=True)
    fresh = sorted(ids - set(there))
    TimeBlock.objects.bulk_create(
        TimeBlock(
            organisation_id=client.organisation_id,
            customer_id=pk,
            reason=_R.VISMA,
            since=now,
        )
        for pk in fresh
    )
    Customer.objects.filter(pk__in=fresh).update(push_at=now, push_failures=0)
    return len(fresh)


def _unblock(customer_ids: Iterable[int], *, now: datetime) -> int:
    blocks = TimeBlock.objects.filter(
        customer_id__in=list(customer_ids), reason=_R.VISMA, lifted_at=None
    )
    affected = list(blocks.values_list("customer_id", flat=True))
    if affected:
        blocks.update(lifted_at=now)
        Customer.objects.filter(pk__in=affected).update(push_at=now, push_failures=0)
    return len(affected)


def lift_all_of_visma(organisation: Organisation, *, now: datetime) -> int:
    """Lift every block that the hub set for Visma: the mirror was switched off."""
    lifted = 0
    blocks = TimeBlock.objects.of(organisation).filter(reason=_R.VISMA, lifted_at=None)
    for some in portions(blocks.values_list("customer_id", flat=True)):
        with transaction.atomic():
            lifted += _unblock(some, now=now)
    return lifted


def block_again_for_visma(organisation: Organisation, *, now: datetime) -> int:
    """Block every customer whose credit Visma had stopped when it was last asked."""
    blocked = 0
    for client in InvoiceClient.objects.of(organisation):
        ids = Customer.objects.filter(client=client, credit_blocked=True).values_list(
            "pk", flat=True
        )
        for some in portions(ids):
            with transaction.atomic():
                list(Customer.objects.select_for_update().filter(pk__in=some).values_list("pk"))
                blocked += _block(client, some, now=now)
    return blocked


# --- By a person -------------------------------------------------------------------------------


def block_by_hand(*, customer: Customer, note: str, by: User, now: datetime) -> bool:
    """Block a customer for a person's own reason; say whether it was not blocked for one yet."""
    check_right(customer.organisation, by)
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)
        try:
            with transaction.atomic():
                TimeBlock.objects.create(
                    organisation=customer.organisation,
                    customer=customer,
                    reason=_R.PERSON,
                    note=note,
                    since=now,
                    set_by=by,
                )
        except IntegrityError:
            return False
        _changed_by_hand(customer, "customer.blocked", by, now=now, details={"reason": note})
    return True


def unblock_by_hand(*, customer: Customer, by: User, now: datetime) -> bool:
    """Lift a person's block; Visma's, if there is one, stays. Say whether there was one."""
    check_right(customer.organisation, by)
    with transaction.atomic():
        lifted = TimeBlock.objects.filter(
            customer=customer, reason=_R.PERSON, lifted_at=None
        ).update(lifted_at=now, lifted_by=by)
        if lifted:
            _changed_by_hand(customer, "customer.unblocked", by, now=now, details={})
    return bool(lifted)


def _changed_by_hand(
    customer: Customer, action: str, by: User, *, now: datetime, details: dict[str, Any]
) -> None:
    Customer.objects.filter(pk=customer.pk).update(push_at=now, push_failures=0)
    trail.record(
        organisation=customer.organisation,
        action=action,
        subject=customer,
        user=by,
        details=details,
    )
    enqueue("payments.tasks.serve_client", client_id=customer.client_id)


# --- On demand ---------------------------------------------------------------------------------


def request_recheck(*, customer: Customer, by: User | None) -> BackgroundRequest:
    """Let a worker ask Visma about this one customer, at once."""
    check_right(customer.organisation, by)
    check_active(customer.organisation)
    if customer.client.source is None:
        raise refusals.NoSourceCompany(client=customer.client.name)
    return request_in_background(
        organisation=customer.organisation,
        kind=RECHECK,
        by=by,
        params={"customer": customer.pk},
    )


@handles(RECHECK)
def recheck(background_request: BackgroundRequest, now: datetime) -> dict[str, Any]:
    """Ask Visma about one customer; say whether it is blocked there."""
    customer = (
        Customer.objects.of(background_request.organisation)
        .select_related("client__source", "client__organisation")
        .get(pk=background_request.params["customer"])
    )
    client = customer.client
    if client.source is None:
        raise refusals.NoSourceCompany(client=client.name)
    integration = check_active(background_request.organisation)
    source = source_for(client.source)
    check_company(client, source.read_company())
    found = source.read_customer(int(customer.number))
    if found is None:
        return {"found": False}
    storing_invoices.store_source_customers(client, [found])
    mirror(client, [found], integration=integration, now=now)
    enqueue("payments.tasks.serve_client", client_id=client.pk)
    return {"found": True, "credit_blocked": found.credit_blocked}


# --- To the target -----------------------------------------------------------------------------


def sync_now(client: InvoiceClient, *, now: datetime) -> dict[str, int]:
    """
    Ask Visma about every customer's credit, then bring the target in line; for the command.

    :raises ConnectorError: if Visma cannot be asked
    """
    integration = check_active(client.organisation)
    if client.source is None:
        raise refusals.NoSourceCompany(client=client.name)
    check_company(client, source_for(client.source).read_company())
    changed = read_credit(client, integration=integration, changed_since=None, now=now)
    pushed = failed = 0
    if client.target is not None and client.target.is_authorised:
        target = target_for(client.target)
        if target.capabilities.time_blocks:
            # Everything blocked is looked at, for projects that are new.
            Customer.objects.filter(client=client, blocks__lifted_at=None).exclude(
                blocks=None
            ).update(push_at=now)
            pushed, failed = _push_all(client, client.target, target, now=now)
    return {"changed": changed, "pushed": pushed, "failed": failed}


def _push_all(
    client: InvoiceClient, connection: Connection, target: PaymentTarget, *, now: datetime
) -> tuple[int, int]:
    """Tell the target; a worker does it instead if one is writing there just now."""
    owner, key, seconds = claims.new_owner(), writer_key(connection), claims.lease_seconds()
    pushed = failed = 0
    if not Lease.objects.take(key=key, owner=owner, now=now, seconds=seconds):
        enqueue("payments.tasks.serve_client", client_id=client.pk)
        return pushed, failed
    try:
        for customer in list(due_pushes(client, now=now)):
            Lease.objects.take(key=key, owner=owner, now=timezone.now(), seconds=seconds)
            done = push(customer, target=target, now=now)
            pushed, failed = pushed + done, failed + (not done)
    finally:
        Lease.objects.give_back(key=key, owner=owner)
    return pushed, failed


def read_credit(
    client: InvoiceClient,
    *,
    integration: Integration,
    changed_since: datetime | None,
    now: datetime,
    unread: list[Unreadable] | None = None,
) -> int:
    """
    Read customers and their credit from Visma, in portions; return how many changed state.

    :param unread: takes the rows that cannot be read; their customers stay as they are
    """
    assert client.source is not None  # noqa: S101 (the callers have checked)
    source = source_for(client.source)
    changed = 0
    some: list[SourceCustomer] = []
    for customer in source.read_customers(changed_since=changed_since):
        if isinstance(customer, Unreadable):
            if unread is not None:
                unread.append(customer)
            continue
        some.append(customer)
        if len(some) == 400:
            changed += _store(client, some, integration, source.capabilities.credit_blocks, now)
            some = []
    changed += _store(client, some, integration, source.capabilities.credit_blocks, now)
    if source.capabilities.credit_blocks and changed_since is None:
        InvoiceClient.objects.filter(pk=client.pk).update(blocks_seen_at=now)
    return changed


def _store(
    client: InvoiceClient,
    customers: list[SourceCustomer],
    integration: Integration,
    readable: bool,
    now: datetime,
) -> int:
    if not customers:
        return 0
    storing_invoices.store_source_customers(client, customers)
    if not readable:
        return 0
    return mirror(client, customers, integration=integration, now=now)
