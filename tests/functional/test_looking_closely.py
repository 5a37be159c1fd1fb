"""The helper that asks axe-core does not ask while a button is on its way between two themes."""

from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser

from tests.functional.desk import findings_of

STYLE = Path(settings.BASE_DIR) / "static" / "css" / "hub.css"


@pytest.mark.browser
def test_finds_nothing_on_a_button_whose_colours_move(browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_content(
        f"""<!DOCTYPE html><html lang="sv" data-theme="light">
        <head><title>Skicka</title><style>{STYLE.read_text()}</style></head>
        <body><main><h1>Skicka</h1><button class="button button--primary">Skicka</button></main>
        </body></html>"""
    )

    found = findings_of(page)

    context.close()
    assert found == []
