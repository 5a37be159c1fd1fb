"""Where each app's addresses begin."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from integrationhub import views
from organisations.views.signing_in import set_language

handler400 = "integrationhub.errors.bad_request"
handler403 = "integrationhub.errors.forbidden"
handler404 = "integrationhub.errors.not_found"
handler500 = "integrationhub.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("operation/", views.operation, name="operation"),
    path("operation/machines/<str:identity>/confirm/", views.confirm_host, name="confirm_host"),
    path("operation/machines/<str:identity>/forget/", views.forget_host, name="forget_host"),
    path("i18n/setlang/", set_language, name="set_language"),
    path("", include("organisations.sign_in_urls")),
    *(path("", include(f"{app}.urls")) for app in settings.HUB_APPS if find_spec(f"{app}.urls")),
]
