"""Django's entry for the office app."""

from django.apps import AppConfig


class OfficeConfig(AppConfig):
    """The office app."""

    name = "office"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what the office adds to lower apps."""
        from office import registered

        registered.register()
