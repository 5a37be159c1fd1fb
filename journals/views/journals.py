"""The pages of journals: home, one journal, its exports. No call leaves this process."""

from typing import Any
from zlib import crc32

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.rights import CONNECTIONS
from audit import trail
from background.models import BackgroundRequest
from background.operations import request_in_background
from background.queries import Asked
from connectors.bounds import row_number
from connectors.errors import ConnectorError
from journals.models import Batch, Journal
from journals.operations import deciding, exporting, sending
from journals.operations.last_month import refresh as refresh_marks
from journals.queries import boards, content, histories, journal_page, last_month
from journals.queries.first_look import first_look_of
from journals.queries.wording import label_of, shown_refusal
from journals.rights import JOURNALS, UNDO
from journals.rules.states import BatchState
from organisations import navigation, rules
from organisations.guards import needs
from organisations.middleware import HubRequest
from organisations.models import Organisation
from organisations.rules import Level
from ui import sheets
from ui.failures import FailureRow

_PREVIEW_LIMIT = 20_000
"""A longer journal is not planned for a page: its content is in the exports."""
_MAY_STILL_BE_SENT = (Journal.State.IMPORTED, Journal.State.STOPPED, Journal.State.HELD)
_FORMATS = {
    "csv": (sheets.CSV_TYPE, exporting.as_csv),
    "xlsx": (sheets.XLSX_TYPE, exporting.as_xlsx),
}


@require_GET
@login_required
def start(request: HubRequest) -> HttpResponse:
    """Lead to where the person's day begins; to the overview while nothing is there to do."""
    first = navigation.first_page(request.membership) if request.membership else ""
    return redirect(first) if first else home(request)


@require_GET
@login_required
def home(request: HubRequest) -> HttpResponse:
    """Show the overview."""
    if request.membership is None:
        return render(request, "journals/no_membership.html")
    context: dict[str, Any] = {"board": boards.board(request.membership)}
    if request.headers.get("HX-Target") == "board":
        context["messages"] = ()  # what is to be said waits for a page that shows it
    return render(request, "journals/home.html", context)


@require_POST
@needs(rules.ORGANISATION, Level.WRITE)
def hide_first_steps(request: HubRequest) -> HttpResponse:
    """Hide the first steps from the home page of the organisation."""
    Organisation.objects.filter(pk=request.organisation.pk).update(first_steps_hidden=True)
    return redirect("journals:home")


def _may_write(request: HubRequest) -> bool:
    return request.membership.role.allows(JOURNALS, Level.WRITE)


def _journal(request: HubRequest, pk: int) -> Journal:
    journals = Journal.objects.of(request.organisation)
    found: Journal = get_object_or_404(
        journals.select_related("company__debtor", "organisation", "resend_of"), pk=pk
    )
    return found


def _batch(request: HubRequest, pk: int) -> Batch:
    batches = Batch.objects.of(request.organisation)
    found: Batch = get_object_or_404(
        batches.select_related("journal__company__debtor", "organisation"), pk=pk
    )
    return found


@require_GET
@needs(JOURNALS, Level.READ)
def detail(request: HubRequest, pk: int) -> HttpResponse:
    """Show one journal."""
    return _show(request, _journal(request, pk))


def _show(
    request: HubRequest, journal: Journal, *, refusal: FailureRow | None = None
) -> HttpResponse:
    batches = _batches(journal)
    chosen = _chosen(request, batches)
    check = _check(request, journal, request.GET.get("check", ""))
    context = (
        _live_context(request, journal, chosen)
        | _posting_context(request, journal, batches, chosen)
        | {
            "refusal": refusal,
            "marks": _marks(journal),
            "check": check,
            "asked": Asked(gone=check is None and "check" in request.GET),
        }
    )
    return render(request, "journals/detail.html", context, status=409 if refusal else 200)


def _marks(journal: Journal) -> last_month.Marks:
    """Return what is unlike the run before; of what may still be sent, as it is now."""
    if journal.state in _MAY_STILL_BE_SENT and journal.line_count <= _PREVIEW_LIMIT:
        refresh_marks(journal, today=timezone.localdate())
    return last_month.marks_of(journal)


