"""What is read of a client's set-up, contacts and projects."""

import uuid
from collections.abc import Iterator
from typing import Any

from werkzeug.wrappers import Response

from sandbox.powerofficego.books import ClientLedger, Refused, moment
from sandbox.powerofficego.call import Call

Json = dict[str, Any]


def not_found(what: str, identity: object) -> Refused:
    """Return the refusal of something that is not there."""
    return Refused(
        f"{what} with id = {identity} not found.", status=404, title="Object(s) not found"
    )


# --- The client -----------------------------------------------------------------------------


def information(call: Call) -> Response:
    """Answer who the keys reach: the test of a connection."""
    client = call.books.client
    return call.answer(
        {
            "ActiveClientSubscriptions": client["subscriptions"],
            "ClientId": client["client_id"],
            "ClientName": client["name"],
            "InvalidPrivileges": client["invalid_privileges"],
            "ValidPrivileges": client["valid_privileges"],
        }
    )


def lock_date(call: Call) -> Response:
    """Answer the last day on which nothing can be posted."""
    return call.answer({"LockDate": call.books.client["lock_date"] or "0001-01-01"})


def financial_settings(call: Call) -> Response:
    """Answer the client's currency and year."""
    gain, loss = call.books.account(8060), call.books.account(8160)
    return call.answer(
        {
            "ConversionDate": "2025-01-01",
            "CurrencyCode": call.books.client["currency"],
            "CurrencyGainsAccountId": gain["id"] if gain else 0,
            "CurrencyGainsAccountNo": 8060,
            "CurrencyLossAccountId": loss["id"] if loss else 0,
            "CurrencyLossAccountNo": 8160,
            "FinancialYearEndMonth": "December",
            "LastChangedDateTimeOffset": "2025-01-01T00:00:00+00:00",
            "UseTrustAccountManagement": False,
        }
    )


def accounts(call: Call) -> Response:
    """Answer the chart of accounts."""
    wanted = call.numbers("accountNos")
    vat = next(one for one in call.books.vats.values() if one["code"] == "0")
    return call.list_answer(
        sorted(
            (one for one in call.books.accounts.values() if not wanted or wanted(one["number"])),
            key=lambda one: int(one["number"]),
        ),
        lambda one: {
            "Id": one["id"],
            "AccountNo": one["number"],
            "Name": one["name"],
            "GeneralLedgerAccountType": one["type"],
            "IsActive": one["active"],
            "IsDepartmentRequired": one["needs_department"],
            "IsProjectRequired": False,
            "IsVatCodeLocked": False,
            "VatCode": "0",
            "VatCodeId": vat["id"],
            "CurrencyCode": None,
            "LastChangedDateTimeOffset": "2026-01-02T08:00:00+00:00",
        },
    )


_SERIES = {
    "customers": ("Kunder", "Customer", 10000, 19999),
    "suppliers": ("Leverandører", "Supplier", 20000, 29999),
}


def sub_ledger_series(call: Call) -> Response:
    """Answer the number series of sub-ledgers, each with the account that it stands under."""
    return call.list_answer(
        (one for one in call.books.accounts.values() if one["control"]),
        lambda one: {
            "Id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"series-{one['number']}")),
            "Name": _SERIES[one["control"]][0],
            "SubLedgerNumberSeriesType": _SERIES[one["control"]][1],
            "FromInclusive": _SERIES[one["control"]][2],
            "ToInclusive": _SERIES[one["control"]][3],
            "GeneralLedgerAccountId": one["id"],
            "GeneralLedgerAccountNo": one["number"],
            "IsClientTrust": False,
            "IsDefault": True,
        },
    )


def bank_accounts(call: Call) -> Response:
    """Answer the client's bank accounts."""
    ledger = call.books.account(1920)
    rows = [ledger] if ledger else []
    return call.list_answer(
        rows,
        lambda one: {
            "Id": one["id"] + 1_000_000,
            "BankAccountNumber": "12345678903",
            "BankName": "Fjordbanken",
            "BicSwift": "FJORNO22",
            "CountryCode": "NO",
            "CurrencyCode": call.books.client["currency"],
            "GeneralLedgerAccountId": one["id"],
            "GeneralLedgerAccountNo": one["number"],
            "IsActive": True,
            "IsPrimaryAccount": True,
        },
    )


def vat_codes(call: Call) -> Response:
    """Answer the VAT codes."""
    return call.list_answer(
        call.books.vats.values(),
        lambda one: {
            "Id": one["id"],
            "Code": one["code"],
            "Name": one["name"],
            "Description": one["name"],
            "Rate": one["rate"],
            "IsActive": one["active"],
            "IsCustom": False,
            "ValidFrom": "2010-01-01",
            "ValidTo": None,
        },
    )


