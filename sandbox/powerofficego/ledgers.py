"""What is read of the ledgers: invoices, the customers' entries, transactions."""

from collections.abc import Iterator
from datetime import date

from werkzeug.wrappers import Response

from sandbox.memory import Json
from sandbox.powerofficego.books import ClientLedger, Refused, moment
from sandbox.powerofficego.call import Call, money
from sandbox.powerofficego.matching import ORIGINALS
from sandbox.powerofficego.reads import not_found


def _invoice(books: ClientLedger, entry: Json) -> Json:
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


def _entry(books: ClientLedger, entry: Json, balance: int) -> Json:
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


def _transaction(books: ClientLedger, voucher: Json, line: Json, place: int) -> Json:
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
