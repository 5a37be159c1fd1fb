"""S13: the ledger's errors stand on the journal, per batch, and stay in its history."""

from django.urls import reverse

from connectors.vismanet.errors import PeriodClosed
from journals.models import Attempt, Batch
from tests.journals.pages import rows
from tests.journals.pages.conftest import *  # noqa: F403


class TestError:
    def rejected(self, me) -> Batch:
        journal = rows.journal(me.organisation, periods=("2026-02", "2026-03"), state="stopped")
        rows.mapping(journal.company)
        batch = journal.batches.get(period="2026-02")
        failure = PeriodClosed(vendor="Visma.net", period="202602", detail="VismaId: 5f2c")
        rows.freeze(
            batch,
            state="rejected",
            prepared_at=None,
            failure_code=failure.code(),
            failure_params=failure.params,
            failure_detail=failure.detail,
            failure_at=rows.NOW,
        )
        Attempt.objects.create(
            organisation=me.organisation,
            batch=batch,
            kind="post",
            owner="worker",
            started_at=rows.NOW,
            ended_at=rows.NOW,
            outcome=failure.code(),
            status=400,
            trace_id="trace-1",
            milliseconds=812,
            copy={"period": "202602"},
            detail=failure.detail,
        )
        return batch

    def test_stands_with_its_batch_with_cause_and_remedy(self, me, client):
        batch = self.rejected(me)

        page = client.get(reverse("journals:detail", args=[batch.journal_id]))

        row = next(r for r in page.context["live"].batches if r.pk == batch.pk)
        other = next(r for r in page.context["live"].batches if r.pk != batch.pk)
        html = page.content.decode()
        assert "202602" in row.failure.summary
        assert row.failure.summary in html
        assert row.failure.remedy in html
        assert "VismaId: 5f2c" in html
        assert other.failure is None

    def test_stays_in_the_history_when_the_batch_is_sent_again(self, me, client):
        batch = self.rejected(me)

        client.post(reverse("journals:send", args=[batch.journal_id]))

        batch.refresh_from_db()
        assert batch.failure_code == ""
        page = client.get(reverse("journals:detail", args=[batch.journal_id]))
        entry = next(e for e in page.context["live"].entries if "2026-02" in e.title)
        assert "202602" in entry.text
        assert PeriodClosed.summary.partition("{")[0] in entry.text
        assert "HTTP 400" in entry.detail
        assert "trace-1" in entry.detail
        assert entry.took == "0.8 s"
