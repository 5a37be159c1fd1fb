"""Sending all journals that match: what would be sent, the confirmation, and what became of it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from journals.models import BulkSend
from journals.operations import bulk_sending
from journals.queries.bulk_sending import BulkPage, bulk_page
from journals.queries.journals import matching
from journals.rights import JOURNALS
from journals.views.lists import filters_of
from organisations.guards import needs
from organisations.middleware import HubRequest, person
from organisations.rules import Level


@require_POST
@needs(JOURNALS, Level.WRITE)
def new(request: HubRequest) -> HttpResponse:
    """Write down the journals that match, and ask whether they are to be sent."""
    filters, _companies = filters_of(request, request.POST)
    try:
        bulk = bulk_sending.prepare(
            organisation=request.organisation,
            journals=matching(request.organisation, filters),
            by=person(request),
            now=timezone.now(),
            query=filters.as_query(),
        )
    except bulk_sending.TooMany:
        messages.warning(
            request,
            _("More than %(most)s journals match. Narrow the list first, for example to a period.")
            % {"most": bulk_sending.MOST},
        )
        return redirect("journals:list")
    return redirect("journals:bulk", pk=bulk.pk)


@require_GET
@needs(JOURNALS, Level.READ)
def bulk(request: HubRequest, pk: int) -> HttpResponse:
    """Show what would be sent, or what became of what was."""
    return render(request, "journals/bulk.html", {"page": _page(request, pk), **_rights(request)})


@require_GET
@needs(JOURNALS, Level.READ)
def progress(request: HubRequest, pk: int) -> HttpResponse:
    """Show the part that follows itself again."""
    return render(request, "journals/_bulk.html", {"page": _page(request, pk), **_rights(request)})


@require_POST
@needs(JOURNALS, Level.WRITE)
def confirm(request: HubRequest, pk: int) -> HttpResponse:
    """Send what was shown; a second press sends nothing more."""
    found = _bulk(request, pk)
    if not bulk_sending.confirm(bulk=found, by=person(request), now=timezone.now()):
        # What a stopped worker left is taken up again.
        bulk_sending.go_on(bulk=found, by=person(request))
    return redirect("journals:bulk", pk=found.pk)


def _page(request: HubRequest, pk: int) -> BulkPage:
    return bulk_page(_bulk(request, pk), number=request.GET.get("page", "1"))


def _bulk(request: HubRequest, pk: int) -> BulkSend:
    """Return the bulk send; one that is not confirmed is there only for who chose it."""
    mine = BulkSend.objects.of(request.organisation).select_related("organisation", "made_by")
    found: BulkSend = get_object_or_404(
        mine.exclude(confirmed_at=None) | mine.filter(made_by=request.user), pk=pk
    )
    return found


def _rights(request: HubRequest) -> dict[str, bool]:
    return {"may_write": request.membership.role.allows(JOURNALS, Level.WRITE)}
