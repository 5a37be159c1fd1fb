"""The audit trail: who did what, from which address, by which request; nobody can edit it."""

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit import trail
from audit.models import AuditEntry
from background import operations
from background.models import BackgroundRequest
from organisations.models import Organisation
from tests import environment, factories

pytestmark = pytest.mark.django_db
TABLE = AuditEntry._meta.db_table


def entry(of: Organisation | None = None, **more: Any) -> AuditEntry:
    of = of or factories.organisation()
    trail.record(organisation=of, action="company.changed", subject=of, **more)
    return AuditEntry.objects.order_by("-pk")[0]


class TestTheDatabase:
    @pytest.mark.parametrize(
        "statement", [f"UPDATE {TABLE} SET who = 'nobody'", f"DELETE FROM {TABLE}"]
    )
    def test_refuses_to_change_what_was_recorded(self, statement: str) -> None:
        kept = entry()

        with (
            pytest.raises(DatabaseError, match="never changed or deleted"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

        assert AuditEntry.objects.get().who == kept.who

    def test_takes_new_entries(self) -> None:
        entry()
        entry()

        assert AuditEntry.objects.count() == 2

    @pytest.mark.skipif(environment.SERVICES, reason="a way around that only SQLite has")
    @pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE", "INSERT"])
    def test_lets_no_entry_take_the_place_of_another(self, verb: str) -> None:
        kept = entry()

        with pytest.raises(DatabaseError, match="never changed or deleted"):
            put(verb, number=kept.pk)

        assert AuditEntry.objects.get().who == kept.who

    @pytest.mark.skipif(environment.SERVICES, reason="the grants refuse it on PostgreSQL")
    @pytest.mark.parametrize("number", [-1, 0, 3])
    def test_lets_no_entry_be_put_between_others(self, number: int) -> None:
        entry()
        first = AuditEntry.objects.get().pk
        put("INSERT", number=first + 10)

        with pytest.raises(DatabaseError, match="added at the end"):
            put("INSERT", number=number if number < 1 else first + number)

    @pytest.mark.skipif(not environment.SERVICES, reason="a way around that only PostgreSQL has")
    @pytest.mark.parametrize("session", ["origin", "replica"])
    @pytest.mark.parametrize(
        "statement",
        [f"TRUNCATE {TABLE}", f"UPDATE {TABLE} SET who = 'nobody'", f"DELETE FROM {TABLE}"],
    )
    def test_refuses_where_a_session_leaves_out_triggers_too(
        self, statement: str, session: str
    ) -> None:
        entry()

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"SET LOCAL session_replication_role = '{session}'")
            with (
                pytest.raises(DatabaseError, match="never changed or deleted"),
                transaction.atomic(),
            ):
                cursor.execute(statement)


def put(verb: str, *, number: int) -> None:
    """Put a row with that number into the trail, by hand."""
    of = Organisation.objects.first() or factories.organisation()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"{verb} INTO {TABLE} (id, organisation_id, at, who, action, object_type, object_id,"
            " object_text, details, address, request_id)"
            " VALUES (%s, %s, %s, 'nobody', '', '', '', '', '{}', '', '')",
            [number, of.pk, timezone.now()],
        )


