"""
Vendor accounts: created, authorised, disconnected, removed.

What calls the vendor is done by a worker, as a background request; the web process only writes
rows.
"""

from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import F, ProtectedError

from accounts.models import Connection
from accounts.operations.grants import AccountRemoved, accept, already_connected, connected_to
from accounts.operations.signing_in import BEGIN, FINISH
from accounts.operations.tokens import keep_alive, refresh_now, sign_in_for
from audit.trail import record
from background.models import BackgroundRequest
from background.operations import handles, request_in_background
from connectors.errors import ConnectorError, Unavailable
from connectors.registry import CONNECTORS
from organisations.models import Organisation, User

log = structlog.get_logger(__name__)

SERVICE, SIGN_OUT = "connections.service_grant", "connections.sign_out"
DISCONNECT = "connections.disconnect"
REFRESH = "connections.refresh"
KINDS = (BEGIN, FINISH, SERVICE, SIGN_OUT, DISCONNECT)
_TRIES_TO_REVOKE = 3


class StillInUse(Exception):
    """An account that mappings use, or that is authorised, cannot be removed."""


# --- The web's side: rows only ----------------------------------------------------------------


def create_connection(
    *,
    organisation: Organisation,
    vendor: str,
    name: str,
    kind: str = Connection.Kind.INTERACTIVE,
    tenant_id: str = "",
    by: User | None,
) -> Connection:
    """
    Create an account that is not authorised yet (S2).

    :raises ValueError: if the vendor does not exist or the name is empty
    :raises AlreadyConnected: if the service's company is connected in this organisation
    """
    if vendor not in CONNECTORS or not name.strip():
        raise ValueError(f"an account needs a known vendor and a name, not {vendor!r}, {name!r}")
    if other := connected_to(organisation, vendor, tenant_id):
        raise already_connected(other)
    connection = Connection.objects.create(
        organisation=organisation,
        vendor=vendor,
        kind=kind,
        name=name.strip(),
        tenant_id=tenant_id,
        owner=by,
    )
    record(organisation=organisation, action="connection.created", subject=connection, user=by)
    return connection


def authorise_service(
    *, connection: Connection, by: User | None, patient: bool = False
) -> BackgroundRequest:
    """
    Let a worker ask for a grant that needs no person.

    :param patient: nobody waits for it: it is asked again a little later if nothing answers
    """
    return _ask(SERVICE, connection, by=by, patient=patient)


def sign_out_of_vendor(*, connection: Connection, by: User) -> BackgroundRequest:
    """Let a worker find out where the person ends the session at the vendor (S5)."""
    return _ask(SIGN_OUT, connection, by=by)


def disconnect(*, connection: Connection, by: User | None, now: datetime) -> BackgroundRequest:
    """
    Stop using the account at once, and let a worker revoke its grant at the vendor.

    Company, mappings and history stay, so that it can be authorised again.
    """
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(
            state=Connection.State.NOT_AUTHORISED, state_at=now, version=F("version") + 1
        )
        connection.refresh_from_db()
        record(
            organisation=connection.organisation,
            action="connection.disconnected",
            subject=connection,
            user=by,
        )
        return request_in_background(
            organisation=connection.organisation,
            kind=DISCONNECT,
            by=by,
            params={
                "connection": connection.pk,
                "version": connection.version,
                "patient": True,
            },
        )


def keep_connections_alive(*, now: datetime) -> int:
    """Ask a worker to use each refresh token that would expire unused; return how many."""
    unfinished = BackgroundRequest.objects.filter(
        kind=REFRESH, state__in=(BackgroundRequest.State.WAITING, BackgroundRequest.State.RUNNING)
    )
    asked = {params["connection"] for params in unfinished.values_list("params", flat=True)}
    wanted = Connection.objects.filter(pk__in=keep_alive(now=now)).exclude(pk__in=asked)
    for connection in wanted.select_related("organisation"):
        _ask(REFRESH, connection, by=None)
    return len(wanted)


def remove_connection(*, connection: Connection, by: User) -> None:
    """
    Remove an account that is not authorised and that nothing uses.

    :raises StillInUse: if it is, or something does
    """
    try:
        with transaction.atomic():
            # Held and read again: a sign-in that ends in this moment has stored tokens, and nobody
            # would revoke them.
            now = Connection.objects.select_for_update().filter(pk=connection.pk).first()
            if now is None:
                return
            if now.is_authorised or now.refresh_token:
                raise StillInUse
            record(
                organisation=connection.organisation,
                action="connection.removed",
                subject=connection,
                user=by,
            )
            connection.delete()
    except ProtectedError:
        raise StillInUse from None


def _ask(
    kind: str, connection: Connection, *, by: User | None, patient: bool = False
) -> BackgroundRequest:
    return request_in_background(
        organisation=connection.organisation,
        kind=kind,
        by=by,
        params={"connection": connection.pk, **({"patient": True} if patient else {})},
    )


# --- The worker's side ------------------------------------------------------------------------


@handles(SERVICE)
def service_grant(background_request: BackgroundRequest, now: datetime) -> dict[str, object]:
    """Ask for the service's grant and store it."""
    connection = _connection_of(background_request)
    grant = sign_in_for(connection).service_grant(tenant_id=connection.tenant_id, now=now)
    return accept(connection, grant, by=background_request.requested_by, now=now)


@handles(SIGN_OUT)
def sign_out(background_request: BackgroundRequest, now: datetime) -> dict[str, object]:
    """Return the vendor's sign-out page. No id_token goes along: a result is readable at rest."""
    return {"url": sign_in_for(_connection_of(background_request)).sign_out_url()}


@handles(DISCONNECT, never_refused=True)
def revoke(background_request: BackgroundRequest, now: datetime) -> dict[str, object]:
    """Revoke the grant at the vendor and forget the tokens."""
    connection = _connection_of(background_request)
    version = background_request.params["version"]
    if connection.version != version:
        return {}  # authorised again meanwhile: those tokens are wanted
    token, hint = connection.refresh_token, "refresh_token"
    if not token:
        token, hint = connection.access_token, "access_token"
    revoked = True
    if token:
        try:
            sign_in_for(connection).revoke(token=token, hint=hint)
        except Unavailable:
            if background_request.attempts < _TRIES_TO_REVOKE:
                raise
            revoked = False
        except ConnectorError as failure:
            log.warning("not_revoked", connection=connection.pk, failure=failure.code())
            revoked = False
    Connection.objects.filter(pk=connection.pk, version=version).update(
        access_token="",
        refresh_token="",
        id_token="",
        expires_at=None,
        failure_code="",
        failure_params={},
        failure_detail="",
        failure_at=None,
    )
    return {"revoked": revoked}


@handles(REFRESH)
def refresh(background_request: BackgroundRequest, now: datetime) -> dict[str, object]:
    """Use the refresh token once; what must stop the connection is stored in its own row."""
    return {
        "refreshed": refresh_now(connection_id=background_request.params["connection"], now=now)
    }


def _connection_of(background_request: BackgroundRequest) -> Connection:
    connection = (
        Connection.objects.of(background_request.organisation)
        .filter(pk=background_request.params["connection"])
        .first()
    )
    if connection is None:
        raise AccountRemoved(vendor="")
    found: Connection = connection
    return found
