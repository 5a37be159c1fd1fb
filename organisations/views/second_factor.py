"""The second factor: the code at the sign-in, and its set-up by the person."""

import segno
from axes.handlers.proxy import AxesProxyHandler
from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_otp import login as mark_verified

from organisations.domain import ORGANISATION, Level
from organisations.forms import CodeForm, FirstCodeForm
from organisations.guards import needs
from organisations.middleware import HubRequest, person
from organisations.models import AuthenticatorApp, Membership, User
from organisations.operations import people, sign_ins
from organisations.operations import second_factor as operations
from organisations.views.signing_in import failures_counted
from organisations.views.waiting import WaitingSignIn


@never_cache
@sensitive_post_parameters("code")
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Ask for the code after the password, and sign in."""
    waiting = WaitingSignIn.of(request, now=timezone.now())
    if waiting is None:
        return redirect("organisations:sign_in")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        app = _checked(request, waiting.user, form)
        if app is not None:
            waiting.forget(request)
            login(request, waiting.user, backend=waiting.backend)
            mark_verified(request, app)
            sign_ins.signed_in(waiting.user, second_factor=True)
            return redirect(waiting.next)
    return render(request, "organisations/sign_in_code.html", {"form": form, "who": waiting.user})


@login_required
@never_cache
@sensitive_post_parameters("code")
def second_factor(request: HttpRequest) -> HttpResponse:
    """Show the second factor; without one, the QR code to scan and the field for its code."""
    me = person(request)
    app = operations.app_of(me)
    if app is not None:
        return _status(request, app)
    app = operations.begin(user=me)
    form = FirstCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            codes = operations.confirm(app=app, code=form.cleaned_data["code"])
        except people.Refused as refused:
            form.add_error("code", _(str(refused)))
        else:
            me.refresh_from_db(fields=["session_generation"])
            update_session_auth_hash(request, me)
            mark_verified(request, app)
            return _show_codes(request, codes)
    values = {"form": form, "key": _in_fours(app.key_to_type), "qr": _drawing(app)}
    return render(request, "organisations/second_factor_set_up.html", values)


@login_required
@require_POST
@never_cache
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes after a code, and show them this once."""
    me, form = person(request), CodeForm(request.POST)
    app = operations.app_of(me)
    if app is None:
        return redirect("organisations:second_factor")
    if form.is_valid() and _checked(request, me, form):
        return _show_codes(request, operations.new_recovery_codes(user=me))
    return _status(request, app, renewal=form)


@login_required
@require_POST
@never_cache
def remove(request: HttpRequest) -> HttpResponse:
    """Take the second factor away after a code."""
    me, form = person(request), CodeForm(request.POST, prefix="remove")
    app = operations.app_of(me)
    if app is None:
        return redirect("organisations:second_factor")
    if form.is_valid() and _checked(request, me, form):
        operations.remove(user=me)
        messages.success(request, _("Your second factor is removed."))
        return redirect("organisations:profile")
    return _status(request, app, removal=form)


@require_POST
@needs(ORGANISATION, Level.WRITE)
def reset(request: HubRequest, pk: int) -> HttpResponse:
    """Take away the second factor of a member who lost it."""
    members = Membership.objects.of(request.organisation).select_related("user")
    membership: Membership = get_object_or_404(members, pk=pk)
    try:
        operations.reset(membership=membership, by=request.membership.user)
    except people.Refused as refused:
        messages.error(request, _(str(refused)))
    else:
        messages.success(
            request,
            _("%(name)s signs in with the password alone until a new one is set up.")
            % {"name": membership.user},
        )
    return redirect("organisations:people")


def _status(
    request: HttpRequest,
    app: AuthenticatorApp,
    *,
    renewal: CodeForm | None = None,
    removal: CodeForm | None = None,
) -> HttpResponse:
    me = person(request)
    organisation = getattr(request, "organisation", None)
    return render(
        request,
        "organisations/second_factor.html",
        {
            "app": app,
            "codes_left": operations.codes_left(me),
            "renewal": renewal or CodeForm(),
            "removal": removal or CodeForm(prefix="remove"),
            "required_by": organisation
            if getattr(organisation, "requires_second_factor", 0)
            else None,
        },
    )


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    values = {"codes": codes, "codes_text": "\n".join(codes)}
    return render(request, "organisations/recovery_codes.html", values)


def _checked(request: HttpRequest, user: User, form: CodeForm) -> AuthenticatorApp | None:
    """Return the app if the code is good; a wrong one counts like a wrong password."""
    credentials = {"username": user.email}
    if not AxesProxyHandler.is_allowed(request, credentials):
        # The middleware of axes answers with its page once it sees this.
        request.axes_locked_out = True  # type: ignore[attr-defined]
        request.axes_credentials = credentials  # type: ignore[attr-defined]
        return None
    locked_until = operations.locked_until(user)
    if locked_until is not None:
        seconds = int((locked_until - timezone.now()).total_seconds()) + 1
        form.add_error(
            "code", _("After a wrong code, wait %(n)s s and try again.") % {"n": seconds}
        )
        return None
    app = operations.check(user=user, code=form.cleaned_data["code"])
    if app is None:
        user_login_failed.send(sender=__name__, credentials=credentials, request=request)
        if not request.user.is_authenticated:
            tries = failures_counted(request)
            sign_ins.failed(email=user.email, step=sign_ins.CODE, tries=tries)
        form.add_error("code", _("This code is not right, or was used already."))
    return app


def _drawing(app: AuthenticatorApp) -> dict[str, object]:
    """Return the QR code as the path of an SVG, one rectangle for each run of dark modules."""
    rows = segno.make(operations.address_of(app), micro=False).matrix
    runs = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            length = 1
            while x + length < len(row) and row[x + length] == row[x]:
                length += 1
            if row[x]:
                runs.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    quiet = 4
    return {"path": "".join(runs), "box": f"-{quiet} -{quiet} {len(rows) + 8} {len(rows) + 8}"}


def _in_fours(text: str) -> str:
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))
