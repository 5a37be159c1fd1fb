"""
Journals: create, read, list, change, release.

Contract `journaltransaction-v2`. There is no idempotency key: the same POST again makes a second
batch. Nothing can be deleted or reversed.
"""

import base64
import json
import re
from datetime import datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

from werkzeug.wrappers import Response

from sandbox.batch import Batch, DuplicateNumber
from sandbox.company import Company
from sandbox.http import json_answer, json_text
from sandbox.vismanet.call import Call
from sandbox.vismanet.dimensions import subaccount_answer
from sandbox.vismanet.errors import Invalid, gateway_error
from sandbox.vismanet.validation import Header, Line, Reader, subaccount_number

Json = dict[str, Any]

_MODULES = {"GL", "AP", "AR", "CM", "CA", "IN", "DR", "FA", "PM"}
_STATUSES = {"Hold", "Balanced", "Unposted", "Posted", "Voided", "Scheduled", "Unreleased"}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d{1,3})?)?")


def _stamp(batch: Batch) -> str:
    return base64.b64encode(batch.version.to_bytes(8, "big")).decode()


def _etag(batch: Batch) -> dict[str, str]:
    return {"ETag": f'"{_stamp(batch)}"'}


def _reader(call: Call) -> Reader:
    return Reader(
        call.company,
        status_value=call.store.setting("status_value"),
        status_period=call.store.setting("status_period"),
    )


