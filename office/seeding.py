"""An office of many companies and months, to look at and to measure; beside the sandbox only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils import timezone

from accounts.models import Connection
from journals.models import Batch, Journal
from journals.rules.states import BatchState, journal_state
from mappings.models import ClosedPeriodRule, Mapping
from office import operations, rules
from office.models import NothingExpected
from organisations.models import Company, Debtor, Organisation, User
from sources.models import Content

VENDOR = "vismanet"
_AT_ONCE = 500
_HALF_A_MONTH = timedelta(days=14)
_DAY = 21
_COMPANIES_OF_A_DEBTOR = 4
_PAYDAY = {
    **dict.fromkeys(range(58), BatchState.POSTED),
    **dict.fromkeys(range(58, 74), BatchState.DRAFT),
    **dict.fromkeys(range(74, 76), BatchState.REJECTED),
    76: BatchState.CLOSED,
}
"""The state of a company's journal of the present month, by its number; others have none yet."""
_TESTS, _WITHOUT_MAPPING, _NOTHING, _SIGNED_OUT = 98, 97, 96, 73
_Row = TypeVar("_Row", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Seeded:
    """How much was made."""

    companies: int
    journals: int


@transaction.atomic
def seed(
    *, organisation: Organisation, companies: int, months: int, today: date, owners: list[User]
) -> Seeded:
    """
    Fill an organisation that has no company with companies and their months until now.

    Past months are proven; of the present one some are sent, some wait, some have not come.
    """
    made = _companies(organisation, companies, owners)
    content = Content.objects.create(
        organisation=organisation,
        digest=f"{organisation.pk:064d}",
        currency="SEK",
        run_period=rules.period_of(today - _HALF_A_MONTH),
        line_count=2,
    )
    present = rules.period_of(today - _HALF_A_MONTH)
    periods = [rules.moved(present, -back) for back in range(months)]
    journals = _all(
        Journal,
        (
            _journal(company, place, period, content, present=present, today=today)
            for period in periods
            for place, company in enumerate(made)
            if _state(place, period, present) is not None
        ),
    )
    _all(Batch, _batches(journals))
    NothingExpected.objects.bulk_create(
        NothingExpected(
            organisation=organisation,
            company=company,
            period=periods[0],
            reason="Seasonal work, nobody is employed",
        )
        for place, company in enumerate(made)
        if place % 100 == _NOTHING
    )
    operations.learn(organisation, now=timezone.now())
    return Seeded(len(made), len(journals))


def _companies(organisation: Organisation, count: int, owners: list[User]) -> list[Company]:
    debtors = _all(
        Debtor,
        (
            Debtor(organisation=organisation, number=f"{5000 + n}", name=f"Koncern {n + 1}")
            for n in range(1 + count // _COMPANIES_OF_A_DEBTOR)
        ),
    )
    made = _all(
        Company,
        (
            Company(
                organisation=organisation,
                debtor=debtors[n // _COMPANIES_OF_A_DEBTOR],
                number=f"{1001 + n}",
                name=f"Bolag {n + 1} AB",
                currency="SEK",
                owner=owners[n % len(owners)] if owners else None,
                deputy=owners[(n + 1) % len(owners)] if len(owners) > 1 else None,
                is_test=n % 100 == _TESTS,
            )
            for n in range(count)
        ),
    )
    connections = _all(
        Connection,
        (
            Connection(
                organisation=organisation,
                vendor=VENDOR,
                name=f"payroll{n + 1}@office.example",
                state="sign_in_again" if n % 100 == _SIGNED_OUT else "authorised",
                tenant_id=f"seeded-{organisation.pk}-{n}",
                subject=f"seeded-{n}",
                administration_name=f"Bolag {n + 1} AB",
                administration_currency="SEK",
            )
            for n in range(count)
        ),
    )
    _all(
        Mapping,
        (
            Mapping(
                organisation=organisation,
                company=company,
                connection=connections[n],
                target=VENDOR,
                closed_period_rule=ClosedPeriodRule.REFUSE,
            )
            for n, company in enumerate(made)
            if n % 100 != _WITHOUT_MAPPING
        ),
    )
    return made


def _state(place: int, period: str, present: str) -> BatchState | None:
    if place % 100 in (_TESTS, _WITHOUT_MAPPING, _NOTHING):
        return None
    if period < present:
        return BatchState.POSTED
    return _PAYDAY.get(place % 100)


def _journal(
    company: Company, place: int, period: str, content: Content, *, present: str, today: date
) -> Journal:
    state = _state(place, period, present)
    day = min(rules.due(period, _DAY + place % 5), today)
    at = timezone.make_aware(datetime.combine(day, time(9, place % 60)))
    return Journal(
        organisation_id=company.organisation_id,
        company=company,
        content=content,
        reference=f"LON {period}",
        run="1",
        run_period=period,
        currency="SEK",
        line_count=2 * len(_periods(place, period)),
        total=Decimal(100_000 + place),
        state=journal_state([state] if state else []),
        state_at=at + timedelta(hours=1),
        imported_at=at,
    )


def _periods(place: int, period: str) -> list[str]:
    """Return the periods of a journal: every seventh company corrects the month before."""
    return [period] if place % 7 else [rules.moved(period, -1), period]


_STATE_OF_BATCH = {
    "sent": BatchState.POSTED,
    "imported": BatchState.DRAFT,
    "stopped": BatchState.REJECTED,
    "closed": BatchState.CLOSED,
}


def _batches(journals: list[Journal]) -> Iterator[Batch]:
    for number, journal in enumerate(journals):
        state = _STATE_OF_BATCH[journal.state]
        posted = state is BatchState.POSTED
        periods = _periods(int(journal.total) - 100_000, journal.run_period)
        for place, period in enumerate(periods):
            yield Batch(
                organisation_id=journal.organisation_id,
                journal=journal,
                period=period,
                key=f"S{journal.organisation_id}.{number}.{place}",
                total=journal.total,
                line_count=2,
                state=state,
                state_at=journal.state_at,
                vendor_number=f"{900_000 + 2 * number + place}" if posted else "",
                proven_at=journal.state_at if posted else None,
                reason="Booked by hand" if state is BatchState.CLOSED else "",
                failure_code="Rejected" if state is BatchState.REJECTED else "",
            )


def _all(model: type[_Row], rows: Any) -> list[_Row]:
    made: list[_Row] = model._default_manager.bulk_create(rows, batch_size=_AT_ONCE)
    return made
