"""Names stand beside their values or above them, in every language and on every screen."""

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from mappings.models import Mapping
from mappings.operations.ledger import store_facts
from organisations.models import Membership
from tests import factories
from tests.mappings.targets import facts
from tests.mappings.wizard import signed_in
from tests.ui.test_pages import shown

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

# A name runs into its value when its words are wider than the room that it has.
OVERLAPS = """() => [...document.querySelectorAll('dt')]
  .filter((name) => name.scrollWidth > name.clientWidth)
  .map((name) => name.textContent)"""
CLIPPED = """() => [...document.querySelectorAll('.table-box')]
  .filter((box) => box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight)
  .map((box) => box.textContent.trim().slice(0, 40))"""


@pytest.fixture
def mapping() -> Mapping:
    of = factories.organisation()
    through = factories.connection(of, administration_name="Påhittade Åkeriet i Norra Bohuslän AB")
    made = factories.mapping(
        of,
        through=through,
        use_cost_centre=True,
        cost_centre_description="Kostnadsställe",
        cost_centre_segment=1,
        cost_centre_rule="table",
        balance_sheet_format="[0-2][0-9][0-9][0-9]",
        balancing_account="2990",
        own_numbers=True,
    )
    store_facts(through, facts(), now=factories.NOW)
    return made


@pytest.fixture
def member(mapping: Mapping) -> Membership:
    return factories.member(mapping.organisation)


def opened(browser, client: Client, path: str, width: int) -> Page:
    return shown(browser, client.get(path).content.decode(), width)


@pytest.mark.parametrize("width", [1280, 1000, 390])
@pytest.mark.parametrize("language", ["sv", "nb"])
def test_no_name_runs_into_its_value(browser, mapping, member, language, width) -> None:
    type(member.user).objects.update(language=language)

    page = opened(browser, signed_in(member), reverse("mappings:detail", args=[mapping.pk]), width)

    assert page.locator("dt").count() > 10
    assert page.evaluate(OVERLAPS) == []


@pytest.mark.parametrize("path", ["/roles/", "/mappings/{pk}/values/"])
def test_tables_of_choices_are_whole_on_a_phone(browser, mapping, member, path) -> None:
    for number in range(4):
        factories.role(mapping.organisation, name=f"En roll med ett långt namn {number}")

    page = opened(browser, signed_in(member), path.format(pk=mapping.pk), 390)

    assert page.locator("select").count()
    assert page.evaluate(CLIPPED) == []
