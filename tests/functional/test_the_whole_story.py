"""
The main job with the hub's real processes, from `make run` to Ctrl-C: the story over HTTP, then its
pages in a real browser.

`make screenshots` runs the same and keeps the pictures in docs/screenshots.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests import environment
from tests.functional.desk import PATIENCE, findings_of
from tests.hub import Hub

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "screenshots"
KEEP_PICTURES = os.environ.get("KEEP_SCREENSHOTS") == "1"

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        environment.SERVICES, reason="the trial has its own database: the embedded tier shows it"
    ),
]

PROCESSES = {"sandbox", "web", "worker"}
PAGES = {
    "home": "/overview/",
    "journals": "/journals/",
    "journal": "/journals/1/",
    "import": "/journals/import/",
    "imported-file": "/journals/import/1/",
    "mappings": "/mappings/",
    "mapping": "/mappings/1/",
    "accounts": "/connections/",
    "companies": "/companies/",
    "people": "/people/",
    "profile": "/profile/",
    "second-factor": "/profile/second-factor/",
    "organisation": "/organisation/",
}
FOR_ALL = {"home", "journals", "journal", "import", "imported-file", "profile", "second-factor"}
REACHED = {
    "admin": set(PAGES),
    "payroll": set(PAGES) - {"organisation"},
    "finance": FOR_ALL,
    "auditor": set(PAGES) - {"organisation"},
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, str]]:
    """Return a hub in which the story has run, and what the story printed."""
    folder = tmp_path_factory.mktemp("a hub")
    hub = Hub(folder / "var")
    hub.read_until("Ctrl-C stops everything")
    story = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.functional.story",
            f"--hub=http://localhost:{hub.port}",
            f"--sandbox=http://127.0.0.1:{hub.sandbox_port}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    yield hub, story.stdout + story.stderr
    if hub.process.poll() is None:
        hub.stop()


def sign_in(page: Any, hub: Hub, role: str) -> None:
    """Sign in as a person of the demo office."""
    page.goto(f"http://localhost:{hub.port}/sign-in/")
    page.get_by_label("E-mail").fill(f"{role}@demo.example")
    page.get_by_label("Password").fill("integration-hub-demo")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def test_make_run_starts_all_and_tells_what_to_do_next(finished: tuple[Hub, str]) -> None:
    hub, _ = finished
    children, said = hub.children(), "".join(hub.said)
    page = HTTPConnection("127.0.0.1", hub.port)
    page.request("GET", "/readyz")
    ready = page.getresponse()
    status, body = ready.status, ready.read()
    page.close()

    context = f"{said}\n{body!r}\n{children}\n{hub.logs()}"
    assert set(children) == PROCESSES, context
    assert (status, b'"ready": true' in body) == (200, True), context
    assert "Integration Hub is ready" in said
    assert f"http://localhost:{hub.port}" in said
    assert f"http://127.0.0.1:{hub.sandbox_port}" in said
    assert re.findall(r"^  (\d)\. ", said, re.MULTILINE) == ["1", "2", "3", "4"]


def test_s09_ends_with_three_batches_in_their_periods(finished: tuple[Hub, str]) -> None:
    _, printed = finished

    rows = [line.split()[:4] for line in printed.splitlines() if line.startswith("2026")]
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("202601", "4", "4,205.44"),
        ("202602", "7", "2,080.31"),
        ("202603", "13", "257,438.90"),
    ]
    assert printed.rstrip().endswith("As the file says.")


@pytest.mark.browser
@pytest.mark.parametrize("role", REACHED)
def test_every_page_is_accessible_and_only_the_roles_own_are_there(
    finished: tuple[Hub, str], page: Any, role: str
) -> None:
    hub, _ = finished
    page.emulate_media(reduced_motion="reduce")
    sign_in(page, hub, role)
    found: list[str] = []

    for name, path in PAGES.items():
        answer = page.goto(f"http://localhost:{hub.port}{path}")
        if name not in REACHED[role]:
            assert answer.status in (403, 404), f"{role} reached {path}"
            continue
        assert answer.status == 200, f"{role} did not reach {path}"
        assert len(answer.body()) < 150_000
        # Payroll and finance see what the other two see, with fewer or more of the same buttons.
        if role in ("admin", "auditor"):
            found += findings_of(page)

    assert found == []


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_page_scrolls_sideways(
    finished: tuple[Hub, str], browser: Any, width: int, scheme: str
) -> None:
    hub, _ = finished
    context = browser.new_context(
        locale="en-GB",
        timezone_id="Europe/Stockholm",
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    sign_in(page, hub, "admin")
    wide = []

    for name, path in PAGES.items():
        page.goto(f"http://localhost:{hub.port}{path}")
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(name)
        if KEEP_PICTURES:
            PICTURES.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=PICTURES / f"{name}-{width}-{scheme}.png", full_page=True)

    context.close()
    assert not wide


@pytest.mark.browser
@pytest.mark.parametrize(("language", "word"), [("sv", "Logga in"), ("nb", "Logg inn")])
def test_the_first_page_speaks_the_readers_language(
    finished: tuple[Hub, str], browser: Any, language: str, word: str
) -> None:
    hub, _ = finished
    context = browser.new_context(locale=language)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()

    page.goto(f"http://localhost:{hub.port}/sign-in/")

    assert page.locator("html").get_attribute("lang") == language
    assert page.get_by_role("button", name=word).count()
    context.close()


def test_ctrl_c_stops_all_cleanly(finished: tuple[Hub, str]) -> None:
    # The last of the file: the others need the hub.
    hub, _ = finished
    children = hub.children()

    code, last_words = hub.stop()

    context = f"{last_words}\n{children}\n{hub.logs()}"
    assert code == 0, context
    ends = re.findall(r"^  (\w+) (stopped|did not)", last_words, re.MULTILINE)
    assert set(ends) == {(name, "stopped") for name in PROCESSES}, context
    assert not any(Path(f"/proc/{pid}").exists() for pid in children.values())
