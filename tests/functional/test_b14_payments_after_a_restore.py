"""B14: payments registered after the backup are found in PowerOffice, and none is sent twice."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from payments.models import Payment, Registration, RegistrationAttempt
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


def posts(office: Office) -> int:
    """Return how many vouchers PowerOffice was asked to make."""
    return len(office.sandbox.store.requests(call="go_create"))


def test_b14_payments_registered_after_the_backup_are_not_registered_twice(
    office: Office,
    take_backup: Callable[[], Restore],  # noqa: F811
) -> None:
    backup_taken_at = datetime.now(UTC)
    restore = take_backup()
    office.fetch()
    numbers = dict(Registration.objects.values_list("reference", "target_number"))
    sent = posts(office)
    assert (len(office.books().payments()), len(numbers), sent) == (7, 7, 7)

    restore()
    assert not Payment.objects.exists()
    out = StringIO()
    words = ["--backup-taken-at", backup_taken_at.isoformat(), "--json"]
    call_command("after_restore", *words, stdout=out)
    office.fetch()
    for seconds in (10, 200, 400, 600):
        office.later(seconds)

    assert json.loads(out.getvalue())["unknown_payments"] == {}
    assert len(office.books().payments()) == 7
    assert posts(office) == sent
    assert dict(Registration.objects.values_list("reference", "target_number")) == numbers
    assert {r.state for r in Registration.objects.all()} == {"registered"}
    kinds = RegistrationAttempt.objects.values_list("kind", "outcome")
    assert sorted(kinds) == [("look_up", "found")] * 7


def test_b14_payments_that_waited_in_the_backup_are_looked_for_before_they_are_sent(
    office: Office,
    take_backup: Callable[[], Restore],  # noqa: F811
) -> None:
    store = office.sandbox.store
    store.add_fault(
        "rate_limited", company="nordvik", vendor="poweroffice-go", on="go_create", times=9
    )
    office.fetch()
    waiting = Registration.objects.filter(state="ready").count()
    backup_taken_at = datetime.now(UTC)
    restore = take_backup()
    store.clear_faults()
    for seconds in (1000, 2000, 3000):
        office.later(seconds)
    sent = posts(office)
    assert len(office.books().payments()) == 7

    restore()
    out = StringIO()
    call_command("after_restore", f"--backup-taken-at={backup_taken_at.isoformat()}", stdout=out)
    for seconds in (3100, 3400, 3700):
        office.later(seconds)

    assert waiting == 7
    assert "7 payments" in out.getvalue()
    assert posts(office) == sent
    assert len(office.books().payments()) == 7
    assert {r.state for r in Registration.objects.all()} == {"registered"}
