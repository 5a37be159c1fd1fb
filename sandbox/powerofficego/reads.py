"""Everything that is read: contacts, projects, invoices, the customers' ledger, settings."""

import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

from werkzeug.wrappers import Response

from sandbox.powerofficego.books import ClientBooks, Refused, moment
from sandbox.powerofficego.call import Call, money
from sandbox.powerofficego.matching import ORIGINALS

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


def project_shape(books: ClientBooks, one: Json) -> Json:
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


def owner_of(books: ClientBooks, project: Json) -> int | None:
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


def _invoice(books: ClientBooks, entry: Json) -> Json:
    voucher = books.vouchers[entry["voucher_id"]]
    customer = books.customers[entry["customer_id"]]
    return {
        "Id": voucher["id"],
        "InvoiceNo": int(entry["invoice_no"]),
        "VoucherNo": voucher["number"],
        "VoucherType": voucher["type"],
        "CustomerId": customer["id"],
        "CustomerNo": customer["number"],
        "VoucherDate": voucher["day"],
        "DueDate": entry["due_date"] or None,
        "CurrencyCode": entry["currency"],
        "TotalAmount": money(entry["currency_cents"]),
        "TotalPostedAmount": money(entry["cents"]),
        "Balance": money(books.balances[entry["id"]]),
        "BalanceLastChangedDateTimeOffset": entry["changed_at"],
        "Cid": entry["cid"] or None,
        "MatchId": entry["match_id"] or None,
        "RelatedInvoiceNo": int(voucher["credits_no"]) if voucher["credits_no"] else None,
        "IsReversed": voucher["reversed"],
        "CreatedDateTimeOffset": voucher["created_at"],
        "LastChangedDateTimeOffset": entry["changed_at"],
    }


def invoices(call: Call) -> Response:
    """Answer invoices and credit notes."""
    books = call.books
    numbers, customers = call.numbers("invoiceNos"), call.numbers("customerNos")
    vouchers = call.numbers("voucherNos")
    since = call.since("balanceLastChangedDateTimeOffsetGreaterThan")
    first, last = call.day("fromDate", needed=False), call.day("toDate", needed=False)
    unpaid = call.flag("onlyUnpaidInvoices")

    def wanted() -> Iterator[Json]:
        for entry in books.entries.values():
            if entry["voucher_type"] not in ORIGINALS:
                continue
            if numbers and not numbers(int(entry["invoice_no"])):
                continue
            if customers and not customers(books.customers[entry["customer_id"]]["number"]):
                continue
            voucher = books.vouchers[entry["voucher_id"]]
            if vouchers and not vouchers(voucher["number"]):
                continue
            if (first and voucher["day"] < first) or (last and voucher["day"] > last):
                continue
            if unpaid and not books.balances[entry["id"]]:
                continue
            if since is None or moment(entry["changed_at"]) > since:
                yield entry

    return call.list_answer(wanted(), lambda entry: _invoice(books, entry))


def invoice(call: Call, identity: str) -> Response:
    """Answer one invoice by its id."""
    for entry in call.books.entries.values():
        if entry["voucher_id"] == identity and entry["voucher_type"] in ORIGINALS:
            return call.answer(_invoice(call.books, entry))
    raise not_found("Invoice", identity)


# --- The customers' ledger ------------------------------------------------------------------


def _entry(books: ClientBooks, entry: Json, balance: int) -> Json:
    voucher = books.vouchers[entry["voucher_id"]]
    customer = books.customers[entry["customer_id"]]
    return {
        "Id": entry["id"],
        "CustomerId": customer["id"],
        "CustomerAccountNo": customer["number"],
        "CustomerExternalNo": customer["external_number"],
        "CustomerName": customer["name"],
        # Only invoices and credit notes show a number; a payment shows none.
        "InvoiceNo": entry["invoice_no"] or None,
        "Amount": money(entry["cents"]),
        "Balance": money(balance),
        "CurrencyCode": entry["currency"],
        "CurrencyAmount": money(entry["currency_cents"]),
        "Cid": entry["cid"] or None,
        "MatchId": entry["match_id"] or None,
        "VoucherId": voucher["id"],
        "VoucherNo": voucher["number"],
        "VoucherType": voucher["type"],
        "VoucherDate": voucher["day"],
        "PostingDate": entry["posting_date"],
        "DueDate": entry["due_date"] or None,
        "ExternalImportReference": voucher["reference"] or None,
        "IsCreatedByCurrentIntegration": voucher["ours"],
        "IsWriteOff": entry["write_off"],
        "CreatedDateTimeOffset": entry["created_at"],
        "LastChangedDateTimeOffset": entry["changed_at"],
    }


