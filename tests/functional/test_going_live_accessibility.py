"""What axe-core says of the pages on which a second run, or a booked one, is decided."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from journals.models import FirstLook
from tests import factories
from tests.functional.test_import_pages import signed_in
from tests.journals.importing.builders import company, imported
from tests.journals.importing.test_two_runs_of_one_day import EXTRA, visma
from tests.journals.pages import rows
from tests.ui.test_pages import shown

pytestmark = pytest.mark.django_db


def second_run(me: Any) -> str:
    company(me.organisation)
    imported(me.organisation, visma())
    file = imported(me.organisation, visma(EXTRA, "Extra lön"))
    return reverse("journals:imported_file", args=[file.pk])


def looks_booked(me: Any) -> str:
    journal = rows.journal(me.organisation, state="stopped")
    journal.batches.update(state="rejected", failure_code="LooksBooked", failure_at=rows.NOW)
    held = {"number": "123", "period": "202603", "posted_on": "2026-03-25", "total": "45000.00"}
    FirstLook.objects.create(
        organisation=me.organisation,
        journal=journal,
        looked_at=rows.NOW,
        held=[
            held | {"description": "Lön mars", "of": "2026-03"},
            held | {"number": "124", "total": "12.50", "description": "Bank", "of": ""},
        ],
        held_count=40,
    )
    return reverse("journals:detail", args=[journal.pk])


def booked_before(me: Any) -> str:
    journal = rows.journal(me.organisation, state="booked_before")
    journal.batches.update(state="booked_before")
    return reverse("journals:detail", args=[journal.pk])


class TestPages:
    @pytest.mark.parametrize("width", [1280, 390])
    @pytest.mark.parametrize("make", [second_run, looks_booked, booked_before])
    def test_give_axe_core_nothing_to_find(self, make: Any, width: int, browser: Any) -> None:
        me = factories.member()
        url = make(me)
        html = signed_in(me).get(url).content.decode()

        page = shown(browser, html, width)
        found = Axe().run(page)
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")

        assert found.violations_count == 0, found.generate_report()
        assert not wide
