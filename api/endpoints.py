"""What programs call: a bearer token instead of a session, JSON both ways, failures in words."""

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from ninja import Status
from ninja.errors import AuthorizationError

from api.models import ApiToken
from api.rest import BadField, HubAPI, ProgramRequest, TokenAuth, WrongMethod
from api.schemas import Fetch, Fetches, Problem, Run, Skipped, Time, TimeRegistered
from payments.models import Customer, FetchRun, InvoiceClient
from payments.operations import fetching, time_registration

api = HubAPI()
_TIME = TokenAuth(ApiToken.Scope.TIME)
_FETCH = TokenAuth(ApiToken.Scope.FETCH_ONE, ApiToken.Scope.FETCH_MANY)
_REFUSALS = frozenset({400, 401, 403})


@api.post(
    "/time-entries",
    auth=_TIME,
    url_name="time_entries",
    response={frozenset({200, 201}): TimeRegistered, _REFUSALS | {409}: Problem},
)
def register_time(request: ProgramRequest, body: Time) -> Status[TimeRegistered]:
    """
    Register time on a customer.

    A reference that was sent before, with the same content, is answered with 200 and the entry of
    then. 409 tells that the customer is blocked, why and since when.
    """
    token = request.auth
    client = _client(token, body.client)
    customer = Customer.objects.filter(client=client, number=body.customer).first()
    if customer is None:
        raise BadField("customer", "There is no customer with this number.")
    entry, new = time_registration.register(
        organisation=token.organisation,
        customer=customer,
        worked_on=body.date,
        minutes=body.minutes,
        text=body.text,
        who=body.employee or token.name,
        by=None,
        reference=body.reference,
        now=timezone.now(),
    )
    registered = TimeRegistered(
        id=entry.pk,
        client=client.number,
        customer=customer.number,
        date=entry.worked_on,
        minutes=entry.minutes,
    )
    return Status(201 if new else 200, registered)


@api.post(
    "/fetches",
    auth=_FETCH,
    url_name="fetches",
    response={202: Fetches, _REFUSALS | {409}: Problem},
)
def fetch_payments(request: ProgramRequest, body: Fetch) -> Status[Fetches]:
    """
    Fetch payments, of one invoice client or of all.

    A worker does it. What is skipped is listed with the code of the reason.
    """
    token, now = request.auth, timezone.now()
    if (ApiToken.Scope.FETCH_MANY if body.all else ApiToken.Scope.FETCH_ONE) not in token.scopes:
        raise AuthorizationError
    if not body.all:
        client = _client(token, body.client)
        run = fetching.request_fetch(client=client, by=token.created_by, now=now)
        return Status(202, Fetches(runs=[_run(run)], skipped=[]))
    group = fetching.request_fetch_of_many(
        organisation=token.organisation,
        clients=list(_clients(token).order_by("number")),
        by=token.created_by,
        now=now,
    )
    entries = list(group.entries.select_related("client", "run__client"))
    begun = Fetches(
        runs=[_run(one.run) for one in entries if one.run],
        skipped=[
            Skipped(client=one.client.number, code=one.failure_code)
            for one in entries
            if not one.run
        ],
    )
    return Status(202, begun)


@api.get(
    "/fetches/{int:pk}",
    auth=_FETCH,
    url_name="fetch",
    response={200: Run, frozenset({401, 403, 404}): Problem},
)
def show_fetch(request: ProgramRequest, pk: int) -> Run:
    """Tell where fetching for one invoice client stands."""
    mine = FetchRun.objects.of(request.auth.organisation)
    run = mine.select_related("client").filter(pk=pk).first()
    if run is None:
        raise Http404("There is no such run.")
    return _run(run)


@api.other_methods_than("POST", "/time-entries", auth=_TIME, url_name="time_entries")
@api.other_methods_than("POST", "/fetches", auth=_FETCH, url_name="fetches")
def only_posted(request: ProgramRequest) -> None:
    """Refuse what is not posted."""
    raise WrongMethod("POST")


@api.other_methods_than("GET", "/fetches/{int:pk}", auth=_FETCH, url_name="fetch")
def only_read(request: ProgramRequest, pk: int) -> None:
    """Refuse to change a run."""
    raise WrongMethod("GET")


def _clients(token: ApiToken) -> QuerySet[InvoiceClient]:
    return InvoiceClient.objects.of(token.organisation).select_related(
        "organisation", "source", "target"
    )


def _client(token: ApiToken, number: str) -> InvoiceClient:
    found = _clients(token).filter(number=number).first()
    if found is None:
        raise BadField("client", "There is no invoice client with this number.")
    return found


def _run(run: FetchRun) -> Run:
    return Run(
        id=run.pk,
        client=run.client.number,
        state=run.state,
        fetched=run.fetched,
        known=run.known,
        agrees=run.agrees,
        failure=run.failure_code,
    )
