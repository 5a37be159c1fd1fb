"""What is open in Visma, here and in the invoicing system, side by side (S21)."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from audit import trail
from background.queries import asked
from connectors.errors import ConnectorError
from organisations.middleware import HubRequest
from payments.models import Reconciliation
from payments.operations import reconciling
from payments.queries import reconciliations as queries
from payments.views.common import member, person, reader, show, tell
from payments.views.overview import client_named
from ui import sheets


@require_GET
@reader
def reconciliation(request: HubRequest, pk: int) -> HttpResponse:
    """Show the last comparison of a client; wait for one that is being made."""
    client = client_named(request, pk)
    seen = asked(
        request.organisation,
        request.GET.get("background_request"),
        kind=reconciling.RECONCILE,
        client=pk,
    )
    if "HX-Request" in request.headers:
        response = render(request, "payments/_comparing.html", {"running": seen.running})
        if not seen.running:
            response["HX-Redirect"] = request.path
        return response
    made = queries.newest(client)
    reason = request.GET.get("reason", "")
    context: dict[str, Any] = {
        "client": client,
        "made": made,
        "asked": seen,
        "here": request.get_full_path(),
        "reason": reason,
        "drawing": {"width": queries.WIDTH, "height": queries.HEIGHT, "ground": queries.GROUND},
    }
    if made is not None:
        context |= {
            "page": queries.lines(
                made,
                reason=reason,
                search=request.GET.get("q", "").strip()[:60],
                page=request.GET.get("page", "1"),
            ),
            "reasons": queries.reasons(made),
            "customers": queries.customer_sums(made),
            "ageing": queries.ageing_bars(made),
            "history": queries.history_bars(client),
        }
    return show(request, "payments/reconciliation.html", context)


@require_POST
@member
def compare(request: HubRequest, pk: int) -> HttpResponse:
    """Let a worker compare now."""
    client = client_named(request, pk)
    try:
        reconciling.check_can(client)
        background_request = reconciling.request_reconciliation(
            client=client, by=person(request), on=timezone.localdate()
        )
    except ConnectorError as refusal:
        tell(request, refusal)
        return redirect("payments:reconciliation", pk=pk)
    response = redirect("payments:reconciliation", pk=pk)
    response["Location"] += f"?background_request={background_request.pk}"
    return response


@require_GET
@reader
def export(request: HubRequest, pk: int, file_format: str) -> HttpResponse:
    """Give a comparison as a file."""
    made = get_object_or_404(
        Reconciliation.objects.of(request.organisation).select_related("client", "organisation"),
        pk=pk,
    )
    trail.record(
        organisation=request.organisation,
        action="reconciliation.exported",
        subject=made.client,
        user=person(request),
        details={"format": file_format},
    )
    rows = queries.export_rows(made)
    if file_format == "csv":
        content, kind = sheets.as_csv(queries.HEADINGS, rows), sheets.CSV_TYPE
    else:
        content = sheets.as_xlsx("reconciliation", queries.HEADINGS, rows)
        kind = sheets.XLSX_TYPE
    response = HttpResponse(content, content_type=kind)
    name = f"{made.client.number} {made.on.isoformat()}.{file_format}"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
