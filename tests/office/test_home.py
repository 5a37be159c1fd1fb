"""B1: the day of who sees journals begins with the month."""

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.journals.pages import rows
from tests.journals.pages.conftest import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    member = factories.member()
    rows.journal(member.organisation)
    return signed_in(member)


def test_b1_the_month_is_home(client: Client) -> None:
    assert client.get("/")["Location"] == reverse("office:present")
    answer = client.get("/", follow=True)
    assert answer.status_code == 200
    assert answer.request["PATH_INFO"].startswith("/month/")


def test_b1_the_overview_is_one_link_away(client: Client) -> None:
    html = client.get("/", follow=True).content.decode()
    assert 'href="/overview/"' in html
    assert client.get("/overview/").status_code == 200


def test_b1_an_office_without_a_journal_begins_with_its_first_steps() -> None:
    answer = signed_in(factories.member()).get("/")
    assert answer.status_code == 200
    assert "Connect a Visma.net account" in answer.content.decode()


def test_b1_who_sees_no_journals_begins_with_the_overview() -> None:
    member = factories.member(rights={"organisation": "read"})
    rows.journal(member.organisation)
    assert signed_in(member).get("/").status_code == 200
