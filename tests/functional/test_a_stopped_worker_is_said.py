"""
A worker's process is killed while pages are open, and comes back: what people see meanwhile.

The supervisor would start it again at once; it is held for as long as the worker is to stay away.
"""

import os
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import environment
from tests.functional.desk import PATIENCE, Desk, findings_of
from tests.hub import Hub, started

pytestmark = [
    pytest.mark.processes,
    pytest.mark.browser,
    pytest.mark.skipif(
        environment.SERVICES, reason="the trial has its own database: the embedded tier shows it"
    ),
]

LOOKS = 2_000
"""So often a page is opened again, at most; each is a condition, no wait."""
SAID = "The hub has stopped working in the background."


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with started(tmp_path_factory.mktemp("a hub")) as running:
        try:
            yield running
        finally:
            running.process.send_signal(signal.SIGCONT)


@pytest.fixture
def desk(browser: Browser, hub: Hub) -> Iterator[Desk]:
    someone = Desk(browser, hub, "payroll")
    someone.sign_in()
    yield someone
    someone.close()


def heading_at(page: Page) -> float:
    return float(page.locator("h1").evaluate("one => one.getBoundingClientRect().top"))


class TestAKilledWorker:
    def test_is_said_on_the_pages_left_open_until_it_is_back(self, desk: Desk, hub: Hub) -> None:
        overview = desk.page
        upload = desk.context.new_page()
        upload.goto(f"{desk.address}/journals/import/")
        upload.get_by_label("Encoding").focus()
        stood = heading_at(overview)
        expect(overview.locator("#worker")).to_be_attached()
        expect(overview.get_by_text(SAID)).to_have_count(0)

        hub.process.send_signal(signal.SIGSTOP)
        os.kill(hub.children()["worker"], signal.SIGKILL)

        for page in (overview, upload):
            page.bring_to_front()
            status = page.get_by_role("status").filter(has_text=SAID)
            expect(status).to_be_visible(timeout=PATIENCE)
            expect(status).to_contain_text("Nothing is lost")
            expect(status).to_contain_text("Contact the operator of the hub.")
        assert heading_at(overview) == stood, "the page moved under the reader's eyes"
        assert upload.evaluate("document.activeElement.name") == "encoding", "it took the focus"
        assert findings_of(overview) == []

        hub.process.send_signal(signal.SIGCONT)
        for page in (overview, upload):
            page.bring_to_front()
            expect(page.get_by_text(SAID)).to_have_count(0, timeout=PATIENCE)

    def test_is_said_without_javascript_when_a_page_is_opened(
        self, browser: Browser, hub: Hub
    ) -> None:
        desk = Desk(browser, hub, "payroll", java_script_enabled=False)
        desk.sign_in()
        hub.process.send_signal(signal.SIGSTOP)
        worker = hub.children()["worker"]
        os.kill(worker, signal.SIGKILL)

        def says() -> bool:
            desk.open("/journals/import/")
            return desk.page.get_by_text(SAID).count() == 1

        assert any(says() for _look in range(LOOKS))
        hub.process.send_signal(signal.SIGCONT)
        assert not all(says() for _look in range(LOOKS))
        desk.close()
