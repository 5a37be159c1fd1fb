"""What people say about the months of companies, and what is learnt of them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from audit.trail import record
from journals.models import Journal
from office import rules
from office.models import BoardView, Expectation, NothingExpected
from office.queries.rows import Row, rows_of
from office.rules import RowState
from organisations.models import Company, Membership, Organisation, User

MAY_EXPECT_NOTHING = (RowState.LATE, RowState.NOT_EXPECTED, RowState.BLOCKED)
_LEARN_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """Which of the chosen companies an act will reach, as they were shown."""

    taken: list[Row]
    left_out: list[Row]

    @property
    def stamps(self) -> list[str]:
        """Return what the confirmation carries, so that exactly these rows are changed."""
        return [row.stamp for row in self.taken]


def plan_nothing(
    organisation: Organisation, period: str, companies: Collection[int], *, today: date
) -> Plan:
    """Return which of the companies have no journal of that period and are waited for."""
    chosen = _chosen(organisation, period, companies, today=today)
    taken = [row for row in chosen if not row.runs and row.state in MAY_EXPECT_NOTHING]
    return Plan(taken, [row for row in chosen if row not in taken])


def plan_owner(
    organisation: Organisation, period: str, companies: Collection[int], *, today: date
) -> Plan:
    """Return the companies that get another owner."""
    return Plan(_chosen(organisation, period, companies, today=today), [])


def still_as_shown(plan: Plan, stamps: Collection[str]) -> Plan:
    """Return the plan without what changed since its stamps were shown."""
    taken = [row for row in plan.taken if row.stamp in stamps]
    return Plan(taken, [*plan.left_out, *(row for row in plan.taken if row not in taken)])


def _chosen(
    organisation: Organisation, period: str, companies: Collection[int], *, today: date
) -> list[Row]:
    rows = rows_of(organisation, period, today=today)
    return [row for row in rows if row.pk in companies]


@transaction.atomic
def expect_nothing(
    *, rows: Iterable[Row], organisation: Organisation, period: str, reason: str, by: User
) -> None:
    """Write down that no journal of these companies comes for the period, and why."""
    now = timezone.now()
    for row in rows:
        said, made = NothingExpected.objects.get_or_create(
            company_id=row.pk,
            period=period,
            defaults={"organisation": organisation, "reason": reason, "by": by, "at": now},
        )
        if made:
            _record(said.company, "company.nothing_expected", by, period=period, reason=reason)


@transaction.atomic
def expect_again(*, company: Company, period: str, by: User) -> bool:
    """Let a journal of the company be expected for the period after all; say whether it was not."""
    gone, _kinds = NothingExpected.objects.filter(company=company, period=period).delete()
    if gone:
        _record(company, "company.expected_again", by, period=period)
    return bool(gone)


@transaction.atomic
def change_owner(*, rows: Iterable[Row], owner: User | None, deputy: User | None, by: User) -> None:
    """Give the companies another responsible person and deputy."""
    for company in Company.objects.filter(pk__in=[row.pk for row in rows]).select_related(
        "organisation", "owner", "deputy"
    ):
        before = [str(company.owner or ""), str(company.deputy or "")]
        Company.objects.filter(pk=company.pk).update(owner=owner, deputy=deputy)
        after = [str(owner or ""), str(deputy or "")]
        if before != after:
            _record(company, "company.owner_changed", by, before=before, after=after)


@transaction.atomic
def fix_expectation(
    *,
    company: Company,
    import_day: int | None,
    month_after: bool,
    days_to_send: int,
    by: User,
) -> None:
    """Fix by when a company's journal is imported and sent; without a day it is learnt again."""
    Expectation.objects.update_or_create(
        company=company,
        defaults={
            "organisation_id": company.organisation_id,
            "import_day": import_day,
            "month_after": month_after,
            "days_to_send": days_to_send,
        },
    )
    _record(
        company,
        "company.expectation_fixed",
        by,
        day=import_day,
        month_after=month_after,
        days_to_send=days_to_send,
    )


def learn(organisation: Organisation, *, now: datetime) -> int:
    """Learn by when each company's journal is usually here; return how many companies changed."""
    arrived: dict[int, list[tuple[str, date]]] = {}
    first = (
        Journal.objects.of(organisation)
        .filter(run_period__gte=rules.moved(f"{now:%Y-%m}", -rules.MONTHS_LEARNT_FROM * 2))
        .order_by()
        .values_list("company_id", "run_period")
        .annotate(at=Min("imported_at"))
    )
    for company_id, period, at in first:
        arrived.setdefault(company_id, []).append((period, timezone.localtime(at).date()))
    learnt = {company_id: rules.learnt_offset(months) for company_id, months in arrived.items()}
    known = dict(Expectation.objects.of(organisation).values_list("company_id", "learnt_offset"))
    changed = [
        Expectation(organisation=organisation, company_id=pk, learnt_offset=offset, learnt_at=now)
        for pk, offset in learnt.items()
        if known.get(pk) != offset
    ]
    Expectation.objects.bulk_create(
        changed,
        batch_size=_LEARN_AT_ONCE,
        update_conflicts=True,
        unique_fields=["company"],
        update_fields=["learnt_offset", "learnt_at"],
    )
    return len(changed)


def remember_view(membership: Membership, query: str) -> None:
    """Keep the filters with which the person looks at the board."""
    BoardView.objects.update_or_create(membership=membership, defaults={"query": query[:300]})


@transaction.atomic
def be_away(*, membership: Membership, first: date | None, last: date | None) -> None:
    """Write down when the person is away, so that deputies see their companies meanwhile."""
    Membership.objects.filter(pk=membership.pk).update(away_from=first, away_until=last)
    record(
        organisation=membership.organisation,
        action="person.away",
        subject=membership,
        user=membership.user,
        details={"from": str(first or ""), "until": str(last or "")},
    )


def _record(company: Company, action: str, by: User, **details: Any) -> None:
    record(
        organisation=company.organisation, action=action, subject=company, user=by, details=details
    )
