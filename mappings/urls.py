"""The addresses of mapping."""

from django.urls import path

from mappings.views import choosing, pages, wizard

app_name = "mappings"

urlpatterns = [
    path("mappings/", pages.mapping_list, name="list"),
    path("mappings/new/", wizard.new, name="new"),
    path("mappings/new/reading/", wizard.reading, name="reading"),
    path("mappings/new/<slug:step>/", wizard.step, name="step"),
    path("mappings/ledger/<int:pk>/", choosing.ledger_choices, name="ledger_choices"),
    path("mappings/<int:pk>/", pages.detail, name="detail"),
    path("mappings/<int:pk>/edit/", wizard.edit, name="edit"),
    path("mappings/<int:pk>/check/", pages.check, name="check"),
    path("mappings/<int:pk>/values/", pages.values, name="values"),
    path("mappings/<int:pk>/delete/", pages.delete, name="delete"),
]
