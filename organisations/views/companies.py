"""Companies and debtors."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from organisations import pages
from organisations.forms import BlockForm, CompanyForm, DebtorForm
from organisations.guards import needs, one_at_a_time
from organisations.middleware import HubRequest
from organisations.models import Company, Debtor
from organisations.operations import companies as operations
from organisations.rules import ORGANISATION, Level

_AT_ONCE = 50


@require_GET
@needs(ORGANISATION, Level.READ)
def companies(request: HubRequest) -> HttpResponse:
    """Show the companies."""
    search = request.GET.get("q", "").strip()
    rows = pages.company_rows(request.organisation, search=search)
    return render(
        request,
        "organisations/companies.html",
        {
            "page": Paginator(rows, _AT_ONCE).get_page(request.GET.get("page")),
            "search": search,
            "may_change": _may_change(request),
        },
    )


@needs(ORGANISATION, Level.WRITE)
@one_at_a_time
def new_company(request: HubRequest) -> HttpResponse:
    """Create a company."""
    form = CompanyForm(
        request.POST or None,
        instance=Company(organisation=request.organisation),
        initial={"currency": "SEK"},
    )
    if request.method == "POST" and form.is_valid():
        made = operations.create_company(
            organisation=request.organisation, by=request.membership.user, **form.cleaned_data
        )
        messages.success(request, _("{company} was created.").format(company=made.name))
        return redirect("organisations:companies")
    return render(request, "organisations/company_form.html", {"form": form})


@needs(ORGANISATION, Level.READ)
@one_at_a_time
def company(request: HubRequest, pk: int) -> HttpResponse:
    """Show a company, and change it with the right to."""
    found: Company = get_object_or_404(
        Company.objects.of(request.organisation).select_related("debtor", "owner", "deputy"), pk=pk
    )
    if not _may_change(request):
        return render(request, "organisations/company.html", {"company": found})
    stored = Company.objects.get(pk=pk)
    form = CompanyForm(request.POST or None, instance=found)
    changed = form.changed_meanwhile(stored, request.organisation)
    if request.method == "POST" and not changed and form.is_valid():
        operations.change(
            subject=stored,
            changes=form.cleaned_data,
            action="company.changed",
            by=request.membership.user,
        )
        messages.success(request, _("Saved."))
        return redirect("organisations:companies")
    context = {"form": form, "company": stored}
    return render(
        request, "organisations/company_form.html", context, status=409 if changed else 200
    )


@require_GET
@needs(ORGANISATION, Level.READ)
def debtors(request: HubRequest) -> HttpResponse:
    """Show the debtors."""
    rows = pages.paged(pages.debtor_rows(request.organisation), request.GET.get("page"))
    return render(
        request, "organisations/debtors.html", {"rows": rows, "may_change": _may_change(request)}
    )


@needs(ORGANISATION, Level.WRITE)
@one_at_a_time
def new_debtor(request: HubRequest) -> HttpResponse:
    """Create a debtor."""
    form = DebtorForm(request.POST or None, instance=Debtor(organisation=request.organisation))
    if request.method == "POST" and form.is_valid():
        operations.create_debtor(
            organisation=request.organisation, by=request.membership.user, **form.cleaned_data
        )
        return redirect("organisations:debtors")
    return render(request, "organisations/debtor_form.html", {"form": form})


@needs(ORGANISATION, Level.WRITE)
@one_at_a_time
def debtor(request: HubRequest, pk: int) -> HttpResponse:
    """Change a debtor; blocking is on the same page."""
    found = _debtor(request, pk)
    stored = _debtor(request, pk)
    form = DebtorForm(request.POST or None, instance=found)
    changed = form.changed_meanwhile(stored, request.organisation)
    if request.method == "POST" and not changed and form.is_valid():
        operations.change(
            subject=stored,
            changes=form.cleaned_data,
            action="debtor.changed",
            by=request.membership.user,
        )
        messages.success(request, _("Saved."))
        return redirect("organisations:debtors")
    return render(
        request,
        "organisations/debtor_form.html",
        {"form": form, "debtor": stored, "block_form": BlockForm()},
        status=409 if changed else 200,
    )


@require_POST
@needs(ORGANISATION, Level.WRITE)
def block(request: HubRequest, pk: int) -> HttpResponse:
    """Block a debtor, with a reason (S11)."""
    found, form = _debtor(request, pk), BlockForm(request.POST)
    if not form.is_valid():
        return render(
            request,
            "organisations/debtor_form.html",
            {"form": DebtorForm(instance=found), "debtor": found, "block_form": form},
        )
    operations.block_debtor(
        debtor=found,
        reason=form.cleaned_data["reason"],
        by=request.membership.user,
        now=timezone.now(),
    )
    messages.success(request, _("{debtor} is blocked.").format(debtor=found.name))
    return redirect("organisations:debtors")


@require_POST
@needs(ORGANISATION, Level.WRITE)
def unblock(request: HubRequest, pk: int) -> HttpResponse:
    """Let a debtor's journals be sent again."""
    found = _debtor(request, pk)
    operations.unblock_debtor(debtor=found, by=request.membership.user)
    messages.success(request, _("{debtor} is no longer blocked.").format(debtor=found.name))
    return redirect("organisations:debtors")


def _debtor(request: HubRequest, pk: int) -> Debtor:
    found: Debtor = get_object_or_404(Debtor.objects.of(request.organisation), pk=pk)
    return found


def _may_change(request: HubRequest) -> bool:
    return request.membership.role.allows(ORGANISATION, Level.WRITE)
