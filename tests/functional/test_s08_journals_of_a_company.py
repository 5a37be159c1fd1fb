"""S8: a company's journals, chosen and sent; the icon turns dark, with words beside it."""

from django.utils import timezone

from journals.models import Batch, Journal
from tests import factories
from tests.journals.pages import rows
from tests.journals.pages.conftest import *  # noqa: F403


class TestCompanyPage:
    def test_lists_the_journals_of_that_company_only(self, me, client):
        mine = rows.journal(me.organisation)
        other = rows.journal(me.organisation)

        html = client.get(f"/companies/{mine.company_id}/journals/").content.decode()

        assert mine.reference in html
        assert other.reference not in html

    def test_sends_the_chosen_journals_and_no_other(self, me, client):
        company = factories.company(me.organisation)
        rows.mapping(company)
        first, second, third = (rows.journal(me.organisation, company=company) for _ in range(3))
        here = f"/companies/{company.pk}/journals/"

        answer = client.post(
            "/journals/send/", {"journal": [first.pk, second.pk], "next": here}, follow=True
        )

        assert answer.redirect_chain[-1][0] == here
        assert "2 journals are on their way." in answer.content.decode()
        queued = Batch.objects.filter(state="ready").values_list("journal_id", flat=True)
        assert set(queued) == {first.pk, second.pk}
        third.refresh_from_db()
        assert third.state == Journal.State.IMPORTED

    def test_turns_the_icon_dark_when_the_journal_is_sent_and_says_so(self, me, client):
        journal = rows.journal(me.organisation)
        here = f"/companies/{journal.company_id}/journals/"
        before = client.get(here).content.decode()

        Journal.objects.update(state="sent", state_at=timezone.now())

        after = client.get(here).content.decode()
        assert "pair--sent" not in before
        assert 'svg#journal"' in before
        assert "Not sent</span>" in before
        assert "pair--sent" in after
        assert 'svg#journal-sent"' in after
        assert "Sent</span>" in after

    def test_says_why_a_chosen_journal_cannot_go(self, me, client):
        test_company = factories.company(me.organisation, name="Prov AB", is_test=True)
        journal = rows.journal(me.organisation, company=test_company)

        answer = client.post("/journals/send/", {"journal": [journal.pk]}, follow=True)

        assert "Prov AB is a test company" in answer.content.decode()
        assert Batch.objects.get().state == "draft"

    def test_says_before_the_press_that_nothing_can_be_sent(self, me, client):
        blocked = factories.debtor(me.organisation, blocked=True, name="Late Payer AB")
        company = factories.company(me.organisation, owner=blocked)

        html = client.get(f"/companies/{company.pk}/journals/").content.decode()

        assert "Late Payer AB is blocked" in html

    def test_goes_back_to_no_other_site(self, client):
        answer = client.post("/journals/send/", {"next": "https://evil.example/"})

        assert answer["Location"] == "/journals/"
