"""
Visma.net accounts: the list (S1, S2); and of accounts at any vendor, the way there and back.

Who may change an account follows from its vendor; see
:mod:`accounts.uses`.
"""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts import queue
from accounts.forms import ConnectionForm
from accounts.guards import check_may_change_accounts
from accounts.models import Connection, SignInAttempt
from accounts.operations import connecting, grants, signing_in
from accounts.pages import (
    list_connections,
    waiting_words,
)
from accounts.rights import CONNECTIONS
from accounts.uses import use_of
from background.models import BackgroundRequest
from background.queries import request_failure
from connectors.errors import ConnectorError
from connectors.oauth.errors import (
    AnotherService,
    CodeExpired,
    SignInRefused,
    StateMismatch,
    callback_failure,
)
from connectors.registry import CONNECTORS, targets_of_journals
from organisations.guards import members_only, needs
from organisations.middleware import HubRequest
from organisations.rules import Level
from ui.failures import failure_row_of

VENDOR = min(targets_of_journals())
"""Whose accounts are made on this page; a second target of journals needs a choice in its form."""
SESSION_KEY = "sign_ins"
_REMEMBERED = 5


@require_GET
@needs(CONNECTIONS, Level.READ)
def connections(request: HubRequest) -> HttpResponse:
    """Show the accounts; asked by the open page itself, only the list (S4)."""
    search, state = request.GET.get("q", "").strip()[:80], request.GET.get("state", "")
    listed = list_connections(
        request.organisation, search=search, state=state, page=request.GET.get("page")
    )
    part = request.headers.get("HX-Target") == "connections"
    if part and request.GET.get("seen") == listed.seen:
        return HttpResponse(status=204)
    return render(
        request,
        "accounts/_connections.html" if part else "accounts/connections.html",
        {
            "rows": listed.rows,
            "broken": listed.broken,
            "waits": listed.waits,
            "states": listed.states,
            "seen": listed.seen,
            "search": search,
            "state": state,
            "filtered": bool(search or state),
            "kept": urlencode({"q": search, "state": state}),
            "may_change": request.membership.role.allows(CONNECTIONS, Level.WRITE),
        },
    )


@needs(CONNECTIONS, Level.WRITE)
def new_connection(request: HubRequest) -> HttpResponse:
    """Make an account that is not authorised yet (S2)."""
    form = ConnectionForm(request.POST or None, organisation=request.organisation, vendor=VENDOR)
    if request.method == "POST" and form.is_valid():
        try:
            made = connecting.create_connection(
                organisation=request.organisation,
                vendor=VENDOR,
                by=request.membership.user,
                **form.cleaned_data,
            )
        except grants.AlreadyConnected as refused:
            form.add_error("tenant_id", failure_row_of(refused).summary)
        else:
            if request.POST.get("then") == "sign_in":
                return start(request, made)
            return redirect("accounts:connections")
    return render(request, "accounts/connection_form.html", {"form": form})


@require_POST
@members_only
def authorise(request: HubRequest, pk: int) -> HttpResponse:
    """Begin a sign-in, or ask for a service's grant (S3)."""
    return start(request, _connection(request, pk))


def start(request: HubRequest, connection: Connection) -> HttpResponse:
    """Begin what authorises the account, and wait for it; the caller has checked the right."""
    user = request.membership.user
    if connection.kind != Connection.Kind.INTERACTIVE:
        return _wait(connecting.authorise_service(connection=connection, by=user))
    attempt, background_request = signing_in.begin_sign_in(
        connection=connection, by=user, language=get_language() or ""
    )
    # What binds the answer to this browser: another one's session does not hold this id.
    request.session[SESSION_KEY] = [*_attempts(request), attempt.pk][-_REMEMBERED:]
    return _wait(background_request)


@require_POST
@members_only
def sign_out_of_vendor(request: HubRequest, pk: int) -> HttpResponse:
    """End the person's session at the vendor, so that another company can be chosen (S5)."""
    connection = _connection(request, pk)
    return _wait(connecting.sign_out_of_vendor(connection=connection, by=request.membership.user))


@require_POST
@members_only
def disconnect(request: HubRequest, pk: int) -> HttpResponse:
    """Stop using the account and revoke its grant."""
    connection = _connection(request, pk)
    user = request.membership.user
    return _wait(connecting.disconnect(connection=connection, by=user, now=timezone.now()))


@require_POST
@members_only
def remove(request: HubRequest, pk: int) -> HttpResponse:
    """Remove an account that nothing uses."""
    connection = _connection(request, pk)
    vendor = connection.vendor
    try:
        connecting.remove_connection(connection=connection, by=request.membership.user)
    except connecting.StillInUse:
        messages.error(request, _(use_of(vendor).in_use))
    else:
        messages.success(request, _("The account was removed."))
    return redirect(use_of(vendor).page)


