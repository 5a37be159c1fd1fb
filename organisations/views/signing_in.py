"""Signing in and out, and what belongs to the person alone: theme, organisation."""

from typing import Any

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django.views.i18n import set_language as django_set_language

from connectors.bounds import row_number
from organisations.forms import SignInForm
from organisations.middleware import SESSION_KEY
from organisations.models import Membership, User
from organisations.operations import people, second_factor, sign_ins
from organisations.views.waiting import WaitingSignIn

THEMES = ("light", "dark", "system")
CHOSEN_AT_THE_DOOR = "language"


class SignIn(auth_views.LoginView):
    """The sign-in page. django-axes counts and refuses."""

    authentication_form = SignInForm
    template_name = "organisations/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: Form) -> HttpResponse:
        """Sign in, or ask for the second factor first."""
        user: User = form.get_user()  # type: ignore[attr-defined]
        language = self.request.session.pop(CHOSEN_AT_THE_DOOR, "") or user.language
        language = language or self.request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if language in dict(settings.LANGUAGES) and language != user.language:
            people.set_language(user=user, language=language)
        if second_factor.app_of(user) is not None:
            to = self.get_success_url()
            WaitingSignIn.begin(self.request, user, next=to, now=timezone.now())
            return redirect("organisations:sign_in_code")
        answer = super().form_valid(form)  # type: ignore[arg-type]
        sign_ins.signed_in(user, second_factor=False)
        return answer

    def form_invalid(self, form: Form) -> HttpResponse:
        """Record the address, never the password."""
        email = form.cleaned_data.get("username", "")
        sign_ins.failed(email=email, step=sign_ins.PASSWORD, tries=failures_counted(self.request))
        return super().form_invalid(form)  # type: ignore[arg-type]


def failures_counted(request: HttpRequest) -> int:
    """Return the how many-th failure of this address from this place it was; 0: it was none."""
    return getattr(request, "axes_failures_since_start", None) or 0


class SignOut(auth_views.LogoutView):
    """Ending the session."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Record who goes, if anybody was there."""
        if isinstance(request.user, User):
            sign_ins.signed_out(request.user)
        return super().post(request, *args, **kwargs)


def set_language(request: HttpRequest) -> HttpResponse:
    """Change the language of the pages, and remember it with the person."""
    answer = django_set_language(request)
    language = request.POST.get("language", "")
    if request.method == "POST" and language in dict(settings.LANGUAGES):
        if isinstance(request.user, User):
            people.set_language(user=request.user, language=language)
        else:
            request.session[CHOSEN_AT_THE_DOOR] = language
    return answer


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark in a cookie."""
    answer = redirect(_way_back(request))
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        answer.set_cookie(
            settings.HUB_THEME_COOKIE_NAME,
            chosen,
            max_age=365 * 24 * 3600,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return answer


@login_required
@require_POST
def switch_organisation(request: HttpRequest) -> HttpResponse:
    """Work for another organisation from now on; the page before may not exist there."""
    chosen = row_number(request.POST.get("organisation"))
    mine = Membership.objects.filter(user__email=request.user.get_username())
    if chosen is None or not mine.filter(organisation_id=chosen).exists():
        raise Http404
    request.session[SESSION_KEY] = chosen
    return HttpResponseRedirect("/")


def _way_back(request: HttpRequest) -> str:
    address = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if safe else "/"
