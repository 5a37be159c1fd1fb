"""Try now: a person knows that what something waits for is over."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from organisations.middleware import HubRequest
from payments.models import Customer, FetchRun, Payment, Registration
from payments.operations import trying
from payments.views.common import member, person


def _say(request: HubRequest, tried: bool) -> None:
    if not tried:
        messages.info(request, _("Nothing is waiting that could be tried now."))


@require_POST
@member
def registration(request: HubRequest, pk: int) -> HttpResponse:
    """Register, look up or reverse a payment at once."""
    mine = Registration.objects.of(request.organisation)
    one = get_object_or_404(mine.select_related("client__target", "organisation"), pk=pk)
    _say(request, trying.try_registration(one, by=person(request), now=timezone.now()))
    return redirect("payments:payment", pk=one.payment_id)


@require_POST
@member
def mark(request: HubRequest, pk: int) -> HttpResponse:
    """Set a payment's mark in Visma at once."""
    mine = Payment.objects.of(request.organisation)
    one = get_object_or_404(mine.select_related("client__source", "organisation"), pk=pk)
    _say(request, trying.try_mark(one, by=person(request), now=timezone.now()))
    return redirect("payments:payment", pk=pk)


@require_POST
@member
def push(request: HubRequest, pk: int) -> HttpResponse:
    """Pass a customer's block on to PowerOffice at once."""
    mine = Customer.objects.of(request.organisation)
    one = get_object_or_404(mine.select_related("client__target", "organisation"), pk=pk)
    _say(request, trying.try_push(one, by=person(request), now=timezone.now()))
    return redirect("payments:customer", pk=pk)


@require_POST
@member
def run(request: HubRequest, pk: int) -> HttpResponse:
    """Let a fetch go on at once."""
    mine = FetchRun.objects.of(request.organisation)
    one = get_object_or_404(mine.select_related("client", "organisation"), pk=pk)
    _say(request, trying.try_run(one, by=person(request), now=timezone.now()))
    return redirect("payments:run", pk=pk)
