"""The invoice overview, one client's invoices, one invoice (S18)."""

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit import trail
from connectors.errors import ConnectorError
from organisations.middleware import HubRequest
from payments.forms import UploadForm
from payments.models import FetchRun, Invoice, InvoiceClient
from payments.operations import invoice_files
from payments.operations.fetching import refusal_of
from payments.operations.rights import integration_of
from payments.queries import invoices as queries
from payments.queries import standing
from payments.queries.events import events_of
from payments.queries.failures import failure_row_of
from payments.queries.payments import tie_of
from payments.views.common import (
    active,
    may_change,
    may_fetch,
    may_use,
    member,
    person,
    reader,
    show,
    show_events,
    tabs,
    tell,
)
from ui.failures import words


@require_GET
@active
def overview(request: HubRequest) -> HttpResponse:
    """List the invoice clients with what is open on each side."""
    search = request.GET.get("q", "").strip()[:80]
    to_compare = request.GET.get("show") == "not_compared"
    context = {
        "tabs": tabs(request, "overview"),
        "to_compare": to_compare,
        "search": search,
        "may_fetch": may_fetch(request),
        "may_change": may_change(request),
        "page": queries.client_rows(
            request.organisation,
            integration_of(request.organisation),
            search=search,
            page=request.GET.get("page", "1"),
            to_compare=to_compare,
        ),
    }
    return show(request, "payments/overview.html", context)


def client_named(request: HubRequest, pk: int) -> InvoiceClient:
    """Return an invoice client of the organisation, or there is no such page."""
    found: InvoiceClient = get_object_or_404(
        InvoiceClient.objects.of(request.organisation).select_related(
            "organisation", "source", "target"
        ),
        pk=pk,
    )
    return found


@require_GET
@reader
def client(request: HubRequest, pk: int) -> HttpResponse:
    """Show one client: its invoices, its last run, and the button that fetches."""
    one = client_named(request, pk)
    refusal = refusal_of(one, integration_of(request.organisation))
    runs = list(FetchRun.objects.filter(client=one).order_by("-created_at", "-pk")[:5])
    state = request.GET.get("state", "")
    search = request.GET.get("q", "").strip()[:80]
    context = {
        "client": one,
        "runs": runs,
        "running": bool(runs) and not runs[0].is_over,
        "refusal": failure_row_of(refusal) if refusal else None,
        "may_fetch": may_fetch(request),
        "may_change": may_change(request),
        "tie": tie_of(one),
        "counts": standing.rows(standing.of_clients([one.pk]).get(one.pk, {}), client=one),
        "compared": queries.newest_reconciliations([one.pk]).get(one.pk),
        "upload_form": UploadForm() if one.target_id is None and may_use(request) else None,
        "state": state,
        "search": search,
        "page": queries.list_invoices(
            one, search=search, state=state, page=request.GET.get("page", "1")
        ),
    }
    return show(request, "payments/client.html", context)


@require_POST
@member
def import_invoices(request: HubRequest, pk: int) -> HttpResponse:
    """Take invoices from a file: all of them, or none if a line is bad."""
    one = client_named(request, pk)
    form = UploadForm(request.POST, request.FILES)
    if one.target_id is not None:
        messages.error(request, _("The invoices of this client come from PowerOffice Go."))
    elif not form.is_valid() or form.cleaned_data["upload"].size > invoice_files.LARGEST_FILE:
        messages.error(request, _("Choose a CSV file of at most 20 MB."))
    else:
        upload = form.cleaned_data["upload"]
        try:
            found = invoice_files.take(
                client=one,
                name=upload.name,
                content=upload.read(),
                by=person(request),
                now=timezone.now(),
            )
        except ConnectorError as refusal:
            tell(request, refusal)
            return redirect("payments:client", pk=pk)
        for problem in found.problems[:20]:
            messages.error(request, words(problem.words, problem.params))
        for remark in () if found.problems else found.remarks[:20]:
            messages.warning(request, words(remark.words, remark.params))
        if not found.problems:
            messages.success(request, _("%(n)s invoices are stored.") % {"n": len(found.invoices)})
    return redirect("payments:client", pk=pk)


@require_GET
@reader
def export_invoices(request: HubRequest, pk: int) -> HttpResponse:
    """Give a client's invoices in the format that is read back, and record that it was taken."""
    one = client_named(request, pk)
    trail.record(
        organisation=request.organisation,
        action="invoices.exported",
        subject=one,
        user=person(request),
        details={"format": "csv"},
    )
    response = HttpResponse(invoice_files.as_csv(one), content_type="text/csv; charset=utf-8")
    name = f"{one.number} invoices.csv"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


@require_GET
@reader
def invoice(request: HubRequest, pk: int) -> HttpResponse:
    """Show one invoice with its events."""
    one = get_object_or_404(
        Invoice.objects.of(request.organisation).select_related("client", "customer"), pk=pk
    )
    context = {
        "invoice": one,
        "row": queries.invoice_rows([one])[0],
        "compared": queries.newest_reconciliations([one.client_id]).get(one.client_id),
    }
    events = events_of(Q(invoice=one) | Q(credit_note=one))
    nothing = _("No payment is matched with it.")
    return show_events(request, "payments/invoice.html", context, events, nothing=nothing)
