"""The month board, its plans, and the expected dates of a company."""

import re
from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from connectors.bounds import row_number
from journals.models import Journal
from journals.operations import bulk_sending
from journals.rights import JOURNALS
from office import exporting, operations
from office.forms import AwayForm, ExpectationForm, NothingForm, OwnerForm
from office.models import BoardView, Expectation
from office.operations import Plan
from office.queries import boards
from office.queries.boards import Filters
from office.rules import WORKING_DAYS_TO_SEND
from organisations.guards import needs
from organisations.middleware import HubRequest, person
from organisations.models import Company
from organisations.rules import ORGANISATION, Level
from ui import sheets

_MOST_AT_ONCE = 500
_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_FORMATS = {
    "csv": (sheets.CSV_TYPE, exporting.as_csv),
    "xlsx": (sheets.XLSX_TYPE, exporting.as_xlsx),
}


@require_GET
@needs(JOURNALS, Level.READ)
def present(request: HubRequest) -> HttpResponse:
    """Lead to the period that is expected now, with the filters that the person used last."""
    wanted = request.GET.get("period", "")
    if not _PERIOD.fullmatch(wanted):
        wanted = boards.expected_now(request.organisation, today=timezone.localdate())
    kept = BoardView.objects.filter(membership=request.membership).first()
    query = kept.query if kept else f"whose={boards.usual_whose(request.membership)}"
    return redirect(f"{reverse('office:board_of', args=[wanted])}?{query}")


@require_GET
@needs(JOURNALS, Level.READ)
def board(request: HubRequest, period: str) -> HttpResponse:
    """Show every company's month, worst first (B1)."""
    filters = Filters.from_query(request.GET)
    shown = boards.board(
        request.membership,
        period=period,
        filters=filters,
        page=request.GET.get("page", "1"),
        today=timezone.localdate(),
    )
    context = {
        "board": shown,
        "here": request.get_full_path(),
        "may_send": request.membership.role.allows(JOURNALS, Level.WRITE),
        "may_change": request.membership.role.allows(ORGANISATION, Level.WRITE),
        "as_of": timezone.now(),
    }
    if request.headers.get("HX-Target") == "board":
        return render(request, "office/_board.html", context)
    if "keep" in request.GET:
        operations.remember_view(request.membership, filters.as_query())
    return render(request, "office/board.html", context)


@require_GET
@needs(JOURNALS, Level.READ)
def export(request: HubRequest, period: str, file_format: str) -> HttpResponse:
    """Return the rows that the filters leave as a file."""
    filters = Filters.from_query(request.GET)
    rows = boards.filtered_rows(
        request.membership, period=period, filters=filters, today=timezone.localdate()
    )
    content_type, write = _FORMATS[file_format]
    name = content_disposition_header(True, f"{period}.{file_format}")
    return HttpResponse(
        write(period, rows), content_type=content_type, headers={"Content-Disposition": name or ""}
    )


@require_POST
@needs(JOURNALS, Level.WRITE)
def plan(request: HubRequest, period: str) -> HttpResponse:
    """Show what a bulk act would do with the chosen companies, before anything is done."""
    chosen = _companies(request.POST)
    if not chosen:
        messages.warning(request, _("Choose at least one company first."))
        return redirect(_back(request, period))
    if request.POST.get("act") == "nothing":
        return _confirm_nothing(request, period, chosen, NothingForm())
    if request.POST.get("act") == "owner":
        return _confirm_owner(request, period, chosen, OwnerForm(organisation=request.organisation))
    return _plan_sending(request, period, chosen)


def _plan_sending(request: HubRequest, period: str, chosen: Collection[int]) -> HttpResponse:
    journals = Journal.objects.of(request.organisation).filter(
        company_id__in=chosen,
        run_period=period,
        resent_as__isnull=True,
    )
    unsent = journals.exclude(state__in=["sent", "closed", "booked_before"])
    if not unsent.exists():
        messages.warning(request, _("The chosen companies have no journal of this period to send."))
        return redirect(_back(request, period))
    bulk = bulk_sending.prepare(
        organisation=request.organisation, journals=unsent, by=person(request), now=timezone.now()
    )
    without = len(chosen) - journals.values("company").distinct().count()
    if without:
        words = ngettext(
            "%(n)d of the chosen companies has no journal of this period yet.",
            "%(n)d of the chosen companies have no journal of this period yet.",
            without,
        )
        messages.info(request, words % {"n": without})
    return redirect("journals:bulk", pk=bulk.pk)


@require_POST
@needs(JOURNALS, Level.WRITE)
def nothing(request: HubRequest, period: str) -> HttpResponse:
    """Write down that no journal of the shown companies comes this month."""
    chosen, form = _companies(request.POST), NothingForm(request.POST)
    if not form.is_valid():
        return _confirm_nothing(request, period, chosen, form)
    plan = operations.plan_nothing(request.organisation, period, chosen, today=timezone.localdate())
    kept = operations.still_as_shown(plan, request.POST.getlist("stamp"))
    operations.expect_nothing(
        rows=kept.taken,
        organisation=request.organisation,
        period=period,
        reason=form.cleaned_data["reason"],
        by=person(request),
    )
    _tell(request, kept, plan)
    return redirect(_back(request, period))


