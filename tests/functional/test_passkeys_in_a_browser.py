"""Passkeys with a real browser and a device that Chromium plays (a virtual authenticator)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from organisations.models import Membership
from tests import factories
from tests.functional.desk import PATIENCE, findings_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ADA = "ada@office.example"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def member(db: None) -> Membership:
    return factories.member(person=factories.user(ADA))


@pytest.fixture
def address(live_server: LiveServer, settings: Any) -> str:
    """Return where the hub is, by the name that browsers take for a safe place."""
    settings.HUB_BASE_URL = live_server.url.replace("127.0.0.1", "localhost")
    return str(settings.HUB_BASE_URL)


@pytest.fixture
def page(browser: Browser, member: Membership) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    shown = context.new_page()
    devices = context.new_cdp_session(shown)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    yield shown
    context.close()


def press(page: Page, words: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=words, exact=True).click()


def give_password(page: Page, address: str) -> None:
    page.goto(f"{address}/sign-in/")
    page.get_by_label("E-mail").fill(ADA)
    page.get_by_label("Password").fill(factories.PASSWORD)
    press(page, "Sign in")


class TestAPasskey:
    def test_is_added_and_signs_in_after_the_password_and_instead_of_it(
        self, page: Page, address: str
    ) -> None:
        give_password(page, address)
        page.goto(f"{address}/profile/second-factor/")
        page.get_by_role("link", name="Add a passkey").click()
        page.get_by_label("Name").fill("This laptop")
        findings = findings_of(page)
        press(page, "Add a passkey")
        expect(page.locator(".codes code")).to_have_count(10)
        findings += findings_of(page)
        page.goto(f"{address}/profile/second-factor/")
        expect(page.locator("body")).to_contain_text("This laptop")
        findings += findings_of(page)

        page.context.clear_cookies()
        give_password(page, address)
        page.wait_for_url(re.compile("/sign-in/code/"))
        findings += findings_of(page)
        press(page, "Use a passkey")
        page.wait_for_url(f"{address}/")

        page.context.clear_cookies()
        page.goto(f"{address}/sign-in/?next=/profile/")
        findings += findings_of(page)
        press(page, "Sign in with a passkey")
        page.wait_for_url(f"{address}/profile/")
        expect(page.locator("#sessions")).to_contain_text("Chrome on Linux")
        findings += findings_of(page)

        assert findings == []

    def test_that_is_not_there_is_said_beside_the_button(self, page: Page, address: str) -> None:
        page.goto(f"{address}/sign-in/")

        page.get_by_role("button", name="Sign in with a passkey").click()

        expect(page.get_by_role("alert")).to_contain_text("The passkey was not used")
        expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_focused()

    def test_is_not_offered_without_scripts(self, browser: Browser, address: str) -> None:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{address}/sign-in/")

        expect(page.get_by_text("Sign in with a passkey")).to_be_hidden()
        context.close()
