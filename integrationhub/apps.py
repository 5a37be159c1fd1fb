"""Django's entry for the wiring: Celery's application, the operator's commands and checks."""

from importlib import import_module

from django.apps import AppConfig


class IntegrationHubConfig(AppConfig):
    """The wiring."""

    name = "integrationhub"
    verbose_name = "Integration Hub"

    def ready(self) -> None:
        """Bring what every process of the hub has."""
        import_module("integrationhub.celery")
        import_module("integrationhub.earlier_versions")
