"""S14: the Visma Business integration is activated first; its settings appear after that."""

import pytest
from django.urls import reverse

from audit.models import AuditEntry
from payments.models import Integration, InvoiceClient
from tests import factories
from tests.payments import rows

pytestmark = pytest.mark.django_db
SETTINGS = "/invoices/settings/"


def test_before_there_is_a_button_and_no_setting():
    me = rows.signed_in(rows.member())

    html = me.get(SETTINGS).content.decode()

    assert "Not activated" in html
    assert 'name="marker"' not in html
    assert reverse("payments:activate") in html


@pytest.mark.parametrize("name", ["overview", "import", "unmatched", "customers", "time"])
def test_before_every_page_leads_to_the_button(name):
    me = rows.signed_in(rows.member())

    answer = me.get(reverse(f"payments:{name}"))

    assert (answer.status_code, answer["Location"]) == (302, SETTINGS)


def test_before_no_setting_can_be_sent():
    member = rows.member()

    rows.signed_in(member).post(SETTINGS, {"marker": "Hub_read"})

    assert not Integration.objects.filter(organisation=member.organisation).exists()


def test_after_the_settings_appear():
    member = rows.member()
    me = rows.signed_in(member)

    me.post(reverse("payments:activate"))

    html = me.get(SETTINGS).content.decode()
    for name in ("marker", "fetch_from", "mirrors_blocks"):
        assert f'name="{name}"' in html
    assert AuditEntry.objects.filter(action="payments.activated").exists()


def test_switched_off_again_the_settings_are_gone_and_nothing_is_lost():
    member = rows.member()
    rows.activate(member.organisation)
    rows.client_of(member.organisation)
    me = rows.signed_in(member)

    me.post(reverse("payments:deactivate"))

    assert "Not activated" in me.get(SETTINGS).content.decode()
    assert InvoiceClient.objects.count() == 1


def test_only_an_administrator_activates():
    member = rows.member(factories.organisation(), "business")

    assert rows.signed_in(member).post(reverse("payments:activate")).status_code == 404
    assert not Integration.objects.exists()
