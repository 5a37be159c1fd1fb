"""Visma.net ERP: what it answers before a journal, and what it does with one."""

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from sandbox import seed
from sandbox.store import Store

from .conftest import Client, journal, line, wrapped


class TestReads:
    def test_name_the_company_of_the_token(self, akeriet: Client) -> None:
        found = akeriet.get("/v1/organization", expandBranches="true").json()

        assert found[0]["name"] == "Påhittade Åkeriet AB"
        assert found[0]["corporateId"] == "555555-5555"
        assert found[0]["branches"] == [{"number": "1", "name": "Påhittade Åkeriet AB"}]

    def test_list_the_accounts_the_samples_use(self, akeriet: Client) -> None:
        found = {each["accountCD"]: each for each in akeriet.get("/v1/account").json()}

        assert {"1930", "2710", "2731", "2821", "2920", "2990", "3740"} <= set(found)
        assert {"7010", "7090", "7210", "7510"} <= set(found)
        assert found["7699"]["active"] is False
        assert found["2440"]["allowManualEntry"] is False

    def test_read_one_account_by_a_coded_path(self, akeriet: Client) -> None:
        coded = base64.urlsafe_b64encode(b"7010").decode()

        assert akeriet.get(f"/v1/account/b64({coded})").json()["accountCD"] == "7010"
        assert akeriet.get("/v1/account/9999").status_code == 404

    def test_list_periods_from_a_year(self, akeriet: Client) -> None:
        found = akeriet.get("/v1/financialPeriod", greaterThanValue="2026").json()

        assert found[0]["startDate"] == "2026-01-01T00:00:00"
        assert found[0]["closedInGeneralLedger"] is False
        assert akeriet.get("/v1/financialPeriod/202512").json()["closedInGeneralLedger"] is True
        assert akeriet.get("/v1/financialPeriod/202701").json()["active"] is False

    def test_show_the_segments_of_the_subaccount(self, akeriet: Client) -> None:
        found = akeriet.get("/v1/dimension/SUBACCOUNT").json()

        assert [each["description"] for each in found["segments"]] == [
            "Kostnadsställe",
            "Kostnadsbärare",
        ]
        assert "0100" in [each["valueId"] for each in found["segments"][0]["segmentValues"]]
        coded = base64.urlsafe_b64encode(b"K10").decode().rstrip("=")
        value = akeriet.get(f"/v1/dimension/SUBACCOUNT/2/{coded}").json()
        assert value["description"] == "Fjärrtrafik"

    def test_leave_the_values_out_when_asked(self, akeriet: Client) -> None:
        found = akeriet.get("/v1/dimension/SUBACCOUNT", expandSegmentsValues="false").json()

        assert "segmentValues" not in found["segments"][0]

    def test_tell_a_company_without_subaccounts(self, client: Client) -> None:
        client.connect_to(seed.ENKEL)

        features = client.get("/v1/featuresset", featureName="SubAccount").json()["features"]

        assert features[0]["isEnabled"] is False
        assert client.get("/v1/dimension/SUBACCOUNT").status_code == 404

    def test_show_two_branches_with_their_ledgers(self, client: Client) -> None:
        client.connect_to(seed.TVILLING)

        found = client.get("/v1/branch", expandLedger="true").json()

        assert [(each["number"], each["ledger"]["id"]) for each in found[:2]] == [
            ("1", "1"),
            ("2", "2"),
        ]

    def test_page_the_subaccounts(self, client: Client) -> None:
        client.connect_to(seed.TVILLING)

        found = client.get("/v1/subaccount", pageNumber=2, pageSize=2).json()

        assert [each["subaccountNumber"] for each in found] == ["0300-K30"]
        assert found[0]["metadata"]["totalCount"] == 3


class TestAccess:
    def test_is_refused_without_a_good_token(self, client: Client) -> None:
        client.tokens = {"access_token": "nonsense"}

        answer = client.get("/v1/organization")

        assert answer.status_code == 401
        assert answer.json()["statusCode"] == 401

    def test_is_refused_without_a_licence(self, store: Store, akeriet: Client) -> None:
        store.setup.set_company("akeriet", licensed=False)

        answer = akeriet.get("/v1/organization")

        assert answer.json()["ExceptionFaultCode"] == "12027"

    def test_is_refused_when_the_role_was_taken(self, store: Store, akeriet: Client) -> None:
        store.setup.set_role("anna@fjordbyra.example", "akeriet", api_user=False)

        assert akeriet.get("/v1/organization").json()["ExceptionFaultCode"] == "12027"


