"""Posting, reading and reversing vouchers, and changing projects by JSON Patch."""

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Response

from sandbox.powerofficego.books import ClientLedger, Refused
from sandbox.powerofficego.call import Call, money
from sandbox.powerofficego.reads import not_found

Json = dict[str, Any]

_HEAD = {
    *("VoucherDate", "CurrencyCode", "Description", "ExternalImportReference"),
    *("ImportedVoucherNo", "SaftBatchId", "SaftSourceId", "VoucherLines"),
}
_LINE = {
    *("AccountId", "PostingDate", "VatId", "CurrencyAmount", "CurrencyCode", "Description"),
    *("CurrencyExchangeRate", "CustomMatchingReference", "ExternalLineReference"),
    *("DepartmentId", "ProjectId", "LocationId", "Dim1Id", "Dim2Id", "Dim3Id"),
    *("ProductId", "Quantity", "Quantity2", "VatReturnSpecification"),
}
_BANK_LINE = _LINE | {"InvoiceNo", "Cid"}
# The client's own rates; the API takes them from the day's list (sandbox's choice: they stand).
RATES = {"NOK": Decimal(1), "EUR": Decimal("11.60"), "SEK": Decimal("1.02")}
JSON = ("application/json", "text/json", "application/json-patch+json")


def post_bank(call: Call) -> Response:
    """Post a bank journal at once."""
    return _post(call, "BankJournal", _BANK_LINE)


def post_manual(call: Call) -> Response:
    """Post a manual journal at once."""
    return _post(call, "ManualJournal", _LINE)


def _post(call: Call, kind: str, fields: set[str]) -> Response:
    body = call.body(*JSON)
    if not isinstance(body, dict):
        raise Refused("The body must be an object.")
    head = _pascal(body)
    unknown = set(head) - _HEAD
    given = [_pascal(line) for line in head.get("VoucherLines") or []]
    for line in given:
        unknown |= set(line) - fields
    call.logged.unknown_fields = sorted(unknown)
    # Under the lock: two posts with one reference at the same time make one voucher.
    with call.store.writing():
        voucher = _store(call, kind, head, given)
    return call.answer(_voucher(call.books, voucher, kind), 201)


def _store(call: Call, kind: str, head: Json, given: list[Json]) -> Json:
    books = call.books
    day = _day(head.get("VoucherDate"), "VoucherDate")
    currency = _text(head.get("CurrencyCode"), "CurrencyCode")
    reference = str(head.get("ExternalImportReference") or "")
    if len(reference) > 50:
        raise Refused("ExternalImportReference can not be longer than 50 characters.")
    if reference and books.voucher_with(reference) is not None:
        # Not published for vouchers; for contacts it is 400 with this beginning.
        raise Refused(
            f"ExternalImportReference is already in use: {reference}",
            status=call.store.setting("go_duplicate_status"),
            title="Conflict" if call.store.setting("go_duplicate_status") == 409 else "Bad Request",
        )
    if len(given) < 2:
        raise Refused("VoucherLines must hold at least two lines.")
    lines = [_line(books, line, currency=currency) for line in given]
    if sum(line["cents"] for line in lines):
        raise Refused("The voucher is not in balance.")
    voucher = books.add_voucher(
        kind,
        day=day,
        reference=reference,
        description=str(head.get("Description") or ""),
        ours=True,
        lines=lines,
        currency=currency,
        imported_no=head.get("ImportedVoucherNo"),
    )
    for line in lines:
        if line["customer_id"]:
            books.add_entry(
                voucher,
                line["customer_id"],
                line["cents"],
                posting_date=line["posting_date"],
                currency=line["currency"],
                currency_cents=line["currency_cents"],
                pays_invoice_no=line["invoice_no"],
                cid=line["cid"],
                matching_reference=line["matching_reference"],
            )
    return voucher


def _line(books: ClientLedger, line: Json, *, currency: str) -> Json:
    day = _day(line.get("PostingDate"), "PostingDate")
    locked = books.client["lock_date"]
    if locked and day <= locked:
        raise Refused(f"PostingDate {day} is on or before the lock date {locked}.")
    account_id, vat_id = line.get("AccountId"), line.get("VatId")
    if not isinstance(account_id, int):
        raise Refused("AccountId is required.")
    vat = books.vats.get(vat_id) if isinstance(vat_id, int) else None
    if vat is None or not vat["active"]:
        raise Refused(f"VatId {vat_id} does not exist or is not active.")
    cents = _cents(line.get("CurrencyAmount"))
    code = str(line.get("CurrencyCode") or currency)
    customer = books.customer_of_account(account_id)
    number = customer["number"] if customer else _account(books, account_id, line)
    rate = line.get("CurrencyExchangeRate")
    if code not in RATES:
        raise Refused(f"CurrencyCode {code} is not active on the client.")
    posted = Decimal(cents) * (Decimal(str(rate)) if rate else RATES[code])
    return {
        "account_id": account_id,
        "account_no": number,
        "customer_id": customer["id"] if customer else None,
        "posting_date": day,
        "cents": int(posted.to_integral_value()),
        "currency": code,
        "currency_cents": cents,
        "vat_id": vat_id,
        "invoice_no": str(line.get("InvoiceNo") or "").strip(),
        "cid": str(line.get("Cid") or ""),
        "matching_reference": str(line.get("CustomMatchingReference") or ""),
        "description": str(line.get("Description") or ""),
        "department_code": _code(books.dimensions, line.get("DepartmentId"), "DepartmentId"),
        "project_code": _code(books.projects, line.get("ProjectId"), "ProjectId"),
        "line_reference": str(line.get("ExternalLineReference") or ""),
    }


