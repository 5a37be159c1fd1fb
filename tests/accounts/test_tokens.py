"""Refreshing: what stops an account, what does not, and the daily use of idle tokens."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from accounts.models import Connection
from accounts.operations import notifying, tokens
from accounts.tasks import keep_connections_alive
from background import claims, renewing
from background.models import BackgroundRequest, Lease
from background.tasks import extend_claims
from connectors.errors import ConnectorError, NotAuthorized, Unavailable
from connectors.oauth.errors import ClientRefused, IdentityServiceDown, OtherPerson, RefreshLost
from connectors.oauth.service import LONGEST_REFRESH
from connectors.sign_in import Grant
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Service:
    """An identity service that answers with what it was given."""

    def __init__(self, answer: Grant | ConnectorError) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def refresh(self, *, refresh_token: str, now: datetime) -> Grant:
        self.asked.append(refresh_token)
        if isinstance(self.answer, ConnectorError):
            raise self.answer
        return self.answer


def refresh(monkeypatch: Any, answer: Grant | ConnectorError, connection: Connection) -> Service:
    service = Service(answer)
    monkeypatch.setattr(tokens, "sign_in_for", lambda _connection: service)
    stored = tokens.StoredTokens(connection.pk, clock=lambda: NOW)
    if isinstance(answer, ConnectorError):
        with pytest.raises(type(answer)):
            stored.refresh(stale=connection.access_token)
    else:
        stored.refresh(stale=connection.access_token)
    connection.refresh_from_db()
    return service


@pytest.fixture
def connection() -> Connection:
    return factories.connection(factories.organisation(), tenant_id="t-1")


class TestRefresh:
    @pytest.mark.parametrize(
        "failure", [RefreshLost(vendor="V"), NotAuthorized(vendor="V", account="a")]
    )
    def test_a_token_that_may_be_used_up_is_never_sent_again(
        self, monkeypatch: Any, connection: Connection, failure: ConnectorError
    ) -> None:
        refresh(monkeypatch, failure, connection)

        service = Service(Grant(access_token="new", expires_in=60))
        monkeypatch.setattr(tokens, "sign_in_for", lambda _connection: service)
        with pytest.raises(NotAuthorized):
            tokens.StoredTokens(connection.pk, clock=lambda: NOW).refresh(stale="an-access-token")

        assert connection.state == Connection.State.SIGN_IN_AGAIN
        assert connection.failure_code == failure.code()
        assert service.asked == []

    @pytest.mark.parametrize(
        "failure", [ClientRefused(vendor="V"), IdentityServiceDown(vendor="V")]
    )
    def test_what_is_not_the_persons_to_mend_does_not_stop_the_account(
        self, monkeypatch: Any, connection: Connection, failure: ConnectorError
    ) -> None:
        refresh(monkeypatch, failure, connection)

        assert connection.is_authorised

    def test_what_the_answer_does_not_name_stays(
        self, monkeypatch: Any, connection: Connection
    ) -> None:
        refresh(monkeypatch, Grant(access_token="new", expires_in=60), connection)

        assert connection.access_token == "new"
        assert connection.refresh_token == "a-refresh-token"
        assert connection.tenant_id == "t-1"
        assert connection.subject

    @pytest.mark.parametrize("other", [{"subject": "person-2"}, {"tenant_id": "t-2"}])
    def test_another_persons_or_companys_tokens_are_never_used(
        self, monkeypatch: Any, connection: Connection, other: dict[str, str]
    ) -> None:
        answer = Grant(access_token="new", refresh_token="theirs", expires_in=60, **other)
        service = Service(answer)
        monkeypatch.setattr(tokens, "sign_in_for", lambda _connection: service)

        with pytest.raises(OtherPerson):
            tokens.StoredTokens(connection.pk, clock=lambda: NOW).refresh(stale="an-access-token")

        connection.refresh_from_db()
        assert connection.state == Connection.State.SIGN_IN_AGAIN
        assert connection.failure_code == OtherPerson.code()
        assert (connection.access_token, connection.refresh_token) == (
            "an-access-token",
            "a-refresh-token",
        )

    def test_nobody_else_asks_while_one_still_may(self) -> None:
        assert tokens.lease_on_a_refresh() > LONGEST_REFRESH

    def test_a_killed_worker_holds_the_account_no_longer_than_its_other_claims(
        self, monkeypatch: Any, connection: Connection
    ) -> None:
        seen: list[datetime] = []

        def look(_boundary: str) -> None:
            seen.append(Lease.objects.get(key=tokens.refresh_key(connection)).until)
            renewing.extend_all([extend_claims], now=NOW + LONGEST_REFRESH * SECOND)

        monkeypatch.setattr(tokens, "crash_point", look)
        renewal = renewing.Renewal([])
        renewal.start()
        try:
            refresh(monkeypatch, Grant(access_token="new", expires_in=60), connection)
        finally:
            claims.forget_owners()
            renewal.stop()
            renewal.thread.join(60)

        asked, called, _stored = seen
        assert asked == NOW + claims.lease_seconds() * SECOND
        assert called == asked + LONGEST_REFRESH * SECOND, (
            "nobody asks while one that lives still may"
        )
        assert not claims.extended.is_set()


class TestKeepAlive:
    def test_uses_an_idle_token_once(
        self, monkeypatch: Any, connection: Connection, run_due_work: Callable[..., int]
    ) -> None:
        idle = timezone.now() - timedelta(days=2)
        Connection.objects.filter(pk=connection.pk).update(refreshed_at=idle)
        service = Service(Grant(access_token="new", expires_in=60, refresh_token="newer"))
        monkeypatch.setattr(tokens, "sign_in_for", lambda _connection: service)

        keep_connections_alive()
        keep_connections_alive()
        run_due_work()
        keep_connections_alive()
        run_due_work()

        assert service.asked == ["a-refresh-token"]
        assert BackgroundRequest.objects.filter(kind="connections.refresh").count() == 1
        connection.refresh_from_db()
        assert connection.refresh_token == "newer"


def stored(connection: Connection, *, now: datetime = NOW) -> tokens.StoredTokens:
    return tokens.StoredTokens(connection.pk, clock=lambda: now, pause=lambda _seconds: None)


class TestAWorkerThatDiedWhileItAsked:
    def test_leaves_a_token_that_is_never_sent_again(
        self, monkeypatch: Any, connection: Connection
    ) -> None:
        assert connection.mark_asked()  # and then the power went
        service = Service(Grant(access_token="new", expires_in=60))
        monkeypatch.setattr(tokens, "sign_in_for", lambda _connection: service)

        with pytest.raises(RefreshLost):
            stored(connection).refresh(stale=connection.access_token)

        connection.refresh_from_db()
        assert service.asked == []
        assert connection.state == Connection.State.SIGN_IN_AGAIN
        assert connection.failure_code == RefreshLost.code()

    def test_accepts_a_grant_that_needs_no_refresh_token(self, monkeypatch: Any) -> None:
        service = factories.connection(factories.organisation(), kind="service")

        class Approved:
            def service_grant(self, *, tenant_id: str, now: datetime) -> Grant:
                return Grant(access_token="new", expires_in=60)

        monkeypatch.setattr(tokens, "sign_in_for", lambda _connection: Approved())

        assert service.mark_asked()
        assert stored(service).refresh(stale=service.access_token) == "new"

    def test_is_forgotten_when_somebody_signs_in(self, connection: Connection) -> None:
        assert connection.mark_asked()
        assert not connection.mark_asked()

        Connection.objects.filter(pk=connection.pk).update(version=connection.version + 1)
        connection.refresh_from_db()

        assert connection.mark_asked()


class TestAnAnswerThatCannotBeStored:
    def test_is_stored_when_the_database_is_back(
        self, monkeypatch: Any, connection: Connection
    ) -> None:
        away = iter([OperationalError("terminating connection"), InterfaceError("closed")])
        really_store = Connection.store_grant

        def store(self: Connection, grant: Grant, **more: Any) -> bool:
            for failure in away:
                raise failure
            return really_store(self, grant, **more)

        monkeypatch.setattr(Connection, "store_grant", store)
        monkeypatch.setattr(tokens, "close_old_connections", lambda: None)
        service = Service(Grant(access_token="new", expires_in=60, refresh_token="newer"))
        monkeypatch.setattr(tokens, "sign_in_for", lambda _connection: service)

        assert stored(connection).refresh(stale=connection.access_token) == "new"

        connection.refresh_from_db()
        assert connection.refresh_token == "newer"
        assert service.asked == ["a-refresh-token"]


class TestAnOutageOfTheIdentityService:
    def test_is_one_strike_a_day_and_the_owner_hears_of_the_third(
        self,
        monkeypatch: Any,
        connection: Connection,
        mailoutbox: list[Any],
        run_due_work: Callable[..., int],
    ) -> None:
        person = factories.member(connection.organisation).user
        down = Service(IdentityServiceDown(vendor="Visma Connect"))
        monkeypatch.setattr(tokens, "sign_in_for", lambda _connection: down)
        strikes = []
        for hours in (0, 1, 23, 24, 30, 48, 72):
            with pytest.raises(Unavailable):
                stored(connection, now=NOW + timedelta(hours=hours)).refresh(
                    stale=connection.access_token
                )
            connection.refresh_from_db()
            strikes.append(connection.strikes)
        run_due_work()

        assert strikes == [1, 1, 1, 2, 2, 3, 4]
        assert connection.is_authorised
        assert connection.asked_version is None
        assert [mail.to for mail in mailoutbox] == [[person.email]]
        assert "3 days" in mailoutbox[0].subject

    def test_ends_the_strikes_with_the_next_answer(
        self, monkeypatch: Any, connection: Connection
    ) -> None:
        assert connection.strike(now=NOW) == 1

        refresh(monkeypatch, Grant(access_token="new", expires_in=60), connection)

        assert (connection.strikes, connection.struck_at) == (0, None)

    def test_is_not_hammered_by_the_crowd_that_waits(
        self, monkeypatch: Any, connection: Connection
    ) -> None:
        Connection.objects.update(expires_at=NOW)
        down = Service(IdentityServiceDown(vendor="Visma Connect", retry_after=90))
        monkeypatch.setattr(tokens, "sign_in_for", lambda _connection: down)
        waits = []
        for _caller in range(5):
            with pytest.raises(Unavailable) as caught:
                stored(connection).current()
            waits.append(caught.value.retry_after)

        assert waits == [90] * 5
        assert len(down.asked) == 1

    def test_lets_the_old_token_serve_to_its_end(
        self, monkeypatch: Any, connection: Connection
    ) -> None:
        Connection.objects.update(expires_at=NOW + timedelta(seconds=40))
        down = Service(IdentityServiceDown(vendor="Visma Connect"))
        monkeypatch.setattr(tokens, "sign_in_for", lambda _connection: down)

        assert stored(connection).current() == connection.access_token
        with pytest.raises(Unavailable):
            stored(connection, now=NOW + timedelta(seconds=38)).current()


class TestTheOwner:
    def test_is_written_to_once_in_their_language(
        self,
        monkeypatch: Any,
        connection: Connection,
        mailoutbox: list[Any],
        run_due_work: Callable[..., int],
    ) -> None:
        owner = factories.member(connection.organisation).user
        factories.member(connection.organisation)
        Connection.objects.update(owner=owner, administration_name="Åkeriet\nAB")
        refused = NotAuthorized(vendor="Visma.net", account=connection.name)
        refresh(monkeypatch, refused, connection)
        assert not tokens.mark_sign_in_again(connection, refused, now=NOW)

        run_due_work()
        run_due_work()

        (mail,) = mailoutbox
        assert mail.to == [owner.email]
        assert "Åkeriet AB" in mail.subject
        assert "None is lost" in mail.body
        assert "/connections/" in mail.body
        assert "refresh-token" not in mail.body + mail.subject

    def test_who_left_is_replaced_by_all_who_may_sign_in_for_it(
        self, connection: Connection
    ) -> None:
        gone = factories.member(connection.organisation).user
        gone.is_active = False
        gone.save()
        connection.owner = gone
        able = factories.member(connection.organisation).user
        factories.member(connection.organisation, rights={"vismanet": "read"})

        assert notifying.people_of(connection) == [able]

    def test_waits_for_the_mail_server(
        self,
        monkeypatch: Any,
        connection: Connection,
        mailoutbox: list[Any],
        run_due_work: Callable[..., int],
    ) -> None:
        factories.member(connection.organisation)
        notifying.notify_owner(
            connection, about=notifying.SIGN_IN_AGAIN, failure=RefreshLost(vendor="Visma Connect")
        )
        with monkeypatch.context() as patched:

            def refused(*_: Any) -> None:
                raise ConnectionRefusedError

            patched.setattr(notifying, "send_mail", refused)
            run_due_work()
        assert mailoutbox == []

        run_due_work(now=timezone.now() + timedelta(minutes=1))

        assert len(mailoutbox) == 1