class TestCreate:
    def test_answers_the_number_in_location_and_an_empty_object(
        self, store: Store, akeriet: Client
    ) -> None:
        answer = akeriet.post_journal()

        assert answer.status_code == 201
        assert answer.json() == {}
        assert answer.headers["Location"].endswith("/visma-net/v2/journaltransaction/000001")
        assert answer.headers["ETag"].startswith('"')
        stored = store.batches("akeriet")[0]
        assert (stored.status, stored.period, stored.debit) == ("Balanced", "202603", "1000.50")

    def test_makes_a_second_batch_when_repeated(self, store: Store, akeriet: Client) -> None:
        akeriet.post_journal()
        akeriet.post_journal()

        assert [each.number for each in store.batches("akeriet")] == ["000001", "000002"]

    @pytest.mark.parametrize(
        ("changes", "status", "text"),
        [
            ({"financialPeriod": "202512", "transactionDate": "2025-12-31T00:00:00"}, 500,
             "The 12-2025 financial period is closed."),
            ({"financialPeriod": "202701", "transactionDate": "2027-01-31T00:00:00"}, 500,
             "The 01-2027 financial period is inactive."),
            ({"financialPeriod": "202604"}, 400,
             "The date is outside the range of the selected financial period."),
            ({"financialPeriod": "209901"}, 400,
             "FinancialPeriod '209901' cannot be found in the system."),
            ({"financialPeriod": None, "transactionDate": "2031-01-31T00:00:00"}, 500,
             "The financial period that corresponds to the 2031-01-31 date does not exist in the "
             "Påhittade Åkeriet AB company."),
            ({"currencyId": "USD"}, 400, "CurrencyID 'USD' cannot be found in the system."),
            ({"branch": "7"}, 400, "Branch '7' cannot be found in the system."),
            ({"ledger": "BUDGET"}, 400, "Ledger 'BUDGET' cannot be found in the system."),
            ({"overrideNumberSeries": True, "batchNumber": "H1"}, 400,
             "Manual numbering on imports is not allowed for the numbering sequence 'BATCH'."),
        ],
    )  # fmt: skip
    def test_refuses_a_header(
        self, store: Store, akeriet: Client, changes: dict[str, Any], status: int, text: str
    ) -> None:
        answer = akeriet.post_journal(**changes)

        assert answer.status_code == status
        assert answer.json()["message"].startswith("VismaId: ")
        assert answer.json()["message"].split(". ", 1)[1] == text
        assert store.batches("akeriet") == []

    @pytest.mark.parametrize(
        ("lines", "text"),
        [
            ([line("9999", 1), line("2821", -1)],
             "AccountNumber '9999' cannot be found in the system."),
            ([line("7699", 1), line("2821", -1)], "Account is inactive."),
            ([line("2440", 1), line("2821", -1)], "Account '2440' is a control account of AP; "
             "manual entries are not allowed."),
            ([line("2099", 1), line("2821", -1)],
             "Cannot post transactions directly to Year to Date Net Income."),
            ([line("1940", 1), line("2821", -1)],
             "Denominated GL Account currency is different from transaction currency."),
            ([line("7010", 1, "100"), line("2821", -1)],
             "SegmentValue '100' cannot be found in the system."),
            ([line("7010", 2), line("2821", -1)], "Batch is out of balance, please review."),
            ([line("7010", 1)], "A batch must have at least two lines."),
            ([line("7010", 1, creditAmountInCurrency={"value": 1})],
             "Both Debit and Credit parts of transaction are not zero. Exiting with error."),
            ([line("7010", 0), line("2821", 0)], "The amount of a line cannot be zero."),
            ([line("7010", 1, debitAmountInCurrency={"value": "1.00"})],
             "journalTransactionLines.debitAmountInCurrency: could not convert '1.00' to Decimal."),
            ([line("7010", 1.001), line("2821", -1.001)], "The amount 1.001 is not valid."),
        ],
    )  # fmt: skip
    def test_refuses_lines(
        self, store: Store, akeriet: Client, lines: list[dict[str, Any]], text: str
    ) -> None:
        answer = akeriet.post_journal(lines=lines)

        assert answer.status_code == 400
        assert answer.json()["message"].split(". ", 1)[1] == text
        assert store.batches("akeriet") == []

    def test_stores_an_unbalanced_batch_on_hold(self, store: Store, akeriet: Client) -> None:
        akeriet.post_journal(hold=True, lines=[line("7010", 2), line("2821", -1)])

        assert store.batches("akeriet")[0].status == "Hold"

    def test_refuses_an_inactive_value(self, store: Store, akeriet: Client) -> None:
        store.setup.set_value("akeriet", 1, "0100", active=False)

        assert akeriet.post_journal().json()["message"].endswith("Subaccount 0100 is inactive.")

    def test_refuses_a_new_combination_where_keys_say_so(self, client: Client) -> None:
        client.connect_to(seed.TVILLING)

        known, new = (
            client.post_journal(lines=[line("7010", 1, "0100", unit), line("2821", -1)])
            for unit in ("K10", "K20")
        )

        assert known.status_code == 201
        assert "Subaccount '0100-K20' cannot be found" in new.json()["message"]

    def test_notes_fields_that_nobody_knows(self, store: Store, akeriet: Client) -> None:
        body = journal() | wrapped(externalReference="X")

        answer = akeriet.call("POST", "/v2/journaltransaction", json=body)

        assert answer.status_code == 201
        assert store.requests(call="create")[0].unknown_fields == ["externalReference"]

    def test_takes_an_own_number_once_where_it_is_allowed(
        self, store: Store, client: Client
    ) -> None:
        client.connect_to(seed.EGNA)

        first = client.post_journal(overrideNumberSeries=True, batchNumber="HUB7F3K2")
        again = client.post_journal(overrideNumberSeries=True, batchNumber="HUB7F3K2")
        drawn = client.post_journal(batchNumber="IGNORED")

        assert first.headers["Location"].endswith("/HUB7F3K2")
        assert again.status_code == 500
        assert again.json()["message"].endswith(
            "Another process has added the 'HUB7F3K2' record. Your changes will be lost."
        )
        assert drawn.headers["Location"].endswith("/000001")
        assert len(store.batches("egna")) == 2


