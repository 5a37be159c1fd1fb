"""S20: time cannot be registered on a blocked customer: page, API, and pushed to PowerOffice."""

import json
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.test import Client
from django.urls import reverse

from api import operations as tokens
from api.models import ApiToken
from audit.models import AuditEntry
from connectors.receivables.source import SourceCustomer
from connectors.receivables.target import TargetProject
from payments.models import Customer, TimeEntry
from payments.operations import blocking, time_registration
from tests import factories
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.conftest import office as office


@pytest.fixture
def blocked(office: Office) -> Office:
    office.target.projects = {"10001": [TargetProject("p1", "P1", "Project", denies_time=False)]}
    office.source.customers = [
        SourceCustomer(10001, "Kunde AS", "", True),
        SourceCustomer(10002, "Annen AS", "", False),
    ]
    office.fetch()
    return office


def token(office: Office, *scopes: str) -> str:
    _row, secret = tokens.create(
        organisation=office.organisation,
        name=f"program {ApiToken.objects.count()}",
        scopes=list(scopes) or ["time_entries"],
        by=office.member.user,
        now=office.now,
    )
    return secret


def send(office: Office, secret: str, **more: Any) -> Any:
    body = {"client": office.client.number, "customer": "10001", "date": "2026-04-08"}
    return Client(enforce_csrf_checks=True).post(
        "/api/v1/time-entries",
        json.dumps(body | {"minutes": 90} | more),
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )


class TestPage:
    def fill_in(self, office: Office, customer: str) -> Any:
        values = {
            "client": office.client.pk,
            "customer_text": customer,
            "worked_on": "2026-04-08",
            "minutes": "90",
        }
        return rows.signed_in(office.member).post(reverse("payments:time"), values)

    def test_refuses_with_the_reason_and_since_when(self, blocked):
        answer = self.fill_in(blocked, "10001")

        html = answer.content.decode()
        assert answer.status_code == 409
        assert "10001 Kunde AS is temporarily blocked since 2026-04-08" in html
        assert "Credit block in Visma" in html
        assert not TimeEntry.objects.exists()

    def test_takes_time_on_another_customer(self, blocked):
        assert self.fill_in(blocked, "10002").status_code == 302
        assert TimeEntry.objects.get().minutes == 90
        entry = AuditEntry.objects.get(action="time.registered")
        assert entry.user == blocked.member.user
        assert entry.details == {"date": "2026-04-08", "minutes": 90}


class TestApi:
    def test_refuses_with_the_reason_and_since_when(self, blocked):
        answer = send(blocked, token(blocked))

        error = answer.json()
        assert (answer.status_code, error["code"]) == (409, "CustomerBlocked")
        assert error["params"]["since"].startswith("2026-04-08")
        assert not TimeEntry.objects.exists()

    def test_takes_time_on_another_customer_once_for_a_reference(self, blocked):
        secret = token(blocked)

        first = send(blocked, secret, customer="10002", reference="t-1")
        again = send(blocked, secret, customer="10002", reference="t-1")

        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]
        entry = AuditEntry.objects.get(action="time.registered")
        assert (entry.user, entry.who, entry.address) == (None, "program 0", "127.0.0.1")
        assert entry.details["token"] == "program 0"

    def test_needs_a_token_that_may(self, blocked):
        assert send(blocked, "hub_nonsense").status_code == 401
        assert send(blocked, token(blocked, "payments_overview")).status_code == 403

    def test_refuses_a_revoked_token_and_one_whose_maker_has_left(self, blocked):
        secret = token(blocked)
        row = ApiToken.objects.get()
        tokens.revoke(token=row, by=blocked.member.user, now=blocked.now)
        assert send(blocked, secret).status_code == 401

        other = token(blocked)
        blocked.member.delete()
        assert send(blocked, other).status_code == 401

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"minutes": 0}, "minutes"),
            ({"minutes": "90"}, "minutes"),
            ({"date": "8.4.2026"}, "date"),
            ({"customer": "77"}, "customer"),
            ({"client": "77"}, "client"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, blocked, change, field):
        answer = send(blocked, token(blocked), **change)

        assert (answer.status_code, answer.json()["field"]) == (400, field)

    def test_knows_nothing_of_another_organisation(self, blocked):
        stranger = rows.member(factories.organisation())
        _row, secret = tokens.create(
            organisation=stranger.organisation,
            name="theirs",
            scopes=["time_entries"],
            by=stranger.user,
            now=blocked.now,
        )

        assert send(blocked, secret, customer="10002").status_code == 400
        assert not TimeEntry.objects.exists()

    def test_keeps_only_a_digest_of_the_token(self, blocked):
        secret = token(blocked)

        assert secret not in str(ApiToken.objects.values())


def test_the_customers_projects_are_closed_in_poweroffice(blocked):
    assert blocked.target.projects["10001"][0].denies_time
    assert Customer.objects.get(number="10001").pushed_at is not None


class TestDatabase:
    def test_refuses_what_somebody_writes_past_the_hub(self, blocked):
        customer = Customer.objects.get(number="10001")
        statement = (
            "INSERT INTO payments_timeentry"
            " (organisation_id, customer_id, worked_on, minutes, text, who, reference, created_at)"
            " VALUES (%s, %s, %s, 60, '', 'Somebody', '', %s)"
        )
        values = [blocked.organisation.pk, customer.pk, blocked.now.date(), blocked.now]

        with (
            pytest.raises(Error, match="customer_is_temporarily_blocked"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values)

        assert not TimeEntry.objects.exists()

    def test_refuses_with_the_reason_when_the_block_comes_after_the_hub_has_looked(
        self, blocked, monkeypatch
    ):
        customer = Customer.objects.get(number="10002")
        look = time_registration.refusal_of

        def look_and_be_too_early(of: Customer) -> Any:
            seen = look(of)
            blocking.block_by_hand(
                customer=of, note="Disputed", by=blocked.member.user, now=blocked.now
            )
            return seen

        monkeypatch.setattr(time_registration, "refusal_of", look_and_be_too_early)
        answer = send(blocked, token(blocked), customer="10002")

        assert (answer.status_code, answer.json()["code"]) == (409, "CustomerBlocked")
        assert "Disputed" in answer.json()["detail"]
        assert not TimeEntry.objects.filter(customer=customer).exists()
