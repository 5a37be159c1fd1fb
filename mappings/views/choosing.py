"""What of a ledger is listed below a field that searches."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import Connection
from accounts.rights import CONNECTIONS
from mappings.choosing import choices_of, shown
from mappings.operations.ledger import stored_facts
from organisations.guards import needs
from organisations.middleware import HubRequest
from organisations.rules import Level
from ui.choosing import SHOWN


@require_GET
@needs(CONNECTIONS, Level.WRITE)
def ledger_choices(request: HubRequest, pk: int) -> HttpResponse:
    """List the accounts or values of a ledger, as it was read last, that match."""
    connection = get_object_or_404(Connection.objects.of(request.organisation), pk=pk)
    stored = stored_facts(connection)
    choices = choices_of(stored[0], request.GET.get("what", "")) if stored else []
    rows, more = shown(choices, request.GET.get("q", "")[:200])
    note = ""
    if not rows:
        note = _("Nothing matches.")
    elif more:
        note = _("The first %(n)s. Type more to narrow the list.") % {"n": SHOWN}
    return render(request, "parts/finder_matches.html", {"rows": rows, "note": note})
