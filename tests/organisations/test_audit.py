"""The audit trail: who did what, from where, by which request; and nobody can edit it."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from organisations.models import AuditEntry, Errand, Organisation
from organisations.operations import audit, errands
from tests import factories

pytestmark = pytest.mark.django_db
TABLE = AuditEntry._meta.db_table


def entry(of: Organisation | None = None, **more: Any) -> AuditEntry:
    of = of or factories.organisation()
    audit.record(organisation=of, action="company.changed", subject=of, **more)
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


class TestWhence:
    def test_a_page_leaves_address_and_request_id(self) -> None:
        member = factories.member()
        client = Client()
        client.force_login(member.user, backend="organisations.backends.HubBackend")
        debtor = factories.debtor(member.organisation)

        client.post(
            reverse("organisations:block_debtor", args=[debtor.pk]),
            {"reason": "Unpaid"},
            REMOTE_ADDR="192.0.2.7",
            HTTP_X_REQUEST_ID="request-12345678",
        )

        made = AuditEntry.objects.get(action="debtor.blocked")
        assert (made.address, made.request_id) == ("192.0.2.7", "request-12345678")
        assert made.user == member.user

    def test_what_a_worker_does_for_a_person_does_too(self, monkeypatch: Any) -> None:
        of = factories.organisation()

        def handler(errand: Errand, now: Any) -> dict[str, Any]:
            audit.record(organisation=of, action="connection.authorised", subject=of)
            return {}

        monkeypatch.setitem(errands._HANDLERS, "tests.record", handler)
        with audit.from_where(address="192.0.2.7", request_id="request-12345678"):
            errand = errands.request_errand(organisation=of, kind="tests.record", by=None)

        errands.run_errand(errand_id=errand.pk, now=errand.not_before)

        made = AuditEntry.objects.get(action="connection.authorised")
        assert (made.address, made.request_id) == ("192.0.2.7", "request-12345678")

    def test_is_forgotten_afterwards(self) -> None:
        with audit.from_where(address="192.0.2.7", request_id="request-12345678"):
            pass

        assert entry().address == ""
