"""Pages that compare a period of the ledger with what was sent. A worker reads the ledger."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from connectors.bounds import row_number
from connectors.errors import ConnectorError
from journals.forms import CompanyFilterForm
from journals.models import Comparison
from journals.operations import comparing
from journals.queries import comparisons
from journals.queries.wording import shown_refusal
from journals.rights import JOURNALS
from organisations.guards import needs
from organisations.middleware import HubRequest
from organisations.models import Company
from organisations.rules import Level
from ui.choosing import RowField


def _company(request: HubRequest, text: str) -> Company | None:
    pk = row_number(text)
    if pk is None:
        return None
    found: Company = get_object_or_404(Company.objects.of(request.organisation), pk=pk)
    return found


def _comparison(request: HubRequest, pk: int) -> Comparison:
    rows = Comparison.objects.of(request.organisation)
    found: Comparison = get_object_or_404(
        rows.select_related("company", "background_request", "requested_by"), pk=pk
    )
    return found


@require_GET
@needs(JOURNALS, Level.READ)
def comparison_list(request: HubRequest) -> HttpResponse:
    """List the comparisons that were made, and offer to make one of a company's period."""
    form = CompanyFilterForm(
        request.GET, organisation=request.organisation, empty=gettext_lazy("Choose")
    )
    company = form.cleaned_data["company"] if form.is_valid() else None
    if company is None and "company_text" not in request.GET:
        # No text that a person could mend: the address of another organisation's company.
        company = _company(request, request.GET.get("company", ""))
    periods = comparing.periods_of(company) if company else []
    context = {
        "company": company,
        "companies": form["company"] if cast(RowField, form.fields["company"]).has_rows else None,
        "periods": comparisons.period_choices(company, periods),
        "page": comparisons.comparison_page(
            request.organisation,
            company=company.pk if company else None,
            page=request.GET.get("page", "1"),
        ),
    }
    return render(request, "journals/comparisons.html", context)


@require_POST
@needs(JOURNALS, Level.READ)
def request(request: HubRequest) -> HttpResponse:
    """Ask a worker for a comparison."""
    company = _company(request, request.POST.get("company", ""))
    if company is None:
        return redirect("journals:comparisons")
    try:
        comparison = comparing.request_comparison(
            company=company,
            period=request.POST.get("period", "")[:12],
            by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
    except ConnectorError as refusal:
        row = shown_refusal(refusal, company_id=company.pk)
        messages.error(request, f"{row.summary} {row.remedy}")
        response = redirect("journals:comparisons")
        response["Location"] += f"?company={company.pk}"
        return response
    return redirect("journals:comparison", pk=comparison.pk)


@require_GET
@needs(JOURNALS, Level.READ)
def detail(request: HubRequest, pk: int) -> HttpResponse:
    """Show one comparison, or that it still runs."""
    return render(request, "journals/comparison.html", _context(request, pk))


@require_GET
@needs(JOURNALS, Level.READ)
def progress(request: HubRequest, pk: int) -> HttpResponse:
    """Show the live part of a comparison again."""
    return render(request, "journals/_comparison.html", _context(request, pk))


def _context(request: HubRequest, pk: int) -> dict[str, Any]:
    comparison = _comparison(request, pk)
    return {
        "row": comparisons.comparison_row(comparison),
        "company": comparison.company,
        "page": comparisons.finding_page(comparison, page=request.GET.get("page", "1")),
    }
