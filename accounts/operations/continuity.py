"""
Whether it is certain that this database was the last to send, and what is asked where it is not.

A gap is every moment after which that is not certain: a worker starts, the clock jumped, the
worker stood still. It is written down before the installation's time is raised. A connection on
which something waits then asks its ledger for what was changed since before the gap; until then
no batch and no payment of it can be claimed. Batches that carry this installation's mark, and
that this database never sent, prove that it is an older one or a copy.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Max, Min, Q

from accounts import living
from accounts.living import Clocks, broken_between
from accounts.models import Connection, Gap, Installation, LedgerProof, Restore
from accounts.operations.hosts import note_seen
from background.crash_points import crash_point
from background.models import BackgroundRequest
from background.queue import QUEUES
from background.registry import Registry

log = structlog.get_logger(__name__)

KEPT = timedelta(days=100)
"""As long as a restore is watched."""
MARGIN = timedelta(minutes=10)
ASK_AGAIN_AFTER = timedelta(seconds=60)
"""A copy beside us is noticed at the next sending after so long."""
_SET_BACK_BY = timedelta(seconds=living.JUMP_SECONDS)
_WITHOUT_A_BEAT = timedelta(seconds=living.STILL_SECONDS)


when_set_back = Registry[Callable[[datetime], object]]()
"""
What apps do when the clock was set back: what waits for a time of the old clock is due.

Not where an outcome is unknown: a look-up waits for the end of a call, and goes on waiting.
"""


class _Watch:
    """What this process, a worker, knows of its clocks; one for all its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before: Clocks | None = None
        self._reason = ""

    def begin(self) -> None:
        """Begin to look; the start itself is a gap."""
        with self._lock:
            self._before, self._reason = _clocks(), living.START

    def reason(self) -> str:
        """Return why the past is uncertain and nobody has written it down yet; else nothing."""
        with self._lock:
            if self._before is None:
                return ""
            now = _clocks()
            self._reason = self._reason or broken_between(self._before, now)
            self._before = now
            return self._reason

    def written_down(self, reason: str) -> None:
        """Forget a reason that is in the database now."""
        with self._lock:
            if self._reason == reason:
                self._reason = ""


def _clocks() -> Clocks:
    return Clocks(time.time(), time.monotonic())


_watch = _Watch()


def begin() -> None:
    """Say that a worker starts: nothing is sent by it before the gap is written down."""
    _watch.begin()


def reason() -> str:
    """Return why the past is uncertain to this process and nobody has written it down yet."""
    return _watch.reason()


def look(row: Installation, *, now: datetime) -> None:
    """Write down the gap that this process has noticed, if any."""
    why = _watch.reason()
    if why:
        note_gap(row, why, now=now)
        _watch.written_down(why)


def look_at_beat(row: Installation, *, now: datetime) -> None:
    """Write down a gap, also where no worker has been heard of for minutes."""
    look(row, now=now)
    if now - row.seen_at > _WITHOUT_A_BEAT and not Gap.objects.filter(at__gt=row.seen_at).exists():
        note_gap(row, living.STILL, now=now)


def note_gap(row: Installation, reason: str, *, now: datetime) -> Gap:
    """
    Write down that every ledger is to be asked before anything is sent there.

    On a machine that has another network address or name than this host had, the answer of a
    ledger counts only some minutes later: an original that lives will have sent by then.
    """
    cloned = note_seen(now=now)
    wait = timedelta(seconds=settings.HUB_LOOK_UP_INTERVAL_SECONDS if cloned else 0)
    gap = Gap.objects.create(
        at=now, since=min(row.seen_at, now) - MARGIN, settles_at=now + wait, reason=reason
    )
    Gap.objects.filter(at__lt=now - KEPT).exclude(pk=gap.pk).delete()
    log.info("the ledgers are asked before anything is sent", reason=reason, cloned=cloned)
    crash_point("gap.noted")
    if row.seen_at - now > _SET_BACK_BY:
        _let_go_on(now=now)
    return gap


def _let_go_on(*, now: datetime) -> None:
    log.warning("the clock was set back; what waits for a time to come is due now")
    Connection.objects.filter(not_before__gt=now).update(not_before=now)
    waiting = BackgroundRequest.objects.filter(state=BackgroundRequest.State.WAITING)
    waiting.filter(not_before__gt=now).update(not_before=now)
    for queue in QUEUES:
        queue.clock_was_set_back(now=now)
    for act in when_set_back:
        act(now)


@dataclass(frozen=True, slots=True)
class Question:
    """
    What a ledger is to be asked before anything is sent there.

    :param since: for what was changed since then
    :param gap_id: an answer settles the gaps up to this one
    :param not_before: an answer counts if it was asked for at this time or later
    :param explained: a restore was declared since the last answer: what is found belongs to it
    :param strange: what was found before, and settled by a restore
    """

    connection: Connection
    work: str
    since: datetime
    gap_id: int
    not_before: datetime
    explained: bool
    strange: tuple[str, ...]


def question(connection: Connection, *, work: str, now: datetime) -> Question | None:
    """Return what must be asked before anything is sent on the connection; None if nothing."""
    proof = LedgerProof.objects.filter(connection=connection, work=work).first()
    open_gaps = Gap.objects.filter(pk__gt=proof.gap_id if proof else 0)
    # A time that is still to come was written down by a clock that has been set right since.
    settles = Max("settles_at", filter=Q(at__lte=now))
    found = open_gaps.aggregate(since=Min("since"), last=Max("pk"), settles=settles)
    if found["last"] is None:
        if proof is None or abs(now - proof.asked_at) < ASK_AGAIN_AFTER:
            return None
        # However long ago: a copy may have sent at any time since, if only once a month.
        since = min(proof.asked_at, now)
        found = {"since": since, "last": proof.gap_id, "settles": None}
    restore = Restore.objects.open(now=now).order_by("-at").first()
    return Question(
        connection=connection,
        work=work,
        since=found["since"],
        gap_id=found["last"],
        not_before=found["settles"] or now,
        explained=restore is not None and (proof is None or proof.asked_at < restore.at),
        strange=tuple(proof.strange) if proof else (),
    )


def settle(asked: Question, *, strange: list[str], asked_at: datetime) -> None:
    """Record that the ledger holds nothing that would prove this database an older one."""
    LedgerProof.objects.update_or_create(
        connection=asked.connection,
        work=asked.work,
        defaults={
            "gap_id": asked.gap_id,
            "asked_at": asked_at,
            "strange": sorted({*asked.strange, *strange}),
        },
    )
    crash_point("proof.stored")
