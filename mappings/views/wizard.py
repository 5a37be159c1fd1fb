"""
The wizard: one page per step, a draft in the session, one mapping at the end.

The web process calls nobody: after the administration is chosen a worker reads its ledger, and
the page waits for that background request.
"""

from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Connection
from accounts.rights import CONNECTIONS
from background.models import BackgroundRequest
from background.operations import TooManyChecks
from background.queries import request_failure
from connectors.base import LedgerFacts
from connectors.bounds import row_number
from mappings.forms import steps
from mappings.models import Mapping
from mappings.operations.checking import request_check, request_reading
from mappings.operations.ledger import stored_facts
from mappings.operations.saving import (
    AlreadyMapped,
    ConnectionNotAuthorised,
    FirstPeriodMissing,
    FirstPeriodNeedsReason,
    MappingChanged,
    MappingSettings,
    change_mapping,
    create_mapping,
)
from mappings.queries import offered_companies, suggested_pair
from mappings.sources import FirstPeriodEffect, codes_seen, first_period_effect
from mappings.views.meanwhile import pairs_of, shown_in_draft, take_in
from organisations.guards import needs
from organisations.meanwhile import Meanwhile
from organisations.middleware import HubRequest
from organisations.models import Company
from organisations.rules import Level
from ui.failures import words

DRAFT = "mapping_draft"
STEPS = ("company", "administration", "place", "dimensions", "patterns", "policy", "review")
_READ_FIRST = ("place", "dimensions", "patterns", "policy", "review")


def _titles() -> dict[str, str]:
    return {
        "company": _("Company"),
        "administration": _("Administration"),
        "place": _("Branch and ledger"),
        "dimensions": _("Dimensions"),
        "patterns": _("Account formats"),
        "policy": _("Sending"),
        "review": _("Check"),
    }


@require_GET
@needs(CONNECTIONS, Level.WRITE)
def new(request: HubRequest) -> HttpResponse:
    """Begin a new mapping; the company may be given by the page that leads here."""
    draft: dict[str, Any] = {"settings": {}}
    request.session[DRAFT] = draft
    given = row_number(request.GET.get("company"))
    if given is not None:
        company = get_object_or_404(offered_companies(request.organisation), pk=given)
        draft["company"] = company.pk
        return redirect("mappings:step", step="administration")
    pair = suggested_pair(request.organisation) if request.GET.get("suggest") else None
    if pair is not None:
        company, connection = pair
        draft["company"], draft["connection"] = company.pk, connection.pk
        draft["background_request"] = _read_ledger(request, connection).pk
        return redirect("mappings:reading")
    return redirect("mappings:step", step="company")


@require_GET
@needs(CONNECTIONS, Level.WRITE)
def edit(request: HubRequest, pk: int) -> HttpResponse:
    """Begin a change of a mapping: the same steps, filled in, without company and account."""
    mapping = get_object_or_404(Mapping.objects.of(request.organisation), pk=pk)
    settings = MappingSettings.of(mapping)
    draft: dict[str, Any] = {
        "mapping": mapping.pk,
        "company": mapping.company_id,
        "connection": mapping.connection_id,
        **shown_in_draft(settings),
    }
    draft["settings"] = dict(draft["shown"])
    draft["background_request"] = _read_ledger(request, mapping.connection).pk
    request.session[DRAFT] = draft
    return redirect("mappings:reading")


@require_http_methods(["GET", "POST"])
@needs(CONNECTIONS, Level.WRITE)
def reading(request: HubRequest) -> HttpResponse:
    """Wait until a worker has read the ledger; then go on by itself."""
    draft = _draft(request)
    connection = _connection(request, draft)
    if connection is None:
        return redirect("mappings:step", step="administration")
    if request.method == "POST":
        draft["background_request"] = _read_ledger(request, connection).pk
        if (asking := request.POST.get("step", "")) in _READ_FIRST:
            draft["asking"] = asking
        request.session[DRAFT] = draft
        return redirect("mappings:reading")
    mine = BackgroundRequest.objects.of(request.organisation)
    background_request = mine.filter(pk=draft.get("background_request", 0)).first()
    if background_request is None:
        # A draft that lay longer than requests are kept: what was read then is read again.
        background_request = _read_ledger(request, connection)
        draft["background_request"] = background_request.pk
        request.session[DRAFT] = draft
    if background_request.state == BackgroundRequest.State.DONE:
        asking = draft.pop("asking", "place")
        request.session[DRAFT] = draft
        return _go_on(request, reverse("mappings:step", args=[asking]))
    failure = request_failure(background_request)
    context = {
        "running": not background_request.is_finished,
        "failure": failure,
        "connection": connection,
        **_around("administration", draft),
    }
    return render(request, "mappings/reading.html", context)


