"""The audit trail as its page shows it and as it is exported: filtered, newest first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext

from audit.actions import ACTIONS, AREAS, in_order, prefixes_of
from audit.models import AuditEntry, AuditQuerySet
from audit.trail import NOBODY
from connectors.bounds import is_day
from ui.sheets import Cell

PAGE_SIZE = 50
MOST_EXPORTED = 50_000


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address of the page says about which entries are shown."""

    search: str = ""
    area: str = ""
    since: date | None = None
    until: date | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, Any]) -> "Filters":
        """Return the filters of an address; what is not understood is left out."""
        area = str(query.get("area", ""))
        return cls(
            search=str(query.get("q", "")).strip()[:80],
            area=area if area in AREAS else "",
            since=_date(str(query.get("since", ""))),
            until=_date(str(query.get("until", ""))),
        )

    @property
    def in_use(self) -> bool:
        """Say whether anything is filtered away."""
        return bool(self.search or self.area or self.since or self.until)

    @property
    def query(self) -> dict[str, str]:
        """Return the filters as an address has them, for a link to the export."""
        values = {"q": self.search, "area": self.area, "since": self.since, "until": self.until}
        return {name: str(value) for name, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail, in words."""

    at: datetime
    who: str
    action: str
    subject: str
    details: str
    address: str
    request_id: str


def page_of(organisation: Any, *, filters: Filters, page: str) -> Page[Any]:
    """Return one page of entries."""
    found = _found(organisation, filters)
    here = Paginator(found, PAGE_SIZE).get_page(page)
    here.object_list = [_entry(row) for row in here.object_list]
    return here


def area_choices() -> list[tuple[str, str]]:
    """Return what the filter offers."""
    return [(area, gettext(words)) for area, words in in_order()]


HEADINGS = (
    *("at", "who", "action", "object_type", "object_id", "object"),
    *("details", "address", "request_id"),
)
"""Of the export: names that do not change with the language, for other programs."""


def exported(organisation: Any, *, filters: Filters) -> Iterator[list[Cell]]:
    """Yield the newest entries as rows, at most `MOST_EXPORTED`; times are UTC."""
    for row in _found(organisation, filters)[:MOST_EXPORTED].iterator(chunk_size=2_000):
        yield [
            f"{row.at:%Y-%m-%d %H:%M:%S}",
            row.who,
            row.action,
            row.object_type,
            row.object_id,
            row.object_text,
            _details(row.details),
            row.address,
            row.request_id,
        ]


def _found(organisation: Any, filters: Filters) -> AuditQuerySet:
    found: AuditQuerySet = AuditEntry.objects.of(organisation).order_by("-at", "-pk")
    if filters.area:
        about = Q()
        for prefix in prefixes_of(filters.area):
            about |= Q(action__startswith=f"{prefix}.")
        found = found.filter(about)
    if filters.since:
        found = found.filter(at__gte=_start_of(filters.since))
    if filters.until:
        found = found.filter(at__lt=_start_of(filters.until + timedelta(days=1)))
    if filters.search:
        found = found.filter(
            Q(who__icontains=filters.search)
            | Q(object_text__icontains=filters.search)
            | Q(address=filters.search)
            | Q(request_id=filters.search)
        )
    return found


def _entry(row: AuditEntry) -> Entry:
    return Entry(
        at=row.at,
        who=gettext(NOBODY) if row.who == NOBODY else row.who,
        action=gettext(ACTIONS[row.action]) if row.action in ACTIONS else _spelt(row.action),
        subject=row.object_text,
        details=_details(row.details),
        address=row.address,
        request_id=row.request_id,
    )


def _spelt(action: str) -> str:
    return action.replace(".", ": ").replace("_", " ").capitalize()


def _details(details: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}: {_value(value)}" for name, value in details.items())


def _value(value: Any) -> str:
    if isinstance(value, list):
        return " → ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items()) or "–"
    return str(value)


def _date(text: str) -> date | None:
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return found if found is not None and is_day(found) else None


def _start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
