"""The payments that are not in PowerOffice as they stand here, and why."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from organisations.middleware import HubRequest
from payments.forms import ClientFilterForm
from payments.models import InvoiceClient, Payment
from payments.operations import deciding
from payments.queries import payments, standing
from payments.rules.standing import Standing
from payments.views.common import active, member, person, show, tabs
from payments.views.overview import client_named


@require_GET
@active
def not_there(request: HubRequest) -> HttpResponse:
    """List the payments that are rejected, of unknown outcome or on their way, oldest first."""
    form = ClientFilterForm(request.GET, organisation=request.organisation)
    chosen = form.cleaned_data["client"] if form.is_valid() else None
    if chosen is None and "client_text" not in request.GET and request.GET.get("client"):
        raise Http404
    wanted = request.GET.get("standing", "")
    one = Standing(wanted) if wanted in set(Standing) else None
    found = Payment.objects.of(request.organisation)
    clients = InvoiceClient.objects.of(request.organisation)
    if chosen is not None:
        found, clients = found.filter(client=chosen), clients.filter(pk=chosen.pk)
    counts: standing.Counts = {}
    for of_one in standing.of_clients(clients.values_list("pk", flat=True)).values():
        for name, number in of_one.items():
            counts[name] = counts.get(name, 0) + number
    context = {
        "tabs": tabs(request, "not_there"),
        "form": form,
        "client": chosen,
        "standing": one,
        "counts": standing.rows(counts, client=chosen),
        "follows": bool(counts.get(Standing.WAITING) or counts.get(Standing.UNKNOWN)),
        "refused": counts.get(Standing.REFUSED, 0) if chosen else 0,
        "page": payments.paged(
            standing.payments_that_stand(found, one),
            page=request.GET.get("page", "1"),
            order=("paid_on", "pk"),
        ),
    }
    part = "HX-Request" in request.headers
    return show(request, "payments/_not_there.html" if part else "payments/not_there.html", context)


@require_POST
@member
def try_again(request: HubRequest, pk: int) -> HttpResponse:
    """Try all that was refused of a client again: something was corrected."""
    client = client_named(request, pk)
    count = deciding.try_again(client=client, by=person(request), now=timezone.now())
    words = ngettext("%(n)s payment is tried again.", "%(n)s payments are tried again.", count)
    messages.success(request, words % {"n": count})
    return redirect(f"{reverse('payments:not_there')}?client={client.pk}")
