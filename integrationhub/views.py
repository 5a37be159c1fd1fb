"""Addresses for machines: is the process alive, and is the hub ready for work."""

from dataclasses import asdict

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.guards import operators_only
from integrationhub import figures, readiness
from integrationhub import metrics as exposition


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer that this process lives. It asks nothing else, so that nothing else can fail it."""
    return JsonResponse({"alive": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer whether the hub is ready for work, and if not, why."""
    findings = readiness.check_all(now=timezone.now())
    ready = all(finding.ok for finding in findings)
    return JsonResponse(
        {"ready": ready, "checks": [asdict(finding) for finding in findings]},
        status=200 if ready else 503,
    )


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
        },
    )
