"""The page of one journal, its live part, decisions and exports."""

import pytest
from django.urls import reverse

from background import operations
from background.models import BackgroundRequest
from connectors.vismanet.errors import PeriodClosed
from journals.models import Batch, Journal, JournalEvent
from tests import factories
from tests.journals.pages import rows
from tests.journals.pages.test_lists import queries_of

LIMIT = 150_000


def page_of(client, journal, query: str = "") -> str:
    answer = client.get(reverse("journals:detail", args=[journal.pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


class TestEveryAddress:
    @pytest.mark.parametrize(
        ("method", "name"),
        [
            ("get", "journals:detail"),
            ("get", "journals:progress"),
            ("get", "journals:history"),
            ("post", "journals:send"),
            ("post", "journals:withdraw"),
            ("post", "journals:check"),
        ],
    )
    def test_of_a_journal_is_no_page_for_a_stranger(self, method, name, me, stranger):
        url = reverse(name, args=[rows.journal(me.organisation).pk])

        assert getattr(stranger, method)(url).status_code == 404

    def test_of_a_batch_is_no_page_for_a_stranger(self, me, stranger):
        batch = rows.journal(me.organisation).batches.get()

        assert stranger.post(reverse("journals:decide", args=[batch.pk])).status_code == 404
        for kind in ("csv", "xlsx"):
            url = reverse("journals:export", args=[batch.pk, kind])
            assert stranger.get(url).status_code == 404

    def test_of_a_company_is_no_page_for_a_stranger(self, me, stranger):
        company = factories.company(me.organisation)

        assert stranger.get(f"/companies/{company.pk}/journals/").status_code == 404

    def test_of_a_check_is_no_page_for_a_stranger_or_another_journal(self, me, client, stranger):
        mine, other = rows.journal(me.organisation), rows.journal(me.organisation)
        background_request = BackgroundRequest.objects.create(
            organisation=me.organisation, kind="journals.check", params={"journal_id": mine.pk}
        )

        right = reverse("journals:check_result", args=[mine.pk, background_request.pk])
        wrong = reverse("journals:check_result", args=[other.pk, background_request.pk])

        assert client.get(right).status_code == 200
        assert client.get(wrong).status_code == 404
        assert stranger.get(right).status_code == 404

    @pytest.mark.parametrize("name", ["send", "withdraw"])
    def test_that_changes_is_closed_to_who_may_only_read(self, name, me, reader):
        url = reverse(f"journals:{name}", args=[rows.journal(me.organisation).pk])

        assert reader.post(url).status_code == 403

    def test_asks_who_is_not_signed_in_to_sign_in(self, me, client):
        url = reverse("journals:detail", args=[rows.journal(me.organisation).pk])
        client.logout()

        answer = client.get(url)

        assert answer.status_code == 302
        assert "sign-in" in answer["Location"]

    def test_of_chosen_journals_leaves_those_of_others_alone(self, me, stranger):
        mine = rows.journal(me.organisation)
        rows.mapping(mine.company)

        stranger.post("/journals/send/", {"journal": [mine.pk]})

        assert not Batch.objects.exclude(state="draft").exists()


class TestJournalPage:
    def test_is_light_for_a_journal_of_five_thousand_lines(self, me, client):
        journal = rows.journal(me.organisation, pairs=2500, text="A text that is rather long")
        rows.mapping(journal.company)

        answer = client.get(reverse("journals:detail", args=[journal.pk]))

        assert len(answer.content) < LIMIT
        assert "5000" in answer.content.decode().replace("\N{NO-BREAK SPACE}", "").replace(",", "")

    def test_pages_through_the_lines(self, me, client):
        journal = rows.journal(me.organisation, pairs=60)
        rows.mapping(journal.company)

        first, last = page_of(client, journal), page_of(client, journal, "?page=3")

        assert "Wages 0<" in first
        assert "Wages 59<" not in first
        assert "Wages 59<" in last

    def test_says_the_state_once_and_tells_the_history_below_the_content(self, me, client):
        journal = rows.journal(me.organisation, state="sent")
        rows.freeze(
            journal.batches.get(), state="posted", vendor_number="000417", proven_at=rows.NOW
        )

        html = page_of(client, journal)

        card = html[html.index('id="journal-state"') : html.index('id="batches"')]
        assert card.count("Sent") == 1
        assert "1 of 1 posted" in card
        assert html.index('id="content"') < html.index('id="journal-history"')

    def test_says_what_was_posted_when_it_is_posted_without_being_loaded_again(self, me, client):
        journal = rows.journal(me.organisation, state="sending")
        made = rows.freeze(journal.batches.get(), state="ready")
        url = reverse("journals:progress", args=[journal.pk])
        shown = {"Hub-Seen": client.get(url).context["seen"]}
        before = client.get(url, headers=shown).content.decode()
        Batch.objects.filter(pk=made.pk).update(
            state="posted", vendor_number="000417", proven_at=rows.NOW
        )

        after = client.get(url, headers=shown).content.decode()

        assert "To be posted" not in before
        assert 'id="journal-posting"' not in before
        assert 'id="journal-posting" class="stack" hx-swap-oob="true"' in after
        assert "As posted" in after

    def test_tells_the_history_again_only_when_something_happened(self, me, client):
        journal = rows.journal(me.organisation, state="sending")
        url = reverse("journals:progress", args=[journal.pk])
        shown = {"Hub-History": client.get(url).context["history_digest"]}
        before = client.get(url, headers=shown).content.decode()
        JournalEvent.objects.create(
            organisation=me.organisation, journal=journal, code="send_pressed", at=rows.NOW
        )

        after = client.get(url, headers=shown).content.decode()

        assert 'id="journal-history"' not in before
        assert 'id="journal-history"' in after
        assert 'hx-swap-oob="true"' in after

    def test_asks_the_database_as_often_for_twelve_batches_as_for_two(self, me, client):
        few = rows.journal(me.organisation, periods=("2026-01", "2026-02"))
        many = rows.journal(me.organisation, periods=tuple(f"2026-{m:02d}" for m in range(1, 13)))
        url = reverse("journals:detail", args=[few.pk])
        client.get(url)

        assert queries_of(client, url) == queries_of(
            client, reverse("journals:detail", args=[many.pk])
        )

    def test_queues_when_send_is_pressed(self, me, client):
        journal = rows.journal(me.organisation)
        rows.mapping(journal.company)

        answer = client.post(reverse("journals:send", args=[journal.pk]), follow=True)

        journal.refresh_from_db()
        assert journal.state == Journal.State.CHECKING
        assert journal.send_requested_by == me.user
        assert "Checking" in answer.content.decode()

    def test_says_why_it_cannot_be_sent(self, me, client):
        journal = rows.journal(me.organisation)

        answer = client.post(reverse("journals:send", args=[journal.pk]))

        assert answer.status_code == 409
        html = answer.content.decode()
        assert "is not mapped to an administration" in html
        assert "An administrator creates the mapping" in html
        assert Batch.objects.get().state == "draft"

    def test_withdraws_what_was_not_sent(self, me, client):
        journal = rows.journal(me.organisation)
        rows.mapping(journal.company)
        client.post(reverse("journals:send", args=[journal.pk]))

        client.post(reverse("journals:withdraw", args=[journal.pk]))

        assert Batch.objects.get().state == "draft"

    def test_offers_to_send_valid_batches_only_when_one_stops_the_others(self, me, client):
        journal = rows.journal(
            me.organisation, periods=("2026-02", "2026-03"), state=Journal.State.STOPPED
        )
        rows.mapping(journal.company)
        Batch.objects.filter(period="2026-02").update(
            state="rejected", failure_code="PreflightFailed", failure_params={"count": "1"}
        )
        Batch.objects.filter(period="2026-03").update(
            state="rejected", failure_code="StoppedWithTheOthers"
        )
        assert "Send valid batches only" in page_of(client, journal)

        client.post(reverse("journals:send", args=[journal.pk]), {"valid_only": "yes"})

        journal.refresh_from_db()
        assert journal.send_valid_only

    def test_shows_what_the_check_found_with_its_remedy(self, me, client):
        problem = {
            "code": "account_missing",
            "period": "2026-03",
            "lines": 2,
            "params": {"account": "7011", "administration": "Nord AB"},
            "suggestions": [{"value": "7010", "name": "Wages"}],
        }
        journal = rows.journal(me.organisation, preflight_problems=[problem])

        html = page_of(client, journal)

        assert "Account 7011 does not exist in Nord AB." in html
        assert "7010 Wages" in html
        assert "2 lines" in html

    def test_shows_a_problem_of_a_newer_version_without_failing(self, me, client):
        journal = rows.journal(me.organisation, preflight_problems=[{"code": "from_the_future"}])

        assert page_of(client, journal)


class TestCheck:
    def test_asks_a_worker_and_shows_its_answer(self, me, client, monkeypatch):
        journal = rows.journal(me.organisation)
        answer = client.post(reverse("journals:check", args=[journal.pk]))
        background_request = BackgroundRequest.objects.get()
        url = answer["Location"].partition("#")[0]
        waiting = client.get(url).content.decode()
        found = {"problems": [], "checked_at": rows.NOW.isoformat()}
        monkeypatch.setitem(
            operations._HANDLERS, "journals.check", lambda background_request, now: found
        )

        operations.run_request(
            background_request_id=background_request.pk, now=background_request.not_before
        )

        done = client.get(url).content.decode()
        assert "Checking the ledger" in waiting
        assert "every 1s" in waiting
        assert "The ledger would accept every batch" in done
        assert "every 1s" not in done

    def test_shows_why_the_ledger_could_not_be_asked(self, me, client):
        journal = rows.journal(me.organisation)
        client.post(reverse("journals:check", args=[journal.pk]))
        background_request = BackgroundRequest.objects.get()

        operations.run_request(
            background_request_id=background_request.pk, now=background_request.not_before
        )

        html = page_of(client, journal, f"?check={background_request.pk}")
        assert "is not mapped to an administration" in html


class TestDecision:
    def unknown(self, me) -> Batch:
        journal = rows.journal(me.organisation, state=Journal.State.NEEDS_PERSON)
        return rows.freeze(
            journal.batches.get(),
            state="needs_person",
            candidates=["100", "101"],
            failure_code="SeveralLookAlike",
            failure_params={"numbers": "100, 101"},
        )

    def test_offers_the_candidates(self, me, client):
        batch = self.unknown(me)
        html = page_of(client, batch.journal)
        decision = reverse("journals:decision", args=[batch.pk])

        assert "several batches that could be this one: 100, 101" in html
        assert decision in html
        assert 'value="101"' in client.get(decision).content.decode()

    def test_is_recorded_with_its_number(self, me, client):
        batch = self.unknown(me)

        client.post(
            reverse("journals:decide", args=[batch.pk]), {"choice": "this_one", "number": "101"}
        )

        batch.refresh_from_db()
        assert (batch.state, batch.vendor_number) == ("accepted", "101")

    def test_without_a_number_changes_nothing(self, me, client):
        batch = self.unknown(me)

        answer = client.post(
            reverse("journals:decide", args=[batch.pk]), {"choice": "this_one"}, follow=True
        )

        batch.refresh_from_db()
        assert batch.state == "needs_person"
        assert "a batch needs its number" in answer.content.decode()

    def test_comes_too_late_when_another_one_decided(self, me, client):
        batch = self.unknown(me)
        Batch.objects.update(state="ready")

        answer = client.post(reverse("journals:decide", args=[batch.pk]), {"choice": "not_there"})

        assert answer.status_code == 409
        assert "decision on this batch has already been made" in answer.content.decode()


class TestFailure:
    def test_says_all_that_a_person_needs(self, me, client):
        journal = rows.journal(me.organisation, state=Journal.State.STOPPED)
        failure = PeriodClosed(vendor="Visma.net", period="202603", detail="VismaId: 77")
        Batch.objects.update(
            state="rejected",
            failure_code=failure.code(),
            failure_params=failure.params,
            failure_detail=failure.detail,
            failure_at=rows.NOW,
        )

        html = page_of(client, journal)

        assert "What this means" in html
        assert "What to do" in html
        assert "Responsible" in html
        assert "VismaId: 77" in html


class TestHistory:
    def test_shows_events_it_does_not_know(self, me, client):
        journal = rows.journal(me.organisation)
        JournalEvent.objects.create(
            organisation=me.organisation, journal=journal, code="new_thing", at=rows.NOW
        )

        assert "New thing" in page_of(client, journal)

    def test_is_cut_on_the_page_and_whole_behind_a_link(self, me, client):
        journal = rows.journal(me.organisation)
        JournalEvent.objects.bulk_create(
            JournalEvent(
                organisation=me.organisation,
                journal=journal,
                code="send_pressed",
                params={"batches": str(number)},
            )
            for number in range(80)
        )

        short = page_of(client, journal)
        whole = client.get(reverse("journals:history", args=[journal.pk])).content.decode()

        assert short.count("Send was pressed") == 30
        assert "The whole history" in short
        assert whole.count("Send was pressed") == 80