class TestTheTime:
    """Against the clock of the database, which no caller sets."""

    @pytest.fixture(autouse=True)
    def _as_in_production(self) -> None:
        more = import_module("audit.migrations.0002_append_only")
        with connection.cursor() as cursor:
            if environment.SERVICES:
                cursor.execute(more.IS_NOW)
            else:
                name = "audit_is_never_dated_otherwise"
                cursor.execute(f"DROP TRIGGER {name}")
                cursor.execute(f"CREATE TRIGGER {name} {more.SQLITE[name]}")

    @pytest.mark.parametrize("minutes", [-60 * 24 * 400, -11, 11, 60 * 24 * 400])
    def test_must_be_now(self, minutes: int) -> None:
        of = factories.organisation()

        with (
            pytest.raises(DatabaseError, match="by the clock of the database"),
            transaction.atomic(),
        ):
            AuditEntry.objects.create(
                organisation=of, at=timezone.now() + timedelta(minutes=minutes)
            )

    @pytest.mark.parametrize("minutes", [-9, 0, 9])
    def test_may_be_what_the_clock_of_a_web_process_shows(self, minutes: int) -> None:
        of = factories.organisation()

        AuditEntry.objects.create(organisation=of, at=timezone.now() + timedelta(minutes=minutes))

        assert AuditEntry.objects.of(of).count() == 1

    @pytest.mark.skipif(environment.SERVICES, reason="PostgreSQL has a type for times")
    def test_must_be_a_time(self) -> None:
        of = factories.organisation()

        with (
            pytest.raises(DatabaseError, match="by the clock of the database"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                f"INSERT INTO {TABLE} (organisation_id, at, who, action, object_type, object_id,"
                " object_text, details, address, request_id)"
                " VALUES (%s, 'yesterday', '', '', '', '', '', '{}', '', '')",
                [of.pk],
            )


@pytest.mark.skipif(not environment.SERVICES, reason="SQLite has no roles")
@pytest.mark.django_db(transaction=True)
class TestTheRoleOfTheApplication:
    """`deploy/postgresql/*.sql`, tried with a second role that signs in."""

    @pytest.fixture
    def as_application(self) -> Iterator[None]:
        names = {"hub_owner": "hub_test_owner", "hub_app": "hub_test_app"}
        with connection.cursor() as cursor:
            for role in names.values():
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                if cursor.fetchone():
                    cursor.execute(f"DROP OWNED BY {role}")
                    cursor.execute(f"DROP ROLE {role}")
            for name in ("roles.sql", "grants.sql"):
                script = (Path(settings.BASE_DIR) / "deploy/postgresql" / name).read_text()
                for deployed, here in names.items():
                    script = script.replace(deployed, here)
                cursor.execute(script)
            cursor.execute("ALTER ROLE hub_test_app PASSWORD 'only-for-tests'")
        before = dict(connection.settings_dict)
        connection.close()
        connection.settings_dict |= {"USER": "hub_test_app", "PASSWORD": "only-for-tests"}
        yield
        connection.close()
        connection.settings_dict |= before
        with connection.cursor() as cursor:
            for role in names.values():
                cursor.execute(f"DROP OWNED BY {role}")
                cursor.execute(f"DROP ROLE {role}")

    @pytest.mark.usefixtures("as_application")
    def test_does_its_work(self) -> None:
        member = factories.member()
        client = Client()
        client.force_login(member.user, backend="organisations.backends.HubBackend")
        debtor = factories.debtor(member.organisation)

        client.post(reverse("organisations:block_debtor", args=[debtor.pk]), {"reason": "Unpaid"})

        assert AuditEntry.objects.get(action="debtor.blocked").user == member.user
        assert client.get(reverse("organisations:audit")).status_code == 200

    @pytest.mark.parametrize(
        "statement",
        [
            f"UPDATE {TABLE} SET who = 'nobody'",
            f"DELETE FROM {TABLE}",
            f"TRUNCATE {TABLE}",
            f"ALTER TABLE {TABLE} DISABLE TRIGGER audit_is_append_only",
            f"ALTER TABLE {TABLE} DISABLE TRIGGER ALL",
            f"DROP TRIGGER audit_is_append_only ON {TABLE}",
            f"DROP TABLE {TABLE} CASCADE",
            "DROP FUNCTION audit_refuses() CASCADE",
            "CREATE OR REPLACE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN OLD; END'",
            "SET session_replication_role = 'replica'",
            f"INSERT INTO {TABLE} (id) VALUES (1)",
            "DELETE FROM django_migrations",
            "CREATE TABLE its_own (id int)",
            "SET ROLE hub_test_owner",
        ],
    )
    @pytest.mark.usefixtures("as_application")
    def test_may_not(self, statement: str) -> None:
        entry()

        with (
            pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

        assert AuditEntry.objects.count() == 1


class TestTheModel:
    def test_refuses_with_words_before_the_database_does(self) -> None:
        kept = entry()

        for change in (kept.save, kept.delete, AuditEntry.objects.all().delete):
            with pytest.raises(TypeError, match="never"):
                change()
        with pytest.raises(TypeError, match="never"):
            AuditEntry.objects.update(who="nobody")


@pytest.mark.django_db(transaction=True)
class TestAfterATestThatCommits:
    """Twice the same: the second runs after the first one's rows were cleared away."""

    @pytest.mark.parametrize("time", [1, 2])
    def test_the_tables_are_empty_and_the_refusal_is_still_there(self, time: int) -> None:
        assert AuditEntry.objects.count() == 0
        entry()

        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {TABLE}")


class TestOrigin:
    def test_a_page_leaves_address_and_request_id(self) -> None:
        member = factories.member()
        client = Client()
        client.force_login(member.user, backend="organisations.backends.HubBackend")
        debtor = factories.debtor(member.organisation)

        answer = client.post(
            reverse("organisations:block_debtor", args=[debtor.pk]),
            {"reason": "Unpaid"},
            REMOTE_ADDR="192.0.2.7",
        )

        made = AuditEntry.objects.get(action="debtor.blocked")
        assert (made.address, made.request_id) == ("192.0.2.7", answer["X-Request-ID"])
        assert made.user == member.user

    def test_what_a_worker_does_for_a_person_does_too(self, monkeypatch: Any) -> None:
        of = factories.organisation()

        def handler(background_request: BackgroundRequest, now: Any) -> dict[str, Any]:
            trail.record(organisation=of, action="connection.authorised", subject=of)
            return {}

        monkeypatch.setitem(operations._HANDLERS, "tests.record", handler)
        with trail.audit_context(address="192.0.2.7", request_id="request-12345678"):
            background_request = operations.request_in_background(
                organisation=of, kind="tests.record", by=None
            )

        operations.run_request(
            background_request_id=background_request.pk, now=background_request.not_before
        )

        made = AuditEntry.objects.get(action="connection.authorised")
        assert (made.address, made.request_id) == ("192.0.2.7", "request-12345678")

    def test_is_forgotten_afterwards(self) -> None:
        with trail.audit_context(address="192.0.2.7", request_id="request-12345678"):
            pass

        assert entry().address == ""
