"""Django's entry for the background app."""

from django.apps import AppConfig


class BackgroundConfig(AppConfig):
    """The background app."""

    name = "background"
