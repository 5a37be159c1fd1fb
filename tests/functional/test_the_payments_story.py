"""
Payments in a real browser, by clicking, against the hub's real processes and the sandbox.

The tests of this file tell one story, each part a fixture that the next builds on: settings,
fetching for one client, the unmatched queue, a credit block, the reconciliation, fetching for many
and connecting the one that was skipped. `make screenshots` keeps its pictures for docs/payments.md.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox import receivables_story as story
from tests import environment
from tests.functional.desk import PATIENCE, Desk, mark, sandbox
from tests.hub import Hub, started

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
KEEP_PICTURES = os.environ.get("KEEP_SCREENSHOTS") == "1"
LOOKS = ((1280, "light"), (390, "dark"))
MARKER = "IntegrationHub_PaymentRead"
NORDVIK = f"1001 {story.NORDVIK.name}"
STORSALG = story.STORSALG.name

pytestmark = [
    pytest.mark.processes,
    pytest.mark.browser,
    pytest.mark.skipif(
        environment.SERVICES, reason="the trial has its own database: the embedded tier shows it"
    ),
]


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
def finance(browser: Browser, hub: Hub) -> Iterator[Desk]:
    desk = Desk(browser, hub, "finance", accept_downloads=True)
    desk.sign_in()
    yield desk
    desk.close()


def look(desk: Desk, name: str) -> None:
    """Look closely at the page, and keep a picture of it for the documentation."""
    desk.look_closely()
    if not KEEP_PICTURES:
        return
    page, size = desk.page, desk.page.viewport_size
    usual = page.evaluate("document.documentElement.dataset.theme")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width, theme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        page.screenshot(path=PICTURES / f"payments-{name}-{width}-{theme}.png", full_page=True)
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", usual)
    if size is not None:
        page.set_viewport_size(size)


def arrive(desk: Desk, heading: str) -> None:
    """Wait until the page with this heading is there."""
    expect(desk.page.locator("h1")).to_have_text(heading, timeout=PATIENCE)


def wait_for_words(page: Page, words: str) -> None:
    """Ask for the page again and again until it shows the words, and load it then."""
    # The page's own rules forbid what `wait_for_function` does.
    page.evaluate(
        """async ([words, patience]) => {
             for (const began = Date.now(); Date.now() - began < patience; ) {
               if ((await (await fetch(location.href)).text()).includes(words)) return;
               await new Promise((again) => setTimeout(again, 300));
             }
             throw new Error(`the page never showed ${words}`);
           }""",
        [words, PATIENCE],
    )
    page.reload()


def wait_for_the_run(page: Page) -> None:
    """Wait until the open page of a run says by itself that it is over."""
    expect(page.locator("#run:not([hx-get])")).to_be_visible(timeout=PATIENCE)


def tiles(page: Page) -> dict[str, str]:
    """Return the figures of the page by their labels."""
    found = page.locator(".tile")
    return {
        one.locator(".tile-label").inner_text(): one.locator(".tile-figure").inner_text()
        for one in found.all()
    }


# --- The story -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def settings(administrator: Desk) -> dict[str, Any]:
    """Switch the integration off and on, and set the marker, the start date and the blocks."""
    desk, page = administrator, administrator.page
    desk.follow("Invoices")
    desk.follow("Settings")
    desk.press("Switch the integration off")
    page.locator("#confirm-yes").click()
    desk.sees("Not activated")
    fields_before = page.get_by_label("Field that marks a payment as read").count()
    desk.look_closely()
    desk.press("Activate")
    desk.sees("The Visma Business integration is activated.")
    page.get_by_label("Field that marks a payment as read").fill(MARKER)
    page.get_by_label("Fetch payments from").fill("2026-08-01")
    page.get_by_label("A credit block in Visma blocks the customer temporarily").check()
    desk.press("Save")
    desk.sees("The settings are saved.")
    # The accounts were tried when the hub started; the page says by itself when each is let in.
    expect(page.locator("#accounts:not([hx-get])")).to_be_visible(timeout=PATIENCE)
    look(desk, "settings")
    return {"fields before it was active": fields_before}


@pytest.fixture(scope="module")
def checked(settings: dict[str, Any], administrator: Desk) -> None:
    """Let the set-up check look at the client's companies."""
    desk = administrator
    desk.follow("Invoice overview")
    desk.follow(NORDVIK)
    desk.follow("Settings")
    desk.press("Check")
    desk.sees("Suggested as payments")
    look(desk, "check")