class TestRead:
    def test_returns_what_was_stored(self, akeriet: Client) -> None:
        created = akeriet.post_journal()

        answer = akeriet.get("/v2/journaltransaction/000001")

        found = answer.json()
        assert answer.headers["ETag"] == created.headers["ETag"] == f'"{found["timeStamp"]}"'
        assert found["module"] == "ModuleGL"
        assert found["status"] == "Balanced"
        assert (found["financialPeriod"], found["postPeriod"]) == ("202603", "032026")
        assert (found["debitTotal"], found["creditTotal"]) == (1000.5, 1000.5)
        first, second = found["journalTransactionLines"]
        assert first["debitAmountInCurrency"] == 1000.5
        assert first["referenceNumber"] == "HUB-1"
        assert first["subaccount"]["subaccountNumber"] == "0100-K10"
        assert [each["segmentValue"] for each in first["subaccount"]["segments"]] == ["0100", "K10"]
        assert "subaccount" not in second

    def test_answers_404_for_a_number_of_another_company(self, url: str, akeriet: Client) -> None:
        akeriet.post_journal()
        other = Client(url).connect_to(seed.TESTBOLAGET)

        assert other.get("/v2/journaltransaction/000001").status_code == 404


class TestList:
    def test_needs_a_period_or_a_time(self, akeriet: Client) -> None:
        assert akeriet.get("/v2/journaltransaction", module="GL").status_code == 400

    def test_counts_lines_and_cuts_a_batch_over_pages(self, akeriet: Client) -> None:
        three = [line("7010", 1), line("7210", 1), line("2821", -2)]
        for number in range(3):
            akeriet.post_journal(lines=three, description=f"Pay {number}")

        pages = [
            akeriet.get(
                "/v2/journaltransaction", periodId="202603", pageNumber=number, pageSize=4
            ).json()
            for number in (1, 2, 3, 4)
        ]

        cut = [
            [(each["batchNumber"], len(each["journalTransactionLines"])) for each in page]
            for page in pages
        ]
        assert cut == [
            [("000001", 3), ("000002", 1)],
            [("000002", 2), ("000003", 2)],
            [("000003", 1)],
            [],
        ]
        assert pages[0][0]["metadata"] == {"totalCount": 9, "maxPageSize": 1000}

    def test_cuts_a_large_page_size_down_silently(self, store: Store, akeriet: Client) -> None:
        store.set(max_page_size=1)
        akeriet.post_journal()

        found = akeriet.get("/v2/journaltransaction", periodId="202603", pageSize=500).json()

        assert len(found[0]["journalTransactionLines"]) == 1

    def test_filters(self, akeriet: Client) -> None:
        akeriet.post_journal()
        akeriet.post_journal(hold=True)

        def numbers(**query: str) -> list[str]:
            found = akeriet.get("/v2/journaltransaction", **query).json()
            return [each["batchNumber"] for each in found]

        assert numbers(periodId="202603", status="Hold") == ["000002"]
        assert numbers(periodId="202603", status="Unreleased") == ["000001", "000002"]
        assert numbers(periodId="202603", module="AR") == []
        assert numbers(periodId="202602") == []
        assert numbers(lastModifiedDateTime="2020-01-01 10:00:00") == ["000001", "000002"]
        assert numbers(lastModifiedDateTime="2099-01-01") == []

    def test_refuses_a_time_with_an_offset(self, akeriet: Client) -> None:
        answer = akeriet.get("/v2/journaltransaction", lastModifiedDateTime="2026-01-01T00:00:00Z")

        assert answer.status_code == 400


