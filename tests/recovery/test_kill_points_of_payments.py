"""
A process is killed (SIGKILL) at every crash point of payments and background requests.

One payment is registered: once in the hub, once in PowerOffice, marked in Visma Business.
"""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from accounts import living
from accounts.models import Connection
from accounts.operations import connecting, continuity, installation
from background.models import BackgroundRequest, Lease
from connectors.receivables.shared import PaymentKey
from payments.models import (
    Customer,
    DeniedProject,
    FetchRun,
    Invoice,
    Payment,
    Registration,
    Settlement,
    TimeBlock,
)
from payments.operations import fetching, matching_by_hand, running, undoing
from sandbox.businessnxt import ledger
from tests.payments import rows
from tests.payments.real_time import NORDVIK, Office
from tests.recovery.doomed import Doomed
from tests.recovery.report import KILL_POINT

Later = Callable[[float], int]
MARKER = "IntegrationHub_PaymentRead"
PAID = PaymentKey(journal_number=531, audit_number=1)
"""The one payment that this office fetches."""


@dataclass
class Scene:
    """An office that fetches one payment, and ways to interrupt its work."""

    office: Office
    later: Later
    doomed: Doomed

    def press(self) -> FetchRun:
        """Press Fetch."""
        return fetching.request_fetch(
            client=self.office.fresh(), by=self.office.member.user, now=datetime.now(UTC)
        )

    def run(self) -> FetchRun:
        """Return the run that was pressed last."""
        return FetchRun.objects.latest("pk")

    def registered(self) -> list[str]:
        """Return the references that PowerOffice holds and that are not reversed."""
        return [voucher["reference"] for voucher in self.office.books().payments()]

    def marked(self) -> list[PaymentKey]:
        """Return the keys of the postings that are marked in Visma Business."""
        found = ledger.transactions(self.office.sandbox.store, NORDVIK.company_no)
        return [
            PaymentKey(row["voucherJournalNo"], row["auditNo"])
            for row in found
            if MARKER in row["extra"]
        ]

    def fault(self, kind: str, **more: Any) -> None:
        """Let PowerOffice do that at the next voucher it is asked to make."""
        where = {"company": "nordvik", "vendor": "poweroffice-go", "on": "go_create"}
        self.office.sandbox.store.add_fault(kind, **where | more)

    def die(self, *, part: str, crash_at: str) -> int:
        """Let a process of that part die at the crash point; return its exit status."""
        row = {
            "payments_web": lambda: self.office.client.pk,
            "fetcher": lambda: self.run().pk,
            "registrar": lambda: self.office.client.pk,
            "request_runner": lambda: BackgroundRequest.objects.latest("pk").pk,
            "sweeper": lambda: 0,
        }[part]()
        return self.doomed.run(part=part, row=row, crash_at=crash_at)


@pytest.fixture
def scene(transactional_db: None, sandbox: Any, worker: Any, doomed: Doomed) -> Scene:
    """Return an office that has not fetched anything yet."""
    office = Office(sandbox, worker.run_due_work)
    rows.activate(
        office.organisation, fetch_from=date(2026, 9, 24), marker=MARKER, marker_value="1"
    )
    type(office.client).objects.update(voucher_types=[3])
    return Scene(office, office.later, doomed)


# --- What has happened when the process starts ----------------------------------------------


def nothing_yet(scene: Scene) -> None:
    """Leave the office as it is."""


def pressed(scene: Scene) -> None:
    """Let a person press Fetch."""
    scene.press()


def fetched(scene: Scene) -> None:
    """Let the payment be fetched, and nothing be registered."""
    running.run_fetch(run_id=scene.press().pk, clock=lambda: datetime.now(UTC))


def started_again(scene: Scene) -> None:
    """Let a worker have started since, so that PowerOffice is asked first."""
    fetched(scene)
    now = datetime.now(UTC)
    continuity.note_gap(installation.look(now=now), living.START, now=now)


def answer_lost_soon(scene: Scene) -> None:
    """Let the payment be fetched; the answer of PowerOffice will be lost."""
    fetched(scene)
    scene.fault("lose_answer")


def unknown(scene: Scene) -> None:
    """Let the payment stand in PowerOffice, and the hub not know it."""
    answer_lost_soon(scene)
    scene.die(part="registrar", crash_at="deliver.after_unknown")
    Lease.objects.update(owner="")
    Registration.objects.update(not_before=datetime.now(UTC))


