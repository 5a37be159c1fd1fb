"""B8: every state carries its age."""

import re

from django.urls import reverse

from tests.journals.pages import rows
from tests.journals.pages.conftest import *  # noqa: F403


class TestAge:
    def test_stands_beside_the_state_of_the_journal_and_of_every_batch(self, me, client):
        journal = rows.journal(me.organisation, periods=("2026-01", "2026-02", "2026-03"))

        html = client.get(reverse("journals:progress", args=[journal.pk])).content.decode()

        assert len(re.findall(r"<time [^>]*>(?:at|on) [^<]+</time>", html)) == 4

    def test_stands_on_every_row_of_a_list(self, me, client):
        for _ in range(3):
            rows.journal(me.organisation)

        html = client.get("/journals/").content.decode()

        assert len(re.findall(r'data-label="Changed"><time ', html)) == 3
