"""
Visma.net accounts: created, authorised, disconnected.

What calls the vendor is done by a worker, as a background request; the web process only writes
rows. A sign-in is stored as a whole or not at all: there is no half-made account.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError

from accounts.models import Connection, SignInAttempt
from accounts.operations.access import NotSuited
from accounts.operations.tokens import keep_alive, refresh_now, sign_in_for
from audit.trail import record
from background.models import BackgroundRequest
from background.operations import handles, request_in_background, secret_of
from background.registry import Registry
from connectors import oauth
from connectors.base import Administration
from connectors.errors import ConnectorError, NotAuthorized, Unavailable
from connectors.registry import CONNECTORS
from connectors.sign_in import Grant
from connectors.words import gettext_noop as _
from organisations.models import Organisation, User

log = structlog.get_logger(__name__)

BEGIN, FINISH = "connections.begin", "connections.finish"
SERVICE, SIGN_OUT = "connections.service_grant", "connections.sign_out"
DISCONNECT = "connections.disconnect"
REFRESH = "connections.refresh"
KINDS = (BEGIN, FINISH, SERVICE, SIGN_OUT, DISCONNECT)
ATTEMPT_LIVES = timedelta(hours=1)
_TRIES_TO_REVOKE = 3


when_authorised = Registry[Callable[[Connection, datetime], object]]()
"""What higher apps do when somebody has signed in: what waited for it is due."""


class AlreadyConnected(oauth.SignInRefused):
    """The vendor company is connected already in this organisation."""

    summary = _("{company} is connected already, as “{account}”.")
    remedy = _(
        "Use that account. If you meant another company, sign out of {vendor} and try again: "
        "the session there still remembers the last company."
    )


class OtherCompany(oauth.SignInRefused):
    """A reconnect came back with another company than the account's."""

    summary = _("{vendor} returned another company than {company}, which this account is for.")
    remedy = _(
        "Sign out of {vendor}, try again and choose the same company as before. For another "
        "company, create another account. The mappings of this account are kept."
    )


class AccountRemoved(oauth.SignInRefused):
    """The account was removed, or changed by another person, while its owner signed in."""

    summary = _("This account was removed while you signed in.")
    remedy = _("Create a new account and authorise it.")


class StillInUse(Exception):
    """An account that mappings use, or that is authorised, cannot be removed."""


def redirect_uri() -> str:
    """Return the address the vendor sends people back to: registered there, letter for letter."""
    return f"{settings.HUB_BASE_URL}/connections/callback"


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
    if other := _connected_to(organisation, vendor, tenant_id):
        raise _already(other)
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


def begin_sign_in(
    *, connection: Connection, by: User, language: str
) -> tuple[SignInAttempt, BackgroundRequest]:
    """Let a worker find out where to send the person; the caller keeps the attempt's id."""
    attempt = SignInAttempt.objects.create(
        organisation=connection.organisation, connection=connection, user=by
    )
    background_request = request_in_background(
        organisation=connection.organisation,
        kind=BEGIN,
        by=by,
        params={"attempt": attempt.pk, "connection": connection.pk, "language": language},
    )
    return attempt, background_request


def find_attempt(
    *, state: str, candidates: list[int], user: User, organisation: Organisation, now: datetime
) -> SignInAttempt | None:
    """
    Return the attempt of this session that the state belongs to, used before or not.

    :param candidates: the ids that this browser's session holds
    """
    if not state:
        return None
    return (
        SignInAttempt.objects.of(organisation)
        .filter(
            pk__in=candidates,
            user=user,
            state_hash=state_hash(state),
            created_at__gt=now - ATTEMPT_LIVES,
        )
        .select_related("connection", "organisation")
        .first()
    )


def address_of(attempt: SignInAttempt) -> str:
    """Return where at the vendor the person signs in, or nothing if it is used or not known."""
    if attempt.used_at is not None or not attempt.secret:
        return ""
    url: str = json.loads(attempt.secret)["url"]
    return url


def check_sender(*, attempt: SignInAttempt, issuer: str) -> None:
    """
    Refuse an answer that another service than the attempt's says it has sent (RFC 9207).

    :raises AnotherService: if one does; an answer that names none is left to the worker
    """
    sign_in_for(attempt.connection).check_issuer(issuer)


