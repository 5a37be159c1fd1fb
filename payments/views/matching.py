"""One payment, and matching by hand on its page (B11)."""

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from connectors.errors import ConnectorError
from organisations.middleware import HubRequest
from payments.forms import MatchForm, ReasonForm
from payments.models import Invoice, LearntPrefix, Payment, Registration, Settlement
from payments.operations import deciding, matching_by_hand, prefixes, undoing
from payments.queries import events
from payments.queries import payments as queries
from payments.queries.invoices import with_assigned
from payments.queries.suggestions import suggestions_for
from payments.queries.waits import mark_wait
from payments.rules.matching import numbers_in
from payments.rules.refusals import OtherCustomer
from payments.views.common import member, person, reader, show_events, tell
from ui.failures import failure_row_of


def payment_of(request: HubRequest, pk: int) -> Payment:
    """Return a payment of the organisation, or there is no such page."""
    found: Payment = get_object_or_404(
        with_assigned(Payment.objects.of(request.organisation)).select_related(
            "client__organisation", "organisation"
        ),
        pk=pk,
    )
    return found


def _show(
    request: HubRequest,
    payment: Payment,
    *,
    form: MatchForm | None = None,
    asked: OtherCustomer | None = None,
    status: int = 200,
) -> HttpResponse:
    row = queries.payment_rows([payment])[0]
    context = {
        "payment": payment,
        "row": row,
        "suggestions": suggestions_for([payment]).get(payment.pk, ()),
        "mark_wait": mark_wait(payment, now=timezone.now()),
        "offer": prefixes.offer_of(payment),
        "form": form or MatchForm(),
        "undo_form": ReasonForm(),
        "asked": failure_row_of(asked) if asked else None,
        "confirmed_fields": [
            (name, form[name].value() or "") for name in ("invoice", "credit_notes", "amount")
        ]
        if asked and form
        else [],
    }
    return show_events(
        request,
        "payments/payment.html",
        context,
        events.events_of(Q(payment=payment)),
        nothing=_("It is not matched with any invoice."),
        status=status,
    )


@require_GET
@reader
def payment(request: HubRequest, pk: int) -> HttpResponse:
    """Show one payment with its events and the way to match it."""
    return _show(request, payment_of(request, pk))


@require_POST
@member
def match(request: HubRequest, pk: int) -> HttpResponse:
    """Set the payment against an invoice."""
    one = payment_of(request, pk)
    form = MatchForm(request.POST)
    if not form.is_valid():
        return _show(request, one, form=form, status=400)
    wanted = form.cleaned_data["invoice"].strip()
    of_client = Invoice.objects.filter(client_id=one.client_id).select_related("customer")
    invoice = of_client.filter(number=wanted).first()
    if invoice is None:
        form.add_error("invoice", _("This client has no invoice with that number."))
        return _show(request, one, form=form, status=400)
    numbers = numbers_in(form.cleaned_data["credit_notes"])
    notes = {note.number: note for note in of_client.filter(number__in=numbers)}
    if len(notes) < len(numbers):
        form.add_error("credit_notes", _("This client has no credit note with that number."))
        return _show(request, one, form=form, status=400)
    try:
        matching_by_hand.match_by_hand(
            payment=one,
            invoice=invoice,
            amount=form.cleaned_data["amount"],
            reason=form.cleaned_data["reason"],
            by=person(request),
            now=timezone.now(),
            across=form.cleaned_data["across"],
            credit_notes=[notes[number] for number in numbers],
        )
    except OtherCustomer as asked:
        return _show(request, one, form=form, asked=asked, status=409)
    except ConnectorError as refusal:
        tell(request, refusal)
    else:
        messages.success(
            request, _("Matched with invoice %(number)s.") % {"number": invoice.number}
        )
    return redirect("payments:payment", pk=pk)


@require_POST
@member
def learn_prefix(request: HubRequest, pk: int) -> HttpResponse:
    """Let the prefix that a match by hand showed count from now on."""
    try:
        learnt = prefixes.learn(
            payment=payment_of(request, pk),
            text=request.POST.get("prefix", ""),
            by=person(request),
            now=timezone.now(),
        )
    except ConnectorError as refusal:
        tell(request, refusal)
    else:
        words = _("“%(prefix)s” is learnt. It applies from the next fetch on.")
        messages.success(request, words % {"prefix": learnt.text})
    return redirect("payments:payment", pk=pk)


@require_POST
@member
def forget_prefix(request: HubRequest, pk: int) -> HttpResponse:
    """Let a learnt prefix count no longer."""
    found = LearntPrefix.objects.of(request.organisation).select_related("client", "organisation")
    learnt = get_object_or_404(found, pk=pk)
    prefixes.forget(learnt=learnt, by=person(request))
    words = _("“%(prefix)s” no longer applies. What was matched by it stays matched.")
    messages.success(request, words % {"prefix": learnt.text})
    return redirect("payments:client_settings", pk=learnt.client_id)


@require_POST
@member
def undo(request: HubRequest, pk: int) -> HttpResponse:
    """Take a payment off its invoice again, with a reason."""
    settlement = get_object_or_404(
        Settlement.objects.of(request.organisation).select_related("organisation"), pk=pk
    )
    try:
        done = undoing.undo(
            settlement=settlement,
            reason=request.POST.get("reason", ""),
            by=person(request),
            now=timezone.now(),
        )
    except ConnectorError as refusal:
        tell(request, refusal)
    else:
        if done:
            messages.success(request, _("Removed from the invoice."))
        else:
            messages.warning(request, _("It was already undone."))
    if settlement.payment_id:
        return redirect("payments:payment", pk=settlement.payment_id)
    return redirect("payments:invoice", pk=settlement.invoice_id)


def _registration(request: HubRequest, pk: int) -> Registration:
    found: Registration = get_object_or_404(
        Registration.objects.of(request.organisation).select_related(
            "client__organisation", "organisation", "payment"
        ),
        pk=pk,
    )
    return found


@require_POST
@member
def try_again(request: HubRequest, pk: int) -> HttpResponse:
    """Put a refused registration back into the queue."""
    one = _registration(request, pk)
    deciding.try_again(
        client=one.client, by=person(request), now=timezone.now(), registration_id=one.pk
    )
    return redirect("payments:payment", pk=one.payment_id)


@require_POST
@member
def decide(request: HubRequest, pk: int) -> HttpResponse:
    """Record what a person found about a unknown registration."""
    one = _registration(request, pk)
    choice = request.POST.get("choice", "")
    if choice not in deciding.CHOICES:
        messages.warning(request, _("Choose one of the answers."))
        return redirect("payments:payment", pk=one.payment_id)
    try:
        deciding.decide(
            registration=one,
            choice=choice,
            reason=request.POST.get("reason", "").strip()[:200],
            by=person(request),
            now=timezone.now(),
        )
    except ConnectorError as refusal:
        tell(request, refusal)
    return redirect("payments:payment", pk=one.payment_id)
