"""Statements that are sent to the server in one message do what they do one by one."""

import threading
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, models, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Connection
from organisations.models import Heartbeat, Lease
from organisations.models.ahead import alone_with, sent_with_the_next
from organisations.models.compare_and_set import Change
from organisations.models.encrypted import EncryptedTextField
from organisations.models.prepared import Insertion, There
from organisations.models.together import for_column, run_together
from tests.organisations.test_durability import takes_its_turn, waits_for_the_disk

NOW = datetime(2026, 3, 25, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lease():
    return Lease.objects.create(key="key", owner="one", until=NOW)


def beat(name: str) -> Heartbeat:
    return Heartbeat(name=name, kind="worker", at=NOW, info={"said": "50 % ; of 'it'"})


def names() -> list[str]:
    return sorted(Heartbeat.objects.values_list("name", flat=True))


class TestRunTogether:
    @pytest.mark.parametrize("may_be_lost", [False, True])
    def test_does_all_and_gives_the_answer_of_the_last(self, lease, may_be_lost):
        one, other = beat("one"), beat("other")
        change = Change(lease, expect={"owner": "one"}, changes={"owner": "two"})

        answer = run_together(Insertion(one), Insertion(other), change, may_be_lost=may_be_lost)

        assert change.was_made(answer)
        assert lease.owner == Lease.objects.get().owner == "two"
        assert names() == ["one", "other"]
        assert Heartbeat.objects.get(name="one").info == one.info

    @pytest.mark.parametrize("may_be_lost", [False, True])
    def test_does_nothing_at_all_when_one_of_them_fails(self, lease, may_be_lost):
        taken = Insertion(Lease(key=lease.key, owner="x", until=NOW))

        with pytest.raises(IntegrityError):
            run_together(Insertion(beat("one")), taken, may_be_lost=may_be_lost)

        assert names() == []
        assert Lease.objects.get().owner == "one"

    def test_says_that_what_was_expected_of_the_last_did_not_hold(self, lease):
        change = Change(lease, expect={"owner": "another"}, changes={"owner": "two"})

        answer = run_together(Insertion(beat("one")), change)

        assert not change.was_made(answer)
        assert lease.owner == "one"
        assert names() == ["one"]

    def test_is_undone_with_the_transaction_that_it_runs_in(self):
        with transaction.atomic():
            run_together(Insertion(beat("one")), Insertion(beat("other")), may_be_lost=True)
            transaction.set_rollback(True)

        assert names() == []

    def test_takes_one_message_where_the_server_takes_several_statements(self, lease):
        statements = [Insertion(beat(f"{n}")) for n in range(3)]

        with CaptureQueriesContext(connection) as asked:
            run_together(*statements, may_be_lost=True)

        assert names() == ["0", "1", "2"]
        if connection.vendor == "postgresql":
            assert len(asked) == 1
            assert asked[0]["sql"].startswith("SET LOCAL synchronous_commit TO OFF; ")

    def test_leaves_the_next_commit_to_wait_for_the_disk(self):
        run_together(Insertion(beat("one")), may_be_lost=True)

        assert waits_for_the_disk()

    def test_does_not_even_ask_before_its_turn_to_write_where_one_writes_at_a_time(self, lease):
        """A single statement too; SQLite would let it sleep while others overtake."""
        asked, made = threading.Event(), []

        def noted(execute, *words):
            asked.set()
            return execute(*words)

        def change():
            with connection.execute_wrapper(noted):
                change = Change(lease, expect={"owner": "one"}, changes={"owner": "two"})
                made.append(change.made())

        assert takes_its_turn(change, begun=asked)
        assert made == [True]


FIELDS = [
    field
    for app in ("organisations", "accounts", "mappings", "journals", "payments")
    for model in apps.get_app_config(app).get_models()
    for field in model._meta.concrete_fields
    # Of these the mapper gives on a new object each time.
    if not isinstance(field, models.JSONField | models.BinaryField | EncryptedTextField)
]
VALUES = [
    *("", "7010 % å", 0, 17, -1, True, False, Decimal("1.50"), date(2026, 3, 25), None),
    *(NOW, NOW.astimezone(timezone(timedelta(hours=2))), NOW.replace(tzinfo=None)),
]


@pytest.mark.filterwarnings("ignore:DateTimeField .* received a naive datetime")
class TestForColumn:
    @pytest.mark.parametrize("value", VALUES, ids=repr)
    def test_gives_on_what_the_mapper_gives_on_or_fails_as_it_does(self, value):
        def given(prepare, *field_and_value):
            try:
                prepared = prepare(*field_and_value, connection)
            except (TypeError, ValueError, ArithmeticError, ValidationError) as failure:
                return type(failure)
            return type(prepared), prepared

        for field in FIELDS:
            expected = given(field.get_db_prep_save, value)
            assert given(for_column, field, value) == expected, field

    def test_takes_no_secret_for_text(self):
        secret = Connection._meta.get_field("access_token")

        assert for_column(secret, "open sesame", connection) != "open sesame"


class TestInsertion:
    def test_stores_nothing_where_the_other_row_is_not_as_described(self, lease):
        there, not_there = (There(Lease, key="key", owner=owner) for owner in ("one", "two"))

        stored = run_together(Insertion(beat("one"), only_if=there)).row
        nothing = run_together(Insertion(beat("other"), only_if=not_there)).row

        assert stored == (Heartbeat.objects.get().pk,)
        assert nothing is None
        assert names() == ["one"]

    def test_compares_moments_as_they_are_stored(self, lease):
        exactly = There(Lease, key="key", until=NOW)
        later = There(Lease, key="key", until=NOW + timedelta(microseconds=1))

        assert run_together(Insertion(beat("one"), only_if=exactly)).row
        assert run_together(Insertion(beat("other"), only_if=later)).row is None


class TestAhead:
    def test_goes_with_the_first_statement_alone(self):
        if connection.vendor != "postgresql":
            pytest.skip("only PostgreSQL takes several statements in one message")
        with CaptureQueriesContext(connection) as asked, sent_with_the_next("SELECT 1"):
            assert not Lease.objects.exists()
            assert not Heartbeat.objects.exists()

        assert [query["sql"].startswith("SELECT 1; ") for query in asked] == [True, False]

    def test_holds_the_row_that_others_would_change(self, lease):
        """Where more than one transaction may write at a time."""
        refused = threading.Event()

        def change():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET lock_timeout = '50ms'")
            else:
                connection.ensure_connection()
                connection.connection.execute("PRAGMA busy_timeout = 50")
            try:
                Lease.objects.update(owner="two")
            except OperationalError:
                refused.set()
            finally:
                connection.close()

        with transaction.atomic(), alone_with(Lease, lease.pk):
            assert Lease.objects.exists()
            other = threading.Thread(target=change)
            other.start()
            other.join(20)

        assert refused.is_set()
        assert Lease.objects.get().owner == "one"