def claimed_by_the_dead(scene: Scene) -> None:
    """Let a worker have died with a claim, long enough ago."""
    fetched(scene)
    scene.die(part="registrar", crash_at="deliver.after_call")
    Registration.objects.update(lease_until=datetime.now(UTC) - timedelta(seconds=1))


def undone(scene: Scene) -> None:
    """Let a person take the registered payment off its invoice again."""
    scene.office.fetch()
    undoing.undo(
        settlement=Settlement.objects.get(payment__isnull=False),
        reason="Meant for another",
        by=scene.office.member.user,
        now=datetime.now(UTC),
    )


def reversed_by_the_dead(scene: Scene) -> None:
    """Let a worker have died while it reversed the payment, long enough ago."""
    undone(scene)
    scene.die(part="registrar", crash_at="deliver.after_call")
    Registration.objects.update(lease_until=datetime.now(UTC) - timedelta(seconds=1))


def blocked(scene: Scene) -> None:
    """Let a customer's credit be stopped in Visma Business, and nothing be registered."""
    fetched(scene)
    assert TimeBlock.objects.get(lifted_at=None).customer == Customer.objects.get(number="10005")


def not_authorised(scene: Scene) -> None:
    """Let a person ask for the account at Visma to be authorised again."""
    source = scene.office.fresh().source
    assert source is not None
    Connection.objects.filter(pk=source.pk).update(
        state=Connection.State.NOT_AUTHORISED, access_token="", expires_at=None
    )
    source.refresh_from_db()
    connecting.authorise_service(connection=source, by=scene.office.member.user)


@dataclass(frozen=True)
class KillPoint:
    """
    Where a process dies.

    Its name is that of the crash point, after what is being done where that says more.

    :param part: which process it is, of `tests.recovery.doomed`
    :param before: what has happened when it starts
    :param there: the payments in PowerOffice when it died
    :param removed: whether a person has removed the payment from its invoice
    :param counts: whether the person's press counts; if not, the person presses again
    """

    part: str
    before: Callable[[Scene], None]
    there: int = 0
    removed: bool = False
    counts: bool = True


KILL_POINTS: dict[str, KillPoint] = {
    "ask.begun": KillPoint("payments_web", nothing_yet, counts=False),
    "ask.written": KillPoint("payments_web", nothing_yet, counts=False),
    "ask.committed": KillPoint("payments_web", nothing_yet),
    "ask.enqueued": KillPoint("payments_web", nothing_yet),
    "fetch.after_claim": KillPoint("fetcher", pressed),
    "fetch.read": KillPoint("fetcher", pressed),
    "fetch.stored": KillPoint("fetcher", pressed),
    "fetch.ended": KillPoint("fetcher", pressed),
    "fetch.recorded": KillPoint("fetcher", pressed),
    "register proof.asked": KillPoint("registrar", started_again),
    "register deliver.after_lease": KillPoint("registrar", fetched),
    "register deliver.after_claim": KillPoint("registrar", fetched),
    "register deliver.after_call": KillPoint("registrar", fetched, there=1),
    "register deliver.after_failure": KillPoint("registrar", answer_lost_soon, there=1),
    "register deliver.after_unknown": KillPoint("registrar", answer_lost_soon, there=1),
    "register deliver.stored": KillPoint("registrar", fetched, there=1),
    "register look_up.after_claim": KillPoint("registrar", unknown, there=1),
    "register look_up.asked": KillPoint("registrar", unknown, there=1),
    "register look_up.recorded": KillPoint("registrar", unknown, there=1),
    "register recover.found": KillPoint("sweeper", claimed_by_the_dead, there=1),
    "register recover.marked": KillPoint("sweeper", claimed_by_the_dead, there=1),
    "reverse deliver.after_claim": KillPoint("registrar", undone, there=1, removed=True),
    "reverse deliver.after_call": KillPoint("registrar", undone, removed=True),
    "reverse deliver.stored": KillPoint("registrar", undone, removed=True),
    "reverse recover.marked": KillPoint("sweeper", reversed_by_the_dead, removed=True),
    "mark.after_call": KillPoint("registrar", fetched, there=1),
    "mark.stored": KillPoint("registrar", fetched, there=1),
    "block.noted": KillPoint("registrar", blocked, there=1),
    "block.denied": KillPoint("registrar", blocked, there=1),
    "background_request.after_claim": KillPoint("request_runner", not_authorised),
    "background_request.done": KillPoint("request_runner", not_authorised),
    "background_request.stored": KillPoint("request_runner", not_authorised),
}


