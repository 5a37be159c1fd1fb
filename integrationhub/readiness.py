"""What must hold for the hub to do its work: asked by `/readyz` and by the command `doctor`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.module_loading import module_has_submodule
from kombu.exceptions import KombuError

from accounts.models import Connection, Restore
from accounts.operations import hosts, installation
from background.models import Heartbeat

HEARTBEAT_AT_MOST = timedelta(seconds=30)
WORK_WAITS_AT_MOST = timedelta(minutes=10)
BROKER_ANSWERS_WITHIN = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `text` says what was found; where not ok, the remedy too."""

    name: str
    ok: bool
    text: str


def check_database() -> Finding:
    """Ask the database for an answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as exc:
        return Finding(
            "database",
            False,
            f"The database does not answer ({type(exc).__name__}). "
            "Check DATABASE_URL and that the server runs.",
        )
    return Finding("database", True, f"{connection.vendor} answers.")


def check_broker() -> Finding:
    """Ask the broker for a connection. The embedded one lives in the worker: nothing to ask."""
    if settings.HUB_BROKER_IS_EMBEDDED:
        return Finding("broker", True, "Embedded in the worker; due work is found in the database.")
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_ANSWERS_WITHIN)
    except (KombuError, OSError) as exc:
        return Finding(
            "broker",
            False,
            f"The broker does not answer ({type(exc).__name__}). "
            "Check CELERY_BROKER_URL and that the server runs. No work is lost meanwhile.",
        )
    return Finding("broker", True, "The broker answers.")


def check_worker(*, now: datetime) -> Finding:
    """Look when a worker was last seen alive; the same thread of it starts what is periodic."""
    newest = Heartbeat.objects.filter(kind="worker").order_by("-at").first()
    start = "Start it: celery -A integrationhub worker."
    if newest is None:
        return Finding("worker", False, f"No worker has ever reported. {start}")
    age = int((now - newest.at).total_seconds())
    if now - newest.at > HEARTBEAT_AT_MOST:
        return Finding("worker", False, f"The worker was last seen {age} s ago. {start}")
    return Finding("worker", True, f"Seen {max(age, 0)} s ago.")


def check_due_work(*, now: datetime) -> Finding:
    """Look whether work that is due has waited for too long."""
    oldest = oldest_due(now=now)
    if oldest is None or oldest > now:
        expired = Connection.objects.filter(state=Connection.State.SIGN_IN_AGAIN).count()
        if expired:
            return Finding(
                "due work",
                True,
                f"Nothing waits for a worker. What goes through "
                f"accounts to sign in again ({expired}) waits for a person.",
            )
        return Finding("due work", True, "Nothing waits.")
    waited = now - oldest
    seconds = int(waited.total_seconds())
    if waited > WORK_WAITS_AT_MOST:
        return Finding(
            "due work",
            False,
            f"The oldest due work has waited {seconds} s. "
            "Look at the worker's log, or give it more threads (HUB_WORKER_THREADS).",
        )
    return Finding("due work", True, f"The oldest due work has waited {seconds} s.")


def check_restore(*, now: datetime) -> Finding:
    """Look whether the database went back, and whether a restore is still being settled."""
    row = installation.look(now=now)
    if row.evidence:
        return Finding(
            "restore",
            False,
            "A ledger holds what this installation has posted and its database does not know: it "
            "is an older one, or a copy of it is alive. Nothing is sent. Stop the copy, then run: "
            "manage.py after_restore (what was found stands on the page Operation)",
        )
    if row.stopped_at is not None:
        return Finding(
            "restore",
            False,
            f"The database is an older one, last written to at {row.seen_at:%Y-%m-%dT%H:%M:%SZ}. "
            "Nothing is sent. Run: manage.py after_restore --backup-taken-at TIME",
        )
    newest = Restore.objects.open(now=now).order_by("-at").first()
    if newest is not None:
        return Finding(
            "restore",
            True,
            f"Restored at {newest.at:%Y-%m-%dT%H:%M:%SZ}; until {newest.watch_until:%Y-%m-%d} "
            "the ledger is asked before anything is sent first.",
        )
    return Finding("restore", True, "The database has not gone back.")


def check_host(*, now: datetime) -> Finding:
    """Look whether every machine that works for the installation is a confirmed one."""
    installation.why_stopped(now=now)  # writes down that this machine is here
    waiting = hosts.waiting(now=now)
    if waiting:
        return Finding(
            "machine",
            False,
            f"Not confirmed, so it sends nothing: {', '.join(host.name for host in waiting)}. "
            "Make sure that no copy of this installation is running anywhere else: if one is, "
            "everything would be booked twice. Then run there: manage.py confirm_installation, "
            "or confirm it on the page Operation.",
        )
    return Finding("machine", True, f"Confirmed: {hosts.surroundings().name}.")


def oldest_due(*, now: datetime) -> datetime | None:
    """Return since when the oldest work waits that is due at that time; None if nothing is."""
    found = []
    for app in settings.HUB_APPS:
        if module_has_submodule(import_module(app), "queries"):
            ask = getattr(import_module(f"{app}.queries"), "oldest_due", None)
            found.append(ask(now=now) if ask is not None else None)
    return min((at for at in found if at is not None), default=None)


def check_all(*, now: datetime) -> list[Finding]:
    """Return every finding. Without a database the rest cannot be asked and says so."""
    findings = [check_database(), check_broker()]
    asks_rows: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("worker", lambda: check_worker(now=now)),
        ("due work", lambda: check_due_work(now=now)),
        ("restore", lambda: check_restore(now=now)),
        ("machine", lambda: check_host(now=now)),
    )
    for name, ask in asks_rows:
        try:
            findings.append(ask())
        except DatabaseError:
            findings.append(
                Finding(
                    name,
                    False,
                    "Could not be asked: the database does not answer, or it is not migrated "
                    "(`manage.py migrate`).",
                )
            )
    return findings
