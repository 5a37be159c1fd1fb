"""S19: File, Import, Payments from Visma Business: for many; one without a company is skipped."""

from django.urls import reverse

from payments.models import FetchEntry, FetchRun
from tests.payments import rows
from tests.payments.conftest import office as office
from tests.payments.vendors import paid

IMPORT = "/invoices/import/"


def test_all_are_fetched_and_one_without_a_company_is_skipped_with_a_link(office):
    office.source.payments = [paid(1, "1.00")]
    bare = rows.client_of(office.organisation, name="Without Company AS")
    me = rows.signed_in(office.member)
    before = me.get(IMPORT).content.decode()
    assert "Will be skipped" in before

    answer = me.post(IMPORT, {"which": "all"})
    office.run_due_work()

    html = me.get(answer["Location"]).content.decode()
    assert "No Visma company is chosen for Without Company AS" in html
    assert reverse("payments:client_settings", args=[bare.pk]) in html
    assert FetchRun.objects.get().state == "done"
    assert FetchEntry.objects.count() == 2


def test_only_the_chosen_ones_are_fetched(office):
    rows.client_of(office.organisation)

    rows.signed_in(office.member).post(IMPORT, {"client": [str(office.client.pk)]})

    assert [entry.client_id for entry in FetchEntry.objects.all()] == [office.client.pk]


def test_nothing_chosen_is_said(office):
    answer = rows.signed_in(office.member).post(IMPORT, {}, follow=True)

    assert "Choose at least one invoice client first." in answer.content.decode()


def test_a_client_that_is_being_fetched_already_keeps_its_run(office):
    me = rows.signed_in(office.member)
    me.post(reverse("payments:fetch", args=[office.client.pk]))

    me.post(IMPORT, {"which": "all"})

    assert FetchRun.objects.count() == 1
    assert FetchEntry.objects.get().run == FetchRun.objects.get()


def test_another_organisations_clients_cannot_be_chosen(office):
    theirs = rows.client_of()

    rows.signed_in(office.member).post(IMPORT, {"client": [str(theirs.pk)]})

    assert not FetchEntry.objects.exists()