@never_cache
@require_GET
@members_only
def callback(request: HubRequest) -> HttpResponse:
    """Take the vendor's answer; only for a sign-in that this browser has begun."""
    now = timezone.now()
    # RFC 6749, 3.1: each at most once. Of two, whoever looks next might take the other one.
    said_twice = any(len(values) > 1 for _name, values in request.GET.lists())
    attempt = signing_in.find_attempt(
        state="" if said_twice else request.GET.get("state", ""),
        candidates=_attempts(request),
        user=request.membership.user,
        organisation=request.organisation,
        now=now,
    )
    if attempt is None:
        _check_may_change_some(request)
        return _failed(request, StateMismatch(vendor=CONNECTORS[VENDOR].name))
    check_may_change_accounts(request, attempt.connection.vendor)
    vendor = CONNECTORS[attempt.connection.vendor].name
    if not attempt.use(now=now):
        return _failed(request, CodeExpired(vendor=vendor), attempt.connection)
    issuer = request.GET.get("iss", "")
    try:
        signing_in.check_sender(attempt=attempt, issuer=issuer)
    except AnotherService as refused:
        # Before the error is read: it would be another service's, and so would its words.
        return _failed(request, refused, attempt.connection)
    if error := request.GET.get("error", ""):
        failure = callback_failure(
            vendor=vendor,
            error=error,
            description=request.GET.get("error_description", ""),
        )
        return _failed(request, failure, attempt.connection)
    code = request.GET.get("code", "")
    if not code:
        return _failed(request, SignInRefused(vendor=vendor), attempt.connection)
    return _wait(
        signing_in.finish_sign_in(
            attempt=attempt, code=code, issuer=issuer, by=request.membership.user
        )
    )


@never_cache
@require_GET
@members_only
def background_request(request: HubRequest, pk: int) -> HttpResponse:
    """Wait for a worker; then go where its answer leads."""
    mine = BackgroundRequest.objects.of(request.organisation).filter(
        kind__in=connecting.KINDS, requested_by=request.membership.user
    )
    asked: BackgroundRequest = get_object_or_404(mine, pk=pk)
    connection = (
        Connection.objects.of(request.organisation).filter(pk=asked.params["connection"]).first()
    )
    vendor = connection.vendor if connection else VENDOR
    check_may_change_accounts(request, vendor)
    if not asked.is_finished:
        part = request.headers.get("HX-Request") == "true"
        return render(
            request,
            "organisations/_waiting.html" if part else "organisations/waiting.html",
            {"words": waiting_words(asked), "waiting_url": request.path},
        )
    if (
        asked.state == BackgroundRequest.State.FAILED
        and request.headers.get("HX-Request") != "true"
    ):
        return render(
            request,
            "accounts/sign_in_failed.html",
            {
                "failure": request_failure(asked),
                "connection": connection,
                "back_url": _back(request, connection),
            },
        )
    here = asked.state == BackgroundRequest.State.FAILED or asked.kind == connecting.SIGN_OUT
    if asked.kind == connecting.SIGN_OUT and request.headers.get("HX-Request") != "true":
        # In a tab of its own: the vendor does not lead back here.
        return render(
            request,
            "organisations/sign_out_of_vendor.html",
            {
                "vendor_url": asked.result["url"],
                "connection": connection,
                "back_url": _back(request, connection),
            },
        )
    address = request.path if here else _leads_to(request, asked, connection, vendor=vendor)
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(address)
    return redirect(address)


def _leads_to(
    request: HubRequest, asked: BackgroundRequest, connection: Connection | None, *, vendor: str
) -> str:
    overview = _back(request, connection)
    if asked.kind == signing_in.BEGIN:
        attempt = SignInAttempt.objects.of(request.organisation).filter(
            pk=asked.params["attempt"], pk__in=_attempts(request)
        )
        found = attempt.first()
        return (signing_in.address_of(found) if found else "") or overview
    if asked.kind == connecting.DISCONNECT:
        if asked.result.get("revoked", True):
            messages.success(request, _(use_of(vendor).disconnected))
        else:
            messages.warning(
                request,
                _(
                    "The account is disconnected here, but Visma could not be notified. Remove "
                    "the hub's access there too."
                ),
            )
    else:
        company = asked.result.get("company", "")
        messages.success(request, _("Connected to {company}.").format(company=company))
    return overview


def _back(request: HubRequest, connection: Connection | None) -> str:
    """Return where it goes on: with the queue of sign-ins, if the account is one of it."""
    kept = request.session.get(queue.SESSION_KEY)
    if kept and connection and connection.pk in kept["accounts"]:
        return reverse("accounts:queue")
    return reverse(use_of(connection.vendor if connection else VENDOR).page)


def _attempts(request: HttpRequest) -> list[int]:
    held: list[int] = request.session.get(SESSION_KEY, [])
    return held


def _connection(request: HubRequest, pk: int) -> Connection:
    connection: Connection = get_object_or_404(Connection.objects.of(request.organisation), pk=pk)
    if connection.vendor not in CONNECTORS:
        raise Http404
    check_may_change_accounts(request, connection.vendor)
    return connection


def _check_may_change_some(request: HubRequest) -> None:
    """Let it pass if the person may change accounts at any vendor; else as for this page's."""
    role = request.membership.role
    for vendor in CONNECTORS:
        if all(role.allows(key, Level.WRITE) for key in use_of(vendor).rights):
            return
    check_may_change_accounts(request, VENDOR)


def _wait(asked: BackgroundRequest) -> HttpResponse:
    return redirect("accounts:background_request", pk=asked.pk)


def _failed(
    request: HubRequest, failure: ConnectorError, connection: Connection | None = None
) -> HttpResponse:
    return render(
        request,
        "accounts/sign_in_failed.html",
        {
            "failure": failure_row_of(failure),
            "connection": connection,
            "back_url": _back(request, connection),
        },
        status=400,
    )
