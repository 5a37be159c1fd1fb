"""Addresses for machines: is the process alive, and is the hub ready for work."""

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Host, Installation
from accounts.operations import hosts
from integrationhub import figures, readiness
from integrationhub import metrics as exposition
from organisations.guards import operators_only
from organisations.models import User
from outbox import recovery


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer that this process lives. It asks nothing else, so that nothing else can fail it."""
    return JsonResponse({"alive": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer whether the hub is ready for work; and why not, to those who may read its figures."""
    findings = readiness.check_all(now=timezone.now())
    ready = all(finding.ok for finding in findings)
    answer: dict[str, Any] = {"ready": ready}
    if exposition.may_read(request):
        answer["checks"] = [asdict(finding) for finding in findings]
    return JsonResponse(answer, status=200 if ready else 503)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Give the operator's figures to Prometheus; others find no such page."""
    if not exposition.may_read(request):
        raise Http404
    return HttpResponse(exposition.text(now=timezone.now()), content_type=exposition.CONTENT_TYPE)


@require_safe
@never_cache
@operators_only
def operation(request: HttpRequest) -> HttpResponse:
    """Show the same figures to an operator, each with its age (B8)."""
    now = timezone.now()
    part = request.headers.get("HX-Request") == "true"
    return render(
        request,
        "integrationhub/_figures.html" if part else "integrationhub/operation.html",
        {
            "sections": figures.sections(now=now),
            "checks": readiness.check_all(now=now),
            "read_at": now,
            "hosts": [] if part else Host.objects.order_by("first_seen_at", "pk"),
            "evidence": Installation.objects.values_list("evidence", flat=True).first() or {},
            "this_host": hosts.surroundings().identity,
        },
    )


@require_POST
@operators_only
def confirm_host(request: HttpRequest, identity: str) -> HttpResponse:
    """Let a machine send, since the operator says that no copy of the installation is alive."""
    assert isinstance(request.user, User)  # noqa: S101 (the guard lets nobody else pass)
    if request.POST.get("no_other_copy_is_running") != "yes":
        messages.error(request, _("First confirm that no copy of this installation is running."))
        return redirect("operation")
    now = timezone.now()
    try:
        host = hosts.confirm(identity=identity, by=request.user, now=now)
    except hosts.NoSuchHost:
        messages.info(request, _("That machine is not waiting to be confirmed."))
        return redirect("operation")
    recovery.resume(now=now)
    text = _("{name} is confirmed. Each ledger is checked before anything is sent to it.")
    messages.success(request, text.format(name=host.name))
    return redirect("operation")


@require_POST
@operators_only
def forget_host(request: HttpRequest, identity: str) -> HttpResponse:
    """Take a machine off the list; if it still runs, it sends nothing until it is confirmed."""
    assert isinstance(request.user, User)  # noqa: S101 (the guard lets nobody else pass)
    try:
        hosts.forget(identity=identity, by=request.user)
    except hosts.NoSuchHost:
        messages.info(request, _("That machine is not on the list."))
    return redirect("operation")
