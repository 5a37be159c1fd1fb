"""Every document that the hub can send, held to the published part of the schema."""

import json
from typing import Any, ClassVar

import pytest

from connectors.businessnxt import documents
from tests.contracts import business_nxt

pytestmark = pytest.mark.skipif(not business_nxt.is_here(), reason=business_nxt.MISSING)

ALL = {
    "companies": documents.COMPANIES,
    "company": documents.COMPANY,
    "columns": documents.COLUMNS,
    "tables": documents.TABLES,
    "payments": documents.payments({}),
    "payments with found columns": documents.payments(
        {"kid": "cid", "origin": "origin", "currency": "currencyNo"}
    ),
    "payment count": documents.PAYMENT_COUNT,
    "payment totals": documents.PAYMENT_TOTALS,
    "open items": documents.open_items({}),
    "open items with a found column": documents.open_items({"currency": "currencyNo"}),
    "write-offs": documents.write_offs({}),
    "write-offs with a found column": documents.write_offs({"origin": "origin"}),
    "customers": documents.customers(with_block=True),
    "customers without a block": documents.customers(with_block=False),
    "voucher types": documents.voucher_types(["voucherTypeNo", "name"]),
    "any mark": documents.ANY_MARK,
    "any mark that is a number": documents.ANY_MARK_NUMBER,
    "read marks": documents.read_marks(20, number=False),
    "read marks that are numbers": documents.read_marks(1, number=True),
    "write marks": documents.write_marks(20),
}


class TestEveryDocument:
    @pytest.mark.parametrize("name", ALL)
    def test_is_in_the_published_schema(self, name: str) -> None:
        assert business_nxt.document_problems(ALL[name]) == ()

    @pytest.mark.parametrize("name", ALL)
    def test_holds_no_value_of_its_own(self, name: str) -> None:
        assert not any(character in ALL[name] for character in "'%")
        assert "_eq" not in ALL[name]


class TestTheContract:
    def test_refuses_a_field_that_it_does_not_have(self) -> None:
        document = (
            "query Wrong($company: Int!) { useCompany(no: $company)"
            " { customerTransaction { items { remainingAmount } } } }"
        )

        assert "remainingAmount" in business_nxt.document_problems(document)[0]

    def test_refuses_a_document_without_a_name(self) -> None:
        assert business_nxt.document_problems("{ availableCompanies { totalCount } }")

    def test_refuses_what_is_found_only_by_introspection_in_other_operations(self) -> None:
        document = documents.PAYMENT_TOTALS.replace("SumPayments", "Sum")

        assert business_nxt.document_problems(document)


class TestARequest:
    SENT: ClassVar[dict[str, Any]] = {
        "method": "POST",
        "path": "/api/graphql-service",
        "query": "",
        "headers": {"Content-Type": "application/json"},
    }

    def test_is_refused_with_a_variable_that_nothing_uses(self) -> None:
        body = {
            "query": documents.COMPANY,
            "operationName": "ReadCompany",
            "variables": {"company": 1, "customer": 2},
        }

        found = business_nxt.problems(**self.SENT, body=json.dumps(body))

        assert found == ["business-nxt ReadCompany: variables without a use: customer"]

    def test_is_refused_without_the_name_of_its_operation(self) -> None:
        body = {"query": documents.COMPANY, "variables": {"company": 1}}

        assert business_nxt.problems(**self.SENT, body=json.dumps(body))
