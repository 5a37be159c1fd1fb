"""Every state of payments with every cause: who acts, when it is tried next, and by a press."""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Connection
from accounts.operations import grants
from connectors.errors import Forbidden, NotAuthorized
from organisations.models import Membership
from payments.models import FetchRun, InvoiceClient, Payment, Registration, Settlement
from payments.operations import marking, trying
from payments.queries import waits
from payments.queries.home import tiles as home_tiles
from payments.rules.states import RegistrationState
from payments.rules.trying import NEEDS_ACCESS
from tests import factories
from tests.payments import rows

pytestmark = pytest.mark.django_db

S = RegistrationState
ADMINISTRATOR, FINANCE, NOBODY = (
    "An administrator",
    "Finance staff",
    "Nobody: it continues automatically",
)
PASSES_BY_ITSELF = ("Unavailable", "RateLimited", "OutcomeUnknown", "FreshTokenRefused")
WAITING = sorted(NEEDS_ACCESS)


@pytest.fixture
def me() -> Membership:
    return rows.member()


@pytest.fixture
def client(me: Membership) -> InvoiceClient:
    rows.activate(me.organisation, marker="free3")
    source = rows.account(me.organisation, "businessnxt")
    target = rows.account(me.organisation, "powerofficego")
    return rows.client_of(me.organisation, source=source, target=target)


def registration(client: InvoiceClient, **more: object) -> Registration:
    paid = rows.payment(client)
    settlement = Settlement.objects.create(
        organisation=client.organisation,
        client=client,
        invoice=rows.invoice(client),
        payment=paid,
        amount=paid.amount,
        rule="kid",
        made_at=rows.NOW,
    )
    values = {
        "reference": f"R{paid.pk}",
        "amount": paid.amount,
        "state_at": timezone.now() - timedelta(minutes=5),
        "failure_params": {"vendor": "PowerOffice Go"},
        "failure_at": rows.NOW,
    } | more
    return Registration.objects.create(
        organisation=client.organisation,
        client=client,
        settlement=settlement,
        payment=paid,
        **values,
    )


def revoke(account: Connection) -> None:
    Connection.objects.filter(pk=account.pk).update(state=Connection.State.SIGN_IN_AGAIN)
    account.refresh_from_db()


def later(**more: float) -> datetime:
    return timezone.now() + timedelta(**(more or {"minutes": 4}))


