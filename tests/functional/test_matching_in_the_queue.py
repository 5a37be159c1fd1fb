"""Finance signs in, fetches and matches in few clicks, by keyboard, while the lists follow."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from sandbox import receivables_story as story
from tests import environment
from tests.functional.desk import PASSWORD, PATIENCE, CountingDesk, Desk, mark, sandbox
from tests.hub import Hub, started

pytestmark = [
    pytest.mark.processes,
    pytest.mark.browser,
    pytest.mark.skipif(
        environment.SERVICES, reason="the trial has its own database: the embedded tier shows it"
    ),
]

AT_MOST = 5
NAMES_TWO = "Faktura 50007 og 50008"
OF_4000 = "50007\N{NO-BREAK SPACE}(1,500.00) + 50008\N{NO-BREAK SPACE}(2,500.00)"


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Start a hub with its demo office, whose accounts the worker has tried."""
    with started(tmp_path_factory.mktemp("a hub")) as running:
        desk = Desk(browser, running, "finance")
        desk.sign_in()
        desk.open("/invoices/settings/")
        expect(desk.page.locator("#accounts:not([hx-get])")).to_be_visible(timeout=PATIENCE)
        desk.close()
        yield running


def row(page: Page, words: str) -> Locator:
    """Return the row of the queue with these words."""
    return page.locator("#queue tbody tr:not(.picking)", has_text=words)


@pytest.fixture(scope="module")
def walked(browser: Browser, hub: Hub) -> Iterator[CountingDesk]:
    """Sign in, fetch for one client, and take what is proposed for a payment of two invoices."""
    desk = CountingDesk(browser, hub, "finance")
    page = desk.page
    desk.open("/sign-in/")
    page.get_by_label("E-mail").fill("finance@demo.example")
    page.get_by_label("Password").fill(PASSWORD)
    desk.click("Sign in")
    desk.click("Invoices")
    desk.click("Fetch payments from Visma")
    desk.click("Match them")
    desk.click("Match", row(page, NAMES_TWO).get_by_role("button", name="Match"))
    desk.sees("is matched with 50007, 50008.")
    print(f"\nSign in, fetch, match: {desk.said()}")
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def other(browser: Browser, hub: Hub) -> Iterator[Desk]:
    """Return somebody else of the office, who works at the same time."""
    desk = Desk(browser, hub, "finance")
    desk.sign_in()
    yield desk
    desk.close()


def test_signing_in_fetching_and_matching_takes_few_clicks(walked: CountingDesk) -> None:
    assert len(walked.clicks) <= AT_MOST


def test_the_row_has_left_and_the_focus_is_on_the_next_one(walked: CountingDesk) -> None:
    page = walked.page

    expect(row(page, NAMES_TWO)).to_have_count(0)
    expect(row(page, "Takk for sist").get_by_role("link", name="Pick")).to_be_focused()
    expect(page.locator("#announcer")).to_contain_text("is matched with")


def test_a_row_is_opened_split_and_closed_by_keyboard(walked: CountingDesk) -> None:
    page, keyboard = walked.page, walked.page.keyboard
    waiting = row(page, "100030500035")
    rest = waiting.locator("td.num").last.inner_text()

    walked.tab_to(waiting.get_by_role("link", name="Pick"))
    keyboard.press("Enter")
    expect(page.locator("[data-split]")).to_be_visible()
    walked.look_closely()
    find = page.get_by_label("Another invoice or customer")
    walked.tab_to(find)
    keyboard.type("5")
    keyboard.press("Enter")
    box = page.locator(".picks input[type=checkbox]").first
    expect(box).to_be_focused()
    keyboard.press("Space")
    expect(box).to_be_checked()
    keyboard.press("Tab")
    keyboard.press("ControlOrMeta+a")
    keyboard.type("1,000")
    expect(page.locator("[data-remains]")).to_have_text("an amount cannot be read")
    keyboard.press("Enter")
    problem = page.locator(".field-problem")
    expect(problem).to_contain_text("can be read as 1,000.00 and as 1.00")
    expect(page.locator("[aria-invalid=true]")).to_be_focused()
    walked.look_closely()
    keyboard.press("ControlOrMeta+a")
    keyboard.type("0,50")
    expect(page.locator("[data-remains]")).not_to_have_text(rest)
    keyboard.press("Escape")
    expect(page.locator("[data-split]")).to_have_count(0)
    expect(waiting.get_by_role("link", name="Pick")).to_be_focused()


def test_the_queue_follows_what_somebody_else_does(walked: CountingDesk, other: Desk) -> None:
    page, staying = walked.page, row(walked.page, "100030500035").get_by_role("link", name="Pick")
    walked.tab_to(staying)
    untouched = mark(page)

    other.open("/invoices/unmatched/")
    row(other.page, "Takk for sist").get_by_role("button", name="Match").click()
    other.sees("is matched with 50009.")

    expect(row(page, "Takk for sist")).to_have_count(0, timeout=PATIENCE)
    expect(staying).to_be_focused()
    assert untouched()


_NOTES_WHAT_IS_HELD_BACK = """
  document.addEventListener('htmx:beforeRequest', (event) => {
    if (event.defaultPrevented) document.body.dataset.heldBack = 'yes';
  });
"""


def test_a_payment_that_waits_follows_by_itself_but_not_while_one_types(
    walked: CountingDesk, other: Desk, hub: Hub
) -> None:
    page, events = other.page, other.page.locator("#events")
    other.open("/invoices/")
    other.follow(f"1001 {story.NORDVIK.name}")
    other.follow("50007")
    events.locator("a[href*='/payments/']").first.click()
    expect(page.locator("#events:not([hx-get])")).to_be_attached(timeout=PATIENCE)
    expect(events.locator(".badge", has_text="Registered")).to_have_count(2)

    sandbox(hub, "faults", kind="slow", on="go", vendor="poweroffice-go", milliseconds=15_000)
    events.get_by_label("Reason").first.fill("Wrong invoice")
    events.get_by_role("button", name="Undo").first.click()
    expect(page.locator("#events[hx-get]")).to_contain_text("reversed")
    untouched = mark(page)
    page.evaluate(_NOTES_WHAT_IS_HELD_BACK)
    typed = events.get_by_label("Reason").first
    typed.fill("Half a sentence")
    expect(page.locator("body[data-held-back]")).to_be_attached(timeout=PATIENCE)
    expect(typed).to_have_value("Half a sentence")
    typed.fill("")
    page.locator("h1").click()

    expect(page.locator("#events:not([hx-get])")).to_contain_text(
        "50007: Reversed", timeout=PATIENCE
    )
    expect(page.locator("#announcer")).to_contain_text("50007: Reversed")
    assert untouched()


def test_nothing_is_in_the_way_on_any_page(walked: CountingDesk, other: Desk) -> None:
    assert walked.findings + other.findings == []


def test_the_story_holds_what_this_walk_needs() -> None:
    assert any(one.text == NAMES_TWO for one in story.NORDVIK.payments)