def boundary_of(name: str) -> str:
    """Return the crash point of a kill point."""
    return name.rpartition(" ")[2]


@pytest.mark.processes
@pytest.mark.parametrize("name", KILL_POINTS)
def test_b07_a_process_killed_anywhere_leaves_one_payment_in_poweroffice(
    scene: Scene, name: str, record_property: Callable[[str, object], None]
) -> None:
    point, crash_at = KILL_POINTS[name], boundary_of(name)
    point.before(scene)

    status = scene.die(part=point.part, crash_at=crash_at)
    there = len(scene.registered())
    counted = FetchRun.objects.exists() or point.before is not_authorised
    for seconds in (0, 40, 75, 150, 260, 450, 500):
        scene.later(seconds)
    if not FetchRun.objects.exists():
        scene.office.fetch()

    states = list(Registration.objects.values_list("state", flat=True))
    record_property(
        KILL_POINT,
        f"{name}: {there} in PowerOffice then, {len(scene.registered())} now, "
        + "; ".join(
            [*states, f"{len(scene.marked())} marked", *([] if counted else ["pressed again"])]
        ),
    )
    assert status == -signal.SIGKILL
    assert there == point.there
    assert counted == point.counts
    assert scene.run().state == "done"
    assert Payment.objects.get().key == PAID
    assert states == ["reversed" if point.removed else "registered"]
    assert len(scene.registered()) == (0 if point.removed else 1)
    assert scene.marked() == [PAID]
    assert Payment.objects.get().mark == "marked"
    assert {p["code"] for p in scene.office.books().projects.values() if p["deny_time"]} == {
        row.code for row in DeniedProject.objects.exclude(done_at=None)
    }
    assert DeniedProject.objects.filter(done_at=None).count() == 0
    assert not BackgroundRequest.objects.exclude(state="done").exists()
    assert all(account.is_authorised for account in Connection.objects.all())
    afterwards = datetime.now(UTC) + timedelta(seconds=600)
    assert not Lease.objects.exclude(owner="").filter(until__gt=afterwards).exists()


@pytest.mark.processes
def test_b07_a_payment_of_which_nothing_came_is_looked_for_twice_and_then_registered(
    scene: Scene,
) -> None:
    fetched(scene)

    scene.die(part="registrar", crash_at="deliver.after_claim")
    scene.later(40)
    scene.later(45)
    scene.later(260)
    between = len(scene.registered())
    scene.later(450)

    kinds = Registration.objects.get().attempts.order_by("pk").values_list("kind", "outcome")
    assert between == 0
    assert len(scene.registered()) == 1
    assert list(kinds) == [
        ("register", ""),
        ("look_up", "not_found"),  # the call may still run: it does not count
        ("look_up", "not_found"),
        ("look_up", "not_found"),
        ("register", "ok"),
    ]


MOVED = (
    *("deliver.after_claim", "deliver.after_call", "deliver.stored"),
    *("deliver.after_claim:2", "deliver.after_call:2", "deliver.stored:2", "mark.after_call"),
)
"""While it is taken off the one invoice, and then while it is put on the other."""


@pytest.mark.processes
@pytest.mark.parametrize("crash_at", MOVED)
@pytest.mark.parametrize("refused", ["", "bad_gateway"])
def test_b11_a_payment_that_is_moved_never_stands_on_two_invoices(
    scene: Scene, crash_at: str, refused: str
) -> None:
    undone(scene)
    paid = Payment.objects.get()
    other = Invoice.objects.exclude(settlements__payment=paid).filter(
        is_credit_note=False, posted_amount__gte=paid.amount, currency="NOK"
    )[0]
    matching_by_hand.match_by_hand(
        payment=paid,
        invoice=other,
        amount=None,
        reason="Meant for this one",
        by=scene.office.member.user,
        now=datetime.now(UTC),
        across=True,
    )
    if refused:
        scene.fault(refused, on="go_reverse")

    scene.die(part="registrar", crash_at=crash_at)
    most = len(scene.registered())
    for seconds in (0, 40, 75, 150, 260, 450, 500, 900):
        scene.later(seconds)
        most = max(most, len(scene.registered()))

    assert most == 1
    (there,) = scene.office.books().payments()
    lines = {line["invoice_no"] for line in there["lines"]}
    assert other.number in lines
    assert sorted(Registration.objects.values_list("state", flat=True)) == [
        "registered",
        "reversed",
    ]