class TestThroughAnAccountThatLetsNobodyIn:
    @pytest.mark.parametrize("state", WAITING)
    @pytest.mark.parametrize("code", PASSES_BY_ITSELF)
    def test_nothing_is_said_to_go_on_by_itself(self, client, state, code):
        one = registration(client, state=state, failure_code=code, not_before=later())
        revoke(client.target)

        shown, wait = waits.failure_of(one), waits.wait_of(one, now=timezone.now())

        assert shown.who_text == ADMINISTRATOR
        assert "signs in" in shown.remedy
        assert shown.action_url == reverse("payments:settings")
        assert wait == waits.Wait(sign_in_for=client.target.name)

    @pytest.mark.parametrize("state", WAITING)
    def test_what_waits_is_due_when_somebody_has_signed_in(self, client, state):
        one = registration(client, state=state, failure_code="NotAuthorized", not_before=later())
        now = timezone.now()

        for act in grants.when_authorised:
            act(client.target, now)

        one.refresh_from_db()
        assert one.not_before <= now

    @pytest.mark.parametrize("state", ["ready", "to_reverse"])
    def test_the_state_says_so_in_lists_and_on_the_page(self, me, client, state):
        one = registration(client, state=state, target_id="7")
        revoke(client.target)
        browser = rows.signed_in(me)

        for address in (
            reverse("payments:payment", args=[one.payment_id]),
            reverse("payments:not_there"),
            reverse("payments:not_there") + "?standing=sign_in",
        ):
            assert "Waiting for a sign-in" in browser.get(address).content.decode()
        waiting = browser.get(reverse("payments:not_there") + "?standing=waiting").content.decode()
        # Above the list the link to those that do says the same.
        assert waiting.count("Waiting for a sign-in") == 1

    def test_it_is_counted_on_the_overview(self, me, client):
        registration(client)
        registration(client, state="rejected", failure_code="Rejected")
        revoke(client.target)

        tiles = {tile["label"]: tile["figure"] for tile in home_tiles(me)}

        assert tiles["Payments waiting for a sign-in"] == 1
        assert tiles["Payments refused"] == 1
        assert "Payments on their way" not in tiles

    def test_an_unknown_outcome_is_not_said_to_be_asked_about(self, me, client):
        registration(client, state="unknown", failure_code="OutcomeUnknown")
        revoke(client.target)

        notes = {tile["label"]: tile["note"] for tile in home_tiles(me)}

        assert notes["Payments with an unknown outcome"] == "An administrator must sign in"

    def test_who_may_sign_in_is_led_there_and_others_learn_whom_to_ask(self, me, client):
        one = registration(client, state="unknown", failure_code="OutcomeUnknown")
        revoke(client.target)
        address = reverse("payments:payment", args=[one.payment_id])
        other = rows.member(me.organisation, "business")

        led = rows.signed_in(me).get(address).content.decode()
        page = rows.signed_in(other).get(address).content.decode()

        assert "Open the accounts" in led
        assert "Open the accounts" not in page
        assert "Ask an administrator." in page
        assert f"{ADMINISTRATOR}</dd>" in page

    def test_a_mark_waits_and_is_not_refused(self, client):
        paid = rows.payment(client, mark_at=rows.NOW)

        class Source:
            capabilities = type("can", (), {"marks": True})

            def mark(self, *_args: object, **_more: object) -> object:
                raise NotAuthorized(vendor="Business NXT")

        marking.mark_some(client, source=Source(), clock=timezone.now)
        revoke(client.source)
        paid = Payment.objects.select_related("client__source").get(pk=paid.pk)

        assert paid.mark == Payment.Mark.NONE
        wait = waits.mark_wait(paid, now=timezone.now())
        assert wait == waits.Wait(sign_in_for=client.source.name)

    def test_a_mark_for_which_a_right_is_missing_is_refused(self, client):
        paid = rows.payment(client, mark_at=rows.NOW)

        class Source:
            capabilities = type("can", (), {"marks": True})

            def mark(self, *_args: object, **_more: object) -> object:
                raise Forbidden(vendor="Business NXT")

        marking.mark_some(client, source=Source(), clock=timezone.now)

        assert Payment.objects.get(pk=paid.pk).mark == Payment.Mark.REFUSED

    @pytest.mark.parametrize("code", PASSES_BY_ITSELF)
    def test_a_block_needs_an_administrator_too(self, client, code):
        blocked = rows.customer(client, push_at=later(), push_failures=2, push_failure_code=code)
        revoke(client.target)

        assert waits.push_failure(blocked).who_text == ADMINISTRATOR
        wait = waits.push_wait(blocked, now=timezone.now())
        assert wait == waits.Wait(sign_in_for=client.target.name)


class TestAStateThatWaitsForAPerson:
    @pytest.mark.parametrize("code", PASSES_BY_ITSELF)
    def test_is_not_said_to_go_on_by_itself(self, client, code):
        """A reversal that was answered unclearly for long is nobody's but a person's."""
        one = registration(client, state="needs_person", failure_code=code)

        shown = waits.failure_of(one)

        assert shown.who_text == FINANCE
        assert "answer here" in shown.remedy
        assert waits.wait_of(one, now=timezone.now()) is None


# State, cause, empty look-ups: what is left to a person's press.
TABLE = {
    (state, code, empty): code not in ("RateLimited", "TargetAskedFirst")
    and not (state == "unknown" and empty)
    for state in WAITING
    for code in (
        "",
        "Unavailable",
        "RateLimited",
        "OutcomeUnknown",
        "NotAuthorized",
        "FreshTokenRefused",
        "TargetAskedFirst",
    )
    for empty in (0, 1)
}


