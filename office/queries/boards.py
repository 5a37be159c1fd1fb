"""The month board as a person narrows it: counts, groups, a page of rows, earlier periods."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Max, Min, Q
from django.utils.translation import gettext

from connectors.bounds import row_number
from journals.models import Journal
from office import rules
from office.models import Expectation
from office.queries.rows import Row, rows_of
from office.rules import RowState
from office.wording import ROW_STATES
from organisations.models import Company, Membership, Organisation

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
