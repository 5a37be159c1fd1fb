"""How the files of one company are read: what is chosen, by whom, and how to change it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from connectors.bounds import row_number
from journals.forms import DimensionsForm
from journals.queries.readings import ReadingPage, reading_page
from journals.rights import JOURNALS
from organisations.guards import needs, one_at_a_time
from organisations.middleware import HubRequest
from organisations.models import Company, User
from organisations.rules import Level
from sources.models import CompanyReading
from sources.operations import readings


@require_http_methods(["GET", "POST"])
@needs(JOURNALS, Level.READ)
@one_at_a_time
def reading(request: HubRequest, pk: int) -> HttpResponse:
    """Show how a company's files are read, and change it."""
    company = get_object_or_404(Company.objects.of(request.organisation), pk=pk)
    if request.method == "POST":
        return _change(request, company)
    return _page(request, company)


@needs(JOURNALS, Level.WRITE)
def _change(request: HubRequest, company: Company) -> HttpResponse:
    if request.POST.get("action") == "forget":
        known = row_number(request.POST.get("reading")) or 0
        row = get_object_or_404(CompanyReading, company=company, source__isnull=False, pk=known)
        readings.forget(row, by=_person(request))
        messages.success(request, _("The question is asked again with the next file."))
        return redirect("journals:reading", pk=company.pk)
    form = DimensionsForm(request.POST, initial=_stored(reading_page(company)))
    if form.changed_meanwhile(company, request.organisation):
        return _page(request, company, form=form, status=409)
    if form.is_valid():
        try:
            readings.choose_dimensions(
                company=company,
                cost_centre=form.cleaned_data["cost_centre"],
                cost_unit=form.cleaned_data["cost_unit"],
                by=_person(request),
                now=timezone.now(),
            )
        except readings.ChoiceRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request,
                _("Saved for the next files. Import a file again if it was read differently."),
            )
            return redirect("journals:reading", pk=company.pk)
    return _page(request, company, form=form, status=400)


def _page(
    request: HubRequest, company: Company, *, form: DimensionsForm | None = None, status: int = 200
) -> HttpResponse:
    page = reading_page(company)
    context = {
        "page": page,
        "form": form or DimensionsForm(initial=_stored(page)),
        "may_write": request.membership.role.allows(JOURNALS, Level.WRITE),
    }
    return render(request, "journals/imports/reading.html", context, status=status)


def _stored(page: ReadingPage) -> dict[str, str]:
    return {"cost_centre": page.cost_centre, "cost_unit": page.cost_unit}


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
