"""What `make run` prints names everything as it is called on the screen."""

import re
from pathlib import Path

import pytest
from django.test import RequestFactory
from django.utils import translation

from integrationhub.management.commands.prepare_trial import welcome
from organisations.context import page
from organisations.models import Membership
from tests import factories

ROOT = Path(__file__).parents[2]
ON_PAGES = {
    "Overview": "templates/journals/home.html",
    "New account": "templates/accounts/connections.html",
    "New mapping": "templates/mappings/list.html",
    "Import": "templates/journals/list.html",
    "See its ledger": "templates/parts/top_bar.html",
    "Import the sample file": "templates/parts/sample_file.html",
    "Send": "templates/journals/_live.html",
    "Fetch payments from Visma": "templates/payments/client.html",
}
"""Names of buttons and of the first page, and the template that prints each."""


def emphasised() -> set[str]:
    words = welcome(port=1, sandbox_port=2, seeded="")
    return {re.sub(r"\s+", " ", name) for name in re.findall(r"\*([^*]+)\*", words)}


@pytest.fixture
def menu(db, rf: RequestFactory) -> set[str]:
    office = factories.organisation()
    member: Membership = factories.member(office)
    request = rf.get("/")
    request.user, request.membership, request.session = member.user, member, {}
    with translation.override("en"):
        return {str(item["label"]) for item in page(request)["nav_items"]}


def test_names_menus_as_the_navigation_does(menu: set[str]) -> None:
    named = emphasised() - set(ON_PAGES)

    assert named
    assert named <= menu | {"Invoices"}


def test_names_buttons_as_the_pages_do() -> None:
    for name in emphasised() & set(ON_PAGES):
        assert f'"{name}"' in (ROOT / ON_PAGES[name]).read_text(encoding="utf-8")


def test_names_no_page_that_was_called_otherwise_before() -> None:
    assert not re.search(
        r"\b(Accounts|Administrations)\b", welcome(port=1, sandbox_port=2, seeded="")
    )
