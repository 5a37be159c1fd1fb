"""A person's sign-in at a vendor: begun, brought back by the browser, finished by a worker."""

import hashlib
import json
from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import Connection, SignInAttempt
from accounts.operations.grants import accept, vendor_name
from accounts.operations.tokens import sign_in_for
from background.models import BackgroundRequest
from background.operations import handles, request_in_background, secret_of
from connectors.oauth.errors import CodeExpired
from organisations.models import Organisation, User

BEGIN, FINISH = "connections.begin", "connections.finish"
ATTEMPT_LIVES = timedelta(hours=1)


def redirect_uri() -> str:
    """Return the address the vendor sends people back to: registered there, letter for letter."""
    return f"{settings.HUB_BASE_URL}/connections/callback"


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


def state_hash(state: str) -> str:
    """Return how a state is stored: it is compared, never read."""
    return hashlib.sha256(state.encode()).hexdigest()


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
    return accept(connection, grant, by=background_request.requested_by, now=now)


def _finished_before(
    background_request: BackgroundRequest, connection: Connection
) -> dict[str, object]:
    """
    Answer for a worker that died after it had used the code, which works only once.

    :raises CodeExpired: if it had not stored what it got for it
    """
    if connection.is_authorised and connection.state_at >= background_request.created_at:
        return {"company": connection.administration_name}
    raise CodeExpired(vendor=vendor_name(connection))
