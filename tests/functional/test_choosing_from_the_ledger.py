"""A value is chosen from what the ledger has, in every row of a table, with the keyboard."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from connectors.base import Dimension, DimensionValue
from mappings.models import MappedValue, Mapping
from mappings.operations.ledger import store_facts
from tests import factories
from tests.functional.desk import PATIENCE, findings_of
from tests.mappings.targets import facts

pytestmark = pytest.mark.browser


@pytest.fixture
def mapping(transactional_db: None) -> Mapping:
    made = factories.mapping(
        factories.organisation(),
        use_cost_centre=True,
        cost_centre_description="Kostnadsställe",
        cost_centre_segment=1,
        cost_centre_rule="table",
    )
    values = tuple(DimensionValue(f"{n:04}", f"Lager {n}") for n in range(1, 60))
    known = facts(dimensions=(Dimension(1, "Kostnadsställe", 4, values),))
    store_facts(made.connection, known, now=factories.NOW)
    return made


@pytest.fixture
def desk(browser: Browser, live_server, mapping: Mapping):
    client = Client()
    client.force_login(
        factories.member(mapping.organisation).user, backend=settings.AUTHENTICATION_BACKENDS[-1]
    )
    context = browser.new_context(base_url=live_server.url, locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )
    page = context.new_page()
    page.goto(reverse("mappings:values", args=[mapping.pk]))
    yield page
    context.close()


def test_a_value_is_found_by_its_name_and_saved(desk: Page) -> None:
    desk.get_by_label("Payroll code").first.fill("10")
    field = desk.get_by_role("combobox", name="Value").first
    field.focus()
    desk.keyboard.type("lager 12")
    listed = desk.get_by_role("listbox").get_by_role("option")
    expect(listed).to_have_text(["0012 Lager 12"], timeout=PATIENCE)

    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    expect(field).to_have_value("0012 Lager 12", timeout=PATIENCE)
    desk.get_by_role("button", name="Save", exact=True).click()

    expect(desk.locator("#messages")).to_contain_text("The values are saved.", timeout=PATIENCE)
    expect(desk.get_by_role("combobox", name="Value for 10")).to_have_value(
        "0012 Lager 12", timeout=PATIENCE
    )
    saved = MappedValue.objects.get()
    assert (saved.payroll_code, saved.target_value) == ("10", "0012")
    assert findings_of(desk) == []
