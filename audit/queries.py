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
from django.utils.translation import gettext_noop as _

from audit.models import AuditEntry, AuditQuerySet
from audit.trail import NOBODY
from connectors.bounds import is_day
from ui.sheets import Cell

PAGE_SIZE = 50
MOST_EXPORTED = 50_000

AREAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "journal": (_("Journals"), ("journal",)),
    "batch": (_("Batches"), ("batch",)),
    "mapping": (_("Mappings"), ("mapping",)),
    "connection": (_("Accounts at vendors"), ("connection",)),
    "payments": (
        _("Payments"),
        ("payments", "payment", "invoices", "invoice_client", "reconciliation", "customer", "time"),
    ),
    "company": (_("Companies"), ("company",)),
    "debtor": (_("Debtors"), ("debtor",)),
    "person": (_("People"), ("person",)),
    "role": (_("Roles"), ("role",)),
    "organisation": (_("Organisation"), ("organisation", "audit", "database", "installation")),
    "token": (_("Tokens of the API"), ("token",)),
}
"""What the filter offers, and the first words of the actions that belong to it."""

ACTIONS = {
    "journal.import": _("Journal imported"),
    "journal.replace": _("Journal replaced by a newer file"),
    "journal.send": _("Send pressed"),
    "journal.send_together": _("Sending of many journals confirmed"),
    "journal.tried_now": _("Try now pressed for a waiting journal"),
    "journal.resend": _("Journal sent anew"),
    "journal.another_run": _("Said that the ledger's batch is another one"),
    "journal.booked_before": _("Said that a run was booked before the hub"),
    "journal.not_booked_before": _("A run counts no longer as booked before the hub"),
    "journal.withdraw": _("Journal withdrawn from the queue"),
    "journal.columns_confirmed": _("Columns of a payroll file confirmed"),
    "journal.reading_chosen": _("How a company's files are read was chosen"),
    "journal.reading_forgotten": _("How a company's files are read was forgotten"),
    "journal.file_thrown_away": _("Uploaded file discarded"),
    "journal.file_discarded": _("Uploaded file discarded, since nobody took it up"),
    "batch.decided": _("Decided about a batch"),
    "batch.exported": _("Batch exported"),
    "batch.reverse": _("Reversal asked for"),
    "batch.closed_by_hand": _("Batch closed by hand"),
    "batch.opened_again": _("Closed batch opened again"),
    "batch.taken_back_by_hand": _("Batch marked as reversed by hand"),
    "mapping.created": _("Mapping made"),
    "mapping.changed": _("Mapping changed"),
    "mapping.values_changed": _("Values of a mapping changed"),
    "mapping.deleted": _("Mapping deleted"),
    "connection.created": _("Account created"),
    "connection.authorised": _("Account authorised"),
    "connection.disconnected": _("Account disconnected"),
    "connection.removed": _("Account removed"),
    "company.created": _("Company created"),
    "company.changed": _("Company changed"),
    "debtor.created": _("Debtor created"),
    "debtor.changed": _("Debtor changed"),
    "debtor.blocked": _("Debtor blocked"),
    "debtor.unblocked": _("Debtor not blocked any more"),
    "person.added": _("Person added"),
    "person.invited": _("Person invited"),
    "person.invitation_renewed": _("Invitation sent again"),
    "person.invitation_withdrawn": _("Invitation withdrawn"),
    "person.invitation_accepted": _("Invitation accepted"),
    "person.invitation_declined": _("Invitation declined"),
    "person.invitation_expired": _("Invitation expired"),
    "person.removed": _("Person removed"),
    "person.renamed": _("Person renamed"),
    "person.role_changed": _("Role of a person changed"),
    "person.signed_in": _("Signed in"),
    "person.sign_in_failed": _("Sign-in failed"),
    "person.signed_out": _("Signed out"),
    "person.password_changed": _("Password changed"),
    "person.password_link_asked": _("Link for a forgotten password asked for"),
    "person.password_link_made": _("Link for a new password made by an administrator"),
    "person.password_forgotten": _("New password set by a link"),
    "person.password_reset": _("New password given by the operator"),
    "person.sessions_ended": _("Signed out everywhere"),
    "person.session_ended": _("A session ended"),
    "person.passkey_added": _("Passkey added"),
    "person.passkey_removed": _("Passkey removed"),
    "person.second_factor_added": _("Second factor added"),
    "person.second_factor_removed": _("Second factor removed"),
    "person.second_factor_reset": _("Second factor reset"),
    "person.recovery_code_used": _("Recovery code used"),
    "person.recovery_codes_renewed": _("Recovery codes made anew"),
    "person.operator_made": _("Made an operator of the installation"),
    "person.operator_ended": _("No operator of the installation any more"),
    "role.created": _("Role created"),
    "role.changed": _("Rights of a role changed"),
    "organisation.created": _("Organisation created"),
    "organisation.changed": _("Organisation changed"),
    "payments.activated": _("Visma Business integration activated"),
    "payments.deactivated": _("Visma Business integration ended"),
    "payments.settings_changed": _("Settings of payments changed"),
    "payments.fetched": _("Payments fetched"),
    "payments.fetched_for_many": _("Payments fetched for many clients"),
    "payments.fetch_cancelled": _("Fetching payments cancelled"),
    "payments.decided": _("Decided about a payment"),
    "payments.tried_again": _("Payment tried again"),
    "payments.tried_now": _("Try now pressed for what waits in payments"),
    "payments.marks_tried_again": _("Marks in Visma tried again"),
    "payments.reconciled": _("Outstanding amounts compared"),
    "payment.matched": _("Payment matched"),
    "payment.match_undone": _("Match of a payment undone"),
    "invoices.imported": _("Invoices imported"),
    "invoices.exported": _("Invoices exported"),
    "invoice_client.exported": _("Invoice clients exported"),
    "invoice_client.created": _("Invoice client created"),
    "invoice_client.changed": _("Invoice client changed"),
    "invoice_client.prefix_learnt": _("Prefix of invoice numbers learnt"),
    "invoice_client.prefix_forgotten": _("Prefix of invoice numbers removed"),
    "reconciliation.exported": _("Outstanding amounts exported"),
    "customer.blocked": _("Customer temporarily blocked"),
    "customer.unblocked": _("Customer not blocked any more"),
    "time.registered": _("Time registered"),
    "token.created": _("Token of the API made"),
    "token.revoked": _("Token of the API revoked"),
    "audit.exported": _("Audit trail exported"),
    "database.keys_rotated": _("Stored secrets encrypted with the newest key"),
    "database.restored": _("Database restored from a backup"),
    "installation.confirmed": _("Machine of the hub confirmed as the only living installation"),
    "installation.forgotten": _("Machine of the hub taken off the list"),
}


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
    return [(area, gettext(words)) for area, (words, _prefixes) in AREAS.items()]


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
        _words, prefixes = AREAS[filters.area]
        about = Q()
        for prefix in prefixes:
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