def finish_sign_in(
    *, attempt: SignInAttempt, code: str, by: User, issuer: str = ""
) -> BackgroundRequest:
    """
    Let a worker exchange the code; the code is encrypted until then.

    :param issuer: who says to have sent it
    """
    return request_in_background(
        organisation=attempt.organisation,
        kind=FINISH,
        by=by,
        params={"attempt": attempt.pk, "connection": attempt.connection_id},
        secret={"code": code, "issuer": issuer},
    )


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


def state_hash(state: str) -> str:
    """Return how a state is stored: it is compared, never read."""
    return hashlib.sha256(state.encode()).hexdigest()


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


@handles(BEGIN)
def begin(background_request: BackgroundRequest, now: datetime) -> dict[str, object]:
    """Ask the vendor where to sign in, and keep the proofs encrypted."""
    attempt = SignInAttempt.objects.select_related("connection").get(
        pk=background_request.params["attempt"]
    )
    begun = sign_in_for(attempt.connection).begin(
        redirect_uri=redirect_uri(), language=background_request.params["language"]
    )
    attempt.state_hash = state_hash(begun.state)
    attempt.secret = json.dumps(
        {"url": begun.url, "nonce": begun.nonce, "code_verifier": begun.code_verifier}
    )
    attempt.save(update_fields=["state_hash", "secret"])
    return {}


@handles(FINISH, never_refused=True)
def finish(background_request: BackgroundRequest, now: datetime) -> dict[str, object]:
    """Exchange the code, see which company it is for, and store both or nothing."""
    attempt = (
        SignInAttempt.objects.of(background_request.organisation)
        .select_related("connection", "organisation", "user")
        .get(pk=background_request.params["attempt"])
    )
    connection = attempt.connection
    if not attempt.secret:
        return _finished_before(background_request, connection)
    proofs, answer = json.loads(attempt.secret), secret_of(background_request)
    sign_in = sign_in_for(connection)
    grant = sign_in.finish(
        code=answer["code"],
        issuer=answer.get("issuer", ""),
        redirect_uri=redirect_uri(),
        code_verifier=proofs["code_verifier"],
        nonce=proofs["nonce"],
        now=now,
    )
    SignInAttempt.objects.filter(pk=attempt.pk).update(secret="")
    return _accept(connection, grant, by=background_request.requested_by, now=now)


def _finished_before(
    background_request: BackgroundRequest, connection: Connection
) -> dict[str, object]:
    """
    Answer for a worker that died after it had used the code, which works only once.

    :raises CodeExpired: if it had not stored what it got for it
    """
    if connection.is_authorised and connection.state_at >= background_request.created_at:
        return {"company": connection.administration_name}
    raise oauth.CodeExpired(vendor=_vendor_name(connection))


@handles(SERVICE)
def service_grant(background_request: BackgroundRequest, now: datetime) -> dict[str, object]:
    """Ask for the service's grant and store it."""
    connection = _connection_of(background_request)
    grant = sign_in_for(connection).service_grant(tenant_id=connection.tenant_id, now=now)
    return _accept(connection, grant, by=background_request.requested_by, now=now)


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


def _accept(
    connection: Connection, grant: Grant, *, by: User | None, now: datetime
) -> dict[str, object]:
    """Check the company, read its name, and store everything; else take the grant back."""
    try:
        if not grant.tenant_id:
            # A token that names no company reaches the one that the account was made for.
            grant = replace(grant, tenant_id=connection.tenant_id)
        _check_company(connection, grant)
        administration = _read_administration(connection, grant)
        _store(connection, grant, administration, by=by, now=now)
    except ConnectorError:
        _take_back(connection, grant)
        raise
    return {"company": administration.name}


def _check_company(connection: Connection, grant: Grant) -> None:
    if connection.tenant_id and connection.tenant_id != grant.tenant_id:
        raise OtherCompany(
            vendor=_vendor_name(connection),
            company=connection.administration_name or connection.tenant_id,
        )
    other = _connected_to(
        connection.organisation, connection.vendor, grant.tenant_id, but=connection
    )
    if other:
        raise _already(other)


