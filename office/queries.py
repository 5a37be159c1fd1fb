"""The month board: every company's month in a fixed number of queries, computed by the rules."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Exists, F, Max, Min, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import Connection
from connectors.bounds import row_number
from journals.models import Batch, FileOfJournal, Journal
from mappings.models import Mapping as CompanyMapping
from office import rules
from office.models import Expectation, NothingExpected
from office.rules import Mark, RowState
from office.wording import ROW_STATES, words_of_journal
from organisations.models import Company, Membership, Organisation
from sources.models import ImportedFile

PAGE_SIZE = 100
WHOSE = ("mine", "deputy", "all")
WITH_CORRECTIONS = "corrections"
_UNFINISHED_JOURNALS = sorted(
    state for state, row in rules.OF_JOURNAL.items() if row in rules.UNFINISHED
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address of the board says about which companies are shown."""

    whose: str = "all"
    state: str = ""
    owner: int | None = None
    debtor: int | None = None
    target: str = ""
    run: str = ""
    search: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, Any]) -> "Filters":
        """Return the filters of an address; what is not understood is left out."""
        whose, state = str(query.get("whose", "")), str(query.get("state", ""))
        return cls(
            whose=whose if whose in WHOSE else "all",
            state=state if state in {one.key for one in RowState} else "",
            owner=row_number(str(query.get("owner", ""))),
            debtor=row_number(str(query.get("debtor", ""))),
            target=str(query.get("target", ""))[:30],
            run=WITH_CORRECTIONS if query.get("run") == WITH_CORRECTIONS else "",
            search=str(query.get("q", "")).strip()[:80],
        )

    def as_query(self) -> str:
        """Return the query of the address of the board that is narrowed like this."""
        said = {
            "whose": self.whose,
            "state": self.state,
            "owner": self.owner or "",
            "debtor": self.debtor or "",
            "target": self.target,
            "run": self.run,
            "q": self.search,
        }
        return urlencode({name: value for name, value in said.items() if value})

    @property
    def in_use(self) -> bool:
        """Say whether more is filtered away than other people's companies."""
        return any((self.state, self.owner, self.debtor, self.target, self.run, self.search))


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


@dataclass(frozen=True, slots=True)
class StateCount:
    """One state, and how many of the person's companies are in it."""

    state: RowState
    label: str
    icon: str
    tone: str
    count: int
    current: bool


