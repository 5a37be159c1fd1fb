"""Machines on the page Operation, and what every page says while one of them sends nothing."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Host, Installation
from audit.models import AuditEntry
from organisations.models import Membership, User
from tests import factories

pytestmark = pytest.mark.django_db
STATED = {"no_other_copy_is_running": "yes"}


@pytest.fixture
def member() -> Membership:
    return factories.member()


@pytest.fixture
def waiting(member: Membership) -> Host:
    factories.connection(member.organisation)
    now = datetime.now(UTC)
    Installation.objects.create(pk=1, seen_at=now)
    return Host.objects.create(
        identity="ab12", name="new-server", place="db:5432/hub", first_seen_at=now, seen_at=now
    )


def sign_in(client: Client, member: Membership, *, operator: bool) -> None:
    User.objects.filter(pk=member.user_id).update(is_superuser=operator)
    client.force_login(member.user, backend="organisations.backends.HubBackend")


def press(client: Client, name: str, identity: str, **said: str) -> int:
    return client.post(reverse(name, args=[identity]), said).status_code


class TestConfirming:
    def test_lets_the_machine_send_and_is_audited(
        self, client: Client, member: Membership, waiting: Host
    ) -> None:
        sign_in(client, member, operator=True)

        status = press(client, "confirm_host", waiting.identity, **STATED)

        waiting.refresh_from_db()
        assert status == 302
        assert waiting.confirmed_by == member.user
        entry = AuditEntry.objects.get(action="installation.confirmed")
        assert (entry.user, entry.details["host"]) == (member.user, "new-server")

    def test_does_nothing_without_the_statement(
        self, client: Client, member: Membership, waiting: Host
    ) -> None:
        sign_in(client, member, operator=True)

        press(client, "confirm_host", waiting.identity)

        waiting.refresh_from_db()
        assert waiting.confirmed_at is None

    @pytest.mark.parametrize("identity", ["no-such", "%00", "å" * 90])
    def test_of_what_is_not_there_says_so(
        self, client: Client, member: Membership, identity: str
    ) -> None:
        sign_in(client, member, operator=True)

        assert press(client, "confirm_host", identity, **STATED) == 302
        assert press(client, "forget_host", identity) == 302

    def test_is_for_operators_only(self, client: Client, member: Membership, waiting: Host) -> None:
        sign_in(client, member, operator=False)

        assert press(client, "confirm_host", waiting.identity, **STATED) == 404
        assert press(client, "forget_host", waiting.identity) == 404
        assert Host.objects.filter(confirmed_at=None).exists()


class TestForgetting:
    def test_takes_a_machine_off_the_list(
        self, client: Client, member: Membership, waiting: Host
    ) -> None:
        sign_in(client, member, operator=True)

        press(client, "forget_host", waiting.identity)

        assert not Host.objects.filter(identity=waiting.identity).exists()


class TestNotice:
    @pytest.mark.parametrize("page", ["journals:home", "journals:list", "organisations:companies"])
    def test_stands_on_every_page_while_a_machine_waits(
        self, client: Client, member: Membership, waiting: Host, page: str
    ) -> None:
        sign_in(client, member, operator=False)

        text = client.get(reverse(page)).content.decode()

        assert "new-server" in text
        assert "everything could be booked twice" in text
        assert "The operator of the hub" in text

    def test_names_no_account_of_another_office_when_a_ledger_knows_more(
        self, client: Client, member: Membership
    ) -> None:
        now = datetime.now(UTC)
        evidence = {"account": "secret@other.example", "numbers": ["17"], "seen_at": str(now)}
        Installation.objects.create(pk=1, seen_at=now, stopped_at=now, evidence=evidence)
        sign_in(client, member, operator=False)

        text = client.get(reverse("journals:home")).content.decode()

        assert "A ledger contains vouchers that this installation posted" in text
        assert "secret@other.example" not in text

    def test_tells_the_operator_what_was_found(self, client: Client, member: Membership) -> None:
        now = datetime.now(UTC)
        evidence = {"account": "anna@office.example", "numbers": ["17"], "seen_at": str(now)}
        Installation.objects.create(pk=1, seen_at=now, stopped_at=now, evidence=evidence)
        sign_in(client, member, operator=True)

        text = client.get(reverse("operation")).content.decode()

        assert "anna@office.example contains 17" in text

    def test_is_gone_when_the_machine_has_not_been_seen_for_long(
        self, client: Client, member: Membership, waiting: Host
    ) -> None:
        Host.objects.update(seen_at=datetime(2026, 1, 1, tzinfo=UTC))
        sign_in(client, member, operator=False)

        assert "new-server" not in client.get(reverse("journals:home")).content.decode()
