"""Two runs of one pay day, decided on the page of the file."""

import pytest
from django.test import Client
from django.urls import reverse

from journals.models import Batch, Journal
from journals.rules.states import BatchState
from organisations.models import Membership
from sources.models import ImportedFile
from tests import factories
from tests.functional.test_import_pages import decide, page_of, signed_in
from tests.journals.importing.builders import NOW, company, imported
from tests.journals.importing.test_two_runs_of_one_day import EXTRA, visma

pytestmark = pytest.mark.django_db
State = ImportedFile.State


@pytest.fixture
def member() -> Membership:
    """Return a person who may import."""
    found = factories.member()
    company(found.organisation)
    return found


@pytest.fixture
def client(member) -> Client:
    """Return that person's browser."""
    return signed_in(member)


@pytest.fixture
def second(member) -> ImportedFile:
    """Return the file of an extra run of the pay day of one that was imported."""
    imported(member.organisation, visma())
    return imported(member.organisation, visma(EXTRA, "Extra lön"), name="extra.si")


class TestTheQuestion:
    def test_shows_what_differs_and_three_answers(self, client, second):
        page = page_of(client, second).content.decode()

        for shown in ("Ordinarie lön", "Extra lön", "31,900.00", "5,000.00"):
            assert shown in page
        for action in ("another_run", "take", "keep"):
            assert f'value="{action}"' in page

    def test_proposes_a_free_name_for_the_second_run(self, client, second):
        page = page_of(client, second)

        assert page.context["run_form"].initial == {"run": "2026-04-24-2"}
        assert b'value="2026-04-24-2"' in page.content

    def test_offers_no_replacing_of_what_is_in_the_ledger(self, client, second):
        Batch.objects.update(state=BatchState.UNKNOWN)

        page = page_of(client, second).content.decode()

        assert 'value="take"' not in page
        assert 'value="another_run"' in page
        assert "Reverse it first" in page

    @pytest.mark.parametrize("state", BatchState)
    def test_offers_to_replace_where_that_is_possible_and_nowhere_else(self, client, second, state):
        of_a_worker = {"claim_owner": "worker", "lease_until": NOW}
        in_ledger = {"vendor_number": "000417", "proven_at": NOW}
        more = {
            BatchState.SENDING: of_a_worker,
            BatchState.ACCEPTED: in_ledger,
            BatchState.POSTED: in_ledger,
            BatchState.RELEASED: in_ledger,
            BatchState.REVERSED: in_ledger,
            BatchState.CLOSED: {"reason": "Booked by hand"},
        }
        Batch.objects.update(state=state, **more.get(state, {}))
        Journal.objects.get().refresh_state(now=NOW)
        page = page_of(client, second).content.decode()

        decide(client, second, "take")

        second.refresh_from_db()
        assert ('value="take"' in page) is (second.state == State.IMPORTED)
        for possible in ("another_run", "keep"):
            assert f'value="{possible}"' in page

    def test_offers_the_place_of_a_reversed_run(self, client, second):
        Batch.objects.update(state=BatchState.REVERSED)
        Journal.objects.update(state=Journal.State.REVERSED)

        page = page_of(client, second).content.decode()

        assert "Import it in place of the reversed run" in page


class TestTheAnswer:
    def test_another_run_leads_to_a_journal_of_its_own(self, client, second):
        page = decide(client, second, "another_run", run="Extra")

        assert Journal.objects.filter(reference="PAYROLL 2026-04/Extra").exists()
        assert b"Imported as PAYROLL 2026-04/Extra" in page.content

    @pytest.mark.parametrize("name", ["", "x" * 25, "\0", "2026-04-24"])
    def test_a_name_that_cannot_be_is_refused_with_words(self, client, second, name):
        page = decide(client, second, "another_run", run=name)

        second.refresh_from_db()
        assert second.state == State.CHANGED
        assert page.status_code in (200, 400)
        assert Journal.objects.count() == 1

    @pytest.mark.parametrize("pk", ["0", "9" * 18, "9" * 19, "x", "-1"])
    def test_another_journal_that_cannot_be_is_refused(self, client, second, pk):
        url = reverse("journals:decide_file", args=[second.pk])

        assert client.post(url, {"against": pk}, follow=True).status_code == 200

        assert Journal.objects.count() == 1

    def test_is_not_a_strangers(self, second):
        stranger = signed_in(factories.member())

        assert decide(stranger, second, "another_run", run="Extra").status_code == 404

    def test_is_not_a_readers(self, member, second):
        reader = signed_in(factories.member(member.organisation, rights={"journals": "read"}))

        assert decide(reader, second, "another_run", run="Extra").status_code == 403


class TestARepeatedFile:
    def test_of_a_reversed_run_says_how_to_send_it_again(self, client, member):
        imported(member.organisation, visma())
        Batch.objects.update(state=BatchState.REVERSED)
        Journal.objects.update(state=Journal.State.REVERSED)

        page = page_of(client, imported(member.organisation, visma()))

        assert b"press Resend" in page.content
