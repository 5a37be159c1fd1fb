"""
What an operator watches: how much waits, since when, and who works on it.

One source for the operator's page and for `/metrics`, with a fixed number of SQL queries. The
figures are of the whole installation and name no organisation, no company and no person.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Connection, Restore
from accounts.operations import installation, rate_limits
from background.models import BackgroundRequest, Heartbeat, Lease
from background.queries import Waiting
from connectors.registry import CONNECTORS
from journals.queries import waiting
from journals.rules.states import STATE_WORDS, BatchState
from payments.queries import waiting as waiting_payments
from payments.queries.wording import REGISTRATIONS
from sources import queries as files_waiting
from sources.models import ImportedFile

Number = int | float


@dataclass(frozen=True, slots=True)
class Row:
    """
    One line of a section.

    :param labels: names of what is counted, the same in every language
    :param shown: the labels in the reader's language
    :param since: the oldest of it: its age is shown, and is a figure of its own
    """

    labels: tuple[str, ...]
    values: tuple[Number | datetime | None, ...]
    since: datetime | None = None
    shown: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the labels as people read them."""
        return self.shown or self.labels

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the values as people read them; a moment in time as its hour."""
        return tuple(_cell(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Section:
    """
    One table of the page, one family of metrics each for its values and its age.

    :param key: the metrics' name between ``hub_`` and the value's name
    :param value_names: the end of the metrics' names; an empty one adds nothing
    """

    key: str
    title: str
    help: str
    label_names: tuple[str, ...]
    value_names: tuple[str, ...]
    rows: tuple[Row, ...]
    headings: tuple[str, ...] = ()
    age_heading: str = ""

    @property
    def label_headings(self) -> tuple[str, ...]:
        """Return the headings of the texts."""
        return self.headings[: len(self.label_names)]

    @property
    def value_headings(self) -> tuple[str, ...]:
        """Return the headings of the numbers."""
        return self.headings[len(self.label_names) :]


def _cell(value: Number | datetime | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "H:i:s")
    return str(value)


def _number(value: Number | datetime | None) -> float | None:
    if value is None:
        return None
    return value.timestamp() if isinstance(value, datetime) else float(value)


def sections(*, now: datetime) -> list[Section]:
    """Return all figures as they are now."""
    return [
        _installation(now=now),
        _due(now=now),
        _batches(),
        _registrations(),
        _background_requests(),
        _files(),
        _connections(now=now),
        _budgets(),
        _leases(now=now),
        _processes(),
    ]


def _installation(*, now: datetime) -> Section:
    row = installation.look(now=now)
    restore = Restore.objects.open(now=now).order_by("-at").first()
    return Section(
        key="database",
        title=_("Database"),
        help="1 while it holds: stopped, because an older database was restored; "
        "watched, since the ledger is asked before anything is sent first.",
        label_names=("state",),
        value_names=("",),
        headings=(_("State"), _("In effect")),
        age_heading=_("Changed"),
        rows=(
            Row(
                ("stopped",),
                (int(row.stopped_at is not None),),
                row.stopped_at,
                (_("Nothing is sent: an older database was restored"),),
            ),
            Row(
                ("watched",),
                (int(restore is not None),),
                restore.at if restore else None,
                (_("After a restore: the ledger is checked first"),),
            ),
        ),
    )


_DUE_WORDS = {
    "check": gettext_noop("Journals to check: batches"),
    "send": gettext_noop("Batches to send"),
    "prove": gettext_noop("Batches to prove"),
    "read_file": gettext_noop("Files to read"),
    "fetch": gettext_noop("Payments to fetch: runs"),
    "register": gettext_noop("Payments to register"),
    "look_up": gettext_noop("Payments with an unknown outcome to look up"),
    "mark": gettext_noop("Payments to mark as read"),
    "push": gettext_noop("Time blocks to pass on"),
    "background_request": gettext_noop("Background requests to do"),
}


def _due(*, now: datetime) -> Section:
    background_requests = BackgroundRequest.objects.due(now=now).aggregate(
        n=Count("pk"), since=Min("not_before")
    )
    due = (
        waiting.due_work(now=now)
        | files_waiting.due_work()
        | waiting_payments.due_work(now=now)
        | {"background_request": Waiting(background_requests["n"], background_requests["since"])}
    )
    return Section(
        key="due",
        title=_("Due now"),
        help="Work that a worker could do now, and the age of the oldest.",
        label_names=("work",),
        value_names=("",),
        headings=(_("Work"), _("Number")),
        age_heading=_("Oldest"),
        rows=_rows(due, _DUE_WORDS),
    )


def _batches() -> Section:
    words = {state.value: text for state, text in STATE_WORDS.items()}
    found = waiting.batches_by_state()
    every = {state: found.get(state, Waiting(0, None)) for state in _BATCH_STATES}
    return Section(
        key="batches",
        title=_("Batches on their way"),
        help="Batches that are not in the ledger, proven, by state.",
        label_names=("state",),
        value_names=("",),
        headings=(_("State"), _("Number")),
        age_heading=_("Oldest"),
        rows=_rows(every, words),
    )


def _registrations() -> Section:
    words = {state: str(word) for state, (word, _look) in REGISTRATIONS.items()}
    found = waiting_payments.registrations_by_state()
    every = {
        state.value: found.get(state.value, Waiting(0, None))
        for state in waiting_payments.ON_THEIR_WAY
    }
    return Section(
        key="registrations",
        title=_("Payments on their way"),
        help="Payments that are to be registered or reversed in the target, by state.",
        label_names=("state",),
        value_names=("",),
        headings=(_("State"), _("Number")),
        age_heading=_("Oldest"),
        rows=_rows(every, words),
    )


_BATCH_STATES = tuple(BatchState(state).value for state in waiting.ON_THEIR_WAY)


def _background_requests() -> Section:
    unfinished = BackgroundRequest.objects.filter(
        state__in=(BackgroundRequest.State.WAITING, BackgroundRequest.State.RUNNING)
    )
    found = unfinished.values_list("kind", "state").annotate(n=Count("pk"), at=Min("created_at"))
    return Section(
        key="background_requests",
        title=_("Background requests"),
        help="Requests that people wait for, by kind and state.",
        label_names=("kind", "state"),
        value_names=("",),
        headings=(_("Kind"), _("State"), _("Number")),
        age_heading=_("Oldest"),
        rows=tuple(
            Row((kind, state), (count,), since)
            for kind, state, count, since in found.order_by("kind", "state")
        ),
    )


def _files() -> Section:
    words = {state.value: str(state.label) for state in ImportedFile.State}
    return Section(
        key="files",
        title=_("Uploaded files"),
        help="Uploaded files that a worker or a person still has to do with, by state.",
        label_names=("state",),
        value_names=("",),
        headings=(_("State"), _("Number")),
        age_heading=_("Oldest"),
        rows=_rows(files_waiting.files_by_state(), words),
    )


def _connections(*, now: datetime) -> Section:
    states = {state.value: str(state.label) for state in Connection.State}
    found = Connection.objects.values_list("vendor", "state").annotate(
        n=Count("pk"), paused=Count("pk", filter=Q(not_before__gt=now)), at=Min("state_at")
    )
    return Section(
        key="connections",
        title=_("Accounts at vendors"),
        help="Connections by vendor and state; paused: the vendor asked us to wait.",
        label_names=("vendor", "state"),
        value_names=("", "paused"),
        headings=(_("Vendor"), _("State"), _("Number"), _("Paused")),
        age_heading=_("Oldest"),
        rows=tuple(
            Row(
                (vendor, state),
                (count, paused),
                since,
                (CONNECTORS[vendor].name if vendor in CONNECTORS else vendor, states[state]),
            )
            for vendor, state, count, paused, since in found.order_by("vendor", "state")
        ),
    )


def _budgets() -> Section:
    known = sorted(rate_limits.known(), key=lambda one: one.name)
    return Section(
        key="calls",
        title=_("Call limits of vendors"),
        help="What a vendor last said of its limit, by budget; paused_until is in Unix seconds.",
        label_names=("budget",),
        value_names=("remaining", "limit", "paused_until"),
        headings=(_("Budget"), _("Left"), _("Limit"), _("Paused until")),
        age_heading=_("Updated"),
        rows=tuple(
            Row(
                (one.name,),
                (one.remaining, one.limit, one.paused_until),
                one.seen_at,
            )
            for one in known
        ),
    )


def _leases(*, now: datetime) -> Section:
    held = Lease.objects.filter(until__gte=now).exclude(owner="").values_list("key", "taken_at")
    by_kind: dict[str, list[datetime | None]] = defaultdict(list)
    for key, taken_at in held:
        by_kind[key.partition(":")[0]].append(taken_at)
    return Section(
        key="leases",
        title=_("Leases"),
        help="Rights to do something alone that a worker holds now, by kind.",
        label_names=("kind",),
        value_names=("",),
        headings=(_("Kind"), _("Held")),
        age_heading=_("Longest"),
        rows=tuple(
            Row((kind,), (len(since),), min((at for at in since if at is not None), default=None))
            for kind, since in sorted(by_kind.items())
        ),
    )


def _processes() -> Section:
    beats = Heartbeat.objects.order_by("kind", "name").values_list("kind", "name", "at")
    return Section(
        key="processes",
        title=_("Processes"),
        help="Processes of the last day, and how long ago each was seen alive.",
        label_names=("kind", "name"),
        value_names=(),
        headings=(_("Kind"), _("Name")),
        age_heading=_("Last seen"),
        rows=tuple(Row((kind, name), (), at) for kind, name, at in beats),
    )


def _rows(found: Mapping[str, Waiting], words: Mapping[str, str]) -> tuple[Row, ...]:
    return tuple(
        Row((name,), (one.count,), one.since, (_(words.get(name, name)),))
        for name, one in found.items()
    )


def samples(
    found: Iterable[Section], *, now: datetime
) -> Iterable[tuple[str, str, tuple[str, ...], list[tuple[tuple[str, ...], float]]]]:
    """Yield every family of metrics: name, help, names of the labels, labels with values."""
    for section in found:
        for place, value_name in enumerate(section.value_names):
            values = [
                (row.labels, value)
                for row in section.rows
                if (value := _number(row.values[place])) is not None
            ]
            name = "_".join(part for part in ("hub", section.key, value_name) if part)
            yield name, section.help, section.label_names, values
        ages = [
            (row.labels, max((now - row.since).total_seconds(), 0.0))
            for row in section.rows
            if row.since is not None
        ]
        if section.age_heading:
            name = f"hub_{section.key}_age_seconds"
            yield name, f"Age of: {section.help}", section.label_names, ages