def _account(books: ClientLedger, account_id: int, line: Json) -> int:
    account = books.accounts.get(account_id)
    if account is None:
        raise Refused(f"Account with id = {account_id} not found.")
    number = int(account["number"])
    if not account["active"]:
        raise Refused(f"Account {number} is not active.")
    if account["control"]:
        raise Refused(f"Account {number} is a control account: use the subledger account.")
    if account["needs_department"] and not line.get("DepartmentId"):
        raise Refused(f"Department is required on account {number}.")
    return number


def _code(rows: dict[int, Json], identity: object, field: str) -> str:
    if identity is None:
        return ""
    if not isinstance(identity, int) or identity not in rows:
        raise Refused(f"{field} {identity} does not exist.")
    return str(rows[identity]["code"])


def _cents(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value:
        raise Refused("CurrencyAmount must be a positive or negative number not 0.")
    amount = Decimal(str(value)).scaleb(2)
    if amount != amount.to_integral_value():
        raise Refused("CurrencyAmount can not have more than two decimals.")
    return int(amount)


def _day(value: object, field: str) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise Refused(f"{field} is required, as a date.") from None


def _text(value: object, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{field} is required.")
    return value.strip()


def _pascal(value: object) -> Json:
    """Return an object whose keys may begin in either case."""
    if not isinstance(value, dict):
        raise Refused("A voucher line must be an object.")
    return {key[:1].upper() + key[1:]: member for key, member in value.items()}


# --- Reading and reversing ------------------------------------------------------------------


def _voucher(books: ClientLedger, voucher: Json, kind: str) -> Json:
    lines = [
        {
            "Id": voucher["number"] * 1000 + place,
            "AccountId": line["account_id"],
            "CurrencyAmount": money(line["currency_cents"]),
            "CurrencyCode": line["currency"],
            "PostingDate": line["posting_date"],
            "VatId": line["vat_id"],
            "Description": line["description"] or None,
            "ExternalLineReference": line["line_reference"] or None,
        }
        | (
            {"InvoiceNo": line["invoice_no"] or None, "Cid": line["cid"] or None}
            if kind == "BankJournal"
            else {}
        )
        for place, line in enumerate(voucher["lines"])
    ]
    return {
        "Id": voucher["id"],
        "VoucherNo": voucher["number"],
        "VoucherDate": voucher["day"],
        "CurrencyCode": voucher.get("currency", books.client["currency"]),
        "Description": voucher["description"] or None,
        "ExternalImportReference": voucher["reference"] or None,
        "ImportedVoucherNo": voucher.get("imported_no"),
        "IsReversed": voucher["reversed"],
        "VoucherLines": lines,
    }


def read_bank(call: Call, identity: str) -> Response:
    """Answer a bank journal that this integration has posted."""
    return call.answer(_voucher(call.books, _own(call, identity, "BankJournal"), "BankJournal"))


def read_manual(call: Call, identity: str) -> Response:
    """Answer a manual journal that this integration has posted."""
    voucher = _own(call, identity, "ManualJournal")
    return call.answer(_voucher(call.books, voucher, "ManualJournal"))


def _own(call: Call, identity: str, kind: str = "") -> Json:
    try:
        found = call.books.vouchers.get(str(uuid.UUID(identity)))
    except ValueError:
        found = None
    if found is None or not found["ours"] or (kind and found["type"] != kind):
        raise not_found("Voucher", identity)
    return found


def reverse(call: Call, identity: str) -> Response:
    """Null a voucher of this integration by a counter-voucher."""
    with call.store.writing():
        call.books.reverse(_own(call, identity))
    return Response(status=200)


# --- JSON Patch -----------------------------------------------------------------------------

_PATCHABLE = {"denytimetracking": "deny_time", "name": "name", "projectstatus": "status"}


def patch_project(call: Call, number: int) -> Response:
    """Change a project: every operation is carried out, or none."""
    operations = call.body("application/json-patch+json")
    if not isinstance(operations, list) or not operations:
        raise Refused("The body must be a JSON Patch document.")
    with call.store.writing():
        found = call.books.projects.get(number)
        if found is None:
            raise not_found("Project", number)
        changed = dict(found)
        for operation in operations:
            _apply(changed, operation)
        if changed != found:
            call.books.save("project", changed | {"changed_at": call.books.now()})
    # "PATCH /Projects answers 200 without a body schema."
    return Response(status=200)


def _apply(project: Json, operation: Any) -> None:
    if not isinstance(operation, dict):
        raise Refused("An operation must be an object.")
    path = str(operation.get("path", "")).strip("/")
    field = _PATCHABLE.get(path.lower())
    if field is None:
        raise Refused(f"The target location specified by path segment '{path}' was not found.")
    value = operation.get("value")
    if operation.get("op") == "test":
        if project[field] != value:
            raise Refused(
                f"The current value '{project[field]}' at path '{path}' is not equal to the test "
                f"value '{value}'."
            )
    elif operation.get("op") in ("replace", "add"):
        if field == "deny_time" and not isinstance(value, bool):
            raise Refused(f"The value '{value}' is invalid for target location.")
        project[field] = value
    else:
        raise Refused(f"Invalid JsonPatch operation '{operation.get('op')}'.")