def _wanted(call: Call) -> Iterator[Json]:
    """Yield the entries that the shared filters of the ledger leave."""
    books = call.books
    numbers, external = call.numbers("customerNos"), call.numbers("externalNos")
    invoices, types = call.words("invoiceNos"), call.words("voucherTypes")
    since = call.since("lastChangedDateTimeOffsetGreaterThan")
    created = call.since("createdDateTimeOffsetGreaterThan")
    only_ours = call.flag("onlyCreatedByCurrentIntegration")
    for entry in books.entries.values():
        customer = books.customers[entry["customer_id"]]
        if numbers and not numbers(customer["number"]):
            continue
        if external and not external(customer["external_number"]):
            continue
        if invoices and entry["invoice_no"] not in invoices:
            continue
        if types and entry["voucher_type"] not in types:
            continue
        if only_ours and not books.vouchers[entry["voucher_id"]]["ours"]:
            continue
        if since is not None and moment(entry["changed_at"]) <= since:
            continue
        if created is None or moment(entry["created_at"]) > created:
            yield entry


def open_items(call: Call) -> Response:
    """Answer what is open at the end of a day."""
    day, books = call.day("date"), call.books
    part_paid = call.flag("onlyBalancesLessThanAmount")
    found = []
    for entry in _wanted(call):
        if entry["posting_date"] > day:
            continue
        balance = books.open_on(entry, day)
        if balance and not (part_paid and balance == entry["cents"]):
            found.append((entry, balance))
    return call.list_answer(found, lambda one: _entry(books, *one))


def statement(call: Call) -> Response:
    """Answer all entries of some days; what is open is that of the last one."""
    first, last, books = call.day("fromDate"), call.day("toDate"), call.books
    if "hidden" in call.faults:
        return Response(status=204)
    found = [entry for entry in _wanted(call) if first <= entry["posting_date"] <= last]
    return call.list_answer(found, lambda one: _entry(books, one, books.open_on(one, last)))


def matches(call: Call) -> Response:
    """Answer the entries that settle each other."""
    text = call.text("matchId")
    if not text.isdecimal():
        raise Refused(f"The value '{text}' is not valid for matchId.")
    books = call.books
    today = date.max.isoformat()
    return call.list_answer(
        books.matched_with(int(text)), lambda one: _entry(books, one, books.open_on(one, today))
    )


def balances(call: Call) -> Response:
    """Answer one balance per customer; customers without entries are left out."""
    day, books = call.day("date"), call.books
    only_open = call.flag("includeOnlyOpenItems")
    sums: dict[int, int] = {}
    for entry in books.entries.values():
        if entry["posting_date"] <= day:
            sums[entry["customer_id"]] = sums.get(entry["customer_id"], 0) + entry["cents"]
    found = [(books.customers[one], cents) for one, cents in sums.items() if cents or not only_open]
    return call.list_answer(
        found,
        lambda one: {
            "CustomerId": one[0]["id"],
            "CustomerAccountNo": one[0]["number"],
            "CustomerExternalNo": one[0]["external_number"],
            "CustomerName": one[0]["name"],
            "Balance": money(one[1]),
        },
    )


def transactions(call: Call) -> Response:
    """Answer the lines of posted vouchers."""
    first, last = call.day("fromDate"), call.day("toDate")
    accounts, vouchers = call.numbers("accountNos"), call.numbers("voucherNos")
    types = call.words("voucherTypes")
    books = call.books

    def wanted() -> Iterator[tuple[Json, Json, int]]:
        for voucher in books.vouchers.values():
            if types and voucher["type"] not in types:
                continue
            if vouchers and not vouchers(voucher["number"]):
                continue
            for place, line in enumerate(voucher["lines"]):
                day = line["posting_date"]
                if first <= day <= last and (not accounts or accounts(line["account_no"])):
                    yield voucher, line, place

    return call.list_answer(wanted(), lambda one: _transaction(books, *one))


def _transaction(books: ClientBooks, voucher: Json, line: Json, place: int) -> Json:
    return {
        "Id": voucher["number"] * 1000 + place,
        "AccountId": line["account_id"],
        "AccountNo": line["account_no"],
        "Amount": money(line["cents"]),
        "CurrencyAmount": money(line["currency_cents"]),
        "CurrencyCode": line["currency"],
        "PostingDate": line["posting_date"],
        "VoucherDate": voucher["day"],
        "VoucherId": voucher["id"],
        "VoucherNo": voucher["number"],
        "VoucherType": voucher["type"],
        "VoucherDescription": voucher["description"] or None,
        "Description": line["description"] or None,
        "DepartmentCode": line["department_code"] or None,
        "ProjectCode": line["project_code"] or None,
        "ExternalImportReference": voucher["reference"] or None,
        "IsReversed": voucher["reversed"],
        "VatId": line["vat_id"],
        "VatAmount": 0.0,
        "CreatedDateTimeOffset": voucher["created_at"],
    }
