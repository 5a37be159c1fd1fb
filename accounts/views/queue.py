"""The guided way through all accounts that need a sign-in."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import queue as queues
from accounts.pages import connection_row
from accounts.rights import CONNECTIONS
from connectors.bounds import row_number
from organisations.guards import needs
from organisations.middleware import HubRequest
from organisations.rules import Level


@require_POST
@needs(CONNECTIONS, Level.WRITE)
def begin(request: HubRequest) -> HttpResponse:
    """Begin with the accounts that need a sign-in now."""
    kept = queues.begin(request.organisation)
    if not kept["accounts"]:
        messages.info(request, _("No account needs a sign-in."))
        return redirect("accounts:connections")
    request.session[queues.SESSION_KEY] = kept
    return redirect("accounts:queue")


@require_GET
@needs(CONNECTIONS, Level.WRITE)
def queue(request: HubRequest) -> HttpResponse:
    """Show the account whose turn it is; at the end, what came of all of them."""
    found = queues.look(request.organisation, request.session.get(queues.SESSION_KEY))
    if found is None:
        return redirect("accounts:connections")
    row = connection_row(found.current) if found.current else None
    return render(request, "accounts/queue.html", {"queue": found, "row": row})


@require_POST
@needs(CONNECTIONS, Level.WRITE)
def skip(request: HubRequest) -> HttpResponse:
    """Leave the account for later and go on with the next one."""
    kept = request.session.get(queues.SESSION_KEY)
    pk = row_number(request.POST.get("account"))
    if kept and pk in kept["accounts"] and pk not in kept["skipped"]:
        request.session[queues.SESSION_KEY] = kept | {"skipped": [*kept["skipped"], pk]}
    return redirect("accounts:queue")


@require_POST
@needs(CONNECTIONS, Level.WRITE)
def end(request: HubRequest) -> HttpResponse:
    """Leave the queue."""
    request.session.pop(queues.SESSION_KEY, None)
    return redirect("accounts:connections")
