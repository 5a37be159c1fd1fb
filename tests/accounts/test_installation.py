"""Noticing that the database was restored, and what happens to tokens and requests then."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Connection, Installation, Restore
from accounts.operations import installation, restoring
from accounts.operations.tokens import StoredTokens
from background.models import BackgroundRequest
from tests import factories

NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
BACKUP = NOW - timedelta(hours=7)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_folder(settings: Any, tmp_path: Path) -> Path:
    settings.HUB_DATA_DIR = tmp_path
    return tmp_path


def turn_back(*, to: datetime) -> None:
    """Do what a restore does: the row is as it was then, the data folder is not."""
    Installation.objects.update(seen_at=to)


class TestBeat:
    def test_raises_the_mark_of_the_database_and_of_the_machine(self) -> None:
        installation.beat(now=NOW)
        installation.beat(now=NOW + timedelta(seconds=5))

        mark = installation.read_mark()

        assert mark is not None
        assert mark.seen_at == Installation.objects.get().seen_at == NOW + timedelta(seconds=5)
        assert installation.may_send(now=NOW)

    def test_never_lowers_it_although_a_clock_is_behind(self) -> None:
        installation.beat(now=NOW)
        installation.beat(now=NOW - timedelta(minutes=3))

        assert Installation.objects.get().seen_at == NOW
        assert installation.may_send(now=NOW)

    def test_notices_a_restore_and_leaves_the_time_of_the_backup(self) -> None:
        installation.beat(now=NOW)
        turn_back(to=BACKUP)

        installation.beat(now=NOW + timedelta(minutes=1))

        row = Installation.objects.get()
        assert (row.stopped_at, row.seen_at) == (NOW + timedelta(minutes=1), BACKUP)
        assert not installation.may_send(now=NOW + timedelta(minutes=2))


class TestMark:
    @pytest.mark.parametrize("text", ["", "{}", "[]", '{"identity": 1, "seen_at": "soon"}'])
    def test_that_cannot_be_read_is_none(self, data_folder: Path, text: str) -> None:
        (data_folder / "installation.json").write_text(text)

        assert installation.read_mark() is None
        assert installation.may_send(now=NOW)

    def test_that_cannot_be_written_stops_nothing(self, settings: Any, data_folder: Path) -> None:
        settings.HUB_DATA_DIR = data_folder / "missing"

        installation.beat(now=NOW)

        assert installation.may_send(now=NOW)

    @pytest.mark.parametrize(("sandbox", "sends"), [(True, True), (False, False)])
    def test_of_another_database_stops_production_only(
        self, settings: Any, sandbox: bool, sends: bool
    ) -> None:
        installation.beat(now=NOW)
        Installation.objects.all().delete()
        settings.HUB_SANDBOX = sandbox

        assert installation.may_send(now=NOW) is sends


class TestTokens:
    def test_are_not_renewed_while_stopped(self) -> None:
        connection = factories.connection(factories.organisation())
        installation.beat(now=NOW)
        turn_back(to=BACKUP)

        with pytest.raises(installation.DatabaseRestored):
            StoredTokens(connection.pk, clock=lambda: NOW).refresh(stale="an-access-token")


class TestDeclareRestore:
    def test_makes_old_accounts_sign_in_again_and_forgets_their_tokens(self) -> None:
        of = factories.organisation()
        old = factories.connection(of, refreshed_at=BACKUP - timedelta(days=1))
        new = factories.connection(of, refreshed_at=BACKUP + timedelta(hours=1))
        service = factories.connection(of, kind=Connection.Kind.SERVICE)

        declared = restoring.declare_restore(backup_taken_at=BACKUP, now=NOW)

        for one in (old, new, service):
            one.refresh_from_db()
        assert declared.sign_in_again == [old.name]
        assert (old.state, old.refresh_token, old.access_token) == ("sign_in_again", "", "")
        assert new.state == service.state == "authorised"
        assert new.refresh_token == "a-refresh-token"

    def test_ends_background_requests_that_were_asked_before(self) -> None:
        of = factories.organisation()
        background_request = BackgroundRequest.objects.create(
            organisation=of, kind="accounts.finish", secret="a code"
        )

        declared = restoring.declare_restore(backup_taken_at=BACKUP, now=NOW)

        background_request.refresh_from_db()
        assert declared.requests_ended == 1
        assert (background_request.state, background_request.secret) == ("failed", "")

    def test_takes_the_time_that_was_noticed(self) -> None:
        installation.beat(now=NOW)
        turn_back(to=BACKUP)
        installation.look(now=NOW)

        restoring.declare_restore(backup_taken_at=None, now=NOW)

        assert Restore.objects.get().backup_taken_at == BACKUP
        assert installation.may_send(now=NOW)

    def test_b14_reads_the_ledger_from_the_last_sign_of_life_if_a_later_time_is_said(self) -> None:
        installation.beat(now=NOW)
        turn_back(to=BACKUP)
        person = factories.connection(
            factories.organisation(), refreshed_at=BACKUP + timedelta(minutes=1)
        )

        restoring.declare_restore(backup_taken_at=NOW - timedelta(minutes=5), now=NOW)

        assert Restore.objects.get().backup_taken_at == BACKUP
        person.refresh_from_db()
        assert person.refresh_token == "", "the said time counts where later is the safer one"

    def test_lets_no_other_machine_stop_again(self, data_folder: Path) -> None:
        ahead = NOW + timedelta(minutes=2)
        installation.beat(now=ahead)
        turn_back(to=BACKUP)

        restoring.declare_restore(backup_taken_at=BACKUP, now=NOW)

        assert Installation.objects.get().seen_at == ahead

    @pytest.mark.parametrize("said", [None, NOW + timedelta(seconds=1)])
    def test_refuses_a_time_that_cannot_be(self, said: datetime | None) -> None:
        with pytest.raises(restoring.NotThatOld):
            restoring.declare_restore(backup_taken_at=said, now=NOW)

    def test_refuses_a_time_before_the_last_sign_of_life_in_the_backup(self) -> None:
        installation.beat(now=NOW)
        turn_back(to=BACKUP)
        installation.look(now=NOW)

        with pytest.raises(restoring.NotThatOld, match="later than the backup"):
            restoring.declare_restore(backup_taken_at=BACKUP - timedelta(hours=1), now=NOW)