@require_http_methods(["GET", "POST"])
@needs(CONNECTIONS, Level.WRITE)
def step(request: HubRequest, step: str) -> HttpResponse:
    """Show one step, or take its answers and go to the next."""
    if step not in STEPS:
        raise Http404
    draft = _draft(request)
    company = _company(request, draft)
    connection = _connection(request, draft)
    if step != "company" and company is None:
        return redirect("mappings:step", step="company")
    facts = LedgerFacts(administration=None)  # type: ignore[arg-type]
    read_at = None
    if step in _READ_FIRST:
        if connection is None:
            return redirect("mappings:step", step="administration")
        stored = stored_facts(connection)
        if stored is None:
            return redirect("mappings:reading")
        facts, read_at = stored
    if "mapping" in draft and step in ("company", "administration"):
        return redirect("mappings:step", step="place")
    if step == "review":
        return _review(request, draft, cast(Company, company), cast(Connection, connection))
    form = _form(request, step, draft=draft, company=company, connection=connection, facts=facts)
    if step == "place" and not form.fields:
        # One branch and one ledger: nothing to choose, and nothing to send.
        draft["settings"] |= {"branch": "", "ledger": ""}
        request.session[DRAFT] = draft
        return redirect("mappings:step", step="dimensions")
    if request.method == "POST" and form.is_valid():
        return _take(request, step, draft, form)
    context = {
        "form": form,
        "step": step,
        "company": company,
        "connection": connection,
        "facts": facts,
        # What is refused by a reading may have been put right there since.
        "read_at": read_at if form.errors else None,
        "dimensions": [item.description.strip() for item in facts.dimensions],
        **_around(step, draft),
    }
    return render(request, "mappings/step.html", context)


def _form(
    request: HttpRequest,
    step: str,
    *,
    draft: dict[str, Any],
    company: Company | None,
    connection: Connection | None,
    facts: LedgerFacts,
) -> Form:
    data = request.POST if request.method == "POST" else None
    settings = draft["settings"]
    organisation = cast(HubRequest, request).organisation
    if step == "company":
        initial = {"company": draft.get("company")}
        return steps.CompanyForm(data, organisation=organisation, initial=initial)
    if step == "administration":
        initial = {"connection": draft.get("connection")}
        return steps.AdministrationForm(data, company=cast(Company, company), initial=initial)
    if step == "place":
        return steps.PlaceForm(data, facts=facts, initial=settings)
    if step == "dimensions":
        initial = steps.DimensionsForm.initial_of(
            settings, dimensions=facts.dimensions, seen=codes_seen(Mapping(company=company))
        )
        return steps.DimensionsForm(data, dimensions=facts.dimensions, initial=initial)
    if step == "patterns":
        return steps.PatternsForm(data, accounts=facts.accounts, initial=settings)
    return steps.PolicyForm(
        data,
        facts=facts,
        connection=cast(Connection, connection),
        initial=steps.PolicyForm.initial_of(settings),
    )


def _take(request: HubRequest, step: str, draft: dict[str, Any], form: Form) -> HttpResponse:
    values = form.cleaned_data
    if step == "company":
        draft["company"] = values["company"].pk
    elif step == "administration":
        connection = values["connection"]
        if draft.get("connection") != connection.pk:
            # Another administration has other dimensions, branches and accounts.
            draft["settings"] = {}
        draft["connection"] = connection.pk
        draft["background_request"] = _read_ledger(request, connection).pk
    else:
        draft["settings"] |= values
    request.session[DRAFT] = draft
    if step == "administration":
        return redirect("mappings:reading")
    return redirect("mappings:step", step=STEPS[STEPS.index(step) + 1])


