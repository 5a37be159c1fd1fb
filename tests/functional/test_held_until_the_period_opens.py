"""A batch that waits for a closed period: it goes by itself, at a press, or not at all."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from journals.models import Batch, Journal
from journals.operations import sending
from tests import factories
from tests.journals.pages.conftest import signed_in
from tests.journals.sending.conftest import JANUARY, Office, later, line, make_office  # noqa: F401

Later = Callable[[float], int]


@pytest.fixture
def office(db: None, sandbox: Any) -> Office:
    return make_office(sandbox)


@pytest.fixture
def client(office: Office) -> Client:
    return signed_in(office.member)


@pytest.fixture
def held(office: Office, later: Later) -> Journal:  # noqa: F811
    """Return a journal whose one batch waits until January is opened again."""
    office.mapping.closed_period_rule = "hold"
    office.mapping.save()
    office.store.setup.close_period(office.tenant_id, "202601")
    journal = office.journal(
        lines=[line(JANUARY, "7010", "5.00"), line(JANUARY, "2821", "-5.00")], run="1"
    )
    sending.request_sending(journal=journal, by=None, now=datetime.now(UTC))
    later(0)
    journal.refresh_from_db()
    assert journal.state == "held"
    return journal


def state(journal: Journal) -> str:
    return Batch.objects.get(journal=journal).state


class TestAHeldBatch:
    def test_says_what_it_waits_for_and_what_a_person_may_do(
        self, client: Client, held: Journal
    ) -> None:
        html = client.get(reverse("journals:detail", args=[held.pk])).content.decode()

        assert "Period 2026-01 is closed." in html
        assert "or at once if Send is pressed" in html
        for name in ("send", "withdraw"):
            assert reverse(f"journals:{name}", args=[held.pk]) in html

    def test_goes_at_once_when_send_is_pressed_after_the_opening(
        self,
        office: Office,
        client: Client,
        held: Journal,
        later: Later,  # noqa: F811
    ) -> None:
        office.store.setup.open_period(office.tenant_id, "202601")
        later(150)
        assert state(held) == "held"

        client.post(reverse("journals:send", args=[held.pk]))
        later(150)

        assert state(held) == "posted"
        assert office.posts() == 1
        assert AuditEntry.objects.filter(action="journal.send", user=office.member.user).exists()

    def test_waits_on_when_send_is_pressed_before_the_opening(
        self,
        office: Office,
        client: Client,
        held: Journal,
        later: Later,  # noqa: F811
    ) -> None:
        client.post(reverse("journals:send", args=[held.pk]))
        later(150)

        assert state(held) == "held"
        assert office.posts() == 0

    def test_is_never_sent_once_it_was_withdrawn(
        self,
        office: Office,
        client: Client,
        held: Journal,
        later: Later,  # noqa: F811
    ) -> None:
        client.post(reverse("journals:withdraw", args=[held.pk]))
        office.store.setup.open_period(office.tenant_id, "202601")

        later(3 * 3600)

        assert state(held) == "draft"
        assert office.posts() == 0
        entry = AuditEntry.objects.get(action="journal.withdraw")
        assert entry.user == office.member.user

    def test_is_left_alone_by_who_may_only_read(self, office: Office, held: Journal) -> None:
        reader = signed_in(factories.member(office.organisation, rights={"journals": "read"}))

        for name in ("send", "withdraw"):
            answer = reader.post(reverse(f"journals:{name}", args=[held.pk]))
            assert answer.status_code == 403

        assert state(held) == "held"
