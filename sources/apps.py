"""Django's entry for the sources app."""

from django.apps import AppConfig


class SourcesConfig(AppConfig):
    """The sources app."""

    name = "sources"

    def ready(self) -> None:
        """Register what the sources add to lower apps."""
        from sources import registered

        registered.register()
