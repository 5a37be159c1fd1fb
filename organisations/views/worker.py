"""What an open page asks every few seconds while it waits: does a worker live?"""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from background.workers import stopped_since
from organisations.guards import members_only
from organisations.middleware import HubRequest


@require_GET
@members_only
def worker(request: HubRequest) -> HttpResponse:
    """Show whether a worker lives; nothing where the page says that already."""
    stopped_at = stopped_since(now=timezone.now())
    if (request.GET.get("said") == "stopped") == (stopped_at is not None):
        return HttpResponse(status=204)
    return render(request, "parts/worker.html", {"worker_stopped_at": stopped_at})
