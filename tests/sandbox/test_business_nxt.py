"""The stand-in of Business NXT behaves as its sheet says; asked without any of the hub's code."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox import receivables_story as story
from sandbox.businessnxt import ledger
from sandbox.store import Store
from tests.sandbox.person import Person, answer_of

SERVICE = "business-graphql-service-api:access-group-based"
NORDVIK = story.NORDVIK.company_no


class Asker:
    """A client in service context."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.token = ""

    def sign_in(self, scope: str = SERVICE) -> requests.Response:
        answer = self.http.post(
            f"{self.url}/visma-connect/connect/token",
            data={"grant_type": "client_credentials", "scope": scope},
            auth=("isv_hub_nxt", "sandbox-nxt-secret"),
            timeout=10,
        )
        self.token = answer.json().get("access_token", "")
        return answer

    def send(self, query: str, *, path: str = "/api/graphql-service", **variables: Any) -> Any:
        return self.http.post(
            f"{self.url}/business-nxt{path}",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=10,
        )

    def ask(self, query: str, **variables: Any) -> Any:
        answer = self.send(query, **variables)
        assert answer.status_code == 200
        return answer.json()


@pytest.fixture
def asker(url: str) -> Asker:
    asker = Asker(url)
    asker.sign_in()
    return asker


ROWS = """
query Rows($no: Int!, $first: Int, $after: String, $filter: FilterExpression_CustomerTransaction) {
  useCompany(no: $no) {
    customerTransaction(
      first: $first, after: $after, filter: $filter,
      orderBy: [{voucherJournalNo: ASC}, {auditNo: ASC}]
    ) {
      totalCount
      pageInfo { hasNextPage endCursor }
      items { voucherJournalNo auditNo amountDomestic }
    }
  }
}
"""
MARK = """
mutation Mark(
  $no: Int!, $filter: FilterExpression_CustomerTransaction, $set: InputValueExtension!
) {
  useCompany(no: $no) {
    customerTransaction_update(filter: $filter, value: {extensions: [$set]}) { affectedRows }
  }
}
"""


def rows_of(answer: Any) -> Any:
    return answer["data"]["useCompany"]["customerTransaction"]


class TestTheStory:
    def test_has_organisation_numbers_and_kids_with_their_check_digits(self) -> None:
        for client in story.CLIENTS:
            assert client.organisation_number == story.organisation_number(
                int(client.organisation_number[:8])
            )
            for invoice in client.invoices:
                assert invoice.kid in ("", story.kid(invoice.customer_number, invoice.number))

    def test_adds_up(self) -> None:
        """What is open in Visma is what was invoiced less what was paid and settled otherwise."""
        for client in story.CLIENTS:
            invoiced = sum(ledger.minor(one.posted) for one in client.invoices)
            settled = sum(ledger.minor(one.amount) for one in client.payments if one.origin != 15)
            open_ = sum(ledger.minor(one.outstanding) for one in client.invoices)
            left = sum(ledger.minor(one.outstanding) for one in client.payments)
            rate_difference = 12000 if client is story.HAVGLOTT else 0

            assert invoiced - settled == open_ - left - rate_difference

    def test_a_generated_payment_is_always_the_same(self) -> None:
        assert story.bulk_payment(12345) == story.bulk_payment(12345)
        assert story.bulk_payment(9).kid == ""
        assert story.bulk_invoice(3).what == "part paid"


class TestTokens:
    def test_are_given_without_a_tenant(self, asker: Asker) -> None:
        answer = asker.sign_in()

        assert answer.json()["token_type"] == "Bearer"
        assert "refresh_token" not in answer.json()

    def test_a_refused_one_is_answered_with_a_web_page(self, asker: Asker) -> None:
        asker.token = "nonsense"

        answer = asker.send("{ availableCompanies { totalCount } }")

        assert answer.status_code == 401
        assert answer.headers["Content-Type"].startswith("text/html")

    def test_are_good_for_their_own_context_only(self, asker: Asker) -> None:
        assert asker.send("{ __typename }", path="/api/graphql").status_code == 401

    def test_of_a_person_are_good_in_user_context_and_choose_no_company(
        self, url: str, asker: Asker
    ) -> None:
        person = Person()
        challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        address = (
            f"{url}/visma-connect/connect/authorize?client_id=isv_hub_nxt_web"
            "&redirect_uri=http://127.0.0.1:8000/connections/callback&response_type=code"
            "&response_mode=query&scope=openid%20business-graphql-api:access-group-based"
            f"&state=s&code_challenge={challenge}&code_challenge_method=S256"
        )

        code = answer_of(person.sign_in(address))["code"]
        answer = asker.http.post(
            f"{url}/visma-connect/connect/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": "http://127.0.0.1:8000/connections/callback",
                "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            },
            auth=("isv_hub_nxt_web", "sandbox-nxt-web-secret"),
            timeout=10,
        )

        asker.token = answer.json()["access_token"]
        assert asker.send("{ __typename }", path="/api/graphql").status_code == 200
        assert asker.send("{ __typename }").status_code == 401


