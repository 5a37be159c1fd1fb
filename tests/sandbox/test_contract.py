"""The sandbox's answers, held to the published contracts with their objects closed."""

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sandbox import seed
from tests.contracts import read_contract

from .conftest import Client, line

CONTRACTS = Path(__file__).parents[3] / "shared" / "contracts" / "visma-net"

pytestmark = pytest.mark.skipif(
    not CONTRACTS.is_dir(), reason="the published contracts are not beside this checkout"
)


def closed(schema: Any) -> Any:
    """Return the schema with every object refusing keys it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict) and "$ref" not in made:
        made["additionalProperties"] = False
    return made


@cache
def document(contract: str) -> Any:
    """Return a published contract; reading one takes a while."""
    return read_contract(CONTRACTS / f"{contract}.yml")


def check(value: Any, *, contract: str, schema: str) -> None:
    """Raise if the value does not match a schema of a contract."""
    root = closed({"components": document(contract)["components"]})
    if isinstance(value, list):
        assert value, "an empty list would prove nothing"
        root |= {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}
    else:
        root |= {"$ref": f"#/components/schemas/{schema}"}
    jsonschema.Draft202012Validator(root).validate(value)


@pytest.mark.parametrize(
    ("path", "contract", "schema"),
    [
        ("/v1/organization?expandBranches=true", "organization", "ExtendedOrganizationDto"),
        ("/v1/account", "account", "AccountDto"),
        ("/v1/account/7010", "account", "AccountDto"),
        ("/v1/financialPeriod", "financialperiod", "FinancialPeriodDto"),
        ("/v1/financialPeriod/202603", "financialperiod", "FinancialPeriodDto"),
        ("/v1/dimension/SUBACCOUNT", "dimension", "DtoDimension"),
        ("/v1/dimension/SUBACCOUNT/1", "dimension", "DtoSegment"),
        ("/v1/dimension/SUBACCOUNT/2/SzEw", "dimension", "DtoSegmentValue"),
        ("/v1/subaccount", "subaccount", "SubAccountDto"),
        ("/v1/ledger", "ledger", "LedgerDto"),
        ("/v1/branch?expandLedger=true&expandCurrency=true", "branch", "BranchDto"),
        ("/v1/currency", "currency", "CurrencyDto"),
        ("/v1/numberSequence", "numbersequence", "NumberingDto"),
        ("/v1/featuresset", "featuresset", "FeaturesSetDto"),
        (
            "/v2/journaltransaction?periodId=202603",
            "journaltransaction-v2",
            "JournalTransactionDto",
        ),
        ("/v2/journaltransaction/000001", "journaltransaction-v2", "JournalTransactionDto"),
        (
            "/v1/GeneralLedgerTransactions?ledger=1&includeUnreleased=true",
            "generalledgertransactions",
            "GeneralLedgerTransactionDetailsDto",
        ),
    ],
)
def test_answers_match_the_published_schema(
    client: Client, path: str, contract: str, schema: str
) -> None:
    client.connect_to(seed.TVILLING)
    lines = [line("7010", 1, "0100", "K10"), line("2821", -1)]
    assert client.post_journal(lines=lines).status_code == 201

    answer = client.get(path)

    assert answer.status_code == 200
    check(answer.json(), contract=contract, schema=schema)


def test_a_background_call_matches_the_published_schema(akeriet: Client) -> None:
    accepted = akeriet.call("GET", "/v1/ledger", headers={"erp-api-background": "none"}).json()

    check(accepted, contract="ledger", schema="BackgroundApiAcceptedDto")
    state = akeriet.get(f"/v1/background/{accepted['id']}").json()
    check(state, contract="background", schema="BackgroundRequestStateDto")
