"""
The whole story in a real browser, role after role, against the hub's real processes.

The tests of this file tell one story: the administrator connects and maps, payroll sends, and the
others look. Each part is a fixture that the next one builds on, so that any test can run alone.
"""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import hotp_value
from playwright.sync_api import Browser, expect

from tests import environment
from tests.functional.desk import PASSWORD, PATIENCE, Desk, mark, sandbox
from tests.functional.story import BALANCE_SHEET, payroll_file
from tests.hub import Hub, started

pytestmark = [
    pytest.mark.processes,
    pytest.mark.browser,
    pytest.mark.skipif(
        environment.SERVICES, reason="the trial has its own database: the embedded tier shows it"
    ),
]

COMPANY = "Påhittade Åkeriet AB"


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Start a hub with its demo office, in which nothing has happened yet."""
    with started(tmp_path_factory.mktemp("a hub")) as running:
        yield running


@pytest.fixture(scope="module")
def administrator(browser: Browser, hub: Hub) -> Iterator[Desk]:
    desk = Desk(browser, hub, "admin")
    desk.sign_in()
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def connected(administrator: Desk) -> dict[str, Any]:
    """Create an account, press its icon, and come back from the vendor's pages."""
    desk, page = administrator, administrator.page
    desk.look_closely()
    desk.follow("Visma.net accounts")
    desk.look_closely()
    desk.follow("New account")
    page.get_by_label("User name").fill("anna")
    desk.look_closely()
    desk.press("Save")
    icon = page.locator("[id^=authorise-]")
    expect(icon).to_contain_text("Not authorised")
    expect(page.locator(".notice--error")).to_contain_text("Not authorised")
    desk.look_closely()
    left_open = desk.context.new_page()
    left_open.goto(page.url)
    untouched = mark(left_open)

    icon.click()
    page.wait_for_url(re.compile("/visma-connect/"))
    page.get_by_label("E-mail").fill("anna@fjordbyra.example")
    page.get_by_label("Password").fill("sandbox")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name=re.compile("Åkeriet")).click()
    page.get_by_role("button", name="Allow").click()
    desk.sees(f"Connected to {COMPANY}.")
    message = page.locator(".notice--success").inner_text()

    expect(left_open.locator(".pair--on")).to_contain_text("Authorised", timeout=PATIENCE)
    seen = {
        "message": message,
        "red notices left": left_open.locator(".notice--error").count(),
        "turned by itself": untouched(),
    }
    desk.look_closely(left_open)
    left_open.close()
    return seen


@pytest.fixture(scope="module")
def mapped(connected: dict[str, Any], administrator: Desk) -> dict[str, Any]:
    """Go through the wizard with the keyboard alone, and wait for its live check."""
    desk, page = administrator, administrator.page
    desk.open("/mappings/new/")
    desk.look_closely()
    desk.choose("Company", COMPANY)
    desk.press_key_on("Next")
    page.wait_for_url(re.compile("/administration/"))
    desk.look_closely()
    desk.choose("Administration", COMPANY)
    desk.press_key_on("Next")
    page.wait_for_url(re.compile("/(place|dimensions)/"))
    if "/place/" in page.url:
        for label in ("Branch", "Ledger"):
            if page.get_by_label(label, exact=True).count():
                desk.choose(label)
        desk.press_key_on("Next")
        page.wait_for_url(re.compile("/dimensions/"))
    desk.look_closely()
    desk.tick("Send the cost centre")
    dimension = page.get_by_label("Description of the cost centre's dimension")
    desk.tab_to(dimension)
    page.keyboard.type("Kostnadsb")  # as far as distinguishes it from the other
    expect(dimension).to_have_value("Kostnadsbärare")
    desk.tick("Send the cost unit")
    desk.press_key_on("Next")
    # One dimension for both is refused, and the focus is on the refusal.
    desk.sees("cannot use the same dimension")
    refusal = page.evaluate("document.activeElement.className")
    desk.look_closely()
    desk.tab_to(dimension)
    page.keyboard.type("Kostnadsst")
    expect(dimension).to_have_value("Kostnadsställe")
    desk.press_key_on("Next")
    page.wait_for_url(re.compile("/patterns/"))
    desk.look_closely()
    desk.type_into("Balance-sheet format", BALANCE_SHEET)
    desk.press_key_on("Next")
    page.wait_for_url(re.compile("/policy/"))
    desk.look_closely()
    desk.tab_to(page.locator("input[name=posting]:checked"))
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[name=posting][value=balanced]")).to_be_checked()
    desk.tab_to(page.locator("input[name=closed_period_rule]").first)
    page.keyboard.press("Space")
    page.get_by_label("First period").fill("2026-03")
    desk.press_key_on("Next")
    page.wait_for_url(re.compile("/review/"))
    desk.look_closely()
    desk.press_key_on("Save and check")
    page.wait_for_url(re.compile(r"/mappings/\d+/"))
    desk.sees("Nothing prevents sending")
    desk.look_closely()
    return {"focus on the refusal": refusal}


