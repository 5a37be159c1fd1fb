"""What axe-core says of the pages of operators and auditors, wide and on a phone."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse

from organisations.models import User
from tests import factories
from tests.audit.test_queries import entry
from tests.integrationhub.test_operation import busy_hub
from tests.ui.test_pages import shown

pytestmark = [pytest.mark.django_db, pytest.mark.browser]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["operation", "organisations:audit"])
def test_pages_give_axe_core_nothing_to_find(
    name: str, width: int, client: Client, browser: Any, tmp_path: Path
) -> None:
    member = factories.member()
    User.objects.filter(pk=member.user_id).update(is_superuser=True)
    client.force_login(member.user, backend="organisations.backends.HubBackend")
    busy_hub()
    for number in range(3):
        entry(member.organisation, details={"from": "Payroll", "to": "Finance", "n": number})
    html = client.get(reverse(name)).content.decode()
    html = html.replace("hx-get=", "data-was=")  # nobody answers a reload here

    page = shown(browser, html, width)
    found = Axe().run(page)
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    page.screenshot(path=tmp_path / f"{name.replace(':', '-')}-{width}.png", full_page=True)

    assert found.violations_count == 0, found.generate_report()
    assert not wide
