"""What the clients of PowerOffice Go hold, for people: invoices, payments, projects, switches."""

from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.http import is_same_origin, json_answer, page
from sandbox.powerofficego.books import ClientLedger, Refused
from sandbox.powerofficego.matching import ORIGINALS
from sandbox.powerofficego.reads import owner_of

if TYPE_CHECKING:
    from sandbox.store import Store

Json = dict[str, Any]

PATH = "/go"
_SHOWN = 200


def show(store: "Store", request: Request) -> Response:
    """Show the books of one client; with `part` only what changes."""
    books = _chosen(store, request.args.get("client", ""))
    if books is None:
        return Response("No client of that name", 404)
    if request.args.get("part") and request.args.get("seen") == str(books.version):
        return Response(status=204)
    return page(
        "go_part.html" if request.args.get("part") else "go.html",
        clients=[one.client for one in store.powerofficego.clients()],
        client=books.client,
        version=books.version,
        rate_refused=store.go_rate.refused,
        customers=_customers(books),
        invoices=_invoices(books),
        vouchers=_vouchers(books),
        projects=_projects(books),
        counts=_counts(books),
        shown=_SHOWN,
        money=_money,
        done=request.args.get("done", ""),
        problem=request.args.get("problem", ""),
    )


def _chosen(store: "Store", name: str) -> ClientLedger | None:
    if not name:
        return store.powerofficego.clients()[0]
    return store.powerofficego.find(key=name)


def _money(cents: int) -> str:
    """Return an amount with thin spaces between the thousands."""
    return f"{cents / 100:,.2f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _counts(books: ClientLedger) -> Json:
    entries = books.entries.values()
    return {
        "customers": len(books.customers),
        "invoices": sum(entry["voucher_type"] in ORIGINALS for entry in entries),
        "payments": len(books.payments()),
        "paid": sum(
            line["cents"]
            for voucher in books.payments()
            for line in voucher["lines"]
            if not line["customer_id"]
        ),
        "open": sum(entry["cents"] for entry in entries),
    }


def _customers(books: ClientLedger) -> list[Json]:
    some = list(books.customers.values())[:_SHOWN]
    return [one | {"balance": books.balance_of(one["id"])} for one in some]


def _invoices(books: ClientLedger) -> list[Json]:
    rows = [one for one in books.entries.values() if one["voucher_type"] in ORIGINALS][-_SHOWN:]
    return [
        {
            "number": entry["invoice_no"],
            "customer": books.customers[entry["customer_id"]],
            "kid": entry["cid"],
            "day": entry["posting_date"],
            "currency": entry["currency"],
            "in_currency": entry["currency_cents"],
            "amount": entry["cents"],
            "balance": books.balances[entry["id"]],
            "settled_by": sorted(
                {
                    books.vouchers[other["voucher_id"]]["number"]
                    for other in books.matched_with(entry["match_id"])
                    if other["id"] != entry["id"]
                }
            )
            if entry["match_id"]
            else [],
        }
        for entry in rows
    ]


def _vouchers(books: ClientLedger) -> list[Json]:
    rows = [one for one in books.vouchers.values() if one["type"] not in ORIGINALS][-_SHOWN:]
    return list(reversed(rows))


def _projects(books: ClientLedger) -> list[Json]:
    return [
        one | {"customer": books.customers.get(owner_of(books, one) or 0)}
        for one in books.projects.values()
    ][:_SHOWN]


# --- Switches ---------------------------------------------------------------------------------


def press(store: "Store", request: Request) -> Response:
    """Do what a person could do in PowerOffice Go, and show the page again."""
    if not is_same_origin(request):
        return json_answer({"error": "other sites cannot press this"}, 403)
    form = request.form.to_dict()
    client = form.get("client", "")
    try:
        result = {"done": _pressed(store, client, form)}
    except (KeyError, ValueError, StopIteration) as failure:
        result = {"problem": str(failure) or "That is not there."}
    except Refused as refused:
        result = {"problem": refused.detail}
    return redirect(f"{PATH}?{urlencode({'client': client, **result})}", 303)


def _pressed(store: "Store", client: str, form: dict[str, str]) -> str:
    what, here = form.get("what", ""), store.go_setup
    if what == "pay":
        here.pay(client, form["invoice"].strip(), form["amount"].strip(), on=_day(form))
        return f"Invoice {form['invoice']} has a payment that a person registered."
    if what == "write_off":
        here.write_off(client, form["invoice"].strip(), form["amount"].strip(), on=_day(form))
        return f"Invoice {form['invoice']} is written off by {form['amount']}."
    if what == "lock":
        here.set_client(client, lock_date=_day(form))
        return f"Nothing can be posted on or before {form['day']}."
    if what == "reverse":
        here.reverse(client, int(form["voucher"]))
        return f"Voucher {form['voucher']} is reversed."
    if what in ("deny", "allow"):
        here.set_deny_time(client, form["code"], denied=what == "deny")
        return f"Project {form['code']} is changed."
    if what == "fill":
        here.fill(client, invoices=min(int(form["count"]), 500_000))
        return f"{form['count']} invoices were added."
    if what == "expire":
        here.expire_tokens()
        return "All access tokens are expired."
    raise ValueError(f"nothing is named {what!r}")


def _day(form: dict[str, str]) -> str:
    return date.fromisoformat(form["day"].strip()).isoformat()


RULES = [
    Rule(PATH, endpoint=show, methods=["GET"]),
    Rule(PATH, endpoint=press, methods=["POST"]),
]
