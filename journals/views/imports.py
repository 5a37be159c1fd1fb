"""One file that came in: how far its reading is, and what a person decides about it."""

from pathlib import Path

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from connectors.bounds import row_number
from journals.forms import AnotherRunForm, ColumnsForm, CompanyForm, RunForm
from journals.models import Journal
from journals.operations import importing
from journals.queries import imports as queries
from journals.queries.readings import reading_url
from journals.queries.uploads import address_of_companions
from journals.queries.which_run import which_run
from journals.rights import JOURNALS
from organisations.guards import needs
from organisations.middleware import HubRequest
from organisations.models import User
from organisations.rules import Level
from sources.models import ImportedFile
from sources.operations import deciding, files, readings

State = ImportedFile.State


@require_GET
@needs(JOURNALS, Level.READ)
def imported_file(request: HubRequest, pk: int) -> HttpResponse:
    """Show what was read of a file, and what a person must decide."""
    return _file_page(request, _file(request, pk))


@require_GET
@needs(JOURNALS, Level.READ)
def progress(request: HubRequest, pk: int) -> HttpResponse:
    """Show how far the reading is; when it is over, let the page come again."""
    page = queries.file_page(_file(request, pk))
    response = render(request, "journals/imports/_progress.html", {"page": page})
    if not page.reading:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@needs(JOURNALS, Level.WRITE)
def decide(request: HubRequest, pk: int) -> HttpResponse:
    """Do what the person chose about a file that waits."""
    file = _file(request, pk)
    now, by = timezone.now(), _person(request)
    try:
        match request.POST.get("action"):
            case "columns" if file.state == State.NEEDS_COLUMNS:
                columns = ColumnsForm(
                    request.POST,
                    suggestion=file.head["suggestion"],
                    problems=queries.column_problems(file),
                )
                if not columns.is_valid():
                    return _file_page(request, file, columns=columns, status=400)
                deciding.confirm_columns(
                    file=file,
                    settings=columns.settings(),
                    name=columns.cleaned_data["name"],
                    by=by,
                    now=now,
                )
            case "company":
                company = CompanyForm(request.POST, file=file)
                if not company.is_valid():
                    return _file_page(request, file, company=company, status=400)
                chosen = company.cleaned_data["company"]
                deciding.choose_company(file=file, company=chosen, by=by, now=now)
            case "run":
                run = RunForm(request.POST)
                if not run.is_valid():
                    return _file_page(request, file, run=run, status=400)
                deciding.give_run(file=file, run=run.cleaned_data["run"], by=by, now=now)
            case "confirm":
                deciding.confirm(file=file, by=by, now=now)
            case "another_run":
                run = AnotherRunForm(request.POST)
                if not run.is_valid():
                    return _file_page(request, file, run=run, status=400)
                name = run.cleaned_data["run"]
                importing.import_as_another_run(file=file, run=name, by=by, now=now)
            case "take":
                importing.decide(file=file, take=True, by=by, now=now)
            case "keep":
                importing.decide(file=file, take=False, by=by, now=now)
            case "discard":
                deciding.throw_away(file=file, by=by, now=now)
            case None if (other := _other_journal(request)) is not None:
                importing.compare_with(file=file, journal=other, now=now)
            case _:
                messages.error(request, _("This has already been decided. Nothing was changed."))
    except files.ImportRefused as refused:
        messages.error(request, str(refused))
    return redirect("journals:imported_file", pk=file.pk)


def _file_page(
    request: HubRequest,
    file: ImportedFile,
    *,
    columns: ColumnsForm | None = None,
    company: CompanyForm | None = None,
    run: RunForm | None = None,
    status: int = 200,
) -> HttpResponse:
    page = queries.file_page(file)
    context = {
        "page": page,
        "state": file.state,
        "may_import": _may_import(request),
        "reading_url": reading_url(file.company),
        "companions_url": address_of_companions(file),
        "changes": queries.changes(file, number=request.GET.get("page", "1")),
    }
    if file.state == State.NEEDS_COLUMNS:
        suggestion = file.head["suggestion"]
        name = (
            file.source.name
            if file.source
            else readings.free_name(request.organisation, Path(file.name).stem)
        )
        context["columns"] = columns or ColumnsForm(
            suggestion=suggestion,
            problems=queries.column_problems(file),
            initial={"name": name},
        )
        context["suggestion"] = suggestion
    elif file.state == State.NEEDS_COMPANY:
        context["company_form"] = company or CompanyForm(file=file)
    elif (which := which_run(file)) is not None:
        context["which"], context["sides"] = which, (which.before, which.now)
        context["run_form"] = run or AnotherRunForm(initial={"run": which.suggested})
    elif file.state == State.NEEDS_RUN:
        context["run_form"] = run or RunForm()
    return render(request, "journals/imports/file.html", context, status=status)


def _other_journal(request: HubRequest) -> Journal | None:
    chosen = row_number(request.POST.get("against"))
    if chosen is None:
        return None
    found: Journal | None = Journal.objects.of(request.organisation).filter(pk=chosen).first()
    return found


def _file(request: HubRequest, pk: int) -> ImportedFile:
    files = ImportedFile.objects.of(request.organisation).select_related(
        "organisation", "company", "source", "of_journal__journal__content"
    )
    file: ImportedFile = get_object_or_404(files, pk=pk)
    return file


def _may_import(request: HubRequest) -> bool:
    return request.membership.role.allows(JOURNALS, Level.WRITE)


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
