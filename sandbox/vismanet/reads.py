"""The reads before a journal. Field names are those of the published contracts."""

from typing import Any

from werkzeug.wrappers import Response

from sandbox.company import Company
from sandbox.http import json_answer
from sandbox.vismanet.call import CHANGED, STAMP, Call, one_answer
from sandbox.vismanet.errors import Invalid

Json = dict[str, Any]


# --- Organization -------------------------------------------------------------------------


def _currency(entry: Json) -> Json:
    return {
        "id": entry["id"],
        "description": entry["name"],
        "symbol": entry["symbol"],
        "isBaseCurrency": entry["base"],
        "decimalPrecision": entry["decimals"],
        "isUsedForAccounting": entry["accounting"],
    }


def _organization(company: Company, *, expand_branches: bool) -> Json:
    base = next(each for each in company.currencies if each["base"])
    ledger = company.ledgers[0]
    answer: Json = {
        "organizationCd": "1",
        "name": company.name,
        "organizationType": "WithBranchesBalancing" if len(company.branches) > 1 else "Without",
        "fileTaxByBranches": False,
        "baseCurrency": company.currency,
        "corporateId": company.organisation_number,
        "vatRegistrationId": _vat_id(company),
        "currency": _currency(base),
        "ledger": {"id": ledger["number"], "description": ledger["name"]},
        "lastModifiedDateTime": CHANGED,
        "timeStamp": STAMP,
    }
    if expand_branches:
        answer["branches"] = [
            {"number": each["number"], "name": each["name"]} for each in company.branches
        ]
    return answer


def _vat_id(company: Company) -> str:
    digits = company.organisation_number.replace("-", "")
    return f"SE{digits}01" if company.country == "SE" else f"NO{digits}MVA"


def organizations(call: Call) -> Response:
    """Answer the legal units inside the company."""
    expand = bool(call.flag("expandBranches"))
    return json_answer([_organization(call.company, expand_branches=expand)])


def organization(call: Call, number: str) -> Response:
    """Answer one legal unit."""
    expand = bool(call.flag("expandBranches"))
    known = number == "1"
    return one_answer(_organization(call.company, expand_branches=expand) if known else None)


# --- Accounts -----------------------------------------------------------------------------


def _account(account: Json) -> Json:
    answer: Json = {
        "accountID": 10000 + int(account["number"]),
        "accountCD": account["number"],
        "accountClass": account["number"][:2],
        "type": account["kind"],
        "active": account["active"],
        "description": account["name"],
        "useDefaultSub": account["default_sub"],
        "postOption": "Detail",
        "taxCategory": account["tax_category"],
        "cashAccount": account["cash"],
        "publicCode1": account["number"],
        "lastModifiedDateTime": CHANGED,
        "controlAccountModule": account["control"],
        "allowManualEntry": account["manual"],
        "timeStamp": STAMP,
    }
    if account["currency"]:
        answer["currency"] = account["currency"]
    return answer


def accounts(call: Call) -> Response:
    """Answer the accounts; there is no paging, and `greaterThanValue` is a from-value."""
    active = call.flag("active")
    start = call.request.args.get("greaterThanValue", "")
    return json_answer(
        [
            _account(account)
            for number, account in sorted(call.company.accounts.items())
            if number >= start and (active is None or account["active"] is active)
        ]
    )


def account(call: Call, number: str) -> Response:
    """Answer one account."""
    found = call.company.accounts.get(number)
    return one_answer(None if found is None else _account(found), etag=True)


# --- Periods ------------------------------------------------------------------------------


def _period(period: Json) -> Json:
    closed = period["closed"]
    return {
        "year": period["year"],
        # "The period no and the year": the contract does not state the order. MM-YYYY is how
        # the platform shows it (sandbox's choice).
        "period": f"{period['number']:02d}-{period['year']}",
        "startDate": f"{period['start']}T00:00:00",
        "endDate": f"{period['end']}T00:00:00",
        "description": f"Period {period['number']}",
        "active": period["active"],
        "closedInSupplierLedger": closed,
        "closedInCustomerLedger": closed,
        "closedInInventoryManagement": closed,
        "closedInGeneralLedger": closed,
        "closedInCashManagement": closed,
        "closedInFixedAssets": closed,
    }


def periods(call: Call) -> Response:
    """Answer the periods from `greaterThanValue`, which is YYYY or YYYYPP."""
    start = call.request.args.get("greaterThanValue", "")
    if start and not (start.isdecimal() and len(start) in (4, 6)):
        raise Invalid(f"The value '{start}' is not valid for greaterThanValue.")
    return json_answer(
        [
            _period(period)
            for period_id, period in sorted(call.company.periods.items())
            if period_id >= start
        ]
    )


def period(call: Call, number: str) -> Response:
    """Answer one period."""
    found = call.company.periods.get(number)
    return one_answer(None if found is None else _period(found))


# --- Dimensions and subaccounts -----------------------------------------------------------


# --- Ledgers, branches, currencies, number series, features -------------------------------


def ledgers(call: Call) -> Response:
    """Answer the ledgers."""
    return json_answer(
        [
            {
                "internalId": index,
                "number": ledger["number"],
                "description": ledger["name"],
                "balanceType": ledger["type"],
                "currencyId": ledger["currency"],
                "consolidationSource": False,
                "branchAccounting": False,
                "lastModifiedDateTime": CHANGED,
                "postInterCompany": False,
            }
            for index, ledger in enumerate(call.company.ledgers, start=1)
        ]
    )


