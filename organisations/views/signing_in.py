"""The sign-in page, and what belongs to the person alone: theme, organisation."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.internal.stagekit import clear_login, unstash_login
from allauth.account.views import LoginView
from allauth.mfa.base.views import AuthenticateView
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django.views.i18n import set_language as django_set_language

from connectors.bounds import row_number
from organisations.adapters import CHOSEN_AT_THE_DOOR, may_go_on
from organisations.middleware import SESSION_KEY
from organisations.models import Membership, User
from organisations.operations import people, second_factor
from organisations.sign_in_forms import SignInForm
from organisations.views.second_factor import passkeys_work_at

THEMES = ("light", "dark", "system")


class SignIn(LoginView):
    """The sign-in page."""

    form_class = SignInForm
    template_name = "organisations/sign_in.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """
        Show the page, in the trial only at the address that passkeys and vendors know.

        A browser takes http://127.0.0.1 and http://localhost for two.
        """
        if settings.HUB_SANDBOX and _is_the_hubs_other_name(request):
            return redirect(settings.HUB_BASE_URL + request.get_full_path())
        answer: HttpResponse = super().get(request, *args, **kwargs)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Offer passkeys where a browser takes them."""
        values: dict[str, Any] = super().get_context_data(**kwargs)
        return values | {"passkeys": passkeys_work_at(self.request)}


class Code(AuthenticateView):
    """The page that asks for the second factor, after the password."""

    template_name = "organisations/sign_in_code.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """
        Let the sign-in begin again where the code that is awaited would be of no use any more.

        Of who has no factor since, the sign-in page leads here and this page there, until the
        browser gives up; after a change of the password a valid code would be used up for nothing.
        """
        waiting = unstash_login(request, peek=True)
        if waiting is not None and not (
            second_factor.is_on(waiting.user) and may_go_on(request, waiting.user)
        ):
            clear_login(request)
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer


def _is_the_hubs_other_name(request: HttpRequest) -> bool:
    """Say whether the hub itself is at both; another port may lead here, and not to that one."""
    here, there = request.get_host(), urlsplit(settings.HUB_BASE_URL).netloc
    return here == there.replace("localhost", "127.0.0.1") != there


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
