"""S17: a credit block in Visma blocks temporarily; a person's block stays when Visma lifts its."""

from connectors.receivables.source import SourceCustomer
from payments.models import Customer
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.conftest import office as office


def visma_says(office: Office, blocked: bool) -> None:
    office.source.customers = [SourceCustomer(10001, "Kunde AS", "", blocked)]
    office.fetch()


def page(office: Office) -> str:
    pk = Customer.objects.get().pk
    answer = rows.signed_in(office.member).get(f"/invoices/customers/{pk}/")
    text: str = answer.content.decode()
    return text


def test_the_block_comes_and_goes_with_vismas(office):
    visma_says(office, True)
    assert "Credit block in Visma" in page(office)

    visma_says(office, False)
    assert "No. Time can be registered." in page(office)


def test_the_list_says_since_when_and_how_old_the_news_is(office):
    visma_says(office, True)

    html = rows.signed_in(office.member).get("/invoices/customers/?blocked=yes").content.decode()

    assert "Kunde AS" in html
    assert ">at " in html or ">on " in html


def test_a_persons_block_is_not_lifted_by_visma(office):
    visma_says(office, True)
    pk = Customer.objects.get().pk
    me = rows.signed_in(office.member)
    me.post(f"/invoices/customers/{pk}/block/", {"reason": "Dispute about 1001"})

    visma_says(office, False)

    html = page(office)
    assert "Set manually" in html
    assert "Dispute about 1001" in html
    me.post(f"/invoices/customers/{pk}/unblock/")
    assert "No. Time can be registered." in page(office)


def test_without_the_setting_nobody_is_blocked(office):
    office.integration.mirrors_blocks = False
    office.integration.save()

    visma_says(office, True)

    assert "No. Time can be registered." in page(office)