def _connected_to(
    organisation: Organisation, vendor: str, tenant_id: str, but: Connection | None = None
) -> Connection | None:
    if not tenant_id:
        return None
    others = Connection.objects.of(organisation).filter(vendor=vendor, tenant_id=tenant_id)
    found: Connection | None = others.exclude(pk=but.pk if but else None).first()
    return found


def _already(other: Connection) -> AlreadyConnected:
    return AlreadyConnected(
        vendor=_vendor_name(other),
        company=other.administration_name or other.tenant_id,
        account=other.name,
    )


class _OneToken:
    """The token that has just come; there is no other yet."""

    def __init__(self, token: str, *, refused: Callable[[], ConnectorError]) -> None:
        self.token, self.refused = token, refused

    def current(self) -> str:
        """Return the token."""
        return self.token

    def refresh(self, *, stale: str) -> str:
        """Refuse: a token that is refused right after sign-in is no matter of its age."""
        raise self.refused()


def _read_administration(connection: Connection, grant: Grant) -> Administration:
    vendor = CONNECTORS[connection.vendor]

    def refused() -> ConnectorError:
        return NotAuthorized(vendor=vendor.name, account=connection.name)

    tokens = _OneToken(grant.access_token, refused=refused)
    if vendor.make_connector is not None:
        return vendor.make_connector(
            settings=settings.HUB_VENDORS, tokens=tokens
        ).read_administration()
    number = grant.tenant_id or connection.tenant_id
    if vendor.make_source is not None:
        source = vendor.make_source(
            settings=settings.HUB_VENDORS,
            tokens=tokens,
            company=number,
            own_key=connection.own_key,
            kind=connection.kind,
        )
        company = source.read_company()
    elif vendor.make_target is not None:
        target = vendor.make_target(
            settings=settings.HUB_VENDORS,
            tokens=tokens,
            company=number,
            own_key=connection.own_key,
        )
        company = target.read_client()
    else:
        raise NotSuited(account=connection.name)
    return Administration(
        number=company.number,
        name=company.name,
        organisation_number=company.organisation_number,
        currency=company.currency,
    )


def _store(
    connection: Connection,
    grant: Grant,
    administration: Administration,
    *,
    by: User | None,
    now: datetime,
) -> None:
    tokens = {
        "access_token": grant.access_token,
        "refresh_token": grant.refresh_token,
        "id_token": grant.id_token,
        "scope": grant.scope,
        "expires_at": now + timedelta(seconds=grant.expires_in),
        "refreshed_at": now,
        # A refresh that is under way with the old tokens must not store its answer.
        "version": F("version") + 1,
    }
    try:
        with transaction.atomic():
            stored = Connection.objects.filter(pk=connection.pk).update(
                state=Connection.State.AUTHORISED,
                state_at=now,
                tenant_id=grant.tenant_id,
                subject=grant.subject,
                administration_name=administration.name[:200],
                administration_number=administration.number[:60],
                administration_currency=administration.currency[:3],
                administration_organisation_number=administration.organisation_number[:30],
                failure_code="",
                failure_params={},
                failure_detail="",
                failure_at=None,
                not_before=None,
                enqueued_at=None,
                strikes=0,
                struck_at=None,
                **tokens,
            )
            if not stored:
                raise AccountRemoved(vendor=_vendor_name(connection))
            record(
                organisation=connection.organisation,
                action="connection.authorised",
                subject=connection,
                user=by,
                details={"company": administration.name, "tenant_id": grant.tenant_id},
            )
            for act in when_authorised:
                act(connection, now)
    except IntegrityError:
        # Two people connected the same company at the same moment; the other one was first.
        other = _connected_to(
            connection.organisation, connection.vendor, grant.tenant_id, but=connection
        )
        raise _already(other or connection) from None


def _take_back(connection: Connection, grant: Grant) -> None:
    hint = "refresh_token" if grant.refresh_token else "access_token"
    try:
        sign_in_for(connection).revoke(token=grant.refresh_token or grant.access_token, hint=hint)
    except ConnectorError as failure:
        # A courtesy; the reason of the refusal is what the person must see.
        log.info("grant_not_taken_back", connection=connection.pk, failure=failure.code())


def _vendor_name(connection: Connection) -> str:
    return CONNECTORS[connection.vendor].name