def departments(call: Call) -> Response:
    """Answer the departments."""
    wanted = call.words("codes")
    return call.list_answer(
        [
            one
            for one in call.books.dimensions.values()
            if one["of"] == "department" and (not wanted or one["code"] in wanted)
        ],
        lambda one: {
            "Id": one["id"],
            "Code": one["code"],
            "Name": one["name"],
            "IsActive": one["active"],
            "CreatedDateTimeOffset": "2026-01-02T08:00:00+00:00",
            "LastChangedDateTimeOffset": "2026-01-02T08:00:00+00:00",
        },
    )


def nothing(call: Call) -> Response:
    """Answer that there is none."""
    return Response(status=204)


# --- Customers ------------------------------------------------------------------------------


def _customer(one: Json) -> Json:
    return {
        "Id": one["id"],
        "Number": one["number"],
        "SubledgerAccountId": one["subledger_account_id"],
        "ExternalNumber": one["external_number"],
        "ExternalImportReference": None,
        "Name": one["name"],
        "OrganizationNumber": one["organisation_number"] or None,
        "IsActive": True,
        "IsArchived": False,
        "IsPerson": not one["organisation_number"],
        "ContactGroupIds": [],
        "LastChangedDateTimeOffset": one["changed_at"],
    }


def customers(call: Call) -> Response:
    """Answer the customers."""
    numbers, external = call.numbers("customerNos"), call.numbers("externalNos")
    since = call.since("lastChangedDateTimeOffsetGreaterThan")
    return call.list_answer(
        (
            one
            for one in call.books.customers.values()
            if (not numbers or numbers(one["number"]))
            and (not external or external(one["external_number"]))
            and (since is None or moment(one["changed_at"]) > since)
        ),
        _customer,
    )


def customer(call: Call, number: int) -> Response:
    """Answer one customer by its id."""
    found = call.books.customers.get(number)
    if found is None:
        raise not_found("Customer", number)
    return call.answer(_customer(found))


# --- Projects -------------------------------------------------------------------------------


def project_shape(books: ClientLedger, one: Json) -> Json:
    """Return a project; one that inherits its customer shows none."""
    owner = books.customers.get(one["customer_id"]) if one["customer_id"] else None
    parent = books.projects.get(one["parent_id"]) if one["parent_id"] else None
    return {
        "Id": one["id"],
        "Code": one["code"],
        "Name": one["name"],
        "CustomerId": owner["id"] if owner else None,
        "CustomerNo": owner["number"] if owner else None,
        "ParentProjectId": parent["id"] if parent else None,
        "ParentProjectCode": parent["code"] if parent else None,
        "DenyTimeTracking": one["deny_time"],
        "IsActive": one["status"] != "Archived",
        "ProjectStatus": one["status"],
        "CreatedDateTimeOffset": "2026-01-02T08:00:00+00:00",
        "LastChangedDateTimeOffset": one["changed_at"],
    }


def owner_of(books: ClientLedger, project: Json) -> int | None:
    """Return the customer of a project, its own or that of the project above it."""
    while project["customer_id"] is None and project["parent_id"] is not None:
        project = books.projects[project["parent_id"]]
    found: int | None = project["customer_id"]
    return found


def projects(call: Call) -> Response:
    """Answer the projects."""
    numbers, codes = call.numbers("customerNos"), call.words("projectCodes")
    since = call.since("lastChangedDateTimeOffsetGreaterThan")
    with_subs, no_archived = call.flag("includeSubProjects"), call.flag("excludeArchivedProject")

    def wanted() -> Iterator[Json]:
        for one in call.books.projects.values():
            owner = call.books.customers.get(owner_of(call.books, one) or 0)
            if one["parent_id"] and not with_subs:
                continue
            if numbers and (owner is None or not numbers(owner["number"])):
                continue
            if codes and one["code"] not in codes:
                continue
            if no_archived and one["status"] == "Archived":
                continue
            if since is None or moment(one["changed_at"]) > since:
                yield one

    return call.list_answer(wanted(), lambda one: project_shape(call.books, one))


def project(call: Call, number: int) -> Response:
    """Answer one project by its id."""
    found = call.books.projects.get(number)
    if found is None:
        raise not_found("Project", number)
    return call.answer(project_shape(call.books, found))


# --- Invoices -------------------------------------------------------------------------------
