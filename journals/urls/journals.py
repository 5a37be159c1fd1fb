"""Addresses of the journals' pages."""

from django.urls import path, re_path

from journals.views import bulk_sending, going_live, last_month, lists, waiting
from journals.views import journals as views

urlpatterns = [
    path("", views.start, name="start"),
    path("overview/", views.home, name="home"),
    path("first-steps/hide/", views.hide_first_steps, name="hide_first_steps"),
    path("journals/", lists.journal_list, name="list"),
    path("journals/send/", lists.send_chosen, name="send_chosen"),
    path("journals/bulk/", bulk_sending.new, name="new_bulk"),
    path("journals/bulk/<int:pk>/", bulk_sending.bulk, name="bulk"),
    path("journals/bulk/<int:pk>/progress/", bulk_sending.progress, name="bulk_progress"),
    path("journals/bulk/<int:pk>/confirm/", bulk_sending.confirm, name="confirm_bulk"),
    path("companies/<int:pk>/journals/", lists.company_journals, name="company"),
    path("journals/<int:pk>/", views.detail, name="detail"),
    path("journals/<int:pk>/progress/", views.progress, name="progress"),
    path("journals/<int:pk>/history/", views.history, name="history"),
    path("journals/<int:pk>/send/", views.send, name="send"),
    path("journals/<int:pk>/booked/", going_live.booked, name="booked"),
    path("journals/<int:pk>/last-month/", last_month.comparison, name="last_month"),
    path("journals/<int:pk>/accounts/<str:account>/", last_month.account, name="account"),
    path("journals/<int:pk>/accounts/<str:account>/mute/", last_month.mute, name="mute"),
    path("journals/<int:pk>/explain/", last_month.explain, name="explain"),
    path("companies/<int:pk>/marks/", last_month.rule, name="mark_rule"),
    path("journals/<int:pk>/try-now/", waiting.try_now, name="try_now"),
    path("journals/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("journals/<int:pk>/check/", views.check, name="check"),
    path(
        "journals/<int:pk>/check/<int:background_request_pk>/",
        views.check_result,
        name="check_result",
    ),
    path("journals/batches/<int:pk>/decide/", views.decide, name="decide"),
    re_path(
        r"^journals/batches/(?P<pk>[0-9]{1,18})/export\.(?P<file_format>csv|xlsx)$",
        views.export,
        name="export",
    ),
]
