"""The judge of the other tests' requests must itself be strict."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import requests

from connectors.base import BatchToPost, PostingLine, SegmentValue
from connectors.http.exact_json import from_json, to_json
from connectors.http.sessions import USER_AGENT
from connectors.vismanet import payloads
from tests.contracts import contract, recorder

pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(not contract.is_here(), reason=contract.MISSING),
]
HEADERS = {"Authorization": "Bearer x", "Accept": "application/json"}


def body() -> dict[str, Any]:
    lines = (
        PostingLine(
            "7010", Decimal("10.10"), Decimal(0), "Pay", "HUB-1", (SegmentValue(1, "0100"),)
        ),
        PostingLine("2821", Decimal(0), Decimal("10.10"), "Pay", "HUB-1"),
    )
    batch = BatchToPost(
        description="Pay 2026-03",
        posted_on=date(2026, 3, 25),
        period="202603",
        currency="SEK",
        lines=lines,
        branch="1",
        ledger="1",
        own_number="HUB0001",
    )
    sent: dict[str, Any] = from_json(to_json(payloads.journal(batch)))
    return sent


def problems_of(content: Any) -> list[str]:
    return contract.problems(method="POST", path="/v2/journaltransaction", body=to_json(content))


class TestTheContract:
    def test_takes_what_the_hub_posts(self):
        assert problems_of(body()) == []

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            (lambda it: it.update(module={"value": "GL"}), "module"),
            (lambda it: it.pop("description"), "description"),
            (lambda it: it.update(postPeriod={"value": "032026"}), "$: not: "),
            (lambda it: it.update(financialPeriod="202603"), "financialPeriod"),
            (lambda it: it.update(hold={"value": "true"}), "hold"),
            (lambda it: it.pop("overrideNumberSeries"), "overrideNumberSeries"),
            (lambda it: it["journalTransactionLines"].pop(), "minItems"),
            (lambda it: it["journalTransactionLines"][0].update(operation="Update"), "operation"),
            (
                lambda it: it["journalTransactionLines"][0].update(
                    creditAmountInCurrency={"value": Decimal("1.00")}
                ),
                "[0]: oneOf",
            ),
            (
                lambda it: it["journalTransactionLines"][0].update(
                    debitAmountInCurrency={"value": Decimal("10.1")}
                ),
                "two decimals",
            ),
            (
                lambda it: it["journalTransactionLines"][0].update(
                    debitAmountInCurrency={"value": "10.10"}
                ),
                "number",
            ),
            (
                lambda it: it["journalTransactionLines"][0].update(
                    subaccount={"value": [{"segmentId": 1, "segmentValue": "0100"}]}
                ),
                "subaccount",
            ),
            (
                lambda it: it["journalTransactionLines"][0]["subaccount"][0].update(
                    segmentDescription="x"
                ),
                "segmentDescription",
            ),
        ],
    )
    def test_refuses_a_journal_that_differs(self, change, expected):
        content = body()

        change(content)

        assert expected in "\n".join(problems_of(content))

    @pytest.mark.parametrize(
        ("method", "path", "query", "expected"),
        [
            ("GET", "/v1/journaltransaction", "", "not in the contract"),
            ("DELETE", "/v2/journaltransaction/1", "", "not in the contract"),
            ("GET", "/v1/account", "acitve=true", "no query parameter"),
            ("GET", "/v1/account", "active=yes", "active"),
            ("GET", "/v1/account", "numberToRead=5", "dead"),
            ("GET", "/v2/journaltransaction", "module=GL", "either periodId"),
            ("GET", "/v2/journaltransaction", "periodId=202603", "module must be GL"),
            ("GET", "/v2/journaltransaction", "periodId=202603&module=GL", "pageNumber"),
        ],
    )
    def test_refuses_a_wrong_path_or_query(self, method, path, query, expected):
        found = contract.problems(method=method, path=path, query=query)

        assert expected in "\n".join(found)

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            ({}, "no bearer token"),
            ({"ipp-company-id": "1"}, "old API"),
            ({"Accept": "*/*"}, "Accept"),
        ],
    )
    def test_refuses_wrong_headers(self, headers, expected):
        found = contract.problems(method="GET", path="/v1/account", headers=headers)

        assert expected in "\n".join(found)


class TestTheRecorder:
    def request(self, url: str, agent: str = USER_AGENT) -> requests.PreparedRequest:
        headers = {**HEADERS, "User-Agent": agent}
        return requests.Request("GET", url, headers=headers).prepare()

    def test_stops_a_request_that_breaks_the_contract(self):
        here = recorder.Recorder()

        with pytest.raises(recorder.ContractBroken, match="not in the contract"):
            here.look_at(self.request("http://127.0.0.1:8001/visma-net/v1/nothing"))

        assert len(here.broken) == 1

    @pytest.mark.parametrize(
        "base", ["http://127.0.0.1:8001/visma-net", "https://api.finance.visma.net"]
    )
    def test_counts_one_that_keeps_it(self, base):
        here = recorder.Recorder()

        here.look_at(self.request(f"{base}/v2/journaltransaction/000001"))

        assert here.seen == {"GET /v2/journaltransaction/…": 1}

    def test_leaves_other_programs_and_other_addresses_alone(self):
        here = recorder.Recorder()

        here.look_at(self.request("http://127.0.0.1/visma-net/v1/nothing", agent="a person"))
        here.look_at(self.request("http://127.0.0.1/visma-connect/connect/token"))

        assert not here.seen
        assert not here.broken

    def test_judges_the_log_of_a_sandbox_in_another_process(self):
        entry = {
            "vendor": "visma-net",
            "method": "GET",
            "path": "/v1/account",
            "query": {"acitve": ["true"]},
            "headers": {"User-Agent": USER_AGENT},
        }

        found = recorder.check_log([entry, {**entry, "query": {"active": ["true"]}}])

        assert len(found) == 1

    def test_sees_the_requests_of_the_suite(self, request):
        plugins = request.config.pluginmanager

        assert plugins.has_plugin("tests.contracts.recorder")
        assert requests.Session.send.__name__ == "looked_at"


def test_a_journal_in_the_contract_is_plain_json():
    assert json.loads(to_json(body()))["controlTotalInCurrency"] == {"value": 10.10}
