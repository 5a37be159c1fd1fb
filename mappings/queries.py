"""Reading for the screens of mapping: finished rows, a fixed number of SQL queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import Connection
from connectors.base import Dimension, LedgerFacts
from connectors.organisation_numbers import digits_of
from connectors.registry import targets_of_journals
from mappings.choosing import Choice, LedgerSelect, LedgerText, address_of
from mappings.models import Mapping, PayrollDimension
from mappings.operations.ledger import stored_facts
from mappings.rules.checking import PROBLEMS
from mappings.rules.dimensions import nearest
from mappings.sources import codes_seen
from organisations.models import Company, Organisation
from ui.failures import words

ROWS_ON_A_PAGE = 100
_FEW_IN_A_ROW = 25
"""A table has a choice in every row: of more values each is a field that searches."""


def offered_connections(company: Company) -> QuerySet[Connection]:
    """Return the authorised accounts whose target the company is not mapped to yet (S6)."""
    taken = Mapping.objects.filter(company=company).values("target")
    offered: QuerySet[Connection] = (
        Connection.objects.filter(
            organisation_id=company.organisation_id,
            state=Connection.State.AUTHORISED,
            vendor__in=targets_of_journals(),
        )
        .exclude(vendor__in=taken)
        .order_by("administration_name", "name")
    )
    return offered


def offered_companies(organisation: Organisation) -> QuerySet[Company]:
    """Return the companies that have a target left to be mapped to."""
    left = Q()
    for target in targets_of_journals():
        left |= Q(~Exists(Mapping.objects.filter(company=OuterRef("pk"), target=target)))
    companies: QuerySet[Company] = (
        Company.objects.of(organisation).filter(left).order_by("name", "number")
    )
    return companies


def suggested_pair(organisation: Organisation) -> tuple[Company, Connection] | None:
    """
    Return the one company that is not mapped and has the number or name of an administration.

    Where several would do, none is suggested: the person chooses.
    """
    taken = Mapping.objects.filter(organisation=organisation).values("connection")
    connections = Connection.objects.of(organisation).filter(
        state=Connection.State.AUTHORISED, vendor__in=targets_of_journals()
    )
    companies = offered_companies(organisation).filter(is_test=False, debtor__blocked_at=None)
    pairs = [
        (company, connection)
        for connection in connections.exclude(pk__in=taken)[:2]
        for company in companies.filter(
            Q(name__iexact=connection.administration_name)
            | Q(
                organisation_number=digits_of(connection.administration_organisation_number) or None
            )
        )[:2]
    ]
    return pairs[0] if len(pairs) == 1 else None


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One line of the list."""

    url: str
    company: str
    administration: str
    account: str
    authorised: bool
    state: str
    state_words: str
    checked_at: datetime | None


def mapping_rows(
    organisation: Organisation, *, search: str = "", page: str | None = None
) -> Page[Any]:
    """Return one page of the mappings of the organisation, by company."""
    mappings = Mapping.objects.of(organisation).select_related("company", "connection")
    if search:
        mappings = mappings.filter(
            Q(company__name__icontains=search)
            | Q(company__number__icontains=search)
            | Q(connection__administration_name__icontains=search)
        )
    here = Paginator(mappings.order_by("company__name", "pk"), ROWS_ON_A_PAGE).get_page(page)
    here.object_list = [_row(mapping) for mapping in here.object_list]
    return here


def _row(mapping: Mapping) -> MappingRow:
    if mapping.checked_at is None:
        state, said = "waiting", _("Not checked yet")
    elif mapping.problems:
        state, said = "needs_person", _("%(count)d to correct") % {"count": len(mapping.problems)}
    else:
        state, said = "checked", _("Nothing prevents sending")
    return MappingRow(
        url=reverse("mappings:detail", args=[mapping.pk]),
        company=str(mapping.company),
        administration=mapping.connection.administration_name,
        account=mapping.connection.name,
        authorised=mapping.connection.is_authorised,
        state=state,
        state_words=said,
        checked_at=mapping.checked_at,
    )


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """What `{% problems %}` prints."""

    summary: str
    remedy: str
    place: str = ""
    url: str = ""
    action: str = ""
    tone: str = "bad"


def problem_rows(mapping: Mapping, *, may_change: bool) -> list[ProblemRow]:
    """Return what the last check found, in the reader's language, each with its way out."""
    return [_problem_row(mapping, stored, may_change) for stored in mapping.problems]


def _problem_row(mapping: Mapping, stored: dict[str, Any], may_change: bool) -> ProblemRow:
    code, params = stored["code"], stored.get("params", {})
    kind = PROBLEMS.get(code)
    if kind is None:  # written by another version of the hub
        return ProblemRow(summary=code, remedy=_("Check the mapping again."))
    url = action = ""
    if may_change and code == "account_not_authorised":
        url, action = reverse("accounts:connections"), _("Open Visma.net accounts")
    elif may_change and code.startswith("value_"):
        url, action = reverse("mappings:values", args=[mapping.pk]), _("Open the values")
    elif may_change and code != "currency_differs":
        url, action = reverse("mappings:edit", args=[mapping.pk]), _("Edit the mapping")
    return ProblemRow(
        summary=words(kind.summary, params),
        remedy=words(kind.remedy, params),
        url=url,
        action=action,
    )


