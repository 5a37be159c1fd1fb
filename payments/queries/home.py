"""What the home page shows of payments: each number is that of the list which it opens."""

from typing import Any

from django.db.models import Exists, QuerySet
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from organisations.models import Membership, Organisation
from organisations.rules import Level
from payments.models import Customer, FetchRun, InvoiceClient, Payment
from payments.operations.rights import integration_of
from payments.queries.customers import blocked_of
from payments.queries.invoices import not_compared, unmatched_of
from payments.queries.standing import payments_that_stand, unknown_and_locked_out
from payments.rights import BUSINESS
from payments.rules.standing import Standing
from ui.dates import short_day

Tile = dict[str, Any]


def tiles(membership: Membership) -> list[Tile]:
    """Return the tiles of those who may see payments; a fixed number of statements."""
    organisation = membership.organisation
    if not membership.role.allows(BUSINESS, Level.READ):
        return []
    if not integration_of(organisation).is_active:
        return []
    clients = InvoiceClient.objects.of(organisation)
    if not clients.exists():
        return []
    payments = Payment.objects.of(organisation)
    customers = blocked_of(Customer.objects.of(organisation))
    found = [
        _tile(
            _("Payments to match"),
            unmatched_of(payments),
            reverse("payments:unmatched"),
            note=_("Not matched with any invoice"),
            tone="warn",
        ),
        *_standing(payments),
        _tile(
            _("Clients not compared"),
            not_compared(clients),
            f"{reverse('payments:overview')}?show=not_compared",
            note=_("Not since their last fetch"),
        ),
        _tile(
            _("Blocked customers"),
            customers,
            f"{reverse('payments:customers')}?blocked=yes",
            note=_("No time can be registered"),
        ),
    ]
    return found + _last_fetch(organisation)


def _tile(label: str, rows: "QuerySet[Any]", url: str, *, note: str, tone: str = "") -> Tile:
    figure = rows.count()
    return {
        "label": label,
        "figure": figure,
        "note": note if figure else _("None"),
        "url": url,
        "tone": tone if figure else "",
    }


def _standing(payments: "QuerySet[Payment]") -> list[Tile]:
    asked = _("Checking PowerOffice")
    if payments.filter(Exists(unknown_and_locked_out())).exists():
        asked = _("An administrator must sign in")
    signs_in = (_("Payments waiting for a sign-in"), _("An administrator must sign in"))
    kinds = (
        (Standing.SIGN_IN, *signs_in, "bad"),
        (Standing.REFUSED, _("Payments refused"), _("By PowerOffice"), "bad"),
        (
            Standing.NEEDS_PERSON,
            _("Payments needing a decision"),
            _("Cannot be decided automatically"),
            "bad",
        ),
        (Standing.UNKNOWN, _("Payments with an unknown outcome"), asked, "warn"),
        (Standing.WAITING, _("Payments on their way"), _("Sent automatically"), ""),
    )
    url = reverse("payments:not_there")
    found = {
        standing: _tile(
            label,
            payments_that_stand(payments, standing),
            f"{url}?standing={standing.value}",
            note=note,
            tone=tone,
        )
        for standing, label, note, tone in kinds
    }
    always = (Standing.REFUSED, Standing.UNKNOWN)
    return [tile for one, tile in found.items() if tile["figure"] or one in always]


def _last_fetch(organisation: Organisation) -> list[Tile]:
    runs = FetchRun.objects.of(organisation).select_related("client")
    run = runs.order_by("-created_at", "-pk").first()
    if run is None:
        return []
    began = timezone.localtime(run.created_at)
    when = f"{short_day(began)} {formats.time_format(began, 'H:i')}"
    return [
        {
            "label": _("New with the last fetch"),
            "figure": Payment.objects.filter(first_run=run).count(),
            "note": f"{run.client.name}, {when}: {FetchRun.State(run.state).label}",
            "url": reverse("payments:run_list", args=[run.pk, "new"]),
            "tone": "bad" if run.state == FetchRun.State.FAILED else "",
        }
    ]
