"""Pages on which a person decides, closes, reverses and resends. No call leaves this process."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from connectors.bounds import row_number
from connectors.errors import ConnectorError
from journals.models import Batch, Journal
from journals.operations import closing, resending, reversing
from journals.queries import undoing
from journals.queries.wording import shown_refusal
from journals.rights import JOURNALS, UNDO
from journals.rules.refusals import NothingToReverse
from journals.rules.states import BatchState
from organisations.guards import needs
from organisations.middleware import HubRequest
from organisations.rules import Level
from ui.failures import FailureRow

_REASON = closing.REASON_LENGTH


def _batch(request: HubRequest, pk: int) -> Batch:
    batches = Batch.objects.of(request.organisation)
    found: Batch = get_object_or_404(
        batches.select_related("journal__company__debtor", "organisation", "reason_by"), pk=pk
    )
    return found


def _journal(request: HubRequest, pk: int) -> Journal:
    journals = Journal.objects.of(request.organisation)
    found: Journal = get_object_or_404(
        journals.select_related("company__debtor", "organisation", "content"), pk=pk
    )
    return found


def _who(request: HubRequest) -> dict[str, Any]:
    return {
        "by": request.user,
        "now": timezone.now(),
    }


@require_GET
@needs(JOURNALS, Level.READ)
def decision(request: HubRequest, pk: int) -> HttpResponse:
    """Show what was sent beside every batch of the ledger that may be it, and four buttons."""
    batch = _batch(request, pk)
    if batch.state != BatchState.NEEDS_PERSON:
        messages.info(request, _("A decision on this batch has already been made."))
        return redirect("journals:detail", pk=batch.journal_id)
    context = {
        "batch": batch,
        "journal": batch.journal,
        "decision": undoing.decision(batch, batch.journal),
        "may_write": request.membership.role.allows(JOURNALS, Level.WRITE),
        "reason_length": _REASON,
    }
    return render(request, "journals/decision.html", context)


@require_http_methods(["GET", "POST"])
@needs(JOURNALS, Level.WRITE)
def close(request: HubRequest, pk: int) -> HttpResponse:
    """Close a batch that a person booked by hand, or take that back; ask for the reason."""
    batch = _batch(request, pk)
    if request.method != "POST":
        return _close_page(request, batch)
    try:
        if request.POST.get("open_again") == "yes":
            closing.open_again(batch=batch, **_who(request))
            messages.success(request, _("No longer closed. This sends nothing."))
        else:
            reason = request.POST.get("reason", "")
            closing.close_by_hand(batch=batch, reason=reason, **_who(request))
            messages.success(request, _("Closed by hand. The hub never sends it."))
    except ConnectorError as refusal:
        return _close_page(request, batch, refusal=shown_refusal(refusal))
    return redirect("journals:detail", pk=batch.journal_id)


def _close_page(
    request: HubRequest, batch: Batch, *, refusal: FailureRow | None = None
) -> HttpResponse:
    context = {
        "batch": batch,
        "journal": batch.journal,
        "is_closed": batch.state == BatchState.CLOSED,
        "refusal": refusal,
        "reason": request.POST.get("reason", ""),
        "reason_length": _REASON,
    }
    return render(request, "journals/close.html", context, status=409 if refusal else 200)


@require_http_methods(["GET", "POST"])
@needs(JOURNALS, Level.READ)
@needs(UNDO, Level.WRITE)
def reverse(request: HubRequest, pk: int) -> HttpResponse:
    """Show what will be posted to take batches back; post it when the reason is given."""
    journal = _journal(request, pk)
    if request.method != "POST":
        return _reverse_page(request, journal)
    chosen = _chosen(request.POST.getlist("batch"))
    batches = [one for one in reversing.reversible(journal) if one.pk in chosen]
    try:
        if not batches:
            raise NothingToReverse(reference=journal.reference)
        if request.POST.get("by_hand") == "yes":
            for batch in batches:
                reversing.mark_reversed_by_hand(
                    batch=batch, reason=request.POST.get("reason", ""), **_who(request)
                )
            messages.success(request, _("Noted. Nothing was posted."))
        else:
            reversing.request_reversal(
                batches=batches,
                reason=request.POST.get("reason", ""),
                in_open_period=request.POST.get("open_period") == "yes",
                **_who(request),
            )
            messages.success(request, _("The reversal is on its way."))
    except ConnectorError as refusal:
        row = shown_refusal(refusal, company_id=journal.company_id)
        return _reverse_page(request, journal, refusal=row)
    return redirect("journals:detail", pk=journal.pk)


def _chosen(texts: list[str]) -> set[int]:
    return {pk for pk in map(row_number, texts) if pk is not None}


def _reverse_page(
    request: HubRequest, journal: Journal, *, refusal: FailureRow | None = None
) -> HttpResponse:
    said = request.POST if request.method == "POST" else request.GET
    chosen = _chosen(said.getlist("batch"))
    context = {
        "journal": journal,
        "refusal": refusal,
        "reversal": undoing.reversal_page(
            journal,
            chosen=chosen or None,
            in_open_period=said.get("open_period") == "yes",
        ),
        "reason": request.POST.get("reason", ""),
        "reason_length": _REASON,
    }
    return render(request, "journals/reverse.html", context, status=409 if refusal else 200)


@require_http_methods(["GET", "POST"])
@needs(JOURNALS, Level.READ)
@needs(UNDO, Level.WRITE)
def resend(request: HubRequest, pk: int) -> HttpResponse:
    """Make the journal that sends reversed batches again; its page shows what will be posted."""
    journal = _journal(request, pk)
    if request.method != "POST":
        return _resend_page(request, journal)
    try:
        resend = resending.resend(journal=journal, **_who(request))
    except ConnectorError as refusal:
        return _resend_page(request, journal, refusal=shown_refusal(refusal))
    messages.success(request, _("Check below what will be posted, then press Send."))
    return redirect("journals:detail", pk=resend.pk)


def _resend_page(
    request: HubRequest, journal: Journal, *, refusal: FailureRow | None = None
) -> HttpResponse:
    context = {
        "journal": journal,
        "refusal": refusal,
        "batches": resending.reversed_batches(journal),
        "reference": resending.new_reference(journal),
    }
    return render(request, "journals/resend.html", context, status=409 if refusal else 200)
