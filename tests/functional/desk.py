"""A person at a browser in front of a running hub: what is looked at, clicked and typed."""

import re
import time
from collections.abc import Callable
from typing import Any

import requests
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect

from tests.hub import Hub
from tests.ui.test_pages import shown

# What is waited for is a condition; this is only how long a machine in need may take.
PATIENCE = 120_000
PHONE, DESK = 390, 1280
PASSWORD = "integration-hub-demo"


class Desk:
    """One person with one browser: its own cookies, one page in front."""

    def __init__(self, browser: Browser, hub: Hub, role: str, **more: Any) -> None:
        self.hub, self.role = hub, role
        self.address = f"http://localhost:{hub.port}"
        self.context = browser.new_context(
            locale="en-GB",
            timezone_id="Europe/Stockholm",
            viewport={"width": DESK, "height": 900},
            reduced_motion="reduce",
            **more,
        )
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.findings: list[str] = []

    def sign_in(self) -> None:
        """Sign in as the person of the demo office that has the role."""
        self.open("/sign-in/")
        self.page.get_by_label("E-mail").fill(f"{self.role}@demo.example")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Sign in")
        self.page.wait_for_url(lambda url: "/sign-in/" not in url)

    def open(self, path: str) -> int:
        """Open a page of the hub, and return its status."""
        answer = self.page.goto(self.address + path)
        assert answer is not None
        return answer.status

    def press(self, name: str) -> None:
        """Click the button with these words."""
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follow(self, name: str) -> None:
        """Click the link with these words, and wait for the page that it leads to."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=name, exact=True).first.click()

    def sees(self, words: str) -> None:
        """Wait until the page shows these words."""
        expect(self.page.locator("body")).to_contain_text(words, timeout=PATIENCE)

    def look_closely(self, page: Page | None = None) -> None:
        """Ask axe-core in both themes, and a telephone whether it must scroll sideways."""
        self.findings += findings_of(page or self.page)

    def close(self) -> None:
        self.context.close()

    # --- without a mouse ---

    def tab_to(self, target: Locator, *, at_most: int = 60) -> None:
        """Press Tab until the focus is there, and make sure that one can see that it is."""
        for _press in range(at_most):
            if target.evaluate("one => one === document.activeElement"):
                break
            self.page.keyboard.press("Tab")
        else:
            raise AssertionError(f"{at_most} times Tab never reached {target}")
        outline = target.evaluate("one => getComputedStyle(one).outlineStyle")
        assert outline != "none", f"nobody can see that {target} has the focus"

    def press_key_on(self, name: str, key: str = "Enter") -> None:
        """Go to the button with the Tab key and press it with another."""
        self.tab_to(self.page.get_by_role("button", name=name, exact=True).first)
        self.page.keyboard.press(key)

    def type_into(self, label: str, words: str) -> None:
        """Go to the field with the Tab key and type."""
        self.tab_to(self.page.get_by_label(label))
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(words)

    def choose(self, label: str, words: str = "") -> None:
        """Go to the list with the Tab key and step down to the first choice with these words."""
        target = self.page.get_by_label(label, exact=True)
        self.tab_to(target)
        for _step in range(target.locator("option").count()):
            self.page.keyboard.press("ArrowDown")
            if words in target.evaluate("one => one.selectedOptions[0].text"):
                return
        raise AssertionError(f"{label} has no choice {words!r}")

    def tick(self, label: str) -> None:
        """Go to the box or button of a group with the Tab key and choose it with the space key."""
        target = self.page.get_by_label(label, exact=True)
        self.tab_to(target)
        self.page.keyboard.press("Space")
        expect(target).to_be_checked()


class CountingDesk(Desk):
    """A desk that writes down each click, and how long it all takes."""

    def __init__(self, browser: Browser, hub: Hub, role: str) -> None:
        super().__init__(browser, hub, role)
        self.clicks: list[str] = []
        self._began = time.monotonic()

    def click(self, words: str, target: Locator | None = None) -> None:
        """Click what has these words: a button or a link."""
        role = self.page.get_by_role("button", name=words, exact=True)
        found = target or role.or_(self.page.get_by_role("link", name=words, exact=True))
        found.first.click()
        self.clicks.append(words)

    def said(self) -> str:
        """Return the clicks so far, and the seconds of this machine: to print, never to judge."""
        seconds = time.monotonic() - self._began
        return f"{len(self.clicks)} clicks in {seconds:.1f} s: {' · '.join(self.clicks)}"


# Only what fails is wanted, and the second theme differs from the first in its colours alone.
_ASK_AXE = """async (rules) => {
  const options = rules.length ? {runOnly: rules} : {};
  const {violations} = await axe.run(document, {resultTypes: ['violations'], ...options});
  return violations.map((one) => one.id + ': ' + one.nodes[0].html.slice(0, 160));
}"""


def findings_of(page: Page) -> list[str]:
    """Return what axe-core finds in either theme, and whether a telephone scrolls sideways."""
    found = []
    # A page on its way has no root yet. (Its own rules forbid what `wait_for_function` does.)
    page.wait_for_selector("body", state="attached")
    page.wait_for_load_state("load")
    where = re.sub(r"^https?://[^/]+", "", page.url)
    # A colour half way between two themes has another contrast.
    page.emulate_media(reduced_motion="reduce")
    usual = page.evaluate("document.documentElement.dataset.theme")
    page.evaluate(Axe().axe_script)
    for theme, rules in (("light", []), ("dark", ["color-contrast"])):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        found += [f"{where} in {theme}: {one}" for one in page.evaluate(_ASK_AXE, rules)]
    size = page.viewport_size
    page.set_viewport_size({"width": PHONE, "height": 800})
    if page.evaluate("document.documentElement.scrollWidth") > PHONE:
        found.append(f"{where}: scrolls sideways at {PHONE} px")
    if size is not None:
        page.set_viewport_size(size)
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", usual)
    return found


def findings_at(
    browser: Browser, client: Client, path: str, *, status: int = 200, **posted: str
) -> list[str]:
    """Return what is found on a page as it stands, without asking the server again."""
    answer = client.post(path, posted) if posted else client.get(path)
    assert answer.status_code == status, f"{path}: {answer.status_code}"
    assert len(answer.content) < 150_000, f"{path} is heavy"
    still = re.sub(r'\shx-(get|trigger)="[^"]*"', "", answer.content.decode())
    page = shown(browser, still, DESK)
    return [f"{path} {one}" for one in findings_of(page)]


def mark(page: Page) -> Callable[[], bool]:
    """Mark the page as it stands; what is returned says whether it was never loaded again."""
    page.evaluate("window.notLoadedAgain = true")
    return lambda: bool(page.evaluate("window.notLoadedAgain === true"))


def sandbox(hub: Hub, path: str, **body: Any) -> Any:
    """Tell the sandbox something, or ask it."""
    address = f"http://127.0.0.1:{hub.sandbox_port}/control/{path}"
    answer = (
        requests.post(address, json=body, timeout=30) if body else requests.get(address, timeout=30)
    )
    answer.raise_for_status()
    return answer.json()
