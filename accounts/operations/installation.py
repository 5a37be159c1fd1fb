"""
Noticing that the database was restored, and stopping until the ledgers can be asked.

A worker raises `Installation.seen_at` every few seconds and then writes the same time into
`installation.json` in its data folder. Time in the database never goes back, unless somebody
restored an older one (or a crash or a fail-over lost commits, which is the same). Then nothing
is sent and no token is renewed until an operator has run `after_restore`.

The mark is kept per machine. A machine whose data folder is new, or was restored together with
the database, cannot notice; the operator's manual says to run the command in any case.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction

from accounts.models import Installation
from accounts.models.prepared import PreparedQuery
from connectors.errors import OPERATOR, Unavailable
from connectors.words import gettext_noop as _

log = structlog.get_logger(__name__)


class DatabaseRestored(Unavailable):
    """The database is older than what this machine has seen; an operator must say so."""

    summary = _("The hub's database was restored from a backup. Nothing is sent.")
    remedy = _("The operator runs the command after_restore; the ledger is asked before sending.")
    who = OPERATOR
    needs = ()


_FIRST = PreparedQuery(lambda: Installation.objects.order_by("pk")[:1])


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the database had come when this machine last saw it."""

    identity: str
    seen_at: datetime


def marker_path() -> Path:
    """Return where the mark is kept, beside the database and never in it."""
    return Path(settings.HUB_DATA_DIR) / "installation.json"


def read_mark() -> Mark | None:
    """Return the mark of this machine; None if it has none, or none that can be read."""
    try:
        stored = json.loads(marker_path().read_text(encoding="utf-8"))
        return Mark(str(stored["identity"]), datetime.fromisoformat(stored["seen_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_mark(row: Installation) -> None:
    """Keep how far the database has come; a reader sees the old mark or the new, never half."""
    path = marker_path()
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    mark = {"identity": str(row.identity), "seen_at": row.seen_at.isoformat()}
    try:
        draft.write_text(json.dumps(mark), encoding="utf-8")
        draft.replace(path)
    except OSError as exc:
        log.warning("the mark of the installation was not kept", error=type(exc).__name__)


def went_back(row: Installation, mark: Mark | None) -> bool:
    """
    Return whether the database is older than what the mark says.

    A database of another identity counts too, except in the trial: somebody starts over.
    """
    if mark is None:
        return False
    if str(row.identity) != mark.identity:
        return not settings.HUB_SANDBOX
    return row.seen_at < mark.seen_at


def beat(*, now: datetime) -> None:
    """Look whether the database went back; if it did not, raise its mark and this machine's."""
    row = look(now=now)
    if row.stopped_at is not None:
        return  # `seen_at` stays: it tells when the backup was taken
    Installation.objects.filter(pk=row.pk, seen_at__lt=now).update(seen_at=now)
    row.refresh_from_db()
    write_mark(row)


def look(*, now: datetime) -> Installation:
    """Return the installation; it is stopped if its database went back."""
    mark = read_mark()  # before the row: what the file says was committed before it was written
    row = _FIRST.first()
    if row is None:
        row, _made = Installation.objects.get_or_create(pk=1, defaults={"seen_at": now})
    if row.stopped_at is None and went_back(row, mark):
        Installation.objects.filter(pk=row.pk, stopped_at=None).update(stopped_at=now)
        row.refresh_from_db()
        log.error("the database was restored; nothing is sent until after_restore was run")
    return row


def may_send(*, now: datetime) -> bool:
    """Return whether anything may be sent. It is asked once per turn of a worker."""
    return look(now=now).stopped_at is None


def refuse_while_stopped(*, now: datetime) -> None:
    """
    Refuse what must not be done with the tokens of an older database.

    :raises DatabaseRestored: while nothing may be sent
    """
    if not may_send(now=now):
        raise DatabaseRestored()


def go_on(*, now: datetime) -> None:
    """End the stop: the mark of every machine lies behind now."""
    row = look(now=now)
    mark = read_mark()
    if mark is not None:
        now = max(now, mark.seen_at)
    with transaction.atomic():
        Installation.objects.filter(pk=row.pk).update(stopped_at=None, seen_at=now)
    row.refresh_from_db()
    write_mark(row)
