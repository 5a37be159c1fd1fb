"""Reading for screens: how old the waiting work is, and how what a page waits for stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Min

from background.models import Errand
from connectors.bounds import row_number
from ui.failures import FailureRow, asked_once, failure_row


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of something wait, and since when the oldest does."""

    count: int
    since: datetime | None


def oldest_due(*, now: datetime) -> datetime | None:
    """Return since when the oldest errand waits, or None if none does."""
    oldest: datetime | None = Errand.objects.due(now=now).aggregate(at=Min("not_before"))["at"]
    return oldest


@dataclass(frozen=True, slots=True)
class Asked:
    """How the work stands that a page waits for: perhaps over so long that it is forgotten."""

    running: bool = False
    gone: bool = False
    failure: FailureRow | None = None


def asked(organisation: Any, number: str | None, *, kind: str, **params: object) -> Asked:
    """
    Return how the errand stands whose number is in the address of a page.

    Another's errand is told from a forgotten one by nothing: neither is there for this page.
    """
    if (pk := row_number(number)) is None:
        return Asked()
    about = {f"params__{name}": value for name, value in params.items()}
    errand = Errand.objects.of(organisation).filter(pk=pk, kind=kind, **about).first()
    if errand is None:
        return Asked(gone=True)
    return Asked(running=not errand.is_finished, failure=errand_failure(errand))


def errand_failure(errand: Errand) -> FailureRow | None:
    """Return why an errand failed, in words."""
    return asked_once(
        failure_row(
            code=errand.failure_code,
            params=errand.failure_params,
            detail=errand.failure_detail,
            at=errand.finished_at,
        )
    )
