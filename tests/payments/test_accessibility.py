"""What axe-core says of the payments' pages, in both themes and at a telephone's width."""

import pytest

from payments.models import Registration
from tests.functional.desk import findings_at
from tests.payments import rows
from tests.payments.test_pages import addresses
from tests.payments.test_pages import full as full  # the fixture

NOT_PAGES = {"export_clients", "export_reconciliation", "export_invoices"}


@pytest.mark.browser
class TestPages:
    def test_give_axe_core_nothing_to_find(self, full, browser):
        me = rows.signed_in(full.member)
        pages = [url for name, url in addresses() if name not in NOT_PAGES]
        readable = [url for url in pages if me.get(url).status_code == 200]

        found = [one for url in readable for one in findings_at(browser, me, url)]

        assert len(readable) > 15
        assert found == []

    def test_give_it_nothing_where_a_decision_is_needed(self, full, browser):
        Registration.objects.update(state="needs_person", target_id="")
        payment = Registration.objects.earliest("pk").payment
        me, url = rows.signed_in(full.member), f"/invoices/payments/{payment.pk}/"

        assert "It is not there: register it" in me.get(url).content.decode()
        assert findings_at(browser, me, url) == []
