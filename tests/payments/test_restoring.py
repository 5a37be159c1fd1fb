"""After a restore the target is asked before a payment is registered (B14)."""

from datetime import timedelta

import pytest

from accounts.models import Restore
from connectors.errors import Unavailable
from outbox import recovery
from payments.models import Payment, Registration, Settlement
from payments.operations import deciding, matching_by_hand
from payments.operations.restoring import REGISTRATIONS
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def pause(settings):
    settings.HUB_LOOK_UP_INTERVAL_SECONDS = 180


def two_payments(office: Office) -> None:
    office.target.invoices = [billed("1001", "1000.00"), billed("1002", "1000.00")]
    office.source.payments = [
        paid(1, "1000.00", invoice_number="1001"),
        paid(2, "1000.00", invoice_number="1002"),
    ]


def declare_restore(office: Office) -> None:
    """Let the database have been restored now."""
    office.now += timedelta(seconds=1)
    Restore.objects.create(
        at=office.now,
        backup_taken_at=office.now - timedelta(days=1),
        watch_until=office.now + timedelta(days=100),
    )


def forget_payments(office: Office) -> None:
    """Let the database be one of before the fetch."""
    Registration.objects.all().delete()
    Settlement.objects.all().delete()
    Payment.objects.all().delete()
    declare_restore(office)


def states() -> list[str]:
    return sorted(Registration.objects.values_list("state", flat=True))


def test_b14_what_the_target_holds_is_found_and_not_sent(office):
    two_payments(office)
    office.fetch()
    posts = list(office.target.posts)
    forget_payments(office)

    office.fetch(full=True)
    for _ in range(3):
        office.work(seconds=200)

    assert office.target.posts == posts
    assert states() == ["registered", "registered"]
    assert {r.target_id for r in Registration.objects.all()} == {f"v-{one}" for one in posts}
    assert len(office.source.marked) == 2


def test_b14_what_the_target_does_not_hold_is_sent_after_two_look_ups(office):
    two_payments(office)
    declare_restore(office)

    office.fetch()
    assert (office.target.posts, office.target.look_ups) == ([], 2)
    waiting = Registration.objects.first()
    assert (waiting.state, waiting.failure_code) == ("unknown", "TargetIsAsked")
    office.work(seconds=100)
    assert (office.target.posts, office.target.look_ups) == ([], 2)
    office.work(seconds=100)

    assert (len(office.target.posts), office.target.look_ups) == (2, 4)
    assert states() == ["registered", "registered"]
    assert set(Registration.objects.values_list("failure_code", flat=True)) == {""}


def test_b14_a_restore_declared_beside_a_worker_takes_the_payment_out_of_its_hands(office):
    two_payments(office)
    office.target.fault = lambda payment: Unavailable(vendor="PowerOffice")
    office.fetch()
    waiting = Registration.objects.first()
    declare_restore(office)
    claim = {"owner": "me", "lease_seconds": 30, "now": office.now + timedelta(hours=1)}

    claimed = waiting.claim(**claim)
    Restore.objects.all().delete()
    afterwards = waiting.claim(**claim)

    assert (claimed, afterwards) == (False, True)


def test_b14_a_second_restore_puts_unknown_again_what_waits(office):
    two_payments(office)
    office.target.fault = lambda payment: Unavailable(vendor="PowerOffice")
    declare_restore(office)
    office.fetch()
    office.work(seconds=200)
    assert states() == ["ready", "ready"]
    asked = office.target.look_ups
    office.target.fault = lambda payment: None

    declare_restore(office)
    office.work(seconds=200)

    assert office.target.look_ups == asked + 2
    assert states() == ["unknown", "unknown"]


def test_b14_a_payment_that_stood_on_another_invoice_waits_for_a_person(office):
    two_payments(office)
    office.source.payments = [paid(1, "1000.00", invoice_number="")]
    office.fetch()
    by = office.member.user
    invoices = {i.number: i for i in office.client.invoices.all()}
    hand = {"amount": None, "reason": "", "by": by}
    matching_by_hand.match_by_hand(
        payment=Payment.objects.get(), invoice=invoices["1001"], now=office.now, **hand
    )
    office.work(seconds=1)
    [there] = office.target.posts
    forget_payments(office)
    office.fetch(full=True)

    matching_by_hand.match_by_hand(
        payment=Payment.objects.get(), invoice=invoices["1002"], now=office.now, **hand
    )
    for _ in range(3):
        office.work(seconds=200)

    registration = Registration.objects.get()
    assert (registration.state, registration.failure_code) == (
        "needs_person",
        "OtherSinceTheBackup",
    )
    assert registration.failure_params["vouchers"].startswith("n-Visma 1001")
    assert office.target.posts == [there]

    deciding.decide(registration=registration, choice="not_there", by=by, now=office.now)
    office.work(seconds=1)

    assert len(office.target.posts) == 2
    assert states() == ["registered"]


def test_b14_what_was_unknown_before_is_asked_about_from_the_beginning(office):
    two_payments(office)
    office.fetch()
    Registration.objects.update(state="unknown", target_id="", empty_look_ups=1)
    office.target.registered = {}
    office.now += timedelta(seconds=200)
    declare_restore(office)

    recovery.ask_again(now=office.now)
    assert recovery.count_unknown(REGISTRATIONS) == {"unknown": 2}
    office.work(seconds=1)

    assert len(office.target.posts) == 2
    assert set(Registration.objects.values_list("empty_look_ups", flat=True)) == {1}
