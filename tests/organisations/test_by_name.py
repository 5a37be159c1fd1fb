"""Statements that PostgreSQL's server keeps under a name do what they do in full."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from organisations.models import Heartbeat, Lease, by_name
from organisations.models.compare_and_set import Change
from organisations.models.prepared import Insertion, Param, PreparedQuery, PreparedUpdate
from organisations.models.together import run_together

NOW = datetime(2026, 3, 25, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _in_a_worker(settings):
    settings.HUB_PROCESS = "worker"


@pytest.fixture
def with_names():
    """Let the test begin with a connection that has run nothing, where the server keeps names."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL's server keeps statements under a name")
    connection.close()
    yield
    by_name._off.clear()


@pytest.fixture
def leases():
    return [Lease.objects.create(key=f"{n}", owner="50 %", until=NOW) for n in range(3)]


def of_owner() -> PreparedQuery[Lease]:
    return PreparedQuery(
        lambda: Lease.objects.filter(
            Q(key__in=["0", "1", "100 % sure"]) | Q(until__gt=Param("now")), owner=Param("owner")
        ).order_by("key")
    )


def moved(lease: Lease, owner: str) -> bool:
    return Change(lease, expect={"owner": lease.owner}, changes={"owner": owner}).made()


def said(asked: CaptureQueriesContext) -> list[str]:
    """Return the first word of each message."""
    return [query["sql"].split()[0] for query in asked]


def forgotten() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")


def test_a_query_says_the_same_each_time(leases):
    question = of_owner()

    for _time in range(7):  # from the sixth on the server may use a plan for all values
        assert question.all(now=NOW, owner="50 %") == leases[:2]
        assert question.all(now=NOW - timedelta(seconds=1), owner="50 %") == leases
        assert question.all(now=NOW, owner="nobody") == []


def test_changes_are_made_and_counted_each_time(leases):
    until = PreparedUpdate(
        lambda: (Lease.objects.filter(owner=Param("owner")), {"until": Param("until")})
    )

    for at in range(7):
        later = NOW + timedelta(minutes=at)
        assert until.run(owner="50 %", until=later) == 3
        assert until.run(owner="nobody", until=NOW) == 0
        assert moved(leases[0], "%s")
        assert moved(leases[0], "50 %")
        assert set(Lease.objects.values_list("until", flat=True)) == {later}


@pytest.mark.usefixtures("with_names")
class TestNames:
    def test_are_given_to_what_a_connection_runs_again(self, leases):
        with CaptureQueriesContext(connection) as asked:
            for owner in ("one", "two", "three", "four"):
                assert moved(leases[0], owner)

        assert said(asked) == ["UPDATE", "PREPARE", "EXECUTE", "EXECUTE"]
        assert Lease.objects.get(key="0").owner == "four"

    def test_are_given_to_statements_without_parameters_too(self, leases):
        """As those are that are put together with every value written out."""
        owners = PreparedQuery(lambda: Lease.objects.filter(key="1").values_list("owner"))

        with CaptureQueriesContext(connection) as asked:
            found = [owners.all() for _time in range(3)]

        assert found == [[("50 %",)]] * 3
        assert said(asked) == ["SELECT", "PREPARE", "EXECUTE"]

    @pytest.mark.parametrize("process", ["web", "schedule", "command"])
    def test_are_given_by_workers_alone(self, leases, settings, process):
        """Behind a pool the first of them may fail, which a person must not see."""
        settings.HUB_PROCESS = process

        with CaptureQueriesContext(connection) as asked:
            for owner in ("one", "two", "three"):
                assert moved(leases[0], owner)

        assert said(asked) == ["UPDATE"] * 3

    def test_are_known_to_one_connection_alone(self, leases):
        for owner in ("one", "two", "three"):
            assert moved(leases[0], owner)
        connection.close()

        with CaptureQueriesContext(connection) as asked:
            assert moved(leases[0], "four")
            assert moved(leases[0], "five")

        assert said(asked) == ["UPDATE", "PREPARE"]

    def test_are_given_before_anything_that_may_fail(self, leases):
        """Else a name would be believed to be there that was never given."""
        moved(leases[0], "one")
        taken = Insertion(Lease(key="1", owner="x", until=NOW))
        change = Change(leases[0], expect={"owner": "one"}, changes={"owner": "two"})

        with pytest.raises(DatabaseError):
            run_together(taken, change)

        assert moved(leases[0], "three")
        assert not by_name._off.is_set()

    def test_that_the_server_has_lost_are_done_without(self, leases):
        """As behind a pool that gives each transaction another connection."""
        question = of_owner()
        for _time in range(3):
            question.all(now=NOW, owner="50 %")
            moved(leases[2], "one")
            moved(leases[2], "50 %")
        forgotten()

        assert moved(leases[2], "one")
        assert question.all(now=NOW, owner="50 %") == leases[:2]
        with CaptureQueriesContext(connection) as asked:
            assert moved(leases[2], "two")

        assert said(asked) == ["UPDATE"]
        assert Lease.objects.get(key="2").owner == "two"

    def test_that_another_one_of_a_pool_has_given_already_are_done_without(self, leases):
        """A transaction may get the connection on which another thread or process ran before."""
        for owner in ("one", "two", "three"):
            assert moved(leases[0], owner)
        del by_name._of_thread.known

        assert moved(leases[0], "four")
        with CaptureQueriesContext(connection) as asked:
            assert moved(leases[0], "five")
            assert moved(leases[0], "six")

        assert said(asked) == ["PREPARE", "UPDATE", "UPDATE"]
        assert by_name._off.is_set()

    def test_are_done_without_also_by_who_fails_while_another_finds_it_out(self, leases):
        """Each thread may be in the middle of a message then; none of them may fail for it."""
        for owner in ("one", "two", "three"):
            assert moved(leases[0], owner)
        forgotten()
        change = Change(leases[0], expect={"owner": "three"}, changes={"owner": "four"})

        def another_finds_it_out(execute, *words):
            by_name._off.set()
            return execute(*words)

        with connection.execute_wrapper(another_finds_it_out):
            assert change.made()

        assert Lease.objects.get(key="0").owner == "four"

    def test_that_are_lost_inside_a_transaction_undo_it_and_are_done_without_in_the_next(
        self, leases
    ):
        for owner in ("one", "two", "three"):
            moved(leases[0], owner)
        forgotten()

        def both() -> None:
            with transaction.atomic():
                Heartbeat.objects.create(name="a", kind="worker", at=NOW)
                moved(leases[0], "four")

        with pytest.raises(DatabaseError):
            both()
        assert not Heartbeat.objects.exists()

        both()
        assert Lease.objects.get(key="0").owner == "four"

    def test_of_a_table_that_was_changed_since_are_done_without(self, leases):
        whole = PreparedQuery(lambda: Heartbeat.objects.filter(name=Param("name")))
        beat = Heartbeat.objects.create(name="a", kind="worker", at=NOW)
        for _time in range(3):
            assert whole.all(name="a") == [beat]

        def width(characters: int) -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"ALTER TABLE organisations_heartbeat ALTER kind TYPE varchar({characters})"
                )

        before = Heartbeat._meta.get_field("kind").max_length
        width(before + 1)
        try:
            assert whole.all(name="a") == [beat]
            assert by_name._off.is_set()
        finally:
            width(before)
