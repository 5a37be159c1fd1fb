"""After a restore: what this database says of tokens and background requests is out of date."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from accounts.models import Connection, Restore
from accounts.operations import hosts, installation
from accounts.operations.tokens import mark_sign_in_again
from audit import trail
from background.models import BackgroundRequest
from connectors.errors import ADMINISTRATOR, ConnectorError, NotAuthorized, Rejected
from connectors.registry import CONNECTORS
from connectors.words import gettext_noop as _
from organisations.models import Organisation

WATCH = timedelta(days=100)
"""A quarter and some days: as long as a payroll file of before may be imported again."""


class OldToken(NotAuthorized):
    """The stored token is of the time of the backup; it may have been used since."""

    summary = _("The hub's database was restored, so the sign-in of {account} is out of date.")
    remedy = _("Sign in again on the accounts page. Journals wait until then.")
    who = ADMINISTRATOR
    action = "reconnect"
    needs = ("account",)


class AskedBeforeTheRestore(Rejected):
    """The background request is of the time of the backup; whether it was done is not known."""

    summary = _("The hub's database was restored while this waited.")
    remedy = _("Request it again if you still need it.")
    needs = ()


class NotThatOld(ValueError):
    """The database holds work that is newer than the backup is said to be."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What was done with the connections and background requests of the restored database."""

    restore: Restore
    sign_in_again: list[str] = field(default_factory=list)
    requests_ended: int = 0


def declare_restore(
    *, backup_taken_at: datetime | None, now: datetime, watch: timedelta = WATCH
) -> Declared:
    """
    Record that the database is of that time, and let nothing old be used.

    Interactive accounts must sign in again unless their token came after the backup: a one-time
    refresh token that is used twice revokes every company of that person. Background requests
    that wait are ended, since what they ask for may have been done.

    :param backup_taken_at: None: when a worker last wrote into it, if the restore was noticed
    :raises NotThatOld: if the database is newer than that, or its age is not known
    """
    row = installation.look(now=now)
    if backup_taken_at is None:
        if row.stopped_at is None:
            raise NotThatOld(
                "No restore was noticed here, so the age of the backup is not known. "
                "Say it: --backup-taken-at."
            )
        backup_taken_at = row.seen_at
    if backup_taken_at > now:
        raise NotThatOld("The backup cannot be of a time that is still to come.")
    if row.stopped_at is not None and row.seen_at > backup_taken_at:
        raise NotThatOld(
            f"A worker wrote into this database at {row.seen_at:%Y-%m-%dT%H:%M:%S%z}, which is "
            "later than the backup is said to be. Check the time."
        )
    with transaction.atomic():
        restore = Restore.objects.create(
            at=now,
            # A worker that wrote into the backup wrote before it was taken: the ledger is read
            # from there, whatever later time was said by mistake, such as that of the restore.
            backup_taken_at=min(backup_taken_at, row.seen_at),
            watch_until=now + watch,
        )
        declared = Declared(
            restore=restore,
            sign_in_again=_forget_old_tokens(before=backup_taken_at, now=now),
            requests_ended=_end_requests(now=now),
        )
        for organisation in Organisation.objects.order_by("pk"):
            trail.record(
                organisation=organisation,
                action="database.restored",
                subject=organisation,
                details={"backup_taken_at": restore.backup_taken_at.isoformat()},
            )
    installation.go_on(now=now)
    return declared


STOPS = tuple(
    kind.code()
    for kind in (
        installation.DatabaseRestored,
        installation.LedgerKnowsMore,
        hosts.HostNotConfirmed,
        hosts.OneHostNotConfirmed,
    )
)
"""Codes of the failures that say that nothing at all is sent."""


def what_now(connection: Connection, *, now: datetime) -> ConnectorError | None:
    """Return what the connection waits for after an operator has acted; None if for nothing."""
    stopped = installation.why_stopped(now=now)
    if stopped is not None:
        return stopped
    if connection.state == Connection.State.SIGN_IN_AGAIN:
        return OldToken(vendor=CONNECTORS[connection.vendor].name, account=connection.name)
    return None


def _forget_old_tokens(*, before: datetime, now: datetime) -> list[str]:
    old = Connection.objects.filter(kind=Connection.Kind.INTERACTIVE).filter(
        Q(refreshed_at__isnull=True) | Q(refreshed_at__lte=before)
    )
    stopped = []
    for connection in old.filter(state=Connection.State.AUTHORISED).order_by("name", "pk"):
        failure = OldToken(vendor=CONNECTORS[connection.vendor].name, account=connection.name)
        if mark_sign_in_again(connection, failure, now=now):
            stopped.append(connection.name)
    # Gone, so that nothing can use them by mistake; an answer on its way cannot be stored either.
    old.exclude(refresh_token="", access_token="").update(
        access_token="", refresh_token="", expires_at=None, version=F("version") + 1
    )
    return stopped


def _end_requests(*, now: datetime) -> int:
    failure = AskedBeforeTheRestore()
    return BackgroundRequest.objects.filter(
        state__in=(BackgroundRequest.State.WAITING, BackgroundRequest.State.RUNNING)
    ).update(
        state=BackgroundRequest.State.FAILED,
        finished_at=now,
        secret="",
        claim_owner="",
        failure_code=failure.code(),
        failure_params=failure.params,
    )
