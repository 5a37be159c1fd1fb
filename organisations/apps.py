"""Django's entry for the organisations app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class OrganisationsConfig(AppConfig):
    """The organisations app."""

    name = "organisations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the handlers of errands known, and every connection able to search."""
        from organisations.operations import forgotten, invitations  # noqa: F401
        from organisations.searching import teach_sqlite

        connection_created.connect(teach_sqlite, dispatch_uid="search_in_any_case")