def _branch(call: Call, index: int, branch: Json) -> Json:
    company = call.company
    answer: Json = {
        "branchId": index,
        "number": branch["number"],
        "name": branch["name"],
        "organizationId": 1,
        "isMainBranch": branch["main"],
        "isActive": branch["active"],
        "lastModifiedDateTime": CHANGED,
        "corporateId": company.organisation_number,
        "vatRegistrationId": _vat_id(company),
    }
    ledger = company.ledger(branch["ledger"])
    if call.flag("expandLedger") and ledger is not None:
        answer["ledger"] = {"id": ledger["number"], "description": ledger["name"]}
    if call.flag("expandCurrency"):
        base = next(each for each in company.currencies if each["base"])
        answer["currency"] = {
            "id": base["id"],
            "description": base["name"],
            "symbol": base["symbol"],
        }
    return answer


def branches(call: Call) -> Response:
    """Answer the branches."""
    return json_answer(
        [_branch(call, index, each) for index, each in enumerate(call.company.branches, start=1)]
    )


def branch(call: Call, number: str) -> Response:
    """Answer one branch."""
    for index, each in enumerate(call.company.branches, start=1):
        if each["number"] == number:
            return one_answer(_branch(call, index, each))
    return one_answer(None)


def currencies(call: Call) -> Response:
    """Answer the currencies."""
    return json_answer([_currency(entry) for entry in call.company.currencies])


def currency(call: Call, number: str) -> Response:
    """Answer one currency."""
    found = next((each for each in call.company.currencies if each["id"] == number), None)
    return one_answer(None if found is None else _currency(found))


def _series(call: Call) -> list[Json]:
    company = call.company
    sizes = call.store.batch_sizes(company.tenant_id, own=0)
    last = sizes[-1][0] if sizes else "000000"
    batch = {
        "numberingId": company.batch_series,
        "description": "GL Batch",
        # The tick *Allow manual numbering on imports* is not readable by name; that a company
        # with it also shows manualNumbering is the sandbox's choice.
        "manualNumbering": company.manual_numbers,
        "newNumberSymbol": "<NEW>",
        "sequence": [
            {
                "numberingId": company.batch_series,
                "startNbr": "000001",
                "endNbr": "999999",
                "startDate": "2025-01-01T00:00:00",
                "lastNbr": last,
                "warnNbr": "999899",
                "nbrStep": 1,
                "nextNumber": f"{int(last) + 1:06d}",
            }
        ],
    }
    invoice = {
        "numberingId": "ARINVOICE",
        "description": "Customer invoice",
        "manualNumbering": False,
        "newNumberSymbol": "<NEW>",
        "sequence": [],
    }
    return [batch, invoice]


def number_sequences(call: Call) -> Response:
    """Answer the number series."""
    return json_answer(_series(call))


def number_sequence(call: Call, number: str) -> Response:
    """Answer one number series."""
    return one_answer(next((each for each in _series(call) if each["numberingId"] == number), None))


def features(call: Call) -> Response:
    """Answer what is enabled; the names of features are the platform's, not confirmed."""
    company = call.company
    known = [
        ("FinancialModule", "Finance", "", True),
        ("SubAccount", "Subaccounts", "FinancialModule", company.has_subaccounts),
        ("Branch", "Multi-branch support", "FinancialModule", len(company.branches) > 1),
        ("Multicurrency", "Multi-currency accounting", "FinancialModule", True),
        ("ProjectModule", "Project accounting", "", False),
    ]
    name = call.request.args.get("featureName", "")
    enabled = call.flag("featureEnabled")
    return json_answer(
        {
            "features": [
                {"name": key, "displayName": words, "parentName": parent, "isEnabled": on}
                for key, words, parent, on in known
                if (not name or name.lower() in key.lower()) and (enabled is None or on is enabled)
            ]
        }
    )


# --- General ledger transactions ----------------------------------------------------------


def transactions(call: Call) -> Response:
    """Answer the lines of the ledger: a second source to find a batch by its reference."""
    args = call.request.args
    ledger = call.company.ledger(args.get("ledger", ""))
    if ledger is None:
        raise Invalid(f"Ledger '{args.get('ledger', '')}' cannot be found in the system.")
    start, end = args.get("fromPeriod", "000000"), args.get("toPeriod", "999999")
    states = {"Posted"}
    if call.flag("includeUnposted"):
        states.add("Unposted")
    if call.flag("includeUnreleased"):
        states |= {"Balanced", "Hold"}
    number, size = call.page()
    found = []
    for batch in call.store.batches(call.company.tenant_id, ledger=ledger["number"]):
        if batch.status not in states or not start <= batch.period <= end:
            continue
        found += [
            {
                "lineNumber": line["lineNumber"],
                "module": "GL",
                "batchNumber": batch.number,
                "tranDate": f"{batch.day}T00:00:00",
                "period": batch.period,
                "description": line["transactionDescription"],
                "refNumber": line["referenceNumber"],
                "branch": {"number": batch.branch},
                "account": {
                    "number": line["accountNumber"],
                    "description": line["description"],
                },
                "ledger": {"id": ledger["number"], "description": ledger["name"]},
                "subaccount": line.get("subaccount", {}).get("subaccountNumber", ""),
                "debitAmount": line["debitAmount"],
                "creditAmount": line["creditAmount"],
                "currency": batch.currency,
                "currDebitAmount": line["debitAmountInCurrency"],
                "currCreditAmount": line["creditAmountInCurrency"],
                "lastModifiedDateTime": batch.modified_at,
            }
            for line in batch.lines
            if args.get("account", line["accountNumber"]) == line["accountNumber"]
        ]
    metadata = {"totalCount": len(found), "maxPageSize": call.store.setting("max_page_size")}
    return json_answer(
        [each | {"metadata": metadata} for each in found[(number - 1) * size : number * size]]
    )
