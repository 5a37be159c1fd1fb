"""Sending all that one month holds: first the plan, then the presses."""

from dataclasses import dataclass
from datetime import datetime

from connectors.errors import ConnectorError
from journals.models import Journal
from journals.operations.sending import check_may_be_sent, request_sending
from organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class Planned:
    """One journal of the month, and why it is left out; None: it goes."""

    journal: Journal
    refusal: ConnectorError | None


def plan_month(organisation: Organisation, period: str, *, company: str = "") -> list[Planned]:
    """
    Return the journals of the month that nobody has sent, by company.

    :param period: the month of the payroll run, YYYY-MM
    :param company: the number of the only company that is wanted
    """
    found = Journal.objects.of(organisation).filter(run_period=period, state=Journal.State.IMPORTED)
    if company:
        found = found.filter(company__number=company)
    planned = []
    for journal in found.select_related("company__debtor").order_by("company__name", "pk"):
        refusal: ConnectorError | None = None
        try:
            check_may_be_sent(journal)
        except ConnectorError as refused:
            refusal = refused
        planned.append(Planned(journal=journal, refusal=refusal))
    return planned


def send_planned(planned: Planned, *, now: datetime) -> ConnectorError | None:
    """Press Send for one journal of the plan; return why it was refused meanwhile, or None."""
    if planned.refusal is not None:
        return planned.refusal
    try:
        request_sending(journal=planned.journal, by=None, now=now)
    except ConnectorError as refused:
        return refused
    return None
