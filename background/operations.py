"""
Errands: what a person waits for and only a worker may do, since it calls a vendor.

An app registers a handler per kind (in its AppConfig.ready). A handler gets the errand and
the time, may raise any connector failure, and returns plain values for the page.
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
from background.crash_points import reached
from background.enqueueing import wake
from background.faults import DATABASE_IS_AWAY, fault_number
from background.models import Errand
from connectors.errors import ConnectorError, RateLimited, Unavailable
from connectors.words import gettext_noop as _

log = structlog.get_logger(__name__)

Handler = Callable[[Errand, datetime], dict[str, Any]]
_HANDLERS: dict[str, Handler] = {}
_NEVER_REFUSED: set[str] = set()
_TRIES = 3

OPEN_AT_MOST, A_MINUTE_AT_MOST = 10, 30
"""Of one person's: as many as somebody who works fast has, and no script that runs wild."""
_MINUTE = timedelta(minutes=1)
_OPEN = (Errand.State.WAITING, Errand.State.RUNNING)
_AGAIN_AFTER = 15


class TooManyChecks(Exception):
    """
    The person has too many errands that wait for a vendor, or has just started too many.

    :param seconds: after which it may be tried again
    """

    def __init__(self, *, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"too many checks; again in {seconds} s")


class StoppedByFaultOfTheHub(ConnectorError):
    """A defect of the hub stopped the errand; the log has it under the number."""

    summary = _("The hub stopped by a fault of its own, number {request_id}.")
    remedy = _("Try again. If it stops again, give the number to the operator of the hub.")
    not_booked = _("Nothing was changed by this.")
    needs = ()


class Interrupted(ConnectorError):
    """The worker died several times while doing the errand, or knows no such errand."""

    summary = _("The hub was interrupted while it asked.")
    remedy = _("Try again. If it happens again, tell the operator of the hub.")


def handles(kind: str, *, never_refused: bool = False) -> Callable[[Handler], Handler]:
    """
    Register the decorated function as the handler of that kind of errand.

    :param never_refused: it ends what somebody has begun, or is limited where it begins
    """

    def register(handler: Handler) -> Handler:
        _HANDLERS[kind] = handler
        if never_refused:
            _NEVER_REFUSED.add(kind)
        return handler

    return register


def request_errand(
    *,
    organisation: Any,
    kind: str,
    by: Any | None,
    params: dict[str, Any] | None = None,
    secret: dict[str, str] | None = None,
    request_id: str = "",
) -> Errand:
    """
    Write down an errand and tell a worker, who takes it within a second.

    :param secret: values that must not be readable at rest
    :raises TooManyChecks: if the person has enough of them
    """
    if kind not in _HANDLERS:
        raise LookupError(f"nobody handles errands of the kind {kind!r}")
    now = timezone.now()
    with transaction.atomic():
        if by is not None and kind not in _NEVER_REFUSED:
            _check_has_not_enough(by, now=now)
        errand = Errand.objects.create(
            organisation=organisation,
            kind=kind,
            params=params or {},
            secret=json.dumps(secret) if secret else "",
            requested_by=by,
            request_id=request_id or trail.whence().request_id,
            address=trail.whence().address,
            created_at=now,
            not_before=now,
        )
    wake("background.tasks.run_errand", errand_id=errand.pk)
    return errand


def _check_has_not_enough(person: Any, *, now: datetime) -> None:
    """
    Refuse one more errand of a person who has enough, over all processes and organisations.

    :raises TooManyChecks: if so
    """
    # Held, so that two requests at once do not both count the last free place.
    get_user_model().objects.select_for_update(no_key=True).get(pk=person.pk)
    mine = Errand.objects.filter(requested_by=person).exclude(kind__in=_NEVER_REFUSED)
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


def secret_of(errand: Errand) -> dict[str, str]:
    """Return the errand's secret values."""
    values: dict[str, str] = json.loads(errand.secret) if errand.secret else {}
    return values


def run_errand(*, errand_id: int, now: datetime) -> Errand | None:
    """Do one errand if it is due and nobody else has it; record what came of it."""
    errand = Errand.objects.claim(
        errand_id, owner=claims.new_owner(), now=now, lease_seconds=claims.lease_seconds()
    )
    if errand is None:
        return None
    reached("errand.claimed")
    try:
        if errand.attempts > _TRIES:
            raise Interrupted()
        with trail.from_where(address=errand.address, request_id=errand.request_id):
            result = _HANDLERS[errand.kind](errand, now)
        reached("errand.done")
        with transaction.atomic():
            errand.mark_done(result=result, now=now)
        reached("errand.stored")
    except Unavailable as failure:
        # A call that was not carried out is made when the wait is over, as its words say.
        again = errand.params.get("patient") or isinstance(failure, RateLimited)
        if errand.attempts < _TRIES and again:
            errand.put_back(until=now + timedelta(seconds=failure.retry_after or 15))
        else:
            _fail(errand, failure, now=now)
    except ConnectorError as failure:
        _fail(errand, failure, now=now)
    except DATABASE_IS_AWAY:
        raise  # its claim expires, and it is done again
    except Exception:
        # A defect of ours: the page must not wait for ever, and the log must have it.
        number = errand.request_id or fault_number()
        log.exception("errand_failed", errand=errand.pk, kind=errand.kind, request_id=number)
        _fail(errand, StoppedByFaultOfTheHub(request_id=number), now=now)
    return errand


def _fail(errand: Errand, failure: ConnectorError, *, now: datetime) -> None:
    errand.mark_failed(code=failure.code(), params=failure.params, detail=failure.detail, now=now)
