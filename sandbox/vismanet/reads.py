"""The reads before a journal. Field names are those of the published contracts."""

import base64
import uuid
from typing import Any

from werkzeug.wrappers import Response

from sandbox.company import Company
from sandbox.http import json_answer
from sandbox.vismanet.call import Call
from sandbox.vismanet.errors import Invalid, gateway_error

Json = dict[str, Any]

_CHANGED = "2026-01-02T08:00:00.000"
_STAMP = base64.b64encode(b"\0\0\0\0\0\x0f\x42\x40").decode()
_NAMESPACE = uuid.UUID("0a5e7a10-5555-4c00-8000-000000000000")


def _found(value: Json | None, *, etag: bool = False) -> Response:
    if value is None:
        # The status for an unknown number is not documented; 404 is expected.
        return gateway_error(404, "Resource not found")
    return json_answer(value, 200, {"ETag": f'"{_STAMP}"'} if etag else None)


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
        "lastModifiedDateTime": _CHANGED,
        "timeStamp": _STAMP,
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
    return _found(_organization(call.company, expand_branches=expand) if known else None)


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
        "lastModifiedDateTime": _CHANGED,
        "controlAccountModule": account["control"],
        "allowManualEntry": account["manual"],
        "timeStamp": _STAMP,
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
    return _found(None if found is None else _account(found), etag=True)


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
    return _found(None if found is None else _period(found))


# --- Dimensions and subaccounts -----------------------------------------------------------


def _public_id(*parts: object) -> str:
    return str(uuid.uuid5(_NAMESPACE, "/".join(map(str, parts))))


def _value(company: Company, segment: Json, value_id: str) -> Json:
    value = segment["values"][value_id]
    public_id = _public_id(company.tenant_id, segment["id"], value_id)
    return {
        "internalId": public_id,
        "segmentId": segment["id"],
        "valueId": value_id,
        "description": value["description"],
        "publicId": public_id,
        "active": value["active"],
        "timeStamp": _STAMP,
        "lastModified": _CHANGED,
        "mappedSegValue": "",
    }


def _segment(company: Company, segment: Json, *, values: bool) -> Json:
    public_id = _public_id(company.tenant_id, segment["id"])
    answer: Json = {
        "internalId": public_id,
        "segmentId": segment["id"],
        "description": segment["description"],
        "length": segment["length"],
        "publicId": public_id,
        "timeStamp": _STAMP,
        "lastModified": _CHANGED,
        "validate": segment["validate"],
        "isAutoNumber": False,
        "consolNumChar": 0,
        "consolOrder": 0,
    }
    if values:
        answer["segmentValues"] = [_value(company, segment, each) for each in segment["values"]]
    return answer


def dimensions(call: Call) -> Response:
    """Answer the ids of the segmented keys."""
    keys = ["ACCOUNT", "CUSTOMER", "PROJECT", "VENDOR"]
    return json_answer(sorted([*keys, "SUBACCOUNT"] if call.company.has_subaccounts else keys))


def dimension(call: Call, key: str) -> Response:
    """Answer one segmented key with its segments."""
    company = call.company
    if key.upper() != "SUBACCOUNT" or not company.has_subaccounts:
        return _found(None)
    values = call.flag("expandSegmentsValues", default=True) is True
    return json_answer(
        {
            "id": "SUBACCOUNT",
            "length": sum(segment["length"] for segment in company.segments),
            "description": "Subaccount",
            "segments": [_segment(company, each, values=values) for each in company.segments],
        }
    )


def _segment_of(company: Company, key: str, segment_id: int) -> Json | None:
    if key.upper() != "SUBACCOUNT":
        return None
    return next((each for each in company.segments if each["id"] == segment_id), None)


def segment(call: Call, key: str, segment: int) -> Response:
    """Answer one segment with its values."""
    found = _segment_of(call.company, key, segment)
    return _found(None if found is None else _segment(call.company, found, values=True), etag=True)


def segment_value(call: Call, key: str, segment: int, value: str) -> Response:
    """Answer one value; in this path it is always Base64 (contract `dimension`)."""
    found = _segment_of(call.company, key, segment)
    try:
        plain = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
    except ValueError:
        raise Invalid("valueId must be Base64 encoded.") from None
    if found is None or plain not in found["values"]:
        return _found(None)
    return _found(_value(call.company, found, plain), etag=True)


def subaccount_answer(company: Company, number: str, entry: Json) -> Json:
    """Return a subaccount: one combination of segment values."""
    parts = entry.get("segments") or [
        {"id": segment["id"], "value": value}
        for segment, value in zip(company.segments, number.split("-"), strict=False)
    ]
    known = {segment["id"]: segment for segment in company.segments}
    return {
        "subaccountNumber": number,
        "subaccountId": 1 + list(company.combinations).index(number)
        if number in company.combinations
        else 0,
        "active": entry.get("active", True),
        "segments": [
            {
                "segmentId": part["id"],
                "segmentDescription": known[part["id"]]["description"],
                "segmentValue": part["value"],
                "segmentValueDescription": known[part["id"]]["values"]
                .get(part["value"], {})
                .get("description", ""),
            }
            for part in parts
        ],
    }


def subaccounts(call: Call) -> Response:
    """Answer the combinations in use, by pages."""
    active = call.flag("active")
    number, size = call.page()
    company = call.company
    found = [
        subaccount_answer(company, key, entry)
        for key, entry in company.combinations.items()
        if active is None or entry.get("active", True) is active
    ]
    metadata = {
        "totalCount": len(found),
        "maxPageSize": call.store.setting("max_page_size"),
    }
    shown = found[(number - 1) * size : number * size]
    return json_answer(
        [
            each | {"lastModifiedDateTime": _CHANGED, "timeStamp": _STAMP, "metadata": metadata}
            for each in shown
        ]
    )


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
                "lastModifiedDateTime": _CHANGED,
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
        "lastModifiedDateTime": _CHANGED,
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
            return _found(_branch(call, index, each))
    return _found(None)


def currencies(call: Call) -> Response:
    """Answer the currencies."""
    return json_answer([_currency(entry) for entry in call.company.currencies])


def currency(call: Call, number: str) -> Response:
    """Answer one currency."""
    found = next((each for each in call.company.currencies if each["id"] == number), None)
    return _found(None if found is None else _currency(found))


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
    return _found(next((each for each in _series(call) if each["numberingId"] == number), None))


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
