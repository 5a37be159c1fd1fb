"""Addresses of deciding, closing, reversing, sending again and comparing."""

from django.urls import path

from journals.views import comparisons, undoing

urlpatterns = [
    path("journals/batches/<int:pk>/decision/", undoing.decision, name="decision"),
    path("journals/batches/<int:pk>/close/", undoing.close, name="close"),
    path("journals/<int:pk>/reverse/", undoing.reverse, name="reverse"),
    path("journals/<int:pk>/resend/", undoing.resend, name="resend"),
    path("journals/read-back/", comparisons.comparison_list, name="comparisons"),
    path("journals/read-back/new/", comparisons.request, name="compare"),
    path("journals/read-back/<int:pk>/", comparisons.detail, name="comparison"),
    path("journals/read-back/<int:pk>/progress/", comparisons.progress, name="comparison_progress"),
]
