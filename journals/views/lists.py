"""The lists of journals, and sending those that were chosen on one."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from connectors.bounds import row_number
from journals.forms import CompanyFilterForm
from journals.models import Journal
from journals.operations import bulk_sending, sending
from journals.queries.bulk_sending import latest_bulk_sends, refusal_of_item
from journals.queries.journals import DEFAULT_SORT, Filters, list_journals, state_choices
from journals.queries.refused import notice_of
from journals.queries.wording import LIVE, shown_refusal
from journals.rights import JOURNALS
from organisations.guards import needs
from organisations.middleware import HubRequest, person
from organisations.models import Company
from organisations.rules import Level

_MOST_AT_ONCE = 100


@require_GET
@needs(JOURNALS, Level.READ)
def journal_list(request: HubRequest) -> HttpResponse:
    """List the journals of all companies."""
    filters, companies = filters_of(request, request.GET)
    page = list_journals(
        organisation=request.organisation, filters=filters, page=request.GET.get("page", "1")
    )
    context = _list_context(request, filters, page) | {"with_company": True}
    if _asks_for_rows(request):
        return render(request, "journals/_rows_again.html", context)
    context |= {
        "companies": companies["company"],
        "bulk_sends": latest_bulk_sends(request.organisation),
    }
    return render(request, "journals/list.html", context)


@require_GET
@needs(JOURNALS, Level.READ)
def company_journals(request: HubRequest, pk: int) -> HttpResponse:
    """List the journals of one company; chosen ones can be sent (S8)."""
    company = get_object_or_404(
        Company.objects.of(request.organisation).select_related("debtor"), pk=pk
    )
    filters = Filters.from_query(request.GET)
    page = list_journals(
        organisation=request.organisation,
        filters=filters,
        company=company,
        page=request.GET.get("page", "1"),
    )
    context = _list_context(request, filters, page) | {
        "company": company,
        "company_text": str(company.pk),
    }
    if _asks_for_rows(request):
        return render(request, "journals/_rows_again.html", context)
    refusal = sending.refusal_of(company)
    context |= {
        "mapping": sending.mapping_of(company),
        "booked_before": Journal.objects.filter(
            company=company, state=Journal.State.BOOKED_BEFORE
        ).count(),
        "refusal": shown_refusal(refusal, company_id=company.pk) if refusal else None,
    }
    return render(request, "journals/company.html", context)


def filters_of(request: HubRequest, values: QueryDict) -> tuple[Filters, CompanyFilterForm]:
    """Return what a list is narrowed to, and the form in which its company is chosen."""
    companies = CompanyFilterForm(values, organisation=request.organisation)
    chosen = companies.cleaned_data.get("company") if companies.is_valid() else None
    filters = replace(Filters.from_query(values), company=chosen.pk if chosen else None)
    return filters, companies


def _asks_for_rows(request: HubRequest) -> bool:
    """Return whether only the rows are wanted: they follow themselves, or were just sent."""
    return request.headers.get("HX-Target") == "journal-rows"


def _list_context(request: HubRequest, filters: Filters, page: "Page[Any]") -> dict[str, Any]:
    return {
        "page": page,
        "live": any(row.state in LIVE for row in page.object_list),
        "filters": filters,
        "states": state_choices(),
        "default_sort": DEFAULT_SORT,
        "may_write": request.membership.role.allows(JOURNALS, Level.WRITE),
        "here": request.get_full_path(),
    }


@require_POST
@needs(JOURNALS, Level.WRITE)
def send_chosen(request: HubRequest) -> HttpResponse:
    """Queue the batches of all chosen journals; say in one notice which cannot go, and why."""
    chosen = [pk for pk in request.POST.getlist("journal") if row_number(pk) is not None]
    if not chosen:
        messages.warning(request, _("Choose at least one journal first."))
        return redirect(_back(request))
    by, now = person(request), timezone.now()
    bulk = bulk_sending.prepare(
        organisation=request.organisation,
        journals=Journal.objects.of(request.organisation).filter(pk__in=chosen[:_MOST_AT_ONCE]),
        by=by,
        now=now,
    )
    bulk_sending.confirm(bulk=bulk, by=by, now=now, by_worker=False)
    bulk_sending.carry_out(bulk=bulk, by=by, now=now)
    items = list(bulk.items.select_related("journal"))
    queued = [item for item in items if item.outcome == bulk_sending.Outcome.QUEUED]
    refused = [
        (item.journal.reference, why)
        for item in items
        if (why := refusal_of_item(item)) is not None
    ]
    if refused:
        messages.error(request, notice_of(refused))
    if queued:
        count = len(queued)
        words = ngettext(
            "%(n)d journal is on its way.", "%(n)d journals are on their way.", count
        ) % {"n": count}
        # Of one journal its own page tells more.
        page = reverse("journals:bulk", args=[bulk.pk]) if count > 1 else ""
        messages.success(request, words, extra_tags=page)
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else "journals:list"
