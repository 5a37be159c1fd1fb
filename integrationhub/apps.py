"""Django's entry for the wiring: it brings Celery's application and the operator's commands."""

from importlib import import_module

from django.apps import AppConfig


class IntegrationHubConfig(AppConfig):
    """The wiring."""

    name = "integrationhub"
    verbose_name = "Integration Hub"

    def ready(self) -> None:
        """Make Celery's application the one that every process sends its tasks to."""
        import_module("integrationhub.celery")
