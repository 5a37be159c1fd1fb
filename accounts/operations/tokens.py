"""
Access tokens, refreshed by one caller at a time per person and client.

A one-time refresh token that is used twice revokes every company of that person (Visma
Connect, oauth.developers.visma.com/service-registry/documentation/tokens). So whoever wants
to refresh takes a lease on the person, reads the row again, and stores the answer before
using it. No transaction is open while the identity service is asked.

    the row says *asked*   died here: nobody knows whether the token was used -> sign in again
    call                   died here, or the answer was lost: the same
    answer stored          used from here on
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.utils import timezone

from accounts import living
from accounts.models import Connection
from accounts.operations import continuity, installation
from accounts.operations.notifying import NO_ANSWER, SIGN_IN_AGAIN, notify_owner
from background import claims
from background.crash_points import crash_point
from background.failures import why
from background.models import Lease
from connectors.errors import ConnectorError, NotAuthorized, Unavailable
from connectors.oauth.errors import OtherPerson, RefreshLost
from connectors.oauth.service import LONGEST_REFRESH
from connectors.registry import CONNECTORS
from connectors.sign_in import Grant, SignIn

_WAIT_SECONDS = 0.1
_MARGIN_SECONDS = 15.0
_STILL_GOOD = timedelta(seconds=5)
_ASK_AGAIN = timedelta(seconds=30)
_STRIKES_TO_TELL = 3
_STORE_AGAIN = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between tries to store the only copy of a new token while the database is away."""


def sign_in_for(connection: Connection) -> SignIn:
    """Return how that connection is authorised at its vendor."""
    vendor = CONNECTORS[connection.vendor]
    return vendor.make_sign_in(
        settings=settings.HUB_VENDORS, kind=connection.kind, own_key=connection.own_key
    )


