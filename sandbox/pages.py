"""Pages for people: start, ledger, faults, requests."""

from typing import Any
from urllib.parse import urlencode

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.control import batch_as_json
from sandbox.faults import KINDS
from sandbox.http import FOLDER, is_same_origin, json_answer, page
from sandbox.store import Store

Json = dict[str, Any]

_STATIC = {
    "sandbox.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "submit.js": "text/javascript; charset=utf-8",
}
_SHOWN_BATCHES = 200


def start(store: Store, request: Request) -> Response:
    """Show what the sandbox is, and where to go."""
    names = {company.tenant_id: company.name for company in store.companies()}
    people = [
        person | {"companies": [names[each] for each in person["tenants"]]}
        for person in store.all("person")
    ]
    return page(
        "start.html",
        people=people,
        companies=store.companies(),
        clients=store.all("client"),
        issuer=request.host_url + "visma-connect",
        api=request.host_url + "visma-net",
        poweroffice=request.host_url + "poweroffice-go",
        nxt=request.host_url + "business-nxt",
        nxt_companies=store.all("nxt_company"),
        go_clients=[books.client for books in store.powerofficego.clients()],
    )


def ledger(store: Store, request: Request) -> Response:
    """Show the batches by company and period; with `part` only what changes."""
    chosen = request.args.get("company", "")
    try:
        name = store.company(chosen).name if chosen else ""
    except KeyError:
        return not_found(store, request)
    version = store.ledger_version()
    if request.args.get("part") and request.args.get("seen") == version:
        return Response(status=204)
    found = store.batches(chosen)
    groups: dict[tuple[str, str], Json] = {}
    for batch in found[-_SHOWN_BATCHES:]:
        company = store.company(batch.tenant_id)
        group = groups.setdefault(
            (company.name, batch.period),
            {"company": company, "period": batch.period, "batches": []},
        )
        group["batches"].append(batch_as_json(store, batch))
    return page(
        "ledger_part.html" if request.args.get("part") else "ledger.html",
        groups=[groups[key] for key in sorted(groups)],
        companies=store.companies(),
        chosen=chosen,
        chosen_name=name,
        version=version,
        total=len(found),
        shown=min(len(found), _SHOWN_BATCHES),
        segments={
            company.key: {str(each["id"]): each["description"] for each in company.segments}
            for company in store.companies()
        },
        money=_money,
        problem=request.args.get("problem", ""),
    )


def change(store: Store, request: Request) -> Response:
    """Do with a batch what a person can do in the ERP's own screen, and show the ledger again."""
    if not is_same_origin(request):
        return json_answer({"error": "other sites cannot press this"}, 403)
    form = request.form
    what, company, number = form.get("what", ""), form.get("company", ""), form.get("number", "")
    try:
        if what == "change_line":
            store.setup.change_line(company, number, int(form["line"]), amount=form["amount"])
        elif what in ("delete_batch", "release_batch", "void_batch", "copy_batch"):
            getattr(store.setup, what)(company, number)
        else:
            raise ValueError(f"nothing is named {what!r}")
    except (ArithmeticError, KeyError, ValueError) as failure:
        return redirect("/ledger?" + _query(problem=str(failure)), 303)
    return redirect("/ledger?" + _query(company=form.get("chosen", "")), 303)


def _money(text: str) -> str:
    """Return an amount with thin spaces between the thousands; nothing for zero."""
    return "" if text == "0.00" else f"{float(text):,.2f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def faults(store: Store, request: Request) -> Response:
    """Show the fault switches."""
    return page(
        "faults.html",
        kinds=KINDS,
        on=[_shown(store, fault.as_json()) for fault in store.faults.all()],
        companies=store.companies(),
        clients=[books.client for books in store.powerofficego.clients()],
        done=request.args.get("done", ""),
        problem=request.args.get("problem", ""),
    )


def _shown(store: Store, fault: Json) -> Json:
    company = store.tenant(fault["tenant_id"])
    client = store.powerofficego.find(key=fault["tenant_id"])
    name = company.name if company else client.client["name"] if client else "all companies"
    return fault | {"company": name}


def press(store: Store, request: Request) -> Response:
    """Carry out a switch of the faults page, and show the page again."""
    if not is_same_origin(request):
        return json_answer({"error": "other sites cannot press this"}, 403)
    try:
        done = _pressed(store, request.form.to_dict())
    except (KeyError, ValueError) as failure:
        return redirect("/faults?" + _query(problem=str(failure)), 303)
    return redirect("/faults?" + _query(done=done), 303)


def _query(**values: str) -> str:
    return urlencode(values)


def _pressed(store: Store, form: dict[str, str]) -> str:
    what, company = form.get("what", ""), form.get("company", "")
    if what == "fault":
        times = None if form.get("times") == "always" else int(form.get("times") or 1)
        fault = store.add_fault(
            form["kind"],
            company=company,
            on=form.get("on", ""),
            times=times,
            milliseconds=int(form.get("milliseconds") or 2000),
            retry_after=int(form.get("retry_after") or 2),
        )
        return f"On: {KINDS[fault.kind][0]}."
    if what == "off":
        store.faults.remove(int(form["id"]))
        return "Switched off."
    if what == "all-off":
        store.clear_faults()
        return "All switched off."
    if what == "reset":
        store.reset()
        return "Everything starts over."
    if what in ("close_period", "open_period", "deactivate_period"):
        getattr(store.setup, what)(company, form["period"].strip())
        return f"Period {form['period']} is changed."
    if what in ("account_off", "account_on"):
        store.setup.set_account(company, form["account"].strip(), active=what == "account_on")
        return f"Account {form['account']} is changed."
    if what == "rename":
        store.setup.rename_segment(company, int(form["segment"]), form["name"].strip())
        return "The dimension has a new name."
    if what in ("value_off", "value_on"):
        store.setup.set_value(
            company, int(form["segment"]), form["value"].strip(), active=what == "value_on"
        )
        return f"Value {form['value']} is changed."
    if what == "expire":
        store.setup.expire_access_tokens(company)
        return "All access tokens are expired."
    if what == "revoke":
        store.setup.revoke_refresh_tokens(company)
        return "All refresh tokens are revoked."
    if what == "sign-out":
        store.setup.sign_everybody_out()
        return "Nobody is signed in at Visma Connect."
    raise ValueError(f"nothing is named {what!r}")


def log(store: Store, request: Request) -> Response:
    """Show the last requests."""
    return page("log.html", requests=list(reversed(store.requests()[-200:])))


def static(store: Store, request: Request, name: str) -> Response:
    """Answer one of our own files."""
    if name not in _STATIC:
        return not_found(store, request)
    body = (FOLDER / "static" / name).read_bytes()
    return Response(body, content_type=_STATIC[name], headers={"Cache-Control": "max-age=60"})


def not_found(store: Store, request: Request) -> Response:
    """Show that nothing is there."""
    return page("not_found.html", status=404)


RULES = [
    Rule("/", endpoint=start, methods=["GET"]),
    Rule("/ledger", endpoint=ledger, methods=["GET"]),
    Rule("/ledger", endpoint=change, methods=["POST"]),
    Rule("/faults", endpoint=faults, methods=["GET"]),
    Rule("/faults", endpoint=press, methods=["POST"]),
    Rule("/log", endpoint=log, methods=["GET"]),
    Rule("/static/<name>", endpoint=static, methods=["GET"]),
]
