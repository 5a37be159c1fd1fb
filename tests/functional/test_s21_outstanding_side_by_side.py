"""S21: outstanding amounts side by side, every difference explained or listed."""

import io
from decimal import Decimal

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from connectors.receivables.source import SourceOpenItem
from connectors.receivables.target import TargetOpenItem
from payments.models import Reconciliation
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.conftest import office as office
from tests.payments.vendors import billed


@pytest.fixture
def compared(office: Office) -> Office:
    office.target.invoices = [billed("1001", "1000.00"), billed("1002", "500.00")]
    office.fetch()
    office.source.open_items = [
        SourceOpenItem(10001, "1001", Decimal(1000), Decimal("1000.00"), "NOK"),
        SourceOpenItem(10001, "1002", Decimal(500), Decimal("450.00"), "NOK"),
    ]
    office.target.open_items = [
        TargetOpenItem("10001", "1001", Decimal(1000), Decimal("1000.00")),
        TargetOpenItem("10001", "1002", Decimal(500), Decimal("500.00")),
    ]
    me = rows.signed_in(office.member)
    me.post(reverse("payments:compare", args=[office.client.pk]))
    office.run_due_work()
    return office


def page(office: Office, query: str = "") -> str:
    url = reverse("payments:reconciliation", args=[office.client.pk])
    text: str = rows.signed_in(office.member).get(url + query).content.decode()
    return text


def test_the_page_lists_what_differs_with_its_reason(compared):
    html = page(compared)

    assert "450.00" in html
    assert 'data-state="needs_person"' in html  # unknown
    assert ">1002<" in html
    assert ">1001<" not in html
    assert ">1001<" in page(compared, "?reason=all")


def test_the_page_draws_age_and_history_without_a_script(compared):
    html = page(compared)

    assert html.count('<svg class="chart"') == 2
    assert "Open by age" in html


def test_the_invoices_show_the_three_amounts(compared):
    url = reverse("payments:client", args=[compared.client.pk])
    html = rows.signed_in(compared.member).get(url).content.decode()

    assert "450.00" in html
    assert 'class="differs"' in html


def test_the_overview_shows_both_sums(compared):
    html = rows.signed_in(compared.member).get("/invoices/").content.decode()

    assert "1,500.00" in html
    assert "1,450.00" in html


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_comparison_can_be_taken_away_as_a_file(compared, kind):
    made = Reconciliation.objects.get()
    url = reverse("payments:export_reconciliation", args=[made.pk, kind])

    content = rows.signed_in(compared.member).get(url).content

    if kind == "csv":
        lines = content.decode("utf-8-sig").splitlines()
        assert lines[0].startswith("customer_number;")
        assert "1002;2026-02-14;450.00;500.00;500.00;50.00;0.00;unknown" in lines[2]
    else:
        sheet = load_workbook(io.BytesIO(content)).active
        assert [cell.value for cell in sheet[3]][2] == "1002"
