"""
Control over HTTP, for tests and people on this machine.

A body must be JSON with its content type, which other sites' pages cannot send here.
"""

import json
from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from sandbox.batch import Batch
from sandbox.http import json_answer
from sandbox.store import Store

Json = dict[str, Any]

ACTIONS = (
    "close_period",
    "open_period",
    "deactivate_period",
    "set_account",
    "rename_segment",
    "set_value",
    "set_company",
    "set_branch",
    "set_role",
    "delete_batch",
    "release_batch",
    "void_batch",
    "move_batch",
    "describe_batch",
    "change_line",
    "remove_line",
    "copy_batch",
    "expire_access_tokens",
    "revoke_refresh_tokens",
    "sign_everybody_out",
)
# What a person does in Visma Business: methods of `store.nxt_setup`.
NXT_ACTIONS = tuple(
    f"nxt_{name}"
    for name in ("generate", "set_credit_block", "register_payment", "compress", "set_company")
)
# What a person does in PowerOffice Go's screens: methods of `store.go_setup`.
GO_ACTIONS = tuple(
    f"go_{name}"
    for name in (
        *("fill", "set_client", "set_account", "add_invoice", "add_project", "set_deny_time"),
        *("pay", "write_off", "reverse", "expire_tokens"),
    )
)


def batch_as_json(store: Store, batch: Batch, *, lines: bool = True) -> Json:
    """Return a batch as the control answers it."""
    company = store.tenant(batch.tenant_id)
    plain: Json = {
        "company": company.key if company else "",
        **{
            name: getattr(batch, name)
            for name in (
                *("tenant_id", "number", "status", "period", "day", "branch", "ledger"),
                *("currency", "description", "debit", "credit", "line_count", "created_at"),
            )
        },
    }
    if lines:
        plain["lines"] = [
            {
                "number": line["lineNumber"],
                "account": line["accountNumber"],
                "account_name": line["description"],
                "debit": f"{line['debitAmountInCurrency']:.2f}",
                "credit": f"{line['creditAmountInCurrency']:.2f}",
                "text": line["transactionDescription"],
                "reference": line["referenceNumber"],
                "branch": line["branch"],
                "segments": {
                    str(part["segmentId"]): part["segmentValue"]
                    for part in line.get("subaccount", {}).get("segments", [])
                },
            }
            for line in batch.lines
        ]
    return plain


def state(store: Store, request: Request) -> Response:
    """Answer settings, faults, counts, and each company with its totals."""
    batches = store.batches()
    return json_answer(
        {
            "settings": store.settings(),
            "faults": [fault.as_json() for fault in store.faults.all()],
            "counts": dict(store.log.counts),
            "unknown_fields": sorted(
                {field for each in store.requests() for field in each.unknown_fields}
            ),
            "companies": [
                {
                    "key": company.key,
                    "tenant_id": company.tenant_id,
                    "name": company.name,
                    "organisation_number": company.organisation_number,
                    "batches": sum(each.tenant_id == company.tenant_id for each in batches),
                }
                for company in store.companies()
            ],
        }
    )


def ledger(store: Store, request: Request) -> Response:
    """Answer the batches with their lines; filters `company`, `period`, `lines=false`."""
    where = {"period": request.args["period"]} if request.args.get("period") else {}
    found = store.batches(request.args.get("company", ""), **where)
    with_lines = request.args.get("lines", "true") != "false"
    return json_answer(
        {"batches": [batch_as_json(store, batch, lines=with_lines) for batch in found]}
    )


def requests(store: Store, request: Request) -> Response:
    """Answer the log; filters `vendor`, `call`, `method`, `path`, `after`, `body=false`."""
    names = ("vendor", "call", "method", "path", "tenant_id")
    filters: Json = {name: request.args[name] for name in names if name in request.args}
    found = store.requests(after=int(request.args.get("after", "0")), **filters)
    with_body = request.args.get("body", "true") != "false"
    return json_answer({"requests": [each.as_json(with_body=with_body) for each in found]})


def faults(store: Store, request: Request) -> Response:
    """Answer the faults that are on."""
    return json_answer({"faults": [fault.as_json() for fault in store.faults.all()]})


def add_fault(store: Store, request: Request, body: Json) -> Json:
    """Switch a fault on."""
    return store.add_fault(body.pop("kind"), **body).as_json()


def remove_faults(store: Store, request: Request, fault_id: int = 0) -> Response:
    """Switch one fault off, or all."""
    if fault_id:
        store.faults.remove(fault_id)
    else:
        store.clear_faults()
    return json_answer({"faults": [fault.as_json() for fault in store.faults.all()]})


def act(store: Store, request: Request, body: Json) -> Json:
    """Do one of ACTIONS, as a person would in the vendor's screens."""
    name = body.pop("action")
    if name in NXT_ACTIONS:
        getattr(store.nxt_setup, name.removeprefix("nxt_"))(**body)
        return {"done": name}
    if name in GO_ACTIONS:
        getattr(store.go_setup, name.removeprefix("go_"))(**body)
        return {"done": name}
    if name not in ACTIONS:
        raise ValueError(f"no action is named {name!r}; there are: {', '.join(ACTIONS)}")
    getattr(store.setup, name)(**body)
    return {"done": name}


def settings(store: Store, request: Request, body: Json) -> Json:
    """Change settings."""
    store.set(**body)
    return store.settings()


def reset(store: Store, request: Request, body: Json) -> Json:
    """Forget everything and put the story back."""
    store.reset()
    return {"done": "reset"}


def _with_json(handler: Callable[[Store, Request, Json], Json]) -> Callable[..., Response]:
    def answer(store: Store, request: Request) -> Response:
        if request.mimetype != "application/json":
            return json_answer({"error": "send JSON with Content-Type: application/json"}, 415)
        try:
            body = json.loads(request.get_data() or b"{}")
            if not isinstance(body, dict):
                raise ValueError("the body must be an object")
            return json_answer(handler(store, request, body))
        except (KeyError, TypeError, ValueError) as failure:
            return json_answer({"error": str(failure)}, 400)

    return answer


RULES = [
    Rule("/control/state", endpoint=state, methods=["GET"]),
    Rule("/control/ledger", endpoint=ledger, methods=["GET"]),
    Rule("/control/requests", endpoint=requests, methods=["GET"]),
    Rule("/control/faults", endpoint=faults, methods=["GET"]),
    Rule("/control/faults", endpoint=_with_json(add_fault), methods=["POST"]),
    Rule("/control/faults", endpoint=remove_faults, methods=["DELETE"]),
    Rule("/control/faults/<int:fault_id>", endpoint=remove_faults, methods=["DELETE"]),
    Rule("/control/actions", endpoint=_with_json(act), methods=["POST"]),
    Rule("/control/settings", endpoint=_with_json(settings), methods=["POST"]),
    Rule("/control/reset", endpoint=_with_json(reset), methods=["POST"]),
]
