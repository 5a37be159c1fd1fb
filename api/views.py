"""The pages of tokens: who administers an active integration makes and revokes them."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from api import operations
from api.forms import TokenForm
from api.models import ApiToken
from connectors.errors import ConnectorError
from organisations import rules
from organisations.confirming import reauthenticated
from organisations.guards import View, needs
from organisations.middleware import HubRequest
from organisations.operations.people import Refused
from organisations.pages import paged
from organisations.rules import Level
from payments.views.common import active, member, tell


def _administrator(view: View) -> View:
    return member(needs(rules.ORGANISATION, Level.WRITE)(view))


@require_GET
@active
@_administrator
def tokens(request: HubRequest) -> HttpResponse:
    """Show the tokens that are good."""
    good = ApiToken.objects.of(request.organisation).filter(revoked_at=None)
    context = {"tokens": paged(good.order_by("name"), request.GET.get("page"))}
    return render(request, "api/tokens.html", context)


@require_http_methods(["GET", "POST"])
@active
@_administrator
@reauthenticated
def new_token(request: HubRequest) -> HttpResponse:
    """Make a token of a program; its secret is shown once."""
    form = TokenForm(request.POST or None)
    secret = ""
    if request.method == "POST" and form.is_valid():
        try:
            _token, secret = operations.create(
                organisation=request.organisation,
                by=request.membership.user,
                now=timezone.now(),
                **form.cleaned_data,
            )
        except Refused as refused:
            form.add_error("name", _(str(refused)))
        except ConnectorError as refusal:
            tell(request, refusal)
    return render(request, "api/token.html", {"form": form, "secret": secret})


@require_POST
@_administrator
def revoke_token(request: HubRequest, pk: int) -> HttpResponse:
    """End a token at once."""
    token = get_object_or_404(
        ApiToken.objects.of(request.organisation).select_related("organisation"), pk=pk
    )
    operations.revoke(token=token, by=request.membership.user, now=timezone.now())
    return redirect("api:tokens")
