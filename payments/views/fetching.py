"""Fetching for one client and for many, and what became of it (S18, S19)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connectors.errors import ConnectorError
from organisations.guards import needs
from organisations.middleware import HubRequest
from organisations.rules import Level
from payments.models import FetchGroup, FetchRun, InvoiceClient
from payments.operations import fetching, marking
from payments.operations.rights import integration_of
from payments.queries import invoices, payments, runs, waits
from payments.rights import PAYMENTS_IMPORT, PAYMENTS_OVERVIEW
from payments.views.common import active, member, number, person, reader, show, tabs, tell
from payments.views.overview import client_named


@require_POST
@member
@needs(PAYMENTS_OVERVIEW, Level.WRITE)
def fetch(request: HubRequest, pk: int) -> HttpResponse:
    """Fetch the payments of one client (S18)."""
    client = client_named(request, pk)
    try:
        run = fetching.request_fetch(
            client=client,
            by=person(request),
            now=timezone.now(),
            full=request.POST.get("full") == "yes",
        )
    except ConnectorError as refusal:
        tell(request, refusal)
        return redirect("payments:client", pk=pk)
    return redirect("payments:run", pk=run.pk)


@require_http_methods(["GET", "POST"])
@active
@member
@needs(PAYMENTS_IMPORT, Level.WRITE)
def import_payments(request: HubRequest) -> HttpResponse:
    """Fetch the payments of many clients: File, Import, Payments from Visma Business (S19)."""
    clients = InvoiceClient.objects.of(request.organisation).select_related(
        "organisation", "source", "target"
    )
    if request.method == "POST":
        chosen = clients.order_by("number", "pk")
        if request.POST.get("which") != "all":
            wanted = [n for text in request.POST.getlist("client") if (n := number(text))]
            chosen = chosen.filter(pk__in=wanted[:500])
        found = list(chosen)
        if not found:
            messages.warning(request, _("Choose at least one invoice client first."))
            return redirect("payments:import")
        group = fetching.request_fetch_of_many(
            organisation=request.organisation,
            clients=found,
            by=person(request),
            now=timezone.now(),
        )
        return redirect("payments:group", pk=group.pk)
    context = {
        "tabs": tabs(request, "import"),
        "page": invoices.client_rows(
            request.organisation,
            integration_of(request.organisation),
            search=request.GET.get("q", "").strip()[:80],
            page=request.GET.get("page", "1"),
        ),
        "search": request.GET.get("q", "").strip()[:80],
        "groups": FetchGroup.objects.of(request.organisation)
        .select_related("requested_by")
        .order_by("-created_at", "-pk")[:5],
    }
    return show(request, "payments/import.html", context)


@require_GET
@reader
def group(request: HubRequest, pk: int) -> HttpResponse:
    """Show what a press for many did, client by client."""
    one = get_object_or_404(FetchGroup.objects.of(request.organisation), pk=pk)
    page = runs.entries(one, page=request.GET.get("page", "1"))
    running = any(row.run is not None and not row.run.is_over for row in page.object_list)
    context = {"group": one, "page": page, "running": running}
    part = "HX-Request" in request.headers
    return show(request, "payments/_group.html" if part else "payments/group.html", context)


def _run(request: HubRequest, pk: int) -> FetchRun:
    found: FetchRun = get_object_or_404(
        FetchRun.objects.of(request.organisation).select_related(
            "client__source", "client__target", "organisation", "requested_by"
        ),
        pk=pk,
    )
    return found


@require_GET
@reader
def run(request: HubRequest, pk: int) -> HttpResponse:
    """Show one run, live while it goes on; each number opens its list."""
    one, now = _run(request, pk), timezone.now()
    # Asked first: a page that follows nothing any more must not keep figures from before that.
    going = runs.still_going(one, now=now) if one.is_over else 0
    context = {
        "run": one,
        "client": one.client,
        "figures": runs.figures(one),
        "agrees": one.agrees,
        "accounts": runs.accounts_that_stop(one.client, now=now) if going else [],
        "unread": runs.unread_of(one),
        "trouble": runs.trouble_of(one),
        "to_match": invoices.unmatched_counts([one.client_id]).get(one.client_id, 0)
        if one.is_over
        else 0,
        "going": going,
        "phase": FetchRun.Phase(one.phase).label,
        "failure": waits.run_failure(one),
        "wait": waits.run_wait(one, now=now),
    }
    part = "HX-Request" in request.headers
    return show(request, "payments/_run.html" if part else "payments/run.html", context)


@require_GET
@reader
def run_list(request: HubRequest, pk: int, name: str) -> HttpResponse:
    """Show the payments, or the skipped rows, behind one number of a run."""
    one = _run(request, pk)
    page_number = request.GET.get("page", "1")
    context: dict[str, Any] = {"run": one, "client": one.client}
    if name == "skipped":
        context["page"] = runs.skipped_rows(one, page=page_number)
        context["total"] = payments.sum_of(one.skipped)
        return show(request, "payments/skipped.html", context)
    if name not in runs.LISTS:
        raise Http404
    listed = runs.run_list(one, name)
    context["page"] = payments.paged(listed, page=page_number)
    context["total"], context["name"] = payments.sum_of(listed), name
    context["title"] = runs.list_title(one, name)
    return show(request, "payments/run_list.html", context)


@require_POST
@member
def mark_again(request: HubRequest, pk: int) -> HttpResponse:
    """Try the refused marks of the run's client again; nothing else is done again."""
    one = _run(request, pk)
    count = marking.try_again(client=one.client, by=person(request), now=timezone.now())
    words = ngettext("%(n)s mark is tried again.", "%(n)s marks are tried again.", count)
    messages.success(request, words % {"n": count})
    return redirect("payments:run", pk=pk)


@require_POST
@member
def cancel(request: HubRequest, pk: int) -> HttpResponse:
    """Stop a run at its next page."""
    one = _run(request, pk)
    if fetching.cancel(run=one, by=person(request), now=timezone.now()):
        messages.success(
            request, _("The run stops at its next page; what it has registered is kept.")
        )
    return redirect("payments:run", pk=pk)
