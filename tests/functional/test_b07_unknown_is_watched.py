"""B7: an unknown outcome is a state that people can watch being resolved."""

from django.urls import reverse

from journals.models import Batch, Journal
from tests.journals.pages import rows
from tests.journals.pages.conftest import *  # noqa: F403


class TestUnknownOutcome:
    def test_is_shown_and_asked_again_each_second_until_it_is_settled(self, me, client):
        journal = rows.journal(me.organisation, state="unknown")
        rows.freeze(
            journal.batches.get(),
            state="unknown",
            failure_code="OutcomeUnknown",
            failure_params={"vendor": "Visma.net"},
        )
        url = reverse("journals:progress", args=[journal.pk])
        unknown = client.get(url).content.decode()

        Batch.objects.update(
            state="posted", vendor_number="000417", proven_at=rows.NOW, failure_code=""
        )
        Journal.objects.update(state="sent")

        settled = client.get(url).content.decode()
        assert "Outcome unknown" in unknown
        assert "It is not yet known whether it was booked." in unknown
        assert f'hx-get="{url}" hx-trigger="every 1s"' in unknown
        assert "data-announce" in unknown
        assert "Posted" in settled
        assert "000417" in settled
        assert "hx-get" not in settled

    def test_can_be_watched_without_a_script(self, me, client):
        journal = rows.journal(me.organisation, state="unknown")

        html = client.get(reverse("journals:detail", args=[journal.pk])).content.decode()

        assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in html
