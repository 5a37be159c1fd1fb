"""Addresses of the journals app, one module per kind of page."""

from journals.urls import imports, journals, undoing

app_name = "journals"
urlpatterns = [*imports.urlpatterns, *journals.urlpatterns, *undoing.urlpatterns]
