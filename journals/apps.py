"""Django's entry for the journals app."""

from django.apps import AppConfig


class JournalsConfig(AppConfig):
    """The journals app."""

    name = "journals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the errands of the app, and what mapping asks of journals."""
        from journals.operations import comparing, preparing  # noqa: F401 (answers an errand)
        from mappings.sources import code_sources

        code_sources.append(preparing.codes_seen)
