"""Reading for screens: how old the waiting work is, and how what a page waits for stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Min

from background.models import BackgroundRequest
from connectors.bounds import row_number
from ui.failures import FailureRow, asked_once, failure_row


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of something wait, and since when the oldest does."""

    count: int
    since: datetime | None


def oldest_due(*, now: datetime) -> datetime | None:
    """Return since when the oldest background request waits, or None if none does."""
    oldest: datetime | None = BackgroundRequest.objects.due(now=now).aggregate(
        at=Min("not_before")
    )["at"]
    return oldest


@dataclass(frozen=True, slots=True)
class Asked:
    """How the work stands that a page waits for: perhaps over so long that it is forgotten."""

    running: bool = False
    gone: bool = False
    failure: FailureRow | None = None


def asked(organisation: Any, number: str | None, *, kind: str, **params: object) -> Asked:
    """
    Return how the background request stands whose number is in the address of a page.

    Another's request looks like a forgotten one: neither is there for this page.
    """
    if (pk := row_number(number)) is None:
        return Asked()
    about = {f"params__{name}": value for name, value in params.items()}
    background_request = (
        BackgroundRequest.objects.of(organisation).filter(pk=pk, kind=kind, **about).first()
    )
    if background_request is None:
        return Asked(gone=True)
    return Asked(
        running=not background_request.is_finished, failure=request_failure(background_request)
    )


def request_failure(background_request: BackgroundRequest) -> FailureRow | None:
    """Return why a background request failed, in words."""
    return asked_once(
        failure_row(
            code=background_request.failure_code,
            params=background_request.failure_params,
            detail=background_request.failure_detail,
            at=background_request.finished_at,
        )
    )
