"""B18: a restored or copied installation registers no payment twice, whatever was forgotten."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from accounts import living
from accounts.models import Installation, LedgerProof
from accounts.operations import continuity, installation
from payments.models import Registration
from tests.functional.restoring import Restore, take_backup  # noqa: F401
from tests.payments.real_time import Office


@pytest.fixture
def office(
    transactional_db: None,
    sandbox: Any,
    run_due_work: Callable[..., int],
    settings: Any,
    tmp_path: Path,
) -> Office:
    settings.HUB_DATA_DIR = tmp_path
    return Office(sandbox, run_due_work)


def worker_starts() -> None:
    """Do what the first look of a worker that has just started does."""
    now = datetime.now(UTC)
    continuity.note_gap(installation.look(now=now), living.START, now=now)
    installation.beat(now=now)


def as_another_process(restore: Restore) -> None:
    """Put the database back, and the data folder with it."""
    restore()
    installation.marker_path().unlink(missing_ok=True)
    installation._memory.clear()
    worker_starts()


def posts(office: Office) -> int:
    """Return how many vouchers PowerOffice was asked to make."""
    return len(office.sandbox.store.requests(call="go_create"))


def statements(office: Office) -> int:
    """Return how often PowerOffice was asked for a statement."""
    return sum(
        "/Statement" in request.path
        for request in office.sandbox.store.requests()
        if request.vendor == "poweroffice-go"
    )


def test_b18_payments_of_a_snapshot_that_waited_in_it_are_not_registered_twice(
    office: Office,
    take_backup: Callable[[], Restore],  # noqa: F811
) -> None:
    store = office.sandbox.store
    store.add_fault(
        "rate_limited", company="nordvik", vendor="poweroffice-go", on="go_create", times=9
    )
    worker_starts()
    office.fetch()
    restore = take_backup()
    store.clear_faults()
    for seconds in (1000, 2000, 3000):
        office.later(seconds)
    sent = posts(office)
    assert len(office.books().payments()) == 7

    as_another_process(restore)
    for seconds in (3100, 3400, 3700):
        office.later(seconds)

    assert posts(office) == sent
    assert len(office.books().payments()) == 7


def test_b18_payments_fetched_again_into_a_snapshot_are_not_registered_twice(
    office: Office,
    take_backup: Callable[[], Restore],  # noqa: F811
) -> None:
    worker_starts()
    restore = take_backup()
    office.fetch()
    sent = posts(office)
    assert len(office.books().payments()) == 7

    as_another_process(restore)
    office.fetch()
    for seconds in (10, 200, 400, 600):
        office.later(seconds)

    assert posts(office) == sent
    assert len(office.books().payments()) == 7
    # Nothing had ever been registered from here: each is found again, and nothing else stops.
    assert {r.state for r in Registration.objects.all()} == {"registered"}
    assert Installation.objects.get().stopped_at is None


def test_b18_payments_known_elsewhere_stop_a_database_that_has_registered_before(
    office: Office,
    take_backup: Callable[[], Restore],  # noqa: F811
) -> None:
    worker_starts()
    office.fetch()
    first = Registration.objects.order_by("pk").first()
    assert first is not None
    sent = posts(office)
    Registration.objects.exclude(pk=first.pk).update(
        state="ready", target_id="", target_number="", not_before=datetime.now(UTC)
    )
    for one in Registration.objects.exclude(pk=first.pk):
        one.attempts.all().delete()

    worker_starts()
    for seconds in (10, 200, 400):
        office.later(seconds)

    assert posts(office) == sent
    assert Installation.objects.get().stopped_at is not None
    waiting = Registration.objects.filter(state="ready")
    assert set(waiting.values_list("failure_code", flat=True)) == {"LedgerKnowsMore"}


def test_b18_a_normal_start_asks_once_and_registers(office: Office) -> None:
    worker_starts()
    before = statements(office)

    office.fetch()

    assert {r.state for r in Registration.objects.all()} == {"registered"}
    assert statements(office) - before <= 2
    assert LedgerProof.objects.get().work == "payments"


def test_b18_a_payment_cannot_be_claimed_after_a_gap(office: Office) -> None:
    office.sandbox.store.add_fault(
        "rate_limited", company="nordvik", vendor="poweroffice-go", on="go_create", times=9
    )
    office.fetch()
    waiting = Registration.objects.filter(state="ready").first()
    assert waiting is not None
    worker_starts()

    won = waiting.claim(owner="me", now=waiting.not_before, lease_seconds=30)

    assert not won
