"""The integration is activated, then set; invoice clients, accounts (S14–S17)."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Connection
from accounts.operations import connecting
from accounts.pages import connection_row
from accounts.views import connections
from audit import trail
from background.models import BackgroundRequest
from background.operations import TooManyChecks
from background.queries import asked, request_failure
from connectors.errors import ConnectorError
from organisations import rules
from organisations.guards import View, needs, one_at_a_time
from organisations.middleware import HubRequest
from organisations.pages import paged
from organisations.rules import Level
from payments.forms import (
    AccountForm,
    ClientForm,
    SettingsForm,
    UploadForm,
    payment_vendors,
)
from payments.models import InvoiceClient, LearntPrefix
from payments.operations import (
    activating,
    choices,
    client_files,
    clients,
    setup_checks,
    start_dates,
)
from payments.operations.rights import integration_of
from payments.queries.failures import failure_row_of
from payments.queries.wording import finding_words
from payments.views.common import active, may_change, member, person, reader, show, tabs
from payments.views.overview import client_named
from ui import sheets


def _administrator(view: View) -> View:
    """Let settings be changed by who may use the integration, and change the organisation."""
    return member(needs(rules.ORGANISATION, Level.WRITE)(view))


_LARGEST_FILE = 2_000_000
_MOST_SHOWN = 20
_GRAVEST_FIRST = {"problem": 0, "warning": 1}


@require_http_methods(["GET", "POST"])
@reader
@one_at_a_time
def settings(request: HubRequest) -> HttpResponse:
    """Show how to activate the integration; its settings once it is active (S14)."""
    integration = integration_of(request.organisation)
    if request.method == "POST":
        return _change(request)
    if request.headers.get("HX-Target") == "accounts" and integration.is_active:
        return show(request, "payments/_accounts.html", _accounts_context(request))
    return _settings_page(request, SettingsForm(instance=integration))


@_administrator
def _change(request: HubRequest) -> HttpResponse:
    if not integration_of(request.organisation).is_active:
        return redirect("payments:settings")
    integration = integration_of(request.organisation)
    form = SettingsForm(request.POST, instance=integration)
    if form.changed_meanwhile(integration, request.organisation):
        return _settings_page(request, form, status=409)
    if not form.is_valid():
        return _settings_page(request, form, status=400)
    try:
        activating.change_settings(
            organisation=request.organisation,
            by=person(request),
            now=timezone.now(),
            **form.cleaned_data,
        )
    except start_dates.EarlierStart as earlier:
        _ask_about_earlier(request, form, earlier, None)
        return _settings_page(request, form, status=409)
    except choices.ClientRefused as refused:
        form.add_error(refused.field, str(refused))
        return _settings_page(request, form, status=400)
    messages.success(request, _("The settings are saved."))
    return redirect("payments:settings")


def _ask_about_earlier(
    request: HubRequest,
    form: SettingsForm | ClientForm,
    earlier: start_dates.EarlierStart,
    client: InvoiceClient | None,
) -> None:
    """Let the form ask, and a worker count how many payments would come in addition."""
    form.add_error(earlier.field, str(earlier))
    try:
        background_request = start_dates.request_count(
            organisation=request.organisation, earlier=earlier, client=client, by=person(request)
        )
    except TooManyChecks:
        form.ask_about_earlier(count=None)  # what was typed is worth more than the number
    else:
        form.ask_about_earlier(count=background_request.pk)


@require_GET
@_administrator
def earlier_count(request: HubRequest, pk: int) -> HttpResponse:
    """Show how many payments an earlier start date would bring, or that they are being counted."""
    mine = BackgroundRequest.objects.of(request.organisation).filter(kind=start_dates.COUNT)
    background_request = get_object_or_404(mine, pk=pk)
    context = {
        "pk": background_request.pk,
        "running": not background_request.is_finished,
        "failure": request_failure(background_request),
        "found": background_request.result,
    }
    part = "HX-Request" in request.headers
    return show(request, "payments/_earlier.html" if part else "payments/earlier.html", context)


def _settings_page(request: HubRequest, form: SettingsForm, *, status: int = 200) -> HttpResponse:
    integration = integration_of(request.organisation)
    context = {
        "tabs": tabs(request, "settings") if integration.is_active else [],
        "integration": integration,
        "form": form,
        "may_change": may_change(request),
        "upload_form": UploadForm(),
    }
    if integration.is_active:
        context |= _accounts_context(request)
    return show(request, "payments/settings.html", context, status=status)


def _accounts_context(request: HubRequest) -> dict[str, Any]:
    """Return the accounts; the open page asks again while one is not authorised."""
    found = Connection.objects.of(request.organisation).filter(vendor__in=payment_vendors())
    here = paged(found.order_by("vendor", "name", "pk"), request.GET.get("accounts"))
    here.object_list = [connection_row(one) for one in here.object_list]
    return {
        "accounts": here,
        "waits": any(not row.authorised for row in here),
        "may_change": may_change(request),
    }


@require_POST
@_administrator
def activate(request: HubRequest) -> HttpResponse:
    """Activate the integration."""
    activating.activate(organisation=request.organisation, by=person(request), now=timezone.now())
    messages.success(request, _("The Visma Business integration is activated."))
    return redirect("payments:settings")


@require_POST
@_administrator
def deactivate(request: HubRequest) -> HttpResponse:
    """Switch the integration off; what is stored stays."""
    activating.deactivate(organisation=request.organisation, by=person(request))
    messages.success(request, _("The integration is switched off. Nothing was deleted."))
    return redirect("payments:settings")


# --- Invoice clients ------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@active
@_administrator
def new_client(request: HubRequest) -> HttpResponse:
    """Make an invoice client."""
    form = ClientForm(request.POST or None, organisation=request.organisation)
    if request.method == "POST" and form.is_valid():
        saved = _save(request, form, None)
        if saved is not None:
            return redirect("payments:client_settings", pk=saved.pk)
    return show(request, "payments/client_form.html", {"form": form})


def _save(
    request: HubRequest, form: ClientForm, client: InvoiceClient | None
) -> InvoiceClient | None:
    try:
        return clients.save_client(
            organisation=request.organisation,
            client=client,
            values=form.values(),
            by=person(request),
            earlier_confirmed=form.cleaned_data["earlier_confirmed"],
        )
    except start_dates.EarlierStart as earlier:
        _ask_about_earlier(request, form, earlier, client)
    except choices.ClientRefused as refused:
        form.add_error(refused.field, str(refused))
    except ConnectorError as refusal:
        form.add_error(None, failure_row_of(refusal).summary)
    return None


@require_http_methods(["GET", "POST"])
@reader
@one_at_a_time
def client_settings(request: HubRequest, pk: int) -> HttpResponse:
    """Show and change the settings of an invoice client, and what the last check found."""
    client = client_named(request, pk)
    if request.method == "POST":
        return _change_client(request, client)
    return _client_page(
        request, client, ClientForm(instance=client, organisation=request.organisation)
    )


@_administrator
def _change_client(request: HubRequest, client: InvoiceClient) -> HttpResponse:
    form = ClientForm(request.POST, instance=client, organisation=request.organisation)
    if form.changed_meanwhile(client, request.organisation):
        return _client_page(request, client, form, status=409)
    if form.is_valid() and _save(request, form, client_named(request, client.pk)) is not None:
        messages.success(request, _("The settings are saved."))
        return redirect("payments:client_settings", pk=client.pk)
    return _client_page(request, client_named(request, client.pk), form, status=400)


def _client_page(
    request: HubRequest, client: InvoiceClient, form: ClientForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "client": client,
        "form": form,
        "may_change": may_change(request),
        "here": request.get_full_path(),
        "asked": asked(
            request.organisation,
            request.GET.get("background_request"),
            kind=setup_checks.CHECK,
            client=client.pk,
        ),
        "findings": [
            {
                "summary": finding_words(one),
                "tone": {"problem": "bad", "warning": "warn"}.get(one.get("level", ""), "info"),
            }
            for one in sorted(
                client.setup.get("findings", ()),
                key=lambda one: _GRAVEST_FIRST.get(one.get("level", ""), len(_GRAVEST_FIRST)),
            )
        ],
        "types": client.setup.get("voucher_types", ()),
        "proposed": ", ".join(map(str, setup_checks.proposed_types(client))),
        "setup": client.setup,
        "prefixes": LearntPrefix.objects.filter(client=client)
        .select_related("learnt_by")
        .order_by("key", "side"),
    }
    if "HX-Request" in request.headers:
        return show(request, "payments/_check.html", context)
    return show(request, "payments/client_settings.html", context, status=status)


@require_POST
@_administrator
def check(request: HubRequest, pk: int) -> HttpResponse:
    """Let a worker look at the client's companies."""
    client = client_named(request, pk)
    background_request = setup_checks.request_check(client=client, by=person(request))
    response = redirect("payments:client_settings", pk=pk)
    response["Location"] += f"?background_request={background_request.pk}#check"
    return response


