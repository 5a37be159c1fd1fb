"""The lists of journals and the home page."""

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from journals.models import Journal
from tests import factories
from tests.journals.pages import rows
from tests.journals.pages.conftest import signed_in


def queries_of(client, url: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


class TestJournalList:
    @pytest.mark.parametrize("name", ["journals:list", "journals:home"])
    def test_asks_the_database_as_often_for_sixty_journals_as_for_three(self, name, me, client):
        for _ in range(3):
            rows.journal(me.organisation)
        client.get(reverse(name))
        few = queries_of(client, reverse(name))
        for _ in range(57):
            rows.journal(me.organisation)

        many = queries_of(client, reverse(name))

        assert many == few

    def test_shows_nothing_of_another_organisation(self, client):
        theirs = rows.journal(factories.organisation())

        html = client.get("/journals/").content.decode()

        assert theirs.reference not in html
        assert theirs.company.name not in html

    def test_teaches_when_it_is_empty(self, client):
        assert "A journal arrives when a payroll file is imported" in (
            client.get("/journals/").content.decode()
        )

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ("q=NEEDLE", "NEEDLE-1"),
            ("q=Haystack", "OTHER-1"),
            ("state=sent", "OTHER-1"),
            ("state=attention", "NEEDLE-1"),
            ("period=2026-02", "NEEDLE-1"),
        ],
    )
    def test_filters_by_the_address(self, query, shown, me, client):
        rows.journal(me.organisation, reference="NEEDLE-1", state="stopped", periods=("2026-02",))
        rows.journal(
            me.organisation,
            reference="OTHER-1",
            state="sent",
            company=factories.company(me.organisation, name="Haystack AB"),
        )

        html = client.get(f"/journals/?{query}").content.decode()

        assert {name for name in ("NEEDLE-1", "OTHER-1") if name in html} == {shown}

    def test_filters_by_company(self, me, client):
        mine = rows.journal(me.organisation)
        other = rows.journal(me.organisation)

        html = client.get(f"/journals/?company={mine.company_id}").content.decode()

        assert mine.reference in html
        assert other.reference not in html

    def test_sorts_by_the_address(self, me, client):
        rows.journal(me.organisation, reference="AAA-1")
        rows.journal(me.organisation, reference="BBB-1")

        html = client.get("/journals/?sort=-reference").content.decode()

        assert html.index("BBB-1") < html.index("AAA-1")

    def test_keeps_filters_and_sorting_in_the_links_to_other_pages(self, me, client):
        for _ in range(30):
            rows.journal(me.organisation, state="sent")

        html = client.get("/journals/?state=sent&sort=reference").content.decode()

        assert "?state=sent&amp;sort=reference&amp;page=2" in html

    def test_takes_an_address_that_makes_no_sense_for_no_filter(self, me, client):
        mine = rows.journal(me.organisation)

        answer = client.get("/journals/?state=x&period=y&company=z&sort=password&page=-1")

        assert mine.reference in answer.content.decode()

    def test_gives_no_boxes_to_choose_to_somebody_who_may_not_send(self, me, client, reader):
        rows.journal(me.organisation)

        assert 'name="journal"' in client.get("/journals/").content.decode()
        assert 'name="journal"' not in reader.get("/journals/").content.decode()

    def test_is_no_page_for_somebody_without_the_right(self, me):
        nobody = signed_in(factories.member(me.organisation, {"vismanet": "write"}))

        assert nobody.get("/journals/").status_code == 404


class TestHome:
    def test_shows_the_first_steps_until_they_are_hidden(self, client):
        assert "Connect a Visma.net account" in client.get("/overview/").content.decode()

        client.post("/first-steps/hide/")

        assert "Connect a Visma.net account" not in client.get("/overview/").content.decode()

    def test_shows_no_first_steps_when_all_are_done(self, me, client):
        journal = rows.journal(me.organisation, state="sent")
        rows.mapping(journal.company)

        assert "Connect a Visma.net account" not in client.get("/overview/").content.decode()

    def test_counts_what_needs_attention(self, me, client):
        for state in ("stopped", "stopped", "unknown", "needs_person"):
            rows.journal(me.organisation, state=state)
        factories.connection(me.organisation, authorised=False, state="sign_in_again")

        tiles = {t.label: t.figure for t in client.get("/overview/").context["board"].tiles}

        assert tiles["Journals stopped"] == 2
        assert tiles["Outcome unknown"] == 1
        assert tiles["Need a decision"] == 1
        assert tiles["Accounts to sign in to again"] == 1

    def test_says_what_to_do_to_somebody_of_no_organisation(self, db):
        alone = Client()
        alone.force_login(factories.user(), backend=settings.AUTHENTICATION_BACKENDS[-1])

        assert "belong to no organisation" in alone.get("/overview/").content.decode()


class TestStates:
    @pytest.mark.parametrize("state", Journal.State.values)
    def test_have_an_icon_and_words_of_their_own(self, state, me, client):
        rows.journal(me.organisation, state=state)

        html = client.get("/journals/").content.decode()

        row = html[html.index("<tbody>") : html.index("</tbody>")]
        assert row.count(f"{Journal.State(state).label}</span>") == 1  # and not twice
        assert "badge--" in row
