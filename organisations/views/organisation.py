"""The organisation's own page: name and settings."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from organisations.confirming import reauthenticated
from organisations.forms import OrganisationForm
from organisations.guards import needs, one_at_a_time
from organisations.middleware import HubRequest
from organisations.models import Organisation
from organisations.operations import people as operations
from organisations.pages import without_second_factor
from organisations.rules import ORGANISATION, Level


@needs(ORGANISATION, Level.WRITE)
@reauthenticated
@one_at_a_time
def organisation(request: HubRequest) -> HttpResponse:
    """Change the organisation's name and settings."""
    # Its own copy: a name that is refused must not stand in the page's head.
    mine = Organisation.objects.get(pk=request.organisation.pk)
    form = OrganisationForm(request.POST or None, instance=mine)
    changed = form.changed_meanwhile(mine, request.organisation)
    if request.method == "POST" and not changed and form.is_valid():
        operations.change_organisation(
            organisation=Organisation.objects.get(pk=mine.pk),
            values=form.cleaned_data,
            by=request.membership.user,
        )
        messages.success(request, _("Saved."))
        return redirect("organisations:organisation")
    without, more = without_second_factor(request.organisation)
    return render(
        request,
        "organisations/organisation.html",
        {"form": form, "without": without, "more": more},
        status=409 if changed else 200,
    )