@require_GET
@active
def export_clients(request: HubRequest) -> HttpResponse:
    """Give all invoice clients as CSV; that it was taken is an entry of its own."""
    trail.record(
        organisation=request.organisation,
        action="invoice_client.exported",
        subject=request.organisation,
        user=person(request),
        details={"format": "csv"},
    )
    response = HttpResponse(client_files.as_csv(request.organisation), content_type=sheets.CSV_TYPE)
    response["Content-Disposition"] = 'attachment; filename="invoice-clients.csv"'
    return response


@require_POST
@active
@_administrator
def import_clients(request: HubRequest) -> HttpResponse:
    """Take invoice clients from a CSV file: all of them, or none if a line is bad."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid() or form.cleaned_data["upload"].size > _LARGEST_FILE:
        messages.error(request, _("Choose a CSV file of at most 2 MB."))
        return redirect("payments:settings")
    upload = form.cleaned_data["upload"]
    taken = client_files.take(
        organisation=request.organisation, content=upload.read(), by=person(request)
    )
    for bad in taken.bad[:_MOST_SHOWN]:
        words = _("%(file)s, line %(line)s, %(field)s “%(value)s”: %(reason)s")
        shown = {
            "line": bad.line,
            "field": bad.field,
            "value": bad.value[:80],
            "reason": bad.reason,
        }
        messages.error(request, words % {"file": upload.name, **shown})
    if more := len(taken.bad[_MOST_SHOWN:]):
        messages.error(request, _("And %(n)s more.") % {"n": more})
    if not taken.bad:
        messages.success(request, _("%(n)s invoice clients are saved.") % {"n": taken.saved})
    return redirect("payments:overview" if not taken.bad else "payments:settings")


# --- Accounts at the vendors ----------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@active
@_administrator
def new_account(request: HubRequest) -> HttpResponse:
    """Give access to one company at a vendor, and try it: by asking, or by a person's sign-in."""
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            account = connecting.create_connection(
                organisation=request.organisation,
                vendor=values["vendor"],
                name=values["name"],
                kind=values["kind"],
                tenant_id=values["tenant_id"].strip(),
                by=person(request),
            )
        except ConnectorError as refused:
            form.add_error("tenant_id", failure_row_of(refused).summary)
        else:
            if values["own_key"]:
                account.own_key = values["own_key"].strip()
                account.save(update_fields=["own_key"])
            return connections.start(request, account)
    return show(request, "payments/account_form.html", {"form": form})
