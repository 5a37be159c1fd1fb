"""Two people who change one invoice client, or the settings, at once: the later one is warned."""

from django.urls import reverse

from tests import factories
from tests.payments import rows
from tests.sent import sent_by


def others(office):
    return rows.signed_in(
        factories.member(
            office.organisation, rows.ALL_RIGHTS, person=factories.user(name="Bo Berg")
        )
    )


class TestAnInvoiceClient:
    def test_keeps_what_both_changed(self, office):
        page = reverse("payments:client_settings", args=[office.client.pk])
        ada, bo = rows.signed_in(office.member), others(office)
        adas, bos = sent_by(ada.get(page)), sent_by(bo.get(page))
        assert bo.post(page, {**bos, "clearing_account": "1950"}).status_code == 302

        later = ada.post(page, {**adas, "rounding_tolerance": "0.50"})

        assert (later.status_code, office.fresh().rounding_tolerance) == (409, 0)
        assert "Bo Berg changed this while you had it open." in later.content.decode()
        again = sent_by(later)
        assert (again["clearing_account"], again["rounding_tolerance"]) == ("1950", "0.50")
        assert ada.post(page, again).status_code == 302
        assert office.fresh().clearing_account == "1950"
        assert str(office.fresh().rounding_tolerance) == "0.50"

    def test_is_saved_where_nobody_else_changed_it(self, office):
        page = reverse("payments:client_settings", args=[office.client.pk])
        ada = rows.signed_in(office.member)

        assert ada.post(page, sent_by(ada.get(page))).status_code == 302


class TestTheSettings:
    def test_keep_what_both_changed(self, office):
        page = reverse("payments:settings")
        ada, bo = rows.signed_in(office.member), others(office)
        adas, bos = sent_by(ada.get(page)), sent_by(bo.get(page))
        assert bo.post(page, {**bos, "marker": "HubRead"}).status_code == 302

        assert adas.pop("mirrors_blocks") == "on"
        later = ada.post(page, adas)

        office.integration.refresh_from_db()
        assert (later.status_code, office.integration.mirrors_blocks) == (409, True)
        again = sent_by(later)
        assert (again["marker"], "mirrors_blocks" in again) == ("HubRead", False)
        assert ada.post(page, again).status_code == 302
        office.integration.refresh_from_db()
        assert (office.integration.marker, office.integration.mirrors_blocks) == ("HubRead", False)
