"""The demo office can try all of payments at once, and nobody else gets anything."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Connection
from organisations.management.commands.seed_demo import ORGANISATION
from organisations.models import Membership, Role
from organisations.rules import Level
from payments.management.commands.seed_demo_payments import CLIENTS
from payments.models import Integration, InvoiceClient
from payments.rights import BUSINESS, PAYMENTS_IMPORT, PAYMENTS_OVERVIEW
from sandbox import receivables_story as story
from tests import factories

pytestmark = pytest.mark.django_db


def seed() -> str:
    out = StringIO()
    call_command("seed_demo", stdout=StringIO())
    call_command("seed_demo_payments", stdout=out)
    return out.getvalue()


def test_names_the_companies_that_the_sandbox_has() -> None:
    known = {(one.name, one.organisation_number, one.client_key) for one in story.CLIENTS}

    assert {(name, number, key) for _no, name, number, _company, key in CLIENTS} == known
    assert {row[3] for row in CLIENTS} <= {str(one.company_no) for one in story.CLIENTS} | {""}


def test_makes_clients_whose_accounts_the_sandbox_lets_in(sandbox: Any, run_due_work: Any) -> None:
    seed()
    run_due_work()

    assert InvoiceClient.objects.count() == 3
    assert all(one.is_authorised for one in Connection.objects.all())
    assert Connection.objects.count() == 5
    assert {one.administration_name for one in Connection.objects.all()} == {
        name for _no, name, *_more in CLIENTS
    }


def test_lets_the_finance_person_change_and_the_auditor_read() -> None:
    seed()

    finance = Membership.objects.get(user__email="finance@demo.example").role
    auditor = Membership.objects.get(user__email="auditor@demo.example").role
    for right in (BUSINESS, PAYMENTS_OVERVIEW, PAYMENTS_IMPORT):
        assert finance.allows(right, Level.WRITE)
        assert not auditor.allows(right, Level.WRITE)
    assert auditor.allows(BUSINESS, Level.READ)


def test_changes_nothing_a_second_time_and_nothing_of_other_offices() -> None:
    other = factories.organisation()
    seed()
    InvoiceClient.objects.filter(number="1001").update(name="Renamed")
    Role.objects.filter(organisation__name=ORGANISATION, name="Finance").update(rights={})

    said = seed()

    assert "Renamed" in said
    assert Membership.objects.get(user__email="finance@demo.example").role.rights == {}
    assert not Integration.objects.of(other).exists()


def test_refuses_without_the_sandbox_and_without_the_demo_office(settings: Any) -> None:
    with pytest.raises(CommandError, match="seed_demo"):
        call_command("seed_demo_payments")
    settings.HUB_SANDBOX = False
    with pytest.raises(CommandError, match="HUB_SANDBOX"):
        call_command("seed_demo_payments")
