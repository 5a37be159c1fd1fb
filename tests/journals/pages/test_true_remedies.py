"""A remedy is true in the place where it is shown: who acts, and whether it goes by itself."""

import pytest
from django.utils import timezone

from background.models import BackgroundRequest
from journals.queries.journal_page import check_result, journal_page
from outbox.waiting import Cause
from tests import factories
from tests.journals.pages import rows
from ui.failures import asked_once, failure_row

BY_ITSELF = ("Unavailable", "RateLimited", "FreshTokenRefused", "OutcomeUnknown")


@pytest.mark.parametrize("code", BY_ITSELF)
class TestADryRun:
    def test_is_not_said_to_be_tried_again_by_itself(self, db, code):
        journal = rows.journal(factories.organisation())
        background_request = BackgroundRequest(
            pk=1,
            state=BackgroundRequest.State.FAILED,
            failure_code=code,
            finished_at=timezone.now(),
        )

        shown = check_result(background_request, journal).failure

        assert shown is not None
        assert "try again: there is no automatic retry" in shown.remedy
        assert shown.who_text == "The person who asked"


class TestAnUnknownOutcome:
    def shown(self, waits_for: str):
        journal = rows.journal(factories.organisation())
        batch = journal.batches.get()
        rows.freeze(batch, state="unknown", failure_code="OutcomeUnknown", waits_for=waits_for)
        return journal_page(journal).batches[0].failure

    def test_whose_access_was_revoked_needs_an_administrator(self, db):
        shown = self.shown(Cause.SIGN_IN)

        assert shown.who_text == "An administrator"
        assert "signs in" in shown.remedy
        assert shown.action_url

    def test_goes_on_by_itself_while_the_account_works(self, db):
        shown = self.shown("")

        assert shown.who_text == "Nobody: it continues automatically"


def test_a_failure_that_a_person_mends_keeps_its_remedy():
    shown = failure_row(code="NotAuthorized", params={"vendor": "Visma.net"})

    assert asked_once(shown) == shown
