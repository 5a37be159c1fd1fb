"""All journals that match are shown, confirmed once, sent as confirmed and followed on one page."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Connection
from audit.models import AuditEntry
from background import operations
from background.models import BackgroundRequest
from journals.models import Batch, BulkItem, BulkSend, Journal
from journals.operations import bulk_sending
from mappings.models import Mapping
from organisations.models import Company, Membership
from organisations.session_limits import SEEN
from tests import factories
from tests.journals.pages import rows
from tests.journals.pages.conftest import signed_in
from tests.journals.pages.test_lists import queries_of


@pytest.fixture
def company(me: Membership) -> Company:
    made = factories.company(me.organisation)
    rows.mapping(made)
    return made


def shown(client: Client, **filters: str) -> BulkSend:
    """Ask for all that match, as the button of the list does, and return what is shown."""
    answer = client.post(reverse("journals:new_bulk"), filters)
    assert answer.status_code == 302
    return BulkSend.objects.get(pk=answer["Location"].strip("/").rpartition("/")[2])


def page_of(client: Client, bulk: BulkSend) -> str:
    answer = client.get(reverse("journals:bulk", args=[bulk.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, bulk: BulkSend) -> None:
    client.post(reverse("journals:confirm_bulk", args=[bulk.pk]))


def work() -> None:
    """Let the worker do what it was asked."""
    for background_request in BackgroundRequest.objects.filter(
        kind=bulk_sending.SEND_TOGETHER, state="waiting"
    ):
        operations.run_request(background_request_id=background_request.pk, now=timezone.now())


def queued() -> int:
    return Batch.objects.filter(state="ready").count()


class TestAllThatMatch:
    def test_are_sent_not_only_those_of_the_page(self, me, client, company):
        for _ in range(30):
            rows.journal(me.organisation, company=company)
        assert "Send all 30 that match…" in client.get("/journals/").content.decode()

        bulk = shown(client)
        asked = page_of(client, bulk)
        press(client, bulk)
        work()

        assert "30 journals will be sent." in asked
        assert "Send 30 journals" in asked
        assert queued() == 30

    def test_are_those_of_the_filter(self, me, client, company):
        wanted = rows.journal(me.organisation, company=company, periods=("2026-02",))
        rows.journal(me.organisation, company=company, periods=("2026-03",))

        bulk = shown(client, period="2026-02")
        press(client, bulk)
        work()

        assert set(Batch.objects.filter(state="ready").values_list("journal", flat=True)) == {
            wanted.pk
        }
        assert f"{reverse('journals:list')}?period=2026-02" in page_of(client, bulk)

    def test_are_those_of_one_company_on_its_page(self, me, client, company):
        wanted = [rows.journal(me.organisation, company=company) for _ in range(2)]
        other = rows.journal(me.organisation)
        rows.mapping(other.company)
        page = client.get(reverse("journals:company", args=[company.pk])).content.decode()

        bulk = shown(client, company=str(company.pk))

        assert "Send all 2 that match…" in page
        assert f'name="company" value="{company.pk}"' in page
        assert set(bulk.items.values_list("journal", flat=True)) == {one.pk for one in wanted}

    def test_are_counted_when_they_are_shown(self, me, client, company):
        first = rows.journal(me.organisation, company=company)
        bulk = shown(client)
        later = rows.journal(me.organisation, company=company)

        press(client, bulk)
        work()

        first.refresh_from_db()
        later.refresh_from_db()
        assert first.state == Journal.State.CHECKING
        assert later.state == Journal.State.IMPORTED

    def test_are_not_sent_before_they_are_confirmed(self, me, client, company):
        rows.journal(me.organisation, company=company)

        shown(client)
        work()

        assert queued() == 0

    def test_leave_out_what_cannot_be_sent_and_say_why_before_the_press(self, me, client, company):
        rows.journal(me.organisation, company=company)
        rows.journal(
            me.organisation,
            company=factories.company(me.organisation, name="Prov AB", is_test=True),
        )
        sent = rows.journal(me.organisation, company=company, reference="GONE-1", state="sent")
        sent.batches.update(state="closed", reason="By hand")

        html = page_of(client, shown(client))

        assert "1 journal will be sent." in html
        assert "Prov AB is a test company" in html
        assert "There is nothing left to send in GONE-1." in html

    def test_that_are_too_many_are_not_half_sent(self, me, client, company, monkeypatch):
        monkeypatch.setattr(bulk_sending, "MOST", 2)
        for _ in range(3):
            rows.journal(me.organisation, company=company)

        answer = client.post(reverse("journals:new_bulk"), follow=True)

        assert "More than 2 journals match." in answer.content.decode()
        assert not BulkSend.objects.exists()


class TestWhatChangedMeanwhile:
    """A journal goes as it was shown, or not at all, and the page says which."""

    @pytest.fixture
    def two(self, me, company) -> tuple[Journal, Journal]:
        same, other = (rows.journal(me.organisation, company=company) for _ in range(2))
        return same, other

    def left_out(self, client, bulk, other) -> None:
        press(client, bulk)
        work()
        html = page_of(client, bulk)
        other.refresh_from_db()
        assert f"{other.reference} changed after the list" in html
        assert "1 journal was left out." in html
        assert queued() == 1

    def test_in_another_state_is_left_out(self, client, two):
        bulk = shown(client)
        Journal.objects.filter(pk=two[1].pk).update(state="held", state_at=timezone.now())

        self.left_out(client, bulk, two[1])

    def test_with_other_content_is_left_out(self, me, client, two):
        bulk = shown(client)
        content = rows.journal(factories.organisation()).content
        Journal.objects.filter(pk=two[1].pk).update(content=content)

        self.left_out(client, bulk, two[1])

    def test_of_a_company_whose_mapping_changed_is_left_out(self, me, client, two):
        company = factories.company(me.organisation)
        rows.mapping(company)
        other = rows.journal(me.organisation, company=company)
        Journal.objects.filter(pk=two[1].pk).delete()
        bulk = shown(client)
        Mapping.objects.filter(company=company).update(updated_at=timezone.now())

        self.left_out(client, bulk, other)

    def test_of_a_company_that_was_marked_as_test_says_so(self, client, two, company):
        bulk = shown(client)
        Company.objects.filter(pk=company.pk).update(is_test=True, name="Prov AB")

        press(client, bulk)
        work()

        assert "Prov AB is a test company" in page_of(client, bulk)
        assert queued() == 0


class TestOnePress:
    def test_twice_sends_once(self, me, client, company):
        rows.journal(me.organisation, company=company)
        bulk = shown(client)

        press(client, bulk)
        press(client, bulk)
        work()
        press(client, bulk)
        work()

        assert BackgroundRequest.objects.filter(kind=bulk_sending.SEND_TOGETHER).count() == 1
        assert AuditEntry.objects.filter(action="journal.send").count() == 1
        assert AuditEntry.objects.filter(action="journal.send_together").count() == 1

    def test_that_two_workers_take_up_is_reported_as_one(self, me, client, company):
        rows.journal(me.organisation, company=company)
        bulk = shown(client)
        press(client, bulk)
        (item,) = bulk.items.all()

        for _worker in range(2):
            bulk_sending._send_one(item.pk, by=me.user, now=timezone.now())

        item.refresh_from_db()
        assert item.outcome == BulkItem.Outcome.QUEUED
        assert queued() == 1

    def test_that_a_worker_did_not_finish_can_be_gone_on_with(self, me, client, company):
        for _ in range(2):
            rows.journal(me.organisation, company=company)
        bulk = shown(client)
        press(client, bulk)
        first, _second = bulk.items.order_by("pk")
        bulk_sending._send_one(first.pk, by=me.user, now=timezone.now())
        BackgroundRequest.objects.update(
            state="failed", failure_code="Interrupted", finished_at=rows.NOW
        )
        html = page_of(client, bulk)

        press(client, bulk)
        work()

        assert "Send the rest" in html
        assert "Send the rest" not in page_of(client, bulk)
        assert queued() == 2
        assert AuditEntry.objects.filter(action="journal.send").count() == 2

    def test_asks_the_database_as_often_for_sixty_journals_as_for_three(self, me, client, company):
        def statements() -> int:
            with CaptureQueriesContext(connection) as asked:
                press(client, shown(client))
            return len(asked)

        for _ in range(3):
            rows.journal(me.organisation, company=company)
        shown(client)
        few = statements()
        BackgroundRequest.objects.all().delete()
        for _ in range(57):
            rows.journal(me.organisation, company=company)

        assert statements() == few


class TestFollowing:
    @pytest.fixture
    def bulk(self, me, client, company) -> BulkSend:
        for _ in range(3):
            rows.journal(me.organisation, company=company)
        bulk = shown(client)
        press(client, bulk)
        work()
        return bulk

    def test_says_of_each_batch_what_became_of_it(self, me, client, bulk):
        first, second, _third = Batch.objects.order_by("pk")
        rows.freeze(first, state="posted", vendor_number="000417", proven_at=rows.NOW)
        Batch.objects.filter(pk=second.pk).update(
            state="rejected", failure_code="StoppedWithTheOthers", failure_at=rows.NOW
        )

        html = page_of(client, bulk)

        assert "1 of 3 batches posted" in html
        assert "000417" in html
        assert "1 batch needs attention." in html
        assert html.index(second.journal.reference) < html.index(first.journal.reference)
        assert reverse("journals:detail", args=[second.journal_id]) in html

    def test_says_of_an_expired_account_that_somebody_must_sign_in(self, client, bulk):
        account = Batch.objects.first().connection
        Connection.objects.filter(pk=account.pk).update(state=Connection.State.SIGN_IN_AGAIN)

        html = page_of(client, bulk)

        assert "3 batches need attention." in html
        assert "Waiting for a sign-in" in html
        assert "Queued" not in html

    def test_goes_on_by_itself_until_nothing_is_on_its_way(self, client, bulk):
        url = reverse("journals:bulk_progress", args=[bulk.pk])
        running = client.get(url).content.decode()
        Batch.objects.update(state="closed", reason="By hand")

        over = client.get(url).content.decode()

        assert f'hx-get="{url}?page=1" hx-trigger="every 2s"' in running
        assert "hx-get" not in over

    def test_does_not_keep_the_session_alive(self, client, bulk):
        session = client.session
        session[SEEN] = seen = session[SEEN] - 120
        session.save()

        client.get(
            reverse("journals:bulk_progress", args=[bulk.pk]), headers={"HX-Request": "true"}
        )

        assert client.session[SEEN] == seen

    def test_is_found_from_the_list(self, client, bulk):
        assert reverse("journals:bulk", args=[bulk.pk]) in client.get("/journals/").content.decode()

    def test_asks_the_database_as_often_for_five_hundred_batches_as_for_three(
        self, me, client, bulk, company
    ):
        url = reverse("journals:bulk", args=[bulk.pk])
        client.get(url)
        few = queries_of(client, url)
        content = rows.journal(me.organisation, company=company).content
        made = Journal.objects.bulk_create(
            Journal(
                organisation=me.organisation,
                company=company,
                content=content,
                reference=f"MANY-{n}",
                run=str(n),
                run_period="2026-03",
                currency="SEK",
                line_count=2,
                total=100,
                state="sending",
            )
            for n in range(500)
        )
        Batch.objects.bulk_create(
            Batch(
                organisation=me.organisation,
                journal=journal,
                period="2026-03",
                key=f"many{n}",
                total=100,
                line_count=2,
                state="draft",
            )
            for n, journal in enumerate(made)
        )
        BulkItem.objects.bulk_create(
            BulkItem(bulk=bulk, journal=journal, outcome="queued") for journal in made
        )

        many = client.get(url)

        assert queries_of(client, url) == few
        assert "of 503 batches posted" in many.content.decode()
        assert len(many.content) < 150_000


class TestWhoMaySeeIt:
    def test_a_stranger_finds_nothing(self, me, client, stranger, company):
        rows.journal(me.organisation, company=company)
        bulk = shown(client)
        press(client, bulk)

        for name in ("bulk", "bulk_progress"):
            assert stranger.get(reverse(f"journals:{name}", args=[bulk.pk])).status_code == 404
        answer = stranger.post(reverse("journals:confirm_bulk", args=[bulk.pk]))
        assert answer.status_code == 404

    def test_a_colleague_sees_it_once_it_is_confirmed(self, me, client, company):
        rows.journal(me.organisation, company=company)
        colleague = signed_in(factories.member(me.organisation))
        bulk = shown(client)
        url = reverse("journals:bulk", args=[bulk.pk])
        before = colleague.get(url).status_code

        press(client, bulk)

        assert (before, colleague.get(url).status_code) == (404, 200)

    def test_who_may_only_read_sends_nothing(self, me, client, reader, company):
        rows.journal(me.organisation, company=company)
        bulk = shown(client)

        assert reader.post(reverse("journals:new_bulk")).status_code == 403
        assert reader.post(reverse("journals:confirm_bulk", args=[bulk.pk])).status_code == 403
        assert "Send all" not in reader.get("/journals/").content.decode()


class TestForgetting:
    def test_takes_what_nobody_confirmed_and_what_is_long_over(self, me, client, company):
        rows.journal(me.organisation, company=company)
        open_one, over = shown(client), shown(client)
        press(client, over)
        now = timezone.now()

        bulk_sending.forget(now=now + timedelta(days=2))
        kept = set(BulkSend.objects.values_list("pk", flat=True))
        bulk_sending.forget(now=now + timedelta(days=91))

        assert open_one.pk not in kept
        assert over.pk in kept
        assert not BulkSend.objects.exists()
        assert Journal.objects.count() == 1