def _batches(journal: Journal) -> list[Batch]:
    return list(
        Batch.objects.filter(journal=journal)
        .exclude(reverses__isnull=False, state=BatchState.DRAFT)
        .order_by("period", "round")
    )


def _chosen(request: HubRequest, batches: list[Batch]) -> Batch | None:
    """Return the batch whose content is shown: the one that the address names, else the first."""
    wanted = request.GET.get("batch", "")
    return next((b for b in batches if str(b.pk) == wanted), batches[0] if batches else None)


def _posting_context(
    request: HubRequest, journal: Journal, batches: list[Batch], chosen: Batch | None
) -> dict[str, Any]:
    """Return what is posted, or was, and what stands against it."""
    seen, too_long = content.NO_OUTLOOK, journal.line_count > _PREVIEW_LIMIT
    if not too_long and any(not content.is_frozen(batch) for batch in batches):
        seen = content.outlook(journal, now=timezone.now())
    both = None
    if chosen is not None:
        both = content.side_by_side(
            chosen,
            journal,
            content=content.content_by(chosen, journal, seen),
            page=request.GET.get("page", "1"),
        )
    return {
        "outlook": seen,
        "too_long": too_long,
        "both": both,
        "batch_tabs": [
            {
                "label": label_of(batch),
                "url": f"?batch={batch.pk}#content",
                "current": batch is chosen,
                "count": None,
            }
            for batch in batches
        ],
    }


def _live_context(request: HubRequest, journal: Journal, chosen: Batch | None) -> dict[str, Any]:
    number = row_number(request.GET.get("page"))
    live = journal_page.journal_page(journal)
    return {
        "journal": journal,
        "chosen": chosen,
        "shown_page": number or 1,
        "seen": _shown_state(journal, chosen),
        "live": live,
        "history_digest": str(crc32(repr(live.entries).encode())),
        "look": first_look_of(journal),
        "may_write": _may_write(request),
        "company_text": str(journal.company_id),
        "may_undo": request.membership.role.allows(UNDO, Level.WRITE),
        "may_connect": request.membership.role.allows(CONNECTIONS, Level.WRITE),
    }


def _check(request: HubRequest, journal: Journal, pk: str) -> journal_page.CheckResult | None:
    number = row_number(pk)
    if number is None:
        return None
    background_request = (
        BackgroundRequest.objects.of(request.organisation)
        .filter(pk=number, kind="journals.check", params__journal_id=journal.pk)
        .first()
    )
    return journal_page.check_result(background_request, journal) if background_request else None


@require_GET
@needs(JOURNALS, Level.READ)
def progress(request: HubRequest, pk: int) -> HttpResponse:
    """
    Show the live part of a journal's page again.

    What is posted, and the history, come along when they are not what the page shows any more:
    what somebody has opened or reads there stays as it is meanwhile.
    """
    journal = _journal(request, pk)
    batches = _batches(journal)
    chosen = _chosen(request, batches)
    context = _live_context(request, journal, chosen)
    context["history_changed"] = (
        request.headers.get("Hub-History", context["history_digest"]) != context["history_digest"]
    )
    if request.headers.get("Hub-Seen", context["seen"]) != context["seen"]:
        context |= {"posting_changed": True}
        context |= _posting_context(request, journal, batches, chosen)
    return render(request, "journals/_progress.html", context)


def _shown_state(journal: Journal, chosen: Batch | None) -> str:
    """Return what the shown content hangs on: it is frozen by the check, numbered by the ledger."""
    return f"{journal.state} {chosen.state} {chosen.vendor_number}" if chosen else journal.state


@require_GET
@needs(JOURNALS, Level.READ)
def history(request: HubRequest, pk: int) -> HttpResponse:
    """Show all that happened to a journal."""
    journal = _journal(request, pk)
    entries, _more = histories.history(journal)
    page = Paginator(entries, 100).get_page(request.GET.get("page", "1"))
    return render(request, "journals/history.html", {"journal": journal, "page": page})