@pytest.fixture(scope="module")
def fetched(checked: None, finance: Desk, hub: Hub) -> dict[str, Any]:
    """Fetch for one client from the invoice overview, and follow the run as it goes on."""
    desk, page = finance, finance.page
    desk.follow("Invoices")
    arrive(desk, "Invoice overview")
    desk.look_closely()
    desk.follow(NORDVIK)
    sandbox(hub, "faults", kind="slow", on="ReadPayments", vendor="business-nxt", milliseconds=8000)
    desk.press("Fetch payments from Visma")
    expect(page.locator("#run[hx-get]")).to_be_visible(timeout=PATIENCE)
    untouched = mark(page)
    desk.tab_to(page.get_by_role("button", name="Cancel", exact=True))
    page.evaluate(
        "addEventListener('htmx:afterSettle', () => { document.body.dataset.swapped = 'yes' })"
    )
    expect(page.locator("body[data-swapped]")).to_be_attached(timeout=PATIENCE)
    kept = page.evaluate("document.activeElement.innerText.trim()")
    look(desk, "run-live")
    wait_for_the_run(page)
    desk.sees("Count and sum match Visma's.")
    seen: dict[str, Any] = {
        "followed by itself": untouched(),
        "focus": kept,
        "figures": tiles(page),
        "buttons": page.locator("main").get_by_role("button").all_inner_texts(),
    }
    look(desk, "run")
    behind = {}
    for label in [one for one in seen["figures"] if page.locator("a.tile", has_text=one).count()]:
        link = page.locator("a.tile").filter(has=page.get_by_text(label, exact=True))
        if not link.count():
            continue
        link.first.click()
        page.wait_for_url(re.compile(r"/runs/\d+/\w+/"))
        behind[label] = str(page.locator("tbody tr:not(.table-empty)").count())
        desk.look_closely()
        page.go_back()
        # The whole page comes back, and not the part that it asked for while the run went on.
        expect(page.get_by_role("heading", name="Payments from Visma")).to_be_visible()
    seen["lists"] = behind
    desk.follow(story.NORDVIK.name)
    arrive(desk, story.NORDVIK.name)
    look(desk, "client")
    return seen


@pytest.fixture(scope="module")
def matched(fetched: dict[str, Any], finance: Desk) -> dict[str, Any]:
    """Match by hand, undo with a reason, and take the suggestion."""
    desk, page = finance, finance.page
    desk.follow("Invoices")
    desk.follow("Unmatched payments")
    page.get_by_label("Invoice client").select_option(NORDVIK)
    desk.press("Show")
    desk.sees("reconciled with Visma")
    look(desk, "unmatched")
    waiting = page.locator("tbody tr").all_inner_texts()

    page.locator("tbody tr", has_text="Takk for sist").get_by_role("link").first.click()
    desk.sees("Suggestion: invoice 50009")
    look(desk, "payment")
    page.get_by_label("Invoice number", exact=True).fill("50009")
    page.get_by_label("Reason").fill("The payer called")
    page.get_by_role("button", name="Match").last.click()
    desk.sees("by hand")
    desk.sees("The payer called")
    desk.look_closely()
    # What is on its way to PowerOffice cannot be undone before it has arrived.
    wait_for_words(page, "Registered")
    page.get_by_label("Reason").fill("It was another customer")
    desk.press("Undo")
    desk.sees("It was another customer")
    look(desk, "undone")
    desk.press("Match")
    wait_for_words(page, "Registered")
    desk.look_closely()

    desk.follow(story.NORDVIK.name)
    desk.follow("50009")
    arrive(desk, "Invoice 50009")
    state = page.locator("dl.key-values").first.inner_text()
    look(desk, "invoice")
    return {"waiting": waiting, "invoice": state}


