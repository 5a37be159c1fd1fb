"""Addresses of the API, and of the pages of its tokens."""

from django.urls import include, path

from api import views
from api.endpoints import api

app_name = "api"
urlpatterns = [
    path("api/v1/", include(api.urls[0])),
    path("organisation/tokens/", views.tokens, name="tokens"),
    path("organisation/tokens/new/", views.new_token, name="new_token"),
    path("organisation/tokens/<int:pk>/revoke/", views.revoke_token, name="revoke_token"),
]
