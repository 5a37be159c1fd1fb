"""What is unlike the run before: its explanations, the whole comparison, one account (B6)."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connectors.bounds import row_number
from journals.models import Journal, JournalMark, MarkRule, MutedAccount
from journals.models.last_month import WORDS_LENGTH
from journals.operations import last_month
from journals.queries import last_month as shown
from journals.rights import JOURNALS
from organisations.guards import needs
from organisations.middleware import HubRequest
from organisations.models import Company
from organisations.rules import Level


def _journal(request: HubRequest, pk: int) -> Journal:
    journals = Journal.objects.of(request.organisation).select_related("company", "organisation")
    found: Journal = get_object_or_404(journals, pk=pk)
    return found


@require_GET
@needs(JOURNALS, Level.READ)
def comparison(request: HubRequest, pk: int) -> HttpResponse:
    """Show every account of a journal beside what it was."""
    journal = _journal(request, pk)
    context = {"journal": journal, "beside": shown.beside(journal)}
    return render(request, "journals/last_month.html", context)


@require_GET
@needs(JOURNALS, Level.READ)
def account(request: HubRequest, pk: int, account: str) -> HttpResponse:
    """Show one account over thirteen months."""
    journal = _journal(request, pk)
    found = shown.account_months(journal, account)
    if found is None:
        raise Http404
    context: dict[str, Any] = {
        "journal": journal,
        "months": found,
        "may_write": request.membership.role.allows(JOURNALS, Level.WRITE),
        "today": timezone.localdate().isoformat(),
    }
    return render(request, "journals/account.html", context)


@require_POST
@needs(JOURNALS, Level.WRITE)
def explain(request: HubRequest, pk: int) -> HttpResponse:
    """Record why one mark, or all that are left, are as they should be."""
    journal = _journal(request, pk)
    marks = JournalMark.objects.filter(journal=journal).select_related("journal__organisation")
    if request.POST.get("mark") != "all":
        marks = marks.filter(pk=row_number(request.POST.get("mark")) or 0)
    try:
        if chosen := list(marks):
            last_month.explain(
                marks=chosen,
                reason=request.POST.get("reason", ""),
                words=request.POST.get("words", "")[:WORDS_LENGTH],
                by=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
    except last_month.CannotExplain as missing:
        words = _("Choose a reason.")
        if str(missing) == "words":
            words = _("Say in a few words what the other reason is.")
        messages.error(request, words)
    response = redirect("journals:detail", pk=journal.pk)
    response["Location"] += "#marks"
    return response


@require_POST
@needs(JOURNALS, Level.WRITE)
def mute(request: HubRequest, pk: int, account: str) -> HttpResponse:
    """Mark nothing about an account of the journal's company until a date."""
    journal = _journal(request, pk)
    try:
        last_month.mute(
            company=journal.company,
            account=account[:20],
            until=_day(request.POST.get("until", "")),
            by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
    except ValueError:
        messages.error(request, _("Choose a day from today up to thirteen months ahead."))
        return redirect("journals:account", pk=journal.pk, account=account)
    messages.success(request, _("The account is muted for this company."))
    return redirect("journals:detail", pk=journal.pk)


def _day(text: str) -> date:
    found = parse_date(text)
    if found is None:
        raise ValueError(text)
    return found


@require_http_methods(["GET", "POST"])
@needs(JOURNALS, Level.READ)
def rule(request: HubRequest, pk: int) -> HttpResponse:
    """Show, and change, what the marks of a company's journals stop, and which are muted."""
    companies = Company.objects.of(request.organisation).select_related("organisation")
    company: Company = get_object_or_404(companies, pk=pk)
    if request.method == "POST":
        return _change_rule(request, company)
    context: dict[str, Any] = {
        "company": company,
        "gate": last_month.gate_of(company.pk),
        "gates": MarkRule.Gate.choices,
        "muted": shown.muted_of(company, today=timezone.localdate()),
        "may_write": request.membership.role.allows(JOURNALS, Level.WRITE),
    }
    return render(request, "journals/mark_rule.html", context)


@needs(JOURNALS, Level.WRITE)
def _change_rule(request: HubRequest, company: Company) -> HttpResponse:
    user: Any = request.user
    if "unmute" in request.POST:
        number = row_number(request.POST["unmute"]) or 0
        mine = MutedAccount.objects.filter(company=company).select_related("company__organisation")
        if muted := mine.filter(pk=number).first():
            last_month.unmute(muted=muted, by=user)
            messages.success(request, _("The account is marked again."))
    elif request.POST.get("gate") in MarkRule.Gate.values:
        last_month.set_gate(company=company, gate=request.POST["gate"], by=user)
        messages.success(request, _("Saved."))
    else:
        messages.error(request, _("Choose one of the answers."))
    return redirect("journals:mark_rule", pk=company.pk)
