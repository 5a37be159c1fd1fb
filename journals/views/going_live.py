"""A person answers whether the ledger holds a journal already (B17). No call leaves here."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from connectors.errors import ConnectorError
from journals.models import FirstLook, Journal
from journals.operations import first_look, sending
from journals.queries.wording import shown_refusal
from journals.rights import JOURNALS
from organisations.guards import needs
from organisations.middleware import HubRequest
from organisations.rules import Level


@require_POST
@needs(JOURNALS, Level.WRITE)
def booked(request: HubRequest, pk: int) -> HttpResponse:
    """Record the answer; *another one* goes on to Send, which the button says."""
    journals = Journal.objects.of(request.organisation).select_related(
        "company__debtor", "organisation"
    )
    journal: Journal = get_object_or_404(journals, pk=pk)
    choice, reason = request.POST.get("choice", ""), request.POST.get("reason", "")
    who: dict[str, Any] = {
        "by": request.user,
        "now": timezone.now(),
    }
    try:
        if choice == "withdraw":
            first_look.withdraw(journal=journal, reason=reason, **who)
            messages.success(
                request, _("No longer counted as booked before the hub. Nothing is sent.")
            )
        else:
            first_look.answer(journal=journal, choice=choice, reason=reason, **who)
            if choice == FirstLook.Answer.ANOTHER:
                sending.request_sending(journal=journal, **who)
                messages.success(request, _("The journal is on its way."))
            else:
                messages.success(request, _("Booked before the hub. It is never sent."))
    except ConnectorError as refusal:
        row = shown_refusal(refusal, company_id=journal.company_id)
        messages.error(request, f"{row.summary} {row.remedy}")
    except ValueError:
        messages.error(request, _("Choose one of the answers."))
    return redirect("journals:detail", pk=journal.pk)
