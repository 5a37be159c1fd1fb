"""Django's entry for the sources app."""

from django.apps import AppConfig


class SourcesConfig(AppConfig):
    """The sources app."""

    name = "sources"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what lower apps tell the sources."""
        from accounts.operations import continuity
        from sources import registered
        from sources.operations import reading

        continuity.when_set_back.append(reading.clock_was_set_back)

        registered.register()