def _body(call: Call) -> Json:
    try:
        body = json.loads(call.request.get_data(), parse_float=Decimal)
    except ValueError:
        raise Invalid("The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise Invalid("The request body must be an object.")
    return body


# --- Create -------------------------------------------------------------------------------


def create(call: Call) -> Response:
    """Store a journal; 201 with the number at the end of Location, and an empty object."""
    body = _body(call)
    reader = _reader(call)
    try:
        header = reader.header(body, today=call.store.now().date())
        lines = reader.lines(body, header)
        debit, credit = reader.check_whole(header, lines)
    finally:
        call.logged.unknown_fields = sorted(set(reader.unknown))
    company = call.company
    _keep_combinations(call, lines)
    batch = Batch(
        tenant_id=company.tenant_id,
        number=header.own_number,
        status="Hold" if header.hold else "Balanced",
        period=header.period["id"],
        day=header.day,
        branch=header.branch["number"],
        ledger=header.ledger["number"],
        currency=header.currency,
        description=header.description,
        debit=f"{debit:.2f}",
        credit=f"{credit:.2f}",
        line_count=len(lines),
        lines_json=_lines_json(company, lines),
        extra_json=_extra_json(header, debit),
        own=1 if header.own_number else 0,
        client_id=call.claims["client_id"],
        person=call.claims.get("sub", ""),
    )
    if "number_given_again" in call.faults and not batch.own:
        _delete_oldest(call)
    try:
        stored = call.store.add_batch(batch)
    except DuplicateNumber as duplicate:
        # [acu]; which status comes with it is not confirmed.
        raise Invalid(
            f"Another process has added the '{duplicate}' record. Your changes will be lost.",
            call.store.setting("status_period"),
        ) from None
    headers = _etag(stored)
    if "no_location" not in call.faults:
        headers["Location"] = f"{call.base_url}/v2/journaltransaction/{stored.number}"
    return json_answer({}, 201, headers)


def _delete_oldest(call: Call) -> None:
    """Do what a person may have done before this call; what is released stays."""
    tenant_id = call.company.tenant_id
    for each in call.store.batches(tenant_id):
        if not (each.released or each.release_due or each.own):
            call.store.delete_batch(tenant_id, each.number, number_again=True)
            return
    call.store.add_fault("number_given_again")  # there is none yet: at a later call


def _keep_combinations(call: Call, lines: list[Line]) -> None:
    company = call.company
    fresh = {}
    # Lines with the same subaccount share one list of segments: each is looked at once.
    for segments in {id(line.segments): line.segments for line in lines}.values():
        if segments:
            number = subaccount_number(company, segments)
            if number not in company.combinations:
                fresh[number] = {"active": True, "segments": segments}
    if fresh:
        with call.store.writing():
            company.combinations = company.combinations | fresh
            call.store.save_company(company)


def _extra_json(header: Header, debit: Decimal) -> str:
    control = header.control_total if header.control_total is not None else debit
    return json.dumps(header.extra | {"controlTotal": float(control)})


def _lines_json(company: Company, lines: list[Line]) -> str:
    """
    Return the lines as the ERP answers them; made once, read often.

    Written by hand: the parts that lines share are encoded once, so that a journal of many
    lines costs a benchmark little.
    """
    text = encode_basestring  # what json.dumps does with a text, without the way there
    accounts: dict[str, str] = {}
    subaccounts: dict[int, str] = {id(line.segments): "" for line in lines if not line.segments}
    answers = []
    for position, line in enumerate(lines, start=1):
        values, number = line.values, line.account["number"]
        if number not in accounts:
            name = line.account["name"]
            accounts[number] = f'"accountNumber":{text(number)},"description":{text(name)}'
        key = id(line.segments)
        if key not in subaccounts:
            combination = subaccount_number(company, line.segments)
            entry = {"active": True, "segments": line.segments}
            answer = subaccount_answer(company, combination, entry)
            subaccounts[key] = f',"subaccount":{json.dumps(answer)}'
        answers.append(
            f'{{"lineNumber":{values.get("lineNumber", position)},{accounts[number]},'
            f'"referenceNumber":{text(values.get("referenceNumber", ""))},'
            f'"debitAmount":{line.debit:.2f},"debitAmountInCurrency":{line.debit:.2f},'
            f'"creditAmount":{line.credit:.2f},"creditAmountInCurrency":{line.credit:.2f},'
            f'"transactionDescription":{text(values.get("transactionDescription", ""))},'
            f'"branch":{text(line.branch)},"module":"ModuleGL",'
            f'"quantity":{values.get("quantity", 0)}{subaccounts[key]}}}'
        )
    return f"[{','.join(answers)}]"


# --- Read and list ------------------------------------------------------------------------


def _head(call: Call, batch: Batch) -> Json:
    period = batch.period
    debit, credit = float(batch.debit), float(batch.credit)
    extra = batch.extra
    ledger = call.company.ledger(batch.ledger) or {"name": ""}
    return {
        "module": "ModuleGL",
        "batchNumber": batch.number,
        "status": batch.status,
        "hold": batch.hold,
        "transactionDate": f"{batch.day}T00:00:00",
        "postPeriod": period[4:] + period[:4],
        "financialPeriod": period,
        "ledger": batch.ledger,
        "ledgerDescription": ledger["name"],
        "currencyId": batch.currency,
        "exchangeRate": extra.get("exchangeRate", 1.0),
        "autoReversing": extra.get("autoReversing", False),
        "reversingEntry": False,
        "description": batch.description,
        "originalBatchNumber": "",
        "debitTotal": debit,
        "debitTotalInCurrency": debit,
        "creditTotal": credit,
        "creditTotalInCurrency": credit,
        "controlTotal": extra.get("controlTotal", debit),
        "controlTotalInCurrency": extra.get("controlTotal", debit),
        "createVatTransaction": extra.get("createVatTransaction", False),
        "skipVatAmountValidation": extra.get("skipVatAmountValidation", False),
        "lastModifiedDateTime": batch.modified_at,
        "transactionCode": extra.get("transactionCode", ""),
        "branch": batch.branch,
        "timeStamp": _stamp(batch),
    }


def _joined(head: Json, lines_json: str) -> str:
    """Return the batch as JSON; the lines are finished text and are not read again."""
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":"))
    return f'{text[:-1]},"journalTransactionLines":{lines_json}}}'


def read(call: Call, number: str) -> Response:
    """Answer one batch, with its ETag."""
    batch = call.store.batch(call.company.tenant_id, number)
    if batch is None or "not_found" in call.faults:
        # The status for an unknown number is not documented; 404 is expected.
        return gateway_error(404, "Resource not found")
    lines = batch.lines_json
    if "altered" in call.faults:
        lines = json.dumps(batch.lines[:-1])
    return json_text(_joined(_head(call, batch), lines), 200, _etag(batch))


