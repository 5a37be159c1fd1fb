"""Addresses of the month board."""

from django.urls import path, re_path

from office import views

_PERIOD = r"(?P<period>[0-9]{4}-(?:0[1-9]|1[0-2]))"

app_name = "office"
urlpatterns = [
    path("month/", views.present, name="present"),
    re_path(rf"^month/{_PERIOD}/$", views.board, name="board_of"),
    re_path(rf"^month/{_PERIOD}/board\.(?P<file_format>csv|xlsx)$", views.export, name="export"),
    re_path(rf"^month/{_PERIOD}/plan/$", views.plan, name="plan"),
    re_path(rf"^month/{_PERIOD}/nothing/$", views.nothing, name="nothing"),
    re_path(rf"^month/{_PERIOD}/owner/$", views.owner, name="owner"),
    re_path(
        rf"^month/{_PERIOD}/companies/(?P<pk>[0-9]{{1,18}})/again/$",
        views.expect_again,
        name="expect_again",
    ),
    path("month/away/", views.away, name="away"),
    path("month/companies/<int:pk>/", views.expectation, name="expectation"),
]
