"""The API: a bearer token instead of a session, JSON both ways, failures in words."""

import json
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.db.models import QuerySet
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from audit import trail
from connectors.bounds import FIRST_YEAR, LAST_YEAR, is_day, no_text_in
from connectors.errors import ConnectorError
from organisations.problems import problem
from payments.domain import refusals
from payments.models import ApiToken, Customer, FetchRun, InvoiceClient
from payments.operations import fetching, time_registration
from payments.operations.tokens import token_of
from payments.queries.failures import failure_row_of

_LARGEST_BODY = 20_000
_View = Callable[..., JsonResponse]


class _Bad(Exception):
    """The request cannot be read: which field, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def _error(status: int, code: str, message: str, **more: Any) -> JsonResponse:
    response = problem(status, code, message, **more)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Integration Hub"'
    return response


def _api(*methods: str, scopes: tuple[str, ...]) -> Callable[[_View], _View]:
    """Let a view be called with a token that has one of these scopes."""

    def decorate(view: _View) -> _View:
        # No cookie is looked at here, so there is nothing that a foreign page could ride on.
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
            kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
            token = None
            if kind.lower() == "bearer" and secret:
                token = token_of(secret.strip(), now=timezone.now())
            if token is None:
                return _error(401, "unauthorised", "Send a valid token: Authorization: Bearer …")
            structlog.contextvars.bind_contextvars(
                program=token.name, organisation=token.organisation_id
            )
            if not set(scopes) & set(token.scopes):
                return _error(403, "forbidden", "The token may not do this.")
            if request.method not in methods:
                response = _error(405, "method_not_allowed", f"Use {', '.join(methods)}.")
                response["Allow"] = ", ".join(methods)
                return response
            try:
                with trail.by_token(token.name):
                    return view(request, token, *args, **kwargs)
            except _Bad as bad:
                return _error(400, "bad_request", str(bad), field=bad.field)
            except refusals.NotAllowed as refused:
                return _refused(refused, status=403)
            except ConnectorError as refused:
                return _refused(refused, status=409)

        return guarded

    return decorate


def _refused(refused: ConnectorError, *, status: int) -> JsonResponse:
    row = failure_row_of(refused)
    return _error(
        status, refused.code(), row.summary, remedy=row.remedy, params=dict(refused.params)
    )


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = request.body
    except RequestDataTooBig as exc:
        raise _Bad("", "The body is too large.") from exc
    if len(body) > _LARGEST_BODY:
        raise _Bad("", "The body is too large.")
    try:
        found = json.loads(body)
    except ValueError as exc:
        raise _Bad("", "The body is no JSON.") from exc
    except RecursionError as exc:
        raise _Bad("", "The body is nested too deeply.") from exc
    if not isinstance(found, dict):
        raise _Bad("", "The body must be an object.")
    return found


def _text(body: dict[str, Any], field: str, *, needed: bool = True, most: int = 200) -> str:
    value = body.get(field, "")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > most or (needed and not value.strip()):
        raise _Bad(field, f"{field} must be a text of at most {most} characters.")
    if character := no_text_in(value):
        raise _Bad(field, f"{field} holds the character {character}, which is no text.")
    return value.strip()


def _clients(token: ApiToken) -> "QuerySet[InvoiceClient]":
    return InvoiceClient.objects.of(token.organisation).select_related(
        "organisation", "source", "target"
    )


def _client(token: ApiToken, number: str) -> InvoiceClient:
    found = _clients(token).filter(number=number).first()
    if found is None:
        raise _Bad("client", "There is no invoice client with this number.")
    return found


@_api("POST", scopes=(ApiToken.Scope.TIME,))
def time_entries(request: HttpRequest, token: ApiToken) -> JsonResponse:
    """Register time; 409 with the reason and since when if the customer is blocked (S20)."""
    body = _body(request)
    client = _client(token, _text(body, "client"))
    number = _text(body, "customer")
    customer = Customer.objects.filter(client=client, number=number).first()
    if customer is None:
        raise _Bad("customer", "There is no customer with this number.")
    minutes = body.get("minutes")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 1440:
        raise _Bad("minutes", "minutes must be a whole number from 1 to 1440.")
    try:
        worked_on = date.fromisoformat(_text(body, "date"))
    except ValueError as exc:
        raise _Bad("date", "date must be written as 2026-01-31.") from exc
    if not is_day(worked_on):
        raise _Bad("date", f"date must lie within {FIRST_YEAR} and {LAST_YEAR}.")
    entry, new = time_registration.register(
        organisation=token.organisation,
        customer=customer,
        worked_on=worked_on,
        minutes=minutes,
        text=_text(body, "text", needed=False),
        who=_text(body, "employee", needed=False) or token.name,
        by=None,
        reference=_text(body, "reference", needed=False, most=60),
        now=timezone.now(),
    )
    return JsonResponse(
        {
            "id": entry.pk,
            "client": client.number,
            "customer": customer.number,
            "date": entry.worked_on.isoformat(),
            "minutes": entry.minutes,
        },
        status=201 if new else 200,
    )


@_api("POST", scopes=(ApiToken.Scope.FETCH_ONE, ApiToken.Scope.FETCH_MANY))
def fetches(request: HttpRequest, token: ApiToken) -> JsonResponse:
    """Fetch payments: ``{"client": "…"}`` for one, ``{"all": true}`` for every client."""
    body = _body(request)
    many = body.get("all") is True
    needed = ApiToken.Scope.FETCH_MANY if many else ApiToken.Scope.FETCH_ONE
    if needed not in token.scopes:
        return _error(403, "forbidden", "The token may not do this.")
    now = timezone.now()
    if not many:
        run = fetching.request_fetch(
            client=_client(token, _text(body, "client")), by=token.created_by, now=now
        )
        return JsonResponse({"runs": [_run(run)], "skipped": []}, status=202)
    group = fetching.request_fetch_of_many(
        organisation=token.organisation,
        clients=list(_clients(token).order_by("number")),
        by=token.created_by,
        now=now,
    )
    entries = list(group.entries.select_related("client", "run__client"))
    return JsonResponse(
        {
            "runs": [_run(one.run) for one in entries if one.run],
            "skipped": [
                {"client": one.client.number, "code": one.failure_code}
                for one in entries
                if not one.run
            ],
        },
        status=202,
    )


@_api("GET", scopes=(ApiToken.Scope.FETCH_ONE, ApiToken.Scope.FETCH_MANY))
def fetch(request: HttpRequest, token: ApiToken, pk: int) -> JsonResponse:
    """Tell where a run stands."""
    run = FetchRun.objects.of(token.organisation).select_related("client").filter(pk=pk).first()
    if run is None:
        return _error(404, "not_found", "There is no such run.")
    return JsonResponse(_run(run))


def _run(run: FetchRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "client": run.client.number,
        "state": run.state,
        "fetched": run.fetched,
        "known": run.known,
        "agrees": run.agrees,
        "failure": run.failure_code,
    }