class TestManyAtOnce:
    def test_read_back_what_they_stored(self, store: Store, akeriet: Client) -> None:
        body = journal(lines=[line("7010", 1), line("2821", -1)] * 100)

        def post_and_read(_: int) -> int:
            headers = {"Authorization": f"Bearer {akeriet.tokens['access_token']}"}
            address = f"{akeriet.api}/v2/journaltransaction"
            stored = requests.post(address, json=body, headers=headers, timeout=10)
            return requests.get(stored.headers["Location"], headers=headers, timeout=10).status_code

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(post_and_read, range(40))) == {200}

    def test_get_a_number_each(self, store: Store, akeriet: Client) -> None:
        def post(_: int) -> str:
            headers = {"Authorization": f"Bearer {akeriet.tokens['access_token']}"}
            address = f"{akeriet.api}/v2/journaltransaction"
            answer = requests.post(address, json=journal(), headers=headers, timeout=10)
            return answer.headers["Location"].rsplit("/", 1)[1]

        with ThreadPoolExecutor(8) as pool:
            numbers = list(pool.map(post, range(24)))

        assert sorted(numbers) == [f"{number:06d}" for number in range(1, 25)]
        assert len(store.batches("akeriet")) == 24


class TestRelease:
    def release(self, client: Client, **headers: str) -> requests.Response:
        path = "/v2/journaltransaction/000001/action/release"
        return client.call("POST", path, headers=headers)

    def status(self, client: Client) -> str:
        return str(client.get("/v2/journaltransaction/000001").json()["status"])

    def test_posts_a_moment_later(self, store: Store, akeriet: Client) -> None:
        store.set(release_milliseconds=3_600_000)
        akeriet.post_journal()

        answer = self.release(akeriet)

        assert answer.status_code == 202
        assert answer.json()["actionResult"] == "Queued"
        assert self.status(akeriet) == "Balanced"
        batch = store.batch("akeriet", "000001")
        assert batch is not None
        store.change_batch(batch, release_due=1.0)
        assert self.status(akeriet) == "Posted"

    def test_leaves_it_unposted_where_the_customer_posts_himself(self, client: Client) -> None:
        client.connect_to(seed.NORDLYS)
        client.post_journal(lines=[line("7010", 1), line("2821", -1)])

        self.release(client)

        assert self.status(client) == "Unposted"

    def test_is_refused_on_hold_until_the_hold_is_lifted(self, akeriet: Client) -> None:
        akeriet.post_journal(hold=True)

        refused = self.release(akeriet)
        path = "/v2/journaltransaction/000001"
        lifted = akeriet.call("PUT", path, json=wrapped(hold=False))

        assert refused.json()["message"].endswith("Batch Status invalid for processing.")
        assert lifted.status_code == 204
        assert self.release(akeriet).status_code == 202

    def test_twice_is_refused(self, akeriet: Client) -> None:
        akeriet.post_journal()
        self.release(akeriet)

        assert self.release(akeriet).status_code == 400

    def test_with_a_stale_etag_is_412(self, akeriet: Client) -> None:
        akeriet.post_journal()

        assert self.release(akeriet, **{"If-Match": '"AAAA"'}).status_code == 412

    def test_shows_the_batch_in_the_general_ledger(self, akeriet: Client) -> None:
        akeriet.post_journal()
        self.release(akeriet)

        found = akeriet.get("/v1/GeneralLedgerTransactions", ledger="1").json()

        assert [(each["batchNumber"], each["refNumber"]) for each in found] == [
            ("000001", "HUB-1"),
            ("000001", "HUB-1"),
        ]


