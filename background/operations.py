"""
Background requests: what a person waits for and only a worker may do, since it calls a vendor.

An app registers a handler per kind (in its AppConfig.ready). A handler gets the request and the
time, may raise any connector failure, and returns plain values for the page.
"""

import json
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit import trail
from background import claims
from background.crash_points import crash_point
from background.enqueueing import enqueue
from background.faults import DATABASE_IS_AWAY, fault_number
from background.models import BackgroundRequest
from connectors.errors import ConnectorError, RateLimited, Unavailable
from connectors.words import gettext_noop as _

log = structlog.get_logger(__name__)

Handler = Callable[[BackgroundRequest, datetime], dict[str, Any]]
_HANDLERS: dict[str, Handler] = {}
_NEVER_REFUSED: set[str] = set()
_TRIES = 3

OPEN_AT_MOST, A_MINUTE_AT_MOST = 10, 30
"""Of one person's: as many as somebody who works fast has, and no script that runs wild."""
_MINUTE = timedelta(minutes=1)
_OPEN = (BackgroundRequest.State.WAITING, BackgroundRequest.State.RUNNING)
_AGAIN_AFTER = 15


class TooManyChecks(Exception):
    """
    The person has too many requests that wait for a vendor, or has just started too many.

    :param seconds: after which it may be tried again
    """

    def __init__(self, *, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"too many checks; again in {seconds} s")


class StoppedByFaultOfTheHub(ConnectorError):
    """A defect of the hub stopped the background request; the log has it under the number."""

    summary = _("The hub stopped because of an internal error, number {request_id}.")
    remedy = _("Try again. If it stops again, give the number to the operator of the hub.")
    not_booked = _("This changed nothing.")
    needs = ()


class Interrupted(ConnectorError):
    """The worker died several times while doing the request, or knows no such request."""

    summary = _("The hub was interrupted during the check.")
    remedy = _("Try again. If it happens again, contact the operator of the hub.")


def handles(kind: str, *, never_refused: bool = False) -> Callable[[Handler], Handler]:
    """
    Register the decorated function as the handler of that kind of background request.

    :param never_refused: it ends what somebody has begun, or is limited where it begins
    """

    def register(handler: Handler) -> Handler:
        _HANDLERS[kind] = handler
        if never_refused:
            _NEVER_REFUSED.add(kind)
        return handler

    return register


def request_in_background(
    *,
    organisation: Any,
    kind: str,
    by: Any | None,
    params: dict[str, Any] | None = None,
    secret: dict[str, str] | None = None,
) -> BackgroundRequest:
    """
    Write down a background request and tell a worker, who takes it within a second.

    :param secret: values that must not be readable at rest
    :raises TooManyChecks: if the person has enough of them
    """
    if kind not in _HANDLERS:
        raise LookupError(f"nobody handles requests of the kind {kind!r}")
    now = timezone.now()
    with transaction.atomic():
        if by is not None and kind not in _NEVER_REFUSED:
            _check_has_not_enough(by, now=now)
        background_request = BackgroundRequest.objects.create(
            organisation=organisation,
            kind=kind,
            params=params or {},
            secret=json.dumps(secret) if secret else "",
            requested_by=by,
            request_id=trail.origin().request_id,
            address=trail.origin().address,
            created_at=now,
            not_before=now,
        )
    enqueue("background.tasks.run_request", background_request_id=background_request.pk)
    return background_request


def _check_has_not_enough(person: Any, *, now: datetime) -> None:
    """
    Refuse one more request of a person who has enough, over all processes and organisations.

    :raises TooManyChecks: if so
    """
    # Held, so that two requests at once do not both count the last free place.
    get_user_model().objects.select_for_update(no_key=True).get(pk=person.pk)
    mine = BackgroundRequest.objects.filter(requested_by=person).exclude(kind__in=_NEVER_REFUSED)
    # What a clock that was set back has left in the future holds nobody up.
    lately = Q(created_at__gt=now - _MINUTE, created_at__lte=now)
    found = mine.filter(lately | Q(state__in=_OPEN)).order_by("-created_at")
    rows = list(found.values_list("state", "created_at")[: OPEN_AT_MOST + A_MINUTE_AT_MOST])
    started = [at for _state, at in rows if now - _MINUTE < at <= now]
    if len(started) >= A_MINUTE_AT_MOST:
        free = started[A_MINUTE_AT_MOST - 1] + _MINUTE - now
        raise TooManyChecks(seconds=math.ceil(free.total_seconds()))
    if sum(state in _OPEN for state, _at in rows) >= OPEN_AT_MOST:
        raise TooManyChecks(seconds=_AGAIN_AFTER)


def secret_of(background_request: BackgroundRequest) -> dict[str, str]:
    """Return the background request's secret values."""
    values: dict[str, str] = (
        json.loads(background_request.secret) if background_request.secret else {}
    )
    return values


def run_request(*, background_request_id: int, now: datetime) -> BackgroundRequest | None:
    """Do one background request if it is due and nobody else has it; record what came of it."""
    background_request = BackgroundRequest.objects.claim(
        background_request_id, owner=claims.new_owner(), now=now
    )
    if background_request is None:
        return None
    crash_point("background_request.after_claim")
    try:
        if background_request.attempts > _TRIES:
            raise Interrupted()
        with trail.audit_context(
            address=background_request.address, request_id=background_request.request_id
        ):
            result = _HANDLERS[background_request.kind](background_request, now)
        crash_point("background_request.done")
        with transaction.atomic():
            background_request.mark_done(result=result, now=now)
        crash_point("background_request.stored")
    except Unavailable as failure:
        # A call that was not carried out is made when the wait is over, as its words say.
        again = background_request.params.get("patient") or isinstance(failure, RateLimited)
        if background_request.attempts < _TRIES and again:
            background_request.put_back(until=now + timedelta(seconds=failure.retry_after or 15))
        else:
            _fail(background_request, failure, now=now)
    except ConnectorError as failure:
        _fail(background_request, failure, now=now)
    except DATABASE_IS_AWAY:
        raise  # its claim expires, and it is done again
    except Exception:
        # A defect of ours: the page must not wait for ever, and the log must have it.
        number = background_request.request_id or fault_number()
        log.exception(
            "background_request_failed",
            background_request=background_request.pk,
            kind=background_request.kind,
            request_id=number,
        )
        _fail(background_request, StoppedByFaultOfTheHub(request_id=number), now=now)
    return background_request


def _fail(background_request: BackgroundRequest, failure: ConnectorError, *, now: datetime) -> None:
    background_request.mark_failed(
        code=failure.code(), params=failure.params, detail=failure.detail, now=now
    )
