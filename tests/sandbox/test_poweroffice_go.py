"""The stand-in of PowerOffice Go, asked as any program would ask it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox import receivables_story as story
from sandbox.app import make_app
from sandbox.powerofficego.matching import open_amounts
from sandbox.server import serve
from sandbox.store import Store

KEYS = {"Ocp-Apim-Subscription-Key": "sandbox-subscription-key"}
DAY = "2026-08-16"


class Program:
    """A program with the keys of one client."""

    def __init__(self, url: str, client_key: str = story.NORDVIK.client_key) -> None:
        self.root = f"{url}/poweroffice-go"
        self.session = requests.Session()
        self.session.headers.update(KEYS)
        answer = self.session.post(
            f"{self.root}/OAuth/Token",
            data={"grant_type": "client_credentials"},
            auth=("sandbox-application-key", client_key),
            timeout=30,
        )
        self.token = answer.json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {self.token}"

    def get(self, path: str, **params: str) -> requests.Response:
        return self.session.get(f"{self.root}/v2{path}", params=params, timeout=30)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.session.post(f"{self.root}/v2{path}", json=body, timeout=30)

    def patch(self, path: str, body: Any) -> requests.Response:
        kind = {"Content-Type": "application/json-patch+json"}
        return self.session.patch(f"{self.root}/v2{path}", json=body, headers=kind, timeout=30)

    def ids(self) -> dict[str, Any]:
        accounts = {
            one["AccountNo"]: one["Id"] for one in self.get("/GeneralLedgerAccounts").json()
        }
        customers = {one["Number"]: one for one in self.get("/Customers").json()}
        vat = next(one["Id"] for one in self.get("/VatCodes").json() if one["Code"] == "0")
        return {"accounts": accounts, "customers": customers, "vat": vat}

    def pay(self, amount: float, **changes: Any) -> requests.Response:
        ids = self.ids()
        customer = ids["customers"][changes.pop("customer", 10002)]["SubledgerAccountId"]
        account = ids["accounts"][changes.pop("account", 1579)]
        day = changes.pop("day", DAY)
        line = {"PostingDate": day, "VatId": ids["vat"]}
        body = {
            "VoucherDate": day,
            "CurrencyCode": "NOK",
            "ExternalImportReference": changes.pop("reference", "r1"),
            "VoucherLines": [
                {**line, "AccountId": account, "CurrencyAmount": amount},
                {**line, "AccountId": customer, "CurrencyAmount": -amount, "InvoiceNo": "50002"},
            ],
        }
        return self.post("/Vouchers/BankJournals", body | changes)

    def balance(self, invoice: str = "50002") -> float:
        found = self.get("/OutgoingInvoices", invoiceNos=invoice).json()
        return float(found[0]["Balance"])


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store()
    made.set(go_rate_limit=0)
    yield made
    made.close()


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    with serve(make_app(store)) as server:
        yield server.url


@pytest.fixture
def program(url: str) -> Program:
    return Program(url)


class TestToken:
    @pytest.mark.parametrize("key", ["", "made-up"])
    def test_is_refused_for_a_wrong_client_key(self, url, key):
        answer = requests.post(
            f"{url}/poweroffice-go/OAuth/Token",
            data={"grant_type": "client_credentials"},
            auth=("sandbox-application-key", key),
            headers=KEYS,
            timeout=30,
        )

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")

    def test_ends_after_its_life(self, url, program, store):
        assert program.get("/LockDateSettings").status_code == 200

        now = datetime.now(UTC)
        store.clock = lambda: now + timedelta(seconds=1201)

        assert program.get("/LockDateSettings").status_code == 401

    def test_reaches_one_client_only(self, url):
        mine = Program(url, story.HAVGLOTT.client_key)

        assert mine.get("/ClientIntegrationInformation").json()["ClientName"] == story.HAVGLOTT.name
        assert mine.get("/Customers").json()[0]["Name"] == "Polarlys Hotell AS"

    def test_needs_the_subscription_key_beside_it(self, program):
        del program.session.headers["Ocp-Apim-Subscription-Key"]

        assert program.get("/LockDateSettings").status_code == 401


class TestLists:
    def test_have_pages_that_lead_to_the_next(self, program):
        first = program.get("/Customers", PageSize="4")
        second = program.session.get(
            first.headers["X-Pagination"].split('"nextPageLink": "')[1].rstrip('"}'), timeout=30
        )

        assert len(first.json()) == 4
        assert len(second.json()) == 2
        assert '"nextPageLink": ""' in second.headers["X-Pagination"]

    def test_are_204_when_empty(self, program):
        answer = program.get("/Customers", customerNos="1-5")

        assert (answer.status_code, answer.content) == (204, b"")

    def test_take_numbers_and_ranges(self, program):
        found = program.get("/Customers", customerNos="10001-10002, 20004-").json()

        assert [one["Number"] for one in found] == [10001, 10002, 20004]

    @pytest.mark.parametrize(
        ("path", "params"),
        [
            ("/Customers", {"PageSize": "20001"}),
            ("/Customers", {"customerNos": "x"}),
            ("/Customerledger/OpenItems", {}),
            ("/OutgoingInvoices", {"onlyUnpaidInvoices": "perhaps"}),
        ],
    )
    def test_say_what_is_wrong_in_problem_details(self, program, path, params):
        answer = program.get(path, **params)

        assert answer.status_code == 400
        assert answer.json()["Detail"]

    def test_paths_are_not_case_sensitive(self, program):
        assert program.get("/customerLedger/openitems", date=DAY).status_code == 200

    def test_fields_can_be_chosen(self, program):
        assert program.get("/Customers", Fields="Id,Number").json()[0].keys() == {"Id", "Number"}


class TestVouchers:
    def test_part_payments_lower_the_balance(self, program):
        answer = program.pay(3500.0)

        assert answer.status_code == 201
        assert program.balance() == 4500.0

    def test_a_reference_is_taken_once(self, program):
        program.pay(10.0)

        again = program.pay(10.0)

        assert again.status_code == 400
        assert again.json()["Detail"].startswith("ExternalImportReference is already in use")
        assert program.balance() == 7990.0

    def test_a_reversal_frees_the_reference(self, program):
        posted = program.pay(10.0).json()

        assert program.post(f"/Vouchers/Reverse/{posted['Id']}").status_code == 200

        assert program.balance() == 8000.0
        assert program.pay(10.0).status_code == 201
        first = program.get(f"/Vouchers/BankJournals/{posted['Id']}").json()
        assert first["IsReversed"] is True

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"day": "2026-06-30"}, "lock date"),
            ({"account": 1930}, "not active"),
            ({"account": 1500}, "control account"),
            ({"CurrencyCode": "XXX"}, "not active on the client"),
            ({"CurrencyCode": None}, "CurrencyCode is required"),
            ({"VoucherLines": []}, "at least two lines"),
        ],
    )
    def test_are_refused_with_words(self, program, changes, words):
        answer = program.pay(10.0, **changes)

        assert answer.status_code == 400
        assert words in answer.json()["Detail"]

    def test_must_balance(self, program):
        ids = program.ids()
        line = {"PostingDate": DAY, "VatId": ids["vat"], "CurrencyAmount": 1.0}
        account = ids["accounts"][1579]

        answer = program.post(
            "/Vouchers/ManualJournals",
            {
                "VoucherDate": DAY,
                "CurrencyCode": "NOK",
                "VoucherLines": [{**line, "AccountId": account}] * 2,
            },
        )

        assert "not in balance" in answer.json()["Detail"]

    def test_show_in_statement_matches_and_transactions(self, program):
        program.pay(8000.0)

        days = {"fromDate": DAY, "toDate": DAY}
        entry = program.get(
            "/Customerledger/Statement", **days, onlyCreatedByCurrentIntegration="true"
        ).json()[0]
        pair = program.get("/Customerledger/EntriesByMatchId", matchId=str(entry["MatchId"])).json()
        lines = program.get("/AccountTransactions", **days, accountNos="1579").json()

        assert entry["ExternalImportReference"] == "r1"
        assert entry["InvoiceNo"] is None
        assert sorted(one["Amount"] for one in pair) == [-8000.0, 8000.0]
        assert [one["Amount"] for one in lines] == [8000.0]

    def test_fields_that_the_contract_does_not_know_are_noticed(self, program, store):
        program.pay(1.0, Amount=5)

        logged = store.requests(vendor="poweroffice-go", call="go_create")[0]
        assert logged.unknown_fields == ["Amount"]


class TestAPersonThere:
    def test_pays_writes_off_and_reverses(self, program, store):
        here = store.go_setup
        here.pay("nordvik", "50002", "7000.00", on=DAY)
        here.write_off("nordvik", "50002", "1000.00", on=DAY)
        assert program.balance() == 0.0

        paid = store.powerofficego.client("nordvik").payments()[0]
        here.reverse("nordvik", paid["number"])

        assert program.balance() == 7000.0
        written_off = [
            one["IsWriteOff"]
            for one in program.get("/Customerledger/Statement", fromDate=DAY, toDate=DAY).json()
        ]
        assert written_off.count(True) == 1


class TestDates:
    def test_open_items_are_those_of_the_day(self, program):
        program.pay(3500.0)

        def open_on(day: str) -> float:
            items = program.get("/Customerledger/OpenItems", date=day).json()
            return float(next(one["Balance"] for one in items if one["InvoiceNo"] == "50002"))

        assert (open_on("2026-08-15"), open_on(DAY)) == (8000.0, 4500.0)

    def test_balances_leave_out_customers_without_entries(self, program):
        before = program.get("/Customerledger/CustomerBalances", date="2026-05-31")
        after = program.get("/Customerledger/CustomerBalances", date="2026-06-30").json()

        assert before.status_code == 204
        assert [(one["CustomerAccountNo"], one["Balance"]) for one in after] == [(10005, 45000.0)]


class TestMatching:
    def entry(self, id: int, cents: int, kind: str = "BankJournal") -> dict[str, Any]:
        return {"id": id, "cents": cents, "voucher_type": kind, "posting_date": f"2026-01-{id:02d}"}

    @pytest.mark.parametrize(
        ("payments", "left"),
        [
            ([], [1000]),
            ([-400], [600, 0]),
            ([-400, -600], [0, 0, 0]),
            ([-1200], [0, -200]),
            ([-1000, 1000], [1000, 0, 0]),
            ([-400, -600, 600], [600, 0, 0, 0]),
        ],
    )
    def test_settles_an_invoice_as_an_accountant_would(self, payments, left):
        entries = [self.entry(1, 1000, "OutgoingInvoice")]
        entries += [self.entry(2 + at, cents) for at, cents in enumerate(payments)]

        assert list(open_amounts(entries).values()) == left

    def test_a_credit_note_comes_first(self):
        entries = [
            self.entry(1, 1000, "OutgoingInvoice"),
            self.entry(2, -1000, "OutgoingCreditNote"),
            self.entry(3, -100),
        ]

        assert open_amounts(entries) == {1: 0, 2: 0, 3: -100}


class TestPatch:
    def project(self, program: Program) -> dict[str, Any]:
        found = program.get("/Projects", projectCodes="P500").json()[0]
        assert isinstance(found, dict)
        return found

    def test_tests_before_it_replaces(self, program):
        path = f"/Projects/{self.project(program)['Id']}"
        deny = [
            {"op": "test", "path": "/denyTimeTracking", "value": False},
            {"op": "replace", "path": "/DenyTimeTracking", "value": True},
        ]

        assert program.patch(path, deny).status_code == 200
        again = program.patch(path, deny)

        assert again.status_code == 400
        assert "not equal to the test value" in again.json()["Detail"]
        assert self.project(program)["DenyTimeTracking"] is True

    def test_sub_projects_show_no_customer(self, program):
        found = program.get("/Projects", customerNos="10001", includeSubProjects="true").json()

        assert [one["CustomerNo"] for one in found] == [10001, None, None, None]

    def test_needs_its_content_type(self, program):
        answer = program.session.patch(
            f"{program.root}/v2/Projects/{self.project(program)['Id']}", json=[], timeout=30
        )

        assert answer.status_code == 415


class TestTheRateLimit:
    def test_is_ten_a_second_over_all_clients(self, url, store):
        first, second = Program(url), Program(url, story.HAVGLOTT.client_key)
        now = datetime.now(UTC)
        store.clock = lambda: now
        store.go_rate.clear()
        store.set(go_rate_limit=10)

        answers = [
            who.get("/LockDateSettings").status_code for _ in range(6) for who in (first, second)
        ]

        assert answers == [200] * 10 + [429] * 2
        store.clock = lambda: now + timedelta(seconds=1)
        assert first.get("/LockDateSettings").status_code == 200


class TestKeeping:
    def test_a_restart_keeps_all_of_it(self, tmp_path):
        path = tmp_path / "sandbox.sqlite3"
        store = Store(path)
        store.set(go_rate_limit=0)
        with serve(make_app(store)) as server:
            program = Program(server.url)
            program.pay(3500.0)
        store.close()

        again = Store(path)
        with serve(make_app(again)) as server:
            program = Program(server.url)
            assert program.balance() == 4500.0
            assert program.pay(1.0).status_code == 400
            assert program.pay(1.0, reference="r2").status_code == 201
        again.close()

    def test_starting_over_forgets_the_payments(self, program, store):
        program.pay(3500.0)

        store.reset()

        assert store.powerofficego.client("nordvik").payments() == []

    def test_many_invoices_can_be_made(self, store):
        store.go_setup.fill("storsalg", invoices=300, customers=20)

        books = store.powerofficego.client("storsalg")
        assert len(books.customers) == 20
        numbers = [one["invoice_no"] for one in books.entries.values()]
        assert numbers == [story.bulk_invoice(index).number for index in range(300)]


class TestThePage:
    def test_shows_what_the_client_holds(self, url, program):
        program.pay(3500.0)

        page = requests.get(f"{url}/go", params={"client": "nordvik"}, timeout=30).text

        assert "Nordvik Eiendomsdrift AS" in page
        assert "4\u202f500.00" in page
        assert "the hub" in page

    def test_answers_nothing_while_nothing_changed(self, url, store):
        version = store.powerofficego.client("nordvik").version

        answer = requests.get(f"{url}/go", params={"part": "1", "seen": str(version)}, timeout=30)

        assert answer.status_code == 204

    @pytest.mark.parametrize(
        ("form", "words"),
        [
            ({"what": "pay", "invoice": "50002", "amount": "10.00", "day": DAY}, "has a payment"),
            (
                {"what": "write_off", "invoice": "50013", "amount": "1.00", "day": DAY},
                "written off",
            ),
            ({"what": "lock", "day": "2026-07-31"}, "Nothing can be posted"),
            ({"what": "deny", "code": "P500"}, "is changed"),
            ({"what": "fill", "count": "3"}, "3 invoices"),
            ({"what": "expire"}, "expired"),
        ],
    )
    def test_has_switches(self, url, form, words):
        answer = requests.post(f"{url}/go", data={"client": "nordvik", **form}, timeout=30)

        assert words in answer.text

    @pytest.mark.parametrize(
        "form",
        [
            {"what": "pay", "invoice": "1", "amount": "1", "day": DAY},
            {"what": "pay", "invoice": "50002", "amount": "one", "day": DAY},
            {"what": "reverse", "voucher": "1"},
            {"what": "deny", "code": "none"},
            {"what": "nothing"},
        ],
    )
    def test_says_what_cannot_be_done(self, url, form):
        answer = requests.post(f"{url}/go", data={"client": "nordvik", **form}, timeout=30)

        assert answer.status_code == 200
        assert 'role="alert"' in answer.text

    def test_other_sites_cannot_press_it(self, url):
        answer = requests.post(
            f"{url}/go",
            data={"client": "nordvik", "what": "expire"},
            headers={"Origin": "https://elsewhere.example"},
            timeout=30,
        )

        assert answer.status_code == 403


def test_the_control_does_what_a_person_does(url, store):
    answer = requests.post(
        f"{url}/control/actions",
        json={"action": "go_fill", "client": "storsalg", "invoices": 5},
        timeout=30,
    )

    assert answer.json() == {"done": "go_fill"}
    assert len(store.powerofficego.client("storsalg").entries) == 5
