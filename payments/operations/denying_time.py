"""Blocks of customers brought to the target, where the hub opens only what it closed itself."""

from datetime import datetime, timedelta
from typing import Any

import structlog

from background.crash_points import crash_point
from background.faults import DATABASE_IS_AWAY, fault_number
from connectors.errors import ConnectorError, NotAuthorized, Unavailable
from connectors.receivables.target import PaymentTarget, TargetProject
from payments.models import Customer, DeniedProject, InvoiceClient, TimeBlock
from payments.rules import refusals

log = structlog.get_logger(__name__)

LOOK_FOR_NEW_PROJECTS = timedelta(hours=1)


def is_blocked(customer_id: int) -> bool:
    """Return whether time may not be registered on the customer, for whatever reason."""
    return TimeBlock.objects.filter(customer_id=customer_id, lifted_at=None).exists()


def due_pushes(client: InvoiceClient, *, now: datetime) -> Any:
    """Return the client's customers whose projects in the target are to be looked at now."""
    return Customer.objects.filter(client=client, push_at__lte=now).order_by("push_at", "pk")


def push(customer: Customer, *, target: PaymentTarget, now: datetime) -> bool:
    """
    Close or open the customer's projects in the target; say whether it went well.

    Each project is written down before it is closed, so that a worker that dies leaves a trace
    by which the hub knows it as its own. A project that somebody else closed is never ours.
    """
    due_at = customer.push_at
    try:
        if is_blocked(customer.pk):
            _deny(customer, target, now=now)
            again: datetime | None = now + LOOK_FOR_NEW_PROJECTS
        else:
            _allow(customer, target, now=now)
            again = None
    except NotAuthorized:
        raise
    except ConnectorError as failure:
        wait = timedelta(minutes=min(2 ** min(customer.push_failures, 6), 60))
        if isinstance(failure, Unavailable) and failure.retry_after:
            wait = timedelta(seconds=failure.retry_after)
        Customer.objects.filter(pk=customer.pk, push_at=due_at).update(
            push_at=now + wait,
            push_failures=customer.push_failures + 1,
            push_failure_code=failure.code(),
            push_failure_params=failure.params,
            push_failure_detail=failure.detail,
        )
        return False
    except DATABASE_IS_AWAY:
        raise
    except Exception:
        # A defect of ours over one customer stops no other; its page says so.
        number = fault_number()
        log.exception("block_failed", customer=customer.pk, request_id=number)
        fault = refusals.RunFault(request_id=number)
        Customer.objects.filter(pk=customer.pk, push_at=due_at).update(
            push_at=now + timedelta(hours=1),
            push_failures=customer.push_failures + 1,
            push_failure_code=fault.code(),
            push_failure_params=fault.params,
            push_failure_detail="",
        )
        return False
    # Compare-and-set: a block that changed meanwhile made it due again.
    Customer.objects.filter(pk=customer.pk, push_at=due_at).update(
        push_at=again,
        pushed_at=now,
        push_failures=0,
        push_failure_code="",
        push_failure_params={},
        push_failure_detail="",
    )
    return True


def _projects(customer: Customer, target: PaymentTarget) -> dict[str, TargetProject]:
    number = customer.target_number or customer.number
    return {one.id: one for one in target.read_projects(customer_number=number)}


def _deny(customer: Customer, target: PaymentTarget, *, now: datetime) -> None:
    mine = {
        row.project_id: row
        for row in DeniedProject.objects.filter(customer=customer, lifted_at=None)
    }
    projects = _projects(customer, target)
    for gone in mine.keys() - projects.keys():
        # It belongs to another customer now, or to none: our block must not stay behind on it.
        _open_again(mine[gone], target, now=now)
    for project in projects.values():
        row = mine.get(project.id)
        if project.denies_time:
            if row is not None and row.done_at is None:
                DeniedProject.objects.filter(pk=row.pk).update(done_at=now)
            continue
        if row is None:
            row = DeniedProject.objects.create(
                organisation_id=customer.organisation_id,
                customer=customer,
                project_id=project.id,
                code=project.code[:60],
                name=project.name[:200],
                set_at=now,
            )
        crash_point("block.noted")
        if target.set_time_denied(project, denied=True):
            crash_point("block.denied")
            DeniedProject.objects.filter(pk=row.pk).update(done_at=now)
        else:
            # Somebody closed it in the same moment: it is theirs.
            row.delete()


def _allow(customer: Customer, target: PaymentTarget, *, now: datetime) -> None:
    for row in DeniedProject.objects.filter(customer=customer, lifted_at=None):
        _open_again(row, target, now=now)


def _open_again(row: DeniedProject, target: PaymentTarget, *, now: datetime) -> None:
    """
    Lift what the hub set on one project, whoever's it is now.

    The target changes nothing on a project that takes time already, or is no longer there.
    """
    project = TargetProject(id=row.project_id, code=row.code, name=row.name, denies_time=True)
    target.set_time_denied(project, denied=False)
    DeniedProject.objects.filter(pk=row.pk).update(lifted_at=now)
