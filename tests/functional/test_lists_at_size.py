"""Every page asks the database as often with many rows as with few; addresses from the URLs."""

import pytest
from django.conf import settings
from django.test import Client

from tests import lists
from ui import choosing

pytestmark = pytest.mark.django_db

FEW, MANY = 12, 130
# Lists that must be among the pages read: were one refused or redirected, nothing would be said.
KNOWN = {
    "accounts:connections",
    "organisations:companies",
    "organisations:debtors",
    "organisations:people",
    "organisations:new_company",
    "organisations:company",
    "organisations:organisation",
    "organisations:choices customer",
    "organisations:audit",
    "mappings:list",
    "journals:home",
    "journals:list",
    "journals:company",
    "journals:bulk",
    "journals:bulk_progress",
    "journals:import",
    "journals:comparisons",
    "journals:comparison",
    "payments:overview",
    "payments:client",
    "payments:import",
    "payments:group",
    "payments:run",
    "payments:run_list new",
    "payments:run_list mark_refused",
    "payments:unmatched",
    "payments:customers",
    "payments:customer",
    "payments:time",
    "payments:reconciliation",
    "payments:settings",
}


@pytest.fixture
def office() -> lists.Office:
    return lists.open_office()


def test_no_page_asks_more_of_the_database_when_there_are_more_rows(
    office: lists.Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "FEW", (FEW + MANY) // 2)
    lists.fill(office, FEW)
    few = lists.read(office)

    lists.fill(office, MANY)
    many = lists.read(office)

    read = {name for name, seen in many.items() if seen.status == 200}
    assert read >= KNOWN
    grown = {
        name: (few[name].statements, many[name].statements)
        for name in read
        if many[name].statements > few[name].statements
    }
    assert grown == {}


def test_a_page_with_a_parameter_that_nobody_placed_is_named(
    office: lists.Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists.fill(office, 1)
    monkeypatch.delitem(lists.ABOUT, "payments:client")

    with pytest.raises(LookupError, match="payments:client"):
        list(lists.pages(office))


@pytest.mark.parametrize(
    "address", ["/connections/", "/debtors/", "/people/", "/mappings/", "/companies/"]
)
def test_a_long_list_comes_in_pages_and_the_last_row_is_on_the_last_one(
    office: lists.Office, client: Client, address: str
) -> None:
    lists.fill(office, MANY)
    client.force_login(office.user, backend=settings.AUTHENTICATION_BACKENDS[-1])

    first, second = client.get(address), client.get(address, {"page": "2"})

    assert "page=2" in first.content.decode()
    assert first.content.count(b"<tr") < MANY
    assert first.content != second.content
    assert "page=1" in second.content.decode()
