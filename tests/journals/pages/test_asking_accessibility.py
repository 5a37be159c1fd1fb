"""What axe-core says of the pages that ask how a file is read."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from sources.models import CompanyReading
from sources.operations import readings
from tests.journals.importing.builders import NOW, company, csv, imported
from tests.ui.test_pages import shown

THOUSANDS = b"Account;Date;Text;Amount\n7210;03-04-2026;Pay;1,200\n2710;03-04-2026;Tax;-1,200\n"
BROKEN = csv(headings="company;run;period;date;x;debit;credit;text")


class TestPages:
    @pytest.mark.parametrize("width", [1280, 390])
    @pytest.mark.parametrize("content", [THOUSANDS, BROKEN], ids=["open", "column missing"])
    def test_that_ask_give_axe_core_nothing_to_find(self, content, width, me, client, browser):
        of = company(me.organisation)
        file = imported(me.organisation, content, name="pay.csv", company=of)
        url = reverse("journals:imported_file", args=[file.pk])

        page = shown(browser, client.get(url).content.decode(), width)
        found = Axe().run(page)
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")

        assert found.violations_count == 0, found.generate_report()
        assert not wide

    @pytest.mark.parametrize("width", [1280, 390])
    def test_that_show_what_is_chosen_give_axe_core_nothing_to_find(
        self, width, me, client, browser
    ):
        of = company(me.organisation)
        readings.choose_dimensions(company=of, cost_centre="1", cost_unit="6", by=me.user, now=NOW)
        source = me.organisation.sources.create(name="Payroll", file_format="csv")
        CompanyReading.objects.create(
            organisation=me.organisation,
            company=of,
            source=source,
            file_format="csv",
            settings={"decimal_mark": ".", "sign_rule": "signed"},
            chosen=["decimal_mark", "sign_rule"],
        )
        url = reverse("journals:reading", args=[of.pk])

        page = shown(browser, client.get(url).content.decode(), width)
        found = Axe().run(page)
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")

        assert found.violations_count == 0, found.generate_report()
        assert not wide
