"""Customers and why time is stopped on them; the time that is registered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from organisations.models import Organisation
from payments.models import Customer, DeniedProject, TimeBlock, TimeEntry
from payments.queries.pages import page_of
from payments.queries.waits import Wait, push_failure, push_wait
from ui.failures import FailureRow


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One customer with its blocks."""

    customer: Customer
    url: str
    blocks: list[TimeBlock]
    seen_at: datetime | None


def list_customers(
    organisation: Organisation, *, search: str = "", blocked: bool = False, page: str = "1"
) -> Page[Any]:
    """Return one page of customers; two statements for the page and its blocks."""
    found = Customer.objects.of(organisation).select_related("client")
    if search:
        found = found.filter(Q(number__startswith=search) | Q(name__icontains=search))
    if blocked:
        found = blocked_of(found)
    return page_of(found.order_by("number", "pk"), _customer_rows, page=page)


def blocked_of(customers: Any) -> Any:
    """Return those on which no time can be registered now."""
    active = TimeBlock.objects.filter(customer=OuterRef("pk"), lifted_at=None)
    return customers.filter(Exists(active))


def _customer_rows(shown: list[Customer]) -> list[CustomerRow]:
    blocks: dict[int, list[TimeBlock]] = {}
    for block in TimeBlock.objects.filter(
        customer_id__in=[c.pk for c in shown], lifted_at=None
    ).order_by("since"):
        blocks.setdefault(block.customer_id, []).append(block)
    return [
        CustomerRow(
            customer=customer,
            url=reverse("payments:customer", args=[customer.pk]),
            blocks=blocks.get(customer.pk, []),
            # A mirror is read for all customers of a client at once.
            seen_at=max(
                filter(None, (customer.credit_seen_at, customer.client.blocks_seen_at)),
                default=None,
            ),
        )
        for customer in shown
    ]


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """One customer with all its blocks and projects."""

    customer: Customer
    active: list[TimeBlock]
    earlier: list[TimeBlock]
    by_person: bool
    projects: list[DeniedProject]
    failure: FailureRow | None
    wait: Wait | None


def customer_page(customer: Customer) -> CustomerPage:
    """Return all that is known of a customer's blocks."""
    blocks = list(
        TimeBlock.objects.filter(customer=customer)
        .select_related("set_by", "lifted_by")
        .order_by("-since")[:100]
    )
    active = [block for block in blocks if block.lifted_at is None]
    return CustomerPage(
        customer=customer,
        active=active,
        earlier=[block for block in blocks if block.lifted_at is not None],
        by_person=any(block.reason == TimeBlock.Reason.PERSON for block in active),
        projects=list(
            DeniedProject.objects.filter(customer=customer, lifted_at=None).order_by("code")
        ),
        failure=push_failure(customer),
        wait=push_wait(customer, now=timezone.now()),
    )


def list_time(organisation: Organisation, *, page: str) -> Page[Any]:
    """Return one page of the time that was registered, newest first."""
    found = TimeEntry.objects.of(organisation).select_related("customer")
    return page_of(found.order_by("-created_at", "-pk"), list, page=page)