class StoredTokens:
    """
    The tokens of one connection, as a connector asks for them.

    :param read: the connection, if it was read a moment ago
    """

    def __init__(
        self,
        connection_id: int,
        *,
        read: Connection | None = None,
        clock: Callable[[], datetime] = timezone.now,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.connection_id, self.clock, self.pause = connection_id, clock, pause
        self._cached = read

    def current(self) -> str:
        """
        Return a token that is believed valid, refreshing it first when it is about to expire.

        It is the last thing that is asked for before a call, so it is refused to a worker that
        stood still for longer than its claims live: what it was about to send, another may have
        sent meanwhile.
        """
        token = self._current()
        if claims.have_lapsed():
            raise self._unavailable(
                Connection.objects.get(pk=self.connection_id),
                "this worker stood still, and its claims have lapsed",
            )
        if continuity.reason() not in {"", living.START}:  # before its start it claimed nothing
            raise self._unavailable(
                Connection.objects.get(pk=self.connection_id),
                "the clock jumped, or this worker stood still; the ledger is asked first",
            )
        return token

    def _current(self) -> str:
        connection = self._cached
        if connection is None or not connection.token_is_fresh(now=self.clock()):
            connection = self._cached = Connection.objects.get(pk=self.connection_id)
        self._refuse_unauthorised(connection)
        if connection.token_is_fresh(now=self.clock()):
            return connection.access_token
        try:
            return self.refresh(stale=connection.access_token)
        except Unavailable:
            # We had asked a minute early, for this: the old token serves to its end.
            if connection.token_is_fresh(now=self.clock(), leeway=_STILL_GOOD):
                return connection.access_token
            raise

    def refresh(self, *, stale: str) -> str:
        """Return a token newer than `stale`; see `connectors.sign_in.Tokens`."""
        owner = claims.new_owner()
        waited = 0.0
        while waited < settings.HUB_REFRESH_PATIENCE_SECONDS:
            connection = Connection.objects.get(pk=self.connection_id)
            self._refuse_unauthorised(connection)
            if connection.access_token != stale and connection.token_is_fresh(now=self.clock()):
                self._cached = connection
                return connection.access_token
            key = refresh_key(connection)
            if Lease.objects.take(
                key=key, owner=owner, now=self.clock(), seconds=lease_on_a_refresh()
            ):
                try:
                    return self._refresh_alone(stale=stale)
                finally:
                    Lease.objects.give_back(key=key, owner=owner)
            self.pause(_WAIT_SECONDS)
            waited += _WAIT_SECONDS
        raise self._unavailable(connection, "another worker refreshes the token")

    def _refresh_alone(self, *, stale: str) -> str:
        # Read again now that we are alone: the one before us may have done the work.
        connection = Connection.objects.get(pk=self.connection_id)
        if connection.access_token != stale and connection.token_is_fresh(now=self.clock()):
            self._cached = connection
            return connection.access_token
        installation.refuse_while_stopped(now=self.clock())
        self._refuse_to_hammer(connection)
        grant = self._ask_once(connection)
        crash_point("refresh.after_call")
        if not self._store(connection, grant):
            raise self._unavailable(connection, "the token was replaced meanwhile")
        crash_point("refresh.stored")
        self._cached = None
        return grant.access_token

    def _ask_once(self, connection: Connection) -> Grant:
        one_time = connection.kind == Connection.Kind.INTERACTIVE
        try:
            if one_time and not connection.mark_asked():
                raise RefreshLost(
                    vendor=CONNECTORS[connection.vendor].name,
                    detail="a worker stopped before it had stored the answer",
                )
            crash_point("refresh.asked")
            grant = self._ask(connection)
            _refuse_another(connection, grant)
            return grant
        except (NotAuthorized, RefreshLost) as failure:
            # Lost: the one-time token may be used up, and using it again revokes everything.
            mark_sign_in_again(connection, failure, now=self.clock())
            raise
        except ConnectorError as failure:
            if one_time:
                connection.mark_not_used()
            if isinstance(failure, Unavailable):
                note_outage(connection, failure, now=self.clock())
            raise

    def _refuse_to_hammer(self, connection: Connection) -> None:
        """Refuse while the service was down a moment ago: a crowd waits behind this lease."""
        until, now = connection.not_before, self.clock()
        if connection.struck_at is not None and until is not None and until > now:
            raise self._unavailable(
                connection, "no new token a moment ago", wait=(until - now).total_seconds()
            )

    def _store(self, connection: Connection, grant: Grant) -> bool:
        """Store the answer, also through a restart of the database: there is no other copy."""
        for wait in _STORE_AGAIN:
            try:
                return connection.store_grant(grant, version=connection.version, now=self.clock())
            except (OperationalError, InterfaceError):
                close_old_connections()
                self.pause(wait)
        return connection.store_grant(grant, version=connection.version, now=self.clock())

    @staticmethod
    def _unavailable(
        connection: Connection, detail: str, *, wait: float | None = None
    ) -> Unavailable:
        return Unavailable(
            vendor=CONNECTORS[connection.vendor].name, detail=detail, retry_after=wait
        )

    def _ask(self, connection: Connection) -> Grant:
        sign_in = sign_in_for(connection)
        if connection.kind != Connection.Kind.INTERACTIVE:
            return sign_in.service_grant(tenant_id=connection.tenant_id, now=self.clock())
        return sign_in.refresh(refresh_token=connection.refresh_token, now=self.clock())

    @staticmethod
    def _refuse_unauthorised(connection: Connection) -> None:
        if not connection.is_authorised:
            raise NotAuthorized(vendor=CONNECTORS[connection.vendor].name, account=connection.name)


def _refuse_another(connection: Connection, grant: Grant) -> None:
    """
    Refuse tokens for another person or company than the account's: they would post elsewhere.

    :raises OtherPerson: if the answer says so; one that says nothing renews what there was
    """
    for ours, theirs in (
        (connection.subject, grant.subject),
        (connection.tenant_id, grant.tenant_id),
    ):
        if ours and theirs and ours != theirs:
            raise OtherPerson(
                vendor=CONNECTORS[connection.vendor].name,
                account=connection.name,
                detail="the renewal is for another person or company",
            )


def lease_on_a_refresh() -> float:
    """
    Return how long the lease lives: no other worker may refresh while we still ask.

    A worker extends it while it asks, so that the accounts of a killed one do not stand still.
    """
    if claims.extended.is_set():
        return claims.lease_seconds()
    return max(claims.lease_seconds(), LONGEST_REFRESH + _MARGIN_SECONDS)


def refresh_now(*, connection_id: int, now: datetime) -> bool:
    """
    Use the refresh token once so that it does not expire unused, and say whether it was.

    A connection that was refreshed or disconnected meanwhile is left alone.
    """
    connection = Connection.objects.filter(pk=connection_id).first()
    if connection is None or connection_id not in keep_alive(now=now):
        return False
    StoredTokens(connection_id, clock=lambda: now).refresh(stale=connection.access_token)
    return True


def refresh_key(connection: Connection) -> str:
    """Return the name of the lease: one per person and client, not per company."""
    who = connection.subject or f"service-{connection.tenant_id}"
    return f"refresh:{connection.vendor}:{connection.kind}:{who}"


def mark_sign_in_again(connection: Connection, failure: ConnectorError, *, now: datetime) -> bool:
    """
    Stop the connection until its owner has signed in again, unless it was renewed meanwhile.

    The owner is notified once: by whoever changes the state, in the same commit.
    """
    with transaction.atomic():
        stopped = Connection.objects.filter(
            pk=connection.pk, version=connection.version, state=Connection.State.AUTHORISED
        ).update(
            state=Connection.State.SIGN_IN_AGAIN,
            state_at=now,
            **why(failure, now),
        )
        if stopped:
            notify_owner(connection, about=SIGN_IN_AGAIN, failure=failure)
    return bool(stopped)


def note_outage(connection: Connection, failure: Unavailable, *, now: datetime) -> None:
    """
    Count a day on which no new token could be had, and let nobody ask again for a moment.

    The connection stays authorised: an outage is nothing that signing in again would mend.
    """
    with transaction.atomic():
        days = connection.strike(now=now)
        if days == _STRIKES_TO_TELL:
            notify_owner(connection, about=NO_ANSWER, failure=failure, days=days)
        if not connection.token_is_fresh(now=now, leeway=_STILL_GOOD):
            wait = timedelta(seconds=failure.retry_after) if failure.retry_after else _ASK_AGAIN
            Connection.objects.filter(pk=connection.pk, version=connection.version).update(
                not_before=now + wait
            )


def keep_alive(*, now: datetime, idle: timedelta = timedelta(days=1)) -> list[int]:
    """Return the connections whose refresh token has not been used for that long."""
    return list(
        Connection.objects.filter(
            state=Connection.State.AUTHORISED,
            kind=Connection.Kind.INTERACTIVE,
            refreshed_at__lt=now - idle,
        )
        .exclude(refresh_token="")
        .values_list("pk", flat=True)
    )
