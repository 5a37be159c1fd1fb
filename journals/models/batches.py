"""
A batch: what is posted for one period of a journal.

Every change of state is one committed UPDATE that names the state it comes from and, while a
worker has the batch, the worker's claim: a message delivered twice changes nothing.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Connection, LedgerProof, Restore
from accounts.models.hosts import unproven
from audit.scoped import OfOrganisation
from background.compare_and_set import ANYWAY, compare_and_set
from background.failures import NO_FAILURE, why
from connectors.errors import ConnectorError
from journals.domain.proving import next_attempt
from journals.domain.states import (
    BOOKED_ELSEWHERE,
    HOLDS_ITS_NUMBER,
    IN_LEDGER,
    PROVEN,
    VALID_TRANSITIONS,
    BatchState,
)
from journals.domain.waiting import NEEDS_ACCESS, Cause, cause_of
from journals.models.attempts import LedgerAsked
from organisations.models import Organisation

_S = BatchState


def not_unknown(*, now: datetime) -> models.Q:
    """
    Return the condition that a batch may be sent as far as restores are concerned.

    While a restore of the database is open, its ledger must have been asked since then.
    """
    opened = Restore.objects.open(now=now)
    if not opened.exists():
        return models.Q()  # nearly always; the condition below costs more than the rest
    asked = LedgerAsked.objects.filter(
        batch=models.OuterRef("pk"),
        at__gte=models.Subquery(opened.order_by("-at").values("at")[:1]),
    )
    return ~models.Q(models.Exists(opened)) | models.Q(models.Exists(asked))


def _ledger_not_asked(*, now: datetime) -> models.Exists:
    """Return the contrary of `not_unknown`, for the claim: asked in the UPDATE itself."""
    asked = LedgerAsked.objects.filter(
        batch=models.OuterRef(models.OuterRef("pk")), at__gte=models.OuterRef("at")
    )
    return models.Exists(Restore.objects.open(now=now).filter(~models.Exists(asked)))


_IN_QUESTION = models.Q(state__in=[_S.UNKNOWN, _S.ACCEPTED]) | models.Q(
    state=_S.POSTED, release_wanted=True
)
"""What the ledger is to be asked about."""


class BatchQuerySet(OfOrganisation):
    """Batches that a worker may take."""

    def to_deliver(self, *, now: datetime) -> "BatchQuerySet":
        """Return those that may be sent now: their turn has come, and no restore is in the way."""
        return self.in_turn(now=now).filter(not_unknown(now=now))

    def in_turn(self, *, now: datetime) -> "BatchQuerySet":
        """
        Return those that are checked, due, and have no earlier one before them.

        An earlier batch of the same journal that is not in the ledger yet holds the later ones
        back, unless a person chose to send what can go. A reversal waits for nothing.
        """
        earlier = Batch.objects.filter(
            journal=models.OuterRef("journal"),
            round=models.OuterRef("round"),
            period__lt=models.OuterRef("period"),
        ).exclude(state__in=[*IN_LEDGER, *BOOKED_ELSEWHERE])
        return self.filter(
            models.Q(journal__send_what_can_go=True)
            | models.Q(reverses__isnull=False)
            | ~models.Exists(earlier),
            state__in=[_S.READY, _S.POSTPONED],
            prepared_at__isnull=False,
            not_before__lte=now,
        )

    def maybe_due(self, *, now: datetime) -> "BatchQuerySet":
        """Return what `to_deliver` or `to_prove` may find, and perhaps more; it is soon asked."""
        to_send = models.Q(state__in=[_S.READY, _S.POSTPONED])
        return self.filter(to_send | _IN_QUESTION, not_before__lte=now)

    def to_check(self, *, now: datetime) -> "BatchQuerySet":
        """Return those that are to be checked against the ledger now."""
        nobody_let_in = models.Q(waits_for=Cause.SIGN_IN) & ~models.Q(
            connection__state=Connection.State.AUTHORISED
        )
        return self.filter(state=_S.READY, prepared_at__isnull=True, not_before__lte=now).exclude(
            nobody_let_in
        )

    def without_access(self) -> "BatchQuerySet":
        """Return those that go no further until somebody signs in to their account."""
        return self.filter(state__in=NEEDS_ACCESS, connection__isnull=False).exclude(
            connection__state=Connection.State.AUTHORISED
        )

    def to_prove(self, *, now: datetime) -> "BatchQuerySet":
        """Return those whose outcome is to be asked of the ledger now."""
        return self.filter(
            _IN_QUESTION,
            not_before__lte=now,
        ).filter(models.Q(claim_owner="") | models.Q(lease_until__lt=now))

    def orphaned(self, *, now: datetime) -> "BatchQuerySet":
        """Return those whose worker has not been heard of for longer than its lease."""
        return self.filter(state=_S.SENDING, lease_until__lt=now)

    def claimable(self, *, now: datetime) -> "BatchQuerySet":
        """Return those that may be claimed; whether its turn has come is for `to_deliver`."""
        return self.filter(
            state__in=[_S.READY, _S.POSTPONED], not_before__lte=now, prepared_at__isnull=False
        )

    def claim_to_prove(
        self, pk: int, *, owner: str, now: datetime, lease_seconds: float
    ) -> "Batch | None":
        """Make one batch ours for a look-up or read-back; its state stays as it is."""
        won = (
            Batch.objects.to_prove(now=now)
            .filter(pk=pk)
            .update(claim_owner=owner, lease_until=now + timedelta(seconds=lease_seconds))
        )
        return self.get(pk=pk) if won else None


class Batch(models.Model):
    """One journal transaction: one period of a journal, posted once."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    journal = models.ForeignKey(
        "journals.Journal", on_delete=models.CASCADE, related_name="batches"
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, null=True, related_name="batches"
    )
    period = models.CharField(_("period"), max_length=7)
    round = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(
        max_length=15, choices=[(s.value, s.value) for s in BatchState], default=_S.DRAFT
    )
    state_at = models.DateTimeField(default=timezone.now)

    # What is posted; frozen when the check against the ledger has passed.
    key = models.CharField(max_length=12, unique=True)
    description = models.CharField(max_length=60, blank=True)
    posting_period = models.CharField(max_length=12, blank=True)
    posted_on = models.DateField(null=True)
    branch = models.CharField(max_length=30, blank=True)
    ledger = models.CharField(max_length=30, blank=True)
    hold = models.BooleanField(default=True)
    release_wanted = models.BooleanField(default=False)
    own_number = models.CharField(max_length=20, blank=True)
    total = models.DecimalField(max_digits=20, decimal_places=2)
    line_count = models.PositiveIntegerField()
    lines_json = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    """Of what was first sent under this key; other content is refused, never merged."""
    prepared_at = models.DateTimeField(null=True)
    mapping_digest = models.CharField(max_length=64, blank=True)
    """Of the mapping by which it was prepared; it is not sent by another one than was shown."""

    # Who is working on it, and when it may be taken next.
    claim_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(default=timezone.now)
    waits_for = models.CharField(
        max_length=10, blank=True, choices=[(cause.value, cause.value) for cause in Cause]
    )
    """What ends the wait until `not_before` early; see `journals.operations.waiting`."""
    failures = models.PositiveSmallIntegerField(default=0)
    """Postponements in a row; decides the next wait."""
    sent_at = models.DateTimeField(null=True)
    """When the first call of the present doubt was made; look-ups search from here."""
    empty_look_ups = models.PositiveSmallIntegerField(default=0)

    # What came of it.
    vendor_number = models.CharField(max_length=40, blank=True)
    proven_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    problems = models.JSONField(default=list, blank=True)
    """What the check against the ledger found: stored words, one per problem."""
    candidates = models.JSONField(default=list, blank=True)
    """Numbers found when several batches in the ledger look like this one."""
    failure_code = models.CharField(max_length=80, blank=True)
    failure_params = models.JSONField(default=dict, blank=True)
    failure_detail = models.TextField(blank=True)
    failure_at = models.DateTimeField(null=True)

    # What a person decided about it.
    reverses = models.OneToOneField(
        "self", on_delete=models.RESTRICT, null=True, blank=True, related_name="mirror"
    )
    """The batch that this one takes back; each is taken back once, whatever is pressed."""
    reason = models.CharField(max_length=300, blank=True)
    """Why it was closed by hand, or why it takes another one back."""
    reason_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason_at = models.DateTimeField(null=True, blank=True)
    closed_from = models.CharField(max_length=15, blank=True)
    """The state that it goes back to if closing it was a mistake."""
    candidates_seen = models.JSONField(default=list, blank=True)
    """What the candidates held when they were found, to be compared with what was sent."""

    objects = BatchQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["journal", "period", "round"], name="journal_has_one_batch_for_a_period"
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["accepted", "posted", "released"])
                | ~models.Q(vendor_number=""),
                name="posted_batch_has_a_vendor_number",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["posted", "released"])
                | models.Q(proven_at__isnull=False),
                name="posted_batch_was_read_back",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="sending") | ~models.Q(claim_owner=""),
                name="sending_batch_has_an_owner",
            ),
            models.CheckConstraint(
                condition=models.Q(prepared_at__isnull=True)
                | (models.Q(connection__isnull=False) & ~models.Q(digest="")),
                name="prepared_batch_knows_what_and_where",
            ),
            models.UniqueConstraint(
                fields=["connection", "vendor_number"],
                condition=~models.Q(vendor_number="")
                & models.Q(state__in=["accepted", "posted", "released"]),
                name="vendor_number_belongs_to_one_batch",
            ),
            models.CheckConstraint(
                condition=(~models.Q(state="closed") & models.Q(reverses__isnull=True))
                | ~models.Q(reason=""),
                name="closing_and_reversing_have_a_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(reverses__isnull=True) | ~models.Q(digest=""),
                name="reversal_knows_what_it_posts",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["connection", "not_before"],
                name="batch_due",
                condition=models.Q(
                    state__in=["ready", "postponed", "unknown", "accepted", "sending", "held"]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.journal_id} {self.period} {self.key}"

    # --- state changes: each is one UPDATE, and says whether it happened ---

    def claim(self, *, owner: str, now: datetime, lease_seconds: float) -> bool:
        """
        Make a batch that is due ours, and say whether it is: READY or POSTPONED becomes SENDING.

        What was read of it still holds when the claim is written, or there is no claim. That no
        restore has put it in doubt is asked there too, since `after_restore` may run beside the
        worker.
        """
        if self.state not in {_S.READY, _S.POSTPONED}:
            return False
        this_connection = models.OuterRef(models.OuterRef("connection"))
        return compare_and_set(
            self,
            expect={"state": self.state, "prepared_at": self.prepared_at, "claim_owner": ""},
            changes={
                "state": _S.SENDING,
                "state_at": now,
                "claim_owner": owner,
                "lease_until": now + timedelta(seconds=lease_seconds),
                "sent_at": now,
                "empty_look_ups": 0,
                "waits_for": "",
            },
            only_if=~models.Q(_ledger_not_asked(now=now))
            & ~models.Q(unproven(this_connection, work=LedgerProof.Work.JOURNALS)),
        )

    def mark_accepted(self, *, number: str, now: datetime) -> bool:
        """
        Record the vendor's number; the batch is still to be read back.

        :returns: whether it was recorded; it is not while another batch holds the number
        """
        # A ledger gives the number of a deleted batch again.
        holders = Batch.objects.filter(
            connection=models.OuterRef("connection"),
            vendor_number=number,
            state__in=HOLDS_ITS_NUMBER,
        )
        return self._become(
            _S.ACCEPTED,
            now=now,
            only_if=~models.Q(models.Exists(holders.exclude(pk=models.OuterRef("pk")))),
            vendor_number=number,
            failures=0,
            not_before=now,
            keep_claim=True,
        )

    def mark_posted(self, *, now: datetime) -> bool:
        """Record that the batch was read back and is equal."""
        return self._become(_S.POSTED, now=now, proven_at=now, not_before=now, **NO_FAILURE)

    def mark_reversed_one(self, *, now: datetime) -> bool:
        """Record that the batch which this one takes back is taken back."""
        taken_back = Batch.objects.filter(pk=self.reverses_id or 0, state__in=PROVEN)
        return bool(taken_back.update(state=_S.REVERSED, state_at=now, release_wanted=False))

    def others_of_number(self, number: str) -> models.QuerySet["Batch"]:
        """Return the other batches that hold that number in the same ledger: one at most."""
        holders = Batch.objects.filter(
            connection=self.connection_id, vendor_number=number, state__in=HOLDS_ITS_NUMBER
        )
        return holders.exclude(pk=self.pk)

    def mark_taken_back(self, *, reason: str, by: Any, now: datetime) -> bool:
        """Record that a person took it back in the ledger, where no mirror of ours did."""
        return self._become(
            _S.REVERSED, now=now, release_wanted=False, reason=reason, reason_by=by, reason_at=now
        )

    def mark_closed(self, *, reason: str, by: Any, now: datetime) -> bool:
        """Record that a person booked it by hand: the hub never sends it."""
        if not reason.strip():
            raise ValueError("closing a batch needs a reason")
        return self._become(
            _S.CLOSED,
            now=now,
            closed_from=self.state,
            reason=reason.strip(),
            reason_by=by,
            reason_at=now,
        )

    def mark_opened_again(self, *, now: datetime) -> bool:
        """Undo the closing; the batch is where it was, and nothing is sent by that."""
        return self._become(
            _S(self.closed_from),
            now=now,
            closed_from="",
            reason="",
            reason_by=None,
            reason_at=None,
        )

    def mark_released(self, *, now: datetime) -> bool:
        """Record that the ledger has released the batch."""
        return self._become(_S.RELEASED, now=now, released_at=now, release_wanted=False)

    def mark_unknown(
        self,
        failure: ConnectorError,
        *,
        now: datetime,
        look_up_at: datetime,
        candidates: Iterable[str] = (),
    ) -> bool:
        """
        Record that the call may have been stored; the ledger is asked at `look_up_at`.

        :param candidates: numbers under which to look first
        """
        return self._become(
            _S.UNKNOWN,
            now=now,
            not_before=look_up_at,
            waits_for=Cause.LOOK_UP,
            empty_look_ups=0,
            candidates=list(candidates),
            **why(failure, now),
        )

    def postpone(self, failure: ConnectorError, *, now: datetime, until: datetime) -> bool:
        """Record that nothing was stored there and it is tried again at that time."""
        return self._become(
            _S.POSTPONED,
            now=now,
            not_before=until,
            waits_for=cause_of(failure) or "",
            failures=self.failures + 1,
            **why(failure, now),
        )

    def mark_rejected(self, failure: ConnectorError, *, now: datetime) -> bool:
        """Record that the ledger, or our own rules, refused it; a person corrects."""
        return self._become(_S.REJECTED, now=now, prepared_at=None, **why(failure, now))

    def mark_stopped(self, failure: ConnectorError, *, now: datetime) -> bool:
        """Record that the ledger does not have it and that a person does not want it sent."""
        return self._become(
            _S.REJECTED,
            now=now,
            prepared_at=None,
            vendor_number="",
            sent_at=None,
            empty_look_ups=0,
            **why(failure, now),
        )

    def mark_held(self, failure: ConnectorError, *, now: datetime, until: datetime) -> bool:
        """Record that its period is closed and it waits until that is opened again."""
        return self._become(
            _S.HELD,
            now=now,
            prepared_at=None,
            not_before=until,
            waits_for=Cause.PERIOD,
            **why(failure, now),
        )

    def mark_needs_person(
        self,
        failure: ConnectorError,
        *,
        now: datetime,
        candidates: Iterable[str] = (),
        seen: Iterable[dict[str, Any]] = (),
    ) -> bool:
        """
        Record that only a person can decide, and between what.

        :param seen: what the candidates held when they were found
        """
        return self._become(
            _S.NEEDS_PERSON,
            now=now,
            candidates=list(candidates),
            candidates_seen=list(seen),
            **why(failure, now),
        )

    def mark_no_longer_there(self, failure: ConnectorError, *, now: datetime) -> bool:
        """Record that the ledger holds something else under its number; a person decides."""
        release_again = self.release_wanted or self.released_at is not None
        return self._become(
            _S.NEEDS_PERSON,
            now=now,
            release_wanted=release_again,
            released_at=None,
            candidates=[],
            candidates_seen=[],
            **why(failure, now),
        )

    def mark_not_stored(self, *, now: datetime) -> bool:
        """Record that the ledger was asked and does not have it: it may be sent again."""
        return self._become(
            _S.READY,
            now=now,
            not_before=now,
            sent_at=None,
            empty_look_ups=0,
            candidates=[],
            **NO_FAILURE,
        )

    def next_try(self, failure: ConnectorError, *, now: datetime) -> datetime:
        """Return when to try again: when the vendor said, else later after each failure."""
        if failure.retry_after:
            return now + timedelta(seconds=failure.retry_after)
        return next_attempt(self.failures + 1, now=now)

    def try_later(self, failure: ConnectorError, *, now: datetime) -> bool:
        """Leave the state as it is, count the failure and look again at its next try."""
        cause, until = cause_of(failure), self.next_try(failure, now=now)
        if cause is Cause.SIGN_IN and not self._has_access():
            until = now  # due as soon as somebody has signed in, see `to_check`
        return self.keep(
            now=now,
            until=until,
            waits_for=cause or "",
            failures=self.failures + 1,
            **why(failure, now),
        )

    def _has_access(self) -> bool:
        usable = Connection.objects.filter(pk=self.connection_id or 0)
        return usable.filter(state=Connection.State.AUTHORISED).exists()

    def keep(self, *, now: datetime, until: datetime, **changes: Any) -> bool:
        """Leave the state as it is, give the claim back, and look again at that time."""
        return self._become(BatchState(self.state), now=self.state_at, not_before=until, **changes)

    def _become(
        self,
        new: BatchState,
        *,
        now: datetime,
        keep_claim: bool = False,
        only_if: models.Q = ANYWAY,
        **changes: Any,
    ) -> bool:
        old = BatchState(self.state)
        if new is not old and new not in VALID_TRANSITIONS[old]:
            raise ValueError(f"a batch that is {old} cannot become {new}")
        if not keep_claim:
            changes |= {"claim_owner": "", "lease_until": None}
        changes = {"waits_for": ""} | changes | {"state": new, "state_at": now}
        expect = {"state": old, "claim_owner": self.claim_owner}
        return compare_and_set(self, expect=expect, changes=changes, only_if=only_if)