def setting_pairs(mapping: Mapping) -> list[tuple[str, str]]:
    """Return the settings of a mapping as names and words."""
    nothing = "–"
    if mapping.hold:
        posting = _("On hold")
    else:
        posting = _("Balanced, released by the hub") if mapping.release else _("Balanced")
    own = _("No")
    if mapping.own_numbers:
        own = _("Yes, proven") if mapping.own_numbers_proven_at else _("Yes, not proven yet")
    return [
        (_("Company"), str(mapping.company)),
        (_("Administration"), mapping.connection.administration_name),
        (_("Account"), mapping.connection.name),
        (_("First period"), mapping.first_period or _("Not chosen: every run is sent")),
        (_("Branch"), mapping.branch or nothing),
        (_("Ledger"), mapping.ledger or nothing),
        (_("Cost centre"), _dimension_words(mapping, "cost_centre")),
        (_("Cost unit"), _dimension_words(mapping, "cost_unit")),
        (_("Balance-sheet format"), mapping.balance_sheet_format or nothing),
        (_("Profit-and-loss format"), mapping.profit_and_loss_format or nothing),
        (_("How batches are posted"), posting),
        (_("When the period is closed"), str(mapping.get_closed_period_rule_display())),
        (_("The hub chooses the batch number"), own),
        (_("Balancing account"), mapping.balancing_account or nothing),
    ]


def _dimension_words(mapping: Mapping, name: str) -> str:
    if not getattr(mapping, f"use_{name}"):
        return pgettext("dimension", "Not sent")
    rule = getattr(mapping, f"get_{name}_rule_display")()
    return f"{getattr(mapping, f'{name}_description')} · {rule}"


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One line of a value table: code, value, and what is near when there is no value."""

    code: str
    name: str
    value: str
    near: str
    missing: bool

    @classmethod
    def typed(cls, code: str, value: str) -> "ValueRow":
        """Return a row as a person wrote it."""
        return cls(code=code, name="", value=value, near="", missing=False)


@dataclass(frozen=True, slots=True)
class ValuesTable:
    """The values of one dimension, ready to be shown and edited."""

    key: str
    label: str
    description: str
    rule: str
    rows: Sequence[ValueRow]
    missing: int
    dimension: Dimension | None
    choices: Sequence[Choice]


def values_tables(mapping: Mapping) -> list[ValuesTable]:
    """Return a table per dimension that the mapping sends, codes without a value first."""
    stored = stored_facts(mapping.connection)
    facts = stored[0] if stored else None
    seen = codes_seen(mapping)
    tables: dict[str, dict[str, str]] = {}
    for line in mapping.values.all():
        tables.setdefault(line.dimension, {})[line.payroll_code] = line.target_value
    return [
        _values_table(
            mapping, key, str(label), facts, table=tables.get(key, {}), seen=seen.get(key, {})
        )
        for key, label in PayrollDimension.choices
        if getattr(mapping, f"use_{key}")
    ]


def _values_table(
    mapping: Mapping,
    key: str,
    label: str,
    facts: LedgerFacts | None,
    *,
    table: dict[str, str],
    seen: dict[str, str],
) -> ValuesTable:
    segment = getattr(mapping, f"{key}_segment")
    known = facts.dimensions if facts else ()
    dimension = next((item for item in known if item.segment_id == segment), None)
    values = dimension.values if dimension else ()
    choices = [(item.value, item.name) for item in values if item.active]
    rows = [
        ValueRow(code=code, name=seen.get(code, ""), value=value, near="", missing=False)
        for code, value in sorted(table.items())
    ]
    missing = [
        ValueRow(code=code, name=name, value="", near=_near(code, name, choices), missing=True)
        for code, name in sorted(seen.items())
        if code not in table
    ]
    return ValuesTable(
        key=key,
        label=label,
        description=getattr(mapping, f"{key}_description"),
        rule=getattr(mapping, f"{key}_rule"),
        rows=[*missing, *rows],
        missing=len(missing),
        dimension=dimension,
        choices=[Choice(value, name) for value, name in choices],
    )


def value_choice(mapping: Mapping, table: ValuesTable) -> LedgerSelect | LedgerText:
    """Return how a value is chosen; where the ledger lists none, it is written."""
    if not table.choices:
        return LedgerText()
    dimension = cast(Dimension, table.dimension)
    address = address_of(mapping.connection, str(dimension.segment_id))
    return LedgerSelect(choices=table.choices, url=address, few=_FEW_IN_A_ROW)


def _near(code: str, name: str, choices: list[tuple[str, str]]) -> str:
    found = dict.fromkeys([*nearest(code, choices), *(nearest(name, choices) if name else ())])
    return ", ".join(f"{near.value} {near.name}".strip() for near in list(found)[:3])
