"""Django's entry for the organisations app."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class OrganisationsConfig(AppConfig):
    """The organisations app."""

    name = "organisations"

    def ready(self) -> None:
        """Make handlers known, start the clocks of sessions."""
        from organisations import registered, session_limits
        from organisations.operations import forgotten, invitations  # noqa: F401

        user_logged_in.connect(session_limits.begin, dispatch_uid="clocks_of_sessions")

        registered.register()
