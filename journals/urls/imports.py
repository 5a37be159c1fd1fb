"""Addresses of the pages about files that come in."""

from django.urls import path

from journals.views import imports, readings, uploads

urlpatterns = [
    path("journals/import/", uploads.import_files, name="import"),
    path("journals/import/uploaded/", uploads.uploaded, name="uploaded"),
    path("journals/import/sample/", uploads.import_sample, name="import_sample"),
    path("journals/import/<int:pk>/", imports.imported_file, name="imported_file"),
    path("journals/import/<int:pk>/progress/", imports.progress, name="import_progress"),
    path("journals/import/<int:pk>/decide/", imports.decide, name="decide_file"),
    path("companies/<int:pk>/reading/", readings.reading, name="reading"),
]