@dataclass(frozen=True, slots=True)
class Older:
    """Earlier periods that hold unfinished work, and how many companies each."""

    companies: int
    periods: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of a page that have the same state."""

    state: RowState
    label: str
    icon: str
    tone: str
    count: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Board:
    """All that the page shows, finished."""

    period: str
    filters: Filters
    page: "Page[Any]"
    groups: list[Group]
    counts: list[tuple[str, int, list[StateCount]]]
    total: int
    proven: int
    older: Older
    owners: list[tuple[int, str]]
    debtors: list[tuple[int, str]]
    targets: list[str]

    @property
    def live(self) -> bool:
        """Say whether something is under way, so that the page looks again soon."""
        return any(
            one.count and one.state in (RowState.UNDER_WAY, RowState.UNKNOWN)
            for _label, _count, states in self.counts
            for one in states
        )

    @property
    def previous(self) -> str:
        """Return the period before."""
        return rules.moved(self.period, -1)

    @property
    def next(self) -> str:
        """Return the period after."""
        return rules.moved(self.period, 1)


def expected_now(organisation: Organisation, *, today: date) -> str:
    """Return the period that the board opens with."""
    learnt = Expectation.objects.of(organisation).aggregate(first=Min("learnt_offset"))["first"]
    newest = Journal.objects.of(organisation).aggregate(newest=Max("run_period"))["newest"]
    return rules.expected_now(today, first_offset=learnt, newest=newest or "")


def usual_whose(membership: Membership) -> str:
    """Return whose companies a person sees who never chose: their own, if they have any."""
    if membership.role.allows("organisation", "write"):  # type: ignore[arg-type]
        return "all"
    mine = Company.objects.of(membership.organisation).filter(
        Q(owner=membership.user_id) | Q(deputy=membership.user_id)
    )
    return "mine" if mine.exists() else "all"


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


def board(
    membership: Membership, *, period: str, filters: Filters, page: str, today: date
) -> Board:
    """Return the board of a period as the person wants to see it."""
    organisation = membership.organisation
    everybody = rows_of(organisation, period, today=today)
    whose = [row for row in everybody if _is_whose(row, filters.whose, membership.user_id)]
    shown = [row for row in whose if _matches(row, filters)]
    in_state = [row for row in shown if filters.state in ("", row.state.key)]
    counts = Counter(row.state for row in shown)
    here: Page[Any] = Paginator(in_state, PAGE_SIZE).get_page(page)
    return Board(
        period=period,
        filters=filters,
        page=here,
        groups=_groups(here.object_list, Counter(row.state for row in in_state)),
        counts=_counts(counts, filters),
        total=len(shown),
        proven=counts[RowState.PROVEN],
        older=_older(organisation, period, [row.pk for row in whose], today),
        owners=sorted({(row.owner_id, row.owner) for row in everybody if row.owner_id}, key=_name),
        debtors=sorted({(row.debtor_id, row.debtor) for row in everybody}, key=_name),
        targets=sorted({row.target for row in everybody if row.target}),
    )


def filtered_rows(
    membership: Membership, *, period: str, filters: Filters, today: date
) -> list[Row]:
    """Return the rows that the filters leave, of all pages."""
    return [
        row
        for row in rows_of(membership.organisation, period, today=today)
        if _is_whose(row, filters.whose, membership.user_id)
        and _matches(row, filters)
        and filters.state in ("", row.state.key)
    ]


def _name(one: tuple[int, str]) -> str:
    return one[1].casefold()


def _is_whose(row: Row, whose: str, user_id: int) -> bool:
    if whose == "mine":
        return row.owner_id == user_id or (row.deputy_id == user_id and row.owner_is_away)
    return whose != "deputy" or row.deputy_id == user_id


def _matches(row: Row, filters: Filters) -> bool:
    search = filters.search.casefold()
    return (
        filters.owner in (None, row.owner_id)
        and filters.debtor in (None, row.debtor_id)
        and filters.target in ("", row.target)
        and (not filters.run or any(run.with_corrections for run in row.runs))
        and (not search or search in f"{row.number} {row.name} {row.debtor}".casefold())
    )


def _counts(
    counts: Mapping[RowState, int], filters: Filters
) -> list[tuple[str, int, list[StateCount]]]:
    groups = (
        (gettext("Needs you"), rules.NEEDS_YOU),
        (gettext("On the way"), rules.ON_THE_WAY),
        (gettext("Done or not expected"), rules.DONE),
    )
    return [
        (
            label,
            sum(counts[state] for state in states),
            [
                StateCount(
                    state=state,
                    label=str(ROW_STATES[state].label),
                    icon=ROW_STATES[state].icon,
                    tone=ROW_STATES[state].tone,
                    count=counts[state],
                    current=filters.state == state.key,
                )
                for state in states
            ],
        )
        for label, states in groups
    ]


def _groups(rows: Iterable[Row], counts: Mapping[RowState, int]) -> list[Group]:
    groups: dict[RowState, Group] = {}
    for row in rows:
        look = ROW_STATES[row.state]
        group = groups.setdefault(
            row.state,
            Group(row.state, str(look.label), look.icon, look.tone, counts[row.state], []),
        )
        group.rows.append(row)
    return list(groups.values())


def _older(organisation: Organisation, period: str, companies: list[int], today: date) -> Older:
    """
    Return where earlier work of these companies is unfinished; three queries.

    Journals of any earlier period, and those that never came in the period before.
    """
    before = rules.moved(period, -1)
    mine = set(companies)
    missing = {
        (before, row.pk)
        for row in rows_of(organisation, before, today=today)
        if row.state is RowState.LATE and not row.runs
    }
    unfinished = (
        Journal.objects.of(organisation)
        .filter(run_period__lt=period, state__in=_UNFINISHED_JOURNALS, resent_as__isnull=True)
        .values_list("run_period", "company_id")
        .distinct()
    )
    there = {one for one in missing | set(unfinished) if one[1] in mine}
    periods = Counter(earlier for earlier, _company in there)
    return Older(
        companies=len({company for _period, company in there}),
        periods=sorted(periods.items(), reverse=True),
    )
