"""
Noticing that the database was restored or copied, and stopping until an operator has acted.

Four things stop it. The mark in this machine's data folder, or the memory of this process, says
that the database had come further. The host is not a confirmed one (`hosts`). A ledger holds
what this installation has posted and its database does not know (`continuity`). While it is
stopped nothing is sent and no token is renewed.

A worker raises `Installation.seen_at` every few seconds and then writes the same time into
`installation.json` in its data folder. Where folder and database were restored together, neither
can tell: then the ledgers do, which are asked after every start.
"""

import json
import os
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Connection, Installation
from accounts.operations import continuity, hosts
from background.crash_points import crash_point
from connectors.errors import OPERATOR, ConnectorError, Unavailable
from connectors.words import gettext_noop as _

log = structlog.get_logger(__name__)
_MOST_NAMED = 10


class DatabaseRestored(Unavailable):
    """The database is older than what this machine has seen; an operator must say so."""

    summary = _("The hub's database was restored from a backup. Nothing is sent.")
    remedy = _(
        "The operator runs the command after_restore. The hub then checks the ledger before it "
        "sends anything."
    )
    who = OPERATOR
    needs = ()


class LedgerKnowsMore(Unavailable):
    """A ledger holds what this installation has posted and its database never sent."""

    summary = _(
        "A ledger contains vouchers that this installation posted but its database does not "
        "know: the database is older, or a copy of it is in use. Nothing is sent."
    )
    remedy = _(
        "The operator makes sure that no copy of the hub is running and runs the command "
        "after_restore. The hub then checks the ledger before it sends anything."
    )
    who = OPERATOR
    needs = ()


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


_memory: dict[str, datetime] = {}
"""How far this process has seen each database come: a restore does not turn that back."""
_memory_lock = threading.Lock()


def _remembered() -> dict[str, datetime]:
    with _memory_lock:
        return dict(_memory)


def _remember(row: Installation) -> None:
    key = str(row.identity)
    with _memory_lock:
        _memory[key] = max(row.seen_at, _memory.get(key, row.seen_at))


def beat(*, now: datetime) -> None:
    """Look whether the database went back; if it did not, raise its mark and this machine's."""
    row = look(now=now)
    if row.stopped_at is not None:
        return  # `seen_at` stays: it tells when the backup was taken
    if not _is_on_known_host(row, now=now):
        return  # nor does it raise what a copy's ledger is to be asked from
    continuity.look_at_beat(row, now=now)
    if Installation.objects.filter(pk=row.pk, seen_at__lt=now).update(seen_at=now):
        row.seen_at = now
    else:
        row.refresh_from_db()
    hosts.note_seen(now=now)
    write_mark(row)


def look(*, now: datetime) -> Installation:
    """Return the installation; it is stopped if its database went back."""
    # Before the row: what they say was committed before it was written down.
    mark, memory = read_mark(), _remembered()
    row = Installation.objects.order_by("pk").first()
    if row is None:
        row, made = Installation.objects.get_or_create(pk=1, defaults={"seen_at": now})
        # Its first host needs no confirmation: there is nothing yet that a copy could repeat.
        hosts.is_known(now=now, fresh=made)
    if row.stopped_at is not None:
        return row
    if went_back(row, mark) or row.seen_at < memory.get(str(row.identity), row.seen_at):
        _stop(row, now=now)
        log.error("the database was restored; nothing is sent until after_restore was run")
    else:
        _remember(row)
    return row


def _stop(row: Installation, *, now: datetime, **changes: Any) -> None:
    Installation.objects.filter(pk=row.pk, stopped_at=None).update(stopped_at=now, **changes)
    row.refresh_from_db()


def stop_for_what_a_ledger_holds(
    connection: Connection, numbers: list[str], *, since: datetime, now: datetime
) -> None:
    """
    Stop: the ledger holds what this installation has posted and its database does not know.

    :param since: up to then the database is known to have been complete
    """
    row = look(now=now)
    evidence = {
        "account": connection.name,
        "numbers": numbers[:_MOST_NAMED],
        "seen_at": row.seen_at.isoformat(),
    }
    # A worker has raised the time since the restore; the backup is older than that.
    _stop(row, now=now, evidence=evidence, seen_at=min(row.seen_at, since))
    log.error("a ledger holds what this database does not know; nothing is sent", **evidence)
    crash_point("proof.stopped")


def why_stopped(*, now: datetime) -> ConnectorError | None:
    """Return why nothing may be sent; None if it may. It is asked once per turn of a worker."""
    row = look(now=now)
    if row.stopped_at is not None:
        return _failure_of(row)
    if not _is_on_known_host(row, now=now):
        return hosts.not_confirmed(now=now)
    continuity.look(row, now=now)
    return None


def _failure_of(row: Installation) -> ConnectorError:
    if row.evidence:
        return LedgerKnowsMore()  # every organisation reads it: it names nobody's account
    return DatabaseRestored()


def _is_on_known_host(row: Installation, *, now: datetime) -> bool:
    mark = read_mark()
    is_marked = mark is not None and mark.identity == str(row.identity)
    return hosts.is_known(now=now, proven=is_marked)


def leaves_it_to_others(*, now: datetime) -> bool:
    """
    Return whether this machine is not confirmed while another one works.

    What it was asked to do is left to the other, and nothing is recorded about it here.
    """
    return isinstance(why_stopped(now=now), hosts.OneHostNotConfirmed)


def may_send(*, now: datetime) -> bool:
    """Return whether anything may be sent."""
    return why_stopped(now=now) is None


def refuse_while_stopped(*, now: datetime) -> None:
    """
    Refuse what must not be done with the tokens of an older database, or of a copy.

    :raises Unavailable: while nothing may be sent
    """
    failure = why_stopped(now=now)
    if failure is not None:
        raise failure


def notices(*, now: datetime) -> list[ConnectorError]:
    """Return what every page says while this installation, or a machine of it, sends nothing."""
    row = Installation.objects.order_by("pk").first()
    found: list[ConnectorError] = []
    if row is not None and row.stopped_at is not None:
        found.append(_failure_of(row))
    names = [host.name for host in hosts.waiting(now=now)]
    if names:
        found.append(hosts.failure_of(", ".join(names), now=now))
    return found


def identity() -> str:
    """Return what marks the keys of this installation's batches."""
    row = Installation.objects.order_by("pk").first() or look(now=timezone.now())
    return str(row.identity)


def go_on(*, now: datetime) -> None:
    """End the stop: the mark of every machine lies behind now."""
    row = look(now=now)
    mark = read_mark()
    if mark is not None:
        now = max(now, mark.seen_at)
    if row.evidence:
        now = max(now, datetime.fromisoformat(row.evidence["seen_at"]))
    with transaction.atomic():
        Installation.objects.filter(pk=row.pk).update(stopped_at=None, seen_at=now, evidence={})
    row.refresh_from_db()
    write_mark(row)
