"""B17: what a person registered in the invoicing system by hand is not registered again."""

from decimal import Decimal

import pytest

from connectors.errors import Rejected, Unavailable
from payments.models import Registration
from payments.operations import deciding
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.conftest import office as office
from tests.payments.test_both_vendors import Office as OfficeBetweenStandIns
from tests.payments.vendors import billed, paid


@pytest.fixture
def going_live(office: Office) -> Office:
    """Two invoices, both paid in Visma; the first was registered by hand before the hub came."""
    office.target.invoices = [billed("1001", "1000.00"), billed("1002", "500.00")]
    office.target.by_hand = {"1001": Decimal("1000.00")}
    office.source.payments = [
        paid(1, "1000.00", invoice_number="1001"),
        paid(2, "500.00", invoice_number="1002"),
    ]
    return office


def there(office: Office) -> dict[str, str]:
    return {p.invoice_number: str(p.amount) for p in office.target.registered.values()}


def waiting() -> Registration:
    return Registration.objects.get(state="needs_person")


def answer(office: Office, choice: str) -> None:
    deciding.decide(registration=waiting(), choice=choice, by=office.member.user, now=office.now)
    office.work()


def test_b17_payments_paid_there_by_hand_are_asked_about_and_the_others_go(going_live):
    going_live.fetch()

    assert there(going_live) == {"1002": "500.00"}
    asked = waiting()
    assert asked.failure_params == {
        "invoice": "1001",
        "balance": "0.00",
        "expected": "1000.00",
        "beyond": "1000.00",
        "amount": "1000.00",
    }
    html = rows.signed_in(going_live.member).get(f"/invoices/payments/{asked.payment_id}/")
    assert "may already be registered there" in html.content.decode()
    assert "It is in PowerOffice" in html.content.decode()


def test_b17_payments_that_a_person_found_there_are_never_sent(going_live):
    going_live.fetch()

    answer(going_live, "there")
    going_live.fetch(full=True)
    going_live.work(3600)

    assert there(going_live) == {"1002": "500.00"}
    assert set(Registration.objects.values_list("state", flat=True)) == {"registered"}


def test_b17_payments_that_are_not_there_are_sent_once_a_person_says_so(going_live):
    going_live.fetch()

    answer(going_live, "not_there")

    assert there(going_live) == {"1001": "1000.00", "1002": "500.00"}


def test_b17_payments_are_asked_about_again_if_less_is_open_than_the_person_saw(going_live):
    going_live.target.by_hand = {"1001": Decimal("400.00")}
    going_live.fetch()
    assert waiting().failure_params["beyond"] == "400.00"
    going_live.target.by_hand = {"1001": Decimal("1000.00")}

    answer(going_live, "not_there")

    assert there(going_live) == {"1002": "500.00"}
    assert waiting().failure_params["balance"] == "0.00"


def test_b17_payments_that_fit_beside_a_part_paid_there_are_registered(going_live):
    going_live.target.by_hand = {"1001": Decimal("400.00")}
    going_live.source.payments[0] = paid(1, "600.00", invoice_number="1001")

    going_live.fetch()

    assert there(going_live) == {"1001": "600.00", "1002": "500.00"}


def test_b17_payments_in_parts_by_the_hub_itself_raise_no_question(going_live):
    going_live.target.by_hand = {}
    going_live.source.payments = [
        paid(1, "400.00", invoice_number="1001"),
        paid(2, "600.00", invoice_number="1001"),
        paid(3, "-600.00", invoice_number="1001"),
        paid(4, "600.00", invoice_number="1001"),
    ]

    going_live.fetch()

    assert len(going_live.target.registered) == 4
    assert set(Registration.objects.values_list("state", flat=True)) == {"registered"}


def test_b17_payments_are_asked_for_together_and_not_one_by_one(office):
    office.target.invoices = [billed(str(1001 + n), "100.00") for n in range(30)]
    office.source.payments = [paid(n, "100.00", invoice_number=str(1000 + n)) for n in range(1, 31)]

    office.fetch()

    assert len(office.target.registered) == 30
    assert len(office.target.balances_asked) == 1


@pytest.mark.parametrize(
    ("failure", "state"),
    [(Unavailable(vendor="PowerOffice"), "ready"), (Rejected(vendor="PowerOffice"), "rejected")],
)
def test_b17_payments_are_not_sent_while_the_balance_is_unknown(going_live, failure, state):
    def refuse(numbers: object) -> None:
        raise failure

    going_live.target.read_balances_of = refuse

    going_live.fetch()

    assert going_live.target.posts == []
    assert state in set(Registration.objects.values_list("state", flat=True))


@pytest.mark.django_db
def test_b17_payments_by_hand_in_power_office_stay_there_once(sandbox, run_due_work):
    office = OfficeBetweenStandIns(sandbox, run_due_work)
    sandbox.store.go_setup.pay("nordvik", "50001", "12500.00", on="2026-08-15")
    sandbox.store.go_setup.pay("nordvik", "50002", "5000.00", on="2026-08-16")

    office.fetch()

    asked = {
        one.failure_params["invoice"]: one
        for one in Registration.objects.filter(state="needs_person")
    }
    assert {number: one.failure_params["beyond"] for number, one in asked.items()} == {
        "50001": "12500.00",
        "50002": "500.00",
    }
    deciding.decide(
        registration=asked["50001"], choice="there", by=office.member.user, now=office.now
    )
    office.work(minutes=3)
    there = office.registered()
    assert (there["50001"], there["50002"]) == (Decimal("12500.00"), Decimal("5000.00"))