class TestReading:
    def test_a_company_that_is_not_opened_is_an_error_with_a_path(self, asker: Asker) -> None:
        answer = asker.ask(ROWS, no=1, first=1)

        assert answer["data"] == {"useCompany": None}
        assert answer["errors"][0]["path"] == ["useCompany"]
        assert len(answer["extensions"]["vbnxt-trace-id"]) == 32

    def test_payments_are_negative_and_invoices_positive(self, asker: Asker) -> None:
        one = {"_and": [{"voucherJournalNo": {"_eq": 510}}, {"auditNo": {"_eq": 1}}]}

        assert rows_of(asker.ask(ROWS, no=NORDVIK, filter=one))["items"] == [
            {"voucherJournalNo": 510, "auditNo": 1, "amountDomestic": -12500.0}
        ]

    def test_pages_join_by_opaque_cursors(self, asker: Asker) -> None:
        seen, after = [], None
        while True:
            page = rows_of(asker.ask(ROWS, no=NORDVIK, first=10, after=after))
            seen += [(one["voucherJournalNo"], one["auditNo"]) for one in page["items"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break

        assert len(seen) == page["totalCount"] == 26
        assert seen == sorted(set(seen))

    @pytest.mark.parametrize(
        ("variables", "words"), [({"first": 0}, "positive"), ({"after": "x"}, "cursor")]
    )
    def test_refuses_a_page_that_cannot_be(
        self, asker: Asker, variables: dict[str, Any], words: str
    ) -> None:
        answer = asker.ask(ROWS, no=NORDVIK, **variables)

        assert words in answer["errors"][0]["message"]

    def test_groups_add_up_exactly(self, asker: Asker) -> None:
        answer = asker.ask(
            "query Sums($no: Int!) { useCompany(no: $no) { customerTransaction("
            " groupBy: [{voucherType: DEFAULT}]) { pageInfo { endCursor } items { voucherType"
            " aggregates { sum { amountDomestic } count { auditNo } } } } } }",
            no=NORDVIK,
        )

        groups = {one["voucherType"]: one["aggregates"] for one in rows_of(answer)["items"]}
        assert groups[9] == {"sum": {"amountDomestic": 0.0}, "count": {"auditNo": 2}}
        assert rows_of(answer)["pageInfo"] is None

    def test_settled_rows_leave_the_open_entries(self, asker: Asker) -> None:
        answer = asker.ask(
            "query Open($no: Int!) { useCompany(no: $no) { openCustomerEntry { totalCount } } }",
            no=NORDVIK,
        )

        assert answer["data"]["useCompany"]["openCustomerEntry"]["totalCount"] == 8

    def test_introspection_shows_what_the_settings_leave(self, store: Store, asker: Asker) -> None:
        query = '{ __type(name: "CustomerTransaction") { fields { name } } }'
        before = asker.ask(query)["data"]["__type"]["fields"]
        store.set(nxt_hidden_columns="cid origin")

        after = asker.ask(query)["data"]["__type"]["fields"]

        assert {one["name"] for one in before} - {one["name"] for one in after} == {"cid", "origin"}

    def test_a_document_that_does_not_fit_the_schema_reads_nothing(self, asker: Asker) -> None:
        answer = asker.ask("query Wrong { useCompany(no: 4110101) { nonsense } }")

        assert answer["data"] is None
        assert "nonsense" in answer["errors"][0]["message"]


class TestMarking:
    ONE: Any = {"_and": [{"voucherJournalNo": {"_eq": 510}}, {"auditNo": {"_eq": 1}}]}
    TEXT: Any = {"column": "integrationhub_paymentread", "stringValue": "x"}

    def test_writes_a_column_by_its_name(self, store: Store, asker: Asker) -> None:
        answer = asker.ask(MARK, no=NORDVIK, filter=self.ONE, set=self.TEXT)

        changed = answer["data"]["useCompany"]["customerTransaction_update"]
        assert changed == {"affectedRows": 1}
        (row,) = ledger.transactions(store, NORDVIK, voucherJournalNo=510, auditNo=1)
        assert row["extra"] == {"IntegrationHub_PaymentRead": "x"}

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"column": "text", "stringValue": "x"}, "read only"),
            ({"column": "nonsense", "stringValue": "x"}, "does not exist"),
            ({"column": "IntegrationHub_PaymentRead", "integerValue": 1}, "does not suit"),
            ({"column": "IntegrationHub_PaymentRead"}, "exactly one"),
        ],
    )
    def test_refuses_what_cannot_be_written(
        self, asker: Asker, change: dict[str, Any], words: str
    ) -> None:
        answer = asker.ask(MARK, no=NORDVIK, filter=self.ONE, set=change)

        assert words in answer["errors"][0]["message"]
        assert answer["errors"][0]["path"] == ["useCompany", "customerTransaction_update"]

    def test_is_refused_with_the_scope_for_reading(self, asker: Asker) -> None:
        asker.sign_in(f"{SERVICE}-readonly")

        answer = asker.ask(MARK, no=NORDVIK, filter=self.ONE, set=self.TEXT)

        assert "access group" in answer["errors"][0]["message"]


