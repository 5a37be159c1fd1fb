"""PowerOffice Go as a target of payments and time blocks, against the sandbox over HTTP."""

import threading
from datetime import date
from decimal import Decimal

import pytest
from werkzeug import Response

from connectors.errors import (
    BadAnswer,
    FreshTokenRefused,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from connectors.powerofficego import errors
from connectors.receivables.shared import FindingLevel
from connectors.receivables.target import PaymentTarget
from sandbox import receivables_story as story
from tests.connectors.powerofficego.conftest import (
    NOW,
    RealTokens,
    payment,
    reference,
    sign_in,
)
from tests.in_process import InProcess

YEAR_END = date(2026, 12, 31)


class TestSigningIn:
    def test_gives_a_token_and_the_client_it_reaches(self, go):
        grant = sign_in(go.server.url, story.NORDVIK.client_key).service_grant(
            tenant_id="", now=NOW
        )

        assert grant.tenant_id == go.books().client["client_id"]
        assert grant.expires_in == 1200
        assert grant.access_token not in repr(grant)

    def test_refuses_a_client_key_that_nobody_has(self, go):
        with pytest.raises(errors.ClientKeyRefused) as caught:
            sign_in(go.server.url, "made-up").service_grant(tenant_id="", now=NOW)

        assert "made-up" not in str(caught.value)

    def test_never_lets_another_client_in_under_a_connections_name(self, go):
        nordvik = go.books("nordvik").client["client_id"]

        with pytest.raises(errors.OtherClient) as caught:
            sign_in(go.server.url, story.HAVGLOTT.client_key).service_grant(
                tenant_id=nordvik, now=NOW
            )

        assert caught.value.params["client"] == "Havgløtt Rørlegger AS"

    def test_tells_the_operator_of_a_wrong_subscription_key(self, go):
        wrong = sign_in(go.server.url, story.NORDVIK.client_key, subscription_key="wrong")

        with pytest.raises(errors.SubscriptionRefused):
            wrong.service_grant(tenant_id="", now=NOW)

    @pytest.mark.parametrize("kind", ["cut_before", "lose_answer", "bad_gateway", "unavailable"])
    def test_calls_an_outage_unavailable(self, go, kind):
        go.fault(kind, "go_token")

        with pytest.raises(Unavailable):
            sign_in(go.server.url, story.NORDVIK.client_key).service_grant(tenant_id="", now=NOW)

    def test_waits_when_it_asks_too_often(self, go):
        go.fault("rate_limited", "go_token", retry_after=3)

        with pytest.raises(RateLimited) as caught:
            sign_in(go.server.url, story.NORDVIK.client_key).service_grant(tenant_id="", now=NOW)

        assert caught.value.retry_after == 3

    def test_an_expired_token_is_replaced_once_also_for_a_payment(self, go):
        client = go.client()
        client.read_lock_date()
        go.server.store.go_setup.expire_tokens()

        client.register_payment(payment())

        assert len(go.books().payments()) == 1

    def test_a_fresh_token_that_is_refused_is_an_outage_and_no_sign_in(self, go):
        go.fault("unauthorized", "go", times=None)

        with pytest.raises(FreshTokenRefused):
            go.client().read_lock_date()


class TestReading:
    def test_keeps_the_promise_of_a_target(self, go):
        assert isinstance(go.client(), PaymentTarget)

    def test_says_whom_it_reaches(self, go):
        client = go.client().read_client()

        assert (client.name, client.currency) == ("Nordvik Eiendomsdrift AS", "NOK")

    def test_reads_every_invoice_over_pages(self, go):
        invoices = {one.number: one for one in go.client(page_size=4).read_invoices()}

        assert len(invoices) == len(story.NORDVIK.invoices)
        assert invoices["50001"].kid == story.kid(10001, "50001")
        assert invoices["50001"].balance == Decimal("12500.00")
        assert invoices["50005"].is_credit_note
        assert invoices["50005"].amount == Decimal("-6250.00")
        assert invoices["50005"].credits_number == "50004"
        assert invoices["50004"].balance == 0

    def test_reads_an_invoice_in_another_currency(self, go):
        invoice = next(
            one for one in go.client("havglott").read_invoices() if one.number == "70001"
        )

        assert (invoice.amount, invoice.currency) == (Decimal("1000.00"), "EUR")
        assert invoice.posted_amount == Decimal("11500.00")

    @pytest.mark.parametrize("case", ["pascal", "camel"])
    def test_reads_either_case(self, go, case):
        go.server.store.set(go_case=case)

        customers = {one.number: one for one in go.client().read_customers()}

        assert customers["20004"].external_number == "10004"
        assert customers["20004"].account_id

    def test_an_empty_list_is_no_failure(self, go):
        assert list(go.client("storsalg").read_invoices()) == []
        assert list(go.client("storsalg").read_open_items(on=YEAR_END)) == []

    def test_reads_only_what_has_changed(self, go):
        client = go.client()
        latest = max(one.changed_at for one in client.read_invoices())
        client.register_payment(payment())

        changed = [one.number for one in client.read_invoices(changed_since=latest)]

        assert changed == ["50002"]

    def test_tells_what_was_open_at_a_date(self, go):
        client = go.client()
        client.register_payment(payment())

        def open_on(day: date) -> Decimal:
            items = client.read_open_items(on=day)
            return sum((one.balance for one in items if one.invoice_number == "50002"), Decimal(0))

        assert open_on(date(2026, 8, 15)) == Decimal("8000.00")
        assert open_on(date(2026, 8, 16)) == Decimal("4500.00")

    def test_the_statement_shows_our_reference_and_what_was_matched(self, go):
        client = go.client()
        client.register_payment(payment())

        ours = [
            one
            for one in client.read_statement(first=date(2026, 8, 1), last=YEAR_END)
            if one.is_ours
        ]

        assert [(one.reference, one.amount) for one in ours] == [
            (reference(1), Decimal("-3500.00"))
        ]
        assert ours[0].match_id

    @pytest.mark.parametrize("kind", ["bad_gateway", "server_error", "unavailable", "cut_before"])
    def test_a_read_that_fails_is_unavailable(self, go, kind):
        go.fault(kind, "go_invoices")

        with pytest.raises(Unavailable):
            list(go.client().read_invoices())

    def test_nothing_is_guessed_of_an_answer_that_cannot_be_read(self, go):
        go.fault("garbled", "go_invoices")

        with pytest.raises(BadAnswer):
            list(go.client().read_invoices())

    def test_names_the_privilege_that_is_missing(self, go):
        go.server.store.go_setup.set_client("nordvik", valid_privileges=["Customer"])

        with pytest.raises(errors.PrivilegeMissing) as caught:
            list(go.client().read_invoices())

        assert "OutgoingInvoice" in caught.value.detail


class TestCheckSetup:
    def test_finds_nothing_wrong(self, go):
        findings = go.client().check_setup(account="1579")

        assert [(one.level, one.code) for one in findings] == [(FindingLevel.OK, "lock_date")]

    @pytest.mark.parametrize("account", ["1930", "4711", "x"])
    def test_finds_an_account_that_cannot_be_used(self, go, account):
        findings = go.client().check_setup(account=account)

        assert findings[0].code == "account_unusable"
        assert findings[0].params == {"account": account}

    def test_warns_of_the_privilege_that_a_reversal_needs(self, go):
        valid = go.books().client["valid_privileges"]
        go.server.store.go_setup.set_client(
            "nordvik", valid_privileges=[one for one in valid if one != "YearEndVoucher_Full"]
        )

        found = go.client().check_setup(account="1579")

        assert [(one.level, one.code) for one in found] == [
            (FindingLevel.WARNING, "privilege_to_reverse_missing"),
            (FindingLevel.OK, "lock_date"),
        ]
        assert found[0].params == {"privilege": "YearEndVoucher_Full"}

    def test_finds_that_nothing_can_be_posted_on_a_control_account(self, go):
        findings = go.client().check_setup(account="1500")

        assert (findings[0].level, findings[0].code) == (FindingLevel.PROBLEM, "account_is_control")
        assert go.client().read_control_accounts() == {"1500", "2400"}

    def test_finds_the_privileges_and_why_they_are_missing(self, go):
        client = go.books().client
        valid = [one for one in client["valid_privileges"] if "Project" not in one]
        go.server.store.go_setup.set_client(
            "nordvik",
            valid_privileges=[one for one in valid if one != "BankVoucher_Full"],
            invalid_privileges=["Project_Full"],
        )

        found = {one.params["privilege"]: one.code for one in go.client().check_setup(account="1")}

        assert found == {
            "Project_Full": "privilege_without_module",
            "BankVoucher_Full": "privilege_missing",
        }


class TestRegisterPayment:
    def test_posts_against_the_clearing_account_and_settles_the_invoice(self, go):
        registered = go.client().register_payment(payment())

        voucher = go.books().payments()[0]
        assert registered.number == str(voucher["number"])
        assert [(one["account_no"], one["cents"]) for one in voucher["lines"]] == [
            (1579, 350000),
            (10002, -350000),
        ]
        assert voucher["imported_no"] == 9002
        assert go.balance_of("50002") == Decimal("4500.00")

    def test_several_part_payments_close_an_invoice(self, go):
        client = go.client()
        for number, amount in enumerate(("3500.00", "4000.00", "500.00")):
            client.register_payment(payment(reference=reference(number), amount=Decimal(amount)))

        assert go.balance_of("50002") == 0

    def test_what_is_paid_too_much_stays_open_on_the_payment(self, go):
        client = go.client()

        client.register_payment(payment(amount=Decimal("8300.50")))

        assert go.balance_of("50002") == 0
        items = client.read_open_items(on=YEAR_END)
        assert [one.balance for one in items if one.reference] == [Decimal("-300.50")]

    def test_a_returned_payment_opens_the_invoice_again(self, go):
        client = go.client()
        client.register_payment(payment(amount=Decimal("8000.00")))

        client.register_payment(
            payment(reference=reference(2), amount=Decimal("-8000.00"), paid_on=date(2026, 8, 20))
        )

        assert go.balance_of("50002") == Decimal("8000.00")

    def test_a_kid_alone_settles_the_equal_amount(self, go):
        registered = go.client().register_payment(
            payment(invoice_number="", amount=Decimal("8000.00"))
        )

        assert registered.invoice_number == ""
        assert go.balance_of("50002") == 0

    def test_a_payment_on_account_settles_nothing(self, go):
        client = go.client()
        on_account = payment(invoice_number="", kid="")
        client.register_payment(on_account)

        found = client.find_payment(on_account)

        assert found is not None
        assert found.matched is False

    def test_looks_up_once_and_then_needs_one_call_a_payment(self, go):
        client = go.client()
        client.register_payment(payment())
        before = len(go.server.store.requests(vendor="poweroffice-go"))

        for number in range(2, 6):
            client.register_payment(payment(reference=reference(number), amount=Decimal("1.00")))

        assert len(go.server.store.requests(vendor="poweroffice-go")) - before == 4

    def test_a_customer_made_meanwhile_is_found(self, go):
        client = go.client("storsalg")
        with pytest.raises(errors.CustomerUnknown):
            client.register_payment(payment(customer_number="30000"))
        go.server.store.go_setup.fill("storsalg", invoices=1, customers=1)

        client.register_payment(payment(customer_number="30000", invoice_number="100000"))

        assert len(go.books("storsalg").payments()) == 1

    @pytest.mark.parametrize(
        ("changes", "failure"),
        [
            ({"paid_on": date(2026, 6, 30)}, errors.LockedDate),
            ({"customer_number": "99999"}, errors.CustomerUnknown),
            ({"customer_number": "Hansen"}, errors.CustomerUnknown),
            ({"account": "1930"}, errors.AccountUnusable),
            ({"account": "4711"}, errors.AccountUnusable),
            ({"amount": Decimal("0.00")}, errors.NotSendable),
            ({"amount": Decimal("1.005")}, errors.NotSendable),
            ({"amount": Decimal("NaN")}, errors.NotSendable),
            ({"reference": ""}, errors.NotSendable),
            ({"currency": "kroner"}, errors.NotSendable),
        ],
    )
    def test_sends_nothing_that_would_be_refused(self, go, changes, failure):
        with pytest.raises(failure):
            go.client().register_payment(payment(**changes))

        assert go.calls("go_create") == 0

    def test_a_control_account_is_refused_with_the_vendors_words(self, go):
        with pytest.raises(Rejected) as caught:
            go.client().register_payment(payment(account="1500"))

        assert "control account" in caught.value.detail
        assert go.books().payments() == []

    def test_a_date_locked_since_we_looked_is_named(self, go):
        client = go.client()
        client.read_lock_date()
        go.server.store.go_setup.set_client("nordvik", lock_date="2026-09-30")

        with pytest.raises(errors.LockedDate) as caught:
            client.register_payment(payment())

        assert caught.value.params["locked"] == "2026-09-30"


class TestTheSamePaymentTwice:
    @pytest.mark.parametrize("status", [400, 409])
    @pytest.mark.parametrize("case", ["pascal", "camel"])
    def test_is_one_voucher(self, go, status, case):
        go.server.store.set(go_duplicate_status=status, go_case=case)
        client = go.client()
        first = client.register_payment(payment())

        second = client.register_payment(payment())

        assert (second.id, second.number) == (first.id, first.number)
        assert len(go.books().payments()) == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"amount": Decimal("3500.01")},
            {"invoice_number": "50007"},
        ],
    )
    def test_with_other_content_is_refused(self, go, changes):
        client = go.client()
        first = client.register_payment(payment())

        with pytest.raises(errors.ReferenceTaken) as caught:
            client.register_payment(payment(**changes))

        assert caught.value.params["voucher"] == first.number

    @pytest.mark.parametrize("status", [400, 409])
    def test_is_not_known_while_the_ledger_does_not_show_it(self, go, status):
        go.server.store.set(go_duplicate_status=status)
        client = go.client()
        client.register_payment(payment())
        go.fault("hidden", "go_statement")

        with pytest.raises(errors.PaymentThere) as caught:
            client.register_payment(payment())

        assert isinstance(caught.value, OutcomeUnknown)

    def test_is_not_known_when_the_ledger_cannot_be_asked(self, go):
        client = go.client()
        client.register_payment(payment())
        go.fault("unavailable", "go_statement")

        with pytest.raises(errors.PaymentUnknown):
            client.register_payment(payment())

    def test_at_the_same_time_is_one_voucher(self, go):
        outcomes = []

        def post() -> None:
            outcomes.append(go.client().register_payment(payment()).number)

        threads = [threading.Thread(target=post) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert len(outcomes) == 4
        assert len(set(outcomes)) == 1
        assert len(go.books().payments()) == 1


class TestUnknown:
    @pytest.mark.parametrize("kind", ["lose_answer", "bad_gateway_after", "server_error_after"])
    def test_a_stored_payment_whose_answer_was_lost_is_found(self, go, kind):
        client = go.client()
        go.fault(kind, "go_create")

        with pytest.raises(errors.PaymentUnknown):
            client.register_payment(payment())

        found = client.find_payment(payment())
        assert found is not None
        assert found.is_like(payment())
        assert found.matched is True

    @pytest.mark.parametrize("kind", ["cut_before", "bad_gateway", "server_error", "unavailable"])
    def test_one_that_was_not_stored_is_not_found(self, go, kind):
        client = go.client()
        go.fault(kind, "go_create")

        with pytest.raises(OutcomeUnknown):
            client.register_payment(payment())

        assert client.find_payment(payment()) is None

    def test_an_answer_that_cannot_be_read_is_unknown(self, go):
        go.fault("garbled", "go_create")

        with pytest.raises(OutcomeUnknown):
            go.client().register_payment(payment())

    def test_a_429_was_not_carried_out(self, go):
        client = go.client()
        go.fault("rate_limited", "go_create", retry_after=7)

        with pytest.raises(RateLimited) as caught:
            client.register_payment(payment())

        assert caught.value.retry_after == 7
        assert go.books().payments() == []

    def test_other_peoples_payments_of_the_day_are_not_taken_for_ours(self, go):
        go.server.store.go_setup.pay("nordvik", "50002", "3500.00", on="2026-08-16")

        assert go.client().find_payment(payment()) is None


class TestReversePayment:
    def test_opens_the_invoice_and_frees_the_reference(self, go):
        client = go.client()
        registered = client.register_payment(payment())

        client.reverse_payment(registered.id)

        assert go.balance_of("50002") == Decimal("8000.00")
        assert client.find_payment(payment()) is None
        assert client.register_payment(payment()).id != registered.id
        assert go.balance_of("50002") == Decimal("4500.00")

    def test_is_harmless_to_repeat(self, go):
        client = go.client()
        registered = client.register_payment(payment())

        client.reverse_payment(registered.id)
        client.reverse_payment(registered.id)

        assert go.calls("go_reverse") == 1

    def test_after_a_lost_answer_it_can_be_asked_again(self, go):
        client = go.client()
        registered = client.register_payment(payment())
        go.fault("lose_answer", "go_reverse")

        with pytest.raises(OutcomeUnknown):
            client.reverse_payment(registered.id)
        client.reverse_payment(registered.id)

        assert go.calls("go_reverse") == 1
        assert go.balance_of("50002") == Decimal("8000.00")

    def test_without_the_privilege_names_it_and_leaves_the_payment(self, go):
        client = go.client()
        registered = client.register_payment(payment())
        valid = go.books().client["valid_privileges"]
        go.server.store.go_setup.set_client(
            "nordvik", valid_privileges=[one for one in valid if one != "YearEndVoucher_Full"]
        )

        with pytest.raises(errors.ReversalNotAllowed) as caught:
            client.reverse_payment(registered.id)

        assert caught.value.params["privilege"] == "YearEndVoucher_Full"
        assert go.balance_of("50002") == Decimal("4500.00")

    def test_that_is_only_accepted_is_not_taken_for_done(self, go, monkeypatch):
        client = go.client()
        registered = client.register_payment(payment())
        monkeypatch.setattr(
            "sandbox.powerofficego.books.ClientLedger.reverse", lambda books, voucher: voucher
        )
        answer = "sandbox.powerofficego.vouchers.Response"
        monkeypatch.setattr(answer, lambda status: Response(status=202))

        with pytest.raises(errors.ReversalRequested):
            client.reverse_payment(registered.id)

    def test_never_touches_a_voucher_of_somebody_else(self, go):
        entry = go.server.store.go_setup.pay("nordvik", "50002", "1.00", on="2026-08-16")

        with pytest.raises(Rejected):
            go.client().reverse_payment(entry["voucher_id"])


class TestTimeBlocks:
    def codes(self, go, customer: str) -> list[str]:
        return [one.code for one in go.client().read_projects(customer_number=customer)]

    def test_finds_the_sub_projects_that_inherit_their_customer(self, go):
        assert self.codes(go, "10001") == ["P100", "P100.1", "P100.2", "P100.2.1"]

    def test_leaves_archived_and_other_customers_projects_out(self, go):
        assert self.codes(go, "10005") == ["P500", "P500.1"]
        assert self.codes(go, "10006") == []

    def test_denies_and_allows_time(self, go):
        client = go.client()
        project = client.read_projects(customer_number="10005")[1]

        assert client.set_time_denied(project, denied=True)

        denied = client.read_projects(customer_number="10005")
        assert [one.denies_time for one in denied] == [False, True]
        assert client.set_time_denied(denied[1], denied=False)
        assert not client.read_projects(customer_number="10005")[1].denies_time

    def test_does_not_claim_what_a_person_has_set(self, go):
        client = go.client()
        project = client.read_projects(customer_number="10005")[0]
        go.server.store.go_setup.set_deny_time("nordvik", "P500", denied=True)

        assert client.set_time_denied(project, denied=True) is False
        assert client.read_projects(customer_number="10005")[0].denies_time

    def test_sends_nothing_where_it_stands_so_already(self, go):
        go.server.store.go_setup.set_deny_time("nordvik", "P500", denied=True)
        client = go.client()
        project = client.read_projects(customer_number="10005")[0]

        assert client.set_time_denied(project, denied=True) is False
        assert go.calls("go_patch") == 0

    def test_a_lost_answer_is_unknown_and_shows_when_read(self, go):
        client = go.client()
        project = client.read_projects(customer_number="10005")[0]
        go.fault("lose_answer", "go_patch")

        with pytest.raises(OutcomeUnknown):
            client.set_time_denied(project, denied=True)

        fresh = go.client().read_projects(customer_number="10005")
        assert fresh[0].denies_time

    def test_a_project_without_the_field_can_be_denied(self, go):
        books = go.books()
        stored = next(one for one in books.projects.values() if one["code"] == "P500")
        books.save("project", stored | {"deny_time": None})
        client = go.client()
        project = client.read_projects(customer_number="10005")[0]

        assert client.set_time_denied(project, denied=True)


class TestTheLimit:
    def test_all_companies_share_ten_calls_a_second(self, go):
        waits: list[float] = []
        limiter = InProcess(clock=lambda: 1000.0 + sum(waits))
        first = go.client("nordvik", limiter=limiter, per_second=10)
        second = go.client("havglott", limiter=limiter, per_second=10)
        for client in (first, second):
            client._door._http._pause = waits.append

        for _ in range(10):
            first.read_lock_date()
            second.read_lock_date()

        assert sum(waits) >= 19 * 0.1

    def test_a_429_stops_all(self, go):
        limiter = InProcess(clock=lambda: 1000.0)
        client = go.client(limiter=limiter, per_second=10)
        go.fault("rate_limited", "go_settings", retry_after=30)

        with pytest.raises(RateLimited):
            client.read_lock_date()
        with pytest.raises(RateLimited) as caught:
            go.client("havglott", limiter=limiter, per_second=10).read_lock_date()

        assert caught.value.retry_after == 30
        assert go.calls("go_settings") == 1

    def test_tokens_are_asked_for_once_in_their_life(self, go):
        tokens = RealTokens(go.server.url, story.NORDVIK.client_key)
        client = go.client()
        client._door._http._auth._tokens = tokens

        for _ in range(5):
            client.read_lock_date()

        assert tokens.asked == 1