@require_POST
@needs(ORGANISATION, Level.WRITE)
def owner(request: HubRequest, period: str) -> HttpResponse:
    """Give the shown companies another responsible person and deputy."""
    chosen = _companies(request.POST)
    form = OwnerForm(request.POST, organisation=request.organisation)
    if not form.is_valid():
        return _confirm_owner(request, period, chosen, form)
    plan = operations.plan_owner(request.organisation, period, chosen, today=timezone.localdate())
    operations.change_owner(rows=plan.taken, by=person(request), **form.cleaned_data)
    _tell(request, plan, plan)
    return redirect(_back(request, period))


@require_POST
@needs(JOURNALS, Level.WRITE)
def expect_again(request: HubRequest, period: str, pk: int) -> HttpResponse:
    """Let a journal of the company be expected for the period after all."""
    company = _company(request, pk)
    if operations.expect_again(company=company, period=period, by=person(request)):
        messages.success(
            request, _("A journal of {company} is expected.").format(company=company.name)
        )
    return redirect(_back(request, period))


@needs(ORGANISATION, Level.READ)
def expectation(request: HubRequest, pk: int) -> HttpResponse:
    """Show by when a company's journals are expected, and fix it with the right to."""
    company = _company(request, pk)
    known = Expectation.objects.filter(company=company).first()
    may_change = request.membership.role.allows(ORGANISATION, Level.WRITE)
    form = ExpectationForm(
        request.POST if request.method == "POST" and may_change else None,
        initial={
            "import_day": known.import_day if known else None,
            "month_after": bool(known and known.month_after),
            "days_to_send": known.days_to_send if known else WORKING_DAYS_TO_SEND,
        },
    )
    if form.is_bound and form.is_valid():
        operations.fix_expectation(company=company, by=person(request), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("office:present")
    learnt = known.learnt_offset + 1 if known and known.learnt_offset is not None else None
    context = {"company": company, "form": form, "may_change": may_change, "learnt": learnt}
    return render(request, "office/expectation.html", context)


@needs(JOURNALS, Level.READ)
def away(request: HubRequest) -> HttpResponse:
    """Let a person say when they are away."""
    me = request.membership
    initial = {"away_from": me.away_from, "away_until": me.away_until}
    form = AwayForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        operations.be_away(
            membership=me,
            first=form.cleaned_data["away_from"],
            last=form.cleaned_data["away_until"],
        )
        messages.success(request, _("Saved."))
        return redirect("office:present")
    return render(request, "office/away.html", {"form": form})


def _confirm_nothing(
    request: HubRequest, period: str, chosen: Collection[int], form: NothingForm
) -> HttpResponse:
    plan = operations.plan_nothing(request.organisation, period, chosen, today=timezone.localdate())
    return _confirm(request, "office/nothing.html", period, plan, form)


def _confirm_owner(
    request: HubRequest, period: str, chosen: Collection[int], form: OwnerForm
) -> HttpResponse:
    plan = operations.plan_owner(request.organisation, period, chosen, today=timezone.localdate())
    return _confirm(request, "office/owner.html", period, plan, form)


def _confirm(
    request: HubRequest, template: str, period: str, plan: Plan, form: Any
) -> HttpResponse:
    context = {
        "period": period,
        "plan": plan,
        "form": form,
        "next": _back(request, period),
        "filters": request.POST.get("filters", ""),
    }
    return render(request, template, context)


def _tell(request: HubRequest, done: Plan, shown: Plan) -> None:
    count = len(done.taken)
    if count:
        words = ngettext("%(n)d company is changed.", "%(n)d companies are changed.", count)
        messages.success(request, words % {"n": count})
    names = ", ".join(row.name for row in shown.taken if row not in done.taken)
    if names:
        messages.warning(
            request,
            _("Left as they are, because they changed meanwhile: {names}.").format(names=names),
        )


def _companies(values: QueryDict) -> set[int]:
    found = (row_number(pk) for pk in values.getlist("company")[:_MOST_AT_ONCE])
    return {pk for pk in found if pk is not None}


def _company(request: HubRequest, pk: int) -> Company:
    companies = Company.objects.of(request.organisation).select_related("organisation")
    found: Company = get_object_or_404(companies, pk=pk)
    return found


def _back(request: HubRequest, period: str) -> str:
    """Return the board's address with the filters that the form carried along."""
    filters = Filters.from_query(QueryDict(request.POST.get("filters", "")))
    return f"{reverse('office:board_of', args=[period])}?{filters.as_query()}"
