"""The home page: first steps, what needs attention, the latest journals."""

from dataclasses import dataclass

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import Connection
from accounts.rights import CONNECTIONS
from connectors.registry import targets_of_journals
from journals.models import Journal
from journals.queries.journals import JournalRow, journal_rows
from journals.queries.samples import has_sample
from journals.queries.waits import SIGN_IN, UNDER_WAY, without_access
from journals.queries.wording import LIVE, address
from journals.rights import JOURNALS
from journals.rules.waiting import WAIT_LABELS
from mappings.models import Mapping
from organisations import rules
from organisations.models import Membership, Organisation
from organisations.rules import Level
from outbox.waiting import Cause
from sources.models import ImportedFile
from ui.tiles import TILES

_LATEST = 8
_FILES_THAT_WAIT = ("needs_columns", "needs_company", "needs_run", "needs_confirmation", "changed")


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps."""

    label: str
    text: str
    url: str
    done: bool
    sample_url: str = ""
    """Where the sample file of the demo company is imported by one press; empty: nowhere."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A number that somebody should look at, and where."""

    label: str
    figure: int
    note: str
    url: str
    tone: str


@dataclass(frozen=True, slots=True)
class Board:
    """All that the home page shows."""

    steps: list[Step]
    tiles: list[Tile]
    latest: list[JournalRow]
    may_hide_steps: bool
    sees_journals: bool

    @property
    def live(self) -> bool:
        """Say whether a journal that is shown changes by itself."""
        return any(row.state in LIVE for row in self.latest)


def board(membership: Membership) -> Board:
    """Return the home page of that person in that organisation, as far as the role allows."""
    organisation = membership.organisation
    allows = membership.role.allows
    sees_journals = allows(JOURNALS, Level.READ)
    sees_vismanet = allows(CONNECTIONS, Level.READ)
    states: dict[str, int] = {}
    if sees_journals:
        states = dict(
            Journal.objects.of(organisation)
            .order_by()
            .values_list("state")
            .annotate(number=Count("pk"))
        )
    connections: dict[str, int] = dict(
        Connection.objects.of(organisation)
        .filter(vendor__in=targets_of_journals())
        .order_by()
        .values_list("state")
        .annotate(number=Count("pk"))
    )
    tiles: list[Tile] = []
    if sees_journals:
        without = without_access(Journal.objects.of(organisation)).order_by().values_list("state")
        stuck = dict(without.annotate(number=Count("pk")))
        tiles += _journal_tiles(states, stuck)
        tiles.append(_files_tile(organisation))
    if sees_vismanet:
        tiles.append(_accounts_tile(connections.get("sign_in_again", 0)))
    for more in TILES:
        tiles += [Tile(**one) for one in more(membership)]
    latest: list[JournalRow] = []
    if sees_journals:
        newest = Journal.objects.of(organisation).select_related("company")
        latest = journal_rows(newest.order_by("-imported_at", "-pk")[:_LATEST])
    steps: list[Step] = []
    if (sees_journals or sees_vismanet) and not organisation.first_steps_hidden:
        steps = _steps(membership, states, connections)
    return Board(
        steps=steps if not all(step.done for step in steps) else [],
        tiles=tiles,
        latest=latest,
        may_hide_steps=allows(rules.ORGANISATION, Level.WRITE),
        sees_journals=sees_journals,
    )


def _files_tile(organisation: Organisation) -> Tile:
    waiting = ImportedFile.objects.of(organisation).filter(state__in=_FILES_THAT_WAIT).count()
    return Tile(
        _("Files to confirm"),
        waiting,
        _("A file waits for an answer") if waiting else _("None waiting"),
        address("journals:import"),
        "warn" if waiting else "",
    )


def _accounts_tile(again: int) -> Tile:
    return Tile(
        _("Accounts to sign in to again"),
        again,
        _("Their journals are waiting") if again else _("All accounts work"),
        address("accounts:connections"),
        "bad" if again else "",
    )


def next_step(membership: Membership) -> Step | None:
    """Return the first of the first steps that is not done and that the person may take."""
    organisation = membership.organisation
    if organisation.first_steps_hidden:
        return None
    states = dict(
        Connection.objects.of(organisation)
        .filter(vendor__in=targets_of_journals())
        .order_by()
        .values_list("state")
        .annotate(number=Count("pk"))
    )
    left = [step for step in _steps(membership, {}, states) if not step.done]
    return left[0] if left and left[0].url else None


def _journal_tiles(states: dict[str, int], stuck: dict[str, int]) -> list[Tile]:
    asked = _("An administrator must sign in") if stuck.get("unknown") else ""
    kinds: tuple[tuple[str, str, str, str], ...] = (
        ("stopped", _("Journals stopped"), _("Something must be corrected"), "bad"),
        ("needs_person", _("Need a decision"), _("Cannot be decided automatically"), "warn"),
        ("unknown", _("Outcome unknown"), asked or _("Checking the ledger"), "warn"),
        ("imported", pgettext("journals", "Not sent"), _("Imported, waiting for Send"), ""),
    )
    rows = []
    if waiting := sum(number for state, number in stuck.items() if state in UNDER_WAY):
        # They are neither sent nor refused, and nobody but a person can change that.
        label, note = _(WAIT_LABELS[Cause.SIGN_IN]), _("An administrator must sign in")
        kinds = ((SIGN_IN, label, note, "bad"), *kinds)
        states = states | {SIGN_IN: waiting}
    if states.get("booked_before"):
        never = ("booked_before", _("Booked before the hub"), _("Never sent by the hub"), "")
        kinds = (*kinds, never)
    for state, label, note, tone in kinds:
        figure = states.get(state, 0)
        rows.append(
            Tile(
                label=label,
                figure=figure,
                note=note if figure else _("None"),
                url=f"{reverse('journals:list')}?state={state}",
                tone=tone if figure else "",
            )
        )
    return rows


def _steps(
    membership: Membership, states: dict[str, int], connections: dict[str, int]
) -> list[Step]:
    organisation = membership.organisation
    allows = membership.role.allows
    may_connect = allows(CONNECTIONS, Level.WRITE)
    made = "accounts:connections" if connections else "accounts:new_connection"
    connect = address(made) if may_connect else ""
    mapping = f"{address('mappings:new')}?suggest=1" if may_connect else ""
    bring = address("journals:import") if allows(JOURNALS, Level.WRITE) else ""
    return [
        Step(
            _("Connect a Visma.net account"),
            _("An administrator signs in at Visma and allows the hub to post."),
            connect,
            connections.get("authorised", 0) > 0,
        ),
        Step(
            _("Map a company"),
            _("Choose the administration, the dimensions and how its journals are posted."),
            mapping,
            Mapping.objects.of(organisation).exists(),
        ),
        Step(
            _("Import a payroll file"),
            _("SIE, CSV or a workbook. Everything is shown before anything is sent."),
            bring,
            bool(states) or Journal.objects.of(organisation).exists(),
            sample_url=address("journals:import_sample")
            if bring and has_sample(organisation)
            else "",
        ),
        Step(
            _("Send the journal"),
            _("Check what will be posted, then press Send."),
            address("journals:list") if allows(JOURNALS, Level.READ) else "",
            states.get("sent", 0) > 0
            or Journal.objects.of(organisation).filter(state="sent").exists(),
        ),
    ]