@pytest.fixture(scope="module")
def refused(matched: dict[str, Any], finance: Desk, hub: Hub) -> dict[str, Any]:
    """See the credit block, try to register time on the customer, and see it lifted."""
    desk, page = finance, finance.page
    desk.follow("Invoices")
    desk.follow("Customers and blocks")
    page.get_by_label("Only blocked ones").check()
    desk.press("Show")
    desk.sees("Sorenskriver & Sønn AS")
    desk.look_closely()
    page.locator("tbody a.row-link").first.click()
    desk.sees("Projects that the hub closed for time")
    look(desk, "customer")
    customer = page.url

    desk.open("/invoices/time/")
    page.get_by_label("Invoice client").select_option(NORDVIK)
    page.get_by_label("Customer", exact=True).fill("1000")
    page.get_by_role("option", name="10005").click()
    page.get_by_label("Date").fill("2026-11-20")
    page.get_by_label("Minutes").fill("90")
    desk.press("Register time")
    box = page.locator(".failure").first
    expect(box).to_be_visible()
    words = box.inner_text()
    look(desk, "time-refused")
    page.get_by_label("Customer", exact=True).fill("10001")
    desk.press("Register time")
    expect(page.locator("tbody")).to_contain_text("Bergvåg")
    desk.look_closely()

    sandbox(
        hub,
        "actions",
        action="nxt_set_credit_block",
        company="nordvik",
        customer=10005,
        denied=False,
    )
    page.goto(customer)
    desk.press("Check Visma now")
    desk.sees("No. Time can be registered.")
    desk.look_closely()
    return {"words": words}


@pytest.fixture(scope="module")
def compared(refused: dict[str, Any], finance: Desk) -> dict[str, Any]:
    """Compare all sides, look at each reason, and take the comparison away as files."""
    desk, page = finance, finance.page
    desk.follow("Invoices")
    desk.follow(NORDVIK)
    desk.follow("Reconciliation")
    desk.press("Compare now")
    desk.sees("Open by age")
    expect(page.locator("svg.chart").first).to_be_visible()
    look(desk, "reconciliation")
    seen = {"rows": page.locator("tbody").last.inner_text(), "files": {}}
    for kind in ("CSV", "XLSX"):
        with page.expect_download() as coming:
            desk.page.get_by_role("link", name=kind, exact=True).first.click()
        seen["files"][kind] = Path(coming.value.path()).read_bytes()
    return seen


@pytest.fixture(scope="module")
def imported(compared: dict[str, Any], finance: Desk) -> dict[str, Any]:
    """Fetch for all clients from the import page; one has no Visma company."""
    desk, page = finance, finance.page
    desk.follow("Invoices")
    desk.follow("Import payments")
    arrive(desk, "Payments from Visma Business")
    look(desk, "import")
    desk.press("Fetch for all")
    desk.sees("Skipped")
    expect(page.locator("#group:not([hx-get])")).to_be_visible(timeout=PATIENCE)
    look(desk, "import-done")
    return {"rows": page.locator("tbody tr").all_inner_texts()}


@pytest.fixture(scope="module")
def connected(imported: dict[str, Any], administrator: Desk) -> None:
    """Connect the skipped client's Visma company by signing in, and choose it."""
    desk, page = administrator, administrator.page
    desk.open("/invoices/settings/")
    desk.follow("New account")
    arrive(desk, "New account")
    page.get_by_label("Where, and who signs in").select_option(
        "Visma Business NXT: A user signs in"
    )
    page.get_by_label("Name of the account").fill("Storsalg, signed in by Astrid")
    page.get_by_label("Company number there").fill(str(story.STORSALG.company_no))
    look(desk, "new-account")
    desk.press("Save")
    page.wait_for_url(re.compile("/visma-connect/"))
    page.get_by_label("E-mail").fill("anna@fjordbyra.example")
    page.get_by_label("Password").fill("sandbox")
    page.get_by_role("button", name="Sign in", exact=True).click()
    desk.sees(f"Connected to {STORSALG}")
    desk.look_closely()
    desk.follow("Invoice overview")
    desk.follow(f"1003 {STORSALG}")
    desk.follow("Open the settings")
    page.get_by_label("Visma company").select_option(
        f"Storsalg, signed in by Astrid · {story.STORSALG.company_no}"
    )
    desk.press("Save")
    desk.sees("The settings are saved.")
    desk.press("Check")
    desk.sees("Suggested as payments")
    desk.look_closely()


