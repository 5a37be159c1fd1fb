"""What waits says for what, in lists, on the overview and on its page; and Try now is real."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Connection
from journals.models import Batch, Journal
from journals.operations import sending
from journals.queries.boards import board
from journals.queries.journal_page import journal_page
from journals.queries.journals import Filters, list_journals
from journals.queries.waits import words_of
from journals.rules.states import BatchState
from journals.rules.waiting import NEEDS_ACCESS, can_be_hurried
from organisations.models import Membership
from outbox.waiting import Cause
from tests import factories
from tests.journals.pages import rows

pytestmark = pytest.mark.django_db
S = Connection.State
BY_STATE = {"ready": "checking", "postponed": "sending", "held": "held", "accepted": "sending"}


@pytest.fixture
def me() -> Membership:
    return factories.member()


def waiting(
    me: Membership, *, state: str = "ready", access: str = S.SIGN_IN_AGAIN, **more: object
) -> Journal:
    """Make a journal on its way, through an account that stands so."""
    journal = rows.journal(me.organisation, state=BY_STATE.get(state, state))
    if state == "accepted":
        more |= {"vendor_number": "000417"}
    rows.freeze(journal.batches.get(), state=state, **more)
    Connection.objects.filter(batches__journal=journal).update(state=access)
    return journal


def listed(me: Membership, state: str = "") -> list[str]:
    filters = Filters.from_query({"state": state})
    return [row.state_label for row in list_journals(organisation=me.organisation, filters=filters)]


class TestAJournalThroughAnExpiredAccount:
    @pytest.mark.parametrize("state", sorted(BY_STATE))
    @pytest.mark.parametrize("access", [S.SIGN_IN_AGAIN, S.NOT_AUTHORISED])
    def test_is_not_called_checking_or_sending_anywhere(self, me, state, access):
        journal = waiting(me, state=state, access=access)

        assert listed(me) == ["Waiting for a sign-in"]
        assert words_of(journal) == "Waiting for a sign-in"
        assert journal_page(journal).state_label == "Waiting for a sign-in"

    def test_is_found_by_its_own_filter_and_under_needs_attention(self, me):
        waiting(me)
        waiting(me, access=S.AUTHORISED)

        assert listed(me, "sign_in") == ["Waiting for a sign-in"]
        assert listed(me, "attention") == ["Waiting for a sign-in"]
        assert listed(me, "checking") == ["Checking"]

    def test_is_counted_on_the_overview(self, me):
        waiting(me)
        waiting(me, access=S.AUTHORISED)

        (tile,) = [one for one in board(me).tiles if one.label == "Waiting for a sign-in"]

        assert (tile.figure, tile.tone) == (1, "bad")
        assert tile.url.endswith("?state=sign_in")

    def test_is_no_tile_where_nothing_waits_for_it(self, me):
        waiting(me, access=S.AUTHORISED)

        assert "Waiting for a sign-in" not in [one.label for one in board(me).tiles]

    def test_whose_outcome_is_unknown_stays_so_and_is_not_said_to_be_asked_about(self, me):
        waiting(me, state="unknown")

        (tile,) = [one for one in board(me).tiles if one.label == "Outcome unknown"]

        assert listed(me) == ["Outcome unknown"]
        assert tile.note == "An administrator must sign in"

    def test_names_the_account_and_leads_there_who_may_sign_in(self, me):
        journal = waiting(me)
        name = journal.batches.get().connection.name

        shown = page(me, journal)

        assert f"until someone has signed in to the account {name}" in shown
        assert reverse("accounts:connections") + '">Open Visma.net accounts' in shown
        assert "Try now" not in shown
        assert "Next attempt" not in shown

    @pytest.mark.parametrize("level", ["", "read"])
    def test_tells_others_whom_to_ask(self, me, level):
        me.role.rights = {"journals": "write"} | ({"vismanet": level} if level else {})
        me.role.save()
        failure = {"failure_code": "OutcomeUnknown", "failure_at": timezone.now()}
        journal = waiting(me, state="unknown", **failure)

        shown = page(me, journal)

        assert "Ask an administrator." in shown
        assert "An administrator</dd>" in shown
        assert "Open Visma.net accounts" not in shown


def page(me: Membership, journal: Journal) -> str:
    client = Client()
    client.force_login(me.user, backend="organisations.backends.HubBackend")
    return client.get(reverse("journals:detail", args=[journal.pk])).content.decode()


@pytest.mark.parametrize("cause", [Cause.VENDOR, Cause.LIMIT])
def test_what_waits_for_the_vendor_says_so(me, cause):
    journal = waiting(me, access=S.AUTHORISED, waits_for=cause)

    assert listed(me) == ["Waiting for the ledger"]
    assert journal_page(journal).state_label == "Waiting for the ledger"
    assert listed(me, "attention") == []


# Every state that waits, with every cause: what is said, and whether a press changes anything.
HURRIED = {
    (state, cause): cause in (Cause.VENDOR, Cause.SIGN_IN, Cause.PERIOD)
    or (cause is Cause.LOOK_UP and state is BatchState.UNKNOWN)
    for state in sorted(NEEDS_ACCESS)
    for cause in Cause
}


class TestTheNextAttempt:
    @pytest.mark.parametrize(("state", "cause"), HURRIED)
    def test_is_said_with_its_time_and_tried_at_once_where_that_is_offered(self, me, state, cause):
        now = timezone.now()
        at = now + timedelta(minutes=4)
        journal = waiting(me, state=state, access=S.AUTHORISED, waits_for=cause, not_before=at)
        (before,) = journal_page(journal, now=now).batches

        pressed = sending.try_now(journal=journal, by=me.user, now=now)

        assert before.next_at == at
        assert before.may_try_now is HURRIED[state, cause]
        assert pressed == int(before.may_try_now)
        is_due = Batch.objects.get(journal=journal).not_before <= now
        assert is_due is before.may_try_now
        assert not any(one.may_try_now for one in journal_page(journal, now=now).batches)

    def test_is_the_accounts_where_the_vendor_asked_to_wait(self, me):
        now = timezone.now()
        journal = waiting(me, access=S.AUTHORISED, waits_for=Cause.VENDOR, not_before=now)
        until = now + timedelta(minutes=9)
        Connection.objects.filter(batches__journal=journal).update(not_before=until)

        shown = journal_page(journal, now=now)

        assert (shown.next_at, shown.may_try_now) == (until, False)

    def test_is_none_while_nobody_is_let_in(self, me):
        later = timezone.now() + timedelta(minutes=4)
        journal = waiting(me, state="unknown", waits_for=Cause.LOOK_UP, not_before=later)

        shown = journal_page(journal)

        assert (shown.next_at, shown.may_try_now) == (None, False)

    def test_of_a_second_look_up_is_not_brought_forward(self):
        """Two look-ups that find nothing prove something only an interval apart."""
        assert not can_be_hurried(BatchState.UNKNOWN, Cause.LOOK_UP, empty_look_ups=1)

    def test_stands_on_the_page_with_its_button(self, me):
        at = timezone.now() + timedelta(minutes=4)
        journal = waiting(me, access=S.AUTHORISED, waits_for=Cause.VENDOR, not_before=at)

        shown = page(me, journal)

        local = at.astimezone(ZoneInfo(settings.HUB_TIME_ZONE))
        assert f"{local:%H:%M}" in shown
        assert reverse("journals:try_now", args=[journal.pk]) in shown

    def test_pressed_for_nothing_says_so(self, me):
        client = Client()
        client.force_login(me.user, backend="organisations.backends.HubBackend")
        journal = waiting(me, access=S.AUTHORISED)

        answer = client.post(reverse("journals:try_now", args=[journal.pk]), follow=True)

        assert "Nothing is waiting that could be tried now." in answer.content.decode()
