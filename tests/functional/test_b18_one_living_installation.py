"""B18: a restored or copied installation posts nothing twice, whatever was forgotten."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from accounts import living
from accounts.models import Connection, Gap, Host, Installation, LedgerProof, Restore
from accounts.operations import continuity, hosts, installation
from accounts.operations.tokens import StoredTokens
from audit.models import AuditEntry
from integrationhub import readiness
from journals.models import Batch, Journal
from tests.functional.restoring import Restore as PutBack
from tests.functional.restoring import take_backup  # noqa: F401
from tests.functional.test_b14_restore_drill import (
    after_restore,
    in_ledger,
    let_the_ledger_be_asked_twice,
    payroll,
    send_all,
    sign_in_again,
    states,
)
from tests.journals.sending.conftest import Office, committed_office, later  # noqa: F401

Later = Callable[[float], int]
Snapshot = Callable[[], Callable[[], None]]


@pytest.fixture(autouse=True)
def data_folder(settings: Any, tmp_path: Path) -> Path:
    settings.HUB_DATA_DIR = tmp_path / "var"
    settings.HUB_DATA_DIR.mkdir()
    return settings.HUB_DATA_DIR  # type: ignore[no-any-return]


@pytest.fixture
def take_snapshot(
    take_backup: Callable[[], PutBack],  # noqa: F811
    data_folder: Path,
) -> Snapshot:
    """Return what takes database and data folder together, and returns what puts both back."""

    def take() -> Callable[[], None]:
        mark = data_folder / "installation.json"
        kept = mark.read_bytes() if mark.exists() else None
        put_back = take_backup()

        def restore() -> None:
            put_back()
            mark.unlink(missing_ok=True)
            if kept is not None:
                mark.write_bytes(kept)
            installation._memory.clear()  # the process is another one, too

        return restore

    return take


def worker_starts() -> None:
    """Do what the first look of a worker that has just started does."""
    now = datetime.now(UTC)
    row = installation.look(now=now)
    continuity.note_gap(row, living.START, now=now)
    installation.beat(now=now)


def a_month_was_sent(office: Office, later: Later) -> None:  # noqa: F811
    """Let the mapping have sent before: of its first journal a person is asked more (B17)."""
    worker_starts()
    payroll(office, 99)
    send_all(office)
    later(0)


def lists(office: Office) -> int:
    """Return how often the ledger was listed."""
    return len(office.store.requests(call="list", tenant_id=office.tenant_id))


class TestASnapshotRestoredWithItsDataFolder:
    def test_b18_sends_nothing_twice_though_no_command_is_run(
        self,
        committed_office: Office,  # noqa: F811
        take_snapshot: Snapshot,
        later: Later,  # noqa: F811
    ) -> None:
        office = committed_office
        worker_starts()
        for number in range(1, 4):
            payroll(office, number)
        send_all(office)
        later(0)
        restore = take_snapshot()
        for number in range(4, 14):
            payroll(office, number)
        send_all(office)
        later(0)
        posts, sent = office.posts(), in_ledger(office)
        assert set(sent.values()) == {1}

        restore()
        worker_starts()
        for number in range(4, 14):
            payroll(office, number)
        send_all(office)
        let_the_ledger_be_asked_twice(later)

        assert (office.posts(), in_ledger(office)) == (posts, sent)
        assert {b.failure_code for b in Batch.objects.filter(state="ready")} == {"LedgerKnowsMore"}
        row = Installation.objects.get()
        assert row.stopped_at is not None
        assert row.evidence["account"] == office.connection.name
        [finding] = [f for f in readiness.check_all(now=datetime.now(UTC)) if f.name == "restore"]
        assert not finding.ok
        assert "after_restore" in finding.text

    def test_b18_is_stopped_by_what_waited_in_it_too(
        self,
        committed_office: Office,  # noqa: F811
        take_snapshot: Snapshot,
        later: Later,  # noqa: F811
    ) -> None:
        office = committed_office
        a_month_was_sent(office, later)
        for number in range(5):
            payroll(office, number)
        send_all(office)
        restore = take_snapshot()
        later(0)
        posts = office.posts()
        assert posts == 8

        restore()
        worker_starts()
        let_the_ledger_be_asked_twice(later)

        assert office.posts() == posts
        assert Installation.objects.get().stopped_at is not None

    def test_b18_finds_what_failed_before_and_was_sent_since(
        self,
        committed_office: Office,  # noqa: F811
        take_snapshot: Snapshot,
        later: Later,  # noqa: F811
    ) -> None:
        office = committed_office
        worker_starts()
        payroll(office, 1)
        office.store.add_fault("rate_limited", company=office.tenant_id, on="create", times=99)
        send_all(office)
        later(0)
        assert states(office) == {"postponed": 1}
        restore = take_snapshot()
        office.store.clear_faults()
        later(3000)
        [there] = office.ledger()
        posts = office.posts()

        restore()
        worker_starts()
        later(3100)

        assert office.posts() == posts
        assert Batch.objects.get().vendor_number == there.number
        assert states(office) == {"posted": 1}

    def test_b18_renews_no_token_once_it_is_proven(
        self,
        committed_office: Office,  # noqa: F811
        take_snapshot: Snapshot,
        later: Later,  # noqa: F811
    ) -> None:
        office = committed_office
        a_month_was_sent(office, later)
        restore = take_snapshot()
        payroll(office, 1)
        send_all(office)
        later(0)
        restore()
        worker_starts()
        payroll(office, 1)
        send_all(office)
        later(0)

        with pytest.raises(installation.LedgerKnowsMore):
            StoredTokens(office.connection.pk).refresh(
                stale=Connection.objects.get(pk=office.connection.pk).access_token
            )

    def test_b18_goes_on_after_the_command_and_a_sign_in_and_does_not_stop_again(
        self,
        committed_office: Office,  # noqa: F811
        take_snapshot: Snapshot,
        later: Later,  # noqa: F811
        sandbox: Any,
    ) -> None:
        office = committed_office
        a_month_was_sent(office, later)
        restore = take_snapshot()
        backup_taken_at = datetime.now(UTC)
        for number in (1, 2):
            payroll(office, number)
        send_all(office)
        later(0)
        restore()
        worker_starts()
        payroll(office, 1)
        send_all(office)
        later(0)
        assert Installation.objects.get().stopped_at is not None

        answer = after_restore()

        assert answer["sign_in_again"] == [office.connection.name]
        assert Restore.objects.get().backup_taken_at <= backup_taken_at
        # Nobody reads any more that the operator should run the command.
        waiting = Batch.objects.exclude(state="posted")
        assert set(waiting.values_list("failure_code", flat=True)) == {"OldToken"}
        sign_in_again(office, sandbox.url)
        let_the_ledger_be_asked_twice(later)
        payroll(office, 3)
        send_all(office)
        let_the_ledger_be_asked_twice(later)

        assert states(office) == {"posted": 3}
        assert set(in_ledger(office).values()) == {1}
        assert office.posts() == 4
        assert Installation.objects.get().stopped_at is None

    def test_b18_of_another_hub_with_the_same_ledger_is_no_proof(
        self,
        committed_office: Office,  # noqa: F811
        take_snapshot: Snapshot,
        later: Later,  # noqa: F811
    ) -> None:
        office = committed_office
        worker_starts()
        nothing_sent = take_snapshot()
        payroll(office, 1)
        send_all(office)
        later(0)
        nothing_sent()
        # A hub of its own, as a trial beside production is: its keys carry another mark.
        Installation.objects.all().delete()
        installation.marker_path().unlink()
        worker_starts()
        payroll(office, 2)
        send_all(office)
        later(0)

        assert states(office) == {"posted": 1}
        assert Installation.objects.get().stopped_at is None


class TestANormalStart:
    def test_b18_asks_once_for_each_connection_and_sends(
        self,
        committed_office: Office,  # noqa: F811
        later: Later,  # noqa: F811
    ) -> None:
        office = committed_office
        a_month_was_sent(office, later)
        worker_starts()
        before = lists(office)
        for number in range(10):
            payroll(office, number)
        send_all(office)
        later(0)

        assert Counter(in_ledger(office).values()) == {1: 15}
        assert lists(office) - before == 1
        proof = LedgerProof.objects.get()
        assert (proof.work, proof.gap_id) == ("journals", Gap.objects.latest("pk").pk)

    def test_b18_asks_nothing_where_nothing_waits(
        self,
        committed_office: Office,  # noqa: F811
        later: Later,  # noqa: F811
    ) -> None:
        worker_starts()
        later(0)

        assert lists(committed_office) == 0

    def test_b18_nothing_is_sent_while_the_ledger_does_not_answer(
        self,
        committed_office: Office,  # noqa: F811
        later: Later,  # noqa: F811
    ) -> None:
        office = committed_office
        worker_starts()
        payroll(office, 1)
        office.store.add_fault("server_error", company=office.tenant_id, on="list", times=99)
        send_all(office)
        later(0)
        assert office.posts() == 0
        batch = Batch.objects.get()
        assert (batch.failure_code, batch.waits_for) == ("Unavailable", "vendor")

        office.store.clear_faults()
        later(400)

        assert states(office) == {"posted": 1}

    def test_b18_a_batch_cannot_be_claimed_after_a_gap_whoever_chose_it_before(
        self,
        committed_office: Office,  # noqa: F811
        later: Later,  # noqa: F811
    ) -> None:
        office = committed_office
        payroll(office, 1)
        send_all(office)
        Batch.objects.update(prepared_at=None)
        later(0)
        Batch.objects.update(state="ready")
        batch = Batch.objects.get()
        batch.state = "ready"
        batch.claim_owner = ""
        Batch.objects.update(claim_owner="")
        worker_starts()
        batch.refresh_from_db()

        won = batch.claim(owner="me", now=datetime.now(UTC), lease_seconds=30)

        assert not won


class TestACopyBesideTheOriginal:
    def test_b18_in_another_folder_sends_nothing_until_it_is_confirmed(
        self,
        committed_office: Office,  # noqa: F811
        later: Later,  # noqa: F811
        settings: Any,
        tmp_path: Path,
    ) -> None:
        office = committed_office
        worker_starts()
        copy = tmp_path / "copy"
        copy.mkdir()
        settings.HUB_DATA_DIR = copy
        if connection.vendor != "sqlite":  # a server's database is elsewhere by its address
            settings.HUB_INSTALLATION_ID = "the copy"
        Host.objects.update(seen_at=datetime.now(UTC) - timedelta(minutes=1))
        payroll(office, 1)
        send_all(office)
        later(0)

        assert office.posts() == 0
        assert Batch.objects.get().failure_code == "HostNotConfirmed"
        with pytest.raises(hosts.HostNotConfirmed):
            installation.refuse_while_stopped(now=datetime.now(UTC))
        [finding] = [f for f in readiness.check_all(now=datetime.now(UTC)) if f.name == "machine"]
        assert not finding.ok
        assert "confirm_installation" in finding.text

        with pytest.raises(CommandError, match="books everything twice"):
            call_command("confirm_installation")
        out = StringIO()
        call_command("confirm_installation", "--no-other-copy-is-running", "--json", stdout=out)
        assert Batch.objects.get().failure_code == ""
        worker_starts()
        later(1)

        assert json.loads(out.getvalue())["confirmed"]
        assert states(office) == {"posted": 1}
        assert AuditEntry.objects.filter(action="installation.confirmed").count() == 1

    def test_b18_of_the_same_identity_is_stopped_by_what_the_original_sends(
        self,
        committed_office: Office,  # noqa: F811
        take_snapshot: Snapshot,
        later: Later,  # noqa: F811
    ) -> None:
        """The copy had begun to send before; the original sends the next month first."""
        office = committed_office
        worker_starts()
        payroll(office, 1)
        send_all(office)
        later(0)
        back_to_the_copy = take_snapshot()
        payroll(office, 2)
        send_all(office)
        later(0)
        posts = office.posts()

        back_to_the_copy()
        payroll(office, 2)
        send_all(office)
        later(70)  # no start, no gap: the ledger is asked again after a minute

        assert office.posts() == posts
        assert Installation.objects.get().stopped_at is not None

    def test_b18_leaves_the_work_to_a_confirmed_machine_beside_it(
        self,
        committed_office: Office,  # noqa: F811
        later: Later,  # noqa: F811
        settings: Any,
    ) -> None:
        """A new machine on the same database stops nobody's pay day, and says nothing untrue."""
        office = committed_office
        settings.HUB_INSTALLATION_ID = "old"
        a_month_was_sent(office, later)
        payroll(office, 1)
        send_all(office)

        settings.HUB_INSTALLATION_ID = "new"
        later(0)

        batch = Batch.objects.get(state="ready")
        assert (batch.failure_code, batch.waits_for) == ("", "")
        [said] = installation.notices(now=datetime.now(UTC))
        assert isinstance(said, hosts.OneHostNotConfirmed)
        settings.HUB_INSTALLATION_ID = "old"
        later(4)  # the message was given up a moment ago, not lost for a quarter of a minute
        assert states(office) == {"posted": 2}

    def test_b18_is_stopped_by_what_the_other_sent_weeks_before(
        self,
        committed_office: Office,  # noqa: F811
        take_snapshot: Snapshot,
        later: Later,  # noqa: F811
    ) -> None:
        """No worker of either was started since, and each sends once a month."""
        office = committed_office
        worker_starts()
        payroll(office, 1)
        send_all(office)
        later(0)
        back_to_the_other = take_snapshot()
        payroll(office, 2)
        send_all(office)
        later(0)
        posts = office.posts()

        back_to_the_other()
        payroll(office, 2)
        later_than_a_month = 35 * 86_400
        Connection.objects.update(expires_at=datetime.now(UTC) + timedelta(days=40))
        send_all(office)
        later(later_than_a_month)

        assert office.posts() == posts
        assert Installation.objects.get().stopped_at is not None

    def test_b18_with_another_network_address_waits_for_what_the_original_sends(
        self,
        committed_office: Office,  # noqa: F811
        take_snapshot: Snapshot,
        later: Later,  # noqa: F811
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        office = committed_office
        worker_starts()
        payroll(office, 1)
        send_all(office)
        clone = take_snapshot()
        clone()
        here = hosts.surroundings()
        moved = living.Surroundings(
            installation_id="",
            machine_id=here.machine_id,
            place=here.place,
            name=here.name,
            boot="another",
            hardware="another address",
        )
        monkeypatch.setattr(hosts, "surroundings", lambda: moved)
        worker_starts()
        later(0)
        assert office.posts() == 0
        assert Batch.objects.get().failure_code == "LedgerAskedFirst"
        later(300)

        assert states(office) == {"posted": 1}


class TestTheFirstStart:
    @pytest.mark.django_db
    def test_b18_of_an_empty_database_needs_no_confirmation(self) -> None:
        now = datetime.now(UTC)

        assert installation.may_send(now=now)
        assert Host.objects.get().confirmed_at == now

    @pytest.mark.django_db
    def test_b18_after_an_upgrade_knows_the_machine_by_its_mark(
        self, office_with_mark: Installation
    ) -> None:
        assert installation.may_send(now=datetime.now(UTC))

    @pytest.mark.django_db
    def test_b18_of_an_old_database_elsewhere_needs_one(
        self, office_with_mark: Installation
    ) -> None:
        installation.marker_path().unlink()

        assert not installation.may_send(now=datetime.now(UTC))
        assert Host.objects.get().confirmed_at is None

    @pytest.fixture
    def office_with_mark(self, db: None) -> Installation:
        from tests import factories

        factories.connection(factories.organisation())
        row = Installation.objects.create(pk=1, seen_at=datetime.now(UTC))
        installation.write_mark(row)
        return row


def test_b18_journals_say_nothing_of_a_stop_that_is_over(
    committed_office: Office,  # noqa: F811
    later: Later,  # noqa: F811
) -> None:
    office = committed_office
    worker_starts()
    payroll(office, 1)
    Host.objects.update(confirmed_at=None)
    send_all(office)
    later(0)
    assert Batch.objects.get().failure_code == "HostNotConfirmed"

    call_command("confirm_installation", "--no-other-copy-is-running", stdout=StringIO())
    later(0)

    assert Batch.objects.get().failure_code == ""
    assert Journal.objects.get().state == "sent"
