"""The judge of what is sent to PowerOffice Go must itself be strict."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.http.exact_json import to_json
from connectors.powerofficego import payloads
from connectors.receivables.target import PaymentToRegister
from tests.contracts import poweroffice

pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(not poweroffice.is_here(), reason=poweroffice.MISSING),
]
HEADERS = {
    "Authorization": "Bearer x",
    "Ocp-Apim-Subscription-Key": "x",
    "Accept": "application/json",
    "Content-Type": "application/json",
}


def body() -> dict[str, Any]:
    payment = PaymentToRegister(
        reference="00000000-0000-0000-0000-000000000001",
        customer_number="10001",
        invoice_number="50001",
        paid_on=date(2026, 8, 15),
        amount=Decimal("12500.00"),
        currency="NOK",
        account="1579",
        text="Innbetaling",
        voucher_number=9001,
    )
    return payloads.bank_journal(payment, ids=payloads.Ids(1, 2, 3))


def problems_of(content: Any, **headers: str) -> list[str]:
    return poweroffice.problems(
        method="POST",
        path="/v2/Vouchers/BankJournals",
        headers=HEADERS | headers,
        body=to_json(content),
    )


class TestTheContract:
    def test_takes_what_the_hub_posts(self):
        assert problems_of(body()) == []

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            (lambda it: it.update(Amount=1), "Amount"),
            (lambda it: it.pop("VoucherDate"), "VoucherDate"),
            (lambda it: it.pop("ExternalImportReference"), "ExternalImportReference"),
            (lambda it: it.update(VoucherDate="15.08.2026"), "VoucherDate"),
            (lambda it: it.update(ImportedVoucherNo="9001"), "ImportedVoucherNo"),
            (lambda it: it["VoucherLines"].pop(), "minItems"),
            (lambda it: it["VoucherLines"][0].pop("VatId"), "VatId"),
            (lambda it: it["VoucherLines"][0].update(AccountNo=1579), "AccountNo"),
            (
                lambda it: it["VoucherLines"][0].update(CurrencyAmount=Decimal("1.5")),
                "two decimals",
            ),
            (lambda it: it["VoucherLines"][0].update(CurrencyAmount="1.50"), "CurrencyAmount"),
        ],
    )
    def test_refuses_a_voucher_that_differs(self, change, expected):
        content = body()

        change(content)

        assert expected in "\n".join(problems_of(content))

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            ({"Authorization": "Basic x"}, "no bearer"),
            ({"Ocp-Apim-Subscription-Key": ""}, "subscription key"),
            ({"Accept": "*/*"}, "Accept"),
            ({"Content-Type": "text/plain"}, "content type"),
        ],
    )
    def test_refuses_wrong_headers(self, headers, expected):
        assert expected in "\n".join(problems_of(body(), **headers))

    @pytest.mark.parametrize(
        ("method", "path", "query", "expected"),
        [
            ("GET", "/v2/Invoices", "", "not in the contract"),
            ("GET", "/Customers", "", "not in the contract"),
            ("DELETE", "/v2/Customers/1", "", "not in the contract"),
            ("GET", "/v2/Customers", "customerNos=1", "PageNumber"),
            ("GET", "/v2/Customers", "PageNumber=0&PageSize=5", "first page is 1"),
            ("GET", "/v2/Customers", "PageNumber=1&PageSize=5&numbers=1", "no query parameter"),
            ("GET", "/v2/Customerledger/OpenItems", "PageNumber=1&PageSize=5", "date is missing"),
            (
                *("GET", "/v2/Customerledger/OpenItems"),
                *("date=31.12.2026&PageNumber=1&PageSize=5", "date"),
            ),
        ],
    )
    def test_refuses_a_wrong_path_or_query(self, method, path, query, expected):
        found = poweroffice.problems(method=method, path=path, query=query)

        assert expected in "\n".join(found)

    @pytest.mark.parametrize(
        "operations",
        [
            [{"op": "replace", "path": "/DenyTimeTracking", "value": True}],
            [
                {"op": "test", "path": "/DenyTimeTracking"},
                {"op": "replace", "path": "/DenyTimeTracking", "value": True},
            ],
            [
                {"op": "test", "path": "DenyTimeTracking", "value": False},
                {"op": "replace", "path": "/DenyTimeTracking", "value": True},
            ],
        ],
    )
    def test_refuses_a_patch_that_does_not_test_first(self, operations):
        assert self.patch(operations)

    def test_takes_one_that_does(self):
        assert self.patch(payloads.deny_time(expected=False, denied=True)) == []

    def patch(self, operations: Any) -> list[str]:
        return poweroffice.problems(
            method="PATCH",
            path="/v2/Projects/1",
            headers=HEADERS | {"Content-Type": "application/json-patch+json"},
            body=to_json(operations),
        )

    def test_knows_the_token_call(self):
        found = poweroffice.problems(
            method="POST",
            path="/OAuth/Token",
            headers=HEADERS
            | {
                "Authorization": "Basic x",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body="grant_type=client_credentials",
        )

        assert found == []
