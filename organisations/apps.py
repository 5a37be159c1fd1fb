"""Django's entry for the organisations app."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.backends.signals import connection_created


class OrganisationsConfig(AppConfig):
    """The organisations app."""

    name = "organisations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make handlers known, start the clocks of sessions, let every connection search."""
        from organisations import session_limits
        from organisations.operations import forgotten, invitations  # noqa: F401
        from ui.searching import teach_sqlite

        user_logged_in.connect(session_limits.begin, dispatch_uid="clocks_of_sessions")
        connection_created.connect(teach_sqlite, dispatch_uid="search_in_any_case")
