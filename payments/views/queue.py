"""The unmatched queue: invoices are picked and split in its rows (B11)."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from connectors.bounds import row_number
from connectors.errors import ConnectorError
from organisations.middleware import HubRequest
from payments.fields import AmountField
from payments.forms import ClientFilterForm
from payments.models import Invoice, InvoiceClient, Payment
from payments.operations import matching_by_hand, splitting
from payments.operations.splitting import Share
from payments.queries import payments as queries
from payments.queries.candidates import Candidates, candidates_of
from payments.queries.invoices import unmatched_of, with_assigned
from payments.rules.refusals import OtherCustomer
from payments.views.common import active, may_use, member, person, show, tabs, tell
from payments.views.matching import payment_of
from ui.failures import FailureRow, failure_row_of

_MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Picking:
    """The open row of the queue: what there is to pick from, and what was picked so far."""

    pk: int
    rest: Decimal
    candidates: Candidates
    search: str = ""
    reason: str = ""
    refusal: FailureRow | None = None
    across: bool = False
    is_wrong: bool = False
    """An amount is; the first such has the focus."""


@require_GET
@active
def unmatched(request: HubRequest) -> HttpResponse:
    """Show every payment of which something stands on no invoice, and tie the sum."""
    opened = None
    if may_use(request) and (pk := row_number(request.GET.get("open"))):
        found = _waiting(request).filter(pk=pk).first()
        if found is not None:
            opened = _picking(found, search=request.GET.get("find", "").strip()[:80])
    return _queue(request, request.GET, opened=opened)


def _waiting(request: HubRequest) -> Any:
    return unmatched_of(Payment.objects.of(request.organisation)).select_related(
        "client__organisation", "organisation"
    )


def _picking(payment: Any, *, search: str = "", chosen: tuple[int, ...] = ()) -> Picking:
    rest = payment.amount - payment.assigned
    found = candidates_of(payment, rest=rest, search=search, chosen=chosen)
    return Picking(payment.pk, rest, found, search)


def _queue(
    request: HubRequest, query: QueryDict, *, opened: Picking | None = None, status: int = 200
) -> HttpResponse:
    form = ClientFilterForm(query, organisation=request.organisation)
    chosen: InvoiceClient | None = form.cleaned_data["client"] if form.is_valid() else None
    if chosen is None and "client_text" not in query and query.get("client"):
        raise Http404
    page = queries.unmatched(request.organisation, client=chosen, page=query.get("page", "1"))
    kept = _kept(chosen.pk if chosen else None, page.number)
    # So that the links to other pages keep the list's own filter.
    request.GET = query  # type: ignore[assignment]
    aside = opened is not None and opened.pk not in {row.pk for row in page}
    if aside and request.method == "GET":
        opened = None
    context = {
        "tabs": tabs(request, "unmatched"),
        "form": form,
        "client": chosen,
        "tie": queries.tie_of(chosen) if chosen else None,
        "page": page,
        "opened": opened,
        "aside": aside and opened,
        "focus": row_number(query.get("at")),
        "queue": kept,
        "here": f"{reverse('payments:unmatched')}?{kept}",
    }
    if "HX-Request" in request.headers:
        # HTMX puts in nothing that is not well; what is wrong stands in the part itself.
        return show(request, "payments/_queue.html", context)
    return show(request, "payments/unmatched.html", context, status=status)


def _kept(client: int | None, page: int | str) -> str:
    return urlencode({"client": client, "page": page} if client else {"page": page})


@require_POST
@member
def split(request: HubRequest, pk: int) -> HttpResponse:
    """Set a payment against the invoices that were picked, and go on to the next one."""
    payment = payment_of(request, pk)
    queue = QueryDict(request.POST.get("queue", "")[:200])
    picked = _picked(request, payment)
    following = _after(request, payment, client=row_number(queue.get("client")))
    try:
        if _searches(request):
            picked.problems.clear()
        if picked.problems or _searches(request):
            return _again(request, payment, queue, picked)
        notes = _invoices(payment, request.POST.getlist("credit_note"))
        if notes and len(picked.shares) == 1:
            made = [_with_notes(request, payment, picked.shares[0], notes)]
        else:
            made = splitting.split(
                payment=payment,
                shares=picked.shares,
                reason=request.POST.get("reason", "")[:200],
                by=person(request),
                now=timezone.now(),
                across=request.POST.get("across") == "on",
            )
    except ConnectorError as refusal:
        return _again(request, payment, queue, picked, refusal=refusal)
    numbers = ", ".join(one.invoice.number for one in made)
    words = _("Payment %(payment)s is matched with %(numbers)s.")
    messages.success(request, words % {"payment": payment, "numbers": numbers})
    if "queue" not in request.POST:
        return redirect("payments:payment", pk=pk)
    left = _waiting(request).filter(pk=pk).exists()
    kept = _kept(row_number(queue.get("client")), row_number(queue.get("page")) or 1)
    at = pk if left else following
    return redirect(f"{reverse('payments:unmatched')}?{kept}&at={at}#p-{at}")


def _searches(request: HubRequest) -> bool:
    """Return whether the person typed another search than the one whose rows are shown."""
    find, found = (request.POST.get(name, "").strip() for name in ("find", "found"))
    return find != found or request.POST.get("do") == "find"


@dataclass(slots=True)
class _Picked:
    shares: list[Share]
    typed: dict[int, str]
    problems: dict[int, str]


def _picked(request: HubRequest, payment: Payment) -> _Picked:
    """Read which invoices were ticked, and the amounts beside them."""
    ticked = request.POST.getlist("invoice")[:_MOST_AT_ONCE]
    typed = {
        number: text.strip()[:40]
        for name, text in request.POST.items()
        if (number := row_number(name.removeprefix("amount_")))
        and isinstance(text, str)
        and text.strip()
    }
    shares, problems = [], {}
    invoices = _invoices(payment, ticked)
    for invoice in invoices:
        try:
            amount = AmountField(required=False).clean(typed.get(invoice.pk, ""))
            shares.append(Share(invoice, amount))
        except ValidationError as wrong:
            problems[invoice.pk] = " ".join(wrong.messages)
    chosen = {invoice.pk for invoice in invoices}
    for number in typed.keys() - chosen:
        problems[number] = _("An amount is entered, but the invoice is not chosen.")
    return _Picked(shares, typed, problems)


def _invoices(payment: Payment, texts: list[str]) -> list[Invoice]:
    """Return those of the payment's own client, the oldest first."""
    wanted = [number for text in texts if (number := row_number(text))]
    found = Invoice.objects.filter(client_id=payment.client_id, pk__in=wanted)
    return list(found.select_related("customer").order_by("issued_on", "pk"))


