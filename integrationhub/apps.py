"""Django's entry for the wiring: it brings the commands `doctor` and `list_settings`."""

from django.apps import AppConfig


class IntegrationHubConfig(AppConfig):
    """The wiring."""

    name = "integrationhub"
    verbose_name = "Integration Hub"
