"""A journal of what was read: its row, and a batch per period."""

import hashlib
from datetime import datetime
from itertools import count

from accounts.operations import installation
from journals.models import Batch, Journal
from journals.rules.keys import batch_key, marked_key
from journals.rules.states import BatchState
from organisations.models import Company, User
from sources.models import Content
from sources.operations import storing


def create_journal(
    *,
    company: Company,
    content: Content,
    reference: str,
    run: str,
    by: User | None,
    now: datetime,
    request_id: str,
    resend_of: Journal | None = None,
) -> Journal:
    """
    Make the journal of a content, with one batch per period, not sent.

    :param resend_of: the journal whose reversed batches this one sends again
    """
    journal = Journal.objects.create(
        organisation_id=company.organisation_id,
        company=company,
        content=content,
        reference=reference,
        run=run,
        run_period=content.run_period,
        currency=content.currency,
        line_count=content.line_count,
        total=storing.total_of(content),
        state_at=now,
        imported_at=now,
        imported_by=by,
        request_id=request_id,
        resend_of=resend_of,
    )
    rebuild_batches(journal=journal, content=content, now=now)
    return journal


def rebuild_batches(*, journal: Journal, content: Content, now: datetime) -> None:
    """
    Give the journal one unsent batch per period of the content.

    A batch that is there keeps its row and with it the history of its attempts, but gets a new
    key: other content is never sent under a key that was used. The caller has made sure that
    none of them is, or may be, in the ledger.
    """
    there = {batch.period: batch for batch in Batch.objects.filter(journal=journal)}
    own = installation.identity()
    for total in storing.totals_from_json(content.totals):
        batch = there.pop(total.period, None) or Batch(
            organisation_id=journal.organisation_id, journal=journal, period=total.period
        )
        batch.key = _key_for(batch, journal=journal, content=content, own=own)
        batch.total, batch.line_count = total.debit, total.lines
        batch.state, batch.state_at = BatchState.DRAFT, now
        batch.prepared_at, batch.digest, batch.lines_json = None, "", ""
        batch.not_before, batch.failures, batch.problems = now, 0, []
        batch.failure_code, batch.failure_params = "", {}
        batch.failure_detail, batch.failure_at = "", None
        batch.claim_owner, batch.lease_until = "", None
        batch.sent_at, batch.empty_look_ups = None, 0
        batch.save()
    Batch.objects.filter(pk__in=[batch.pk for batch in there.values()]).delete()


def _key_for(batch: Batch, *, journal: Journal, content: Content, own: str) -> str:
    """
    Return the key of a batch: other content has another one.

    It is made of what the batch is, not drawn: a journal that is imported again into a restored
    database gets the description that the ledger may hold already.

    :param own: identity of the installation, whose mark the key carries
    """
    what = (
        str(journal.organisation_id),
        journal.company.number,
        journal.reference,
        batch.period,
        content.digest,
    )
    others = Batch.objects.exclude(pk=batch.pk)
    for again in count():
        seed = "\x1f".join((*what, str(again)))
        key = marked_key(batch_key(hashlib.sha256(seed.encode()).digest()), installation=own)
        if not others.filter(key=key).exists():
            return key
        # One of 34 thousand million is taken; the next is as certain to come again.
    raise AssertionError("count() does not end")
