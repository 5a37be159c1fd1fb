"""Every company's month: two queries, and a state by the rules."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time

from django.db.models import Exists, F, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import Connection
from journals.models import Batch, FileOfJournal, Journal
from mappings.models import Mapping as CompanyMapping
from office import rules
from office.models import NothingExpected
from office.rules import Mark, RowState
from office.wording import ROW_STATES, words_of_journal
from organisations.models import Company, Membership, Organisation
from sources.models import ImportedFile


@dataclass(frozen=True, slots=True)
class Run:
    """One journal of a company's month."""

    pk: int
    reference: str
    state: str
    state_at: datetime
    imported_at: datetime
    with_corrections: bool

    @property
    def words(self) -> str:
        """Return its state in words."""
        return words_of_journal(self.state)

    @property
    def marks(self) -> list[Mark]:
        """Return its steps."""
        return rules.marks(self.state)


@dataclass(slots=True)
class Row:
    """One company's month."""

    pk: int
    number: str
    name: str
    debtor_id: int
    debtor: str
    owner_id: int | None
    owner: str
    deputy_id: int | None
    is_test: bool
    is_blocked: bool
    target: str
    signed_out: bool
    expected: date | None
    learnt: bool
    nothing: str
    owner_is_away: bool
    to_send: date | None = None
    runs: list[Run] = field(default_factory=list)
    changed: bool = False
    state: RowState = RowState.OFF

    @property
    def worst(self) -> Run | None:
        """Return the journal that says what the row's state is."""
        return self.runs[0] if self.runs else None

    @property
    def proven(self) -> int:
        """Return how many of its journals are in the ledger."""
        return sum(rules.OF_JOURNAL[run.state] is RowState.PROVEN for run in self.runs)

    @property
    def label(self) -> str:
        """Return the state in words."""
        return str(ROW_STATES[self.state].label)

    @property
    def marks(self) -> list[Mark]:
        """Return the steps of its worst journal."""
        return rules.marks(self.worst.state if self.worst else "")

    @property
    def since(self) -> datetime | None:
        """Return when the journal came into its state, or the day on which it was expected."""
        if self.worst is not None:
            return self.worst.state_at
        if self.state is RowState.LATE and self.expected is not None:
            return timezone.make_aware(datetime.combine(self.expected, time(12)))
        return None

    @property
    def words(self) -> str:
        """Return what stands in the cell of the present step."""
        if self.state is RowState.BLOCKED:
            return self._why_blocked()
        if self.changed:
            return gettext("Payroll changed it")
        if self.worst is not None:
            return self.worst.words
        return self.nothing if self.state is RowState.NOTHING else self.label

    def _why_blocked(self) -> str:
        if self.is_test:
            return gettext("Test company")
        if self.is_blocked:
            return gettext("Debtor blocked")
        return gettext("Sign in again") if self.target else gettext("No mapping")

    @property
    def stamp(self) -> str:
        """Return what a plan is held against: the row's state and its journals."""
        runs = [(run.pk, run.state_at.isoformat()) for run in self.runs]
        return hashlib.sha256(f"{self.pk}:{self.state}:{runs}".encode()).hexdigest()[:20]


def rows_of(organisation: Organisation, period: str, *, today: date) -> list[Row]:
    """Return every company's row of that period, worst first; two queries."""
    rows = {row.pk: row for row in _companies(organisation, period, today=today)}
    days_to_send = dict[int, int]()
    for run, company_id, changed, days in _runs(organisation, period):
        row = rows.get(company_id)
        if row is not None:
            row.runs.append(run)
            row.changed = row.changed or changed
            days_to_send[company_id] = days
    for row in rows.values():
        row.runs.sort(key=lambda run: (rules.OF_JOURNAL[run.state], run.reference))
        if row.expected is not None:
            row.to_send = rules.working_days_after(
                row.expected, days_to_send.get(row.pk, rules.WORKING_DAYS_TO_SEND)
            )
        row.state = rules.row_state(
            [run.state for run in row.runs],
            changed=row.changed,
            blocked=row.is_test or row.is_blocked,
            signed_out=row.signed_out,
            served=bool(row.target) and not (row.is_test or row.is_blocked),
            nothing=bool(row.nothing),
            expected=row.expected,
            to_send=row.to_send,
            today=today,
        )
    return sorted(rows.values(), key=lambda row: (row.state, row.number, row.pk))


def _companies(organisation: Organisation, period: str, *, today: date) -> Iterable[Row]:
    mapping = CompanyMapping.objects.filter(company=OuterRef("pk")).order_by("pk")
    nothing = NothingExpected.objects.filter(company=OuterRef("pk"), period=period)
    away = Membership.objects.filter(
        organisation=organisation,
        user=OuterRef("owner"),
        away_from__lte=today,
        away_until__gte=today,
    )
    found = Company.objects.of(organisation).values(
        *("pk", "number", "name", "is_test", "debtor_id", "owner_id", "deputy_id"),
        *("debtor__name", "debtor__blocked_at", "owner__name"),
        learnt=F("expectation__learnt_offset"),
        day=F("expectation__import_day"),
        month_after=F("expectation__month_after"),
        target=Subquery(mapping.values("target")[:1]),
        access=Subquery(mapping.values("connection__state")[:1]),
        nothing=Subquery(nothing.values("reason")[:1]),
        owner_is_away=Exists(away),
    )
    for one in found:
        offset = one["learnt"]
        if one["day"] is not None:
            offset = rules.offset_of_day(period, day=one["day"], month_after=one["month_after"])
        target = one["target"] or ""
        yield Row(
            pk=one["pk"],
            number=one["number"],
            name=one["name"],
            debtor_id=one["debtor_id"],
            debtor=one["debtor__name"],
            owner_id=one["owner_id"],
            owner=one["owner__name"] or "",
            deputy_id=one["deputy_id"],
            is_test=one["is_test"],
            is_blocked=one["debtor__blocked_at"] is not None,
            target=target,
            signed_out=bool(target) and one["access"] != Connection.State.AUTHORISED,
            expected=None if offset is None else rules.due(period, offset),
            learnt=one["day"] is None,
            nothing=one["nothing"] or "",
            owner_is_away=one["owner_is_away"],
        )


def _runs(organisation: Organisation, period: str) -> Iterable[tuple[Run, int, bool, int]]:
    corrections = Batch.objects.filter(journal=OuterRef("pk"), period__lt=OuterRef("run_period"))
    changed = FileOfJournal.objects.filter(
        journal=OuterRef("pk"), file__state=ImportedFile.State.CHANGED
    )
    found = Journal.objects.of(organisation).filter(run_period=period, resent_as__isnull=True)
    columns = found.values_list(
        *("pk", "reference", "state", "state_at", "imported_at"),
        Exists(corrections),
        "company_id",
        Exists(changed),
        F("company__expectation__days_to_send"),
    )
    for *values, company_id, is_changed, days in columns:
        yield (
            Run(*values),
            company_id,
            is_changed,
            rules.WORKING_DAYS_TO_SEND if days is None else days,
        )