@pytest.fixture(scope="module")
def imported_again(connected: None, finance: Desk, hub: Hub) -> dict[str, Any]:
    """Fetch for the chosen client that was skipped before."""
    sandbox(hub, "actions", action="go_fill", client="storsalg", invoices=30)
    sandbox(hub, "actions", action="nxt_generate", company="storsalg", payments=30)
    desk, page = finance, finance.page
    desk.open("/invoices/import/")
    page.get_by_label(f"Choose {STORSALG}").check()
    desk.press("Fetch for the chosen ones")
    page.wait_for_url(re.compile(r"/import/\d+/"))
    expect(page.locator("#group:not([hx-get])")).to_be_visible(timeout=PATIENCE)
    desk.look_closely()
    page.locator("tbody a.row-link").first.click()
    wait_for_the_run(page)
    figures = tiles(page)
    desk.follow(STORSALG)
    desk.follow("Invoice overview")
    arrive(desk, "Invoice overview")
    desk.look_closely()
    return figures


# --- What it shows -------------------------------------------------------------------------------


class TestSettings:
    def test_s14_appear_when_the_integration_is_activated(self, settings: dict[str, Any]) -> None:
        assert settings["fields before it was active"] == 0


class TestFetchingFromTheOverview:
    def test_s18_is_followed_live_and_ties_to_vismas_total(self, fetched: dict[str, Any]) -> None:
        assert fetched["followed by itself"]
        assert fetched["focus"] == "Cancel"
        assert fetched["buttons"] == []
        assert fetched["figures"]["Fetched"] == "10"
        assert fetched["figures"]["New"] == "10"

    def test_s18_opens_a_list_behind_each_number(self, fetched: dict[str, Any]) -> None:
        assert len(fetched["lists"]) >= 8
        for label, rows in fetched["lists"].items():
            assert rows == fetched["figures"][label], label


class TestUnmatched:
    def test_b11_is_matched_by_hand_undone_with_a_reason_and_matched_by_suggestion(
        self, matched: dict[str, Any]
    ) -> None:
        paid_too_much = [row for row in matched["waiting"] if "More was paid than was" in row]
        assert len(matched["waiting"]) == 4
        assert len(paid_too_much) == 1
        assert "Paid" in matched["invoice"]


class TestCreditBlock:
    def test_s20_refuses_time_with_the_reason_and_since_when(self, refused: dict[str, Any]) -> None:
        assert "Sorenskriver" in refused["words"]
        assert "credit" in refused["words"].lower()
        assert "since" in refused["words"].lower()


class TestReconciliation:
    def test_s21_lists_each_difference_with_its_reason(self, compared: dict[str, Any]) -> None:
        assert "Written off" in compared["rows"]
        assert "Unknown" not in compared["rows"]

    def test_s21_is_taken_away_as_csv_and_xlsx(self, compared: dict[str, Any]) -> None:
        assert b"50013" in compared["files"]["CSV"]
        assert compared["files"]["XLSX"].startswith(b"PK")


class TestFetchingFromTheImportPage:
    def test_s19_names_the_client_without_a_visma_company(self, imported: dict[str, Any]) -> None:
        (skipped,) = [row for row in imported["rows"] if STORSALG in row]

        assert "Skipped" in skipped
        assert "Open the settings" in skipped
        assert sum("Done" in row for row in imported["rows"]) == 2

    def test_s19_fetches_it_when_its_company_was_connected_by_a_persons_sign_in(
        self, imported_again: dict[str, Any]
    ) -> None:
        assert imported_again["New"] == "30"


def test_nothing_is_in_the_way_on_any_page(
    imported_again: dict[str, Any], finance: Desk, administrator: Desk
) -> None:
    assert finance.findings + administrator.findings == []
