"""Customers and their blocks, and time on them (S17, S20)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from background.queries import asked
from connectors.errors import ConnectorError
from organisations.middleware import HubRequest
from payments.forms import ReasonForm, TimeForm
from payments.models import Customer
from payments.operations import blocking, time_registration
from payments.queries import customers as queries
from payments.queries.failures import failure_row_of
from payments.views.common import active, member, person, reader, show, tabs, tell
from ui.failures import FailureRow


@require_GET
@active
def customers(request: HubRequest) -> HttpResponse:
    """List customers with their blocks and how old that news is."""
    search = request.GET.get("q", "").strip()[:80]
    blocked = request.GET.get("blocked") == "yes"
    context = {
        "tabs": tabs(request, "customers"),
        "search": search,
        "blocked": blocked,
        "page": queries.list_customers(
            request.organisation,
            search=search,
            blocked=blocked,
            page=request.GET.get("page", "1"),
        ),
    }
    return show(request, "payments/customers.html", context)


def _customer(request: HubRequest, pk: int) -> Customer:
    found: Customer = get_object_or_404(
        Customer.objects.of(request.organisation).select_related(
            "organisation", "client__organisation", "client__source"
        ),
        pk=pk,
    )
    return found


@require_GET
@reader
def customer(request: HubRequest, pk: int) -> HttpResponse:
    """Show one customer; wait for the answer of Visma if it is being asked."""
    one = _customer(request, pk)
    context = {
        "page": queries.customer_page(one),
        "customer": one,
        "form": ReasonForm(),
        "asked": asked(
            request.organisation,
            request.GET.get("background_request"),
            kind=blocking.RECHECK,
            customer=pk,
        ),
        "here": request.get_full_path(),
    }
    part = "HX-Request" in request.headers
    name = "payments/_customer.html" if part else "payments/customer.html"
    return show(request, name, context)


@require_POST
@member
def block(request: HubRequest, pk: int) -> HttpResponse:
    """Block a customer for a person's reason."""
    one = _customer(request, pk)
    form = ReasonForm(request.POST)
    if form.is_valid():
        blocking.block_by_hand(
            customer=one, note=form.cleaned_data["reason"], by=person(request), now=timezone.now()
        )
    else:
        messages.warning(request, _("State why the customer is blocked."))
    return redirect("payments:customer", pk=pk)


@require_POST
@member
def unblock(request: HubRequest, pk: int) -> HttpResponse:
    """Lift a person's block; Visma's stays."""
    one = _customer(request, pk)
    blocking.unblock_by_hand(customer=one, by=person(request), now=timezone.now())
    return redirect("payments:customer", pk=pk)


@require_POST
@member
def recheck(request: HubRequest, pk: int) -> HttpResponse:
    """Ask Visma about this customer now."""
    one = _customer(request, pk)
    try:
        background_request = blocking.request_recheck(customer=one, by=person(request))
    except ConnectorError as refusal:
        tell(request, refusal)
        return redirect("payments:customer", pk=pk)
    response = redirect("payments:customer", pk=pk)
    response["Location"] += f"?background_request={background_request.pk}"
    return response


@require_http_methods(["GET", "POST"])
@active
def time(request: HubRequest) -> HttpResponse:
    """Register time; a blocked customer is refused with the reason and since when (S20)."""
    form = TimeForm(
        request.POST or None,
        organisation=request.organisation,
        initial={"worked_on": timezone.localdate()},
    )
    return _register(request, form) if request.method == "POST" else _time(request, form)


@member
def _register(request: HubRequest, form: TimeForm) -> HttpResponse:
    if not form.is_valid():
        return _time(request, form, status=400)
    try:
        time_registration.register(
            organisation=request.organisation,
            who=str(person(request)),
            by=person(request),
            now=timezone.now(),
            customer=form.cleaned_data["customer"],
            worked_on=form.cleaned_data["worked_on"],
            minutes=form.cleaned_data["minutes"],
            text=form.cleaned_data["text"],
        )
    except ConnectorError as blocked:
        return _time(request, form, refusal=failure_row_of(blocked), status=409)
    messages.success(request, _("The time is registered."))
    return redirect("payments:time")


def _time(
    request: HubRequest, form: TimeForm, *, refusal: FailureRow | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "tabs": tabs(request, "time"),
        "form": form,
        "refusal": refusal,
        "page": queries.list_time(request.organisation, page=request.GET.get("page", "1")),
    }
    return show(request, "payments/time.html", context, status=status)
