"""A process is killed (SIGKILL) at every crash point: one batch in the ledger, always."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from accounts import living
from accounts.models import Connection
from accounts.operations import continuity, installation
from background import crash_points
from background.crash_points import CRASH_POINTS, crash_point
from background.models import Lease
from journals.models import Attempt, Batch, Journal
from journals.operations import preparing, sending
from journals.rules.keys import marked_key
from mappings.models import Mapping
from tests.conftest import SandboxServer
from tests.connectors.identity import grant_for
from tests.journals.sending.conftest import MARCH, Office, line
from tests.recovery import test_kill_points_of_payments as of_payments
from tests.recovery.doomed import Doomed
from tests.recovery.report import KILL_POINT

Later = Callable[[float], int]
ROOT = Path(__file__).resolve().parents[2]
APPS = (
    "organisations",
    "accounts",
    "background",
    "outbox",
    "connectors",
    "integrationhub",
    "journals",
    "mappings",
    "payments",
)


@dataclass(frozen=True)
class Scene:
    """An office with one journal of one batch, and ways to interrupt its work."""

    office: Office
    journal: Journal
    later: Later
    doomed: Doomed
    sandbox_url: str
    person_did: list[str] = field(default_factory=list)

    def sign_in_if_asked(self) -> None:
        """Sign in again if the account asks for it."""
        asked = Connection.objects.filter(state=Connection.State.SIGN_IN_AGAIN).first()
        if asked is None:
            return
        grant = grant_for(self.sandbox_url, self.office.tenant_id)
        assert asked.store_grant(grant, version=asked.version, now=datetime.now(UTC))
        Connection.objects.update(state=Connection.State.AUTHORISED)
        self.person_did.append("signed in again")

    def die(self, *, part: str, crash_at: str) -> int:
        """Let a process of that part die at the crash point; return its exit status."""
        row = self.office.connection.pk if part == "sender" else self.journal.pk
        return self.doomed.run(part=part, row=row, crash_at=crash_at)

    def states(self) -> list[str]:
        """Return the states of the journal's batches."""
        return list(self.journal.batches.values_list("state", flat=True))