@pytest.fixture(scope="module")
def payroll(browser: Browser, hub: Hub) -> Iterator[Desk]:
    desk = Desk(browser, hub, "payroll")
    desk.sign_in()
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def sent(mapped: dict[str, Any], payroll: Desk, hub: Hub) -> dict[str, Any]:
    """Upload the run, look at what will be posted, press Send with the keyboard, and wait."""
    desk, page = payroll, payroll.page
    desk.follow("Journals")
    desk.look_closely()
    desk.open("/journals/import/")
    desk.look_closely()
    upload = {"name": "payroll-2026-03.si", "mimeType": "text/plain", "buffer": payroll_file()}
    page.locator("input[type=file]").set_input_files(upload)
    desk.press("Import")
    desk.sees("Nothing is sent until someone presses Send.")
    desk.look_closely()
    desk.follow("Open the journal")
    desk.sees("To be posted")
    before = page.locator("#journal-live .pair").first
    expect(before).to_contain_text("0 of ")
    shown = page.locator("#batches ~ .table-box td.num .money").all_inner_texts()
    desk.look_closely()

    # Each batch takes the ledger a while, so that there is something to see on the way.
    sandbox(hub, "faults", kind="slow", on="create", times=3, milliseconds=3000)
    desk.press_key_on("Send")
    running = page.locator("#journal-live[hx-get]")
    expect(running).to_be_visible(timeout=PATIENCE)
    untouched = mark(page)
    expect(page.locator("#journal-live .pair--sent")).to_contain_text(
        re.compile(r"(\d) of \1 posted"), timeout=PATIENCE
    )
    expect(page.locator("#journal-state")).to_contain_text("Sent")
    desk.sees("3 of 3 posted")
    seen = {"shown before": shown, "followed by itself": untouched(), "address": page.url}
    desk.look_closely()
    return seen


class TestAdministrator:
    def test_s03_comes_back_from_the_vendor_to_the_name_of_the_company(
        self, connected: dict[str, Any]
    ) -> None:
        assert COMPANY in connected["message"]

    def test_s04_sees_the_icon_turn_on_a_page_left_open(self, connected: dict[str, Any]) -> None:
        assert connected["turned by itself"]
        assert connected["red notices left"] == 0

    def test_s07_makes_the_mapping_without_a_mouse(self, mapped: dict[str, Any]) -> None:
        assert "error-summary" in mapped["focus on the refusal"]

    def test_finds_nothing_in_the_way_on_any_page(
        self, mapped: dict[str, Any], administrator: Desk
    ) -> None:
        assert administrator.findings == []


class TestPayroll:
    def test_s12_sees_what_will_be_posted_before_pressing(self, sent: dict[str, Any]) -> None:
        amounts = [re.sub(r"[^0-9.]", "", text) for text in sent["shown before"]]

        assert amounts == ["4205.44", "2080.31", "257438.90"]

    def test_s08_follows_the_sending_and_sees_the_icon_turn_dark(
        self, sent: dict[str, Any]
    ) -> None:
        assert sent["followed by itself"]

    def test_s09_finds_three_batches_in_their_periods(self, sent: dict[str, Any], hub: Hub) -> None:
        batches = sandbox(hub, "ledger")["batches"]

        assert sorted((one["period"], one["debit"]) for one in batches) == [
            ("202601", "4205.44"),
            ("202602", "2080.31"),
            ("202603", "257438.90"),
        ]

    def test_s01_sees_the_accounts_and_cannot_change_them(
        self, sent: dict[str, Any], payroll: Desk
    ) -> None:
        payroll.open("/connections/")

        assert payroll.page.locator(".pair--on").count() == 1
        assert payroll.page.locator("#connections button").count() == 0
        assert payroll.page.get_by_role("link", name="New account").count() == 0

    def test_finds_nothing_in_the_way_on_any_page(
        self, sent: dict[str, Any], payroll: Desk
    ) -> None:
        assert payroll.findings == []


