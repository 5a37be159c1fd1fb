"""Who did what, when and from which address: for those with the right, and as a file."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from audit import queries
from audit.trail import record
from organisations.guards import needs
from organisations.middleware import HubRequest
from organisations.rules import AUDIT, Level
from ui import sheets


@require_GET
@never_cache
@needs(AUDIT, Level.READ)
def audit(request: HubRequest) -> HttpResponse:
    """Show the audit trail of the organisation."""
    filters = queries.Filters.from_query(request.GET)
    return render(
        request,
        "organisations/audit.html",
        {
            "page": queries.page_of(
                request.organisation, filters=filters, page=request.GET.get("page", "1")
            ),
            "filters": filters,
            "areas": queries.area_choices(),
            "most_exported": queries.MOST_EXPORTED,
        },
    )


@require_GET
@never_cache
@needs(AUDIT, Level.READ)
def export(request: HubRequest, file_format: str) -> HttpResponse:
    """Give what the filters show as a file; that it was taken is an entry of its own."""
    filters = queries.Filters.from_query(request.GET)
    record(
        organisation=request.organisation,
        action="audit.exported",
        subject=request.organisation,
        user=request.membership.user,
        details={"format": file_format, **filters.query},
    )
    rows = queries.exported(request.organisation, filters=filters)
    if file_format == "csv":
        content, kind = sheets.as_csv(queries.HEADINGS, rows), sheets.CSV_TYPE
    else:
        content, kind = sheets.as_xlsx("audit", queries.HEADINGS, rows), sheets.XLSX_TYPE
    response = HttpResponse(content, content_type=kind)
    name = f"audit {request.organisation.name}.{file_format}"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