def _with_notes(request: HubRequest, payment: Payment, share: Share, notes: list[Invoice]) -> Any:
    return matching_by_hand.match_by_hand(
        payment=payment,
        invoice=share.invoice,
        amount=share.amount,
        reason=request.POST.get("reason", "")[:200],
        by=person(request),
        now=timezone.now(),
        credit_notes=notes,
    )


def _after(request: HubRequest, payment: Payment, *, client: int | None) -> int:
    """Return the payment that follows in the queue, or the one before the last; 0: none."""
    others = _waiting(request).exclude(pk=payment.pk)
    if client:
        others = others.filter(client=client)
    here = Q(paid_on=payment.paid_on)
    later = others.filter(Q(paid_on__gt=payment.paid_on) | here & Q(pk__gt=payment.pk))
    found = later.order_by("paid_on", "pk").values_list("pk", flat=True).first()
    found = found or others.order_by("-paid_on", "-pk").values_list("pk", flat=True).first()
    return found or 0


def _again(
    request: HubRequest,
    payment: Payment,
    queue: QueryDict,
    picked: _Picked,
    *,
    refusal: ConnectorError | None = None,
) -> HttpResponse:
    """Show the row as it was filled in, with what is wrong."""
    now = with_assigned(Payment.objects.filter(pk=payment.pk)).select_related("client").get()
    if refusal is not None and now.assigned == now.amount:
        # It left the queue meanwhile, and has no row there that could say why.
        tell(request, refusal)
        kept = _kept(row_number(queue.get("client")), row_number(queue.get("page")) or 1)
        return redirect(f"{reverse('payments:unmatched')}?{kept}")
    ticked = {n for text in request.POST.getlist("invoice") if (n := row_number(text))}
    seen = ticked | set(picked.typed)
    search = request.POST.get("find", "").strip()[:80]
    opened = _picking(now, search=search, chosen=tuple(sorted(seen)))
    for row in opened.candidates.rows:
        row.chosen, row.typed = row.pk in ticked, picked.typed.get(row.pk, "")
        row.problems = [picked.problems[row.pk]] if row.pk in picked.problems else []
    opened = replace(
        opened,
        reason=request.POST.get("reason", "")[:200],
        refusal=failure_row_of(refusal) if refusal else None,
        across=isinstance(refusal, OtherCustomer) or request.POST.get("across") == "on",
        is_wrong=any(row.problems for row in opened.candidates.rows),
    )
    if not (refusal or picked.problems):
        status = 200
    else:
        status = 409 if isinstance(refusal, OtherCustomer) else 400
    return _queue(request, queue, opened=opened, status=status)
