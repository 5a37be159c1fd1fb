"""A field that searches its rows, in a browser: by keyboard, by pointer, without JavaScript."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect

from organisations.models import Company, Debtor, Membership
from tests import factories
from tests.conftest import BROWSER_PATIENCE
from tests.functional.desk import PATIENCE, findings_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ROWS = 230
expect.set_options(timeout=PATIENCE)


@pytest.fixture
def member() -> Membership:
    member = factories.member()
    Debtor.objects.bulk_create(
        Debtor(organisation=member.organisation, number=str(1000 + n), name=f"Bergvåg {n} AS")
        for n in range(ROWS)
    )
    return member


def opened(browser: Browser, live_server: Any, member: Membership, **more: Any) -> Page:
    """Open the form of a new company as that person."""
    signed_in = Client()
    signed_in.force_login(member.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    cookie = signed_in.cookies[settings.SESSION_COOKIE_NAME].value
    context = browser.new_context(reduced_motion="reduce", locale="en-GB", **more)
    context.set_default_timeout(BROWSER_PATIENCE)
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page = context.new_page()
    page.goto(f"{live_server.url}/companies/new/")
    page.get_by_label("Number", exact=True).fill("1")
    page.get_by_label("Name", exact=True).fill("New")
    return page


@pytest.fixture
def page(browser: Browser, live_server: Any, member: Membership) -> Iterator[Page]:
    page = opened(browser, live_server, member)
    yield page
    page.context.close()


def debtor(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Debtor")


def listed(page: Page) -> Locator:
    return page.locator(".finder-sheet [role=option]")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").click()


class TestKeyboard:
    def test_finds_steps_and_chooses(self, page: Page) -> None:
        field = debtor(page)
        field.press_sequentially("berg 122")
        expect(listed(page)).to_have_count(11)

        field.press("ArrowDown")
        field.press("ArrowDown")
        active = page.locator("[aria-selected=true]")
        words = active.inner_text()
        assert field.get_attribute("aria-activedescendant") == active.get_attribute("id")
        assert findings_of(page) == []
        field.press("Enter")

        expect(field).to_have_value(words)
        expect(field).to_have_attribute("aria-expanded", "false")
        save(page)
        page.wait_for_url("**/companies/")
        assert str(Company.objects.get().debtor) == words

    def test_opens_all_with_the_arrow_and_closes_with_escape(self, page: Page) -> None:
        field = debtor(page)
        field.press("ArrowDown")
        expect(listed(page)).to_have_count(20)
        expect(page.locator(".finder-note")).to_be_visible()
        expect(field).to_have_attribute("aria-expanded", "true")

        field.press("Escape")

        expect(listed(page)).to_have_count(0)
        assert page.url.endswith("/companies/new/")

    def test_goes_round_at_the_ends(self, page: Page) -> None:
        field = debtor(page)
        field.press_sequentially("100")
        expect(listed(page).first).to_be_visible()

        field.press("ArrowUp")

        expect(listed(page).last).to_have_attribute("aria-selected", "true")


class TestPointer:
    def test_opens_and_chooses(self, page: Page) -> None:
        debtor(page).click()
        listed(page).filter(has_text="1003 ").click()

        save(page)

        page.wait_for_url("**/companies/")
        assert Company.objects.get().debtor.number == "1003"

    def test_elsewhere_closes_the_list(self, page: Page) -> None:
        debtor(page).click()
        expect(listed(page).first).to_be_visible()

        page.get_by_label("Name", exact=True).click()

        expect(listed(page)).to_have_count(0)


class TestChangedMind:
    def test_after_a_choice_the_text_that_stands_there_counts(self, page: Page) -> None:
        debtor(page).click()
        listed(page).filter(has_text="1003 ").click()
        debtor(page).fill("1004")

        save(page)

        page.wait_for_url("**/companies/")
        assert Company.objects.get().debtor.number == "1004"


class TestWithoutJavaScript:
    def test_the_text_is_resolved_and_what_it_may_mean_is_offered(
        self, browser: Browser, live_server: Any, member: Membership
    ) -> None:
        page = opened(browser, live_server, member, java_script_enabled=False)
        field = page.get_by_label("Debtor")
        field.fill("17 as")
        save(page)
        expect(page.locator(".field-problem")).to_contain_text("such as 1017 Bergvåg 17 AS")
        assert page.locator("datalist option").count() > 1

        field.fill("1017")
        save(page)

        page.wait_for_url("**/companies/")
        assert Company.objects.get().debtor.number == "1017"
        page.context.close()
