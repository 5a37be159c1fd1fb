"""What nobody foresaw goes to a person with its number, and the rest goes on."""

from dataclasses import replace

import pytest

from connectors.errors import FreshTokenRefused, NotAuthorized
from payments.models import Payment, Registration
from payments.operations import deciding
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid


@pytest.fixture
def two(office: Office) -> Office:
    office.target.invoices = [billed("1001", "100.00"), billed("1002", "200.00")]
    office.source.payments = [
        paid(1, "100.00", invoice_number="1001"),
        paid(2, "200.00", invoice_number="1002"),
    ]
    return office


def states() -> list[str]:
    return list(Registration.objects.order_by("pk").values_list("state", flat=True))


class TestADefectOfOurs:
    def test_over_one_payment_gives_it_to_a_person_and_registers_the_others(self, two):
        def fail(payment):
            return ZeroDivisionError() if payment.invoice_number == "1001" else None

        two.target.fault = fail
        two.fetch()

        first = Registration.objects.earliest("pk")
        assert states() == ["needs_person", "registered"]
        assert (first.failure_code, first.claim_owner) == ("PaymentFault", "")
        assert first.failure_params["request_id"]

    def test_over_a_reversal_gives_it_to_a_person(self, two):
        two.fetch()
        Registration.objects.filter(pk=Registration.objects.earliest("pk").pk).update(
            state="to_reverse"
        )
        two.target.reverse_payment = lambda id: 1 / 0

        two.work(seconds=1)

        assert states() == ["needs_person", "registered"]

    def test_over_a_run_ends_it_with_its_number(self, two):
        two.source.read_payments = lambda query, cursor="": 1 / 0

        run = two.fetch()

        assert (run.state, run.failure_code) == ("failed", "RunFault")
        assert run.failure_params["request_id"]

    def test_over_marks_is_shown_on_the_payments(self, two):
        two.source.mark = lambda keys, marker, value: 1 / 0

        two.fetch()

        assert set(Payment.objects.values_list("mark", "mark_reason")) == {
            ("refused", "fault_of_the_hub")
        }


class TestANumberThatIsGivenAgain:
    def test_leaves_the_older_to_a_person_and_proves_the_new_one(self, two):
        two.source.payments.pop()
        two.fetch()
        (gone,) = two.target.registered
        two.target.registered.clear()
        there = two.target._there
        two.target._there = lambda payment: replace(there(payment), id=f"v-{gone}")
        two.source.payments.append(paid(2, "200.00", invoice_number="1002"))

        two.fetch()
        two.work(seconds=10)

        older, newer = Registration.objects.order_by("pk")
        assert (older.state, older.failure_code) == ("needs_person", "PaymentNumberGivenAgain")
        assert (newer.state, newer.target_id) == ("registered", f"v-{gone}")

    def test_of_one_that_was_reversed_asks_nobody(self, two):
        two.source.payments.pop()
        two.fetch()
        (gone,) = two.target.registered
        two.target.registered.clear()
        Registration.objects.update(state="reversed")
        there = two.target._there
        two.target._there = lambda payment: replace(there(payment), id=f"v-{gone}")
        two.source.payments.append(paid(2, "200.00", invoice_number="1002"))

        two.fetch()
        two.work(seconds=10)

        assert states() == ["reversed", "registered"]


class TestABurstOf401:
    @pytest.mark.parametrize(
        "failure",
        [
            FreshTokenRefused(vendor="PowerOffice", retry_after=60),
            NotAuthorized(vendor="PowerOffice"),
        ],
    )
    def test_refuses_no_payment_and_asks_nobody_to_sign_in(self, two, failure):
        two.target.fault = lambda payment: failure
        two.fetch()
        during = states()
        two.target.fault = lambda payment: None

        two.work(seconds=120)
        two.work(seconds=120)

        assert during == ["ready", "ready"]
        assert states() == ["registered", "registered"]
        assert two.fresh().target.is_authorised

    def test_lets_a_run_go_on_by_itself(self, two):
        read = two.source.read_payments
        two.source.read_payments = self.refuse
        run = two.fetch()
        for _ in range(10):
            two.work(seconds=61)
        run.refresh_from_db()
        during = run.state, run.failure_code
        two.source.read_payments = read

        two.work(seconds=61)

        run.refresh_from_db()
        assert during == ("waiting", "FreshTokenRefused")
        assert run.state == "done"

    @staticmethod
    def refuse(query, cursor=""):
        raise FreshTokenRefused(vendor="Visma", retry_after=60)

    def test_is_said_on_the_page_of_the_run(self, two):
        two.target.fault = lambda payment: FreshTokenRefused(vendor="PowerOffice", retry_after=60)
        run = two.fetch()
        target = two.fresh().target
        type(target).objects.filter(pk=target.pk).update(state="sign_in_again")

        html = rows.signed_in(two.member).get(f"/invoices/runs/{run.pk}/").content.decode()

        assert f"They are waiting for the account {target.name}" in " ".join(html.split())


def test_a_choice_of_a_person_ends_a_mishap(two):
    two.target.fault = lambda payment: ZeroDivisionError()
    two.fetch()
    two.target.fault = lambda payment: None

    for one in Registration.objects.all():
        deciding.decide(registration=one, choice="not_there", by=two.member.user, now=two.now)
    two.work(seconds=1)

    assert states() == ["registered", "registered"]