class TestFaults:
    def test_partial_errors_come_beside_the_rest_of_the_data(
        self, store: Store, asker: Asker
    ) -> None:
        store.add_fault("partial_errors", on="Rows", company="nordvik", vendor="business-nxt")

        answer = asker.ask(ROWS, no=NORDVIK, first=3)

        assert rows_of(answer)["items"][2] is None
        assert answer["errors"][0]["path"][-1] == 2
        assert "errors" not in asker.ask(ROWS, no=NORDVIK, first=3)

    def test_concern_only_their_vendor_and_company(self, store: Store, asker: Asker) -> None:
        store.add_fault("unavailable", on="any", company="havglott", vendor="business-nxt")
        store.add_fault("unavailable", on="any", vendor="poweroffice-go")

        assert asker.send(ROWS, no=NORDVIK, first=1).status_code == 200
        assert asker.send(ROWS, no=story.HAVGLOTT.company_no, first=1).status_code == 503

    def test_a_lost_answer_was_carried_out(self, store: Store, asker: Asker) -> None:
        store.add_fault("lose_answer", on="Mark", vendor="business-nxt")

        with pytest.raises(requests.ConnectionError):
            asker.send(MARK, no=NORDVIK, filter=TestMarking.ONE, set=TestMarking.TEXT)

        assert ledger.summary(store, NORDVIK)["marked"] == 1


class TestThePage:
    @pytest.fixture
    def press(self, url: str) -> Callable[..., str]:
        def press(**form: str) -> str:
            answer = requests.post(f"{url}/nxt", data={"company": "nordvik", **form}, timeout=30)
            assert answer.status_code == 200
            return answer.text

        return press

    def test_shows_the_ledger_of_a_company(self, url: str) -> None:
        text = requests.get(f"{url}/nxt", timeout=10).text

        assert "Nordvik Eiendomsdrift AS" in text
        assert story.kid(10001, "50001") in text

    def test_answers_nothing_new_until_something_changes(
        self, url: str, store: Store, press: Callable[..., str]
    ) -> None:
        version = ledger.summary(store, NORDVIK)["version"]
        address = f"{url}/nxt?company=nordvik&part=1&seen={version}"
        assert requests.get(address, timeout=10).status_code == 204

        press(what="block", customer="10001")

        assert requests.get(address, timeout=10).status_code == 200

    def test_posts_a_payment_in_a_new_journal_that_settles_its_invoice(
        self, store: Store, press: Callable[..., str]
    ) -> None:
        text = press(
            what="pay", customer="10001", amount="1000.00", day="2026-11-02", invoice="50012"
        )

        assert "posted in a new journal" in text
        (invoice,) = ledger.transactions(store, NORDVIK, invoiceNo="50012", voucherType=11)
        assert invoice["outstandingAmountDomestic"] == 2_000_000

    @pytest.mark.parametrize(
        ("form", "words"),
        [
            ({"what": "unblock", "customer": "10005"}, "The credit block is lifted."),
            ({"what": "block", "customer": "1"}, "no customer 1"),
            ({"what": "pay", "customer": "1", "amount": "x", "day": "2026-11-02"}, "problem"),
            ({"what": "compress", "customer": "10001", "day": "2026-09-01"}, "one row now"),
            ({"what": "generate", "count": "3"}, "The payments are there."),
            ({"what": "close"}, "closed to the hub"),
            ({"what": "readonly"}, "read only for the hub"),
            ({"what": "expire"}, "expired"),
            ({"what": "nonsense"}, "nothing is named"),
        ],
    )
    def test_says_what_came_of_each_switch(
        self, press: Callable[..., str], form: dict[str, str], words: str
    ) -> None:
        assert words in press(**form)

    def test_is_reached_over_the_control_too(self, url: str, store: Store) -> None:
        answer = requests.post(
            f"{url}/control/actions",
            json={"action": "nxt_generate", "company": "storsalg", "payments": 7},
            timeout=30,
        )

        assert answer.json() == {"done": "nxt_generate"}
        assert ledger.summary(store, story.STORSALG.company_no)["count"] == 14
