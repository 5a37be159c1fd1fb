"""A person knows that what a journal waits for is over."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from journals.models import Journal
from journals.operations import sending
from journals.rights import JOURNALS
from organisations.guards import needs
from organisations.middleware import HubRequest, person
from organisations.rules import Level


@require_POST
@needs(JOURNALS, Level.WRITE)
def try_now(request: HubRequest, pk: int) -> HttpResponse:
    """Let what waits of a journal be tried at once."""
    journal = get_object_or_404(Journal.objects.of(request.organisation), pk=pk)
    if not sending.try_now(journal=journal, by=person(request), now=timezone.now()):
        messages.info(request, _("Nothing is waiting that could be tried now."))
    return redirect("journals:detail", pk=journal.pk)
