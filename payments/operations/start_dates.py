"""An earlier start date brings older payments: a person confirms it, knowing how many (B17)."""

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext

from accounts.operations.access import source_for
from background.models import BackgroundRequest
from background.operations import handles, request_in_background
from connectors.receivables.source import PaymentQuery
from organisations.models import Organisation, User
from payments.models import InvoiceClient
from payments.operations.choices import ClientRefused

COUNT = "payments.count_earlier"


class EarlierStart(ClientRefused):
    """Payments from before the start date would be fetched and registered too."""

    def __init__(self, field: str, *, before: date, after: date) -> None:
        words = gettext(
            "Payments from %(after)s up to %(before)s would be added: they are fetched and "
            "registered. Anything already booked there would be booked twice. Confirm that you "
            "want them."
        ) % {"after": after, "before": before}
        super().__init__(field, words)
        self.before, self.after = before, after


def refuse_earlier(field: str, *, before: date | None, after: date | None, confirmed: bool) -> None:
    """
    Let no start date move back unless a person confirmed it.

    :raises EarlierStart: naming the days that would come in addition
    """
    if before is not None and after is not None and after < before and not confirmed:
        raise EarlierStart(field, before=before, after=after)


def request_count(
    *,
    organisation: Organisation,
    earlier: EarlierStart,
    client: InvoiceClient | None,
    by: User | None,
) -> BackgroundRequest:
    """Ask a worker how many payments would come in addition; nothing is fetched by that."""
    return request_in_background(
        organisation=organisation,
        kind=COUNT,
        by=by,
        params={
            "before": earlier.before.isoformat(),
            "after": earlier.after.isoformat(),
            "client": client.pk if client else None,
        },
    )


@handles(COUNT)
def count(background_request: BackgroundRequest, now: datetime) -> dict[str, Any]:
    """
    Count what Visma holds between the two days, by its own control totals.

    Clients whose Visma company cannot count, or cannot be reached, are counted themselves.
    """
    asked = background_request.params
    before, after = date.fromisoformat(asked["before"]), date.fromisoformat(asked["after"])
    clients = InvoiceClient.objects.of(background_request.organisation).filter(source__isnull=False)
    if asked["client"] is not None:
        clients = clients.filter(pk=asked["client"])
    else:
        clients = clients.filter(own_fetch_from=None)
    found = {"payments": 0, "clients": 0, "uncounted": 0}
    for client in clients.select_related("source"):
        number = _count(client, before=before, after=after)
        found["clients"] += 1
        found["payments"] += number or 0
        found["uncounted"] += number is None
    return found


def _count(client: InvoiceClient, *, before: date, after: date) -> int | None:
    if client.source is None or not client.source.is_authorised or not client.voucher_types:
        return None
    source, types = source_for(client.source), frozenset(client.voucher_types)
    longer = source.control_total(PaymentQuery(since=after, voucher_types=types))
    shorter = source.control_total(PaymentQuery(since=before, voucher_types=types))
    return None if longer is None or shorter is None else max(longer.count - shorter.count, 0)
