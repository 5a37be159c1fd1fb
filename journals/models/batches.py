"""A batch: what is posted for one period of a journal."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Connection
from background.failures import NO_FAILURE, why
from connectors.errors import ConnectorError
from journals.rules.states import (
    BOOKED_ELSEWHERE,
    HOLDS_ITS_NUMBER,
    IN_LEDGER,
    PROVEN,
    VALID_TRANSITIONS,
    BatchState,
)
from journals.rules.waiting import NEEDS_ACCESS, cause_of
from outbox.models import OutboxItem, OutboxQuerySet
from outbox.states import Machine
from outbox.waiting import Cause

_S = BatchState


_IN_QUESTION = models.Q(state__in=[_S.UNKNOWN, _S.ACCEPTED]) | models.Q(
    state=_S.POSTED, release_wanted=True
)
"""What the ledger is to be asked about."""


class BatchQuerySet(OutboxQuerySet):
    """Batches that a worker may take."""

    def to_deliver(self, *, now: datetime) -> "BatchQuerySet":
        """
        Return those that are checked, due, and have no earlier one before them.

        An earlier batch of the same journal that is not in the ledger yet holds the later ones
        back, unless a person chose to send valid batches only. A reversal waits for nothing.
        """
        earlier = Batch.objects.filter(
            journal=models.OuterRef("journal"),
            round=models.OuterRef("round"),
            period__lt=models.OuterRef("period"),
        ).exclude(state__in=[*IN_LEDGER, *BOOKED_ELSEWHERE])
        return self.claimable(now=now).filter(
            models.Q(journal__send_valid_only=True)
            | models.Q(reverses__isnull=False)
            | ~models.Exists(earlier)
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
        return self.unclaimed(now=now).filter(_IN_QUESTION, not_before__lte=now)

    def claimable(self, *, now: datetime) -> "BatchQuerySet":
        """Return those that may be claimed; whether its turn has come is for `to_deliver`."""
        return super().claimable(now=now).filter(prepared_at__isnull=False)


class Batch(OutboxItem):
    """One journal transaction: one period of a journal, posted once."""

    TRANSITIONS: ClassVar[Machine] = VALID_TRANSITIONS
    ASKED_ABOUT = (_S.UNKNOWN, _S.ACCEPTED)
    QUEUED = (_S.READY, _S.POSTPONED)
    WORK = "journals"
    POSTPONED = _S.POSTPONED
    FIRST_WAIT = timedelta(minutes=1)
    LONGEST_WAIT = timedelta(minutes=5)
    """One call in so long asks whether an outage is over; all that waits goes at its end."""

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

    # What came of it.
    vendor_number = models.CharField(max_length=40, blank=True)
    proven_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    problems = models.JSONField(default=list, blank=True)
    """What the check against the ledger found: stored words, one per problem."""
    candidates = models.JSONField(default=list, blank=True)
    """Numbers found when several batches in the ledger look like this one."""

    # What a person decided about it.
    reverses = models.OneToOneField(
        "self", on_delete=models.RESTRICT, null=True, blank=True, related_name="mirror"
    )
    """The batch that this one reverses; each is reversed once, whatever is pressed."""
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
            )
        ]

    def __str__(self) -> str:
        return f"{self.journal_id} {self.period} {self.key}"

    # --- what the outbox asks of it ---

    def as_read(self) -> Mapping[str, Any]:
        """Return what else must not have changed since it was read, for it to be claimed."""
        return {"prepared_at": self.prepared_at}

    def may_be_claimed(self, into: str, *, now: datetime) -> models.Q:
        """Refuse what has an unknown outcome since a restore, even one of a moment ago."""
        return self.is_not_there(self.connection_id, now=now)

    def kept_of_a_call(self) -> Mapping[str, Any]:
        """Return what is sent, without accounts and amounts of lines."""
        return {
            "digest": self.digest,
            "copy": {
                "description": self.description,
                "period": self.posting_period,
                "posted_on": str(self.posted_on),
                "lines": self.line_count,
                "hold": self.hold,
                "own_number": self.own_number,
            },
        }

    # --- state changes: each is one UPDATE, and says whether it happened ---

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
        return self.become(
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
        return self.become(_S.POSTED, now=now, proven_at=now, not_before=now, **NO_FAILURE)

    def mark_reversed_one(self, *, now: datetime) -> bool:
        """Record that the batch which this one reverses is reversed."""
        original = Batch.objects.filter(pk=self.reverses_id or 0, state__in=PROVEN)
        return bool(original.update(state=_S.REVERSED, state_at=now, release_wanted=False))

    def others_of_number(self, number: str) -> models.QuerySet["Batch"]:
        """Return the other batches that hold that number in the same ledger: one at most."""
        holders = Batch.objects.filter(
            connection=self.connection_id, vendor_number=number, state__in=HOLDS_ITS_NUMBER
        )
        return holders.exclude(pk=self.pk)

    def mark_reversed_by_hand(self, *, reason: str, by: Any, now: datetime) -> bool:
        """Record that a person reversed it in the ledger, where no mirror of ours did."""
        return self.become(
            _S.REVERSED, now=now, release_wanted=False, reason=reason, reason_by=by, reason_at=now
        )

    def mark_closed(self, *, reason: str, by: Any, now: datetime) -> bool:
        """Record that a person booked it by hand: the hub never sends it."""
        if not reason.strip():
            raise ValueError("closing a batch needs a reason")
        return self.become(
            _S.CLOSED,
            now=now,
            closed_from=self.state,
            reason=reason.strip(),
            reason_by=by,
            reason_at=now,
        )

    def mark_opened_again(self, *, now: datetime) -> bool:
        """Undo the closing; the batch is where it was, and nothing is sent by that."""
        return self.become(
            _S(self.closed_from), now=now, closed_from="", reason="", reason_by=None, reason_at=None
        )

    def mark_released(self, *, now: datetime) -> bool:
        """Record that the ledger has released the batch."""
        return self.become(_S.RELEASED, now=now, released_at=now, release_wanted=False)

    def mark_unknown(
        self,
        failure: ConnectorError,
        *,
        now: datetime,
        look_up_at: datetime,
        candidates: Iterable[str] = (),
        **changes: Any,
    ) -> bool:
        """
        Record that the call may have been stored; the ledger is asked at `look_up_at`.

        :param candidates: numbers under which to look first
        """
        changes["candidates"] = list(candidates)
        return super().mark_unknown(failure, now=now, look_up_at=look_up_at, **changes)

    def mark_rejected(self, failure: ConnectorError, *, now: datetime, **changes: Any) -> bool:
        """Record that the ledger, or our own rules, refused it; a person corrects."""
        return self.become(_S.REJECTED, now=now, prepared_at=None, **changes, **why(failure, now))

    def mark_stopped(self, failure: ConnectorError, *, now: datetime) -> bool:
        """Record that the ledger does not have it and that a person does not want it sent."""
        return self.mark_rejected(
            failure, now=now, vendor_number="", sent_at=None, empty_look_ups=0
        )

    def mark_held(self, failure: ConnectorError, *, now: datetime, until: datetime) -> bool:
        """Record that its period is closed and it waits until that is opened again."""
        return self.become(
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
        **changes: Any,
    ) -> bool:
        """
        Record that only a person can decide, and between what.

        :param seen: what the candidates held when they were found
        """
        changes |= {"candidates": list(candidates), "candidates_seen": list(seen)}
        return super().mark_needs_person(failure, now=now, **changes)

    def mark_no_longer_there(self, failure: ConnectorError, *, now: datetime) -> bool:
        """Record that the ledger holds something else under its number; a person decides."""
        release_again = self.release_wanted or self.released_at is not None
        return self.mark_needs_person(
            failure, now=now, release_wanted=release_again, released_at=None
        )

    def mark_not_there(self, *, now: datetime, **changes: Any) -> bool:
        """Record that the ledger was asked and does not have it: it may be sent again."""
        return super().mark_not_there(now=now, candidates=[], **changes)

    def try_later(self, failure: ConnectorError, *, now: datetime) -> bool:
        """Leave the state as it is, count the failure and look again at its next try."""
        cause, until = cause_of(failure), self.next_try(failure, now=now)
        if cause is Cause.SIGN_IN and not self._has_access():
            until = now  # due as soon as somebody has signed in, see `to_check`
        return self.keep(
            until=until,
            waits_for=cause or "",
            failures=self.failures + 1,
            **why(failure, now),
        )

    def _has_access(self) -> bool:
        usable = Connection.objects.filter(pk=self.connection_id or 0)
        return usable.filter(state=Connection.State.AUTHORISED).exists()
