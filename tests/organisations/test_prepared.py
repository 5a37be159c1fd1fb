"""A statement whose SQL is made once says the same as the query set that it was made of."""

import copy
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from django.db import connections
from django.db.models import Q

from accounts.models import Connection
from organisations.models import Heartbeat, Lease, prepared
from organisations.models.prepared import Param, PreparedQuery, PreparedUpdate, insert
from tests import factories


class OfThisThread:
    """The connections of a thread that has got another one."""

    replaced: ClassVar[dict] = {}

    def __getitem__(self, alias):
        return self.replaced[alias]


NOW = datetime(2026, 3, 25, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def leases():
    return [
        Lease.objects.create(key=f"key {n}", owner=f"owner {n}", until=NOW + timedelta(minutes=n))
        for n in range(3)
    ]


class TestPreparedQuery:
    def test_takes_other_values_each_time(self, leases):
        until = PreparedQuery(lambda: Lease.objects.filter(until__gte=Param("now")).order_by("key"))

        assert until.all(now=NOW) == leases
        assert until.all(now=NOW + timedelta(minutes=2)) == leases[2:]
        assert until.first(now=NOW + timedelta(minutes=1)) == leases[1]
        assert until.first(now=NOW + timedelta(days=1)) is None

    def test_gives_whole_rows_as_the_mapper_does(self):
        connection = factories.connection(
            factories.organisation(), access_token="a secret", expires_at=NOW
        )
        by_key = PreparedQuery(lambda: Connection.objects.filter(pk=Param("pk")))

        found = by_key.first(pk=connection.pk)

        expected = Connection.objects.get(pk=connection.pk)
        for field in Connection._meta.concrete_fields:
            assert getattr(found, field.attname) == getattr(expected, field.attname), field.name
        assert not found._state.adding

    def test_follows_what_a_row_belongs_to_without_asking_again(self, django_assert_num_queries):
        connection = factories.connection(factories.organisation())
        with_office = PreparedQuery(
            lambda: Connection.objects.filter(pk=Param("pk")).select_related("organisation")
        )
        with_office.first(pk=connection.pk)

        with django_assert_num_queries(1):
            found = with_office.first(pk=connection.pk)
            assert found.organisation.name == connection.organisation.name

    def test_gives_single_columns_too(self, leases):
        keys = PreparedQuery(
            lambda: Lease.objects.filter(owner=Param("owner")).values_list("key", flat=True)
        )

        assert keys.all(owner="owner 1") == ["key 1"]

    def test_asks_the_connection_that_the_thread_has_now(self, leases, monkeypatch):
        everything = PreparedQuery(lambda: Lease.objects.order_by("key"))
        before = everything.all()
        asked = []
        other = copy.copy(connections["default"])
        other.execute_wrappers = [
            lambda execute, *words: (asked.append(words[0]), execute(*words))[1]
        ]
        monkeypatch.setitem(OfThisThread.replaced, "default", other)
        monkeypatch.setattr(prepared, "connections", OfThisThread())

        assert everything.all() == before
        assert len(asked) == 1

    def test_needs_every_value(self, leases):
        by_owner = PreparedQuery(lambda: Lease.objects.filter(owner=Param("owner")))

        with pytest.raises(KeyError, match="owner"):
            by_owner.all()


class TestPreparedUpdate:
    def test_changes_what_the_values_choose_and_counts_it(self, leases):
        give_up = PreparedUpdate(
            lambda: (
                Lease.objects.filter(Q(until__lt=Param("now")) | Q(owner=Param("owner"))),
                {"owner": "", "until": Param("now")},
            )
        )

        assert give_up.run(now=NOW + timedelta(seconds=30), owner="owner 2") == 2
        assert give_up.run(now=NOW, owner="nobody") == 0

        assert list(Lease.objects.order_by("key").values_list("owner", flat=True)) == [
            "",
            "owner 1",
            "",
        ]


class TestInsert:
    def test_stores_a_row_and_sets_its_key(self):
        beat = Heartbeat(name="worker", kind="worker", at=NOW, info={"threads": 8})

        insert(beat)

        stored = Heartbeat.objects.get(pk=beat.pk)
        assert (stored.name, stored.at, stored.info) == ("worker", NOW, {"threads": 8})
        assert not beat._state.adding