def _review(
    request: HubRequest, draft: dict[str, Any], company: Company, connection: Connection
) -> HttpResponse:
    # Rule and first period have no default: without them nothing is saved.
    if not all(draft["settings"].get(name) for name in ("closed_period_rule", "first_period")):
        return redirect("mappings:step", step="policy")
    settings = MappingSettings.from_draft(draft["settings"])
    refused = ""
    meanwhile: Meanwhile | None = None
    change = _first_period_change(request, draft, settings)
    reason = change.form if change else None
    if request.method == "POST" and (reason is None or reason.is_valid()):
        who: dict[str, Any] = {"by": request.user, "now": timezone.now()}
        try:
            if "mapping" in draft:
                mapping = get_object_or_404(
                    Mapping.objects.of(request.organisation), pk=draft["mapping"]
                )
                why = reason.cleaned_data["reason"] if reason is not None else ""
                shown = MappingSettings.from_draft(draft["shown"])
                change_mapping(mapping=mapping, settings=settings, reason=why, shown=shown, **who)
            else:
                mapping = create_mapping(
                    company=company, connection=connection, settings=settings, **who
                )
        except (
            AlreadyMapped,
            ConnectionNotAuthorised,
            FirstPeriodMissing,
            FirstPeriodNeedsReason,
        ) as refusal:
            refused = (
                f"{words(refusal.summary, refusal.params)} {words(refusal.remedy, refusal.params)}"
            )
        except MappingChanged:
            meanwhile = take_in(draft, mapping, settings)
            request.session[DRAFT] = draft
            settings = MappingSettings.from_draft(draft["settings"])
            change = _first_period_change(request, draft, settings)
        else:
            del request.session[DRAFT]
            return _check_saved(request, mapping)
    context = {
        "company": company,
        "connection": connection,
        "settings": settings,
        "pairs": pairs_of(settings, company, connection),
        "refused": refused,
        "change": change,
        "meanwhile": meanwhile,
        **_around("review", draft),
    }
    status = 409 if meanwhile else 200
    return render(request, "mappings/review.html", context, status=status)


def _check_saved(request: HubRequest, mapping: Mapping) -> HttpResponse:
    """Let a worker check what was saved, and wait for it on the mapping's page."""
    page = reverse("mappings:detail", args=[mapping.pk])
    try:
        background_request = request_check(mapping=mapping, by=request.membership.user)
    except TooManyChecks as many:
        messages.success(request, _("The mapping is saved."))
        messages.warning(
            request,
            _("It is not checked yet: you have started many checks. Try again in %(seconds)d s.")
            % {"seconds": many.seconds},
        )
        return redirect(page)
    messages.success(request, _("The mapping is saved. It is being checked now."))
    return redirect(f"{page}?background_request={background_request.pk}")


@dataclass(frozen=True, slots=True)
class _FirstPeriodChange:
    """Another first period: what it changes, and the form that asks why."""

    before: str
    after: str
    effect: FirstPeriodEffect
    form: steps.ReasonForm


def _first_period_change(
    request: HubRequest, draft: dict[str, Any], settings: MappingSettings
) -> _FirstPeriodChange | None:
    """Return what a person is asked when a mapping that has a first period gets another one."""
    mapping = Mapping.objects.of(request.organisation).filter(pk=draft.get("mapping", 0)).first()
    if mapping is None or mapping.first_period in ("", settings.first_period):
        return None
    return _FirstPeriodChange(
        before=mapping.first_period,
        after=settings.first_period,
        effect=first_period_effect(mapping, settings.first_period),
        form=steps.ReasonForm(request.POST if request.method == "POST" else None),
    )


def _around(step: str, draft: dict[str, Any]) -> dict[str, Any]:
    titles = _titles()
    return {
        "steps": [titles[name] for name in STEPS],
        "place": STEPS.index(step) + 1,
        "step_title": titles[step],
        "back": _back(step, draft),
        "editing": "mapping" in draft,
    }


def _back(step: str, draft: dict[str, Any]) -> str:
    first = "dimensions" if "mapping" in draft else "company"
    if step in (first, "company"):
        return reverse("mappings:list")
    previous = STEPS[STEPS.index(step) - 1]
    if previous == "place" and not draft["settings"].get("branch"):
        previous = "administration"
    if "mapping" in draft and previous == "administration":
        return reverse("mappings:detail", args=[draft["mapping"]])
    return reverse("mappings:step", args=[previous])


def _draft(request: HttpRequest) -> dict[str, Any]:
    draft: dict[str, Any] = request.session.get(DRAFT) or {"settings": {}}
    return draft


def _company(request: HubRequest, draft: dict[str, Any]) -> Company | None:
    found: Company | None = (
        Company.objects.of(request.organisation).filter(pk=draft.get("company")).first()
    )
    return found


def _connection(request: HubRequest, draft: dict[str, Any]) -> Connection | None:
    found: Connection | None = (
        Connection.objects.of(request.organisation).filter(pk=draft.get("connection")).first()
    )
    return found


def _read_ledger(request: HubRequest, connection: Connection) -> BackgroundRequest:
    return request_reading(connection=connection, by=request.membership.user)


def _go_on(request: HttpRequest, url: str) -> HttpResponse:
    if "HX-Request" not in request.headers:
        return HttpResponseRedirect(url)
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = url
    return answer
