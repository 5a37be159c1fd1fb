"""
Which machines may work for this installation (B18).

A database that finds itself on a host that nobody has confirmed may be a copy, beside an
original that still works. It sends nothing and renews no token until an operator has said that
no copy lives. The first host of a new database needs no confirmation: there is nothing to copy.
"""

import socket
import uuid
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connection as database
from django.db import transaction

from accounts.living import Surroundings, looks_like_a_clone
from accounts.models import Connection, Host
from audit import trail
from connectors.errors import OPERATOR, Unavailable
from connectors.words import gettext_noop as _
from organisations.models import Organisation, User

log = structlog.get_logger(__name__)

MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
CONTAINER_FILES = (Path("/.dockerenv"), Path("/run/.containerenv"))
_SEEN_EVERY = timedelta(seconds=30)
RECENTLY = timedelta(minutes=10)
"""A host that was seen within this time is taken to be running."""
_AT_WORK = timedelta(seconds=30)
"""A confirmed host whose worker was heard of within this time sends what waits."""


class HostNotConfirmed(Unavailable):
    """The hub runs on a host that no operator has confirmed; it may be a copy."""

    summary = _(
        "The hub is running on a machine that has not been confirmed: {host}. It sends nothing."
    )
    remedy = _(
        "The operator makes sure that no other copy of this installation is running, and "
        "confirms the machine on the Operations page or with the command confirm_installation. "
        "If another copy were running, everything could be booked twice."
    )
    who = OPERATOR
    needs = ("host",)


class OneHostNotConfirmed(HostNotConfirmed):
    """A machine that no operator has confirmed stands beside others that go on working."""

    summary = _(
        "The machine {host} sends nothing until it is confirmed. The other machines carry on, "
        "and nothing is delayed by this."
    )


class NoSuchHost(ValueError):
    """There is no host of that identity, or it has been confirmed already."""


def surroundings() -> Surroundings:
    """Return where this process runs."""
    return Surroundings(
        installation_id=settings.HUB_INSTALLATION_ID,
        machine_id=_machine_id(),
        place=_place(),
        name=settings.HUB_INSTALLATION_ID or socket.gethostname(),
        boot=_first_line(BOOT_ID_FILE),
        # A container has a new name and address each time it is made: the given id says enough.
        hardware="" if settings.HUB_INSTALLATION_ID else f"{_mac()} {socket.gethostname()}".strip(),
    )


def is_known(*, now: datetime, fresh: bool = False, proven: bool = False) -> bool:
    """
    Return whether this host may send; write down that it was here.

    :param fresh: the database had never been used before this moment
    :param proven: the data folder of this machine belongs to this database
    """
    here = surroundings()
    host = Host.objects.filter(identity=here.identity).first()
    if host is None:
        host = _introduce(here, now=now, fresh=fresh, proven=proven)
    elif host.confirmed_at is None:
        if _nothing_was_ever_authorised():
            _confirm_first(host, now=now)
        elif now - host.seen_at >= _SEEN_EVERY:
            Host.objects.filter(pk=host.pk).update(seen_at=now)
    return host.confirmed_at is not None


def _introduce(here: Surroundings, *, now: datetime, fresh: bool, proven: bool) -> Host:
    # A database of an older version knows no hosts; the mark in the data folder knows it.
    first = fresh or (proven and not Host.objects.exists()) or _nothing_was_ever_authorised()
    host, made = Host.objects.get_or_create(
        identity=here.identity,
        defaults={
            "name": here.name[:120],
            "place": here.place[:300],
            "first_seen_at": now,
            "seen_at": now,
            "boot": here.boot,
            "hardware": here.hardware[:120],
            "confirmed_at": now if first else None,
        },
    )
    if made and not first:
        log.error("this host is not confirmed; it sends nothing", host=str(host))
    return host


def _confirm_first(host: Host, *, now: datetime) -> None:
    host.confirmed_at = now
    host.save(update_fields=["confirmed_at"])


def _nothing_was_ever_authorised() -> bool:
    """Without an account nothing can have been sent, and no token can be used twice."""
    return not Connection.objects.exclude(state=Connection.State.NOT_AUTHORISED).exists()