@require_POST
@needs(JOURNALS, Level.WRITE)
def send(request: HubRequest, pk: int) -> HttpResponse:
    """Queue the batches of one journal."""
    journal = _journal(request, pk)
    try:
        _request_sending(request, journal, send_valid_only=request.POST.get("valid_only") == "yes")
    except ConnectorError as refusal:
        row = shown_refusal(refusal, company_id=journal.company_id)
        return _show(request, journal, refusal=row)
    return redirect("journals:detail", pk=journal.pk)


def _request_sending(
    request: HubRequest, journal: Journal, *, send_valid_only: bool = False
) -> None:
    sending.request_sending(
        journal=journal,
        by=request.user,  # type: ignore[arg-type]
        now=timezone.now(),
        send_valid_only=send_valid_only,
    )


@require_POST
@needs(JOURNALS, Level.WRITE)
def withdraw(request: HubRequest, pk: int) -> HttpResponse:
    """Withdraw the batches of a journal that were not sent yet."""
    journal = _journal(request, pk)
    taken = sending.withdraw(journal=journal, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    if taken:
        messages.success(request, _("Withdrawn. Nothing is sent until Send is pressed again."))
    else:
        messages.warning(request, _("There was nothing left to withdraw."))
    return redirect("journals:detail", pk=journal.pk)


@require_POST
@needs(JOURNALS, Level.READ)
def check(request: HubRequest, pk: int) -> HttpResponse:
    """Ask a worker to check the journal against the live ledger, writing nothing (B2)."""
    journal = _journal(request, pk)
    background_request = request_in_background(
        organisation=request.organisation,
        kind="journals.check",
        by=request.user,
        params={"journal_id": journal.pk},
    )
    response = redirect("journals:detail", pk=journal.pk)
    response["Location"] += f"?check={background_request.pk}#check"
    return response


@require_GET
@needs(JOURNALS, Level.READ)
def check_result(request: HubRequest, pk: int, background_request_pk: int) -> HttpResponse:
    """Show what the dry run found, or that it still runs."""
    journal = _journal(request, pk)
    found = _check(request, journal, str(background_request_pk))
    if found is None:
        raise Http404
    return render(request, "journals/_check.html", {"journal": journal, "check": found})


@require_POST
@needs(JOURNALS, Level.WRITE)
def decide(request: HubRequest, pk: int) -> HttpResponse:
    """Record what a person found in the ledger about a unknown batch."""
    batch = _batch(request, pk)
    number = request.POST.get("other_number", "").strip() or request.POST.get("number", "")
    try:
        deciding.decide(
            batch=batch,
            choice=request.POST.get("choice", ""),
            number=number.strip()[:40],
            reason=request.POST.get("reason", "").strip()[:200],
            by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
    except ConnectorError as refusal:
        return _show(
            request,
            batch.journal,
            refusal=shown_refusal(refusal, company_id=batch.journal.company_id),
        )
    except ValueError:
        messages.error(request, _("Choose one of the answers; a batch needs its number."))
    return redirect("journals:detail", pk=batch.journal_id)


@require_GET
@needs(JOURNALS, Level.READ)
def export(request: HubRequest, pk: int, file_format: str) -> HttpResponse:
    """Give the exact content of a batch as a file (S12)."""
    batch = _batch(request, pk)
    kind, write = _FORMATS[file_format]
    exact = content.content_of(batch, journal=batch.journal, now=timezone.now())
    if exact is None:
        messages.error(request, _("The batch cannot be planned yet; the journal's page says why."))
        return redirect("journals:detail", pk=batch.journal_id)
    trail.record(
        organisation=request.organisation,
        action="batch.exported",
        subject=batch,
        user=request.user,
        details={"format": file_format},
    )
    exported = exporting.Exported(
        description=exact.description,
        period=exact.period,
        posting_period=exact.posting_period,
        posted_on=exact.posted_on,
        currency=exact.currency,
        branch=exact.branch,
        ledger=exact.ledger,
        lines=exact.lines,
    )
    name = f"{exact.reference} {exact.period}.{file_format}"
    response = HttpResponse(write(exported), content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
