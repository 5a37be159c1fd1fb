"""What the outbox must know of batches: how one is posted, found again and read back."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from connectors.base import AccountingConnector, BatchToPost, LedgerBatch
from connectors.errors import ConnectorError
from journals.models import Attempt, Batch, Journal
from journals.operations import going_live, proving, waiting
from journals.operations.contents import digest_of, to_post
from journals.operations.restoring import SinceTheBackup
from journals.operations.sending import changed_mapping, mapping_of, refusal_of
from journals.rules import proving as rules
from journals.rules import refusals
from journals.rules.read_back import batch_as_json
from journals.rules.states import PROVEN, BatchState
from outbox import lookup
from outbox.delivery import Delivery, Found, Turn

_S = BatchState
LOOK_AGAIN = timedelta(seconds=5)
_MOST_SEEN = 10


class Posting(Delivery[Batch, BatchToPost, str]):
    """Batches of one connection, posted in its ledger."""

    SEND = Attempt.Kind.POST

    def __init__(self, turn: Turn, connector: AccountingConnector) -> None:
        super().__init__(turn)
        self.connector = connector
        self._since_the_backup = SinceTheBackup(turn, connector)
        self._refused: ConnectorError | None = None
        self._ledger_answers = False

    def load(self, item: Batch) -> BatchToPost:
        """Return what is posted."""
        return to_post(item, currency=item.journal.currency)

    def refuse(self, item: Batch) -> ConnectorError | None:
        """
        Ask S10 and S11 once more, and whether it is still what was shown.

        The company may have been marked, or the debtor blocked, since the press.
        """
        journal, mapping = item.journal, mapping_of(item.journal.company)
        refused = (
            refusal_of(journal.company) or changed_mapping(item, mapping) or _gone_original(item)
        )
        if refused is None and digest_of(batch=item, currency=journal.currency) != item.digest:
            refused = refusals.OtherContent(reference=journal.reference)
        if refused is None:
            # If it does, the batch cannot be claimed any more.
            going_live.keeps_out(item, mapping, now=self.turn.clock())
        self._refused = refused
        return refused

    def reject(self, item: Batch, failure: ConnectorError, *, now: datetime) -> None:
        """Reject it, and let no later one of its journal go alone unless that was chosen."""
        if not item.mark_rejected(failure, now=now):
            return  # the claim was lost: what became of the batch is for another to say
        if not item.journal.send_valid_only:
            Batch.objects.filter(
                journal=item.journal_id,
                state__in=[_S.READY, _S.POSTPONED],
                claim_owner="",
                # A reversal stands or falls with other reversals, a batch with other batches.
                reverses__isnull=item.reverses_id is None,
            ).update(state=_S.DRAFT, state_at=now, prepared_at=None)
        if failure is self._refused:
            item.journal.remember("stopped", now=now, failure=failure)

    def send(self, item: Batch, payload: BatchToPost) -> str:
        """Post it, and return the number that the vendor gave."""
        return self.connector.post_journal(payload)

    def find(self, item: Batch, payload: BatchToPost) -> Found[str]:
        """
        Ask the ledger for it by our number, by a number that it gave, or by its description.

        After a restore one listing answers this first, for all batches of unknown outcome.
        """
        match = self._since_the_backup.match(item)
        if match.outcome != rules.NONE:
            return _as_found(match.batch, match.candidates, refusals.ThereSinceTheBackup)
        if item.failure_code == refusals.LedgerIsAsked.code():
            return Found("not_found")
        found = self._candidates(item, payload)
        match = rules.match_lost_batch(payload, found)
        return _as_found(match.batch, found, refusals.SeveralLookAlike)

    def _candidates(self, item: Batch, payload: BatchToPost) -> Sequence[LedgerBatch]:
        if item.own_number:
            there = self.connector.read_journal(item.own_number)
            return [] if there is None else [there]
        for number in item.candidates:
            there = self.connector.read_journal(number)
            if there is not None and there.description.strip() == payload.description:
                return [there]
        since = item.sent_at or item.state_at
        return self.connector.find_journals(description=payload.description, since=since)

    def store(self, item: Batch, there: str, *, is_sure: bool, now: datetime) -> bool:
        """
        Store the number under which the ledger holds the batch.

        Another batch of ours that has a number which was just read there was deleted, and its
        number given again: whether it should have been is for a person.
        """
        if is_sure:
            self._take_from_others(item, there, now=now)
        stored = item.mark_accepted(number=there, now=now)
        if stored and not is_sure:
            self._note_that_it_answers(now=now)
        elif not stored and is_sure:
            item.keep(until=now + LOOK_AGAIN, waits_for="look_up")
        elif not stored and item.others_of_number(there).exists():
            # The ledger is asked which of the two it holds. Else the call outlived its claim, and
            # whoever has it now asks the ledger.
            twice = refusals.NumberOfAnother(number=there)
            item.mark_unknown(twice, now=now, look_up_at=now, candidates=[there])
        return stored

    @staticmethod
    def _take_from_others(item: Batch, number: str, *, now: datetime) -> None:
        for other in item.others_of_number(number).select_related("journal"):
            failure = refusals.NumberGivenAgain(number=number, other=item.description)
            if other.mark_no_longer_there(failure, now=now):
                other.journal.remember(
                    "no_longer_there", now=now, failure=failure, period=other.period
                )
            Journal.objects.refresh_state(other.journal_id, now=now)

    def _note_that_it_answers(self, *, now: datetime) -> None:
        if not self._ledger_answers:
            self._ledger_answers = True
            waiting.vendor_took_a_batch(self.turn.connection, now)

    def prove(self, item: Batch, payload: BatchToPost) -> None:
        """Read it back, and say *posted* only if it is what was sent."""
        proving.read_back(item, via=self, connector=self.connector, payload=payload)

    def not_there(self, item: Batch, *, now: datetime) -> None:
        """Let it be sent again, unless only a person can say whether it should be."""
        if item.failure_code == refusals.NumberOfAnother.code():
            # The ledger had taken it, and gave a number: somebody may have deleted it there since.
            number = str(item.failure_params.get("number", ""))
            gone = refusals.NumberNotFound(number=number, description=item.description)
            item.mark_needs_person(gone, now=now, candidates=item.candidates)
        elif item.failure_code == refusals.StoppedByFault.code():
            # Whether what stopped it would stop it again is for a person.
            item.mark_needs_person(refusals.StoppedBeforeSending(**item.failure_params), now=now)
        else:
            item.mark_not_there(now=now)

    def unanswerable(self, item: Batch, failure: ConnectorError) -> ConnectorError:
        """Return the words for the person who must look in the ledger."""
        return refusals.LookUpImpossible(
            description=item.description, detail=failure.detail, status=failure.status
        )

    def give_up(self, item: Batch, failure: ConnectorError, *, now: datetime) -> None:
        """Ask a person; what is proven already is only released later."""
        if item.state == _S.POSTED:
            item.keep(until=now + lookup.LONGEST_UNKNOWN)
        else:
            super().give_up(item, failure, now=now)

    def changed(self, item: Batch, *, now: datetime) -> None:
        """Let the journal's state follow."""
        Journal.objects.refresh_state(item.journal_id, now=now)


def _as_found(
    there: LedgerBatch | None, others: Sequence[LedgerBatch], question: type[ConnectorError]
) -> Found[str]:
    if there is not None:
        return Found("found", there.number)
    if not others:
        return Found("not_found")
    numbers = [other.number for other in others]
    seen = [batch_as_json(other) for other in others[:_MOST_SEEN]]
    columns = {"candidates": numbers, "seen": seen}
    return Found("several", question=question(numbers=", ".join(numbers)), columns=columns)


def _gone_original(batch: Batch) -> ConnectorError | None:
    """Return why a reversal is not to be sent: what it reverses was deleted there meanwhile."""
    if batch.reverses_id is None:
        return None
    original = Batch.objects.get(pk=batch.reverses_id)
    if original.state in PROVEN:
        return None
    return refusals.OriginalGone(number=original.vendor_number)
