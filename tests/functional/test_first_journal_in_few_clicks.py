"""From the first page to a posted journal in a real browser: each click is counted and printed."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from integrationhub import privacy
from tests import environment
from tests.functional.desk import PASSWORD, PATIENCE, CountingDesk
from tests.hub import Hub, started

pytestmark = [
    pytest.mark.processes,
    pytest.mark.browser,
    pytest.mark.skipif(
        environment.SERVICES, reason="the trial has its own database: the embedded tier shows it"
    ),
]

AT_MOST = 15
COMPANY = "Påhittade Åkeriet AB"


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Start a hub with its demo office, in which nothing has happened yet."""
    with started(tmp_path_factory.mktemp("a hub")) as running:
        yield running


@pytest.fixture(scope="module")
def walked(browser: Browser, hub: Hub) -> Iterator[CountingDesk]:
    """Follow what each page offers next, from the sign-in to the posted journal."""
    desk = CountingDesk(browser, hub, "admin")
    page = desk.page
    desk.open("/sign-in/")
    page.get_by_label("E-mail").fill("admin@demo.example")
    page.get_by_label("Password").fill(PASSWORD)
    desk.click("Sign in")
    desk.click("Connect a Visma.net account")
    page.get_by_label("User name").fill("ola")
    desk.click("Save and sign in")
    page.wait_for_url(re.compile("/visma-connect/"))
    page.get_by_label("E-mail").fill("ola@fjordbyra.example")
    page.get_by_label("Password").fill("sandbox")
    desk.click("Sign in")
    desk.click("Allow")
    desk.sees(f"Connected to {COMPANY}.")
    desk.click("Map a company")
    page.wait_for_url(re.compile("/(place|dimensions)/"), timeout=PATIENCE)
    if "/place/" in page.url:
        for label in ("Branch", "Ledger"):
            if page.get_by_label(label, exact=True).count():
                page.get_by_label(label, exact=True).select_option(index=1)
        desk.click("Next")
        page.wait_for_url(re.compile("/dimensions/"))
    desk.click("Next")
    page.wait_for_url(re.compile("/patterns/"))
    desk.click("Next")
    page.wait_for_url(re.compile("/policy/"))
    rule = page.locator("input[name=closed_period_rule]").first
    desk.click("When the period is closed", rule)
    page.get_by_label("First period").fill("2026-03")
    desk.click("Next")
    page.wait_for_url(re.compile("/review/"))
    desk.click("Save and check")
    page.wait_for_url(re.compile(r"/mappings/\d+/"))
    desk.click("Import the sample file")
    desk.sees("Nothing is sent until someone presses Send.")
    desk.click("Open the journal")
    desk.click("Send")
    expect(page.locator("#journal-live .pair--sent")).to_have_text(
        "3 of 3 posted", timeout=PATIENCE
    )
    print(f"\nFirst page to posted journal: {desk.said()}")
    yield desk
    desk.close()


def test_the_first_journal_is_posted_within_fifteen_clicks(walked: CountingDesk) -> None:
    assert len(walked.clicks) <= AT_MOST


def test_the_sample_stands_in_its_three_periods(walked: CountingDesk) -> None:
    assert walked.page.locator("#batches ~ .table-box tbody tr").count() == 3
    walked.sees("3 of 3 posted")


def test_what_it_left_on_the_disk_is_the_hubs_alone(walked: CountingDesk, hub: Hub) -> None:
    names = {path.name for path in hub.data_dir.rglob("*")}

    assert {"hub.sqlite3", "sandbox.sqlite3", "worker.log"} <= names
    assert list(privacy.open_to_others(hub.data_dir)) == []