class TestSomebodyInvited:
    def test_gets_a_link_accepts_and_works_with_the_role_that_was_chosen(
        self, administrator: Desk, hub: Hub, browser: Browser
    ) -> None:
        page = administrator.page
        administrator.open("/people/")
        administrator.follow("Invite someone")
        page.get_by_label("E-mail").fill("nils@office.example")
        page.get_by_label("Role").select_option(label="Payroll")
        administrator.look_closely()
        administrator.press("Invite")
        administrator.sees("It is shown only once")
        link = page.locator(".copyable code").inner_text()
        administrator.look_closely()
        administrator.open("/people/")
        administrator.sees("Waiting for an answer")
        administrator.look_closely()

        nils = Desk(browser, hub, "nils")
        nils.page.goto(link)
        nils.sees("You are new here")
        nils.look_closely()
        nils.type_into("Your name", "Nils Ny")
        nils.page.get_by_label("New password", exact=True).fill("seven-green-bottles")
        nils.page.get_by_label("Repeat the new password").fill("seven-green-bottles")
        nils.press_key_on("Accept and create my account")
        nils.sees("Welcome. Your account is ready")
        nils.page.get_by_label("E-mail").fill("nils@office.example")
        nils.page.get_by_label("Password").fill("seven-green-bottles")
        nils.press("Sign in")
        nils.page.wait_for_url(re.compile(r"^https?://[^/]+/(month/.*)?$"))
        menu = nils.page.locator(".top-nav a").all_inner_texts()
        administrator.open("/people/")
        listed = page.locator("main").inner_text()
        findings = administrator.findings + nils.findings
        nils.close()

        assert "Journals" in [name.strip() for name in menu]
        assert "Nils Ny" in listed
        assert "Open invitations" not in listed
        assert findings == []


class TestAuditor:
    def test_sees_everything_and_cannot_press(
        self, sent: dict[str, Any], hub: Hub, browser: Browser
    ) -> None:
        desk = Desk(browser, hub, "auditor")
        desk.sign_in()

        desk.page.goto(sent["address"])
        desk.sees("As posted")
        pressable = desk.page.locator("main").get_by_role("button").all_inner_texts()
        desk.open("/journals/")
        choosable = desk.page.locator(".pick").count()
        refused = desk.page.evaluate(
            "async ([path, token]) => (await fetch(path, {method: 'POST',"
            " headers: {'X-CSRFToken': token}})).status",
            [
                re.sub(r"^https?://[^/]+", "", sent["address"]) + "send/",
                desk.page.locator("[name=csrfmiddlewaretoken]").first.input_value(),
            ],
        )
        desk.close()

        assert pressable == []
        assert choosable == 0
        assert refused == 403


class TestFinance:
    def test_s01_has_no_integration_in_the_menu_and_no_page_behind_it(
        self, sent: dict[str, Any], hub: Hub, browser: Browser
    ) -> None:
        desk = Desk(browser, hub, "finance")
        desk.sign_in()

        menu = desk.page.locator(".top-nav a").all_inner_texts()
        statuses = [desk.open(path) for path in ("/connections/", "/mappings/", "/mappings/1/")]
        desk.look_closely()
        desk.close()

        assert "Journals" in [name.strip() for name in menu]
        assert not {"Visma.net accounts", "Mappings"} & {name.strip() for name in menu}
        assert statuses == [404, 404, 404]
        assert desk.findings == []

    def test_sets_up_a_second_factor_and_signs_in_with_it(self, hub: Hub, browser: Browser) -> None:
        desk = Desk(browser, hub, "finance")
        page = desk.page
        desk.sign_in()
        page.locator(".dropdown--end > summary").click()
        desk.follow("Your profile")
        desk.look_closely()
        desk.follow("Set up a second factor")
        desk.look_closely()
        desk.follow("Set up an app")
        desk.look_closely()

        key = page.locator(".copyable code").inner_text()
        for _in_two_half_minutes in range(2):
            page.get_by_role("textbox", name="Code").fill(code_for(key))
            with page.expect_navigation():
                desk.press("Turn it on")
            if page.locator(".codes").count():
                break
        desk.sees("They are shown only once.")
        recovery = page.locator(".codes code").first.inner_text()
        desk.look_closely()
        desk.follow("I have saved them")
        desk.follow("App, passkeys and codes")
        desk.look_closely()
        desk.context.clear_cookies()
        desk.open("/sign-in/")
        page.get_by_label("E-mail").fill("finance@demo.example")
        page.get_by_label("Password").fill(PASSWORD)
        desk.press("Sign in")
        page.wait_for_url(re.compile("/sign-in/code/"))
        desk.look_closely()
        # A code of the app is good once, and the next comes in half a minute: one on paper.
        page.get_by_role("textbox", name="Code").fill(recovery)
        desk.press("Sign in")
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        desk.close()

        assert desk.findings == []


def code_for(key: str) -> str:
    """Return what an authenticator app with this key shows now."""
    counter = int(time.time()) // 30
    return f"{hotp_value(key, counter):06d}"