@pytest.fixture
def scene(
    committed_office: Office, later: Later, doomed: Doomed, sandbox: SandboxServer, settings: Any
) -> Scene:
    """Return an office with a journal that was just imported."""
    # The clock stands still while work is done: a dead worker's lease would never end.
    settings.HUB_REFRESH_PATIENCE_SECONDS = 0.1
    lines = [line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")]
    journal = committed_office.journal(lines=lines)
    return Scene(committed_office, journal, later, doomed, sandbox.url)


# --- What has happened when the process starts ----------------------------------------------


def nothing_yet(scene: Scene) -> None:
    """Leave the journal as it was imported."""


def pressed(scene: Scene) -> None:
    """Let a person press Send."""
    sending.request_sending(
        journal=scene.journal, by=scene.office.member.user, now=datetime.now(UTC)
    )


def checked(scene: Scene) -> None:
    """Let the check against the ledger pass."""
    pressed(scene)
    preparing.prepare(journal_id=scene.journal.pk, clock=lambda: datetime.now(UTC))


def token_expired(scene: Scene) -> None:
    """Let the access token have expired since."""
    checked(scene)
    Connection.objects.update(expires_at=datetime.now(UTC))


def answer_lost_soon(scene: Scene) -> None:
    """Let the next batch be stored and its answer be lost."""
    checked(scene)
    scene.office.store.add_fault("lose_answer", company=scene.office.tenant_id)


def unknown(scene: Scene) -> None:
    """Let the batch be in the ledger, and the hub not know it."""
    answer_lost_soon(scene)
    scene.die(part="sender", crash_at="deliver.after_unknown")
    Lease.objects.update(owner="")
    Batch.objects.update(not_before=datetime.now(UTC))


def to_be_released(scene: Scene) -> None:
    """Let the batch be posted, and its release be wanted and not asked for."""
    Mapping.objects.update(release=True)
    checked(scene)
    scene.die(part="sender", crash_at="prove.posted")
    Lease.objects.update(owner="")


def claimed_by_the_dead(scene: Scene) -> None:
    """Let a worker have died with a claim, long enough ago."""
    checked(scene)
    scene.die(part="sender", crash_at="deliver.after_call")
    Batch.objects.update(lease_until=datetime.now(UTC) - timedelta(seconds=1))


def started_again(scene: Scene) -> None:
    """Let a worker have started since, so that the ledger is asked first."""
    checked(scene)
    note_a_gap()


def posted_before_a_restore(scene: Scene) -> None:
    """Let the ledger hold the batch, and a database that was put back not know it."""
    own = marked_key("7F3K2AB", installation=installation.identity())
    Batch.objects.update(key=own)
    checked(scene)
    scene.later(0)
    Attempt.objects.all().delete()
    Batch.objects.update(
        state="ready", vendor_number="", proven_at=None, sent_at=None, not_before=datetime.now(UTC)
    )
    note_a_gap()


def note_a_gap() -> None:
    """Do what the first look of a worker that has just started does."""
    now = datetime.now(UTC)
    continuity.note_gap(installation.look(now=now), living.START, now=now)


@dataclass(frozen=True)
class KillPoint:
    """
    Where a process dies.

    :param part: which process it is, of `tests.recovery.doomed`
    :param before: what has happened when it starts
    :param in_ledger: the batches in the ledger when it died
    :param counts: whether the person's press counts; if not, the person presses again
    :param signs_in: whether a person must sign in again, since a one-time token may be used up
    """

    part: str
    before: Callable[[Scene], None]
    in_ledger: int = 0
    counts: bool = True
    signs_in: bool = False


KILL_POINTS: dict[str, KillPoint] = {
    "press.begun": KillPoint("web", nothing_yet, counts=False),
    "press.written": KillPoint("web", nothing_yet, counts=False),
    "press.committed": KillPoint("web", nothing_yet),
    "press.enqueued": KillPoint("web", nothing_yet),
    "prepare.after_lease": KillPoint("preparer", pressed),
    "prepare.asked": KillPoint("preparer", pressed),
    "prepare.frozen": KillPoint("preparer", pressed),
    "gap.noted": KillPoint("starter", checked),
    "proof.asked": KillPoint("sender", started_again),
    "proof.stored": KillPoint("sender", started_again),
    "refresh.asked": KillPoint("sender", token_expired, signs_in=True),
    "refresh.after_call": KillPoint("sender", token_expired, signs_in=True),
    "refresh.stored": KillPoint("sender", token_expired),
    "deliver.after_lease": KillPoint("sender", checked),
    "deliver.after_claim": KillPoint("sender", checked),
    "deliver.after_call": KillPoint("sender", checked, in_ledger=1),
    "deliver.after_failure": KillPoint("sender", answer_lost_soon, in_ledger=1),
    "deliver.after_unknown": KillPoint("sender", answer_lost_soon, in_ledger=1),
    "deliver.stored": KillPoint("sender", checked, in_ledger=1),
    "prove.read": KillPoint("sender", checked, in_ledger=1),
    "prove.posted": KillPoint("sender", checked, in_ledger=1),
    "look_up.after_claim": KillPoint("sender", unknown, in_ledger=1),
    "look_up.asked": KillPoint("sender", unknown, in_ledger=1),
    "look_up.recorded": KillPoint("sender", unknown, in_ledger=1),
    "release.asked": KillPoint("sender", to_be_released, in_ledger=1),
    "release.recorded": KillPoint("sender", to_be_released, in_ledger=1),
    "sweep.begun": KillPoint("sweeper", checked),
    "recover.found": KillPoint("sweeper", claimed_by_the_dead, in_ledger=1),
    "recover.marked": KillPoint("sweeper", claimed_by_the_dead, in_ledger=1),
    "sweep.enqueued": KillPoint("sweeper", checked),
    "schedule.due": KillPoint("schedule", pressed),
    "schedule.published": KillPoint("schedule", pressed),
}


STOPPED = "proof.stopped"


@pytest.mark.processes
@pytest.mark.parametrize("crash_at", KILL_POINTS)
def test_b07_a_process_killed_anywhere_leaves_one_batch_in_the_ledger(
    scene: Scene, crash_at: str, record_property: Callable[[str, object], None]
) -> None:
    point = KILL_POINTS[crash_at]
    point.before(scene)

    status = scene.die(part=point.part, crash_at=crash_at)
    in_ledger = len(scene.office.ledger())
    counted = scene.states() != ["draft"]
    if not counted:
        pressed(scene)
    scene.later(0)
    if not counted:
        scene.person_did.append("pressed again")
    for seconds in (40, 75, 150, 260, 450, 500):
        scene.later(seconds)
        scene.sign_in_if_asked()

    record_property(
        KILL_POINT,
        f"{crash_at}: {in_ledger} in the ledger then, {len(scene.office.ledger())} now, "
        + "; ".join([*scene.states(), *scene.person_did]),
    )
    assert status == -signal.SIGKILL
    assert in_ledger == point.in_ledger
    assert counted == point.counts
    assert ("signed in again" in scene.person_did) == point.signs_in
    assert scene.states() == ["released" if Mapping.objects.get().release else "posted"]
    assert len(scene.office.ledger()) == 1
    afterwards = datetime.now(UTC) + timedelta(seconds=500)
    assert not Lease.objects.exclude(owner="").filter(until__gt=afterwards).exists()


@pytest.mark.processes
def test_b18_a_worker_killed_as_it_stops_an_older_database_leaves_it_stopped(
    scene: Scene, record_property: Callable[[str, object], None]
) -> None:
    posted_before_a_restore(scene)

    status = scene.die(part="sender", crash_at=STOPPED)
    for seconds in (0, 40, 75, 150, 260, 450, 500):
        scene.later(seconds)

    record_property(KILL_POINT, f"{STOPPED}: 1 in the ledger then, 1 now, {scene.states()[0]}")
    assert status == -signal.SIGKILL
    assert len(scene.office.ledger()) == 1
    assert scene.states() == ["ready"]
    assert isinstance(installation.why_stopped(now=datetime.now(UTC)), installation.LedgerKnowsMore)


@pytest.mark.processes
def test_b08_a_worker_killed_in_a_call_leaves_a_trace_of_it(scene: Scene) -> None:
    checked(scene)

    scene.die(part="sender", crash_at="deliver.after_call")

    attempt = Attempt.objects.get()
    assert (attempt.kind, attempt.outcome, attempt.ended_at) == ("post", "", None)


class TestTheListOfCrashPoints:
    def test_names_exactly_those_that_the_code_has(self) -> None:
        calls = [
            name
            for app in APPS
            for path in (ROOT / app).rglob("*.py")
            for name in re.findall(r'\bcrash_point\(\s*"([^"]+)"', path.read_text("utf-8"))
        ]

        assert sorted(calls) == sorted(CRASH_POINTS)

    def test_names_only_those_that_a_process_is_killed_at(self) -> None:
        of_theirs = map(of_payments.boundary_of, of_payments.KILL_POINTS)

        assert {*KILL_POINTS, STOPPED, *of_theirs} == set(CRASH_POINTS)


class TestReached:
    @pytest.fixture(autouse=True)
    def _forget_the_order(self) -> Iterator[None]:
        crash_points._crash_ordered.cache_clear()
        yield
        crash_points._crash_ordered.cache_clear()

    @pytest.fixture
    def killed(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
        calls: list[tuple[int, int]] = []
        monkeypatch.setattr(os, "kill", lambda pid, number: calls.append((pid, number)))
        return calls

    def test_does_nothing_unless_ordered_to(self, killed: list[tuple[int, int]]) -> None:
        for name in CRASH_POINTS:
            crash_point(name)

        assert killed == []

    def test_kills_this_process_at_the_crash_point_that_was_ordered(
        self, killed: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HUB_DIE_AT", "deliver.after_call")

        crash_point("deliver.after_claim")
        crash_point("deliver.after_call")

        assert killed == [(os.getpid(), signal.SIGKILL)]

    def test_cannot_do_anything_in_production(
        self, killed: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(django_settings, "HUB_SANDBOX", False)
        monkeypatch.setenv("HUB_DIE_AT", "deliver.after_call")

        crash_point("deliver.after_call")

        assert killed == []

    def test_refuses_a_name_that_is_not_a_crash_point(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HUB_DIE_AT", "deliver.nowhere")

        with pytest.raises(ValueError, match=r"deliver\.nowhere"):
            crash_point("deliver.after_call")