class TestTheNextAttempt:
    @pytest.mark.parametrize(("state", "code", "empty"), TABLE)
    def test_of_a_registration_is_shown_and_its_press_is_real(self, me, client, state, code, empty):
        at, now = later(), timezone.now()
        one = registration(
            client, state=state, failure_code=code, empty_look_ups=empty, not_before=at
        )

        wait = waits.wait_of(one, now=now)
        pressed = trying.try_registration(one, by=me.user, now=now)

        one.refresh_from_db()
        assert wait.next_at == at
        assert bool(wait.try_now_url) is TABLE[state, code, empty]
        assert pressed is (one.not_before <= now) is bool(wait.try_now_url)

    def test_waits_as_long_as_the_vendor_has_asked_for(self, me, client):
        Connection.objects.filter(pk=client.target_id).update(not_before=later(minutes=9))
        client.target.refresh_from_db()
        one = registration(client, failure_code="Unavailable", not_before=later())

        wait = waits.wait_of(one, now=timezone.now())

        assert (wait.next_at, wait.try_now_url) == (client.target.not_before, "")
        assert not trying.try_registration(one, by=me.user, now=timezone.now())

    def test_of_an_unknown_outcome_is_not_before_its_call_can_have_ended(self, client):
        one = registration(
            client, state="unknown", state_at=timezone.now(), not_before=later(seconds=3)
        )

        assert not waits.wait_of(one, now=timezone.now()).try_now_url

    def test_of_a_mark_is_shown_and_its_press_is_real(self, me, client):
        at, now = later(), timezone.now()
        paid = rows.payment(client, mark_at=at)

        wait = waits.mark_wait(paid, now=now)

        assert (wait.next_at, bool(wait.try_now_url)) == (at, True)
        assert trying.try_mark(paid, by=me.user, now=now)
        assert Payment.objects.get(pk=paid.pk).mark_at == now

    @pytest.mark.parametrize(("code", "may"), [("Unavailable", True), ("RateLimited", False)])
    def test_of_a_block_is_shown_and_its_press_is_real(self, me, client, code, may):
        at, now = later(), timezone.now()
        blocked = rows.customer(client, push_at=at, push_failures=1, push_failure_code=code)

        wait = waits.push_wait(blocked, now=now)

        assert (wait.next_at, bool(wait.try_now_url)) == (at, may)
        assert trying.try_push(blocked, by=me.user, now=now) is may

    @pytest.mark.parametrize(("code", "may"), [("Unavailable", True), ("RateLimited", False)])
    def test_of_a_fetch_is_shown_and_its_press_is_real(self, me, client, code, may):
        at, now = later(), timezone.now()
        run = FetchRun.objects.create(
            organisation=client.organisation,
            client=client,
            failures=1,
            failure_code=code,
            not_before=at,
        )

        wait = waits.run_wait(run, now=now)

        assert (wait.next_at, bool(wait.try_now_url)) == (at, may)
        assert waits.run_failure(run).who_text == NOBODY
        assert trying.try_run(run, by=me.user, now=now) is may

    @pytest.mark.parametrize("code", PASSES_BY_ITSELF)
    def test_of_a_fetch_that_was_given_up_is_none(self, client, code):
        run = FetchRun(client=client, state="failed", failures=7, failure_code=code)

        assert waits.run_wait(run, now=timezone.now()) is None
        assert "there is no automatic retry" in waits.run_failure(run).remedy

    def test_is_pressed_on_the_page(self, me, client):
        one = registration(client, failure_code="Unavailable", not_before=later())
        browser = rows.signed_in(me)
        address = reverse("payments:try_registration", args=[one.pk])
        page = reverse("payments:payment", args=[one.payment_id])

        assert f'action="{address}"' in browser.get(page).content.decode()
        browser.post(address)
        again = browser.post(address, follow=True).content.decode()

        assert address not in browser.get(page).content.decode()
        assert "Nothing is waiting that could be tried now." in again

    @pytest.mark.parametrize("name", ["try_registration", "try_mark", "try_push", "try_run"])
    def test_of_another_office_is_not_found(self, client, name):
        one = registration(client, not_before=later())
        run = FetchRun.objects.create(organisation=client.organisation, client=client)
        pk = {
            "try_registration": one.pk,
            "try_mark": one.payment_id,
            "try_push": rows.customer(client, "7").pk,
            "try_run": run.pk,
        }[name]
        stranger = rows.member(factories.organisation())

        answer = rows.signed_in(stranger).post(reverse(f"payments:{name}", args=[pk]))

        assert answer.status_code == 404
