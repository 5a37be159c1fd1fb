"""The style guide and the error pages: complete, light, and without a finding of axe-core."""

import re
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import RequestFactory
from playwright.sync_api import Browser, Page, Route

from tests.ui.styleguide import MappingForm, context

ROOT = Path(__file__).parents[2]
ERROR_PAGES = ("400.html", "403.html", "403_csrf.html", "404.html", "500.html")
ORIGIN = "http://hub.test"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def style_guide(theme: str = "light") -> str:
    request = RequestFactory().get("/")
    return render_to_string("parts/_styleguide.html", context(theme=theme), request=request)


class TestStyleGuide:
    def test_uses_only_icons_that_are_in_the_sprite(self):
        drawn = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/icons.svg").read_text()))

        used = set(re.findall(r'icons[^"#]*\.svg#([^"]+)"', style_guide()))

        assert used - drawn == set()

    def test_has_nothing_that_the_content_policy_refuses(self):
        html = style_guide()

        assert not re.search(r"\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|<style", html)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', html)

    def test_is_rendered_in_the_theme_of_the_cookie(self):
        assert 'data-theme="dark"' in style_guide("dark")

    def test_weighs_less_than_a_page_may(self):
        scripts = ("js/hub.js", "js/choosing.js", "vendor/htmx.min.js")
        files = ("css/hub.css", *scripts, "icons.svg", "favicon.svg")
        weight = sum((ROOT / "static" / name).stat().st_size for name in files)

        assert weight + len(style_guide().encode()) < 150_000 + 30_000  # it shows every part
        assert weight < 112_000


class TestField:
    def test_ties_label_help_and_problem_to_the_input(self):
        html = style_guide()

        assert MappingForm(data={}).errors["description"]
        assert 'for="id_description"' in html
        assert 'aria-describedby="id_description_help id_description_problem"' in html
        assert 'id="id_description_help"' in html
        assert 'id="id_description_problem"' in html
        assert 'href="#id_description"' in html


class TestErrorPages:
    @pytest.mark.parametrize("name", ERROR_PAGES)
    def test_need_no_context(self, name):
        assert "<h1>" in render_to_string(name)


def opened(browser, html: str, width: int) -> Page:
    """Return a page that shows the HTML under the hub's content policy, from no network."""
    page = browser.new_page()
    page.set_default_timeout(120_000)  # a loaded machine may take its time
    page.complaints = []
    page.on("console", lambda line: page.complaints.append(line.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    _show(page, html, width)
    return page


_kept: "WeakKeyDictionary[Browser, Page]" = WeakKeyDictionary()


def shown(browser, html: str, width: int) -> Page:
    """
    Return the browser's one page for those that only look; it shows the HTML as `opened` does.

    A page of its own for each would take as long as all that axe-core does.
    """
    if browser not in _kept:
        _kept[browser] = opened(browser, html, width)
    else:
        _show(_kept[browser], html, width)
    return _kept[browser]


def _show(page: Page, html: str, width: int) -> None:
    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).partition("?")[0]
        if path == "/":
            policy = {"Content-Security-Policy": "default-src 'self'"}
            route.fulfill(body=html, content_type="text/html; charset=utf-8", headers=policy)
            return
        if not path.startswith("/static/"):  # a page before this one still asks after its work
            route.fulfill(status=404)
            return
        file = _static_file(path)
        route.fulfill(body=file.read_bytes(), content_type=KINDS[file.suffix])

    page.set_viewport_size({"width": width, "height": 900})
    page.unroute_all()
    page.route("**/*", answer)
    page.goto(f"{ORIGIN}/")


def _static_file(path: str) -> Path:
    # A manifest storage puts a digest before the ending: css/hub.0123456789ab.css.
    plain = re.sub(r"\.[0-9a-f]{12}(?=\.[a-z]+$)", "", path.removeprefix("/static/"))
    own = ROOT / "static" / plain
    return own if own.exists() else Path(str(finders.find(plain)))  # of a library


@pytest.mark.browser
class TestInTheBrowser:
    @pytest.mark.parametrize("width", [1280, 390])
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_axe_finds_nothing_and_nothing_scrolls_sideways(self, browser, theme, width):
        page = opened(browser, style_guide(theme), width)

        findings = Axe().run(page).response["violations"]

        assert [(finding["id"], finding["nodes"][0]["html"]) for finding in findings] == []
        assert page.complaints == []
        assert page.evaluate("document.documentElement.scrollWidth") == width

    @pytest.mark.parametrize("name", ERROR_PAGES)
    def test_axe_finds_nothing_on_error_pages(self, browser, name):
        page = opened(browser, render_to_string(name), 390)

        assert Axe().run(page).response["violations"] == []

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_axe_finds_nothing_in_open_menus(self, browser, theme):
        wide, phone = (opened(browser, style_guide(theme), width) for width in (1280, 390))

        wide.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        phone.locator(".phone-menu > summary").click()

        assert Axe().run(wide).response["violations"] == []
        assert Axe().run(phone).response["violations"] == []

    def test_the_theme_changes_at_once_and_is_remembered(self, browser):
        page = opened(browser, style_guide("light"), 1280)

        page.locator(".dropdown--end > summary").click()
        page.locator(".top-end").get_by_role("button", name="Dark").click()

        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert "theme=dark" in page.evaluate("document.cookie")

    def test_tabs_begin_where_the_page_is_and_the_page_at_its_top(self, browser):
        tabs = (
            "<li><a href='#'>A wide tab</a></li>" * 9 + "<li><a aria-current='page'>Here</a></li>"
        )
        html = (
            '<link rel="stylesheet" href="/static/css/hub.css">'
            '<script src="/static/js/hub.js" defer></script>'
            f'{"<p>Above</p>" * 90}<nav class="tabs"><ul>{tabs}</ul></nav>'
        )

        page = opened(browser, html, 390)

        tab = page.locator("[aria-current]").bounding_box()
        assert tab["x"] + tab["width"] <= 390
        assert page.evaluate("scrollY") == 0
        assert page.complaints == []

    def test_choosing_all_rows_chooses_them_and_says_how_many(self, browser):
        page = opened(browser, style_guide(), 1280)

        page.get_by_label("Choose all").check()

        assert page.locator(".pick:checked").count() == 6
        assert page.locator(".bulk-count").inner_text() == "6 chosen"
        assert page.locator(".bulk-bar").get_by_role("button", name="Send").is_enabled()

    def test_a_dangerous_button_asks_first_and_cancel_sends_nothing(self, browser):
        page = opened(browser, style_guide(), 1280)
        sent = []
        page.on("request", lambda request: request.method == "POST" and sent.append(request.url))

        page.get_by_role("button", name="Disconnect").click()
        page.get_by_role("button", name="Cancel").last.click()

        assert sent == []
        assert page.locator("#confirm").is_hidden()

    def test_a_dangerous_button_goes_on_after_yes(self, browser):
        page = opened(browser, style_guide(), 1280)
        page.evaluate("document.querySelectorAll('form.form').forEach(f => f.noValidate = true)")

        page.get_by_role("button", name="Disconnect").click()
        with page.expect_request(lambda request: request.method == "POST"):
            page.locator("#confirm-yes").click()

    def test_the_slash_key_goes_to_the_search(self, browser):
        page = opened(browser, style_guide(), 1280)
        page.evaluate("document.activeElement.blur()")

        page.keyboard.press("/")

        assert page.evaluate("document.activeElement.type") == "search"
