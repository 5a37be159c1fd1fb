"""Django's entry for the organisations app."""

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    """The organisations app."""

    name = "organisations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the handlers of errands known."""
        from organisations.operations import forgotten  # noqa: F401
