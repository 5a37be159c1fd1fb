"""Debtors and payroll companies."""

from datetime import datetime
from typing import Any

from django.db import models, transaction

from audit.trail import record
from connectors.organisation_numbers import digits_of
from organisations.models import Company, Debtor, Organisation, User


@transaction.atomic
def create_debtor(
    *, organisation: Organisation, number: str, name: str, by: User | None = None
) -> Debtor:
    """Create a debtor."""
    debtor = Debtor.objects.create(organisation=organisation, number=number, name=name)
    record(organisation=organisation, action="debtor.created", subject=debtor, user=by)
    return debtor


@transaction.atomic
def block_debtor(*, debtor: Debtor, reason: str, by: User | None, now: datetime) -> None:
    """Stop the sending of its companies' journals (S11). A block that is there stays as it is."""
    blocked = Debtor.objects.filter(pk=debtor.pk, blocked_at=None).update(
        blocked_at=now, blocked_reason=reason
    )
    if blocked:
        _record(debtor, "debtor.blocked", by, {"reason": reason})


@transaction.atomic
def unblock_debtor(*, debtor: Debtor, by: User | None) -> None:
    """Let its companies' journals be sent again."""
    unblocked = Debtor.objects.filter(pk=debtor.pk, blocked_at__isnull=False).update(
        blocked_at=None, blocked_reason=""
    )
    if unblocked:
        _record(debtor, "debtor.unblocked", by, {})


@transaction.atomic
def create_company(
    *,
    organisation: Organisation,
    debtor: Debtor,
    number: str,
    name: str,
    currency: str,
    organisation_number: str = "",
    is_test: bool = False,
    owner: User | None = None,
    deputy: User | None = None,
    by: User | None = None,
) -> Company:
    """
    Create a company.

    :raises ValueError: if the debtor is another organisation's
    """
    if debtor.organisation_id != organisation.pk:
        raise ValueError("the debtor belongs to another organisation")
    company = Company.objects.create(
        organisation=organisation,
        debtor=debtor,
        number=number,
        name=name,
        currency=currency.upper(),
        organisation_number=digits_of(organisation_number),
        is_test=is_test,
        owner=owner,
        deputy=deputy,
    )
    _record(company, "company.created", by, {})
    return company


@transaction.atomic
def change(
    *, subject: Company | Debtor, changes: dict[str, Any], action: str, by: User | None
) -> bool:
    """Change fields of a company or debtor, and say whether anything changed."""
    changed: dict[str, Any] = {}
    for name, value in changes.items():
        before = getattr(subject, name)
        if before != value:
            changed[name] = [_plain(before), _plain(value)]
            setattr(subject, name, value)
    if not changed:
        return False
    subject.save(update_fields=list(changed))
    _record(subject, action, by, changed)
    return True


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, models.Model) else value


def _record(
    subject: Company | Debtor, action: str, by: User | None, details: dict[str, Any]
) -> None:
    record(
        organisation=subject.organisation,
        action=action,
        subject=subject,
        user=by,
        details=details,
    )
