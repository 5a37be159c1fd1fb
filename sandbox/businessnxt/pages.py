"""What the companies of Business NXT hold, for people: postings, marks, customers, switches."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.businessnxt import ledger
from sandbox.http import is_same_origin, json_answer, page

if TYPE_CHECKING:
    from sandbox.store import Store

Json = dict[str, Any]

PATH = "/nxt"
_SHOWN = 200


def show(store: "Store", request: Request) -> Response:
    """Show what one company holds; with `part` only what changes."""
    companies = store.all("nxt_company")
    company = ledger.company(store, request.args.get("company") or companies[0]["key"])
    if company is None:
        return Response("No company of that name", 404)
    summary = ledger.summary(store, company["number"])
    if request.args.get("part") and request.args.get("seen") == summary["version"]:
        return Response(status=204)
    return page(
        "nxt_part.html" if request.args.get("part") else "nxt.html",
        companies=companies,
        company=company,
        summary=summary,
        rows=[_shown(one) for one in ledger.newest(store, company["number"], _SHOWN)],
        customers=ledger.associates(store, company["number"])[:_SHOWN],
        shown=_SHOWN,
        markers=", ".join(ledger.MARKERS),
        money=_money,
        done=request.args.get("done", ""),
        problem=request.args.get("problem", ""),
    )


def _shown(row: Json) -> Json:
    marks = ", ".join(f"{name} = {value}" for name, value in row["extra"].items())
    return row | {"marks": marks, "currency": ledger.currency_code(row["currencyNo"])}


def _money(minor: int) -> str:
    """Return an amount with thin spaces between the thousands."""
    return f"{minor / 100:,.2f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def press(store: "Store", request: Request) -> Response:
    """Carry out a switch of the page, and show the page again."""
    if not is_same_origin(request):
        return json_answer({"error": "other sites cannot press this"}, 403)
    form = request.form.to_dict()
    asked = {"company": form.get("company", "")}
    try:
        asked["done"] = _pressed(store, form)
    except (KeyError, ValueError, ArithmeticError) as failure:
        asked["problem"] = str(failure)
    return redirect(f"{PATH}?{urlencode(asked)}", 303)


def _pressed(store: "Store", form: dict[str, str]) -> str:
    what, company = form.get("what", ""), form.get("company", "")
    if what == "pay":
        store.nxt_setup.register_payment(
            company,
            int(form["customer"]),
            form["amount"].strip(),
            form["day"],
            invoice=form.get("invoice", "").strip(),
            kid=form.get("kid", "").strip(),
        )
        return "The payment is posted in a new journal."
    if what in ("block", "unblock"):
        store.nxt_setup.set_credit_block(company, int(form["customer"]), denied=what == "block")
        return "The credit block is set." if what == "block" else "The credit block is lifted."
    if what == "compress":
        store.nxt_setup.compress(company, int(form["customer"]), form["day"])
        return "The settled rows are one row now."
    if what == "generate":
        store.nxt_setup.generate(company, int(form["count"]))
        return "The payments are there."
    if what in ("open", "close"):
        store.nxt_setup.set_company(company, access=what == "open")
        return "The access of the hub's user is changed."
    if what in ("writable", "readonly"):
        store.nxt_setup.set_company(company, writes=what == "writable")
        return "The rights of the access group are changed."
    if what == "expire":
        store.setup.expire_access_tokens()
        return "All access tokens are expired."
    raise ValueError(f"nothing is named {what!r}")


RULES = [
    Rule(PATH, endpoint=show, methods=["GET"]),
    Rule(PATH, endpoint=press, methods=["POST"]),
]
