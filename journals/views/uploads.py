"""Files that come in: the page that takes them, and what became of those that came together."""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from journals.forms import UploadForm
from journals.queries import imports as queries
from journals.queries import uploads
from journals.queries.samples import sample_company, sample_period
from journals.rights import JOURNALS
from organisations.guards import needs
from organisations.middleware import HubRequest, person
from organisations.rules import Level
from sources.models import ImportedFile
from sources.operations import files, receiving
from sources.readers.sample_file import NAME, sample_file


@require_http_methods(["GET", "POST"])
@needs(JOURNALS, Level.READ)
def import_files(request: HubRequest) -> HttpResponse:
    """Show the files that came in last, and take others."""
    if request.method == "POST":
        return _upload(request)
    form = UploadForm(
        organisation=request.organisation,
        initial={"company": request.GET.get("company"), "together": uuid4().hex},
    )
    return _import_page(request, form)


@needs(JOURNALS, Level.WRITE)
def _upload(request: HubRequest) -> HttpResponse:
    one_of_many = _asked_by_script(request)
    form = UploadForm(
        request.POST, request.FILES, organisation=request.organisation, one_of_many=one_of_many
    )
    if not form.is_valid():
        if one_of_many:
            said = [str(words) for errors in form.errors.values() for words in errors]
            return JsonResponse({"why": " ".join(said)}, status=400)
        return _import_page(request, form, status=400)
    chosen = form.cleaned_data["upload"]
    if one_of_many:
        return JsonResponse({"file": _take(request, form, chosen[0]).pk}, status=201)
    if len(chosen) > 1:
        taken = [_take(request, form, upload).pk for upload in chosen]
        return redirect(uploads.address_of(taken))
    try:
        file = _receive(request, form, chosen[0])
    except files.ImportRefused as refused:
        form.add_error("upload", str(refused))
        return _import_page(request, form, status=413)
    return redirect("journals:imported_file", pk=file.pk)


@require_POST
@needs(JOURNALS, Level.WRITE)
def import_sample(request: HubRequest) -> HttpResponse:
    """Import the sample file of the demo company, as if it had been dropped on the page."""
    company = sample_company(request.organisation)
    if company is None:
        raise Http404
    period = sample_period(company)
    file = receiving.receive(
        organisation=request.organisation,
        name=NAME.format(period=period),
        chunks=[sample_file(period)],
        by=person(request),
        company=company,
        now=timezone.now(),
    )
    return redirect("journals:imported_file", pk=file.pk)


def _take(request: HubRequest, form: UploadForm, upload: "UploadedFile[Any]") -> ImportedFile:
    """Return the row of a file that came with others, also where it is turned away."""
    try:
        return _receive(request, form, upload)
    except files.ImportRefused:
        return receiving.turn_away(
            organisation=request.organisation,
            name=upload.name or "",
            size=upload.size or 0,
            by=person(request),
            now=timezone.now(),
            together=form.cleaned_data["together"],
        )


def _receive(request: HubRequest, form: UploadForm, upload: "UploadedFile[Any]") -> ImportedFile:
    return receiving.receive(
        organisation=request.organisation,
        name=upload.name or "",
        chunks=upload.chunks(),
        by=person(request),
        company=form.cleaned_data["company"],
        encoding=form.cleaned_data["encoding"],
        now=timezone.now(),
        together=form.cleaned_data["together"],
    )


def _import_page(request: HubRequest, form: UploadForm, *, status: int = 200) -> HttpResponse:
    max_bytes = receiving.limits().max_bytes
    context = {
        "form": form,
        "rows": queries.recent_files(request.organisation),
        "may_import": request.membership.role.allows(JOURNALS, Level.WRITE),
        "max_bytes": max_bytes,
        "limit_mb": max_bytes // 1_000_000,
        "most_files": uploads.MOST_FILES,
        "most_in_one_request": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        "uploaded_url": uploads.address_of([]),
    }
    return render(request, "journals/imports/import.html", context, status=status)


@require_GET
@needs(JOURNALS, Level.READ)
def uploaded(request: HubRequest) -> HttpResponse:
    """Show what became of each of the files that came in together."""
    page = uploads.uploaded_together(
        request.organisation,
        files=request.GET.get("files", ""),
        number=request.GET.get("page", "1"),
    )
    part = "_uploaded" if _asked_by_script(request) else "uploaded"
    return render(request, f"journals/imports/{part}.html", {"page": page})


def _asked_by_script(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
