"""One page that finds any company, journal, invoice or customer."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from organisations.finding import SHORTEST, find
from organisations.guards import members_only
from organisations.middleware import HubRequest


@require_GET
@members_only
def find_anything(request: HubRequest) -> HttpResponse:
    """Show what fits; Enter opens the only one that does."""
    text = request.GET.get("find", "").strip()
    groups = find(request.membership, text)
    follows_itself = request.headers.get("HX-Target") == "found"
    only = [one for group in groups for one in group.found]
    if len(only) == 1 and not follows_itself:
        return redirect(only[0].url)
    context = {"text": text, "groups": groups, "too_short": 0 < len(text) < SHORTEST}
    page = "organisations/_found.html" if follows_itself else "organisations/find.html"
    return render(request, page, context)
