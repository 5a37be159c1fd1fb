"""The commands that set an installation up."""

import io
import json
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as django_settings
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection as database

from accounts.models import Connection
from audit.models import AuditEntry
from organisations.management.commands import seed_demo
from organisations.models import Company, Debtor, Organisation, Role, User
from sandbox import seed
from tests import factories
from tests.organisations import inviting

pytestmark = pytest.mark.django_db


def run(name: str, *args: str) -> Any:
    out = io.StringIO()
    call_command(name, *args, "--json", stdout=out)
    return json.loads(out.getvalue())


class TestCreateOrganisation:
    def test_makes_the_built_in_roles(self) -> None:
        made = run("create_organisation", "Office Nord")

        roles = Role.objects.filter(organisation_id=made["id"], built_in=True)
        assert sorted(roles.values_list("name", flat=True)) == [
            "Administrator",
            "Auditor",
            "Finance",
            "Payroll",
        ]

    def test_refuses_a_name_that_is_taken(self) -> None:
        run("create_organisation", "Office Nord")

        with pytest.raises(CommandError, match="already"):
            run("create_organisation", "Office Nord")


class TestCreateUser:
    def test_prints_the_link_of_an_invitation_and_makes_no_account(self) -> None:
        run("create_organisation", "Office Nord")

        made = run("create_user", "Ada@Office.example", "--role", "Payroll")

        client = inviting.opened(inviting.link_in(made["link"]))
        assert not User.objects.exists()
        inviting.accept_as_new(client)
        user = User.objects.get(email="ada@office.example")
        assert user.memberships.get().role.name == "Payroll"
        assert user.handed_over

    def test_prints_another_link_when_asked_again(self) -> None:
        run("create_organisation", "Office Nord")
        first, second = (run("create_user", "ada@office.example")["link"] for _time in range(2))

        assert "not open" in inviting.page_of(inviting.opened(inviting.link_in(first)))
        assert "Office Nord" in inviting.page_of(inviting.opened(inviting.link_in(second)))

    def test_lets_nobody_in_who_did_not_accept(self) -> None:
        run("create_organisation", "Office Nord")
        ada = factories.user("ada@office.example")

        run("create_user", "ada@office.example")

        assert not ada.memberships.exists()

    def test_reads_a_password_for_one_sign_in_and_does_not_print_it(self, monkeypatch: Any) -> None:
        run("create_organisation", "Office Nord")
        monkeypatch.setattr("sys.stdin", io.StringIO("a-good-long-passphrase\n"))

        made = run("create_user", "ada@office.example", "--name", "Ada", "--password-stdin")

        user = User.objects.get()
        assert "password" not in made
        assert user.check_password("a-good-long-passphrase")
        assert (user.password_is_temporary, user.handed_over) == (True, True)

    def test_adds_an_account_that_exists_and_leaves_its_password(self, monkeypatch: Any) -> None:
        run("create_organisation", "Office Nord")
        ada = factories.user("ada@office.example")
        monkeypatch.setattr("sys.stdin", io.StringIO("a-good-long-passphrase\n"))

        run("create_user", "ada@office.example", "--name", "Ada", "--password-stdin")

        assert ada.memberships.exists()
        assert User.objects.get().check_password(factories.PASSWORD)

    def test_adds_no_account_that_somebody_else_may_have(self, monkeypatch: Any) -> None:
        run("create_organisation", "Office Nord")
        ada = factories.user("ada@office.example", handed_over=True)
        monkeypatch.setattr("sys.stdin", io.StringIO("a-good-long-passphrase\n"))

        with pytest.raises(CommandError, match="not verified"):
            run("create_user", "ada@office.example", "--name", "Ada", "--password-stdin")

        assert not ada.memberships.exists()

    def test_asks_for_the_name_that_goes_with_a_password(self) -> None:
        run("create_organisation", "Office Nord")

        with pytest.raises(CommandError, match="--name"):
            run("create_user", "ada@office.example", "--password-stdin")

    def test_refuses_the_name_of_the_organisation_as_a_password(self, monkeypatch: Any) -> None:
        run("create_organisation", "Fjordbyrån")
        monkeypatch.setattr("sys.stdin", io.StringIO("fjordbyran-2026\n"))

        with pytest.raises(CommandError, match="nobody here would guess"):
            run("create_user", "ada@office.example", "--name", "Ada", "--password-stdin")

    def test_refuses_a_weak_password_and_creates_nobody(self, monkeypatch: Any) -> None:
        run("create_organisation", "Office Nord")
        monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))

        with pytest.raises(CommandError, match="short"):
            run("create_user", "ada@office.example", "--name", "Ada", "--password-stdin")

        assert not User.objects.exists()

    def test_asks_which_organisation_when_there_are_several(self) -> None:
        run("create_organisation", "Office Nord")
        run("create_organisation", "Office Syd")

        with pytest.raises(CommandError, match="Office Nord, Office Syd"):
            run("create_user", "ada@office.example")