def note_seen(*, now: datetime) -> bool:
    """Record that this host works; return whether it has become another machine since."""
    here = surroundings()
    known = Host.objects.filter(identity=here.identity)
    before = known.values_list("boot", "hardware").first()
    known.update(seen_at=now, boot=here.boot, hardware=here.hardware[:120])
    return before is not None and looks_like_a_clone(before[1], here.hardware[:120])


def not_confirmed(*, now: datetime) -> HostNotConfirmed:
    """Return the failure that says that this host is not confirmed."""
    return failure_of(str(surroundings().name), now=now)


def failure_of(names: str, *, now: datetime) -> HostNotConfirmed:
    """Return what is said of those machines: whether anybody sends depends on the others."""
    kind = OneHostNotConfirmed if others_work(now=now) else HostNotConfirmed
    return kind(host=names)


def others_work(*, now: datetime) -> bool:
    """Return whether the worker of a confirmed machine was heard of a moment ago."""
    confirmed = Host.objects.filter(confirmed_at__isnull=False)
    return confirmed.filter(seen_at__gt=now - _AT_WORK).exists()


def may_look_like_another() -> bool:
    """
    Return whether this machine may be taken for another one at its next start.

    A container has a new name and address each time it is made, and often no machine id.
    """
    if settings.HUB_INSTALLATION_ID:
        return False
    in_container = any(path.exists() for path in CONTAINER_FILES)
    return in_container or not any(map(_first_line, MACHINE_ID_FILES))


def warn_of_changing_identity() -> None:
    """Say in the log of a worker in production that its next start may wait for an operator."""
    if may_look_like_another() and not settings.HUB_SANDBOX:
        log.warning(
            "this machine has no lasting id: set HUB_INSTALLATION_ID, "
            "or each new container waits for an operator and sends nothing meanwhile"
        )


def waiting(*, now: datetime) -> list[Host]:
    """Return the hosts that wait for a confirmation and were seen lately."""
    found = Host.objects.filter(confirmed_at=None, seen_at__gt=now - RECENTLY)
    return list(found.order_by("first_seen_at", "pk"))


def confirm(*, identity: str, by: User | None, now: datetime) -> Host:
    """
    Let a host send, since an operator says that no copy of this installation is alive.

    :raises NoSuchHost: if there is none of that identity that waits for it
    """
    with transaction.atomic():
        won = Host.objects.filter(identity=identity, confirmed_at=None).update(
            confirmed_at=now, confirmed_by=by
        )
        if not won:
            raise NoSuchHost(identity)
        host = Host.objects.get(identity=identity)
        _record(host, "installation.confirmed", by=by)
    return host


def forget(*, identity: str, by: User | None) -> None:
    """
    Take a host off the list: it must be confirmed before it sends again.

    :raises NoSuchHost: if there is none of that identity
    """
    with transaction.atomic():
        host = Host.objects.filter(identity=identity).first()
        if host is None:
            raise NoSuchHost(identity)
        host.delete()
        _record(host, "installation.forgotten", by=by)


def _record(host: Host, action: str, *, by: User | None) -> None:
    for organisation in Organisation.objects.order_by("pk"):
        trail.record(
            organisation=organisation,
            action=action,
            subject=organisation,
            user=by,
            details={"host": host.name, "place": host.place},
        )


def _place() -> str:
    place = database.settings_dict
    if database.vendor == "sqlite":
        folder = Path(settings.HUB_DATA_DIR).resolve()
        return f"{folder} {Path(str(place['NAME'])).resolve()}"
    return f"{place.get('HOST') or 'localhost'}:{place.get('PORT') or 5432}/{place['NAME']}"


@cache
def _machine_id() -> str:
    return next(filter(None, map(_first_line, MACHINE_ID_FILES)), "") or _mac() or _host_name()


def _host_name() -> str:
    return f"name {socket.gethostname()}"


@cache
def _mac() -> str:
    """Return the network address of the machine; nothing where Python would invent one."""
    node = uuid.getnode()
    return "" if node >> 40 & 1 else f"{node:012x}"


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()[:64]
    except (OSError, UnicodeDecodeError):
        return ""