class TestBackground:
    def test_answers_202_and_keeps_the_state(self, store: Store, akeriet: Client) -> None:
        answer = akeriet.call(
            "POST",
            "/v2/journaltransaction",
            json=journal(),
            headers={"erp-api-background": "none"},
        )

        state = akeriet.get(f"/v1/background/{answer.json()['id']}").json()

        assert answer.status_code == 202
        assert (state["status"], state["statusCode"]) == ("Finished", 201)
        assert state["responseHeaders"]["Location"].endswith("/000001")


class TestRateLimit:
    def test_is_stated_in_the_headers(self, store: Store, akeriet: Client) -> None:
        store.set(rate_limit=2)

        answers = [akeriet.get("/v1/ledger") for _ in range(3)]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
        assert int(answers[2].headers["Retry-After"]) > 0


class TestFaults:
    def test_a_lost_answer_stores_once(self, store: Store, akeriet: Client) -> None:
        store.add_fault("lose_answer", company="akeriet")

        with pytest.raises(requests.ConnectionError):
            akeriet.post_journal()

        assert len(store.batches("akeriet")) == 1
        assert [each.status for each in store.requests(call="create")] == [0]
        assert akeriet.post_journal().status_code == 201

    def test_a_cut_before_stores_nothing(self, store: Store, akeriet: Client) -> None:
        store.add_fault("cut_before")

        with pytest.raises(requests.ConnectionError):
            akeriet.post_journal()

        assert store.batches("akeriet") == []

    @pytest.mark.parametrize(
        ("kind", "status", "stored"),
        [
            ("bad_gateway", 502, 0),
            ("bad_gateway_after", 502, 1),
            ("server_error", 500, 0),
            ("server_error_after", 500, 1),
            ("unavailable", 503, 0),
            ("forbidden", 403, 0),
            ("unauthorized", 401, 0),
            ("rate_limited", 429, 0),
            ("no_location", 201, 1),
        ],
    )
    def test_answer_as_they_say(
        self, store: Store, akeriet: Client, kind: str, status: int, stored: int
    ) -> None:
        store.add_fault(kind, on="create", retry_after=7)

        answer = akeriet.post_journal()

        assert answer.status_code == status
        assert len(store.batches("akeriet")) == stored
        assert "Location" not in answer.headers
        assert answer.headers.get("Retry-After") == ("7" if kind == "rate_limited" else None)

    def test_concern_only_their_company_and_calls(self, store: Store, akeriet: Client) -> None:
        store.add_fault("bad_gateway", company="fjord", times=None)
        store.add_fault("bad_gateway", company="akeriet", on="list", times=None)

        assert akeriet.post_journal().status_code == 201
        found = akeriet.get("/v2/journaltransaction", periodId="202603")
        assert found.status_code == 502

    def test_a_closed_period_refuses_until_it_is_opened(
        self, store: Store, akeriet: Client
    ) -> None:
        store.setup.close_period("akeriet", "202603")

        refused = akeriet.post_journal()
        store.setup.open_period("akeriet", "202603")

        assert refused.json()["message"].endswith("The 03-2026 financial period is closed.")
        assert akeriet.post_journal().status_code == 201
