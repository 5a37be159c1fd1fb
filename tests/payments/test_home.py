"""Finance's overview: what waits of payments, each number that of the list behind it."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from payments.models import Registration
from tests import factories
from tests.payments import rows
from tests.payments.test_pages import TestStatements
from tests.payments.test_pages import full as full  # the fixture

_TILE = re.compile(
    r'<a class="tile[^"]*" href="([^"]*)">\s*<span class="tile-label">([^<]*)</span>\s*'
    r'<span class="tile-figure">(\d+)</span>\s*<span class="tile-note">([^<]*)</span>'
)


@pytest.fixture
def me(full) -> Client:
    person = rows.member(full.organisation, "business", "payments_overview", "payments_import")
    return rows.signed_in(person)


def tiles(me: Client) -> dict[str, tuple[int, str, str]]:
    found = _TILE.findall(me.get("/overview/").content.decode())
    return {label: (int(figure), unescape(url), note) for url, label, figure, note in found}


def behind(me: Client, url: str) -> int:
    """Return how many rows the list has, on all its pages."""
    answer = me.get(url)
    assert answer.status_code == 200
    count: int = answer.context["page"].paginator.count
    return count


class TestATile:
    def test_is_there_for_all_that_waits(self, me):
        assert set(tiles(me)) >= {
            "Payments to match",
            "Payments refused",
            "Payments with an unknown outcome",
            "Clients not compared",
            "New with the last fetch",
            "Blocked customers",
        }

    def test_has_the_number_of_the_list_behind_it(self, me, full):
        TestStatements.add_forty(full)
        full.client.fetched_at = full.now + timedelta(days=1)
        full.client.save()
        states = ("rejected", "unknown", "needs_person", "ready")
        for one, state in zip(Registration.objects.order_by("pk"), states, strict=False):
            Registration.objects.filter(pk=one.pk).update(
                state=state, target_id="", target_number=""
            )

        found = tiles(me)

        assert found["Payments to match"][0] > 20
        assert found["Clients not compared"][0] == 1
        assert found["Payments refused"][0] == 1
        assert found["Blocked customers"][0] == 41
        for label, (figure, url, _note) in found.items():
            if url.startswith("/invoices/"):
                assert behind(me, url) == figure, label

    def test_of_one_payment_with_two_refused_parts_counts_it_once(self, me, full):
        one, other = Registration.objects.order_by("pk")[:2]
        Registration.objects.filter(pk=other.pk).update(payment=one.payment)
        Registration.objects.update(state="rejected", target_id="", target_number="")

        figure, url, _note = tiles(me)["Payments refused"]

        assert figure == behind(me, url) == 1

    def test_of_a_client_that_is_compared_goes(self, me, full):
        assert tiles(me)["Clients not compared"][0] == 0

    def test_is_for_nobody_without_the_right(self, full):
        nobody = rows.signed_in(factories.member(full.organisation, {"journals": "write"}))

        assert "Payments to match" not in tiles(nobody)

    def test_is_of_the_own_office(self, full):
        stranger = rows.member()
        rows.activate(stranger.organisation)
        rows.client_of(stranger.organisation)

        found = tiles(rows.signed_in(stranger))

        assert {figure for figure, url, _note in found.values() if "/invoices/" in url} == {0}

    def test_costs_as_many_statements_with_more_rows(self, me, full):
        def statements() -> int:
            with CaptureQueriesContext(connection) as asked:
                me.get("/overview/")
            return len(asked)

        statements()
        few = statements()
        TestStatements.add_forty(full)

        assert statements() == few


def test_has_no_first_steps_and_no_journals_for_who_sees_payments_alone(me):
    html = me.get("/overview/").content.decode()

    assert "Needs attention" in html
    assert "First steps" not in html
    assert "Latest journals" not in html