def list_batches(call: Call) -> Response:
    """
    Answer batches of a period, or changed since a moment.

    Page size and total count lines, not batches, and a batch may be cut over pages (contract).
    """
    args = call.request.args
    where: Json = {}
    if args.get("periodId"):
        where["period"] = args["periodId"]
    if args.get("lastModifiedDateTime"):
        where["since"] = _moment(args["lastModifiedDateTime"])
    if not where:
        raise Invalid("Either periodId or lastModifiedDateTime must be provided.")
    if args.get("branch"):
        where["branch"] = args["branch"]
    module, status = args.get("module", ""), args.get("status", "")
    if module and module not in _MODULES:
        raise Invalid(f"The value '{module}' is not valid for module.")
    if status and status not in _STATUSES:
        raise Invalid(f"The value '{status}' is not valid for status.")
    number, size = call.page()
    if module and module != "GL":
        return json_answer([])
    tenant_id = call.company.tenant_id
    sizes = call.store.batch_sizes(tenant_id, **where)
    if status:
        wanted = {"Hold", "Balanced"} if status == "Unreleased" else {status}
        sizes = [each for each in sizes if each[2] in wanted]
    if "empty_list" in call.faults:
        sizes = []
    metadata = {
        "totalCount": sum(count for _, count, _ in sizes),
        "maxPageSize": call.store.setting("max_page_size"),
    }
    first, last = (number - 1) * size, number * size
    at, pieces = 0, []
    for batch_number, count, _ in sizes:
        start, end = max(first - at, 0), min(last - at, count)
        at += count
        if start >= end:
            continue
        batch = call.store.batch(tenant_id, batch_number)
        if batch is None:
            continue  # deleted by a person in this moment
        lines = batch.lines_json
        if (start, end) != (0, count):
            lines = json.dumps(batch.lines[start:end], ensure_ascii=False)
        pieces.append(_joined(_head(call, batch) | {"metadata": metadata}, lines))
        if at >= last:
            break
    return json_text("[" + ",".join(pieces) + "]")


def _moment(text: str) -> str:
    if not _MOMENT.fullmatch(text):
        raise Invalid(f"The value '{text}' is not valid for lastModifiedDateTime.")
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"The value '{text}' is not valid for lastModifiedDateTime.") from None
    return text.replace(" ", "T")


# --- Change and release -------------------------------------------------------------------


def _to_change(call: Call, number: str) -> Batch | Response:
    batch = call.store.batch(call.company.tenant_id, number)
    if batch is None:
        return gateway_error(404, "Resource not found")
    asked = call.request.headers.get("If-Match")
    if asked is not None and asked not in ("*", _etag(batch)["ETag"]):
        return Response(status=412)
    return batch


def update(call: Call, number: str) -> Response:
    """Change hold or description of a batch that is not released; 412 when it is stale."""
    body = _body(call)
    call.logged.unknown_fields = sorted(set(body) - {"hold", "description"})
    with call.store.writing():
        batch = _to_change(call, number)
        if isinstance(batch, Response):
            return batch
        if batch.released or batch.release_due:
            raise Invalid("Batch Status invalid for processing.")
        hold = body.get("hold", {}).get("value", batch.hold)
        if not hold and Decimal(batch.debit) != Decimal(batch.credit):
            raise Invalid("Batch is out of balance, please review.")
        changed = call.store.change_batch(
            batch,
            status="Hold" if hold else "Balanced",
            description=str(body.get("description", {}).get("value", batch.description)),
        )
    return Response(status=204, headers=_etag(changed))


def release(call: Call, number: str) -> Response:
    """
    Queue the release of a batch: 202, and the status changes a moment later.

    Only 202 and 412 are declared; the result's shape is what clients know
    (Pionect/visma-php-sdk, ReleaseJournalTransactionActionResultDto). Whether release also posts
    depends on the customer's settings.
    """
    with call.store.writing():
        batch = _to_change(call, number)
        if isinstance(batch, Response):
            return batch
        if batch.status != "Balanced" or batch.release_due:
            raise Invalid("Batch Status invalid for processing.")
        _reader(call).open(call.company.period(batch.period))
        delay = call.store.setting("release_milliseconds") / 1000
        changed = call.store.change_batch(
            batch,
            release_due=call.store.clock().timestamp() + delay,
            released_as="Posted" if call.company.posts_on_release else "Unposted",
        )
    answer = {"actionId": f"release-{number}", "actionResult": "Queued", "errorInfo": ""}
    return json_answer(answer, 202, _etag(changed))