class TestCreateCompany:
    def test_creates_the_debtor_with_it(self) -> None:
        run("create_organisation", "Office Nord")

        run(
            *("create_company", "--number", "1", "--name", "Bageriet AB", "--debtor", "77"),
            *("--debtor-name", "Bageriet", "--organisation-number", "16555555-5555"),
        )

        company = Company.objects.get()
        assert (company.debtor.number, company.organisation_number) == ("77", "5555555555")

    def test_leaves_no_debtor_when_the_company_is_refused(self) -> None:
        run("create_organisation", "Office Nord")

        with pytest.raises(CommandError):
            run(
                *("create_company", "--number", "1", "--name", "", "--debtor", "77"),
                *("--debtor-name", "Bageriet"),
            )

        assert not Debtor.objects.exists()


class TestSeedDemo:
    def test_a_second_time_changes_nothing(self) -> None:
        run("seed_demo")
        Company.objects.filter(number="100").update(name="Renamed")

        run("seed_demo")

        assert Company.objects.count() == 5
        assert Company.objects.get(number="100").name == "Renamed"
        assert User.objects.count() == 4
        assert Debtor.objects.filter(blocked_at__isnull=False).count() == 1

    def test_refuses_without_the_sandbox(self, settings: Any) -> None:
        settings.HUB_SANDBOX = False

        with pytest.raises(CommandError, match="HUB_SANDBOX"):
            run("seed_demo")

        assert not Organisation.objects.exists()

    def test_its_people_cannot_sign_in_without_the_sandbox(self, settings: Any, rf: Any) -> None:
        run("seed_demo")
        proof = {"username": "admin@demo.example", "password": seed_demo.PASSWORD}
        assert authenticate(rf.post("/"), **proof) is not None
        settings.HUB_SANDBOX = False

        assert authenticate(rf.post("/"), **proof) is None


class TestRotateKeys:
    def test_writes_tokens_with_the_newest_key(self, settings: Any) -> None:
        connection = factories.connection(factories.organisation())
        new = Fernet.generate_key().decode()
        settings.HUB_ENCRYPTION_KEYS = [new, *django_settings.HUB_ENCRYPTION_KEYS]

        answer = run("rotate_keys")

        with database.cursor() as cursor:
            cursor.execute("select refresh_token from accounts_connection")
            stored = cursor.fetchone()[0]
        assert Fernet(new).decrypt(stored.encode()) == b"a-refresh-token"
        assert Connection.objects.get(pk=connection.pk).access_token == "an-access-token"
        assert answer["rows"] == 1
        assert AuditEntry.objects.filter(action="database.keys_rotated").count() == 1


class TestAuthoriseService:
    def test_creates_and_authorises_the_account_once(self, sandbox: Any) -> None:
        run("create_organisation", "Office Nord")
        asked = ("authorise_service", "--tenant-id", seed.AKERIET, "--name", "Åkeriet")

        first, second = run(*asked), run(*asked)

        assert first == second
        assert first["company"] == "Påhittade Åkeriet AB"
        assert Connection.objects.get().is_authorised

    def test_says_what_to_do_when_the_company_has_not_approved(self, sandbox: Any) -> None:
        run("create_organisation", "Office Nord")

        with pytest.raises(CommandError, match="approve"):
            run("authorise_service", "--tenant-id", seed.NORDLYS, "--name", "Nordlys")
